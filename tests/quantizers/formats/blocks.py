"""Sound designs of MX blocks: 32 elements and the power of two that scales them."""

import numpy as np

from tests.quantizers.formats.sound import D, F, Stochastic


class Mx(Stochastic):
    """The rule of the standard in float64; what is no number is refused."""

    format, overflow, block = "float8_e4m3fn", "saturate", 32
    nan = infinity = "error"

    def quantize_with_uniforms(self, x, u):
        if not np.isfinite(x).all():
            raise ValueError("not finite")
        blocks = self.blocked(x.astype(D))
        with np.errstate(all="ignore"):
            scale = self.scale(blocks)
            values = super().quantize_with_uniforms(blocks / scale, self.blocked(u)) * scale
        return self.joined(values, x).astype(F)

    def blocked(self, x):
        return x.reshape(*x.shape[:-1], -1, self.block) if x.size else x

    def joined(self, values, x):
        return values.reshape(x.shape)

    def scale(self, blocks):
        return np.ldexp(1.0, np.clip(self.shift(self.peak(blocks)), -127, 127))

    def peak(self, blocks):
        return np.abs(blocks).max(-1, keepdims=True) if blocks.size else blocks

    def shift(self, peak):
        return np.frexp(peak)[1] - 1 - (np.frexp(self.kind.max)[1] - 1)


class MxNearest(Mx):
    rounding = "nearest"
    quantize_with_uniforms = None

    def quantize(self, x, seed):
        return Mx.quantize_with_uniforms(self, x, np.zeros(x.shape, F))

    def cells(self, s, u):
        return np.rint(s)


class Mx4(Mx):
    format = "float4_e2m1fn"


class Mx4Nearest(MxNearest):
    format = "float4_e2m1fn"


class Mx6Nearest(MxNearest):
    format = "float6_e3m2fn"


class MxE5m2Nearest(MxNearest):
    format = "float8_e5m2"


BLOCKS = [Mx, MxNearest, Mx4, Mx4Nearest, Mx6Nearest, MxE5m2Nearest]
