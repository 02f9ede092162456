r"""L8: progressive predictions of stochastic rounding are calibrated, whatever the data and their order.  (lower, upper)

Which examples come, and how many, must not depend on the roundings: with Delta = eta = 1, y = 0 and a second example only
if the first moved w, the mean residual is 0.4422 and the shift 0.4230. (Sums, not divided by n_i, hold then too.)

Constant eta, SR(k) (k infinite: SR, theta_k = 0; any rule with p_up in [a, a + 2^-k]), logistic regression with one-hot
features, one example a step. For a feature i touched n_i times, with C_i = sum_t E|P(x_t)_i - x_{t,i}|/eta and M = mean over
those n_i examples of (prediction before the step - label):

    (w_{1,i} - E w_{T+1,i})/(eta n_i) - C_i/n_i  <=  E M  <=  (w_{1,i} - E w_{T+1,i})/(eta n_i) + theta_k + C_i/n_i

and |w_1 - w_{T+1}| <= (2^m - 1) Delta: calibrated at the rate (2^m - 1) Delta/(eta n_i). DR has no such bound (L5(b)).

*Proof.* Sum E[w_{t+1,i} - w_{t,i}] = -eta E[g_{t,i}] + E[P(x)_i - x_i] + bias, the bias in [0, 2^-k Delta) on touched steps
and 0 elsewhere (Q1). []

The rows give E M with every E w and C_i from the same exact law, so that for SR both sides meet up to clipping.

Source: this project's statement.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.box import box, points_of
from alpt_ref.problems.finite import FiniteProblem, clicks
from alpt_ref.problems.joint import click_table
from alpt_ref.rng import Stream, permutation
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Instance, Measured, Setting
from alpt_ref.theory.drawn import draws
from alpt_ref.theory.verdict import UNBIASED
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule, random_bits
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

SHUFFLED = "shuffled"


@dataclass(frozen=True)
class Params:
    """Feature i. excess : the largest p_up - a of the rule, 2^-k for SR(k); NaN: as the law meets it.

    shift : (w_1 - E w_{T+1})/(eta n). clip_term : C_i/n_i. slack : for rounding errors, as for SR both sides meet.
    """

    bits: int
    delta: float
    eta: float
    touched: int
    excess: float
    shift: float = math.nan
    clip_term: float = math.nan
    slack: float = 0.0

    @property
    def theta(self) -> float:
        """theta_k, for any rule that rounds up with a chance in [a, a + excess]."""
        return self.excess * self.delta / self.eta


def lower(p: Params) -> float:
    """Left side."""
    return p.shift - p.clip_term - p.slack


def upper(p: Params) -> float:
    """Right side."""
    return p.shift + p.theta + p.clip_term + p.slack


@dataclass(frozen=True, eq=False)
class Ordered:
    """A problem whose example of step t is fixed: outcome ``order[t]`` with certainty; and the feature that is looked at."""

    problem: FiniteProblem
    order: NDArray[int64]
    grid: Grid
    feature: int = 0

    def walk(self, rule: Rule, eta: float) -> Walk:
        """LPT on it: probabilities (steps, k)."""
        certain = np.eye(self.problem.probabilities.size)[self.order]
        return Walk(replace(self.problem, probabilities=certain), self.grid, rule, Schedule(eta), self.order.size)


def _measure(ordered: Ordered, rule: Rule, p: Params) -> Measured:
    """E M, and the completed parameters: expectations of every outcome's gradient and clipped part, step by step."""
    problem, grid, order, k = ordered.problem, ordered.grid, ordered.order, ordered.problem.probabilities.size
    points, (lo, hi) = points_of(grid, problem.d), box(grid)
    g = problem.gradients(points)[:, :, ordered.feature]  # (k, N)
    target = points[:, ordered.feature] - p.eta * g
    cut = np.abs(np.clip(target, lo, hi) - target) / p.eta
    tables = [lambda w, row=row: row for row in (*g, *cut)]
    asked = Asked()
    law = ordered.walk(asked.of(rule), p.eta).exact(tables)
    at = np.arange(order.size), order
    residual, clipped = law.expectations[:-1, :k][at], law.expectations[:-1, k:][at]
    touched = np.abs(g).max(axis=1)[order] > 0
    n = int(touched.sum())
    shift = -float(law.mean()[ordered.feature]) / (p.eta * n)
    excess = asked.above if math.isnan(p.excess) else p.excess
    half = law.error * (2.0 + float(cut.max()) + max(-lo, hi) / (p.eta * n)) + 1e-13
    completed = replace(p, touched=n, excess=excess, shift=shift, clip_term=float(clipped.sum()) / n, slack=2.0 * half)
    off = (
        Check("rule: p_up(q, 0)", asked.still, "<=", 0.0, "rule"),
        Check("rule: a - p_up", asked.below, "<=", UNBIASED, "rule"),
        Check("rule: p_up - a", asked.above, "<=", excess + UNBIASED, "rule"),
    )
    return Measured(float(residual[touched].sum()) / n, half, off, params=completed)


def _orders() -> dict[str, Ordered]:
    """Clicks last, clicks first, shuffled; two features in one example, shuffled and sorted by label."""
    one, grid, joint = clicks(0.1), Grid(8, 0.05), Grid(6, 0.15)
    labels = (np.arange(600) < 60).astype(int64)
    pair = click_table([[1, 0], [0, 1], [1, 1]], [0.1, 0.3, 0.2], [0.4, 0.3, 0.3])
    drawn = np.floor(6.0 * draws(1, 200, 8)[0]).astype(int64)
    return {
        "clicks first": Ordered(one, labels, grid),
        "clicks last": Ordered(one, labels[::-1], grid),
        SHUFFLED: Ordered(one, labels[permutation(600, seed=8, stream=Stream.DATA)], grid),
        "two features, random: 1": Ordered(pair, drawn, joint),
        "two features, sorted: 2": Ordered(pair, np.sort(drawn), joint, 1),
    }


def _instance(name: str, ordered: Ordered, rule: Rule, excess: float, eta: float = 0.3) -> Instance:
    p = Params(ordered.grid.bits, float(ordered.grid.delta), eta, 0, excess)
    return Instance(name, p, lambda draw: _measure(ordered, rule, p))


def _rows(setting: Setting, control_eta: float) -> list[Instance]:
    orders = _orders()
    rules = [(setting.rule, math.nan)] if setting.rule else [(STOCHASTIC, 0.0), (random_bits(3), 2.0**-3)]
    out = [_instance(f"{r.name}: {name}", order, r, excess) for r, excess in rules for name, order in orders.items()]
    if setting.rule is None:
        control = _instance(f"control, nearest: {SHUFFLED}", orders[SHUFFLED], NEAREST, 0.0, control_eta)
        out.append(control.expecting(VIOLATED))
    return out


LOWER = Claim(
    "L8(<)",
    "SR(k), any data in any order: mean of (prediction - label) >= (w_1 - E w_{T+1})/(eta n) - C/n",
    "lower",
    lower,
    lambda setting: _rows(setting, 0.3),
    rule="unbiased",
)
UPPER = Claim(
    "L8(>)",
    "the same mean <= (w_1 - E w_{T+1})/(eta n) + theta_k + C/n",
    "upper",
    upper,
    lambda setting: _rows(setting, 0.04),
    rule="unbiased",
)
CLAIMS = (LOWER, UPPER)
