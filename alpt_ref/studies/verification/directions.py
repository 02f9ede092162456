"""C1 and C2, both directions: is stochastic rounding faster, and is its error smaller? Where it is, and where it is not.

Upper bounds prove no ordering (T1, T2); here expected gaps of full precision, DR and SR are computed side by side, with exact
laws, from small to large updates: s = eta G/Delta in cells (L9), with and without gradient noise (L10), constant and decaying
eta.

    steps    the first t with E f(w_t) - f* at most a tenth of the first gap
    floor    the mean of E f(w_t) - f* over the last quarter of the run
"""

from dataclasses import dataclass

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, quadratic, slopes
from alpt_ref.rng import Stream, uniforms
from alpt_ref.theory.instances import points_of, rates
from alpt_ref.tools.files import Record
from alpt_ref.walks.exact import exact_law

Floats = NDArray[float64]
TARGET, ALIKE = 0.1, 0.05
FLOAT_REPLICAS = 400
ROUND_OFF = 1e-12


@dataclass(frozen=True)
class Case:
    """One line: a problem of one coordinate, a grid, eta = s Delta / G and a schedule."""

    name: str
    statement: str
    problem: FiniteProblem
    grid: Grid
    s: float
    steps: int
    schedule: str = "constant"
    start: int = 0

    @property
    def eta(self) -> float:
        """The learning rate, G the largest E|g| over the grid."""
        return self.s * float(self.grid.delta) / self.problem.gradient_bounds(points_of(self.grid)).G1


def cases() -> list[Case]:
    """From frozen to leaping: an absolute value, a quadratic, clicks (noisy), and rare large slopes."""
    grid = Grid(8, 2.0**-5)
    delta = float(grid.delta)
    cell = absolute(1.0, 3.0 + 0.3 * delta)
    out = [Case("|w - c|", "L9", cell, grid, s, int(250 / min(s, 1.0)) + 200) for s in (0.1, 0.51, 0.9, 1.51, 4.3)]
    out.append(Case("|w - c|, eta/sqrt(t)", "L3", cell, grid, 4.3, 6000, "sqrt"))
    smooth = quadratic(1.0, 3.0 + 0.3 * delta)
    out += [Case("(w - c)^2/2", "L4", smooth, grid, s, int(2000 / s) + 200) for s in (0.7, 7.0, 60.0)]
    rare = clicks(0.03)
    out += [Case("clicks at 3%", "L5", rare, Grid(8, 0.05), s, int(2000 / s) + 1500) for s in (0.3, 2.0, 10.0, 60.0)]
    out.append(Case("clicks at 3%, eta/sqrt(t)", "L5", rare, Grid(8, 0.05), 10.0, 6000, "sqrt"))
    top = slopes((1.0, -16.0), (31 / 32, 1 / 32), grid.q_lo * delta)
    out.append(Case("g_t w, eta/sqrt(t)", "L7", top, grid, 6.0, 20_000, "sqrt", grid.q_hi))
    return out


def float_gaps(case: Case) -> Floats:
    """Mean gap of full precision, w clipped to the box, (steps + 1,): the mean of 400 replicas where gradients are random."""
    k = case.problem.probabilities.size
    lo, hi = (float(case.grid.delta) * end for end in (case.grid.q_lo, case.grid.q_hi))
    w = np.full((1 if k == 1 else FLOAT_REPLICAS, 1), float(case.grid.delta) * case.start)
    thresholds = np.cumsum(case.problem.probabilities)[:-1]
    gaps = np.empty(case.steps + 1)
    for t, eta in enumerate((*rates(case.eta, case.schedule, case.steps), 0.0)):
        gaps[t] = case.problem.loss(w).mean() - case.problem.f_star
        drawn = np.searchsorted(thresholds, uniforms(w.shape[0], seed=0, step=t, stream=Stream.EXAMPLE), side="right")
        w = np.clip(w - eta * case.problem.gradients(w)[drawn, np.arange(w.shape[0])], lo, hi)
    return gaps


def gaps(case: Case, rule: str) -> Floats:
    """E f(w_t) - f*, t = 1 .. T + 1, by the exact law."""
    eta = rates(case.eta, case.schedule, case.steps)
    start = float(case.grid.delta) * case.start
    law = exact_law(case.problem, case.grid, rule, eta=eta, steps=case.steps, start=start, observe=[case.problem.loss])
    out: Floats = law.expectations[:, 0] - case.problem.f_star
    return out


def measure() -> list[Record]:
    """A record for each case: steps (None: never within the run) and floors of the three methods, and the two orderings."""
    out = []
    for case in cases():
        record: Record = {"problem": case.name, "statement": case.statement, "s": case.s, "eta": case.eta}
        record |= {"delta": float(case.grid.delta), "bits": case.grid.bits, "schedule": case.schedule, "T": case.steps}
        paths = {"fp": float_gaps(case), "DR": gaps(case, "nearest"), "SR": gaps(case, "stochastic")}
        for method, path in paths.items():
            reached = np.flatnonzero(path <= TARGET * path[0])
            record[f"{method}_steps"] = int(reached[0]) if reached.size else None
            record[f"{method}_floor"] = max(float(path[3 * case.steps // 4 :].mean()), 0.0)
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
