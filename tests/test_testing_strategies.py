"""The strategies reach what matters: every edge is drawn, and nothing outside of what they promise."""

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from alpt_ref import Grid
from alpt_ref.testing import strategies
from alpt_ref.testing.rulers import is_power_of_two

pytestmark = pytest.mark.glue

GRID = Grid(4, 0.25)  # codes -8 .. 7
OTHER = Grid(8, 0.1)
F = np.float32


def drawn(strategy, wanted):
    """An example that is ``wanted``, found within a budget that a blind search would need luck for."""
    return find(strategy, wanted, settings=settings(max_examples=3000, database=None, derandomize=True))


def neighbour(x, direction):
    return float(np.nextafter(F(x), F(direction)))


@pytest.mark.parametrize(
    "edge",
    {
        "zero": 0.0,
        "a grid point": 0.75,
        "its lower neighbour": neighbour(0.75, -np.inf),
        "its upper neighbour": neighbour(0.75, np.inf),
        "a midpoint": 0.625,
        "below a midpoint": neighbour(0.625, -np.inf),
        "above a midpoint": neighbour(0.625, np.inf),
        "the lowest": -2.0,
        "the highest": 1.75,
        "inside of the highest": neighbour(1.75, -np.inf),
        "half a step beyond": 1.875,
        "a step beyond": 2.0,
        "three steps beyond": 2.5,
        "the smallest subnormal": 2.0**-149,
        "the smallest normal": 2.0**-126,
        "the largest": float(np.finfo(F).max),
        "int8 wraps": 75.0,
        "int32 wraps": 2.0**29,
        "int64 wraps": -(2.0**61),
    }.items(),
    ids=lambda edge: edge[0],
)
def test_values_reach(edge):
    assert drawn(strategies.values(GRID), lambda x: x == edge[1]) == edge[1]


def test_values_reach_minus_zero_and_stored_points():
    assert drawn(strategies.values(GRID), lambda x: x == 0 and np.signbit(x)) == 0
    q = np.arange(OTHER.q_lo, OTHER.q_hi + 1).astype(F)
    moved = set((q * OTHER.delta)[q * OTHER.delta / OTHER.delta != q].tolist())  # by float32 division
    assert drawn(strategies.values(OTHER), lambda x: x in moved) in moved


@given(st.data())
def test_values_are_finite_float32(data):
    grid = data.draw(strategies.grids())
    x = data.draw(strategies.values(grid))
    assert np.isfinite(x)
    assert float(F(x)) == x


@pytest.mark.parametrize("u", [0.0, 1 - 2.0**-24, 0.5, 0.5 - 2.0**-24, 2.0**-24])
def test_uniforms_reach(u):
    assert drawn(strategies.uniforms(), lambda v: v == u) == u


@given(strategies.uniforms())
def test_uniforms_are_below_1_and_on_their_lattice(u):
    assert 0 <= u < 1
    assert (u * 2**24).is_integer()
    assert float(F(u)) == u


@given(strategies.deltas(), strategies.deltas("powers of two"))
def test_deltas_are_float32_in_range(delta, power):
    for value in (delta, power):
        assert float(F(value)) == value
        assert 2.0**-40 <= value <= 2.0**20
    assert is_power_of_two(power)


@given(strategies.deltas(step_range=(0.007, 1.7)), strategies.deltas("powers of two", (0.007, 1.7)))
def test_deltas_keep_to_a_range(delta, power):
    for value in (delta, power):
        assert float(F(value)) == value
        assert 0.007 <= value <= 1.7


def test_deltas_and_widths_reach():
    assert drawn(strategies.deltas(), lambda d: d == float(F(0.1)))
    assert drawn(strategies.deltas(), lambda d: d == float(F(0.012356101)))
    assert drawn(strategies.deltas(), lambda d: not is_power_of_two(d) and d > 100)
    assert drawn(strategies.deltas("powers of two"), lambda d: d == 2.0**-40)
    with pytest.raises(NoSuchExample):
        drawn(strategies.deltas("powers of two"), lambda d: not is_power_of_two(d))
    for bits in (2, 16):
        assert drawn(strategies.grids(), lambda g, bits=bits: g.bits == bits).bits == bits


def test_codes_reach_the_ends():
    for q in (OTHER.q_lo, OTHER.q_lo + 1, -1, 0, OTHER.q_hi - 1, OTHER.q_hi):
        assert drawn(strategies.codes(OTHER), lambda code, q=q: code == q) == q


@given(strategies.update_pairs(OTHER, largest=0.5))
def test_update_pairs_start_on_the_grid_and_are_small(pair):
    w, move = pair
    assert float(F(round(w / float(OTHER.delta)) * float(OTHER.delta))) == w
    assert abs(move) <= 0.5 * float(OTHER.delta) * (1 + 2.0**-23)


def test_update_pairs_reach():
    pairs = strategies.update_pairs(GRID)
    assert drawn(pairs, lambda pair: pair[1] == 0)
    assert drawn(pairs, lambda pair: 0 < -pair[1] < 1e-5 and pair[0] == -2.0)
    assert drawn(pairs, lambda pair: pair == (1.75, 0.25))


@given(strategies.cases(bits=(8,), steps="powers of two", given=True))
def test_cases_are_calls(case):
    assert case.bits == 8
    assert case.exact
    assert case.x.dtype == case.u.dtype == F
    assert case.x.shape == case.u.shape
    assert 1 <= case.x.size <= 8
