"""Sound designs on integer grids with zero points, codes, and steps for rows and blocks."""

import numpy as np

from tests.quantizers.sound import D, F, Sound, SoundNearest


class Uint8Nearest:
    """Codes 0 to 255, of which one stands for zero."""

    rounding, bits, signed, zero_points = "nearest", (8,), False, (0, 128, 7)

    def quantize(self, x, delta, bits, seed, zero_point):
        return self.values(self.codes(x, delta, bits, zero_point, None), delta, zero_point)

    def codes(self, x, delta, bits, zero_point, u):
        with np.errstate(all="ignore"):
            return self.clipped(self.rounded(x.astype(D) / delta, u) + zero_point, bits)

    def rounded(self, s, u):
        return np.rint(s)

    def clipped(self, q, bits):
        return np.clip(q, 0, 2**bits - 1)

    def values(self, q, delta, zero_point):
        return ((q - zero_point) * delta).astype(F)


class Uint8Stochastic(Uint8Nearest):
    rounding = "stochastic"

    def quantize(self, x, delta, bits, seed, zero_point):
        return self.quantize_with_uniforms(x, delta, bits, Sound().draw(x.shape, seed), zero_point)

    def quantize_with_uniforms(self, x, delta, bits, u, zero_point):
        return self.values(self.codes(x, delta, bits, zero_point, u), delta, zero_point)

    def rounded(self, s, u):
        n = np.floor(s)
        return n + (u < s - n)


class Uint4Codes(Uint8Stochastic):
    """Integers have no NaN: it is refused."""

    bits, zero_points, returns, nan = (4,), (0, 8, 15), "codes", "error"

    def values(self, q, delta, zero_point):
        if np.isnan(q).any():
            raise ValueError("no NaN")
        return q.astype(np.uint8)


class Int8Codes(Sound):
    """Signed, without a zero point; NaN is zero."""

    bits, returns, nan = (8,), "codes", "zero"

    def quantize_with_uniforms(self, x, delta, bits, u):
        with np.errstate(all="ignore"):
            return np.nan_to_num(self.codes(np.clip(x.astype(D) / delta, *self.box(bits)), u)).astype(np.int8)


class SignedZeroPoint(Uint8Nearest):
    signed, zero_points = True, (0, -5, 100)

    def clipped(self, q, bits):
        return np.clip(q, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


class PerRow(Sound):
    """A step for each row."""

    bits, steps_per = (4, 8), "row"

    def spread(self, delta, x):
        return delta.astype(D)[:, None]

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, self.spread(delta, x), bits, u)


class PerRowNearest(SoundNearest):
    bits, steps_per = (8,), "row"

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta.astype(D)[:, None], bits, u)


class PerBlock(PerRow):
    """A step for 16 elements of a row."""

    steps_per = 16

    def spread(self, delta, x):
        return np.repeat(delta.astype(D), 16, axis=-1)


GRIDS = [Uint8Nearest, Uint8Stochastic, Uint4Codes, Int8Codes, SignedZeroPoint, PerRow, PerRowNearest, PerBlock]
