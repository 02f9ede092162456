"""Lemmas Q1 to Q6 of the quantizer as properties, the counters behind it, and every input it refuses."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alpt_ref import Grid, Stream, dequantize, quantize, reference
from alpt_ref.kernels.cpu.quantize import BLOCK
from alpt_ref.rng import uniforms
from alpt_ref.scalars.jit import JIT
from alpt_ref.scalars.rounding import ROUNDINGS, rules_for
from alpt_ref.testing import strategies
from tests import marks

FLOATS = (np.float32, np.float64)
EACH = [
    *((np.float32, rounding) for rounding in ROUNDINGS),
    *((np.float64, rounding) for rounding in ("nearest", "stochastic")),
    *(pytest.param(np.float64, rounding, marks=marks.compiled) for rounding in ("toward_zero", "floor")),
]
LAST_U = strategies.LAST_UNIFORM


@st.composite
def near_grid(draw, dtype):
    """A grid, and values that matter to it."""
    grid = draw(strategies.grids())
    return draw(strategies.arrays_of(strategies.values(grid, dtype), dtype=dtype)), grid


def q(x, grid, rounding, u):
    return quantize(np.asarray(x), grid, rounding, **({"u": u} if rounding == "stochastic" else {}))


@pytest.mark.parametrize(("dtype", "rounding"), EACH)
@given(data=st.data())
def test_q1_stored_grid_points_are_fixed(dtype, rounding, data):
    grid, u = data.draw(strategies.grids()), data.draw(strategies.uniforms())
    n = data.draw(hnp.arrays(np.int64, st.integers(1, 20), elements=st.integers(grid.q_lo, grid.q_hi)))
    stored = [dequantize(n, grid).astype(dtype)]
    if dtype == np.float64:
        stored.append(n * float(grid.delta))
    for x in stored:
        assert np.array_equal(q(x, grid, rounding, np.full(x.shape, u)), n)


def test_q1_where_floor_of_s_plus_u_fails():
    """theory.md, Q1: s = -2.9999998 moves for u below 2.4e-7 unless the stored point is recognized."""
    grid = Grid(8, np.float32(0.012356101))
    x = dequantize([-3], grid)
    assert float(x[0] / grid.delta) != -3
    for u in (0.0, 2.0**-24, LAST_U):
        assert quantize(x, grid, "stochastic", u=np.array([u])) == -3


@pytest.mark.parametrize("dtype", FLOATS)
@given(data=st.data())
def test_codes_are_those_of_exact_arithmetic_on_s(dtype, data):
    """Beside the one division, nothing is rounded: R(clip(s)) in rational arithmetic, u next to the threshold."""
    x, grid = data.draw(near_grid(dtype))
    u = data.draw(strategies.uniforms())
    with np.errstate(over="ignore", under="ignore"):
        s = x / dtype(grid.delta)
        stored = np.rint(np.clip(s, grid.q_lo, grid.q_hi)).astype(dtype)
        snapped = stored * dtype(grid.delta) == x
        snapped |= (stored.astype(np.float32) * grid.delta).astype(dtype) == x
        s = np.clip(np.where(snapped, stored, s), grid.q_lo, grid.q_hi)
    for rounding in ROUNDINGS:
        expected = [reference.next_code(0, t, u, rounding, grid.q_lo, grid.q_hi) for t in s]
        assert q(x, grid, rounding, np.full(x.shape, u)).tolist() == expected


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("k", [1, 4, 8])
@given(data=st.data())
def test_q2_bias_by_enumeration_of_the_random_bits(dtype, k, data):
    """Mean over u in 2^-k Z is P(x) + (ceil(2^k a)/2^k - a) delta, exactly, for power-of-two steps (s is exact)."""
    bits, exponent = data.draw(st.integers(2, 8)), data.draw(st.integers(-10, 3))
    grid = Grid(bits, 2.0**exponent)
    x = dtype(data.draw(st.floats(-300, 300, width=32)) * 2.0**exponent)
    u = np.arange(2**k) / 2**k
    codes = quantize(np.full(2**k, x), grid, "stochastic", u=u)
    s = min(max(Fraction(float(x)) / Fraction(2) ** exponent, Fraction(grid.q_lo)), Fraction(grid.q_hi))
    a = s % 1
    bias = -((-a * 2**k) // 1) / Fraction(2**k) - a
    assert Fraction(int(codes.sum()), 2**k) == s + bias
    assert 0 <= bias < Fraction(1, 2**k)


@given(st.integers(1, 24), st.floats(-100, 100, width=32))
def test_random_bits_argument_draws_on_its_lattice(k, x):
    grid = Grid(8, 0.37)
    xs = np.full(64, x, np.float32)
    u = uniforms(64, seed=5, step=2, stream=Stream.QUANTIZE, random_bits=k)
    drawn = quantize(xs, grid, "stochastic", seed=5, step=2, random_bits=k)
    assert np.array_equal(drawn, quantize(xs, grid, "stochastic", u=u))


@given(data=st.data())
def test_q3_variance_is_a_times_one_minus_a(data):
    """Exact second moment over the lattice 2^-10, fractions on the same lattice; and the bound by the move."""
    k = 10
    grid = Grid(8, 0.5)
    w = data.draw(st.integers(-100, 100))
    move = Fraction(data.draw(st.integers(-4 * 2**k, 4 * 2**k)), 2**k)
    codes = quantize(np.full(2**k, float((w + move) / 2)), grid, "stochastic", u=np.arange(2**k) / 2**k)
    mean = Fraction(int(codes.sum()), 2**k)
    variance = Fraction(int((codes.astype(np.int64) ** 2).sum()), 2**k) - mean**2
    a = move % 1
    assert mean == w + move
    assert variance == a * (1 - a) <= min(abs(move), Fraction(1, 4))


@pytest.mark.parametrize("dtype", FLOATS)
@given(data=st.data())
def test_q4_nearest_is_nearest(dtype, data):
    x, grid = data.draw(near_grid(dtype))
    delta = Fraction(float(grid.delta))
    for value, code in zip(x, quantize(x, grid), strict=True):
        clipped = min(max(Fraction(float(value)), grid.q_lo * delta), grid.q_hi * delta)
        error = abs(code * delta - clipped)
        slack = abs(clipped) * Fraction(1, 2**23)  # the division
        assert error <= delta / 2 + slack
        neighbours = [c for c in (int(code) - 1, int(code) + 1) if grid.q_lo <= c <= grid.q_hi]
        assert all(error <= abs(c * delta - clipped) + 2 * slack for c in neighbours)


@pytest.mark.parametrize(("dtype", "rounding"), EACH)
@given(data=st.data())
def test_q5_order_and_scaling(dtype, rounding, data):
    x, grid = data.draw(near_grid(dtype))
    x, u = np.sort(x), data.draw(strategies.uniforms())
    codes = q(x, grid, rounding, np.full(x.shape, u))
    assert np.all(np.diff(codes.astype(int)) >= 0)
    if rounding == "stochastic":
        higher_u = q(x, grid, rounding, np.full(x.shape, LAST_U))
        assert np.all(higher_u <= codes)
    normal = (np.abs(x) == 0) | ((np.abs(x) > 1e-30) & (np.abs(x) < 1e30))
    scaled = q(
        x[normal] * dtype(2.0**-4),
        Grid(grid.bits, grid.delta * np.float32(2.0**-4)),
        rounding,
        np.full(normal.sum(), u),
    )
    assert np.array_equal(scaled, codes[normal])


@pytest.mark.parametrize("dtype", FLOATS)
@given(data=st.data())
def test_q6_and_saturation(dtype, data):
    """Values beyond the box give its edge, never a wrap; projections do not move away from points of the box."""
    grid = data.draw(strategies.grids())
    far = np.array([1e38, -1e38, 2.0 * grid.q_hi * grid.delta, 2.0 * grid.q_lo * grid.delta], dtype)
    for rounding in ROUNDINGS:
        edge = q(far, grid, rounding, np.full(4, LAST_U))
        assert edge.tolist() == [grid.q_hi, grid.q_lo] * 2
    s, n = dtype(data.draw(st.floats(-1e5, 1e5))), dtype(data.draw(st.integers(grid.q_lo, grid.q_hi)))
    clipped = rules_for(np.dtype(dtype)).clip(s, dtype(grid.q_lo), dtype(grid.q_hi))
    assert grid.q_lo <= clipped <= grid.q_hi
    assert abs(clipped - n) <= abs(s - n)


@given(hnp.arrays(np.float32, (3, 5), elements=st.floats(-2, 2, width=32)), st.integers(2, 9))
def test_one_delta_per_row_is_each_row_by_itself(x, bits):
    steps = np.array([0.1, 0.03, 0.7], np.float32)
    for rounding in ("nearest", "stochastic"):
        random = {"seed": 4, "step": 1} if rounding == "stochastic" else {}
        whole = quantize(x, Grid(bits, steps), rounding, **random)
        for i, delta in enumerate(steps):
            offset = {"offset": 5 * i} if random else {}
            assert np.array_equal(whole[i], quantize(x[i], Grid(bits, delta), rounding, **random, **offset))
        assert np.array_equal(dequantize(whole, Grid(bits, steps)), whole * steps[:, None])


def test_counters_and_threads():
    n = 3 * BLOCK + 77 if JIT else 300
    x = np.linspace(-2, 2, n, dtype=np.float32)
    grid = Grid(8, 0.0131)
    codes = quantize(x, grid, "stochastic", seed=9, step=3, stream=Stream.LINEAR)
    u = uniforms(n, seed=9, step=3, stream=Stream.LINEAR)
    assert np.array_equal(codes, quantize(x, grid, "stochastic", u=u))
    for threads in (2, 3):
        assert np.array_equal(codes, quantize(x, grid, "stochastic", seed=9, step=3, stream=Stream.LINEAR, n_threads=threads))
    assert np.array_equal(codes[100:], quantize(x[100:], grid, "stochastic", seed=9, step=3, stream=Stream.LINEAR, offset=100))
    assert not np.array_equal(codes, quantize(x, grid, "stochastic", seed=9, step=4, stream=Stream.LINEAR))


def test_out_shapes_and_memory():
    x = np.linspace(-1, 1, 12, dtype=np.float64).reshape(3, 4)
    before = x.copy()
    out = np.zeros((3, 4), np.int16)
    assert quantize(x, Grid(9, 0.01), out=out) is out
    assert np.array_equal(out, quantize(np.asfortranarray(x), Grid(9, 0.01)))
    assert np.array_equal(x, before)
    assert quantize(np.float32(0.3), Grid(4, 0.1)).shape == ()
    assert quantize(np.zeros((0, 3), np.float32), Grid(4, 0.1)).shape == (0, 3)
    assert dequantize(np.int64(3), Grid(4, 0.5)) == np.float32(1.5)


ONES = np.ones((2, 3), np.float32)
BAD = np.array([[1, 1, 1], [1, 1, np.nan]], np.float32)
INF = np.array([[1, 1, 1], [-np.inf, 1, 1]])
G = Grid(8, 0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda out: quantize(BAD, G, out=out), r"x\[1, 2\] is not finite"),
        (lambda out: quantize(INF, G, out=out), r"x\[1, 0\] is not finite"),
        (lambda out: quantize(np.float32(np.nan), G), r"x is not finite"),
        (lambda out: quantize([1, 2], G), "x must be float32 or float64, got int64"),
        (lambda out: quantize(ONES, G, "up", out=out), "rounding must be one of"),
        (lambda out: quantize(ONES, G, "stochastic", out=out), "exactly one of u and seed, got neither"),
        (
            lambda out: quantize(ONES, G, "stochastic", u=ONES / 2, seed=1, out=out),
            "exactly one of u and seed, got both",
        ),
        (
            lambda out: quantize(ONES, G, "stochastic", u=ONES, out=out),
            r"u\[0, 0\] must be in \[0, 1\), got 1.0",
        ),
        (lambda out: quantize(ONES, G, "stochastic", u=BAD / 2, out=out), r"u\[1, 2\] is not finite"),
        (
            lambda out: quantize(ONES, G, "stochastic", u=ONES[0] / 2, out=out),
            r"u must have the shape of x, \(2, 3\)",
        ),
        (
            lambda out: quantize(ONES, G, "stochastic", seed=-1, out=out),
            r"seed must be an integer in \[0, 2\^64\)",
        ),
        (lambda out: quantize(ONES, G, "stochastic", seed=1, random_bits=25, out=out), "random_bits"),
        (lambda out: quantize(ONES, G, n_threads=0, out=out), "n_threads must be a positive integer"),
        (lambda out: quantize(ONES, Grid(8, [0.1] * 3), out=out), r"x must have shape \(3, k\)"),
        (lambda out: quantize(ONES, Grid(9, 0.1), out=out), "out must be an array of dtype int16"),
        (
            lambda out: quantize(ONES[:1], G, out=out),
            r"out must be an array of dtype int8 and shape \(1, 3\)",
        ),
        (lambda out: quantize(ONES.T, G, out=out.T), "out must be writeable, C-contiguous"),
        (lambda out: quantize(ONES, G, out=ONES.view(np.int8)[:, :3]), "out must be writeable"),
        (lambda out: quantize(ONES, 8, out=out), "grid must be a Grid or a Format, got int"),
        (lambda out: quantize(ONES, G, "stochastic", seed=1, offset=-1, out=out), "offset must be an integer"),
        (lambda out: dequantize([1.0], G), "codes must be integers"),
        (lambda out: dequantize([[0, 200]], G), r"codes\[0, 1\] must be in \[-128, 127\], got 200"),
        (lambda out: dequantize([1, 2], Grid(8, [0.1, 0.2])), r"codes must have shape \(2, k\)"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(call, message):
    out = np.full((2, 3), 77, np.int8)
    with pytest.raises(ValueError, match=message):
        call(out)
    assert np.all(out == 77)
