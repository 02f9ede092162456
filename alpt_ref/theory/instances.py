"""A walk whose regret an exact law knows: what T1, T2 and T3 are put to the test on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import box, diameter, outside
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, quadratic, slopes
from alpt_ref.problems.joint import finite_logistic, joint_quadratic, rotated, small_logistic
from alpt_ref.rng import Stream, uniforms
from alpt_ref.scalars.moves import learning_rate
from alpt_ref.theory.claim import Measured
from alpt_ref.walks.exact import Law, exact_law
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.transition import codes_of

Floats = NDArray[float64]
EPS = 2.0**-52


def rates(eta: float, schedule: str, steps: int) -> Floats:
    """eta_1, ..., eta_T: "constant", "sqrt" (eta / sqrt(t)) or "inverse" (eta / t)."""
    if schedule == "inverse":
        return eta / np.arange(1, steps + 1, dtype=float64)
    return np.array([learning_rate(eta, schedule == "sqrt", t) for t in range(1, steps + 1)], float64)


def points_of(grid: Grid, d: int = 1) -> Floats:
    """The grid's points in d coordinates, float64 (N, d)."""
    return float(grid.delta) * codes_of(grid, d)


def regret_law(problem: FiniteProblem, grid: Grid, rule: Rule, eta: Floats, start: float | Floats) -> tuple[Measured, Law]:
    """E[R(T)]/T, the mean over t <= T of E f(w_t) - f*, and the law of w_{T+1}.

    The f_t are drawn independently of w_t, so that E f_t(w_t) = E f(w_t); f* is f at w_star.
    """
    law = exact_law(problem, grid, rule, eta=eta, steps=eta.size, start=start, observe=[problem.loss])
    largest = float(np.abs(problem.loss(law.points)).max()) + abs(problem.f_star)
    value = float(law.expectations[:-1, 0].mean()) - problem.f_star
    return Measured(value, law.error * largest + EPS * largest), law


@dataclass(frozen=True, eq=False)
class Walk:
    """LPT on one problem, or on several of one coordinate each with exact gradients: then coordinates are independent.

    eta, schedule : as in :func:`rates`. start : a grid point, for all coordinates.
    """

    name: str
    problems: tuple[FiniteProblem, ...]
    grid: Grid
    eta: float
    steps: int
    schedule: str = "constant"
    start: float = 0.0

    @cached_property
    def w_star(self) -> Floats:
        """The minimizer, (d,)."""
        return np.concatenate([problem.w_star for problem in self.problems])

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """G and G1, over all points of the grid."""
        each = [problem.gradient_bounds(points_of(self.grid, problem.d)) for problem in self.problems]
        return math.sqrt(sum(b.G**2 for b in each)), sum(b.G1 for b in each)

    @property
    def D(self) -> float:  # noqa: N802
        """Diameter of the box."""
        return diameter(self.grid, self.w_star.size)

    @property
    def D1(self) -> float:  # noqa: N802
        """||w_1 - w*||."""
        return float(np.linalg.norm(self.w_star - self.start))

    @property
    def outside(self) -> float:
        """How far w* lies outside the box."""
        return outside(self.grid, self.w_star)

    def regret(self, rule: Rule) -> Measured:
        """E[R(T)]/T under ``rule``."""
        eta = rates(self.eta, self.schedule, self.steps)
        parts = [regret_law(problem, self.grid, rule, eta, self.start)[0] for problem in self.problems]
        return Measured(sum(part.value for part in parts), sum(part.half for part in parts))


def standard_walks(full: bool) -> list[Walk]:
    """Convex problems of one coordinate, of two jointly, and of many independently, with both schedules."""
    unit = Grid(5, 2.0**-4)
    delta = float(unit.delta)
    centres = (np.arange(24) * 0.618 % 1.0 - 0.5) * 0.8
    many = tuple(absolute(1.0 / math.sqrt(24), float(c)) for c in centres)
    logistic = small_logistic()
    eight = Grid(8, 0.05)
    out = [
        Walk("|w - c|, c in a cell at w_1", (absolute(1.0, 0.3 * delta),), unit, 0.02 * delta, 20_000),
        Walk("|w - c|, eta/sqrt(t)", (absolute(1.0, 0.3 * delta),), unit, 1.4, 4000, "sqrt"),
        Walk("(w - c)^2/2, noise 0.5", (quadratic(1.0, 0.31, 0.5),), unit, 0.1, 2000, start=-8 * delta),
        Walk("clicks at 3%", (clicks(0.03),), eight, 0.2, 4000),
        Walk("clicks at 3%, eta/sqrt(t)", (clicks(0.03),), eight, 9.0, 4000, "sqrt"),
        Walk("clicks at 30%, batch 16", (clicks(0.3, 16),), eight, 0.5, 2000),
        Walk("24 |w_i - c_i|", many, unit, 0.25 * delta, 1500),
        Walk("24 |w_i - c_i|, eta/sqrt(t)", many, unit, 6.9, 1500, "sqrt"),
        Walk("quadratic, d = 2, cond 20", (joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2), 0.2),), unit, 0.1, 400),
        Walk("logistic, d = 2, example", (finite_logistic(logistic, "example"),), Grid(4, 0.25), 0.2, 400),
        Walk("logistic, d = 2, eta/sqrt(t)", (finite_logistic(logistic, "example"),), Grid(4, 0.25), 3.0, 400, "sqrt"),
    ]
    if full:
        sixteen = Grid(16, 2.0**-12)
        stiff = joint_quadratic(rotated((1.0, 1e-3), 0.6), (0.3, -0.2))
        out += [
            Walk("clicks at 3%, 16 bits", (clicks(0.03),), sixteen, 0.2, 10_000),
            Walk("quadratic, d = 2, cond 1000", (stiff,), Grid(6, 2.0**-5), 0.3, 2000),
            Walk("logistic, d = 2, 6 bits", (finite_logistic(logistic, "example"),), Grid(6, 0.0625), 0.2, 2000),
        ]
    return out


