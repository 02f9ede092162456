"""Wrong with bits: the bit trick of bfloat16, and what is drawn for it."""

import numpy as np

from tests.quantizers.formats.nearest import NearestByBits, TiesAway
from tests.quantizers.formats.registry import caught_by
from tests.quantizers.formats.sound import BitTrick, BitTrickOfUniforms, F, Stochastic


@caught_by("non-finite")
class NanBecomesInfinity(BitTrick):
    """A NaN whose bits are low ones loses them."""

    def rounded(self, x, noise):
        return self.carried(x.view(np.uint32), noise).view(F)


@caught_by("non-finite")
class NanCarries(NearestByBits):
    """A NaN of all ones becomes 0."""

    def rounded(self, x, noise):
        return self.carried(x.view(np.uint32), noise).view(F)


@caught_by("non-finite")
class InfinityBecomesNan(BitTrick):
    """The trick on the mantissa of infinity, kept from falling back to infinity."""

    def rounded(self, x, noise):
        return np.where(np.isinf(x), F(np.nan), super().rounded(x, noise))


@caught_by("grid-points-fixed")
class NoiseOfSixteenBitsAndOne(BitTrickOfUniforms):
    def of_uniforms(self, u):
        return super().of_uniforms(u) + np.uint32(1)


@caught_by("two-neighbours")
class NoiseOfSeventeenBits(BitTrickOfUniforms):
    def of_uniforms(self, u):
        return (u * F(2**17)).astype(np.uint32)


@caught_by("grid-points-fixed")
class NoiseAndHalf(BitTrickOfUniforms):
    """Stochastic rounding, and rounding to nearest on top of it."""

    def carried(self, word, noise):
        return super().carried(word, noise + np.uint32(0x8000))


@caught_by("unbiased", "default")
class FifteenBitsUndeclared(BitTrick):
    def noise(self, shape, seed):
        return np.random.default_rng(seed).integers(0, 2**15, shape, np.uint32) << 1


@caught_by("unbiased")
class EightBitsUndeclared(BitTrick):
    def noise(self, shape, seed):
        return np.random.default_rng(seed).integers(0, 2**8, shape, np.uint32) << 8


@caught_by("unbiased-enumerated", "default")
class EightBitsOfTheGiven(BitTrickOfUniforms):
    def of_uniforms(self, u):
        return super().of_uniforms(u) & np.uint32(0xFF00)


@caught_by("unbiased-enumerated")
class TruncatesGiven(BitTrickOfUniforms):
    def of_uniforms(self, u):
        return np.zeros(u.shape, np.uint32)


@caught_by("unbiased")
class Truncates(BitTrick):
    def noise(self, shape, seed):
        return np.zeros(shape, np.uint32)


@caught_by("two-neighbours")
class NoCarryIntoTheExponent(BitTrickOfUniforms):
    """The step up from the last number of a binade is to its first."""

    def carried(self, word, noise):
        return (word & np.uint32(0xFF800000)) | (super().carried(word, noise) & np.uint32(0x007FFFFF))


@caught_by("values-on-grid")
class LowBitsStay(BitTrickOfUniforms):
    kept = np.uint32(0xFFFFFFFF)


@caught_by("values-on-grid")
class OneBitMoreStays(BitTrickOfUniforms):
    kept = np.uint32(0xFFFF8000)


@caught_by("two-neighbours")
class TwosComplement(BitTrickOfUniforms):
    """Takes words of negative numbers for negative integers, and loses the sign to the carry."""

    def carried(self, word, noise):
        integer = np.where(word >> 31 == 1, -(word & np.uint32(0x7FFFFFFF)).astype(np.int64), word.astype(np.int64))
        return (((integer + noise) >> 16) << 16).astype(np.uint32)


@caught_by("unbiased-enumerated")
class NoNoiseForNegatives(BitTrickOfUniforms):
    def carried(self, word, noise):
        return super().carried(word, np.where(word >> 31 == 1, np.uint32(0), noise))


@caught_by("elements-independent")
class SameNoiseInARow(BitTrick):
    def noise(self, shape, seed):
        return np.broadcast_to(super().noise((*shape[:-1], 1), seed), shape) if shape else super().noise(shape, seed)


@caught_by("elements-independent")
class OneNoiseForTwo(BitTrick):
    """The two halves of a random word, which is used twice."""

    def noise(self, shape, seed):
        return np.resize(np.repeat(super().noise((int(np.prod(shape)) // 2 + 1,), seed), 2), shape)


@caught_by("seeds-independent")
class NoiseOfTheSeedModulo256(BitTrick):
    def noise(self, shape, seed):
        return super().noise(shape, seed % 256)


@caught_by("seeds-independent")
class SeedIgnored(Stochastic):
    def draw(self, shape, seed):
        return super().draw(shape, 0)


@caught_by("repeatable")
class NoiseOfTheClock(BitTrick):
    _rng = np.random.default_rng(0)

    def noise(self, shape, seed):
        return self._rng.integers(0, 2**16, shape, np.uint32)


@caught_by("ties")
class TiesAwayUndeclared(TiesAway):
    ties = "even"


@caught_by("ties")
class TiesEvenThoughAway(NearestByBits):
    ties = "away"


@caught_by("nearest-point")
class TruncatesForNearest(NearestByBits):
    def carried(self, word, noise):
        return word & self.kept


@caught_by("seed-without-effect")
class RandomTies(NearestByBits):
    ties = "any"

    def quantize(self, x, seed):
        self._half = np.uint32(0x7FFF + seed % 2)
        return super().quantize(x, seed)

    def carried(self, word, noise):
        return BitTrick.carried(self, word, self._half)


@caught_by("input-untouched")
class InPlace(BitTrick):
    """The trick on the words of x."""

    def carried(self, word, noise):
        word += noise
        word &= self.kept
        return word.copy()


@caught_by("dtype-and-shape")
class IgnoresStrides(BitTrickOfUniforms):
    """Reads u from its memory as if it were contiguous."""

    def quantize_with_uniforms(self, x, u):
        flat = (u if u.base is None else u.base).reshape(-1)[: u.size]
        return super().quantize_with_uniforms(x, flat.reshape(u.shape))


@caught_by("dtype-and-shape")
class ReturnsFloat64(Stochastic):
    def with_sign(self, size, x):
        return super().with_sign(size, x).astype(np.float64)


@caught_by("every-element")
class TruncatesTheTail(BitTrickOfUniforms):
    """Words in pairs; what is left over is truncated."""

    def rounded(self, x, noise):
        noise = noise.copy()
        noise.reshape(-1)[x.size // 2 * 2 :] = 0
        return super().rounded(x, noise)
