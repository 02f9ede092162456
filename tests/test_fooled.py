"""Ways that fooled the verifier once: floats of its own arithmetic, ties, scales. Each must go on being seen through."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from scipy.special import expit

from alpt_ref.grid import Grid
from alpt_ref.problems.box import box
from alpt_ref.problems.finite import absolute, click_rate, clicks, quadratic, slopes
from alpt_ref.rng import permutation
from alpt_ref.theory import l1, l2, l3, l4, l5, l6, l8
from alpt_ref.theory.claim import Setting
from alpt_ref.theory.verdict import unbiased, verify
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule, random_bits
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import stationary_law
from alpt_ref.walks.walk import Walk
from tests.marks import once


@pytest.mark.parametrize("w_1", [0.02, 0.024, -0.024, 1.237, 0.3])
def test_l5_starts_where_the_walk_does(w_1):
    """At the grid point next to w_1, theta >= 1: the walk never falls, and sigma(w_1) itself is not the bound."""
    p = l5.FloorParams(0.03, 8, 1.0, 0.4, w_1)
    row = verify(l5.FLOOR, l5._least(p, NEAREST))
    assert row.verdict == "holds"
    assert row.measured == pytest.approx(float(expit(p.start)), rel=1e-12)


@pytest.mark.parametrize(
    "slope", [1.0, 1 / 3, 0.13964753960364815, 1.1100836762717143]
)  # of the last two eta G is rounded down
def test_l3_at_exact_ties(slope):
    """2 eta G / Delta an integer m: the update of step m^2 is half a step, up to a rounding of eta or of G."""
    delta = float(Grid(7, 0.1).delta)
    for m in range(1, 13):
        eta = m * delta / (2.0 * slope)
        for moved in (eta, np.nextafter(eta, 0.0), np.nextafter(eta, 1.0)):
            row = verify(l3.FREEZE, l3._last_move("tie", absolute(slope, 0.43), float(moved), NEAREST))
            assert row.verdict == "holds", (m, row)
    leaps = slopes((1.0, -16.0), (31 / 32, 1 / 32), box(Grid(7, 0.1))[0])
    for m in range(1, 11):
        assert verify(l3.FREEZE, l3._last_move("tie", leaps, m * delta / 32.0, NEAREST)).verdict == "holds", m


@pytest.mark.parametrize("scale", [2.0**-20, 1.0, 2.0**10, 2.0**30])
def test_l4_at_every_scale(scale):
    """w, c and Delta of other units: the same verdicts on the rule, and on the control."""
    delta = scale * 2.0**-4
    for rule, verdict in ((STOCHASTIC, "holds"), (NEAREST, "violated")):
        walk = Walk(quadratic(1.0, 0.31 * scale), Grid(6, delta), rule, Schedule(0.05), 200, -16)
        off = verify(l4.MEAN, l4.mean_instance("scaled", walk))
        assert off.verdict == verdict
        assert off.measured <= 1e-12 * scale or rule is NEAREST


@once
def test_l8_over_many_steps():
    """6,000 steps: what rounding errors add up to is in the slack, and nearest rounding is still found out."""
    labels = (np.arange(6000) < 600).astype(np.int64)
    ordered = l8.Ordered(clicks(0.1), labels[permutation(6000, seed=8, stream=6)], Grid(8, 0.05))
    for claim in l8.CLAIMS:
        assert verify(claim, l8._instance("long", ordered, STOCHASTIC, 0.0)).verdict == "holds"
    assert verify(l8.UPPER, l8._instance("long", ordered, NEAREST, 0.0, 0.04)).verdict == "violated"


def test_l1_at_tiny_learning_rates():
    """Half a step at every eta; a rule that drops fractions below 5e-13 stays where it is, and is no unbiased rule."""
    for eta in (1e-13, 1e-16, 1e-300):
        assert verify(l1.CELL, l1._cell("tiny", 0.3, eta, STOCHASTIC, unbiased)).verdict == "holds"
    drops = Rule("drops", lambda q, a: np.where(a < 5e-13, 0.0, a))
    row = verify(l1.CELL, l1._cell("tiny", 0.3, 1e-13, drops, unbiased))
    assert row.verdict == "violated"
    assert not row.checks[-1].holds
    assert row.checks[-1].name.startswith("rule is unbiased")


def nearest_even(x):
    """The integer next to a Fraction, ties to even."""
    below = floor(x)
    return below + (x - below > Fraction(1, 2) or (x - below == Fraction(1, 2) and below % 2 == 1))


@pytest.mark.parametrize("cells", [7, 8])
def test_l2_rounds_the_target_at_ties(cells):
    """R_D(code - move), where a tie goes by the code and not as that of the move: against rational numbers."""
    p = l2.Params(1.0, cells)
    halves = np.arange(0.5, 9.0)
    moves = np.stack((halves, halves))
    mean, least = l2.average_gaps(p, moves, 40)
    for m, of_mean, of_least in zip(halves, mean, least, strict=True):
        code, total, lows = Fraction(cells + 1), 0.0, []
        for t in range(40):
            place = code - Fraction(1, 2)
            total += (1.0 + p.G2) * abs(float(place))
            lows.append(total / (t + 1))
            code = Fraction(nearest_even(code - Fraction(m) * (1 if place > 0 else -1)))
        assert of_mean == pytest.approx(total / 40, rel=1e-12)
        assert of_least == pytest.approx(min(lows), rel=1e-12)


def test_one_random_bit_at_its_knife_edge():
    """k = 1, eta = Delta, from w = 0: an update of exactly half a step, which one bit lets pass, and a little less not.

    So the row's eta is the grid's own Delta, not 0.05.
    """
    means = [
        stationary_law(clicks(0.03), l6.GRID, random_bits(1), eta=eta).mean(click_rate)
        for eta in (l6.DELTA * (1.0 - 1e-15), l6.DELTA, l6.DELTA * (1.0 + 1e-15))
    ]
    assert means[1] == pytest.approx(0.488, abs=5e-4)
    assert means[2] == pytest.approx(means[1], abs=5e-4)
    assert means[0] > 0.5
    rows = {i.name: verify(l6.NUMBERS, i) for i in l6.NUMBERS.instances(Setting())}
    assert rows["k = 1, p = 0.03, eta = 1 Delta"].verdict == "holds"
