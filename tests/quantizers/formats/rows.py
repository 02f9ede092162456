"""Wrong with zero points, and with steps of rows and blocks."""

import numpy as np

from tests.quantizers.formats.grids import (
    Int8Codes,
    PerBlock,
    PerRow,
    PerRowNearest,
    SignedZeroPoint,
    Uint4Codes,
    Uint8Nearest,
    Uint8Stochastic,
)  # fmt: skip
from tests.quantizers.formats.registry import caught_by
from tests.quantizers.sound import D, F, Sound, SoundNearest


@caught_by("grid-points-fixed")
class ZeroPointAddedTwice(Uint8Stochastic):
    def rounded(self, s, u, zero_point=0):
        return super().rounded(s, u)

    def codes(self, x, delta, bits, zero_point, u):
        return super().codes(x, delta, bits, 2 * zero_point, u)


@caught_by("grid-points-fixed")
class ZeroPointForgotten(Uint8Nearest):
    def values(self, q, delta, zero_point):
        return (q * delta).astype(F)


@caught_by("saturates")
class ClippedBeforeTheZeroPoint(Uint8Nearest):
    def codes(self, x, delta, bits, zero_point, u):
        return self.clipped(np.rint(x.astype(D) / delta), bits) + zero_point


@caught_by("saturates")
class SignedRange(Uint8Stochastic):
    clipped = SignedZeroPoint.clipped


@caught_by("saturates")
class UnsignedRange(SignedZeroPoint):
    clipped = Uint8Nearest.clipped


@caught_by("saturates")
class HighestUnsignedNeverReached(Uint8Nearest):
    def clipped(self, q, bits):
        return np.clip(q, 0, 2**bits - 2)


@caught_by("saturates")
class UnsignedWraps(Uint4Codes):
    def clipped(self, q, bits):
        return np.clip(q, -1e6, 1e6) % 2**bits


@caught_by("nearest-point")
class TruncatesTheCode(Uint8Nearest):
    """As a cast to an integer does."""

    def rounded(self, s, u):
        return np.trunc(s)


@caught_by("unbiased-enumerated")
class RoundsTheShifted(Uint8Stochastic):
    """floor(s + zero_point + u) in float32, for want of bits in u."""

    def codes(self, x, delta, bits, zero_point, u):
        with np.errstate(all="ignore"):
            s = x.astype(D) / delta
            return self.clipped(np.floor((s + np.where(s + zero_point > 64, np.floor(u * 16) / 16, u)) + zero_point), bits)


@caught_by("grid-points-fixed")
class ValuesForCodes(Int8Codes):
    """Multiplies codes by delta, and rounds that."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        return np.clip(super().quantize_with_uniforms(x, delta, bits, u) * delta, -128, 127).astype(np.int8)


@caught_by("own-steps")
class NextRowsStep(PerRow):
    def spread(self, delta, x):
        return super().spread(np.roll(delta, -1), x)


@caught_by("own-steps")
class FirstRowsStep(PerRow):
    def spread(self, delta, x):
        return super().spread(np.full_like(delta, delta[0] if delta.size else 1), x)


@caught_by("own-steps")
class LargestStepForAll(PerRowNearest):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return SoundNearest.quantize_with_uniforms(self, x, delta.astype(D).max(initial=0), bits, u)


@caught_by("own-steps")
class StepsAlongColumns(PerRow):
    def spread(self, delta, x):
        return np.resize(delta.astype(D), x.shape[-1:])


@caught_by("own-steps")
class StepsBeginOneLate(PerBlock):
    def spread(self, delta, x):
        return np.roll(super().spread(delta, x), 1, axis=-1)


@caught_by("own-steps")
class FirstBlocksStep(PerBlock):
    def spread(self, delta, x):
        return np.repeat(delta.astype(D)[:, :1], x.shape[-1], axis=-1)


@caught_by("input-untouched")
class StepsInPlace(PerRow):
    def spread(self, delta, x):
        np.reciprocal(delta, out=delta)
        return 1 / super().spread(delta, x)


@caught_by("unbiased")
class LastBlockTruncates(PerBlock):
    """In every row, whatever its step."""

    quantize_with_uniforms = None

    def quantize(self, x, delta, bits, seed):
        u = Sound().draw(x.shape, seed)
        u[:, -16:] = 1 - 2.0**-24
        return PerBlock.quantize_with_uniforms(self, x, delta, bits, u)


@caught_by("elements-independent")
class UniformsOfARowShared(PerRow):
    def draw(self, shape, seed):
        return np.broadcast_to(super().draw((1, *shape[1:]), seed), shape)
