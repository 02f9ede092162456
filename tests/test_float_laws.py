"""Exact laws on floating-point formats against path enumeration in rational numbers, built from the codes of the formats."""

from collections import defaultdict
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest

from alpt_ref.formats import FORMATS, format_of
from alpt_ref.formats.points import decode
from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, quadratic, slopes
from alpt_ref.problems.joint import joint_quadratic, rotated
from alpt_ref.rng import Stream, uniforms
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import FLOOR, NEAREST, STOCHASTIC, TOWARD_ZERO, Rule, random_bits
from alpt_ref.walks.stationary import reachable, stationary_law, transition_matrix
from alpt_ref.walks.transition import transitions
from alpt_ref.walks.window import Window, states_on
from tests.marks import long, once

FEW = random_bits(2)
RULES = (NEAREST, STOCHASTIC, TOWARD_ZERO, FLOOR, FEW)


def numbers(name: str, lo: float = -np.inf, hi: float = np.inf) -> list[Fraction]:
    """The finite numbers of a format, from all of its codes."""
    kind = format_of(name)
    found = decode(kind, np.arange(1 << kind.bits))
    return [Fraction(float(x)) for x in sorted(set(found[np.isfinite(found) & (found >= lo) & (found <= hi)].tolist()))]


def p_up(rule: Rule, below: Fraction, even: bool, a: Fraction) -> Fraction:
    match rule.name:
        case "nearest":
            return Fraction(int(a > Fraction(1, 2) or (a == Fraction(1, 2) and not even)))
        case "stochastic":
            return a
        case "toward_zero":
            return Fraction(int(below < 0 and a > 0))
        case "floor":
            return Fraction(0)
    return Fraction(sum(Fraction(j, 4) < a for j in range(4)), 4)


def rounded(points: list[Fraction], rule: Rule, x: Fraction) -> tuple[list[tuple[int, Fraction]], bool]:
    """The places that x goes to, each with its probability, and whether x was clipped. Zero is even, and every second point."""
    clipped = not points[0] <= x <= points[-1]
    x = min(max(x, points[0]), points[-1])
    k = max(i for i, p in enumerate(points) if p <= x)
    if k == len(points) - 1:
        return [(k, Fraction(1))], clipped
    a = (x - points[k]) / (points[k + 1] - points[k])
    up = p_up(rule, points[k], (k - points.index(0)) % 2 == 0, a)
    return [(k, 1 - up), (k + 1, up)], clipped


def rational_law(problem, points, rule, eta, steps, start):
    """The law after the steps, the chances of clipping and of moving: gradients in float64, all else in rational numbers."""
    here, clipped, moved = {start: Fraction(1)}, [Fraction(0)] * steps, [Fraction(0)] * steps
    for t in range(steps):
        after = defaultdict(Fraction)
        for places, mass in here.items():
            g = problem.gradients(np.array([[float(points[k]) for k in places]]))[:, 0]
            for j, p in enumerate(problem.probabilities):
                ends = [
                    rounded(points, rule, points[k] - Fraction(eta) * Fraction(float(g[j, i]))) for i, k in enumerate(places)
                ]
                weight = mass * Fraction(float(p))
                clipped[t] += weight * any(out for _, out in ends)
                for way in product(*(end for end, _ in ends)):
                    chance = weight * prod((c for _, c in way), start=Fraction(1))
                    if chance:
                        to = tuple(k for k, _ in way)
                        after[to] += chance
                        moved[t] += chance * (to != places)
        here = after
    return here, clipped, moved


WILD = FiniteProblem(
    "g from a table",
    lambda w: np.stack([np.sin(9 * w) * (1 + np.abs(w)), -(w**2) / 8 + 0.1]),
    np.array([0.375, 0.625]),
    lambda w: w[:, 0],
    np.zeros(1),
    0.0,
)
TABLE = rotated((1.0, 0.2), 0.5)
CASES = [
    ("float4_e2m1fn", WILD, 0.7, (1.0,)),
    ("float4_e2m1fn", joint_quadratic(TABLE, (0.3, -0.2), 0.3), 0.4, (0.5, -1.0)),
    ("float6_e2m3fn", quadratic(1.0, 0.3, 0.4), 0.6, (-0.25,)),
    ("float6_e3m2fn", slopes((1.0, -9.0), (0.75, 0.25), -1.0), 0.7, (20.0,)),
    ("float8_e4m3fn", WILD, 0.02, (2.0,)),
    ("float8_e4m3fnuz", clicks(0.3), 0.3, (0.0,)),
    ("float8_e5m2", WILD, 1e-4, (2.0**-15,)),
    ("float8_e3m4", absolute(1.0, 0.3), 0.01, (2.0,)),
]


