"""A problem's word on itself, put to the test on the grid that a walk lives on: convexity, mu, L, and w*.

Proofs use these inequalities at points of the grid, and at w*, alone:

    convex, mu    f(w') >= f(w) + <g, w' - w> + (mu/2) ||w' - w||^2,    g the mean gradient at w
    smooth        f(w') <= f(w) + <g, w' - w> + (L/2) ||w' - w||^2

In one coordinate neighbours are enough: with h(w) = f(w) - (mu/2) w^2 and s = g - mu w both inequalities of two neighbours say
that (h(w') - h(w))/(w' - w) lies between s(w) and s(w'), so that these slopes grow; h(w') - h(w) of any pair is a sum of such
differences, and at least s(w)(w' - w). For L take (L/2) w^2 - f. In several coordinates all pairs are tried on grids of up to
1024 points, else all neighbours and 2^18 random pairs.
"""

import math
from functools import cache

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Floats, Separate
from alpt_ref.problems.own import Problem
from alpt_ref.rng import Stream, uniforms
from alpt_ref.theory.claim import Check

Tried = tuple[NDArray[int64], NDArray[int64], str]  # two indices of each pair of points, and what they are, in words
ALL_PAIRS, SOME_PAIRS, FEW_PAIRS = 2**10, 2**18, 2**12
ROUND_OFF = 2.0**-45  # of max |f| + max ||g||_1 (hi - lo): what the two sides of an inequality may be off by


def convex(problem: FiniteProblem | Separate, grid: Grid, mu: bool = False) -> tuple[Check, ...]:
    """Checks that f is convex on the grid, or strongly so with its own mu; that f* is f(w*); of the inequality to w*."""
    parts = dict.fromkeys(problem.parts)
    return tuple(check for p in parts for check in _convex(p, points_of(grid, p.d), pairs(grid.bits, p.d), mu))


def convex_on(problem: FiniteProblem, points: Floats) -> tuple[Check, ...]:
    """Checks that f is convex on points (N, d) of a format: on neighbours in one coordinate, else on 2^12 random pairs."""
    if problem.d == 1:
        return _convex(problem, points, neighbours(len(points)), False)
    i, j = _random_places(2 * FEW_PAIRS, len(points)).reshape(2, -1)
    return _convex(problem, points, (i, j, f"{FEW_PAIRS} random pairs"), False)


def neighbours(n: int) -> Tried:
    """The pairs of neighbours of n points in order, each way."""
    place = np.arange(n - 1, dtype=int64)
    return np.concatenate((place, place + 1)), np.concatenate((place + 1, place)), "neighbours, and so all pairs"


def _convex(problem: FiniteProblem | Problem, points: Floats, tried: Tried, strongly: bool) -> tuple[Check, ...]:
    f, g, mu = problem.loss(points), problem.mean_gradient(points), problem.mu if strongly else 0.0
    i, j, words = tried
    slack = slack_of(f, g, points)
    least = problem.w_star - points
    at_star = problem.f_star - f - (g * least).sum(axis=1) - mu / 2.0 * (least**2).sum(axis=1)
    said = "f(w') >= f(w) + <g, w' - w>" + (" + (mu/2)||w' - w||^2" if strongly else "")
    return (
        Check(f"{said}, {words}: largest excess", -float(_above(points, f, g, mu, i, j).min()), "<=", slack),
        Check("the same with w' = w*", -float(at_star.min()), "<=", slack),
        Check("|f* - f(w*)|", abs(problem.f_star - float(problem.loss(problem.w_star[None])[0])), "<=", slack),
    )


def smooth(problem: FiniteProblem, grid: Grid) -> tuple[Check, ...]:
    """Checks that f is smooth on the grid with its own L, and that f* is at most the least f there."""
    points = points_of(grid, problem.d)
    curved = _smooth(problem, points, pairs(grid.bits, problem.d))
    return curved, Check("f* <= f on the grid", problem.f_star - float(problem.loss(points).min()), "<=", curved.rhs)


def _smooth(problem: FiniteProblem | Problem, points: Floats, tried: Tried) -> Check:
    f, g, (i, j, words) = problem.loss(points), problem.mean_gradient(points), tried
    excess = float(_above(points, f, g, problem.L, i, j).max())
    said = f"f(w') <= f(w) + <g, w' - w> + (L/2)||w' - w||^2, {words}: largest excess"
    return Check(said, excess, "<=", slack_of(f, g, points))


def affine(problem: FiniteProblem, grid: Grid) -> Check:
    """The check that f is quadratic: its mean gradient is affine on the grid."""
    points = points_of(grid, problem.d)
    g = problem.mean_gradient(points)
    columns = np.concatenate((points, np.ones((len(points), 1))), axis=1)
    off = float(np.abs(g - columns @ np.linalg.lstsq(columns, g)[0]).max())
    return Check("f is quadratic: mean gradient less the nearest affine one", off, "<=", 2.0**-40 * float(np.abs(g).max()))


def on_points(problem: FiniteProblem | Problem, points: Floats) -> tuple[Check, ...]:
    """Convexity, and smoothness of a problem that claims it, on points: 2^12 random pairs, and w* with each."""
    i, j = _random_places(2 * FEW_PAIRS, len(points)).reshape(2, -1)
    tried = i, j, f"{FEW_PAIRS} random pairs"
    smooth = (_smooth(problem, points, tried),) if math.isfinite(problem.L) else ()
    return (*_convex(problem, points, tried, False), *smooth)


def _random_places(count: int, size: int) -> NDArray[int64]:
    """Integers in 0 .. size - 1, the same in every run."""
    return np.floor(uniforms(count, seed=0, stream=Stream.DATA).astype(float64) * size).astype(int64)


def slack_of(f: Floats, g: Floats, points: Floats) -> float:
    """The round-off that inequalities between f (N,) and its gradients (N, d) at the points (N, d) are granted."""
    return ROUND_OFF * float(np.abs(f).max() + np.abs(g).sum(axis=1).max() * np.ptp(points))


def _above(points: Floats, f: Floats, g: Floats, curvature: float, i: NDArray[int64], j: NDArray[int64]) -> Floats:
    """f(w_j) - f(w_i) - <g_i, w_j - w_i> - (curvature/2) ||w_j - w_i||^2."""
    step = points[j] - points[i]
    return np.asarray(f[j] - f[i] - (g[i] * step).sum(axis=1) - curvature / 2.0 * (step**2).sum(axis=1))


@cache
def pairs(bits: int, d: int) -> Tried:
    """Indices of the pairs of grid points (in C order) that are tried, each way, and what they are, in words."""
    n = 2**bits
    place = np.arange(n**d, dtype=int64)
    if d > 1 and place.size <= ALL_PAIRS:
        return np.repeat(place, place.size), np.tile(place, place.size), "all pairs"
    lower: list[NDArray[int64]] = []
    upper: list[NDArray[int64]] = []
    for axis in range(d):
        stride = n**axis
        inner = place[place // stride % n < n - 1]
        lower, upper = [*lower, inner], [*upper, inner + stride]
    i, j, tried = np.concatenate((*lower, *upper)), np.concatenate((*upper, *lower)), "neighbours, and so all pairs"
    if d > 1:
        some = _random_places(2 * SOME_PAIRS, place.size)
        i, j = np.concatenate((i, some[:SOME_PAIRS])), np.concatenate((j, some[SOME_PAIRS:]))
        tried = f"neighbours and {SOME_PAIRS} random pairs"
    return i, j, tried
