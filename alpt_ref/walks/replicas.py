"""Independent replicas of one LPT-SGD run, in parallel: the Monte Carlo behind every measured convergence error."""

from dataclasses import dataclass

import numpy as np
from numpy import float64, int64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.problems import (
    Examples,
    Separable,
    absolute_gradient,
    absolute_loss,
    batch_gradient,
    example_gradient,
    mean_loss,
)
from alpt_ref.kernels.cpu.replicas import Trace, Walk, shift, walk_range
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.rng import check_counter
from alpt_ref.scalars.rounding import FLOAT64, Scalar, check_rounding

GRADIENTS: dict[str, Scalar] = {"batch": batch_gradient, "example": example_gradient}


def functions_of(problem: Examples | Separable, mode: str) -> tuple[Scalar, Scalar]:
    """Loss and gradient that read ``problem``; ValueError where ``mode`` asks for examples and it has none."""
    if isinstance(problem, Examples):
        return mean_loss, GRADIENTS[mode]
    if mode != "batch":
        raise ValueError(f"mode must be batch for a problem without examples, got {mode!r}")
    return absolute_loss, absolute_gradient


@dataclass(frozen=True)
class LptSgd:
    """q_{t+1} = clip(q_t + R(-eta_t g_t / delta)) on ``grid``, or w_{t+1} = w_t - eta_t g_t where ``grid`` is None.

    rounding : a rule of :mod:`alpt_ref.scalars.rounding`; ignored in full precision.
    mode : g_t is the gradient of f ("batch"), or of one example drawn uniformly ("example").
    eta, decays : eta_t = eta, or eta / sqrt(t).
    Raises ValueError, naming the argument.
    """

    grid: Grid | None
    rounding: str
    mode: str
    eta: float
    decays: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_rounding(self.rounding)
        check_counter(self.seed, 0, 0)
        if self.mode not in GRADIENTS:
            raise ValueError(f"mode must be one of {', '.join(GRADIENTS)}, got {self.mode!r}")
        if not 0.0 < self.eta < float("inf"):
            raise ValueError(f"eta must be positive and finite, got {self.eta!r}")
        if self.grid is not None and self.grid.per_row:
            raise ValueError("grid must have one delta for all coordinates")

    @property
    def walk(self) -> Walk:
        """What the loops read; delta is the grid's float32 step size, exactly, in float64."""
        draws = self.grid is not None and self.rounding == "stochastic"
        box = (1.0, -np.inf, np.inf)
        if self.grid is not None:
            box = (float(self.grid.delta), float(self.grid.q_lo), float(self.grid.q_hi))
        return Walk(*box, float(self.eta), bool(self.decays), draws, np.uint64(self.seed))

    def start(self, codes: ArrayLike, replicas: int = 1, n_checkpoints: int = 0, first: int = 0) -> Trace:
        """``replicas`` walkers at the codes (d,) (weights, in full precision), nothing recorded yet.

        They are the replicas first, first + 1, ...: what becomes of each does not depend on which others are there.
        """
        q = np.array(np.broadcast_to(np.asarray(codes, float64), (replicas, np.size(codes))))
        zeros = (np.zeros(replicas), np.zeros(replicas, int64), np.zeros(replicas, int64))
        return Trace(q, np.full((replicas, n_checkpoints), np.nan), *zeros, int(first))

    def advance(
        self,
        problem: Examples | Separable,
        trace: Trace,
        start: int,
        stop: int,
        checkpoints: NDArray[int64] | None = None,
        *,
        regret: bool = False,
        n_threads: int = 1,
    ) -> None:
        """Take ``trace`` from step ``start`` to step ``stop``; the bits do not depend on ``n_threads`` or on the cuts."""
        check_counter(self.seed, max(stop - 1, 0), 0, trace.first)
        at = np.empty(0, int64) if checkpoints is None else checkpoints
        move = shift if self.grid is None else FLOAT64.move
        rule: Scalar = FLOAT64.nearest if self.grid is None else getattr(FLOAT64, self.rounding)
        walk, (loss, gradient) = self.walk, functions_of(problem, self.mode)

        def work(first: int, last: int) -> None:
            walk_range(problem, walk, at, trace, loss, gradient, move, rule, regret, start, stop, first, last)

        run_ranges(work, trace.codes.shape[0], n_threads)