def nearest_walks(full: bool) -> list[Walk]:
    """Fine grids and eta near sqrt(sqrt(d) D Delta)/(2 G), where T2's bound is least and says more than the box does."""
    fine, eight, joint = Grid(10, 2.0**-8), Grid(10, 0.0125), Grid(8, 2.0**-6)
    logistic = finite_logistic(small_logistic(), "example")
    out = [
        Walk("|w - c|, D Delta tuned", (absolute(1.0, 0.3),), fine, 0.06, 4000, start=-1.5),
        Walk("|w - c|, large eta", (absolute(1.0, 0.3),), fine, 0.2, 4000, start=-1.5),
        Walk("|w - c|, eta/sqrt(t)", (absolute(1.0, 0.3),), fine, 0.8, 2000, "sqrt", -1.5),
        Walk("(w - c)^2/2, noise 0.5", (quadratic(1.0, 0.31, 0.5),), fine, 0.03, 4000, start=-1.5),
        Walk("clicks at 3%", (clicks(0.03),), eight, 0.2, 4000),
        Walk("clicks at 3%, small eta: stuck early", (clicks(0.03),), eight, 0.02, 4000),
        Walk("logistic, d = 2, example", (logistic,), joint, 0.15, 400),
    ]
    return out + (
        [Walk("logistic, d = 2, exact", (finite_logistic(small_logistic(), "batch"),), joint, 0.2, 2000)] if full else []
    )


def stuck_walks() -> list[Walk]:
    """Walks whose first updates are all below half a step: nearest rounding never moves (L3)."""
    unit = Grid(5, 2.0**-4)
    many = standard_walks(False)[6]
    return [
        Walk("|w - 0.4|, stuck", (absolute(1.0, 0.4),), unit, 0.25 * float(unit.delta), 2000),
        replace(many, name=f"{many.name}, stuck"),
        Walk("clicks at 3%, stuck", (clicks(0.03),), Grid(8, 0.05), 0.02, 20_000),
    ]


def draws(count: int, n: int, seed: int) -> Floats:
    """Uniforms that random families are made of, float64 (count, n); row i depends on (seed, i) alone."""
    out = [uniforms(n, seed=seed, step=i, stream=Stream.DATA).astype(float64) for i in range(count)]
    return np.array(out).reshape(count, n)


def between(u: float, low: float, high: float) -> float:
    """Log-uniform on [low, high]."""
    return float(low * (high / low) ** u)


class Valley(NamedTuple):
    """What random smooth problems are made of: a grid, a centre and a start in the middle of its box, noise in every third."""

    grid: Grid
    centre: float
    noise: float
    start: float


def valley(i: int, u: Floats, bits: int, spread: int, least: float) -> Valley:
    """The i-th, from uniforms (6,): ``bits`` to ``bits + spread - 1`` bits, Delta from ``least`` to 1/4."""
    grid = Grid(bits + int(spread * u[0]), between(u[1], least, 2.0**-2))
    delta = float(grid.delta)
    centre = 0.5 * delta * (grid.q_lo + u[2] * 2**grid.bits)
    start = delta * round(0.4 * (grid.q_lo + u[5] * 2**grid.bits))
    return Valley(grid, centre, 0.0 if i % 3 else delta * u[3], start)


def random_walks(count: int, seed: int, schedules: Sequence[str] = ("constant", "sqrt"), bits: int = 2) -> list[Walk]:
    """Convex problems of one coordinate drawn at random: |w - c|, quadratics with noise, clicks, random slopes.

    ``bits`` to ``bits`` + 4 bits; eta within a factor of 3 of what makes T1's vanishing terms least.
    """
    out = []
    for i, u in enumerate(draws(count, 8, seed)):
        grid = Grid(bits + int(5 * u[0]), between(u[1], 0.01, 1.0) * 2.0 ** (2 - bits))
        delta = float(grid.delta)
        lo, hi = box(grid)
        c = lo + u[2] * (hi - lo)
        problem = (
            absolute(1.0, c),
            quadratic(between(u[3], 0.1, 10.0), c, u[4]),
            clicks(float(0.002 + 0.99 * u[2])),
            slopes((1.0, -between(u[3], 0.5, 20.0)), (0.97, 0.03), lo),  # its mean is positive: 0.97 > 20 x 0.03
        )[i % 4]
        steps = 20 + int(600 * u[7])
        schedule = schedules[i // 4 % len(schedules)]
        tuned = (hi - lo) / problem.gradient_bounds(points_of(grid)).G
        eta = between(u[5], 1 / 3, 3.0) * tuned * (0.7 if schedule == "sqrt" else 0.6 / math.sqrt(steps))
        start = delta * (grid.q_lo + int(u[6] * 2**grid.bits))
        out.append(Walk(problem.name, (problem,), grid, eta, steps, schedule, start))
    return out
