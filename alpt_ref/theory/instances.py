"""Walks that statements are tried on, and what they measure of them: by exact laws, or by as many replicas as it takes."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import LogisticProblem, gaussian_logistic, grid_of, one_hot_logistic
from alpt_ref.problems.finite import FiniteProblem, Separate, absolute, clicks, quadratic
from alpt_ref.problems.joint import finite_logistic, joint_quadratic, rotated, small_logistic
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.theory.claim import Check, Draw, Instance, Measured
from alpt_ref.theory.sampled import Bound, Counts, mean_of
from alpt_ref.theory.shape import convex
from alpt_ref.theory.verdict import rounds_to_nearest, unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

Floats = NDArray[float64]
Sample = Callable[[Walk, int, int, int], tuple[Floats, Counts]]
RuleCheck = Callable[[Asked], Check]
MANY = "24 |w_i - c_i|"


def regret_instance(
    name: str,
    walk: Walk,
    params: Any,
    check: RuleCheck,
    note: str = "",
    *,
    most: int = 8192,
    mu: bool = False,
    proved: Bound | None = None,
) -> Instance:
    """E[R(T)]/T of ``walk``: by its exact law, or by as many replicas, ``most`` at the most, as the comparison with the bound
    takes; by one where nothing is random. ``check`` is the assumption on the rule, ``note`` what an exact row says; ``mu``:
    f must be strongly convex. Convexity is checked where the law is exact; data's logistic problems have it by construction.
    ``proved`` : a bound that adds up step by step, see :func:`stopped_mean`.
    """
    method = "exact" if walk.finite else "monte-carlo" if walk.random else "trajectory"

    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=check is rounds_to_nearest)
        if isinstance(walk.problem, FiniteProblem | Separate):
            regret = replace(walk, rule=asked.of(walk.rule)).regret()
            return Measured(regret.mean, regret.half or 0.0, (check(asked), *convex(walk.problem, walk.box_grid, mu)), note)
        heard = replace(walk, rule=asked.compiled(walk.rule), device=draw.device)
        if not walk.random:
            value = float(heard.sampled(0, 1).regret[0])
            return Measured(value, 1e-12 * walk.loss_range[1], (check(asked),))

        def regrets(first: int, last: int, n_threads: int) -> tuple[Floats, None]:
            return heard.sampled(first, last, n_threads).regret, None

        # Exact gradients: every f(w_t) - f(w*) is at least 0.
        measured = mean_of(regrets, walk.loss_range, draw, proved if walk.mode == "batch" else None, most)
        return replace(measured, checks=(check(asked), *measured.checks))

    return Instance(name, params, measure, method)


def sampled_instance(
    name: str,
    walk: Walk,
    params: Any,
    sample: Sample,
    span: tuple[float, float],
    *,
    proved: Bound | None = None,
    most: int = 8192,
) -> Instance:
    """The mean of ``sample`` over replicas of ``walk``: none of them may be clipped, and the rule is unbiased.

    proved : samples are sums over the steps of numbers that are not negative, and their bound adds up step by step, see
    :func:`stopped_mean`.
    """

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        heard = partial(sample, replace(walk, rule=asked.compiled(walk.rule), device=draw.device))
        measured = mean_of(heard, span, draw, proved, most)
        return replace(measured, checks=(*measured.checks, unbiased(asked)))

    return Instance(name, params, measure, "monte-carlo")


def standard_walks(full: bool, rule: Rule) -> dict[str, Walk]:
    """Convex problems of one coordinate, of two jointly, and of many independently, with both schedules, by name."""
    unit, eight, four = Grid(5, 2.0**-4), Grid(8, 0.05), Grid(4, 0.25)
    delta = float(unit.delta)
    cell = absolute(1.0, 0.3 * delta)
    centres = (np.arange(24) * 0.618 % 1.0 - 0.5) * 0.8
    many = Separate(tuple(absolute(1.0 / math.sqrt(24), float(c)) for c in centres))
    noisy, rare = quadratic(1.0, 0.31, 0.5), clicks(0.03)
    logistic = finite_logistic(small_logistic(), "example")
    stretched = joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2), 0.2)
    out = {
        "|w - c|, c in a cell at w_1": Walk(cell, unit, rule, Schedule(0.02 * delta), 20_000),
        "|w - c|, eta/sqrt(t)": Walk(cell, unit, rule, Schedule(1.4, "sqrt"), 4000),
        "(w - c)^2/2, noise 0.5": Walk(noisy, unit, rule, Schedule(0.1), 2000, -8),
        "clicks at 3%": Walk(rare, eight, rule, Schedule(0.2), 4000),
        "clicks at 3%, eta/sqrt(t)": Walk(rare, eight, rule, Schedule(9.0, "sqrt"), 4000),
        "clicks at 30%, batch 16": Walk(clicks(0.3, 16), eight, rule, Schedule(0.5), 2000),
        MANY: Walk(many, unit, rule, Schedule(0.25 * delta), 1500),
        f"{MANY}, eta/sqrt(t)": Walk(many, unit, rule, Schedule(6.9, "sqrt"), 1500),
        "quadratic, d = 2, cond 20": Walk(stretched, unit, rule, Schedule(0.1), 400),
        "logistic, d = 2, example": Walk(logistic, four, rule, Schedule(0.2), 400),
        "logistic, d = 2, eta/sqrt(t)": Walk(logistic, four, rule, Schedule(3.0, "sqrt"), 400),
    }
    if full:
        stiff = joint_quadratic(rotated((1.0, 1e-3), 0.6), (0.3, -0.2))
        out |= {
            "clicks at 3%, 16 bits": Walk(rare, Grid(16, 2.0**-12), rule, Schedule(0.2), 10_000),
            "quadratic, d = 2, cond 1000": Walk(stiff, Grid(6, 2.0**-5), rule, Schedule(0.3), 2000),
            "logistic, d = 2, 6 bits": Walk(logistic, Grid(6, 0.0625), rule, Schedule(0.2), 2000),
        }
    return out


def nearest_walks(full: bool, rule: Rule) -> dict[str, Walk]:
    """Fine grids and eta near sqrt(sqrt(d) D Delta)/(2 G), where T2's bound is least and says more than the box does."""
    fine, eight, joint, start = Grid(10, 2.0**-8), Grid(10, 0.0125), Grid(8, 2.0**-6), -384  # w_1 = -1.5
    cell, rare = absolute(1.0, 0.3), clicks(0.03)
    example, exact = (finite_logistic(small_logistic(), mode) for mode in ("example", "batch"))
    out = {
        "|w - c|, D Delta tuned": Walk(cell, fine, rule, Schedule(0.06), 4000, start),
        "|w - c|, large eta": Walk(cell, fine, rule, Schedule(0.2), 4000, start),
        "|w - c|, eta/sqrt(t)": Walk(cell, fine, rule, Schedule(0.8, "sqrt"), 2000, start),
        "(w - c)^2/2, noise 0.5": Walk(quadratic(1.0, 0.31, 0.5), fine, rule, Schedule(0.03), 4000, start),
        "clicks at 3%": Walk(rare, eight, rule, Schedule(0.2), 4000),
        "clicks at 3%, small eta: stuck early": Walk(rare, eight, rule, Schedule(0.02), 4000),
        "logistic, d = 2, example": Walk(example, joint, rule, Schedule(0.15), 400),
    }
    return out | ({"logistic, d = 2, exact": Walk(exact, joint, rule, Schedule(0.2), 2000)} if full else {})


