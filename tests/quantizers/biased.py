"""Wrong in the mean or the variance."""

import numpy as np

from tests.quantizers.off_point import WideDither
from tests.quantizers.registry import caught_by
from tests.quantizers.sound import D, F, SeedOnly, Sound


@caught_by("unbiased-enumerated")
class BiasedUp(Sound):
    """By 2^-12 of a step."""

    def codes(self, s, u):
        n = np.floor(s)
        return n + ((s > n) & (u < s - n + 2.0**-12))


@caught_by("unbiased-enumerated", "default")
class BiasedDown(Sound):
    def codes(self, s, u):
        n = np.floor(s)
        return n + (u < s - n - 2.0**-12)


@caught_by("unbiased")
class BiasedDraws(SeedOnly):
    """Uniforms to a power."""

    power = 1.2

    def quantize(self, x, delta, bits, seed):
        return Sound().quantize_with_uniforms(x, delta, bits, Sound().draw(x.shape, seed) ** self.power)


@caught_by("unbiased", "default")
class BiasedDrawsByALittle(BiasedDraws):
    power = 1.1


@caught_by("unbiased")
class FewBitsUndeclared(Sound):
    """Its own uniforms have 6 bits."""

    def draw(self, shape, seed):
        return np.random.default_rng(seed).integers(0, 64, shape).astype(F) / F(64)


@caught_by("unbiased-enumerated")
class FewBitsOfTheGiven(Sound):
    def codes(self, s, u):
        return super().codes(s, np.floor(u * 64) / 64)


@caught_by("unbiased-enumerated")
class FloorOfGivenNegatives(Sound):
    def codes(self, s, u):
        n = np.floor(s)
        return n + ((u < s - n) & (s > 0))


@caught_by("unbiased")
class FloorOfNegatives(SeedOnly):
    of = FloorOfGivenNegatives


@caught_by("variance")
class WideDitherOfSeeds(SeedOnly):
    of = WideDither


@caught_by("unbiased")
class NearestInDisguise(SeedOnly):
    def quantize(self, x, delta, bits, seed):
        noise = (Sound().draw(x.shape, seed) - 0.5) * 2.0**-4
        lo, hi = Sound().box(bits)
        with np.errstate(invalid="ignore"):
            s = np.clip(x.astype(D) / delta, lo, hi)
            q = np.where(s == np.rint(s), s, np.rint(np.clip(s + noise, np.floor(s), np.ceil(s))))
        return (q * delta).astype(F)


@caught_by("small-updates-survive")
class Stagnates(SeedOnly):
    """Moves below 1/512 of a step are dropped."""

    def quantize(self, x, delta, bits, seed):
        s = x.astype(D) / delta
        near = np.abs(s - np.rint(s)) < 1 / 512
        return Sound().quantize(np.where(near, np.rint(s) * delta, x).astype(F), delta, bits, seed)


@caught_by("unbiased")
class NotWarmedUp(SeedOnly):
    """The first uniform of every array is its seed's, small for small ones."""

    def quantize(self, x, delta, bits, seed):
        u = Sound().draw(x.shape, seed)
        u.reshape(-1)[:1] = seed / 2**31
        return Sound().quantize_with_uniforms(x, delta, bits, u)


@caught_by("unbiased")
class FloorsTheTail(SeedOnly):
    """Blocks of eight; what is left over is floored."""

    def quantize(self, x, delta, bits, seed):
        u = Sound().draw(x.shape, seed)
        u.reshape(-1)[x.size // 8 * 8 :] = 1 - 2.0**-24
        return Sound().quantize_with_uniforms(x, delta, bits, u)


@caught_by("unbiased")
class BiasedAtFiveBits(SeedOnly):
    """At one width of fifteen."""

    def quantize(self, x, delta, bits, seed):
        u = Sound().draw(x.shape, seed)
        return Sound().quantize_with_uniforms(x, delta, bits, u * F(0.8) if bits == 5 else u)


@caught_by("unbiased")
class BiasedAtOddMiddles(Sound):
    """For odd codes half way to the lower end."""

    def codes(self, s, u):
        n = np.floor(s)
        return n + (u < (s - n) * np.where((n % 2 == 1) & (n > -100) & (n < -10), 0.8, 1.0))


@caught_by("unbiased")
class LeapsRarely(SeedOnly):
    """One value of 2^17 goes a step too far."""

    def quantize(self, x, delta, bits, seed):
        far = np.random.default_rng([seed, 1]).random(x.shape) < 2.0**-17
        return Sound().quantize(np.where(far, x + F(delta), x).astype(F), delta, bits, seed)
