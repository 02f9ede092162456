"""Sound designs of nearest rounding to floating-point formats."""

import ml_dtypes
import numpy as np

from tests.quantizers.formats.sound import BitTrick, F, Stochastic


class Nearest(Stochastic):
    """The textbook in float64."""

    rounding = "nearest"
    quantize_with_uniforms = None

    def quantize(self, x, seed):
        return Stochastic.quantize_with_uniforms(self, x, np.zeros(x.shape, F))

    def cells(self, s, u):
        return np.rint(s)


class NearestByBits(BitTrick):
    """Half a gap less one bit, and the last bit that stays, make the carry."""

    rounding = "nearest"

    def noise(self, shape, seed):
        return np.uint32(0x7FFF)

    def carried(self, word, noise):
        return super().carried(word, noise + ((word >> np.uint32(16)) & np.uint32(1)))


class TiesAway(NearestByBits):
    ties = "away"

    def carried(self, word, noise):
        return BitTrick.carried(self, word, np.uint32(0x8000))


class Cast:
    """The cast of ml_dtypes."""

    rounding = "nearest"
    format = "bfloat16"

    def quantize(self, x, seed):
        return self.cast(x).astype(F)

    def cast(self, x):
        with np.errstate(all="ignore"):
            return x.astype(getattr(ml_dtypes, self.format))


class CastToE4m3(Cast):
    format = "float8_e4m3fn"


class CastToE5m2(Cast):
    format = "float8_e5m2"


class CastToFnuz(Cast):
    format = "float8_e5m2fnuz"


class CastToHalf(Cast):
    """The cast of NumPy."""

    format = "float16"

    def cast(self, x):
        with np.errstate(all="ignore"):
            return x.astype(np.float16)


class CastSaturates(Cast):
    """Clipped before."""

    format, overflow = "float8_e4m3fn", "saturate"

    def cast(self, x):
        return super().cast(np.clip(x, F(-448), F(448)))


class CodesOfCast(Cast):
    format, returns = "float8_e4m3fn", "codes"

    def quantize(self, x, seed):
        return self.cast(x).view(np.uint8)


class NearestFloat6(Nearest):
    format, nan = "float6_e2m3fn", "highest"

    def ended(self, size, x):
        return super().ended(np.where(np.isnan(x), self.kind.max, size), np.where(np.isnan(x), F(1), x))


NEAREST = [
    Nearest, NearestByBits, TiesAway, Cast, CastToE4m3, CastToE5m2, CastToFnuz, CastToHalf, CastSaturates, CodesOfCast,
    NearestFloat6,
]  # fmt: skip
