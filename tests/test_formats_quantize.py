"""``quantize`` onto floating-point formats: held to rational numbers, to enumerations, and to ml_dtypes and gfloat."""

import sys
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import floor

import gfloat
import numpy as np
import pytest

from alpt_ref import Grid, Stream, dequantize, quantize
from alpt_ref.formats import FORMATS, format_of
from alpt_ref.formats import points as pt
from alpt_ref.formats.reference import rounded
from alpt_ref.kernels.cpu.quantize import BLOCK
from alpt_ref.rng import uniforms
from alpt_ref.scalars.jit import JIT
from analysis import bench_formats, enumerate_formats
from tests.formats import KINDS, LAST_U, NAMES, cast, dtype_of, hard
from tests.marks import compiles, long, once
from tests.test_formats import GFLOAT, same

E4M3FN, BFLOAT16 = format_of("float8_e4m3fn"), format_of("bfloat16")
FLOATS = (np.float32, np.float64)
by_type = pytest.mark.parametrize("dtype", FLOATS)
EACH = [  # the controls, and one of float64, are compiled in the long run
    *((np.float32, rounding) for rounding in ("nearest", "nearest_away", "stochastic")),
    *((np.float64, rounding) for rounding in ("nearest", "stochastic")),
    *compiles((np.float64, "nearest_away"), *product(FLOATS, ("toward_zero", "floor"))),
]
each = pytest.mark.parametrize("name", NAMES)
SPECIAL = np.array([np.inf, -np.inf, np.nan, -np.nan, 0.0, -0.0])


def thresholds(kind, x):
    """Pairs of x and u: 0, the last one, and those of 24 bits next to where x changes sides."""
    pairs = []
    for v, rest in zip(x, pt.split(kind, x)[1], strict=True):
        a = Fraction(float(rest)) if v > 0 else 1 - Fraction(float(rest))
        near = {Fraction(floor(a * 2**24) + i, 2**24) for i in (-1, 0, 1)} | {Fraction(0), Fraction(LAST_U)}
        pairs += [(v, float(u)) for u in near if 0 <= u < 1]
    return map(np.array, zip(*pairs, strict=True))


@pytest.mark.parametrize(("dtype", "rounding"), EACH)
def test_codes_are_those_of_the_definition(dtype, rounding):
    """At points, midpoints, their neighbours, tiny, huge and special numbers, of every format; u where it decides."""
    for kind in KINDS:
        x = np.concatenate([hard(kind, dtype, ordinals=3), SPECIAL[: 6 if kind.nan_code is not None else 2].astype(dtype)])
        if rounding != "stochastic":
            assert quantize(x, kind, rounding).tolist() == [rounded(v, kind, rounding) for v in x.tolist()], kind.name
            continue
        finite, u = thresholds(kind, x[np.isfinite(x)][:: 4 if JIT else 7])
        found = quantize(finite.astype(dtype), kind, rounding, u=u.astype(dtype))
        for code, v, w in zip(found, finite, u, strict=True):
            assert code == rounded(float(v), kind, rounding, float(w)), (kind.name, v, w)
        special = x[~np.isfinite(x)]
        assert quantize(special, kind, rounding, seed=1).tolist() == [rounded(v, kind, rounding) for v in special.tolist()]


def test_the_uniform_may_be_of_the_other_type():
    """One of float64 is not rounded to x's float32, nor x's float64 to it."""
    for middle in (1.0625, -1.0625):
        for u, up in ((0.5 - 2.0**-40, True), (0.5, False)):
            found = quantize(np.float32([middle]), E4M3FN, "stochastic", u=np.array([u]))
            assert found == rounded(middle, E4M3FN, "stochastic", u)
            assert (dequantize(found, E4M3FN) > middle) == up
    x = np.array([1.0 + 2.0**-40, 1.125 - 2.0**-40, -1.0 - 2.0**-40])
    for u in (0.0, LAST_U):
        found = quantize(x, E4M3FN, "stochastic", u=np.full(3, u, np.float32))
        assert found.tolist() == [rounded(v, E4M3FN, "stochastic", u) for v in x]


