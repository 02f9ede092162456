"""Wrong with arrays: their memory, shapes, dtypes, ends."""

from tests.quantizers.registry import caught_by
from tests.quantizers.sound import D, Sound


@caught_by("input-untouched")
class InPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x[...] = super().quantize_with_uniforms(x, delta, bits, u)
        return x.copy()


@caught_by("input-untouched")
class UniformsInPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        u[...] = 1 - u
        return out


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
class LeavesTheTail(Sound):
    """Blocks of eight; what is left over stays as it is."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        tail = x.size // 8 * 8
        out.reshape(-1)[tail:] = x.reshape(-1)[tail:]
        return out
