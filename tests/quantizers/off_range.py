"""Wrong at the edges of the range, beyond it, and for what is no number."""

import math

import numpy as np

from tests.quantizers.registry import caught_by
from tests.quantizers.sound import D, F, Sound, SoundNearest


@caught_by("saturates")
class Wraps(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore"):
            q = self.codes(x.astype(D) / delta, u)
            return (((q - lo) % (hi - lo + 1) + lo) * delta).astype(F)


@caught_by("saturates")
class WrapsBeforeClipping(Sound):
    """Converts to int16 first: 127.6 and 128 are clipped, 40000 wraps."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore"):
            q = self.codes(np.clip(x.astype(D) / delta, -1e9, 1e9), u)
            return (np.clip(np.nan_to_num(q).astype(np.int64).astype(np.int16), lo, hi) * delta).astype(F)


@caught_by("saturates")
class HighestNeverReached(Sound):
    def box(self, bits):
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 2


@caught_by("values-on-grid")
class OneCodeTooMany(Sound):
    def box(self, bits):
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1)


@caught_by("saturates")
class SymmetricUndeclared(Sound):
    def box(self, bits):
        return 1 - 2.0 ** (bits - 1), 2.0 ** (bits - 1) - 1


@caught_by("values-on-grid")
class FullThoughSymmetric(Sound):
    range = "symmetric"

    def box(self, bits):
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1


@caught_by("values-on-grid")
class ClipsFloatsAlone(Sound):
    """float32(delta q_hi) / delta is above q_hi for some delta, and goes up."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = (F(end) * F(delta) for end in self.box(bits))
        return (self.codes(np.clip(x, lo, hi) / F(delta), u) * delta).astype(F)


@caught_by("clip-commutes")
class ReflectsAtTheEdge(Sound):
    """What is less than a step beyond comes back."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        hi = self.box(bits)[1]
        s = x.astype(D) / delta
        s = np.where((s > hi) & (s < hi + 1), 2 * hi - s, s)
        return super().quantize_with_uniforms((s * delta).astype(F), delta, bits, u)


@caught_by("non-finite")
class NanBecomesZero(Sound):
    def codes(self, s, u):
        return np.nan_to_num(super().codes(s, u), nan=0.0)


@caught_by("non-finite")
class InfinityBecomesNan(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(np.where(np.isinf(x), F(np.nan), x), delta, bits, u)


@caught_by("non-finite")
class NanSpreads(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        return np.full_like(out, np.nan) if np.isnan(x).any() else out


@caught_by("values-on-grid")
class RoundsTheStep(Sound):
    """To a power of two, which it does not declare."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, 2.0 ** round(math.log2(delta)), bits, u)


@caught_by("values-on-grid")
class ReturnsCodes(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta, bits, u) / F(delta)


@caught_by("saturates")
class NearestWraps(SoundNearest):
    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore"):
            return (((np.rint(x.astype(D) / delta) - lo) % (hi - lo + 1) + lo) * delta).astype(F)
