"""Block formats: e8m0 scales against ml_dtypes, blocks against rational numbers and gfloat, and every input they refuse."""

from itertools import product

import gfloat
import gfloat.formats as theirs
import ml_dtypes
import numpy as np
import pytest

from alpt_ref.formats import BLOCK_FORMATS, BlockFormat, format_of
from alpt_ref.formats import points as pt
from alpt_ref.formats.blocks import MXFP4, MXFP8_E4M3, block_format_of, scale_codes, scale_numbers
from alpt_ref.formats.reference import rounded_block
from alpt_ref.quantizer import dequantize_blocks, quantize_blocks
from alpt_ref.rng import uniforms
from alpt_ref.scalars.floats import FORMAT_ROUNDINGS
from alpt_ref.scalars.jit import JIT
from tests.formats import LAST_U
from tests.marks import compiles, once

INFOS = {
    "mxfp8_e4m3": theirs.format_info_mxfp8_e4m3,
    "mxfp8_e5m2": theirs.format_info_mxfp8_e5m2,
    "mxfp6_e2m3": theirs.format_info_mxfp6_e2m3,
    "mxfp6_e3m2": theirs.format_info_mxfp6_e3m2,
    "mxfp4_e2m1": theirs.format_info_mxfp4_e2m1,
}
each = pytest.mark.parametrize("name", BLOCK_FORMATS)
MAIN = [(np.float32, "nearest"), (np.float32, "stochastic"), (np.float64, "stochastic")]
EACH = [*MAIN, *compiles(*(pair for pair in product((np.float32, np.float64), FORMAT_ROUNDINGS) if pair not in MAIN))]


def hard_blocks(kind, dtype, size, n=6):
    """Blocks (many, size): in every part of the range, the largest at or next to a power of two, elements at points, midpoints
    and their neighbours, some of them far below; zeros; and the ends of ``dtype``."""
    rng = np.random.default_rng(kind.element.largest)
    low, high = (-149, 127) if dtype is np.float32 else (-1074, 1023)
    exponents = np.unique(np.clip([low, low + 3, -140, -128, -127, -126, -3, 0, 5, 119, 126, 127, 140, high], low, high))
    blocks = []
    for e in np.repeat(exponents, n):
        points = pt.values(kind.element, rng.integers(0, kind.element.largest, size))
        half = pt.gaps(kind.element, points) * rng.choice([0, 0.25, 0.5, 0.75], size)
        scale = int(e) - kind.element.emax
        with np.errstate(under="ignore", over="ignore"):
            x = np.ldexp(points + half, scale).astype(dtype)
            x = np.nextafter(x, dtype(rng.choice([-np.inf, np.inf]))) if rng.random() < 0.5 else x
            x[rng.integers(size)] = np.ldexp(dtype(rng.choice([1.0, 1.5, 1.99])), int(e))
            x[rng.integers(size)] = rng.choice([0.0, np.finfo(dtype).smallest_subnormal, np.finfo(dtype).smallest_normal])
        x = np.where(np.isfinite(x), x, np.finfo(dtype).max)
        blocks.append(x * rng.choice([-1, 1], size).astype(dtype))
    return np.array([*blocks, np.zeros(size, dtype), -np.zeros(size, dtype), np.full(size, np.finfo(dtype).max)], dtype)


@once
def test_scales_are_those_of_ml_dtypes_and_gfloat():
    codes = np.arange(256, dtype=np.uint8)
    numbers = codes.view(ml_dtypes.float8_e8m0fnu).astype(np.float64)
    assert np.array_equal(scale_numbers(codes), numbers, equal_nan=True)
    assert np.array_equal(scale_codes(numbers), codes)
    decoded = [gfloat.decode_float(theirs.format_info_ocp_e8m0, int(code)).fval for code in codes]
    assert np.array_equal(scale_numbers(codes), decoded, equal_nan=True)
    for bad in (3.0, 0.0, -1.0, 2.0**128, 2.0**-128, np.inf):
        with pytest.raises(ValueError, match=r"scales\[1\] must be a number of e8m0, got "):
            scale_codes([1.0, bad])
    for bad in ([1.0], [256], -1):
        with pytest.raises(ValueError, match=r"codes of scales(\[0\])? must be (integers|in \[0, 255\]), got "):
            scale_numbers(bad)
    masked = np.ma.array([1], mask=[1])
    for refused in (scale_numbers, scale_codes, lambda codes: dequantize_blocks(codes, np.zeros(32, int), MXFP4)):
        with pytest.raises(ValueError, match="scales has masked values"):
            refused(masked)
    assert BlockFormat(MXFP4.element, np.int8(100)).size * 2 == 200


