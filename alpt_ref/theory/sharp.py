"""Walks that come near to a bound, one for each of its terms: no term can be dropped, and few can be halved.

They are extreme on purpose: a walk that oscillates about the optimum pays the noise term, one that just arrives the transient,
one that is stuck, or hovers between two grid points, the floor. Those with slopes or curvatures of 4 and 8, and those of
several coordinates, tell powers of G, L and d apart, which are all 1 elsewhere.
"""

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.extreme import bent
from alpt_ref.problems.finite import FiniteProblem, Separate, absolute, quadratic
from alpt_ref.problems.joint import joint_quadratic
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

FINE, STEP = Grid(10, 2.0**-9), 2.0**-9
NARROW, WIDE = Grid(2, 1.0), Grid(8, 1.0)


def of_t1(rule: Rule, full: bool) -> dict[str, Walk]:
    """T1: to and fro in steps of 64 cells; arriving at the last step; the same, and between two points, with eta/sqrt(t)."""
    return {
        "|w - c|, to and fro over 64 cells": Walk(absolute(1.0, 32 * STEP), FINE, rule, Schedule(64 * STEP), 2000),
        "|w - c|, just arrived": Walk(absolute(1.0, 500 * STEP), FINE, rule, Schedule(4 * STEP), 252, -512),
        "4 |w - c|, to and fro over 64 cells": Walk(absolute(4.0, 32 * STEP), FINE, rule, Schedule(16 * STEP), 2000),
        "9 |w_i - c_i|, c in a cell at w_1": Walk(_of(9, absolute(1.0, 0.3 * STEP)), FINE, rule, Schedule(0.02 * STEP), 20_000),
    } | decaying(rule, full)


def decaying(rule: Rule, full: bool) -> dict[str, Walk]:
    """eta/sqrt(t): between two points; from one end to near the other; to and fro, in steps that shrink from 3 D."""
    return {
        "|w - 1/2|, 2 bits, eta/sqrt(t)": Walk(
            absolute(1.0, 0.5), NARROW, rule, Schedule(2.1, "sqrt"), 80_000 if full else 20_000
        ),
        "|w - c|, eta/sqrt(t), on the way": Walk(absolute(1.0, 500 * STEP), FINE, rule, Schedule(0.1, "sqrt"), 120, -512),
        "|w - c|, eta/sqrt(t), to and fro": Walk(absolute(1.0, 0.3 * STEP), FINE, rule, Schedule(6.0, "sqrt"), 1500),
        "4 |w - c|, eta/sqrt(t), to and fro": Walk(absolute(4.0, 0.3 * STEP), FINE, rule, Schedule(1.5, "sqrt"), 1500),
    }


def of_t2(rule: Rule) -> dict[str, Walk]:
    """T2: stuck at one end with the optimum at the other, and the two of T1 that hover and arrive."""
    return {
        "|w - hi| from lo, just stuck": Walk(absolute(1.0, 127.0), WIDE, rule, Schedule(0.4999), 100_000, -128),
        "|w - c|, just arrived": Walk(absolute(1.0, 500 * STEP), FINE, rule, Schedule(32 * STEP), 32, -512),
        "|w - c|, to and fro over 128 cells": Walk(absolute(1.0, 64 * STEP), FINE, rule, Schedule(128 * STEP), 4000),
        "4 |w - c|, to and fro over 128 cells": Walk(absolute(4.0, 64 * STEP), FINE, rule, Schedule(32 * STEP), 4000),
        "9 |w_i - hi| from lo, just stuck": Walk(_of(9, absolute(1.0, 127.0)), WIDE, rule, Schedule(0.4999), 5000, -128),
    }


def of_t3(rule: Rule, full: bool) -> dict[str, Walk]:
    """T3: between two points; and to and fro on a fine grid, by shrinking steps."""
    cell = 2.0**-11
    return {
        "|w - 1/2| + 0.01 (w - 1/2)^2/2, 2 bits": Walk(
            bent(1.0, 0.5, 0.01), NARROW, rule, Schedule(100.0, "inverse"), 50_000 if full else 20_000
        ),
        "|w - c| + 0.1 (w - c)^2/2, 12 bits": Walk(
            bent(1.0, 0.3 * cell, 0.1), Grid(12, cell), rule, Schedule(10.0, "inverse"), 20_000 if full else 5000
        ),
        "4 |w - c| + 0.4 (w - c)^2/2, 12 bits": Walk(
            bent(4.0, 0.3 * cell, 0.4), Grid(12, cell), rule, Schedule(2.5, "inverse"), 5000
        ),
        "4 |w_i - 1/2| + 0.01 (w_i - 1/2)^2/2, 2 bits": Walk(
            _of(4, bent(1.0, 0.5, 0.01)), NARROW, rule, Schedule(100.0, "inverse"), 20_000
        ),
    }


def of_t4(rule: Rule) -> dict[str, Walk]:
    """T4: c half way between two points; noise on a fine grid, and small steps on a coarse one; one small step from afar."""
    half_way, noisy, noisier = quadratic(1.0, 2.0**-6), quadratic(1.0, 0.3, 0.3), quadratic(1.0, 0.3, 0.5)
    return {
        "(w - c)^2/2, c half way": Walk(half_way, Grid(8, 2.0**-5), rule, Schedule(0.5), 399),
        "(w - c)^2/2, noise 0.3, fine": Walk(noisy, Grid(10, 2.0**-7), rule, Schedule(0.5), 399),
        "(w - c)^2/2, one step": Walk(quadratic(1.0, 0.0), Grid(12, 2.0**-10), rule, Schedule(0.01), 1, 1000),
        "(w - c)^2/2, noise 0.5, small steps": Walk(noisier, Grid(7, 2.0**-4), rule, Schedule(0.004), 1999),
        "4 (w - c)^2/2, noise 4.8, fine": Walk(quadratic(4.0, 0.3, 4.8), Grid(10, 2.0**-7), rule, Schedule(0.125), 399),
        "|w - c|^2/2, d = 3, c half way": Walk(
            joint_quadratic(np.eye(3), [2.0**-3] * 3), Grid(4, 0.25), rule, Schedule(0.5), 99
        ),
    }


def of_t5(rule: Rule) -> dict[str, Walk]:
    """T5, with G and G1 along the way: noise on a coarse grid by small steps, on a fine one by large steps, and going down."""
    noisy, down = quadratic(1.0, 0.01, 1.2), quadratic(1.0, 0.01)
    return {
        "(w - c)^2/2, noise 1.2, small steps": Walk(noisy, Grid(7, 2.0**-5), rule, Schedule(0.001), 40_000),
        "(w - c)^2/2, noise 1.2, large steps": Walk(noisy, Grid(12, 2.0**-9), rule, Schedule(0.05), 2000),
        "(w - c)^2/2, going down": Walk(down, Grid(12, 2.0**-9), rule, Schedule(0.01), 500, 2000),
        "8 (w - c)^2/2, noise 9.6, small steps": Walk(
            quadratic(8.0, 0.01, 9.6), Grid(7, 2.0**-5), rule, Schedule(1.25e-4), 40_000
        ),
        "|w - c|^2/2, d = 2, noise 1.2, small steps": Walk(
            joint_quadratic(np.eye(2), [0.01] * 2, 1.2), Grid(5, 2.0**-3), rule, Schedule(0.004), 5000
        ),
    }


def _of(d: int, part: FiniteProblem) -> Separate:
    return Separate((part,) * d)
