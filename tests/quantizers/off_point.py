"""Wrong at points of the grid, at midpoints, or by more than a step; nearest rounding that is not."""

import math

import numpy as np

from tests.quantizers.registry import caught_by
from tests.quantizers.sound import D, F, SeedOnly, Sound, SoundNearest, TiesAway, TiesUp


@caught_by("two-neighbours")
class TruncatesThenAdds(Sound):
    """trunc(s) + (u < frac(|s|)): negatives go the wrong way."""

    def codes(self, s, u):
        return np.trunc(s) + (u < np.abs(s - np.trunc(s)))


@caught_by("grid-points-fixed")
class NoiseUpToOne(SeedOnly):
    """floor(s + u), u in [0, 1]: exact integers are bumped."""

    def quantize(self, x, delta, bits, seed):
        u = np.random.default_rng(seed).integers(0, 2**10, x.shape, endpoint=True) / 2**10
        lo, hi = Sound().box(bits)
        with np.errstate(invalid="ignore"):
            return (np.clip(np.floor(np.clip(x.astype(D) / delta, lo, hi) + u), lo, hi) * delta).astype(F)


@caught_by("grid-points-fixed")
class FloorOfSumInFloat32(Sound):
    def codes(self, s, u):
        return np.floor(s.astype(F) + u)


@caught_by("grid-points-fixed")
class FloorOfSumInFloat16(SeedOnly):
    """Seeds alone, 8 bits: what it rounds wrongly must be met by chance."""

    bits = (8,)

    def quantize(self, x, delta, bits, seed):
        u = Sound().draw(x.shape, seed)
        with np.errstate(over="ignore", invalid="ignore"):
            return (np.clip(np.floor((x / F(delta)).astype(np.float16) + u.astype(np.float16)), -128, 127) * delta).astype(F)


@caught_by("grid-points-fixed")
class LessOrEqual(Sound):
    """u <= a: moves a grid point when u is 0."""

    def codes(self, s, u):
        n = np.floor(s)
        return n + (u <= s - n)


@caught_by("stored-points-fixed")
class HalfPrecisionScale(SeedOnly):
    """delta is rounded to 12 bits, and stored points are off."""

    def quantize(self, x, delta, bits, seed):
        mantissa, exponent = math.frexp(delta)
        s = x.astype(D) / math.ldexp(round(mantissa * 2**12) / 2**12, exponent)
        lo, hi = Sound().box(bits)
        with np.errstate(invalid="ignore"):
            return (Sound().codes(np.clip(s, lo, hi), Sound().draw(x.shape, seed)) * delta).astype(F)


@caught_by("two-neighbours")
class WideDither(Sound):
    """rint(s + U(-1, 1)): unbiased, but of a larger variance."""

    def codes(self, s, u):
        return np.rint(s + 2 * u - 1)


@caught_by("monotone")
class SwapsNeighbours(SoundNearest):
    """Within 2^-10 of a midpoint it takes the farther point."""

    def codes(self, s, u):
        n = np.floor(s)
        near = (np.abs(s - n - 0.5) < 2.0**-10) & (s - n != 0.5)
        return np.where(near, n + (s - n < 0.5), np.rint(s))


@caught_by("monotone")
class TurnsAtMidpoints(Sound):
    """1 - u stands in for u above a midpoint: unbiased, but what is lower may end higher."""

    def codes(self, s, u):
        return super().codes(s, np.where(s - np.floor(s) < 0.5, u, F(1 - 2.0**-24) - u))


@caught_by("scales")
class AbsoluteTolerance(SoundNearest):
    """Snaps to 0 what is below 1e-3, whatever delta."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(np.where(np.abs(x) < 1e-3, F(0), x), delta, bits, u)


@caught_by("ties")
class TiesAwayUndeclared(TiesAway):
    ties = "even"


@caught_by("ties")
class TiesUpUndeclared(TiesUp):
    ties = "even"


@caught_by("ties")
class TiesEvenThoughAway(SoundNearest):
    ties = "away"


@caught_by("nearest-point")
class Truncates(SoundNearest):
    def codes(self, s, u):
        return np.trunc(s)


@caught_by("nearest-point")
class FloorOfHalfMore(SoundNearest):
    """floor(s + 0.5) in float32: 0.49999997 goes to 1."""

    ties = "up"

    def codes(self, s, u):
        return np.floor(s.astype(F) + F(0.5))


@caught_by("nearest-point")
class RoundsTwice(SoundNearest):
    def codes(self, s, u):
        return np.rint(np.rint(s * 16) / 16)


@caught_by("nearest-point")
class NearestInFloat16(SoundNearest):
    def codes(self, s, u):
        return np.rint(s.astype(np.float16).astype(D))


@caught_by("seed-without-effect")
class RandomTies(SoundNearest):
    ties = "any"

    def codes(self, s, u):
        n = np.floor(s)
        return np.where(s - n == 0.5, n + (u < 0.5), np.rint(s))
