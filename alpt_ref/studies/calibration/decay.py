"""The decaying schedule eta / sqrt(t): the least click rate that nearest rounding can end at, over all eta (L5(c)).

One feature, one example a step, clicks at rate p, w_1 = 0. DR stops for good after (2 eta / Delta)^2 steps (L3): laws are
exact and taken there. L5's conjecture is that the least final CTR over eta is of order sqrt(p). A heuristic of that scale:
with eta near sqrt(Delta / (4 p)) clicks push w up by about 1 in all, after negatives stopped acting at a CTR near sqrt(p).

It cannot hold where p is far below Delta / 64: the proof and a counterexample are in :mod:`alpt_ref.theory.l5_numbers`.
"""

import math
from dataclasses import dataclass

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.intervals import loglog_slope
from alpt_ref.problems.finite import click_rate, clicks
from alpt_ref.studies.calibration.exact import DR, SR, Record
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.store import ArraysOf
from alpt_ref.tools.files import Arrays
from alpt_ref.walks.rule import as_rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

RATES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)


@dataclass(frozen=True)
class DecaySettings:
    """grids : (bits, Delta, click rates). scan, ratio, refine : the grid of eta, see :func:`minimum`."""

    grids: tuple[tuple[int, float, tuple[float, ...]], ...] = ((9, 0.05, RATES), (7, 0.2, RATES))
    scan: tuple[float, float] = (0.55, 2.6)
    ratio: float = 1.35
    refine: int = 4

    @property
    def items(self) -> list[tuple[int, float, float]]:
        """(bits, Delta, p) of every minimum, the longest to find first."""
        return sorted(((bits, delta, p) for bits, delta, ps in self.grids for p in ps), key=lambda item: item[1] * item[2])


def until_frozen(p: float, bits: int, delta: float, eta: float, rule: str) -> float:
    """E sigmoid(w) with eta / sqrt(t) after floor((2 eta / Delta)^2) + 1 steps, when DR has stopped for good (L3; |g| < 1)."""
    grid = Grid(bits, delta)
    steps = math.floor((2.0 * eta / float(grid.delta)) ** 2) + 1
    return float(Walk(clicks(p), grid, as_rule(rule), Schedule(eta, "sqrt"), steps).exact().mean(click_rate))


def minimum(p: float, bits: int, delta: float, s: DecaySettings) -> Arrays:
    """DR's final CTR on a grid of eta around sqrt(Delta / (4 p)), refined around its minimum.

    The grid goes up by ``ratio`` from ``scan[0]`` times that unit until the CTR is 1.3 times the least or ``scan[1]`` is
    passed; then ``refine`` more between the neighbours of the least. etas, ctrs : all of it; stochastic : SR at the best eta.
    """
    unit, factor = math.sqrt(delta / (4.0 * p)), s.scan[0]
    found: dict[float, float] = {}

    def best() -> float:
        return min(found, key=lambda eta: found[eta])

    while factor <= s.scan[1]:
        found[factor * unit] = until_frozen(p, bits, delta, factor * unit, DR)
        if found[factor * unit] > 1.3 * found[best()]:
            break
        factor *= s.ratio
    for eta in np.geomspace(best() / s.ratio, best() * s.ratio, s.refine + 2)[1:-1].tolist():
        found[eta] = until_frozen(p, bits, delta, eta, DR)
    etas = sorted(found)
    stochastic = until_frozen(p, bits, delta, best(), SR)
    return {"etas": np.array(etas), "ctrs": np.array([found[eta] for eta in etas]), "stochastic": np.array(stochastic)}


def cells(s: DecaySettings) -> dict[tuple[int, float, float], Cell]:
    """The cell of every minimum."""
    search = {"scan": list(s.scan), "ratio": s.ratio, "refine": s.refine}
    out = {}
    for bits, delta, p in s.items:
        spec = RunSpec("calibration-decay", {"name": f"p = {p:g}", "bits": bits, "delta": delta, "p": p, **search})
        out[bits, delta, p] = Cell(spec, minimum, (p, bits, delta, s))
    return out


def study(found: ArraysOf, s: DecaySettings) -> list[Record]:
    """For each grid: the minima by click rate, and their log-log slope in p."""
    known = cells(s)

    def least(bits: int, delta: float, p: float) -> Record:
        cell = known[bits, delta, p]
        arrays = found(cell)
        at = int(arrays["ctrs"].argmin())
        values = {"eta": float(arrays["etas"][at]), "ctr": float(arrays["ctrs"][at])}
        values |= {"stochastic": float(arrays["stochastic"])}
        return {"cell": cell.spec.id, "p": p, **values, "n_etas": int(arrays["etas"].size)}

    out = []
    for bits, delta, ps in s.grids:
        rows = [least(bits, delta, p) for p in ps]
        slope = loglog_slope(ps, [row["ctr"] for row in rows], 0.95)
        out.append({"bits": bits, "delta": delta, "rows": rows, "slope": slope.mean, "slope_half": slope.half})
    return out
