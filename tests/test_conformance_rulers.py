"""Rulers: positions against rational arithmetic, and quantizers of each kind of grid, right and wrong."""

import re
from bisect import bisect_right
from dataclasses import replace
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from alpt_ref.formats import FORMATS
from alpt_ref.formats.points import points, values
from alpt_ref.testing import NumpyQuantizer, check_quantizer, recipes
from alpt_ref.testing import report as reports
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.level import LEVELS
from alpt_ref.testing.properties import BY_NAME
from alpt_ref.testing.rulers import OfBlocks, OfFormat, Uniform, thresholds, thresholds_of
from alpt_ref.testing.rulers.layouts import laid, taken
from alpt_ref.testing.statements import OF_FORMATS
from alpt_ref.testing.suite import FAIL, SKIP, properties_of
from tests.marks import long
from tests.quantizers import Sound

pytestmark = pytest.mark.edge
F, D = np.float32, np.float64
KINDS = [pytest.param(kind, id=kind.name) for kind in FORMATS.values()]


def ends(kind):
    """The points of a format as fractions, and those beyond."""
    return [Fraction(float(p)) for p in values(kind, np.arange(-kind.largest - 1, kind.largest + 2))]


@pytest.mark.parametrize("kind", KINDS)
def test_positions_in_a_format_are_rational_arithmetic(kind):
    ruler, known = OfFormat(kind, kind.overflow), ends(kind)
    x = thresholds_of(kind, few=kind.bits > 8)
    x = np.concatenate((x[np.abs(x.astype(D)) < float(known[-1])][::7], np.random.default_rng(0).normal(size=50).astype(F)))
    found = ruler.locate(x)
    for value, s in zip(x.tolist(), found.tolist(), strict=True):
        k = bisect_right(known, abs(Fraction(value))) - 1
        inside = k + 1 < len(known)
        a = (abs(Fraction(value)) - known[k]) / (known[k + 1] - known[k]) if inside else 0
        assert abs(Fraction(s)) == k - (kind.largest + 1) + a
        assert np.signbit(s) == np.signbit(value)
    near = np.abs(found) < kind.largest + 1
    assert (ruler.value(found[near]) == x[near].astype(D)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_ordinals_of_what_comes_out(kind):
    overflow = kind.overflow
    ruler, end = OfFormat(kind, overflow), kind.largest + 1.0
    every = np.arange(-kind.largest, kind.largest + 1)
    assert (ruler.ordinals(points(kind), points(kind)) == every).all()
    assert (ruler.point(every) == points(kind)).all()
    x = np.array([3e38, -3e38], F)
    infinite, nan = (ruler.ordinals(out.astype(F), x) for out in (np.copysign(np.inf, x), np.full(2, np.nan)))
    assert infinite.tolist() == ([end, -end] if overflow == "infinity" else [np.inf, -np.inf])
    assert nan.tolist() == [end, -end] if overflow == "nan" else np.isnan(nan).all()
    beyond = ruler.ordinals(values(kind, [end, -end]), x)
    assert (np.abs(beyond) > end).all()  # a finite number is no infinity


@pytest.mark.parametrize(("zero", "delta"), [(None, 0.1), (0, 1.0), (128, 0.25), (255, 0.1)])
def test_positions_on_an_integer_grid(zero, delta):
    delta = float(F(delta))
    ruler = Uniform(8, delta, 0, 255, zero, "codes")
    x = thresholds(8, delta, -(zero or 0))[:200]
    for value, s in zip(x.tolist(), ruler.locate(x).tolist(), strict=True):
        assert s == pytest.approx(float(Fraction(value) / Fraction(delta)), rel=2.0**-52, abs=0)
    codes = np.arange(256, dtype=np.uint8)
    assert (ruler.ordinals(ruler.read(codes), x) == codes - float(zero or 0)).all()
    assert ruler.box == (-(zero or 0), 255 - (zero or 0))


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (0, 3), (3, 8), (2, 3, 4)])
@pytest.mark.parametrize(("block", "pin"), [(None, None), (4, None), (4, 8.0)])
def test_layouts_come_back(shape, block, pin):
    x = np.arange(np.prod(shape), dtype=F).reshape(shape)
    rows = laid(x, block, pin)
    assert rows.ndim == 2
    assert block is None or rows.shape[1] % block == 0
    assert pin is None or (rows.reshape(-1, block)[:, 0] == pin).all()
    assert (taken(rows, shape, block, pin) == x).all()