def stuck_walks(rule: Rule) -> dict[str, Walk]:
    """Walks whose first updates are all below half a step: nearest rounding never moves (L3)."""
    unit = Grid(5, 2.0**-4)
    return {
        "|w - 0.4|, stuck": Walk(absolute(1.0, 0.4), unit, rule, Schedule(0.25 * float(unit.delta)), 2000),
        f"{MANY}, stuck": standard_walks(False, rule)[MANY],
        "clicks at 3%, stuck": Walk(clicks(0.03), Grid(8, 0.05), rule, Schedule(0.02), 20_000),
    }


def sampled_walks(full: bool, rule: Rule) -> dict[str, Walk]:
    """Generated logistic problems, and 1024 absolute values: no exact law reaches these. (Random gradients: 20,000 runs.)"""
    gaussian, one_hot = logistic_problems()
    longer = 4 if full else 1
    many = AbsoluteSum(1.0 / 32.0, 0.8 * (np.arange(1024) * 0.618 % 1.0 - 0.5))
    unit = Grid(5, 2.0**-4)
    return {
        "gaussian 60 x 5, exact gradients": tuned(gaussian, 8, rule, "batch", 200 * longer),
        "one-hot 120 x 15, exact gradients": tuned(one_hot, 8, rule, "batch", 200 * longer),
        "1024 |w_i - c_i|": Walk(many, unit, rule, Schedule(0.2 * float(unit.delta) * 32.0), 300),
    } | ({"gaussian 60 x 5, one example a step": tuned(gaussian, 8, rule, "example", 1000)} if full else {})


def logistic_problems() -> tuple[LogisticProblem, LogisticProblem]:
    """60 dense examples of 5 features, and 120 of 3 one-hot fields with 5 values each."""
    return gaussian_logistic(60, 5, l2=0.2, scale=0.7, seed=1), one_hot_logistic(120, 3, 5, l2=0.05, seed=1)


def tuned(problem: LogisticProblem, bits: int, rule: Rule, mode: str, steps: int) -> Walk:
    """From 0, eta = ||w*|| / (G sqrt(T)), which makes T1's two vanishing terms equal."""
    grid = grid_of(problem, bits)
    eta = float(np.linalg.norm(problem.w_star)) / (problem.gradient_bounds(grid, mode).G * steps**0.5)
    return Walk(problem, grid, rule, Schedule(eta), steps, mode=mode)
