"""Sound designs of stochastic rounding to floating-point formats, which must pass."""

import ml_dtypes
import numpy as np

from alpt_ref.formats import Format, format_of

F, D = np.float32, np.float64
LAST = F(1 - 2.0**-24)


class Stochastic:
    """The textbook in float64: |x| in gaps of its binade, floor(s) + (u < s - floor(s)), and the sign of x."""

    rounding = "stochastic"
    format = "bfloat16"

    def __init__(self):
        self.kind = format_of(self.format)

    def draw(self, shape, seed):
        return np.random.default_rng(seed).random(shape, F)

    def quantize(self, x, seed):
        return self.quantize_with_uniforms(x, self.draw(x.shape, seed))

    def quantize_with_uniforms(self, x, u):
        with np.errstate(all="ignore"):
            size = np.abs(x.astype(D))
            gap = self.gap(size)
            return self.ended(self.cells(size / gap, u) * gap, x)

    def exponent(self, size):
        return np.maximum(np.frexp(size)[1] - 1, self.kind.emin)

    def gap(self, size):
        """Of the binade, or of subnormals."""
        return np.ldexp(1.0, self.exponent(size) - self.kind.mantissa_bits)

    def cells(self, s, u):
        n = np.floor(s)
        return n + (u < s - n)

    def ended(self, size, x):
        """The values of sizes that may lie beyond the end, or be those of infinity and NaN."""
        beyond = {"infinity": np.inf, "nan": np.nan, "saturate": self.kind.max}[getattr(self, "overflow", self.kind.overflow)]
        return self.with_sign(np.where(size > self.kind.max, beyond, size), x)

    def with_sign(self, size, x):
        out = np.copysign(size, x)
        return (out if self.kind.negative_zero else out + 0.0).astype(F)


class Mirrored(Stochastic):
    """Goes up for large u."""

    def cells(self, s, u):
        return super().cells(s, LAST - u)


class SignedFloor(Stochastic):
    """Rounds x itself, so that a u moves all numbers in one direction."""

    def quantize_with_uniforms(self, x, u):
        with np.errstate(all="ignore"):
            gap = self.gap(np.abs(x.astype(D)))
            return self.ended(np.abs(self.cells(x / gap, u) * gap), x)


class BitTrick:
    """16 random bits are added below the 16 that stay: a carry is the step up."""

    rounding = "stochastic"
    format = "bfloat16"
    kept = np.uint32(0xFFFF0000)

    def noise(self, shape, seed):
        return np.random.default_rng(seed).integers(0, 2**16, shape, np.uint32)

    def quantize(self, x, seed):
        return self.rounded(x, self.noise(x.shape, seed))

    def rounded(self, x, noise):
        return np.where(np.isfinite(x), self.carried(x.view(np.uint32), noise).view(F), x)

    def carried(self, word, noise):
        return (word + noise) & self.kept


class BitTrickOfUniforms(BitTrick):
    """Its random bits are the first 16 of u."""

    def quantize_with_uniforms(self, x, u):
        return self.rounded(x, self.of_uniforms(u))

    def of_uniforms(self, u):
        return (u * F(2**16)).astype(np.uint32)


class EightBits(BitTrickOfUniforms):
    random_bits = 8

    def noise(self, shape, seed):
        return np.random.default_rng(seed).integers(0, 2**8, shape, np.uint32) << 8

    def of_uniforms(self, u):
        return (u * F(2**8)).astype(np.uint32) << 8


class BitTrickOfCodes(BitTrickOfUniforms):
    """Gives the upper half of the words."""

    returns = "codes"

    def rounded(self, x, noise):
        codes = (super().rounded(x, noise).view(np.uint32) >> 16).astype(np.uint16)
        return np.where(np.isnan(x), np.uint16(0x7FC0), codes)  # the low bits of a NaN may be all that it has


class DrawsWhereNeeded(Stochastic):
    """Numbers of the format draw nothing, so that a seed alone fixes no element's uniform."""

    coupled = False

    def quantize(self, x, seed):
        u = np.zeros(x.shape, F)
        with np.errstate(invalid="ignore"):
            off = x.astype(ml_dtypes.bfloat16).astype(F) != x
        u[off] = self.draw((int(off.sum()),), seed)
        return self.quantize_with_uniforms(x, u)


class FlushesInputs(Stochastic):
    input_subnormals = "flushed"

    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(np.where(np.abs(x) < F(2.0**-126), np.copysign(F(0), x), x), u)


class OneZero(Stochastic):
    zeros = "any"

    def with_sign(self, size, x):
        return super().with_sign(size, x) + F(0)


class ByCodes(Stochastic):
    """Looks the neighbours up in a table of all numbers, and rounds codes."""

    format, overflow = "float8_e4m3fn", "saturate"
    dtype = ml_dtypes.float8_e4m3fn

    def __init__(self):
        super().__init__()
        table = np.arange(128, dtype=np.uint8).view(self.dtype).astype(D)
        self.table = table[np.isfinite(table)]

    def quantize_with_uniforms(self, x, u):
        return np.where(np.isnan(x), F(np.nan), self.with_sign(self.table[self.code(x, u)], x))

    def code(self, x, u):
        size = np.minimum(np.abs(x), self.table[-1])
        k = np.clip(np.searchsorted(self.table, size, "right") - 1, 0, self.table.size - 2)
        return k + (u < (size - self.table[k]) / (self.table[k + 1] - self.table[k]))


class CodesOfE4m3(ByCodes):
    returns = "codes"

    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(x, u).astype(self.dtype).view(np.uint8)


class SignedCodesOfE4m3(CodesOfE4m3):
    """As of a library without uint8."""

    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(x, u).view(np.int8)


class E4m3OverflowsToNan(Stochastic):
    format = "float8_e4m3fn"


class E5m2(Stochastic):
    format = "float8_e5m2"


class E5m2Saturates(Stochastic):
    format, overflow = "float8_e5m2", "saturate"


class Fnuz(Stochastic):
    """Without -0."""

    format = "float8_e4m3fnuz"


class Half(Stochastic):
    format = "float16"


class Float6(Stochastic):
    """Without infinities and NaN, which it refuses."""

    format, nan = "float6_e3m2fn", "error"

    def quantize_with_uniforms(self, x, u):
        if np.isnan(x).any():
            raise ValueError("no NaN")
        return super().quantize_with_uniforms(x, u)


class Float4(Stochastic):
    """NaN is zero."""

    format, nan = "float4_e2m1fn", "zero"

    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(np.nan_to_num(x, nan=0.0, posinf=np.inf, neginf=-np.inf), u)


class NoSubnormals(Stochastic):
    """A format of its own: from zero it is one step to the smallest normal number."""

    format = Format("float8_e5m2 without subnormals", 5, 2, 15, subnormals=False)

    def gap(self, size):
        return np.where(size < self.kind.smallest_normal, self.kind.smallest_normal, super().gap(size))


SOUND = [
    Stochastic, Mirrored, SignedFloor, BitTrick, BitTrickOfUniforms, EightBits, BitTrickOfCodes, DrawsWhereNeeded,
    FlushesInputs, OneZero, ByCodes, CodesOfE4m3, SignedCodesOfE4m3, E4m3OverflowsToNan, E5m2, E5m2Saturates, Fnuz, Half,
    Float6, Float4, NoSubnormals,
]  # fmt: skip
