"""C1 and C2, both directions: is stochastic rounding faster, and is its error smaller? Where it is, and where it is not.

Upper bounds prove no ordering (T1, T2); here expected gaps of full precision, DR and SR are computed side by side, with exact
laws, from small to large updates: s = eta G/Delta in cells (L9), with and without gradient noise (L10), constant and decaying
eta.

    steps    the first t with E f(w_t) - f* at most a tenth of the first gap
    floor    the mean of E f(w_t) - f* over the last quarter of the run
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import box
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, quadratic, slopes
from alpt_ref.rng import Stream, uniforms
from alpt_ref.tools.files import Record
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

Floats = NDArray[float64]
TARGET, ALIKE = 0.1, 0.05
FLOAT_REPLICAS = 400
ROUND_OFF = 1e-12


class Case(NamedTuple):
    """One line: a walk in one coordinate with eta = s Delta / G, and the statement that it illustrates."""

    name: str
    statement: str
    s: float
    walk: Walk


def case_of(
    name: str, statement: str, s: float, problem: FiniteProblem, grid: Grid, steps: int, decay: str = "constant"
) -> Case:
    """G is the largest E|g| over the grid."""
    eta = s * float(grid.delta) / problem.gradient_bounds(grid).G1
    return Case(name, statement, s, Walk(problem, grid, NEAREST, Schedule(eta, decay), steps))


def cases() -> list[Case]:
    """From frozen to leaping: an absolute value, a quadratic, clicks (noisy), and rare large slopes."""
    grid, coarse = Grid(8, 2.0**-5), Grid(8, 0.05)
    c = 3.0 + 0.3 * float(grid.delta)
    cell, smooth, rare = absolute(1.0, c), quadratic(1.0, c), clicks(0.03)
    out = [case_of("|w - c|", "L9", s, cell, grid, int(250 / min(s, 1.0)) + 200) for s in (0.1, 0.51, 0.9, 1.51, 4.3)]
    out.append(case_of("|w - c|, eta/sqrt(t)", "L3", 4.3, cell, grid, 6000, "sqrt"))
    out += [case_of("(w - c)^2/2", "L4", s, smooth, grid, int(2000 / s) + 200) for s in (0.7, 7.0, 60.0)]
    out += [case_of("clicks at 3%", "L5", s, rare, coarse, int(2000 / s) + 1500) for s in (0.3, 2.0, 10.0, 60.0)]
    out.append(case_of("clicks at 3%, eta/sqrt(t)", "L5", 10.0, rare, coarse, 6000, "sqrt"))
    rare_slopes = slopes((1.0, -16.0), (31 / 32, 1 / 32), box(grid)[0])
    top = case_of("g_t w, eta/sqrt(t)", "L7", 6.0, rare_slopes, grid, 20_000, "sqrt")
    return [*out, top._replace(walk=replace(top.walk, start=grid.q_hi))]


def float_gaps(walk: Walk) -> Floats:
    """Mean gap of full precision, w clipped to the box, (steps + 1,): the mean of 400 replicas where gradients are random."""
    problem, (lo, hi) = walk.problem, box(walk.box_grid)
    assert isinstance(problem, FiniteProblem)
    w = np.tile(walk.w_1, (1 if problem.probabilities.size == 1 else FLOAT_REPLICAS, 1))
    thresholds = np.cumsum(problem.probabilities)[:-1]
    gaps = np.empty(walk.steps + 1)
    for t, eta in enumerate((*walk.schedule.rates(walk.steps), 0.0)):
        gaps[t] = problem.loss(w).mean() - problem.f_star
        drawn = np.searchsorted(thresholds, uniforms(w.shape[0], seed=0, step=t, stream=Stream.EXAMPLE), side="right")
        w = np.clip(w - eta * problem.gradients(w)[drawn, np.arange(w.shape[0])], lo, hi)
    return gaps


def gaps(walk: Walk, rule: Rule) -> Floats:
    """E f(w_t) - f*, t = 1 .. T + 1, by the exact law."""
    assert isinstance(walk.problem, FiniteProblem)
    out: Floats = replace(walk, rule=rule).exact([walk.problem.loss]).expectations[:, 0] - walk.problem.f_star
    return out


def measure() -> list[Record]:
    """A record for each case: steps (None: never within the run) and floors of the three methods, and the two orderings."""
    out = []
    for name, statement, s, walk in cases():
        schedule = walk.schedule
        record: Record = {"problem": name, "statement": statement, "s": s, "eta": schedule.eta}
        record |= {"delta": walk.delta, "bits": walk.box_grid.bits, "schedule": schedule.decay, "T": walk.steps}
        paths = {"fp": float_gaps(walk), "DR": gaps(walk, NEAREST), "SR": gaps(walk, STOCHASTIC)}
        for method, path in paths.items():
            reached = np.flatnonzero(path <= TARGET * path[0])
            record[f"{method}_steps"] = int(reached[0]) if reached.size else None
            record[f"{method}_floor"] = max(float(path[3 * walk.steps // 4 :].mean()), 0.0)
        record["C1"] = faster(record["DR_steps"], record["SR_steps"])
        record["C2"] = smaller(record["DR_floor"], record["SR_floor"])
        out.append(record)
    return out


def faster(dr: int | None, sr: int | None) -> str:
    """Name the rounding that needs fewer steps; alike within 5 % or two steps."""
    if dr is None or sr is None:
        return "neither" if dr is sr else "only SR" if dr is None else "only DR"
    if abs(dr - sr) <= max(ALIKE * max(dr, sr), 2):
        return "alike"
    return "SR" if sr < dr else "DR"


def smaller(dr: float, sr: float) -> str:
    """Name the rounding with the smaller floor; alike within 5 %."""
    if abs(dr - sr) <= ALIKE * max(dr, sr) + ROUND_OFF:
        return "alike"
    return "SR" if sr < dr else "DR"
