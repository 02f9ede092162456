"""Sound designs, which must pass."""

import math

import numpy as np

F, D = np.float32, np.float64


class Sound:
    """The textbook in float64: floor(s) + (u < s - floor(s))."""

    rounding = "stochastic"
    range = "full"

    def box(self, bits):
        return -(2.0 ** (bits - 1)) + (self.range == "symmetric"), 2.0 ** (bits - 1) - 1

    def draw(self, shape, seed):
        return np.random.default_rng(seed).random(shape, F)

    def quantize(self, x, delta, bits, seed):
        return self.quantize_with_uniforms(x, delta, bits, self.draw(x.shape, seed))

    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore", over="ignore"):
            q = self.codes(np.clip(x.astype(D) / delta, lo, hi), u)
        return np.clip(q * delta, lo * delta, hi * delta).astype(F)

    def codes(self, s, u):
        n = np.floor(s)
        return n + (u < s - n)


class SoundNearest(Sound):
    rounding = "nearest"

    def codes(self, s, u):
        return np.rint(s)


# Sound designs


class InFloat32(Sound):
    """s and its fraction in float32."""

    def codes(self, s, u):
        s = s.astype(F)
        n = np.floor(s)
        return n + (u < s - n)


class Reciprocal(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore", over="ignore"):
            s = np.clip(x * (F(1) / F(delta)), F(lo), F(hi))
            n = np.floor(s)
            return (n + (u < s - n)).astype(F) * F(delta)


class ClipsThenDivides(Sound):
    """float32(delta q_hi) / delta is below q_hi for some delta, by the error of one division."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = (F(end) * F(delta) for end in self.box(bits))
        q = self.codes(np.clip(x, lo, hi) / F(delta), u)
        return (np.clip(q, *self.box(bits)) * delta).astype(F)


class FloorOfSumInFloat64(Sound):
    """floor(s + u), exact in float64: the uniforms have 24 bits."""

    def codes(self, s, u):
        return np.floor(s + u.astype(D))


class Downwards(Sound):
    def codes(self, s, u):
        n = np.ceil(s)
        return n - (u < n - s)


class OfMagnitudes(Sound):
    """Rounds |s|, so that the same u moves positive and negative values in opposite directions."""

    def codes(self, s, u):
        return np.copysign(super().codes(np.abs(s), u), s)


class Symmetric(Sound):
    range = "symmetric"


class FiveBits(Sound):
    random_bits = 5

    def codes(self, s, u):
        return super().codes(s, np.floor(u * 32) / 32)


class FiveCentredBits(Sound):
    random_bits = 5

    def codes(self, s, u):
        n = np.floor(s)
        return n + ((np.floor(u * 32) + 0.5) / 32 < s - n)


class SeedOnly:
    """No uniforms can be given."""

    rounding = "stochastic"
    of = Sound

    def quantize(self, x, delta, bits, seed):
        return self.of().quantize(x, delta, bits, seed)


class DrawsWhereNeeded(Sound):
    """Grid points draw nothing, so that a seed alone fixes no element's uniform."""

    coupled = False

    def quantize(self, x, delta, bits, seed):
        s = x.astype(D) / delta
        u = np.zeros(x.shape, F)
        off = s != np.floor(s)
        u[off] = np.random.default_rng(seed).random(int(off.sum()), F)
        return self.quantize_with_uniforms(x, delta, bits, u)


class FixedPoint(Sound):
    """8 bits and steps 2^-f alone."""

    bits = (8,)
    steps = "powers of two"

    def quantize_with_uniforms(self, x, delta, bits, u):
        assert bits == 8
        return super().quantize_with_uniforms(x, 2.0 ** round(math.log2(delta)), bits, u)


class FewSteps(Sound):
    """Takes steps from 2^-7 to 1."""

    step_range = (2.0**-7, 1)

    def quantize_with_uniforms(self, x, delta, bits, u):
        assert 2.0**-7 <= delta <= 1
        return super().quantize_with_uniforms(x, delta, bits, u)


class Refuses(Sound):
    nan = infinity = "error"

    def quantize_with_uniforms(self, x, delta, bits, u):
        if not np.isfinite(x).all():
            raise ValueError("not finite")
        return super().quantize_with_uniforms(x, delta, bits, u)


class NanIsZero(Sound):
    nan = "zero"

    def codes(self, s, u):
        return np.nan_to_num(super().codes(s, u), nan=0.0)


class TiesAway(SoundNearest):
    ties = "away"

    def codes(self, s, u):
        return np.trunc(s) + np.sign(s) * (np.abs(s - np.trunc(s)) >= 0.5)


class TiesUp(SoundNearest):
    ties = "up"

    def codes(self, s, u):
        n = np.floor(s)
        return n + (s - n >= 0.5)


class TiesAny(TiesUp):
    ties = "any"


SOUND = [
    Sound, SoundNearest, InFloat32, Reciprocal, ClipsThenDivides, FloorOfSumInFloat64, Downwards, OfMagnitudes, Symmetric,
    FiveBits, FiveCentredBits, SeedOnly, DrawsWhereNeeded, FixedPoint, FewSteps, Refuses, NanIsZero, TiesAway, TiesUp, TiesAny,
]  # fmt: skip
