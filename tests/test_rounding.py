"""Every rule against exact rational arithmetic, in float32 and float64, where it is hardest: ties, edges, tiny."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref import reference
from alpt_ref.scalars.rounding import FLOAT32, FLOAT64, MAX_MOVE, ROUNDINGS, check_rounding, mover, rules_for
from alpt_ref.testing import strategies

TYPES = {"float32": (np.float32, FLOAT32), "float64": (np.float64, FLOAT64)}
LATTICE = strategies.uniforms()


@st.composite
def moves(draw, real):
    """Moves in cells that matter: integers, midpoints, their neighbours, tiny and huge ones."""
    base = draw(st.integers(-300, 300)) / draw(st.sampled_from([1, 2, 4]))
    t = real(base)
    for _ in range(draw(st.integers(0, 2))):
        t = np.nextafter(t, real(draw(st.sampled_from([-np.inf, np.inf]))))
    tiny = draw(st.sampled_from([0.0, 1e-30, -1e-30, 2.0**-25, -(2.0**-25), -(2.0**-30)]))
    free = draw(st.floats(-1e3, 1e3, width=32))
    return real(draw(st.sampled_from([t, tiny, free, 1e9, -1e9])))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_move_is_exact(name, rounding, data):
    real, rules = TYPES[name]
    bits = data.draw(st.integers(2, 16))
    lo, hi = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    q = data.draw(st.integers(lo, hi))
    t, u = data.draw(moves(real)), data.draw(LATTICE)
    code = mover(rules, rounding)(real(q), t, rules.wrap(real(u)), real(lo), real(hi))
    assert int(code) == code == reference.next_code(q, t, u, rounding, lo, hi)


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_a_uniform_next_to_the_fraction_decides_exactly(name, data):
    """u on the lattice just below, at and above a = frac(t): rounds up for u < a alone, with no rounding of a."""
    real, rules = TYPES[name]
    t = data.draw(moves(real).filter(lambda t: abs(t) < MAX_MOVE))
    a = Fraction(float(t)) % 1
    for u in (Fraction(int(a * 2**24) + k, 2**24) for k in (-1, 0, 1)):
        if 0 <= u < 1:
            moved = mover(rules, "stochastic")(real(0), t, rules.wrap(real(float(u))), real(-(2**21)), real(2**21))
            assert int(moved) == reference.next_code(0, t, float(u), "stochastic", -(2**21), 2**21)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", TYPES)
@given(st.integers(-(2**15), 2**15 - 1), LATTICE)
def test_no_move_leaves_the_code(name, rounding, q, u):
    real, rules = TYPES[name]
    assert mover(rules, rounding)(real(q), real(-0.0), rules.wrap(real(u)), real(-(2**15)), real(2**15 - 1)) == q


@pytest.mark.parametrize("name", TYPES)
def test_rint_is_ieee_rint_up_to_the_largest_move(name):
    real, rules = TYPES[name]
    for n in (0, 1, 2, 3, 255, 1001, int(MAX_MOVE)):
        for t in (n, n + 0.5, n + 0.25, np.nextafter(real(n + 0.5), real(0))):
            for sign in (1, -1):
                assert rules.rint(real(sign * t)) == np.rint(real(sign * t))


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_every_u_of_a_small_lattice_gives_the_stated_probability(name, data):
    """P(up) = ceil(2^k a) / 2^k over u in {0, ..., 2^k - 1} / 2^k, by enumeration (Q2, L6)."""
    real, rules = TYPES[name]
    k = data.draw(st.integers(1, 6))
    t = real(data.draw(st.floats(-20, 20, width=32)))
    below = np.floor(float(t))
    n = np.rint(t)
    ups = [rules.stochastic(n, t - n, rules.wrap(real(i * 2.0**-k))) - below for i in range(2**k)]
    assert set(ups) <= {0, 1}
    a = Fraction(float(t)) - int(below)
    assert sum(ups) == -((-a * 2**k) // 1)


def test_names():
    assert rules_for(np.dtype(np.float32)) is FLOAT32
    assert rules_for(np.dtype(np.float64)) is FLOAT64
    with pytest.raises(ValueError, match="rounding must be one of nearest, stochastic, toward_zero, floor, got 'up'"):
        check_rounding("up")