class BitTrick:
    """16 random bits are added to the word, of which 16 bits stay."""

    rounding, format = "stochastic", "bfloat16"

    def quantize(self, x, seed):
        return self.carried(x, np.random.default_rng(seed).integers(0, 2**16, x.shape, np.uint32))

    def quantize_with_uniforms(self, x, u):
        return self.carried(x, (u * F(2**16)).astype(np.uint32))

    def carried(self, x, noise):
        return np.where(np.isfinite(x), self.word(x.view(np.uint32), noise).view(F), x)

    def word(self, word, noise):
        return (word + noise) & np.uint32(0xFFFF0000)


class Cast:
    rounding, format = "nearest", "float8_e4m3fn"
    dtype = ml_dtypes.float8_e4m3fn

    def quantize(self, x, seed):
        return x.astype(self.dtype).astype(F)


class CastToCodes(Cast):
    returns = "codes"

    def quantize(self, x, seed):
        return x.astype(self.dtype).view(np.uint8)


class CastSaturates(Cast):
    overflow = "saturate"

    def quantize(self, x, seed):
        y = x.astype(self.dtype).astype(F)
        return np.where(np.isnan(y) & ~np.isnan(x), np.copysign(F(448), x), y)


class CastToInfinity(Cast):
    format, dtype = "float8_e5m2", ml_dtypes.float8_e5m2


class Compared:
    """The textbook, by what the ruler of the suite does not share: a table of numbers."""

    rounding, format, overflow = "stochastic", "float8_e4m3fn", "saturate"
    table = np.sort(np.arange(0, 127, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn).astype(D))

    def quantize(self, x, seed):
        return self.quantize_with_uniforms(x, np.random.default_rng(seed).random(x.shape, F))

    def quantize_with_uniforms(self, x, u):
        size = np.minimum(np.abs(x), 448)
        k = np.clip(np.searchsorted(self.table, size, "right") - 1, 0, 125)
        low, high = self.table[k], self.table[k + 1]
        return np.where(np.isnan(x), x, np.copysign(np.where(self.up(u, (size - low) / (high - low)), high, low), x)).astype(F)

    def up(self, u, a):
        return u < a


class Mirrored(Compared):
    def up(self, u, a):
        return 1 - 2.0**-24 - u < a


class Rows(Sound):
    """A step for each row."""

    bits, steps_per = (4,), "row"

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, self.spread(delta.astype(D)), bits, u)

    def spread(self, delta):
        return delta[:, None]


class Mx(Cast):
    """Blocks of 32, scaled so that the largest is a number of the highest binade."""

    overflow, block = "saturate", 32
    nan = infinity = "error"

    def quantize(self, x, seed):
        if not np.isfinite(x).all():
            raise ValueError("not finite")
        if not x.size:
            return x.copy()
        blocks = x.astype(D).reshape(len(x), -1, 32)
        scale = np.ldexp(1.0, np.clip(self.exponent(np.abs(blocks).max(-1, keepdims=True)) - 8, -127, 127))
        y = np.clip(blocks / scale, -448, 448).astype(F)
        return (y.astype(self.dtype).astype(D) * scale).astype(F).reshape(x.shape)

    def exponent(self, peak):
        return np.frexp(peak)[1] - 1


class Uint8(Sound):
    """Codes with a zero point."""

    bits, signed, zero_points, returns = (8,), False, (0, 128, 7), "codes"
    nan = infinity = "error"

    def quantize(self, x, delta, bits, seed, zero_point):
        return self.quantize_with_uniforms(x, delta, bits, np.random.default_rng(seed).random(x.shape, F), zero_point)

    def quantize_with_uniforms(self, x, delta, bits, u, zero_point):
        if not np.isfinite(x).all():
            raise ValueError("not finite")
        return (self.codes(np.clip(x.astype(D) / delta, -zero_point, 255 - zero_point), u) + zero_point).astype(np.uint8)


class RowsOfCodes(Rows):
    """A step for each row; codes come out, 0 for NaN."""

    returns, nan = "codes", "zero"

    def quantize_with_uniforms(self, x, delta, bits, u):
        s = np.nan_to_num(x.astype(D) / delta.astype(D)[:, None], posinf=100.0, neginf=-100.0)
        return self.codes(np.clip(s, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1), u).astype(np.int8)


class CastToSignedCodes(CastToCodes):
    """Bit patterns in the signed type of as many bits."""

    def quantize(self, x, seed):
        return super().quantize(x, seed).view(np.int8)


class MxOfTheStandard(Mx):
    """A block with NaN or an infinity has the scale NaN."""

    nan = infinity = None

    def quantize(self, x, seed):
        if not x.size:
            return x.copy()
        blocks = x.reshape(len(x), -1, 32)
        usual = np.broadcast_to(np.isfinite(blocks).all(-1, keepdims=True), blocks.shape).reshape(x.shape)
        return np.where(usual, super().quantize(np.where(usual, x, F(0)), seed), F(np.nan))


