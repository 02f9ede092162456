"""Wrong with arrays: their memory, shapes, dtypes, ends."""

import numpy as np

from tests.quantizers.registry import caught_by
from tests.quantizers.sound import D, F, Sound, SoundNearest


@caught_by("input-untouched")
class InPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x[...] = super().quantize_with_uniforms(x, delta, bits, u)
        return x.copy()


@caught_by("input-untouched")
class DividesInPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x /= F(delta)
        return super().quantize_with_uniforms(x * F(delta), delta, bits, u)


@caught_by("input-untouched")
class ClipsInPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        end = 2 ** (bits - 1) * F(delta)
        np.clip(x, -end, end - F(delta), out=x)
        return super().quantize_with_uniforms(x, delta, bits, u)


@caught_by("input-untouched")
class NanBecomesZeroInPlace(Sound):
    nan = "zero"

    def quantize_with_uniforms(self, x, delta, bits, u):
        x[np.isnan(x)] = 0
        return super().quantize_with_uniforms(x, delta, bits, u)


@caught_by("input-untouched")
class MinusZeroInPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x += F(0)
        return super().quantize_with_uniforms(x, delta, bits, u)


@caught_by("input-untouched")
class ReturnsWhatIsQuantized(Sound):
    """The array itself, where all of it lies on the grid."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        return x if np.array_equal(out, x) else out


@caught_by("input-untouched")
class LargeInPlace(InPlace):
    """To save memory."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x if x.size > 2**14 else x.copy(), delta, bits, u)


@caught_by("input-untouched")
class UniformsInPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        u[...] = 1 - u
        return out


@caught_by("input-untouched")
class OneBuffer(Sound):
    """Every result lies in the memory of the last one."""

    def __init__(self):
        self._buffers = {}

    def quantize_with_uniforms(self, x, delta, bits, u):
        out = self._buffers.setdefault(x.shape, np.empty(x.shape, F))
        out[...] = super().quantize_with_uniforms(x, delta, bits, u)
        return out


@caught_by("repeatable")
class OneBufferAndGlobalState(OneBuffer):
    _state = np.random.default_rng(0)

    def draw(self, shape, seed):
        return self._state.random(shape, F)


@caught_by("dtype-and-shape")
class IgnoresStrides(Sound):
    """Reads u from its memory as if it were contiguous."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        flat = (u if u.base is None else u.base).reshape(-1)[: u.size]
        return super().quantize_with_uniforms(x, delta, bits, flat.reshape(u.shape))


@caught_by("dtype-and-shape")
class ReturnsFloat64(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta, bits, u).astype(D)


@caught_by("dtype-and-shape")
class Flattens(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta, bits, u).reshape(-1)


@caught_by("dtype-and-shape")
class FailsOnNothing(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x.max()
        return super().quantize_with_uniforms(x, delta, bits, u)


@caught_by("every-element")
class RoundsSmallArraysToNearest(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta, bits, u if x.size > 64 else np.full(x.shape, 0.5, F))


@caught_by("every-element")
class TruncatesTheTail(SoundNearest):
    def quantize_with_uniforms(self, x, delta, bits, u):
        tail = x.size // 8 * 8
        s = np.where(np.arange(x.size).reshape(x.shape) < tail, x, np.trunc(x / F(delta)) * F(delta)).astype(F)
        return super().quantize_with_uniforms(s, delta, bits, u)


@caught_by("every-element")
class LeavesTheTail(Sound):
    """Blocks of eight; what is left over stays as it is."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        tail = x.size // 8 * 8
        out.reshape(-1)[tail:] = x.reshape(-1)[tail:]
        return out