@pytest.mark.parametrize(("dtype", "rounding"), EACH)
def test_numbers_of_the_format_are_fixed(dtype, rounding):
    """For every rule and u: all of them, up to 8 bits."""
    for kind in KINDS:
        x = pt.points(kind)[:: 1 if kind.bits <= 8 and JIT else 101 if JIT else kind.largest // 12 + 1]
        codes = pt.encode(kind, x)
        for u in (0.0, 0.5, LAST_U) if rounding == "stochastic" else (None,):
            given = {} if u is None else {"u": np.full(x.shape, u, dtype)}
            assert np.array_equal(quantize(x.astype(dtype), kind, rounding, **given), codes)
        assert same(dequantize(codes, kind), x)


@pytest.mark.parametrize("name", NAMES)
def test_every_uniform_in_a_slice_of_cells(name):
    """As ``analysis/enumerate_formats.py`` does for all: those at 0, at both ends, at a binade, and some others."""
    kind = format_of(name)
    all_cells = enumerate_formats.all_cells(kind)
    at_ends = [0, 1, kind.largest, kind.largest + 1, -1, -2, kind.largest + 1 + (1 << kind.mantissa_bits)]
    some = all_cells if JIT and kind.bits <= 8 else all_cells[[*at_ends, *range(7, all_cells.size, all_cells.size // 4)]]
    for dtype in FLOATS:
        cells = enumerate_formats.cells_above(kind, some, dtype)
        found = enumerate_formats.stochastic_cells(kind, cells, 8 if JIT else 3)
        assert found.decisions > 0
        assert found.wrong == 0
        if dtype is np.float32 or not JIT:
            assert enumerate_formats.nearest_cells(kind, cells).wrong == 0


@long
@once
def test_every_uniform_in_all_cells(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["enumerate_formats.py"])
    with pytest.raises(SystemExit, match="0"):
        enumerate_formats.main()
    assert "bfloat16" in capsys.readouterr().out


@long
@once
def test_the_benchmark_runs(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench_formats.py", "--log2-n", "10", "--rounds", "2"])
    bench_formats.main()
    assert "stochastic: float8_e4m3fn" in capsys.readouterr().out


@once
@each
def test_nearest_is_the_cast_of_ml_dtypes(name):
    """All high halves of float32 with the low halves that decide, and all float16: NaN and its sign included.

    Their float6 and float4 make a zero of NaN, which is refused here; NumPy's float16 keeps the payload of NaN.
    """
    kind = format_of(name)
    high = np.arange(2**16, dtype=np.uint32)[:, None] << 16
    lows = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x1000, 0x0FFF], np.uint32)
    with np.errstate(invalid="ignore"):  # signalling NaN
        halves = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
    for x in ((high | lows).view(np.float32).reshape(-1), halves):
        kept = x[~np.isnan(x)] if name == "float16" or kind.nan_code is None else x
        assert np.array_equal(quantize(kept, kind), cast(kept, name))


@once
def test_float64_is_never_rounded_to_float32_first():
    """As the cast of ml_dtypes to bfloat16 does; NumPy's to float16 does not."""
    x = np.array([1 + 2.0**-8 + 2.0**-40, -(1 + 2.0**-8 + 2.0**-40)])
    assert dequantize(quantize(x, BFLOAT16), BFLOAT16).tolist() == [1 + 2.0**-7, -(1 + 2.0**-7)]
    assert x.astype(dtype_of("bfloat16")).astype(float).tolist() == [1.0, -1.0]
    half = format_of("float16")
    x = hard(half, np.float64, ordinals=500)
    assert np.array_equal(quantize(x, half), cast(x, "float16"))


@once
@pytest.mark.parametrize("name", GFLOAT)
def test_other_rules_are_those_of_gfloat(name):
    """Their directed modes and ties, and stochastic bits where the fraction has few: away from 0 if delta + b 2^-n >= 1."""
    kind, info = format_of(name), GFLOAT[name]
    saturates = kind.overflow == "saturate"
    x = hard(kind, np.float32, ordinals=100)
    x = x[np.abs(x) <= min(4 * kind.max, 2.0**127)]
    modes = gfloat.RoundMode
    for rounding, mode in (
        ("nearest", modes.TiesToEven),
        ("nearest_away", modes.TiesToAway),
        ("toward_zero", modes.TowardZero),
        ("floor", modes.TowardNegative),
    ):
        theirs = gfloat.round_ndarray(info, x.astype(np.float64), mode, sat=saturates)
        assert same(dequantize(quantize(x, kind, rounding), kind), theirs), rounding
    rng = np.random.default_rng(5)
    k = rng.integers(-kind.largest - 1, kind.largest + 1, 4000)
    low, high = pt.values(kind, k), pt.values(kind, k + 1)
    x = low + (high - low) * rng.integers(0, 2**10, 4000) / 2**10
    bits = rng.integers(0, 2**8, 4000)
    for mode, shift in ((modes.StochasticFastest, 0.0), (modes.StochasticFast, 0.5)):
        b = (bits + shift) / 2**8
        # Up if u < a. Below 0 away is down: u >= 1 - delta. Above 0 away is up: 1 - b <= delta, b in steps of 2^-9.
        u = np.where(x < 0, b, 1 - b - 2.0**-12)
        theirs = gfloat.round_ndarray(info, x, mode, saturates, bits, 8)
        ours = dequantize(quantize(x, kind, "stochastic", u=u), kind)
        assert same(ours, theirs)


def test_overflow_is_as_declared():
    """Between the largest number and the next, if the exponent had no end, as in any cell; beyond for certain."""
    top, end = np.float32(448), np.float32(480)
    middle, beyond = np.array([464, -464], np.float32), np.array([480, -480, 1e30, -1e30, np.inf, -np.inf], np.float32)
    for overflow, code in (("nan", 0x7F), ("saturate", 0x7E)):
        kind = replace(E4M3FN, overflow=overflow)
        assert quantize(middle, kind).tolist() == [0x7E, 0xFE]
        assert quantize(middle, kind, "nearest_away").tolist() == [code, code | 0x80]
        assert quantize(np.nextafter(middle, np.sign(middle) * end), kind).tolist() == [code, code | 0x80]
        assert quantize(middle, kind, "stochastic", u=np.array([0.5 - 2.0**-24, 0.5], np.float32)).tolist() == [
            code,
            code | 0x80,
        ]
        assert quantize(middle, kind, "stochastic", u=np.array([0.5, 0.5 - 2.0**-24], np.float32)).tolist() == [0x7E, 0xFE]
        for rounding in ("nearest", "nearest_away", "stochastic"):
            found = quantize(beyond, kind, rounding, seed=3 if rounding == "stochastic" else None)
            assert found.tolist() == [code, code | 0x80] * 3
        # IEEE 754: towards zero, and down from above 0, a finite number stays one.
        assert quantize(beyond, kind, "toward_zero").tolist() == [0x7E, 0xFE] * 2 + [code, code | 0x80]
        assert quantize(beyond, kind, "floor").tolist() == [0x7E, code | 0x80] * 2 + [code, code | 0x80]
    assert quantize(np.array([top, np.nextafter(top, end)]), E4M3FN, "stochastic", u=np.zeros(2, np.float32)).tolist() == [
        0x7E,
        0x7F,
    ]
    assert quantize(np.array([3.4e38, -3.4e38]), BFLOAT16).tolist() == [0x7F80, 0xFF80]
    assert quantize(np.array([3.4e38, -3.4e38]), BFLOAT16.saturating()).tolist() == [0x7F7F, 0xFF7F]


def test_zeros_have_the_sign_of_x_where_there_is_one():
    x = np.array([-0.0, 0.0, -1e-30, 1e-30], np.float32)
    for dtype in FLOATS:
        assert quantize(x.astype(dtype), E4M3FN).tolist() == [0x80, 0, 0x80, 0]
        assert quantize(x.astype(dtype), E4M3FN, "stochastic", u=np.array([0.9] * 4, dtype)).tolist() == [0x80, 0, 0x80, 0]
        assert quantize(x.astype(dtype), format_of("float8_e4m3fnuz")).tolist() == [0] * 4
    assert quantize(x, format_of("float8_e4m3fnuz"), "floor").tolist() == [0, 0, 0x81, 0]


@by_type
def test_draws_are_those_of_the_counter(dtype):
    n = 2 * BLOCK + 100 if JIT else 40
    x = np.random.default_rng(2).normal(size=n).astype(dtype)
    where = {"seed": 9, "step": 3, "stream": Stream.LINEAR}
    u = uniforms(n, **where, random_bits=6)
    codes = quantize(x, E4M3FN, "stochastic", **where, random_bits=6)
    assert np.array_equal(codes, quantize(x, E4M3FN, "stochastic", u=u))
    for threads in (2, 3):
        assert np.array_equal(codes, quantize(x, E4M3FN, "stochastic", **where, random_bits=6, n_threads=threads))
    tail = n - 17
    assert np.array_equal(codes[tail:], quantize(x[tail:], E4M3FN, "stochastic", **where, random_bits=6, offset=tail))
    assert not np.array_equal(codes, quantize(x, E4M3FN, "stochastic", **where))


def test_shapes_strides_and_out():
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    before, out = x.copy(), np.zeros((3, 4), np.uint16)
    assert quantize(x, BFLOAT16, out=out) is out
    assert np.array_equal(out, quantize(np.asfortranarray(x), BFLOAT16))
    assert np.array_equal(out[:, ::2], quantize(x[:, ::2], BFLOAT16))
    assert np.array_equal(x, before)
    assert quantize(np.float32(0.3), E4M3FN).shape == ()
    assert quantize(np.zeros((0, 3), np.float32), E4M3FN).shape == (0, 3)
    assert dequantize(np.int64(0x38), E4M3FN) == np.float32(1)
    assert dequantize(np.array([[1, 255]], np.uint8), E4M3FN).dtype == np.float32
    numbers = dequantize(quantize(x, BFLOAT16), BFLOAT16)
    numbers[0] = 7  # not a view of the table
    assert np.array_equal(dequantize(quantize(x, BFLOAT16), BFLOAT16)[1:], numbers[1:])
    assert dequantize(0, E4M3FN) == 0


ONES = np.ones((2, 3), np.float32)
BAD = np.array([[1, 1, 1], [np.inf, 1, np.nan]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda out: quantize(BAD, FORMATS["float4_e2m1fn"], out=out), r"x\[1, 2\] is NaN, which float4_e2m1fn does not have"),
        (lambda out: quantize(np.float32(np.nan), FORMATS["float6_e2m3fn"]), "x is NaN, which float6_e2m3fn does not have"),
        (lambda out: quantize([1, 2], E4M3FN), "x must be float32 or float64, got int64"),
        (lambda out: quantize(np.ma.masked_array(ONES, ONES > 0), E4M3FN), "x has masked values"),
        (
            lambda out: quantize(ONES, E4M3FN, "up", out=out),
            "rounding must be one of nearest, nearest_away, stochastic, toward_zero, floor, got 'up'",
        ),
        (lambda out: quantize(ONES, Grid(8, 0.1), "nearest_away"), "rounding must be one of nearest, stochastic, toward_zero"),
        (lambda out: quantize(ONES, "bfloat16", out=out), "grid must be a Grid or a Format, got str"),
        (lambda out: quantize(ONES, E4M3FN, "stochastic", out=out), "exactly one of u and seed, got neither"),
        (lambda out: quantize(ONES, E4M3FN, "stochastic", u=ONES / 2, seed=1, out=out), "one of u and seed, got both"),
        (lambda out: quantize(ONES, E4M3FN, "stochastic", u=ONES, out=out), r"u\[0, 0\] must be in \[0, 1\), got 1.0"),
        (lambda out: quantize(ONES, E4M3FN, "stochastic", u=BAD / 2, out=out), r"u\[1, 0\] is not finite"),
        (lambda out: quantize(ONES, E4M3FN, "stochastic", u=ONES[0], out=out), r"u must have the shape of x, \(2, 3\)"),
        (lambda out: quantize(ONES, E4M3FN, "stochastic", seed=1, random_bits=25, out=out), "random_bits"),
        (lambda out: quantize(ONES, E4M3FN, "stochastic", seed=1, offset=-1, out=out), "offset must be an integer"),
        (lambda out: quantize(ONES, E4M3FN, n_threads=0, out=out), "n_threads must be a positive integer"),
        (lambda out: quantize(ONES, BFLOAT16, out=out), "out must be an array of dtype uint16"),
        (lambda out: quantize(ONES[:1], E4M3FN, out=out), r"out must be an array of dtype uint8 and shape \(1, 3\)"),
        (lambda out: quantize(ONES.T, E4M3FN, out=out.T), "out must be writeable, C-contiguous"),
        (lambda out: dequantize([1.0], E4M3FN), "codes must be integers, got float64"),
        (lambda out: dequantize([[0, 256]], E4M3FN), r"codes\[0, 1\] must be in \[0, 255\], got 256"),
        (lambda out: dequantize([-1], FORMATS["float4_e2m1fn"]), r"codes\[0\] must be in \[0, 15\], got -1"),
        (lambda out: dequantize([1], "bfloat16"), "grid must be a Grid or a Format, got str"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(call, message):
    out = np.full((2, 3), 77, np.uint8)
    with pytest.raises(ValueError, match=message):
        call(out)
    assert np.all(out == 77)