RIGHT = [BitTrick, Cast, CastToCodes, CastSaturates, CastToInfinity, Compared, Mirrored, Rows, Mx, Uint8]
RIGHT += [RowsOfCodes, CastToSignedCodes, MxOfTheStandard]


FEW = replace(
    LEVELS["quick"], name="few", examples=3, widest=4, samples=2**8, rare_samples=2**8, side=16, seeds=64, weights=200
)


@pytest.mark.parametrize("level", ["few", pytest.param("quick", marks=long)])
@pytest.mark.parametrize("quantizer", RIGHT, ids=lambda quantizer: quantizer.__name__)
def test_sound_designs_pass(quantizer, level, monkeypatch):
    monkeypatch.setitem(LEVELS, FEW.name, FEW)
    report = check_quantizer(quantizer, level=level)
    assert report.conforms, [outcome.told for outcome in report.failures]


class TruncatesSubnormals(BitTrick):
    def carried(self, x, noise):
        return super().carried(x, np.where(np.abs(x) < 2.0**-126, 0, noise).astype(np.uint32))


class SignOfZeroLost(BitTrick):
    def carried(self, x, noise):
        return super().carried(x, noise) + F(0)


class NanCarries(BitTrick):
    def carried(self, x, noise):
        return self.word(x.view(np.uint32), noise).view(F)


class TooManyBits(BitTrick):
    def word(self, word, noise):
        return (word + 2 * noise) & np.uint32(0xFFFF0000)


class EightBits(BitTrick):
    quantize_with_uniforms = None

    def word(self, word, noise):
        return super().word(word, noise & np.uint32(0xFF00))


class OverflowsThoughSaturating(Cast):
    overflow = "saturate"


class TiesAwayUndeclared(Cast):
    def quantize(self, x, seed):
        up = np.copysign(np.nextafter(np.abs(x), F(np.inf)), x)
        return super().quantize(np.where(np.isfinite(x) & (np.abs(x) < 464) & (np.abs(x) > 0), up, x), seed)


class CodesWithoutSign(CastToCodes):
    def quantize(self, x, seed):
        return super().quantize(np.abs(x), seed)


class NextRow(Rows):
    def spread(self, delta):
        return np.roll(delta, 1)[:, None]


class ScaleByLogarithm(Mx):
    """In float32, where the number below a power of two has its logarithm."""

    def exponent(self, peak):
        return np.floor(np.log2(np.maximum(peak, 2.0**-149).astype(F))).astype(int)


class LastBlockHasTheLargestScale(Mx):
    """Of all blocks of an array."""

    def exponent(self, peak):
        found = super().exponent(peak)
        found.reshape(-1)[-1] = found.max()
        return found


class LastRowHasTheStepBefore(RowsOfCodes):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, np.append(delta[:-1], delta[-2:-1] if len(delta) > 1 else delta), bits, u)


class SaturatesUndeclared(CastSaturates):
    overflow = None


class ZeroPointForgotten(Uint8):
    def quantize_with_uniforms(self, x, delta, bits, u, zero_point):
        return super().quantize_with_uniforms(x, delta, bits, u, 0)


KILLED = [
    (TruncatesSubnormals, "unbiased-enumerated", "bias -"),
    (SignOfZeroLost, "signed-zero", "x = -0.0 gives 0.0; demanded: -0.0"),
    (NanCarries, "non-finite", "nan (0x7f800001) becomes infinity; demanded: error or nan"),
    (TooManyBits, "two-neighbours", "x = 1.0 gives 1.0078125; demanded: 1, which bfloat16 has"),
    (EightBits, "unbiased", "gaps; demanded: "),
    (OverflowsThoughSaturating, "saturates", "gives nan; demanded: 448, the edge"),
    (TiesAwayUndeclared, "ties", "ties to even"),
    (CodesWithoutSign, "grid-points-fixed", "x = -1.0 gives 1; demanded: -1"),
    (NextRow, "own-steps", "row 0, step 1"),
    (ScaleByLogarithm, "block-scale", "a number of float8_e4m3fn"),
    (LastBlockHasTheLargestScale, "block-scale", "row 0, block 3, scale 2^"),
    (LastRowHasTheStepBefore, "own-steps", "row 1, step 0.5"),
    (SaturatesUndeclared, "saturates", "gives 448; demanded: nan, as it overflows"),
    (ZeroPointForgotten, "grid-points-fixed", "demanded: "),
]


def test_what_overflows_is_no_point():
    assert check_quantizer(SaturatesUndeclared, "grid-points-fixed", level="quick").conforms


