"""The floors of low-precision training and of float masters, over the step size: of order Delta against order Delta^2.

Noisy gradients, constant learning rates, the gap E f(w) - f* in the long run, its mean over four places of w* in a cell:

    LPT, SR         of its one stationary law, whatever eta <= Delta/G_inf (L11)
    LPT, DR         of the stationary law of the best eta of a grid, which is chosen knowing the answer
    float masters   of the deployed weights v = Q_D(w) (T7), a small eta, by replicas
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Floats, clicks, quadratic
from alpt_ref.rng import Stream, uniforms
from alpt_ref.tools.files import Record
from alpt_ref.walks.rule import NEAREST, STOCHASTIC
from alpt_ref.walks.stationary import stationary_law

REPLICAS, STEPS, ETA = 64, 4000, 1e-3
PLACES = (0.125, 0.375, 0.625, 0.875)
CELLS = np.geomspace(0.55, 40.0, 14)  # eta G_inf/Delta of the grid for nearest rounding


class Case(NamedTuple):
    """A kind of problem with its optimum at a given place, and widths of one and the same box."""

    name: str
    at: Callable[[float], FiniteProblem]
    half_width: float
    widths: tuple[int, ...]


def cases() -> list[Case]:
    """A parabola with noise of two signs; and clicks at a rate of about one half, and of about a tenth."""
    return [
        Case("(w - c)^2/2, noise 0.5", lambda c: quadratic(1.0, c, 0.5), 3.2, (4, 5, 6, 7)),
        Case("clicks at 50%", lambda c: clicks(float(expit(c))), 6.4, (4, 5, 6, 7)),
        Case("clicks at 10%", lambda c: clicks(float(expit(c - 2.4))), 6.4, (5, 6, 7, 8)),
    ]


def lpt(problem: FiniteProblem, grid: Grid) -> tuple[float, float]:
    """Gaps in the long run of SR, and of DR with the best eta of the grid."""
    largest = float(np.abs(problem.gradients(np.array([[0.0]]))).max())
    unit = float(grid.delta) / largest
    start = float(grid.delta) * round(float(problem.w_star[0]) / float(grid.delta))
    sr = stationary_law(problem, grid, STOCHASTIC, eta=0.1 * unit, start=start).mean(problem.loss)
    dr = [stationary_law(problem, grid, NEAREST, eta=float(s) * unit, start=0.0).mean(problem.loss) for s in CELLS]
    return sr - problem.f_star, min(dr) - problem.f_star


def masters(problem: FiniteProblem, delta: float) -> float:
    """E f(v) - f* of float masters from w*, over the second half of the steps."""
    w = np.tile(problem.w_star, (REPLICAS, 1))
    thresholds, total = np.cumsum(problem.probabilities)[:-1], 0.0
    rows = np.arange(REPLICAS)
    for t in range(STEPS):
        v = delta * np.rint(w / delta)
        if t >= STEPS // 2:
            total += float(problem.loss(v).mean())
        drawn = np.searchsorted(thresholds, uniforms(REPLICAS, seed=0, step=t, stream=Stream.EXAMPLE), side="right")
        w = w - ETA * problem.gradients(v)[drawn, rows]
    return total / (STEPS - STEPS // 2) - problem.f_star


def order(deltas: Floats, gaps: Floats) -> float:
    """The slope of log gap against log Delta, by least squares."""
    return float(np.polyfit(np.log(deltas), np.log(gaps), 1)[0])


def measure() -> list[Record]:
    """A record for each problem and method: gaps by width, and their order in Delta."""
    out = []
    for name, at, half_width, widths in cases():
        grids = [Grid(bits, half_width / 2 ** (bits - 1)) for bits in widths]
        deltas = np.array([float(grid.delta) for grid in grids])
        each = [
            [(*lpt(p, grid), masters(p, float(grid.delta))) for p in (at(c * float(grid.delta)) for c in PLACES)]
            for grid in grids
        ]
        by_method = np.mean(each, axis=1).T
        for method, gaps in zip(("LPT, SR", "LPT, DR, best eta", "float masters"), by_method, strict=True):
            record: Record = {"problem": name, "method": method, "widths": list(widths), "deltas": deltas.tolist()}
            out.append(record | {"gaps": gaps.tolist(), "order": order(deltas, gaps)})
    return out
