"""Families of instances drawn at random: uniforms by counters, and convex and smooth problems made of them."""

import math
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import box
from alpt_ref.problems.finite import absolute, clicks, quadratic, slopes
from alpt_ref.rng import Stream, uniforms
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

Floats = NDArray[float64]


def draws(count: int, n: int, seed: int) -> Floats:
    """Uniforms that random families are made of, float64 (count, n); row i depends on (seed, i) alone."""
    out = [uniforms(n, seed=seed, step=i, stream=Stream.DATA).astype(float64) for i in range(count)]
    return np.array(out).reshape(count, n)


def between(u: float, low: float, high: float) -> float:
    """Log-uniform on [low, high]."""
    return float(low * (high / low) ** u)


class Valley(NamedTuple):
    """Parts of a random smooth problem: a grid, a centre and a start in the middle of its box, noise in every third."""

    grid: Grid
    centre: float
    noise: float
    start: int  # code


def valley(i: int, u: Floats, bits: int, spread: int, least: float) -> Valley:
    """The i-th, from uniforms (6,): ``bits`` to ``bits + spread - 1`` bits, Delta from ``least`` to 1/4."""
    grid = Grid(bits + int(spread * u[0]), between(u[1], least, 2.0**-2))
    delta = float(grid.delta)
    centre = 0.5 * delta * (grid.q_lo + u[2] * 2**grid.bits)
    start = round(0.4 * (grid.q_lo + u[5] * 2**grid.bits))
    return Valley(grid, centre, 0.0 if i % 3 else delta * u[3], start)


def random_walks(count: int, seed: int, rule: Rule, bits: int = 2) -> list[Walk]:
    """Convex problems of one coordinate drawn at random: |w - c|, quadratics with noise, clicks, random slopes.

    ``bits`` to ``bits`` + 4 bits; eta within a factor of 3 of what makes T1's vanishing terms least.
    """
    out = []
    for i, u in enumerate(draws(count, 8, seed)):
        grid = Grid(bits + int(5 * u[0]), between(u[1], 0.01, 1.0) * 2.0 ** (2 - bits))
        lo, hi = box(grid)
        c = lo + u[2] * (hi - lo)
        problem = (
            absolute(1.0, c),
            quadratic(between(u[3], 0.1, 10.0), c, u[4]),
            clicks(float(0.002 + 0.99 * u[2])),
            slopes((1.0, -between(u[3], 0.5, 20.0)), (0.97, 0.03), lo),  # its mean is positive: 0.97 > 20 x 0.03
        )[i % 4]
        steps = 20 + int(600 * u[7])
        decay = ("constant", "sqrt")[i // 4 % 2]
        tuned = (hi - lo) / problem.gradient_bounds(grid).G
        eta = between(u[5], 1 / 3, 3.0) * tuned * (0.7 if decay == "sqrt" else 0.6 / math.sqrt(steps))
        start = grid.q_lo + int(u[6] * 2**grid.bits)
        out.append(Walk(problem, grid, rule, Schedule(eta, decay), steps, start))
    return out