@pytest.mark.parametrize(("nan", "zero_point"), [("zero", 0), ("lowest", 0), ("zero", 7)])
def test_zero_may_be_the_lowest(nan, zero_point):
    """An end that several words fit is what is declared."""

    def quantize(x, delta, bits, seed, zero_point):
        s = np.nan_to_num(x.astype(D) / delta, posinf=0.0, neginf=0.0)
        return ((np.clip(np.rint(s) + zero_point, 0, 255) - zero_point) * delta).astype(F)

    declared = {"bits": 8, "signed": False, "zero_points": zero_point, "nan": nan, "infinity": "zero", "rounding": "nearest"}
    assert check_quantizer(NumpyQuantizer(quantize, **declared), "non-finite", level="quick").conforms


@pytest.mark.parametrize(("quantizer", "name", "said"), KILLED, ids=[mutant.__name__ for mutant, *_ in KILLED])
def test_mutants_are_killed_with_words_and_a_recipe(quantizer, name, said):
    found = check_quantizer(quantizer, name, level="quick")[name]
    assert found.status == FAIL
    assert said in found.note
    names = {name: getattr(recipes, name) for name in recipes.__all__} | {"np": np}
    names |= {call: getattr(quantizer(), call, None) for call in ("quantize", "quantize_with_uniforms")}
    with np.errstate(all="ignore"):
        exec(found.recipe, names)


def test_an_integer_grid_is_asked_nothing_of_formats():
    asked = {entry.name for entry in properties_of((), Declaration("nearest"))}
    assert not asked & {"signed-zero", "own-steps", "block-scale"}
    found = check_quantizer(Sound, "signed-zero", level="quick")["signed-zero"]
    assert (found.status, found.note) == (SKIP, "of formats alone")


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"format": "bfloat17"}, "format must be one of bfloat16"),
        ({"format": "bfloat16", "bits": (8,)}, "bits is of integer grids alone, and a format is declared"),
        ({"overflow": "saturate"}, "overflow is of formats alone, and no format is declared"),
        ({"format": "float8_e4m3fn", "overflow": "infinity"}, "overflow must be something that float8_e4m3fn has"),
        ({"format": "float8_e4m3fnuz", "zeros": "signed"}, "zeros must be 'any', as float8_e4m3fnuz has no -0"),
        ({"format": "float8_e4m3fn", "block": 1}, "block must be an integer in 2..4096, got 1"),
        ({"steps_per": "column"}, "steps_per must be 'tensor' or 'row' or an integer in 2..4096, got 'column'"),
        ({"zero_points": (300,), "bits": 8, "signed": False}, "zero_points must have one in 0..255 for 8 bits"),
        ({"zero_points": (0, 300), "bits": (4, 8), "signed": False}, "zero_points must be in 0..255, got 300"),
        ({"zero_points": ("a",)}, "zero_points must be integers"),
        ({"format": np.float16}, "format must be one of bfloat16"),
        ({"returns": "bits"}, "returns must be one of 'values', 'codes', got 'bits'"),
    ],
)
def test_wrong_declarations_are_one_sentence(declared, said):
    with pytest.raises(ValueError, match=re.escape(said)) as found:
        Candidate(NumpyQuantizer(BitTrick().quantize, **declared))
    assert "\n" not in str(found.value)


def test_a_record_tells_the_format_and_integer_grids_keep_their_keys():
    record = reports.record(check_quantizer(TooManyBits, "two-neighbours", level="quick"))
    assert record["declared"]["format"] == "bfloat16"
    assert "bits" not in record["declared"]
    found = record["properties"][0]["counterexample"]
    assert (found["format"], found["bits"], found["delta"], found["x"]) == ("bfloat16", None, None, [1.0])
    integer = Declaration("nearest").record()
    assert list(integer) == [
        "rounding", "range", "ties", "random_bits", "bits", "steps", "step_range", "nan", "infinity", "coupled",
    ]  # fmt: skip


def test_statements_of_formats_are_of_properties():
    assert set(OF_FORMATS) < set(BY_NAME)
    assert BY_NAME["variance"].told_of(Candidate(BitTrick).declared) == "Var Q(x) = gap^2 a(1 - a)"
    assert BY_NAME["variance"].told_of(Declaration("stochastic")) == "Var Q(x) = delta^2 a(1 - a)"


def test_a_block_has_the_scale_of_its_pin():
    ruler = OfBlocks(FORMATS["float8_e4m3fn"], "saturate", scale=0.5)
    assert (ruler.pin, ruler.ends) == (128.0, (-224.0, 224.0))
    assert ruler.limit < 256.0
    assert LEVELS["quick"].stride > 1  # and yet every binade of a float8 is tried
    assert len(OfFormat(FORMATS["float8_e5m2"], "infinity").binades) == 62
