"""Runs of ALPT itself, for T6(c) and (d): the package's own steps on one-hot clicks, and T6's terms along the way.

    f_t(w) = mean over batch t of log_loss(<w, x_i>, y_i),    eta_t = eta/sqrt(t),    w_t = Delta_t q_t

Replica r is an ``alpt_ref.training.step.BatchStepper`` run with its own seed: batches are fixed beforehand, and only the words
that rounding draws differ. Codes and step sizes are read before and after every step; all terms are taken from them in float64.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, float64, int64
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from alpt_ref.data import make_ctr
from alpt_ref.data.examples import as_rows
from alpt_ref.grid import Grid
from alpt_ref.problems import LogisticProblem, box, diameter
from alpt_ref.rng import permutation
from alpt_ref.scalars.logistic import log_losses
from alpt_ref.scalars.optimizers import StepOptimizer
from alpt_ref.scalars.packing import pack, unpack
from alpt_ref.scalars.rounding import Rounding
from alpt_ref.theory import t6
from alpt_ref.training.config import Config, StepUnit
from alpt_ref.training.state import initial_state
from alpt_ref.training.step import BatchStepper
from alpt_ref.walks.schedule import Schedule

Floats = NDArray[float64]
Batches = NDArray[int64]


@dataclass(frozen=True)
class Clicks:
    """Examples of ``make_ctr`` with a linear teacher, and batches of ``batch`` of them, which divides their number ``n``."""

    n: int
    fields: int
    values: int
    click_rate: float
    batch: int
    zipf: float = 1.0
    linear_scale: float = 1.0

    @cached_property
    def problem(self) -> LogisticProblem:
        """All examples, l2 = 0."""
        make = {"click_rate": self.click_rate, "k": 0, "zipf": self.zipf, "linear_scale": self.linear_scale, "seed": 1}
        dataset, _ = make_ctr(self.n, self.fields, self.values, **make)  # type: ignore[arg-type]
        return LogisticProblem("clicks", dataset.X.astype(float64), dataset.y.astype(float64), 0.0)

    def batches(self, steps: int) -> Batches:
        """The examples of each step, (steps, batch): one shuffled pass after the other."""
        passes = -(-steps * self.batch // self.n)
        order = np.concatenate([permutation(self.n, seed=1, step=i) for i in range(passes)])
        return order[: steps * self.batch].reshape(steps, self.batch)


@lru_cache
def largest_gradients(clicks: Clicks, steps: int) -> tuple[float, float]:
    """G and G1: the largest ||grad f_t||_2 and ||grad f_t||_1 of any step, at any w."""
    p = clicks.problem
    batches = np.unique(np.sort(clicks.batches(steps)), axis=0)
    each = [LogisticProblem("batch", p.X[b], p.y[b], 0.0).gradient_bounds(Grid(2, 1.0), "batch") for b in batches]
    return max(b.G for b in each), max(b.G1 for b in each)


class Terms(NamedTuple):
    """The terms along one replica, float64 (steps,) each; ``least`` and ``largest`` step size that any row ever had."""

    regret: Floats  # f_t(w_t) - f_t(w*)
    floor: Floats  # the two terms of t6.terms
    drift: Floats
    least: float
    largest: float
    logit: float  # largest |logit|


@dataclass(frozen=True)
class Run:
    """One configuration.

    step, step_optimizer, step_lr, rounding : as in ``FactorizationMachine``. delta : the first step size of all rows.
    start : the first code of all rows. shrink, grow : declared: every step size stays in [shrink delta, grow delta].
    """

    clicks: Clicks
    bits: int
    delta: float
    eta: float
    steps: int
    step: StepUnit
    step_optimizer: StepOptimizer
    step_lr: float
    start: int = 0
    shrink: float = 0.9
    grow: float = 1.2
    rounding: Rounding = "stochastic"
    seed: int = 0

    @property
    def smallest(self) -> Grid:
        """The declared smallest grid: every box holds its box."""
        return Grid(self.bits, self.shrink * self.delta)

    @property
    def largest(self) -> Grid:
        """The declared largest grid."""
        return Grid(self.bits, self.grow * self.delta)

    @property
    def D(self) -> float:  # noqa: N802
        """Diameter of the largest box."""
        return diameter(self.largest, self.clicks.problem.d)

    @cached_property
    def batches(self) -> Batches:
        """The examples of each step."""
        return self.clicks.batches(self.steps)

    @cached_property
    def w_star(self) -> Floats:
        """A point of the smallest box where sum_t f_t is least, as far as L-BFGS-B finds it: T6 takes any point there."""
        p, weight = self.clicks.problem, np.bincount(self.batches.ravel(), minlength=self.clicks.n) / self.batches.size

        def mean(w: Floats) -> tuple[float, Floats]:
            z = p.X @ w
            return float(weight @ log_losses(z, p.y)), p.X.T @ (weight * (expit(z) - p.y))

        ends = box(self.smallest)
        found = minimize(mean, np.zeros(p.d), jac=True, method="L-BFGS-B", bounds=[ends] * p.d)
        return np.clip(found.x, *ends)

    @cached_property
    def _examples(self) -> tuple[Floats, Floats]:
        """x (steps, batch, d) and y (steps, batch) of each step."""
        p = self.clicks.problem
        return p.X.toarray()[self.batches], p.y[self.batches]

    def losses(self, w: Floats) -> tuple[Floats, Floats, float]:
        """f_t(w_t) (steps,), grad f_t(w_t) (steps, d) and the largest |logit|, for w (steps, d) or one w for all steps."""
        X, y = self._examples
        z = (X @ np.broadcast_to(w, (self.steps, X.shape[2]))[:, :, None])[:, :, 0]
        g = ((expit(z) - y)[:, None, :] @ X)[:, 0] / y.shape[1]
        return log_losses(z, y).mean(axis=1), g, float(np.abs(z).max())

    @cached_property
    def best(self) -> Floats:
        """f_t(w*), (steps,)."""
        return self.losses(self.w_star)[0]

    @cached_property
    def stepper(self) -> Any:
        """Rows, labels and their number of features, as ``BatchStepper`` takes them."""
        rows, d = as_rows(self.clicks.problem.X)
        return rows, self.clicks.problem.y.astype(float32), d

    def path(self, replica: int) -> tuple[Floats, Floats]:
        """The path of replica 0, 1, ...: codes before each step (steps, d), step sizes (steps + 1, d), float64."""
        config = Config(
            precision="alpt",
            bits=self.bits,
            delta=self.delta,
            rounding=self.rounding,
            lr=self.eta,
            schedule="sqrt",
            seed=(self.seed << 32) + replica,
            fit_intercept=False,
            step=self.step,
            step_lr=self.step_lr,
            step_optimizer=self.step_optimizer,
        )
        rows, y, d = self.stepper
        state, stepper, width = initial_state(config, d), BatchStepper(config, rows, y, d), Grid(self.bits, 1.0).storage_bits
        table: Any = state.linear
        table.buffer[:] = pack(np.full(d, self.start), width)
        buffers, deltas = [], [table.delta.copy()]
        for batch in self.batches:
            buffers.append(table.buffer.copy())
            stepper(state, batch)
            deltas.append(table.delta.copy())
        whole = np.concatenate(buffers)
        codes = unpack(whole, whole.size * 8 * whole.itemsize // width, width).reshape(self.steps, -1)[:, :d]
        return codes.astype(float64), np.array([np.broadcast_to(delta, d) for delta in deltas], float64)


@lru_cache(maxsize=4096)
def terms(run: Run, replica: int) -> Terms:
    """T6's terms along a replica's path; kept, for T6(c) and (d) read the same replicas."""
    q, delta = run.path(replica)
    loss, g, logit = run.losses(delta[:-1] * q)
    # Codes of few bits and float32 step sizes: |q| |Delta' - Delta| is exact.
    shift, eta = np.abs(q) * np.abs(np.diff(delta, axis=0)), Schedule(run.eta, "sqrt").rates(run.steps)
    floor, drift = t6.terms(delta[1:], np.abs(g), shift, eta)
    return Terms(loss - run.best, floor, drift, float(delta.min()), float(delta.max()), logit)


DOWNHILL = Clicks(128, 4, 8, 0.05, 32, 0.0, 0.3)  # few clicks: from the upper corner of a small box to about the lower one
MIXED = Clicks(128, 3, 8, 0.3, 32)


CORNER = "18 rows from a corner, row, SGD"


def runs(full: bool = False, seed: int = 0) -> dict[str, Run]:
    """Step sizes of rows by SGD, of a table by Adam, that move by a tenth or so, by name; ``full``: the other pairs, too."""
    steps, rate = (256, 0.5) if full else (64, 1.0)  # learning rates fall as 1/sqrt(t): step sizes move as far
    corner = Run(DOWNHILL, 4, 0.05, 0.8, steps, "row", "sgd", 3e-3 * rate, start=7, seed=seed)
    inside = Run(MIXED, 4, 0.1, 3.0, steps, "table", "adam", 1e-3 * rate, seed=seed)
    by_adam = replace(corner, step_optimizer="adam", step_lr=3e-4 * rate)
    out = {CORNER: corner, "14 rows from 0, table, Adam": inside}
    if full:
        by_sgd = replace(inside, step_optimizer="sgd", step_lr=0.03 * rate)
        out |= {
            "18 rows from a corner, table, SGD": replace(corner, step="table"),
            "18 rows from a corner, row, Adam": by_adam,
            "18 rows from a corner, table, Adam": replace(by_adam, step="table"),
            "14 rows from 0, row, SGD": replace(by_sgd, step="row"),
            "14 rows from 0, table, SGD": by_sgd,
            "14 rows from 0, row, Adam": replace(inside, step="row"),
        }
    return out
