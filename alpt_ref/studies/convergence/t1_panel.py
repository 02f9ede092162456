"""T1 on trial: SR below its bound, DR above it at the same learning rate, and how SR's floor grows with delta.

The rule that fixes the panel, from computed constants alone (w_1 = 0, gap = f(w_1) - f*, exact gradients):

    bits   the fewest whose floor term Delta G1/2 is at most gap/8
    eta    the largest with noise term eta G^2/2 <= gap/8 and eta |grad f(w_1)|_inf <= 0.7 Delta, so that nearest rounding
           moves at first, but only where |g_j| > Delta/(2 eta), at least 5/7 of the largest first gradient (L3)
    T      the least for which the whole bound is at most 0.49 gap
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from alpt_ref.grid import MAX_BITS, Grid
from alpt_ref.intervals import loglog_slope, student
from alpt_ref.problems import LogisticProblem, grid_of
from alpt_ref.studies.cells import Cell
from alpt_ref.studies.convergence.cells import METHODS, descent_cell, descent_of, outcome_of, walk_cell, walk_of
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.studies.store import ArraysOf
from alpt_ref.theory import t1
from alpt_ref.theory.verdict import judge
from alpt_ref.tools.files import Record
from alpt_ref.walks.rule import STOCHASTIC
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

TERM, FIRST_MOVE, TARGET = 1 / 8, 0.7, 0.49


Chosen = tuple[Grid, float, t1.Params]


def choose(problem: LogisticProblem) -> Chosen:
    """Grid, eta and T1's parameters by the rule; ValueError where 16 bits are not enough."""
    w_1 = np.zeros(problem.d)
    gap = problem.loss(w_1) - problem.solution.f
    first = float(np.abs(problem.gradient(w_1)).max())
    for bits in range(2, MAX_BITS + 1):
        grid = grid_of(problem, bits)
        delta = float(grid.delta)
        G, G1 = problem.gradient_bounds(grid, "batch")
        if delta * G1 / 2.0 <= TERM * gap:
            break
    else:
        raise ValueError(f"{problem.name}: no grid of at most {MAX_BITS} bits makes T1's floor small")
    eta = min(2.0 * TERM * gap / G**2, FIRST_MOVE * delta / first)
    p = t1.params(Walk(problem, grid, STOCHASTIC, Schedule(eta), 1))
    once = t1.bound(p)
    steps = math.ceil(once.transient / (TARGET * gap - (once.total - once.transient)))
    return grid, eta, replace(p, steps=steps)


def panel_cells(problem: LogisticProblem, chosen: Chosen, settings: Settings) -> dict[str, Cell]:
    """One problem's cells: one for each of METHODS, and gradient descent."""
    grid, eta, p = chosen
    walks = {method: walk_of(problem, method, grid, Schedule(eta), p.steps, "batch", settings) for method in METHODS}
    cells = {method: walk_cell(walk, settings, regret=True, beside=grid) for method, walk in walks.items()}
    return {"descent": descent_cell(problem, settings)} | cells


def panel(found: ArraysOf, problem: LogisticProblem, chosen: Chosen, settings: Settings, n_problems: int) -> Record:
    """One problem's verdict on T1; the intervals of all ``n_problems`` panels (regret, gap, floor of SR) hold at once."""
    grid, eta, p = chosen
    bound, cells = t1.bound(p), panel_cells(problem, chosen, settings)
    descent = descent_of(found, problem, settings)
    family = 3 * n_problems
    methods = {}
    for method in METHODS:
        outcome = outcome_of(found, cells[method])
        parts = (outcome.average_regret, outcome.final, outcome.floor)
        regret, gap, floor = (student(part, settings.confidence, family) for part in parts)
        methods[method] = {
            "regret": regret.mean,
            "regret_half": regret.half,
            "gap": gap.mean,
            "gap_half": gap.half,
            "floor": floor.mean,
            "floor_half": floor.half,
            "last_move": int(outcome.last_move.max()) if method != "float" else None,
            "clipped": int(outcome.clipped.sum()),
            "over_bound": regret.mean / bound.total,
            "cell": outcome.id,
        }
    return {
        "problem": problem.name,
        "bits": grid.bits,
        "delta": p.delta,
        "eta": eta,
        "steps": p.steps,
        "G": p.G,
        "G1": p.G1,
        "D1": p.distance,
        "first_gap": problem.loss(np.zeros(problem.d)) - problem.solution.f,
        "bound": bound._asdict() | {"total": bound.total},
        "verdict": verdict(methods["stochastic"], bound.total),
        "family": family,
        "descent": {"eta": 1.0 / problem.L, "gap": descent.gap, "steps": descent.steps, "reached": descent.reached},
        "methods": methods,
    }


def verdict(measured: dict[str, Any], bound: float) -> str:
    """holds, violated or undecided, from the interval of the average regret."""
    return judge("upper", measured["regret"], measured["regret_half"] or 0.0, bound)


def slope_cells(problem: LogisticProblem, settings: Settings) -> list[tuple[Walk, Cell]]:
    """One problem's walks under SR, by the number of bits, each with its cell."""
    schedule, steps = Schedule(0.5 / problem.L), settings.steps(problem.X.nnz)
    grids = [grid_of(problem, bits) for bits in settings.slope_bits]
    walks = [walk_of(problem, "stochastic", grid, schedule, steps, "batch", settings) for grid in grids]
    return [(walk, walk_cell(walk, settings, nearest=True)) for walk in walks]


def slope(found: ArraysOf, problem: LogisticProblem, settings: Settings) -> Record:
    """SR's floor against delta: same box, eta = 1/(2L), exact gradients, started at the grid point nearest w*.

    There no transient is left to wait for, and near w* the walk on a grid of step Delta is the one of step 1 scaled by Delta
    (f is nearly quadratic), so that runs of one length compare like with like. T1's floor term has slope 1, an upper bound;
    for exact gradients of a smooth f the floor is of order Delta^2 (T4).
    """
    points: list[dict[str, Any]] = []
    for walk, cell in slope_cells(problem, settings):
        outcome = outcome_of(found, cell)
        estimate = student(outcome.floor, settings.confidence, len(settings.slope_bits))
        points.append(
            {
                "bits": walk.box_grid.bits,
                "delta": walk.delta,
                "floor": estimate.mean,
                "floor_half": estimate.half,
                "t1_floor": walk.delta * walk.bounds.G1 / 2.0,
                "clipped": int(outcome.clipped.sum()),
                "cell": outcome.id,
            }
        )
    fit = loglog_slope([q["delta"] for q in points], [q["floor"] for q in points], settings.confidence)
    about = {"problem": problem.name, "eta": walk.schedule.eta, "steps": walk.steps}
    return about | {"slope": fit.mean, "slope_half": fit.half, "points": points}