def test_the_tiniest_uniforms_decide_against_tinier_numbers():
    """Quotients below 2^-1022, with u about them: x is 2^-1000 to 2^-940 and the scale 2^127."""
    kind = BlockFormat(MXFP4.element, 2)
    for x, u in product(
        (5e-324, 2.0**-1000, 2.0**-960, 2.0**-940, 3.3e-290), (0.0, 5e-324, 2.0**-1067, 2.0**-1066, 2.0**-1023)
    ):
        for sign in (1.0, -1.0):
            given, own = [2.0**129, sign * x], [0.5, u]
            codes = quantize_blocks(given, kind, "stochastic", u=own)[1]
            assert codes.tolist() == rounded_block(given, kind, "stochastic", own)[1], (x, u, sign)


@pytest.mark.parametrize(("dtype", "rounding"), EACH)
def test_blocks_are_those_of_the_definition(dtype, rounding):
    rng = np.random.default_rng(1)
    for element in (kind.element for kind in BLOCK_FORMATS.values()):
        kind = BlockFormat(element, 8)
        x = hard_blocks(kind, dtype, 8, n=6 if JIT else 1)
        u = rng.choice([0.0, 0.25, 0.5, 0.5 - 2.0**-24, 0.75, LAST_U, 2.0**-24], x.shape).astype(dtype)
        given = {"u": u} if rounding == "stochastic" else {}
        scales, codes = quantize_blocks(x, kind, rounding, **given)
        for i, block in enumerate(x.tolist()):
            assert (scales[i, 0], codes[i].tolist()) == rounded_block(block, kind, rounding, u[i].tolist()), (rounding, block)
        numbers = dequantize_blocks(scales, codes, kind)
        with np.errstate(over="ignore"):
            exact = scale_numbers(scales) * pt.decode(kind.element, codes)
            assert np.array_equal(numbers, exact.astype(np.float32))
        if dtype is np.float32:
            assert np.array_equal(numbers, exact)


@once
@each
def test_blocks_are_those_of_gfloat(name):
    """Where a scale is not at the end of its range; their quantizer makes floats."""
    kind, info = BLOCK_FORMATS[name], INFOS[name]
    assert (kind.size, kind.element.emax) == (info.k, info.etype.emax)
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(40, 32)) * 2.0 ** rng.integers(-30, 30, (40, 1))).astype(np.float32)
    x[0] = 0
    found = dequantize_blocks(*quantize_blocks(x, kind), kind)
    for ours, block in zip(found, x, strict=True):
        assert np.array_equal(ours, gfloat.quantize_block(info, block.astype(float), gfloat.compute_scale_amax))
    scales, codes = quantize_blocks(x, kind)
    assert scales[0] == 0
    assert np.array_equal(list(gfloat.decode_block(info, [int(scales[3, 0]), *map(int, codes[3])])), found[3])


def test_numbers_of_a_block_stay_and_an_element_saturates():
    x = np.array([[448.0] + [0.0] * 30 + [-511.0]], np.float32)
    scales, codes = quantize_blocks(x, MXFP8_E4M3)
    assert scales.tolist() == [[127]]
    assert dequantize_blocks(scales, codes, MXFP8_E4M3)[0, [0, 1, 31]].tolist() == [448.0, 0.0, -448.0]
    for u in (0.0, LAST_U):
        again = dequantize_blocks(scales, codes, MXFP8_E4M3)
        assert np.array_equal(quantize_blocks(again, MXFP8_E4M3, "stochastic", u=np.full(again.shape, u, np.float32))[1], codes)
    assert np.signbit(dequantize_blocks(*quantize_blocks(-np.zeros((1, 32), np.float32), MXFP4), MXFP4)).all()