@once
@pytest.mark.parametrize(("name", "problem", "eta", "start"), CASES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_law_is_that_of_rational_numbers(name, problem, eta, start, rule):
    points = numbers(name)
    steps = 3 if len(start) == 1 else 2
    expected, clipped, moved = rational_law(problem, points, rule, eta, steps, tuple(points.index(Fraction(x)) for x in start))
    law = exact_law(problem, format_of(name), rule, eta=eta, steps=steps, start=np.array(start))
    assert law.points.shape == (len(points) ** len(start), len(start))
    known = np.zeros(law.probability.size)
    for places, mass in expected.items():
        known[np.ravel_multi_index(places, (len(points),) * len(start))] = float(mass)
    assert np.abs(law.probability - known).sum() <= law.error < 1e-11
    np.testing.assert_allclose(law.clipped, [float(x) for x in clipped], rtol=0, atol=1e-15)
    np.testing.assert_allclose(law.moved, [float(x) for x in moved], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(law.points[:, -1][: len(points)], [float(x) for x in points])


@once
def test_chances_are_right_in_their_last_bits_however_short_or_long_the_move():
    """From zero, a power of two, its neighbours, subnormals and the ends: moves of 2^-1000 of a gap, and across binades."""
    points = numbers("bfloat16", -4.0, 4.0)
    window = Window("bfloat16", -4.0, 4.0)
    assert window.points.tolist() == [float(x) for x in points]
    middle = points.index(0)
    some = {middle, points.index(1), points.index(1) - 1, points.index(1) + 1, middle + 3, 0, len(points) - 1, middle - 200}
    sizes = [0.0, 2.0**-1000, 2.0**-140, 1e-39, 2.0**-61, 1e-9, 2.0**-9, 2.0**-8, 0.0039, 0.3, 1.0, np.nextafter(1, 0), 3.99]
    moves = np.array([sign * size for size in sizes for sign in (1.0, -1.0)])
    places = np.array(sorted(some))
    at = window.split(window.ordinals[places], np.repeat(moves[:, None], places.size, axis=1))
    for (j, t), (i, k) in product(enumerate(moves.tolist()), enumerate(places.tolist())):
        x = points[k] + Fraction(t)
        inside = min(max(x, points[0]), points[-1])
        low = int(np.searchsorted(window.points, float(inside), side="right")) - 1
        low += -1 if points[low] > inside else 0
        low += 1 if low + 1 < len(points) and points[low + 1] <= inside else 0
        assert at.floors[j, i] - window.first == low, (t, k)
        assert at.outside[j, i] == (x != inside)
        gap = points[min(low + 1, len(points) - 1)] - points[min(low, len(points) - 2)]
        a = (inside - points[low]) / gap
        for found, true in ((at.fractions[j, i], a), (at.rests[j, i], 1 - a)):
            assert abs(Fraction(found) - true) <= Fraction(2) ** -51 * max(true, Fraction(1, 2**1000)), (t, k)


@once
def test_gaps_below_and_above_a_power_of_two():
    """A short move from 1 goes 2^-8 down or 2^-7 up; from -1 the other way; from 0 and from subnormals 2^-133 either way."""
    window = Window("bfloat16", -2.0, 2.0)
    starts = np.array([1.0, -1.0, 0.0, 2.0**-130])
    base = window.ordinals_of(starts)[:, None]
    t = np.array([1e-45, -1e-45])
    step = transitions(base, np.repeat(t[:, None, None], 4, axis=1), window, STOCHASTIC)
    ends = window.points[step.target]  # (4, 4): down, up of the move up; down, up of the move down
    gaps = np.array([[2.0**-7, 2.0**-8, 2.0**-133, 2.0**-133], [2.0**-8, 2.0**-7, 2.0**-133, 2.0**-133]])
    np.testing.assert_array_equal(ends[1], starts + gaps[0])
    np.testing.assert_array_equal(ends[2], starts - gaps[1])
    np.testing.assert_allclose(step.chance[1], 1e-45 / gaps[0], rtol=1e-15)
    np.testing.assert_allclose(step.chance[2], 1e-45 / gaps[1], rtol=1e-15)
    assert step.relative < 20


@once
def test_ties_go_to_the_even_mantissa():
    window = Window("bfloat16", 1.0, 4.0)
    step = transitions(window.ordinals[:-1, None], np.diff(window.points)[None, :, None] / 2, window, NEAREST)
    up = step.chance[1] == 1.0
    assert up.tolist() == [k % 2 == 1 for k in range(window.size - 1)]


@once
def test_a_window_in_one_binade_is_a_uniform_grid():
    """[1, 2) of e4m3 is 8 points, 1/8 apart, of which the first is even, as the lowest code of 3 bits is."""
    window, grid = Window("float8_e4m3fn", 1.0, 1.9), Grid(3, 0.125)
    assert (window.lo, window.hi, window.size) == (1.0, 1.875, 8)
    for rule in RULES[:2] + RULES[3:]:
        for eta in (0.9, 0.05):
            here = exact_law(quadratic(1.0, 1.55, 0.5), window, rule, eta=eta, steps=6, start=1.25)
            there = exact_law(quadratic(1.0, 0.05, 0.5), grid, rule, eta=eta, steps=6, start=-0.25)
            np.testing.assert_allclose(here.probability, there.probability, rtol=0, atol=1e-14)
            np.testing.assert_allclose(here.clipped, there.clipped, atol=1e-15)


@once
def test_the_error_of_a_law_knows_where_moves_are_too_coarse():
    """A move of 1 towards 0 does not tell between which subnormals it ends; rare states do not spoil a law."""
    leap = FiniteProblem("leap", lambda w: (w - 1e-12)[None], np.ones(1), lambda w: w[:, 0], np.zeros(1), 0.0)
    window = Window("bfloat16", -2.0, 2.0)
    assert exact_law(leap, window, eta=1.0 - 1e-9, steps=1, start=1.0).error < 1e-4
    sharp = FiniteProblem("sharp", lambda w: (w - 1e-36)[None], np.ones(1), lambda w: w[:, 0], np.zeros(1), 0.0)
    assert exact_law(sharp, window, eta=1.0, steps=1, start=1.0).error > 1.0
    start = np.zeros(window.size)
    start[window.ordinals_of(np.array([1.0, 0.0])).astype(int) - window.first] = 1e-20, 1 - 1e-20
    assert exact_law(sharp, window, eta=1.0, steps=1, start=start).error < 1e-11


@once
def test_one_step_of_moves_of_every_length_is_within_the_error():
    """From every number of e4m3 at once, where gaps differ by 2^14, against rational numbers."""
    points = numbers("float8_e4m3fn")
    problem, eta = quadratic(3.0, 0.3), 0.299
    expected = defaultdict(Fraction)
    g = problem.gradients(np.array([[float(x)] for x in points]))[0, :, 0]
    for x, slope in zip(points, g.tolist(), strict=True):
        for k, chance in rounded(points, STOCHASTIC, x - Fraction(eta) * Fraction(slope))[0]:
            expected[k] += chance / len(points)
    law = exact_law(problem, format_of("float8_e4m3fn"), eta=eta, steps=1, start=np.full(len(points), 1 / len(points)))
    off = sum(abs(Fraction(float(m)) - expected[k]) for k, m in enumerate(law.probability))
    assert float(off) <= law.error < 1e-10


@once
def test_monte_carlo_is_of_the_same_mind():
    """20,000 walks that round by comparing a uniform with the position: every cell within 5 standard errors."""
    problem, window, eta, n, steps = quadratic(1.0, 0.9, 0.3), Window("float8_e4m3fn", -3.0, 3.0), 0.13, 20_000, 6
    law = exact_law(problem, window, eta=eta, steps=steps, start=-0.5)
    w, points = np.full(n, -0.5), window.points
    for t in range(steps):
        u, v = uniforms(2 * n, seed=4, step=t, stream=Stream.DATA).astype(float).reshape(2, n)
        x = np.clip(w - eta * (w - 0.9 + np.where(v < 0.5, 0.3, -0.3)), points[0], points[-1])
        k = np.minimum(np.searchsorted(points, x, side="right") - 1, points.size - 2)
        w = points[k + (u < (x - points[k]) / (points[k + 1] - points[k]))]
    counts = np.bincount(np.searchsorted(points, w), minlength=points.size)
    sd = np.sqrt(n * law.probability * (1 - law.probability))
    assert (np.abs(counts - n * law.probability) <= 5 * sd + 1e-9).all()


@once
def test_the_long_run_is_that_of_powers_of_the_matrix():
    problem, window = quadratic(1.0, 0.9, 0.3), Window("float6_e2m3fn", -1.0, 1.5)
    P = transition_matrix(problem, window, STOCHASTIC, eta=0.4).toarray()
    one = exact_law(problem, window, eta=0.4, steps=1, start=np.eye(window.size)[3])
    np.testing.assert_allclose(P[3], one.probability, atol=1e-15)
    law = stationary_law(problem, window, eta=0.4)
    np.testing.assert_allclose(law.probability, np.linalg.matrix_power(P, 4096)[0], atol=1e-11)
    assert law.residual < 1e-13
    g, outside = problem.gradients(window.points[:, None])[:, :, 0], np.zeros((2, window.size))
    for j in range(2):
        x = window.points - 0.4 * g[j]
        outside[j] = (x < -1.0) | (x > 1.5)
    assert law.clipped == pytest.approx(float((0.5 * outside).sum(axis=0) @ law.probability), rel=1e-12)
    swing = reachable(absolute(1.0, 0.5625), window, NEAREST, eta=0.125, start=0.5)[:, 0]
    assert swing.tolist() == [0.5, 0.625]


@long
@once
def test_a_whole_format_of_sixteen_bits():
    kind = format_of("bfloat16")
    law = exact_law(quadratic(1.0, 1.0, 0.1), kind, eta=0.01, steps=200, start=3.0)
    assert law.points.shape == (2 * kind.largest + 1, 1)
    assert law.mean()[0] == pytest.approx(1.0 + 2.0 * 0.99**200, rel=1e-9)
    assert law.error < 1e-6


@once
def test_windows():
    for kind in FORMATS.values():
        whole = states_on(kind)
        assert whole.size == 2 * kind.largest + 1
        assert whole.ends == (-kind.max, kind.max)
        np.testing.assert_array_equal(whole.ordinals_of(whole.values(whole.ordinals)), whole.ordinals)
    near = Window.around("bfloat16", 1.001, 3)
    assert near.points.tolist() == [1 - 3 * 2**-8, 1 - 2 * 2**-8, 1 - 2**-8, 1.0, 1 + 2**-7, 1 + 2 * 2**-7, 1 + 3 * 2**-7]
    assert Window.around("float4_e2m1fn", 100.0, 2).points.tolist() == [3.0, 4.0, 6.0]
    assert repr(near) == "Window('bfloat16', 0.98828125, 1.0234375)"
    assert Window("float8_e4m3fn", -1e9, 0.0).ends == (-448.0, 0.0)
    assert states_on(near) is near


@once
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Window("bfloat17", 0.0, 1.0), "format must be one of"),
        (lambda: Window("bfloat16", 1.001, 1.002), "lo and hi must have two numbers of bfloat16 between them"),
        (lambda: Window("bfloat16", 2.0, 1.0), "lo and hi must have two numbers"),
        (lambda: Window("bfloat16", np.nan, 1.0), "lo must be a finite number, got nan"),
        (lambda: Window("bfloat16", 0.0, "1"), "hi must be a finite number, got '1'"),
        (lambda: Window("bfloat16", 10**400, 1.0), "lo must be a finite number, got 1000"),
        (lambda: Window("bfloat16", np.complex64(1), 1.0), "lo must be a finite number"),
        (lambda: Window.around("bfloat16", np.nan, 3), "w must be a finite number, got nan"),
        (lambda: Window.around("bfloat16", 1.0, 0), "cells must be an integer of at least 1, got 0"),
        (lambda: Window.around("bfloat16", 1.0, 1.5), "cells must be an integer of at least 1, got 1.5"),
        (lambda: exact_law(clicks(0.3), Window("bfloat16", 1.0, 2.0), eta=1.0, steps=1, start=np.full(129, np.nan)),
         "start must be a point of the grid, or a law of its points with sum 1"),
        (lambda: exact_law(clicks(0.3), "bfloat16", eta=1.0, steps=1), "grid must be a Grid, a Format or a Window, got str"),
        (lambda: exact_law(clicks(0.3), Window("bfloat16", 1.0, 2.0), eta=1.0, steps=1, start=1.001),
         r"start must be a point of the grid, a number of bfloat16 in \[1, 2\], got 1.001"),
        (lambda: exact_law(joint_quadratic(TABLE, (0, 0)), format_of("bfloat16"), eta=1.0, steps=1),
         r"bfloat16 in \[-3.38953e\+38, 3.38953e\+38\] in 2 coordinates has 4261347841 states"),
    ],
)  # fmt: skip
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()
