"""Formats as data: codes, numbers, order and gaps against ml_dtypes, gfloat, and rational numbers from the definition."""

import re
from bisect import bisect_right
from fractions import Fraction
from pathlib import Path

import gfloat
import gfloat.formats as theirs
import ml_dtypes
import numpy as np
import pytest

from alpt_ref import quantize
from alpt_ref.formats import FORMATS, Format, format_of
from alpt_ref.formats import points as pt
from alpt_ref.formats.reference import magnitudes
from tests.formats import KINDS, NAMES, cast, dtype_of, hard
from tests.marks import long

pytestmark = pytest.mark.edge
GFLOAT = {
    "bfloat16": theirs.format_info_bfloat16,
    "float16": theirs.format_info_binary16,
    "float8_e5m2": theirs.format_info_ocp_e5m2,
    "float8_e4m3fn": theirs.format_info_ocp_e4m3,
    "float6_e2m3fn": theirs.format_info_ocp_e2m3,
    "float6_e3m2fn": theirs.format_info_ocp_e3m2,
    "float4_e2m1fn": theirs.format_info_ocp_e2m1,
}
each = pytest.mark.parametrize("name", NAMES)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def same(a, b):
    """The same numbers, signs of zeros included; NaN where NaN."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a[~np.isnan(a)]), np.signbit(b[~np.isnan(b)]))


@each
def test_codes_are_those_of_ml_dtypes(name):
    """Every code, NaN among them, and what their cast makes of NaN and of infinities."""
    kind = format_of(name)
    codes = np.arange(1 << kind.bits, dtype=kind.code_dtype)
    with np.errstate(invalid="ignore"):  # signalling NaN
        numbers = codes.view(dtype_of(name)).astype(np.float64)
    assert same(pt.decode(kind, codes), numbers)
    assert same(pt.decode(kind, codes.astype(np.int64)), numbers)
    back = pt.encode(kind, numbers)
    assert back.dtype == kind.code_dtype
    assert np.array_equal(back[~np.isnan(numbers)], codes[~np.isnan(numbers)])
    special = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0])
    kept = [not (np.isnan(x) and kind.nans == "none") and not (np.isinf(x) and not kind.infinities) for x in special]
    assert np.array_equal(pt.encode(kind, special[kept]), cast(special[kept], name))


@each
def test_extremes_are_those_of_ml_dtypes(name):
    kind = format_of(name)
    info = np.finfo(np.float16) if name == "float16" else ml_dtypes.finfo(dtype_of(name))
    assert kind.max == float(info.max)
    assert kind.smallest == float(info.smallest_subnormal)
    assert kind.smallest_normal == float(info.smallest_normal)
    assert (kind.mantissa_bits, kind.exponent_bits) == (info.nmant, info.nexp)
    assert float(pt.gaps(kind, 1.0)) == float(info.eps)
    assert float(np.log2(kind.smallest_normal)) == kind.emin
    assert 2.0**kind.emax <= kind.max < 2.0 ** (kind.emax + 1)


@pytest.mark.parametrize("name", GFLOAT)
def test_codes_are_those_of_gfloat(name):
    kind, info = format_of(name), GFLOAT[name]
    codes = range(1 << kind.bits)
    assert same(pt.decode(kind, list(codes)), [gfloat.decode_float(info, code).fval for code in codes])
    assert (kind.max, kind.smallest, kind.smallest_normal) == (info.max, info.smallest, info.smallest_normal)
    assert (kind.mantissa_bits + 1, kind.bias, kind.emax) == (info.precision, info.bias, info.emax)
    assert kind.infinities == (info.domain == gfloat.Domain.Extended)
    assert kind.negative_zero == info.has_nz
    assert (kind.nan_code is None) == (info.num_nans == 0)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=kind.name, marks=long if kind.bits > 8 and kind.name not in NAMES else ()) for kind in KINDS]
)
def test_points_and_codes_are_those_of_the_definition(kind):
    numbers, codes = magnitudes(kind)
    positive = pt.values(kind, np.arange(kind.largest + 2)).tolist()
    assert positive == list(map(float, numbers)) == list(numbers)
    points = pt.points(kind)
    assert points.size == 2 * kind.largest + 1
    assert np.array_equal(points, -points[::-1])
    assert np.array_equal(points[kind.largest :], positive[:-1])
    assert np.array_equal(pt.encode(kind, points[kind.largest :]), codes[:-1])
    assert (kind.max, kind.smallest) == (positive[-2], positive[1])
    sign = 1 << (kind.bits - 1)
    assert np.array_equal(pt.encode(kind, points[: kind.largest]), [sign | code for code in codes[-2:0:-1]])
    assert pt.encode(kind, -0.0) == (sign if kind.negative_zero else 0)
    assert np.array_equal(pt.decode(kind, pt.encode(kind, points)), points)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_kind
def test_neighbours_and_gaps_are_those_of_rational_numbers(kind, dtype):
    x = hard(kind, dtype)
    numbers = magnitudes(kind)[0]
    ordinal, rest = pt.split(kind, x)
    low, high = pt.neighbours(kind, x)
    floors, gaps = pt.floors(kind, x), pt.gaps(kind, x)
    for j, given in enumerate(x):
        size = min(abs(Fraction(float(given))), numbers[-1])
        i = bisect_right(numbers, size) - 1
        j_next = min(i + 1, len(numbers) - 1)
        assert ordinal[j] == i
        exact = (size - numbers[i]) / (numbers[j_next] - numbers[i]) if j_next > i else 0
        assert rest[j] == exact
        inner, outer = float(numbers[i]), float(numbers[i if size == numbers[i] else i + 1])
        assert (low[j], high[j]) == ((-outer, -inner) if given < 0 else (inner, outer))
        assert pt.values(kind, floors[j]) == low[j]
        last = min(i, len(numbers) - 2)
        assert gaps[j] == numbers[last + 1] - numbers[last]


def test_ordinals_have_the_parity_of_the_mantissa():
    for kind in KINDS:
        if kind.subnormals:
            codes = pt.encode(kind, pt.points(kind))
            assert np.array_equal(codes % 2, np.arange(-kind.largest, kind.largest + 1) % 2)


def test_the_page_has_the_table():
    page = (Path(__file__).parents[1] / "docs" / "formats.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M))
    for name, kind in FORMATS.items():
        powers = (f"2^{int(np.log2(x))}" for x in (kind.smallest_normal, kind.smallest, pt.gaps(kind, 1.0)))
        nan = "none" if kind.nan_code is None else f"{kind.nan_code:#x}"
        has = ["yes" if there else "no" for there in (kind.infinities, kind.negative_zero)]
        fields = f"{kind.exponent_bits}, {kind.mantissa_bits}, {kind.bias}", f"{kind.max:.7g}", *powers, has[0], nan, has[1]
        assert rows.pop(name) == " | ".join([*fields, kind.overflow])
    assert not rows


def test_records_refuse_what_does_not_fit_together():
    good = {"name": "mine", "exponent_bits": 4, "mantissa_bits": 3, "bias": 7}
    assert Format(**good).saturating() == Format(**good, overflow="saturate")
    assert Format("six", 2, 3, 1, "none", False, True, "saturate").nan_code is None
    for change, message in (
        ({"exponent_bits": 9}, "exponent_bits must be at most 8"),
        ({"exponent_bits": 1}, "exponent_bits must be an integer of at least 2"),
        ({"mantissa_bits": 0}, "mantissa_bits must be an integer of at least 1"),
        ({"mantissa_bits": 11}, "mantissa_bits must be at most 10"),
        ({"exponent_bits": 8, "mantissa_bits": 8, "bias": 127}, "mantissa_bits must be at most 7 with 8 exponent_bits"),
        ({"name": ["mine"]}, r"name must be a text, got \['mine'\]"),
        ({"subnormals": "no"}, "subnormals must be True or False, got 'no'"),
        ({"infinities": 1}, "infinities must be True or False, got 1"),
        ({"bias": 0}, "bias must be an integer of at least 1"),
        ({"bias": 128}, "bias must be at most 127"),
        ({"nans": "some"}, "nans must be one of"),
        ({"overflow": "wrap"}, "overflow must be one of"),
        ({"infinities": False}, "infinities must be True where nans is 'ieee'"),
        ({"nans": "top"}, "infinities must be False where nans is 'top'"),
        ({"nans": "top", "infinities": False}, "overflow must be something that mine has, got 'infinity'"),
        ({"nans": "none", "infinities": False, "overflow": "nan"}, "overflow must be something that mine has, got 'nan'"),
        ({"exponent_bits": 8, "bias": 126}, "bias must be at least 127: the numbers must be those of float32"),
        ({"exponent_bits": 8, "bias": 127, "nans": "negative zero", "infinities": False, "overflow": "nan"}, "at least 128"),
    ):
        with pytest.raises(ValueError, match=message):
            Format(**good | change)
    narrow = Format("mine", np.int8(4), np.int8(10), np.int8(7), subnormals=np.True_)
    assert narrow == Format("mine", 4, 10, 7)
    assert narrow.max == Format("mine", 4, 10, 7).max == 2.0**8 - 2.0**-3
    assert quantize(1.5, narrow) == 7 * 2**10 + 2**9
    assert format_of(FORMATS["bfloat16"]) is format_of("bfloat16")
    with pytest.raises(ValueError, match=r"format must be one of bfloat16, .*, got 'fp8'"):
        format_of("fp8")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda kind: pt.values(kind, [0, 128]),
            r"ordinals\[1\] must be an integer in \[-127, 127\] for float8_e4m3fn, got 128",
        ),
        (lambda kind: pt.values(kind, -128), r"ordinals must be an integer in"),
        (lambda kind: pt.values(kind, -(2**63)), r"ordinals must be an integer in .*, got -9223372036854775808"),
        (lambda kind: pt.values(kind, [[1.0, 1.5]]), r"ordinals\[0, 1\] must be an integer in .*, got 1.5"),
        (lambda kind: pt.values(kind, 2**70), "ordinals must be integers in .*, got object"),
        (lambda kind: pt.decode(kind, [1.0]), "codes must be integers, got float64"),
        (lambda kind: pt.decode(kind, [256]), r"codes\[0\] must be in \[0, 255\], got 256"),
        (lambda kind: pt.decode(kind, -1), r"codes must be in \[0, 255\], got -1"),
        (lambda kind: pt.encode(kind, [1.0, 0.3]), r"numbers\[1\] must be a number of float8_e4m3fn, got 0.3"),
        (lambda kind: pt.encode(kind, 480.0), "numbers must be a number of float8_e4m3fn, got 480.0"),
        (lambda kind: pt.encode(kind, -np.inf), "numbers must be a number of float8_e4m3fn, got -inf"),
        (lambda kind: pt.encode(format_of("float4_e2m1fn"), np.nan), "numbers must be a number of float4_e2m1fn, got nan"),
        (lambda kind: pt.encode(kind, np.ma.array([1.0, 2.0], mask=[0, 1])), "numbers has masked values"),
        (lambda kind: pt.neighbours(kind, [1.0, np.nan]), r"x\[1\] is NaN"),
        (lambda kind: pt.gaps(kind, np.nan), "x is NaN"),
    ],
)
def test_what_is_no_number_or_code_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(format_of("float8_e4m3fn"))