def test_a_block_that_is_not_of_numbers_is_nan():
    x = np.ones((2, 96), np.float32)
    x[0, 40], x[1, 95] = np.nan, -np.inf
    for given in ({}, {"rounding": "stochastic", "seed": 4}):
        scales, codes = quantize_blocks(x, MXFP4, **given)
        assert (scales == 255).tolist() == [[False, True, False], [False, False, True]]
        assert (codes[scales.repeat(32, axis=1) == 255] == 0).all()
        assert np.array_equal(np.isnan(dequantize_blocks(scales, codes, MXFP4)), scales.repeat(32, axis=1) == 255)


def test_draws_are_those_of_the_counter():
    x = np.random.default_rng(2).normal(size=(3, 32 * (70 if JIT else 2))).astype(np.float32)
    u = uniforms(x.size, seed=7, step=2, stream=0, offset=5, random_bits=9).reshape(x.shape)
    scales, codes = quantize_blocks(x, MXFP8_E4M3, "stochastic", u=u)
    for threads in (1, 2, 3):
        drawn = quantize_blocks(x, MXFP8_E4M3, "stochastic", seed=7, step=2, offset=5, random_bits=9, n_threads=threads)
        assert np.array_equal(scales, drawn[0])
        assert np.array_equal(codes, drawn[1])
    assert [a.shape for a in quantize_blocks(x[:0, :64], MXFP4)] == [(0, 2), (0, 64)]
    assert [a.shape for a in quantize_blocks(x[:, 32:64], MXFP4)] == [(3, 1), (3, 32)]


ONES = np.ones((2, 32), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BlockFormat("float8_e5m2"), "element must be a Format, got str"),
        (lambda: BlockFormat(format_of("float8_e5m2"), 0), "size must be an integer of at least 1"),
        (lambda: block_format_of("mx"), "block format must be one of mxfp8_e4m3"),
        (lambda: quantize_blocks(ONES, format_of("float8_e5m2")), "kind must be a BlockFormat, got Format"),
        (lambda: quantize_blocks(ONES, MXFP4, "up"), "rounding must be one of"),
        (lambda: quantize_blocks(ONES, MXFP4, n_threads=0), "n_threads must be a positive integer"),
        (lambda: quantize_blocks(ONES, MXFP4, "stochastic"), "exactly one of u and seed, got neither"),
        (lambda: quantize_blocks(ONES, MXFP4, "stochastic", u=ONES), r"u\[0, 0\] must be in \[0, 1\)"),
        (lambda: quantize_blocks([1, 2], MXFP4), "x must be float32 or float64, got int64"),
        (lambda: quantize_blocks(ONES[:, 1:], MXFP4), r"x must have a last axis of a multiple of 32, got shape \(2, 31\)"),
        (lambda: quantize_blocks(np.float32(1), MXFP4), r"x must have a last axis of a multiple of 32, got shape \(\)"),
        (lambda: dequantize_blocks([[1]], np.zeros((1, 32), int), "mx"), "kind must be a BlockFormat, got str"),
        (lambda: dequantize_blocks([[1, 2]], np.zeros((1, 32), int), MXFP4), r"scales must have one entry for 32 codes"),
        (lambda: dequantize_blocks([[256]], np.zeros((1, 32), int), MXFP4), r"codes of scales\[0, 0\] must be in \[0, 255\]"),
        (lambda: dequantize_blocks([[1]], np.full((1, 32), 16), MXFP4), r"codes\[0, 0\] must be in \[0, 15\], got 16"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert block_format_of("mxfp4_e2m1") is block_format_of(MXFP4)
