"""Wrong at the largest numbers and at zero, beyond them, and in the codes of what is there."""

import numpy as np

from tests.quantizers.formats.gaps import E4m3
from tests.quantizers.formats.nearest import Nearest
from tests.quantizers.formats.registry import caught_by
from tests.quantizers.formats.sound import (
    BitTrickOfCodes,
    CodesOfE4m3,
    D,
    E4m3OverflowsToNan,
    E5m2,
    E5m2Saturates,
    F,
    Fnuz,
    Half,
    SignedCodesOfE4m3,
    Stochastic,
)  # fmt: skip


def beyond(size, kind, value):
    return np.where(size > kind.max, value, size)


@caught_by("saturates")
class InfinityThoughSaturating(E5m2Saturates):
    def ended(self, size, x):
        return self.with_sign(beyond(size, self.kind, np.inf), x)


@caught_by("saturates")
class NanThoughSaturating(E4m3):
    def ended(self, size, x):
        return self.with_sign(beyond(size, self.kind, np.nan), x)


@caught_by("saturates")
class SaturatesUndeclared(E5m2):
    def ended(self, size, x):
        return self.with_sign(np.minimum(size, self.kind.max), x)


@caught_by("saturates")
class SaturatesThoughNan(E4m3OverflowsToNan):
    def ended(self, size, x):
        return self.with_sign(np.minimum(size, self.kind.max), x)


@caught_by("saturates")
class OverflowIsZero(E4m3):
    def ended(self, size, x):
        return self.with_sign(beyond(size, self.kind, 0.0), x)


@caught_by("saturates")
class CodesWrap(CodesOfE4m3):
    """Beyond the largest number codes begin again at zero."""

    def code(self, x, u):
        with np.errstate(all="ignore"):
            steps = np.clip((np.abs(x.astype(D)) - self.table[-1]) // 32, 0, 100)
        return (super().code(x, u) + np.nan_to_num(steps).astype(int)) % 127


@caught_by("unbiased-enumerated")
class NeverOverflowsInTheLastGap(E5m2):
    """Clips to the largest number first, but for what lies beyond all doubt."""

    def quantize_with_uniforms(self, x, u):
        inside = np.where(np.abs(x) < 65536, np.clip(x, F(-57344), F(57344)), x)
        return super().quantize_with_uniforms(inside, u)


@caught_by("unbiased-enumerated")
class OverflowsInTheLastGap(E5m2):
    """All above the largest number is infinite."""

    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(np.where(np.abs(x) > 57344, np.copysign(F(np.inf), x), x), u)


@caught_by("nearest-point")
class NearestOverflowsAtOnce(Nearest):
    format = "float8_e5m2"

    def ended(self, size, x):
        return super().ended(np.where(np.abs(x) > self.kind.max, np.inf, size), x)


@caught_by("nearest-point")
class NearestOverflowsLate(Nearest):
    """Only a whole gap beyond the largest number."""

    format = "float16"

    def ended(self, size, x):
        return super().ended(np.where(np.abs(x) < 65536, np.minimum(size, self.kind.max), size), x)


@caught_by("ties")
class TieAtTheEndSaturates(Nearest):
    """It belongs to the even neighbour, which is infinity."""

    format = "float16"

    def ended(self, size, x):
        return super().ended(np.where(np.abs(x) == 65520, self.kind.max, size), x)


@caught_by("grid-points-fixed")
class LargestOfTheOtherE4m3(E4m3):
    """240, as if there were infinities."""

    def ended(self, size, x):
        return super().ended(np.where(size > 240, 240.0, size), x)


@caught_by("non-finite")
class InfinityBecomesTheLargest(Half):
    def ended(self, size, x):
        return super().ended(np.where(np.isinf(x), self.kind.max, size), x)


@caught_by("non-finite")
class NanBecomesTheLargest(E4m3):
    def ended(self, size, x):
        return super().ended(np.where(np.isnan(x), self.kind.max, size), np.where(np.isnan(x), F(1), x))


@caught_by("non-finite")
class NanSpreads(Stochastic):
    def quantize_with_uniforms(self, x, u):
        out = super().quantize_with_uniforms(x, u)
        return np.full_like(out, np.nan) if np.isnan(x).any() else out


@caught_by("signed-zero")
class NegativeZeroLosesItsSign(Stochastic):
    def ended(self, size, x):
        return super().ended(size, np.where(x == 0, F(0), x))


@caught_by("signed-zero")
class NegativeUnderflowLosesItsSign(E4m3):
    def with_sign(self, size, x):
        return np.where(size == 0, F(0), super().with_sign(size, x))


@caught_by("signed-zero")
class FnuzHasNegativeZero(Fnuz):
    def with_sign(self, size, x):
        return np.copysign(size, x).astype(F)


@caught_by("grid-points-fixed")
class FnuzMakesNanOfNegativeZero(Fnuz):
    """-0 has the code of NaN."""

    def with_sign(self, size, x):
        return np.where((size == 0) & np.signbit(x), F(np.nan), super().with_sign(size, x))


@caught_by("grid-points-fixed")
class BiasOfFnuz(E4m3):
    """Reads codes with the bias of the other format: half of each value."""

    def with_sign(self, size, x):
        return super().with_sign(size / 2, x)


@caught_by("grid-points-fixed")
class CodesWithoutSign(CodesOfE4m3):
    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(x, u) & np.uint8(0x7F)


@caught_by("values-on-grid")
class CodesSignExtended(SignedCodesOfE4m3):
    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(x, u).astype(np.int16)


@caught_by("values-on-grid")
class CodesAsFloats(CodesOfE4m3):
    def quantize_with_uniforms(self, x, u):
        return super().quantize_with_uniforms(x, u).astype(F)


@caught_by("grid-points-fixed")
class BytesSwapped(BitTrickOfCodes):
    def rounded(self, x, noise):
        return super().rounded(x, noise).byteswap()
