"""Biased in a few binades, for one sign, or rarely."""

import numpy as np

from tests.quantizers.formats.gaps import SeedOnly
from tests.quantizers.formats.registry import caught_by
from tests.quantizers.formats.sound import LAST, D, F, Stochastic


class Weighted(Stochastic):
    """u is too large by a quarter where ``biased`` says."""

    def quantize_with_uniforms(self, x, u):
        with np.errstate(all="ignore"):
            return super().quantize_with_uniforms(x, np.where(self.biased(x.astype(D)), np.minimum(u * F(1.25), LAST), u))


class WeightedSeeds(SeedOnly, Weighted):
    def quantize(self, x, seed):
        return Weighted.quantize_with_uniforms(self, x, self.draw(x.shape, seed))


@caught_by("unbiased-enumerated")
class BiasedInOneBinade(Weighted):
    format = "float8_e5m2"

    def biased(self, x):
        return (np.abs(x) >= 8) & (np.abs(x) < 16)


@caught_by("unbiased")
class BiasedInOneBinadeBySeeds(WeightedSeeds):
    def biased(self, x):
        return (x >= 32) & (x < 64)


@caught_by("unbiased-enumerated")
class BiasedSubnormals(Weighted):
    def biased(self, x):
        return np.abs(x) < self.kind.smallest_normal


@caught_by("unbiased")
class BiasedSubnormalsBySeeds(WeightedSeeds):
    def biased(self, x):
        return np.abs(x) < self.kind.smallest_normal


@caught_by("unbiased-enumerated")
class BiasedBelowTheLargest(Weighted):
    format, overflow = "float8_e4m3fn", "saturate"

    def biased(self, x):
        return np.abs(x) > 416


@caught_by("unbiased-enumerated")
class BiasedAboveThePowers(Weighted):
    """In the first cell of each binade."""

    def biased(self, x):
        return np.abs(np.frexp(x)[0]) < 0.5 * (1 + 2.0**-self.kind.mantissa_bits)


@caught_by("unbiased")
class FloorOfNegatives(SeedOnly):
    def quantize(self, x, seed):
        return Stochastic.quantize_with_uniforms(self, x, np.where(x < 0, F(0), self.draw(x.shape, seed)))


@caught_by("unbiased")
class LeapsRarely(SeedOnly):
    """One value of 2^12 is rounded a gap too far."""

    def quantize(self, x, seed):
        far = np.random.default_rng([seed, 1]).random(x.shape) < 2.0**-12
        return Stochastic.quantize_with_uniforms(self, np.where(far, x * F(1.25), x), self.draw(x.shape, seed))
