"""Wrong with the scales of MX blocks."""

import numpy as np

from tests.quantizers.formats.blocks import Mx, Mx4, Mx4Nearest, MxNearest
from tests.quantizers.formats.registry import caught_by
from tests.quantizers.formats.sound import F


@caught_by("nearest-point")
class ScaleRoundedUp(MxNearest):
    """The power of two that lets nothing saturate: finer numbers are lost."""

    def shift(self, peak):
        return np.ceil(np.log2(np.maximum(peak, 1e-45) / self.kind.max)).astype(int)


@caught_by("nearest-point")
class ScaleOfTheNearestPower(MxNearest):
    def shift(self, peak):
        return super().shift(peak * np.sqrt(2))


@caught_by("block-scale")
class ScaleOffAtPowersOfTwo(Mx4Nearest):
    """A power of two counts for the binade below."""

    def shift(self, peak):
        return super().shift(np.nextafter(peak, 0))


@caught_by("block-scale")
class LogarithmOfThePeak(MxNearest):
    """The last float32 below a power of two counts for the binade above."""

    def shift(self, peak):
        return (np.floor(np.log2(np.maximum(peak, 1e-45).astype(F))) - 8).astype(int)


@caught_by("nearest-point")
class ExponentOfTheOtherE4m3(MxNearest):
    """The largest exponent of e4m3 with infinities."""

    def shift(self, peak):
        return super().shift(peak) + 1


@caught_by("block-scale")
class ScaleOfZerosIsZero(MxNearest):
    """And so a block of zeros becomes NaN."""

    def scale(self, blocks):
        return np.where(self.peak(blocks) == 0, 0.0, super().scale(blocks))


@caught_by("block-scale")
class ScaleNotClamped(Mx4Nearest):
    def scale(self, blocks):
        return np.ldexp(1.0, self.shift(self.peak(blocks)))


@caught_by("saturates")
class ElementsOverflow(MxNearest):
    """Between the largest element and the next power of two there is NaN."""

    def ended(self, size, x):
        return self.with_sign(np.where(size > self.kind.max, np.nan, size), x)


@caught_by("block-scale")
class PeakOfSignedNumbers(Mx4Nearest):
    def peak(self, blocks):
        return np.maximum(blocks.max(-1, keepdims=True), 0) if blocks.size else blocks


@caught_by("block-scale")
class PeakOfTheRow(Mx4Nearest):
    """One scale for all blocks of a row."""

    def peak(self, blocks):
        return np.broadcast_to(np.abs(blocks).max((-2, -1), keepdims=True), (*blocks.shape[:-1], 1)) if blocks.size else blocks


@caught_by("block-scale")
class PeakWithoutTheLast(MxNearest):
    def peak(self, blocks):
        return super().peak(blocks[..., :-1])


@caught_by("block-scale")
class BlocksOfSixteen(Mx4Nearest):
    def peak(self, blocks):
        halves = np.abs(blocks).reshape(*blocks.shape[:-1], 2, -1)
        return np.repeat(halves.max(-1), 16, axis=-1) if blocks.size else blocks


@caught_by("block-scale")
class BlocksBeginOneLate(Mx):
    def blocked(self, x):
        return super().blocked(np.roll(x, -1, axis=-1))

    def joined(self, values, x):
        return np.roll(super().joined(values, x), 1, axis=-1)


@caught_by("block-scale")
class ScaleNotMultiplied(Mx4):
    def scale(self, blocks):
        self._scale = super().scale(blocks)
        return self._scale

    def joined(self, values, x):
        return super().joined(values / self._scale, x)


@caught_by("unbiased-enumerated")
class PeakRoundsDown(Mx4):
    """The largest of a block goes to the number below."""

    def quantize_with_uniforms(self, x, u):
        blocks = np.abs(self.blocked(x))
        largest = self.joined(blocks == self.peak(blocks), x)
        return super().quantize_with_uniforms(x, np.where(largest, F(1 - 2.0**-24), u))
