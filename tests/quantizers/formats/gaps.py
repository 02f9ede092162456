"""Wrong between two numbers: gaps of another binade, bias in a few of them, double rounding."""

import ml_dtypes
import numpy as np

from tests.quantizers.formats.nearest import Nearest
from tests.quantizers.formats.registry import caught_by
from tests.quantizers.formats.sound import LAST, E4m3OverflowsToNan, E5m2, F, Half, Stochastic


class E4m3(E4m3OverflowsToNan):
    overflow = "saturate"


class SeedOnly(E4m3):
    """No uniforms can be given: only what is drawn is seen."""

    quantize_with_uniforms = None

    def quantize(self, x, seed):
        return Stochastic.quantize_with_uniforms(self, x, self.draw(x.shape, seed))


@caught_by("grid-points-fixed")
class FlushesSubnormals(E4m3):
    def ended(self, size, x):
        return super().ended(np.where(size < self.kind.smallest_normal, 0.0, size), x)


@caught_by("values-on-grid")
class HalfTheSubnormalGap(E4m3):
    def exponent(self, size):
        return np.maximum(np.frexp(size)[1] - 1, self.kind.emin - 1)


@caught_by("grid-points-fixed")
class TwiceTheSubnormalGap(E4m3):
    def exponent(self, size):
        return np.maximum(np.frexp(size)[1] - 1, self.kind.emin + 1)


@caught_by("grid-points-fixed")
class NormalNumbersAlone(Half):
    """Rounds the mantissa alone, as the bit trick would, and flushes what lies below."""

    def exponent(self, size):
        return np.frexp(size)[1] - 1

    def ended(self, size, x):
        return super().ended(np.where(size < self.kind.smallest_normal, 0.0, size), x)


@caught_by("grid-points-fixed")
class GapOfTheBinadeAbove(E4m3):
    def gap(self, size):
        return 2 * super().gap(size)


@caught_by("values-on-grid")
class GapOfTheBinadeBelow(E4m3):
    def gap(self, size):
        return super().gap(size) / 2


@caught_by("two-neighbours")
class LogarithmInFloat32(Stochastic):
    """log2 of the last float32 below a power of two is a whole number."""

    def exponent(self, size):
        return np.maximum(np.floor(np.log2(np.maximum(size, 1e-45).astype(F))), self.kind.emin).astype(int)


@caught_by("unbiased-enumerated")
class NextGapInTheLastCell(E4m3):
    """Below a power of two the probability is told in the gap above it."""

    def cells(self, s, u):
        n = np.floor(s)
        return n + (u < (s - n) * np.where(n == 2 ** (self.kind.mantissa_bits + 1) - 1, 0.5, 1.0))


@caught_by("two-neighbours")
class WideDither(E4m3):
    def cells(self, s, u):
        return np.rint(s + 2 * u - 1)


@caught_by("variance")
class WideDitherOfSeeds(SeedOnly):
    cells = WideDither.cells


@caught_by("small-updates-survive")
class Stagnates(SeedOnly):
    """Moves below 1/512 of a gap are dropped."""

    def cells(self, s, u):
        return np.where(np.abs(s - np.rint(s)) < 1 / 512, np.rint(s), super().cells(s, u))


@caught_by("monotone")
class TurnsAtMidpoints(E5m2):
    def cells(self, s, u):
        return super().cells(s, np.where(s - np.floor(s) < 0.5, u, LAST - u))


@caught_by("grid-points-fixed")
class LessOrEqual(E5m2):
    def cells(self, s, u):
        n = np.floor(s)
        return n + (u <= s - n)


@caught_by("unbiased-enumerated")
class ByWayOfBfloat16(E4m3):
    """To nearest there, and from there at random."""

    def quantize_with_uniforms(self, x, u):
        with np.errstate(all="ignore"):
            return super().quantize_with_uniforms(x.astype(ml_dtypes.bfloat16).astype(F), u)


@caught_by("nearest-point")
class NearestByWayOfBfloat16(Nearest):
    format = "float8_e5m2"
    by = ml_dtypes.bfloat16

    def quantize(self, x, seed):
        with np.errstate(all="ignore"):
            return super().quantize(x.astype(self.by).astype(F), seed)


@caught_by("nearest-point")
class NearestByWayOfHalf(NearestByWayOfBfloat16):
    format, by = "float8_e4m3fn", np.float16


@caught_by("nearest-point")
class FloorOfHalfMore(Nearest):
    """floor(s + 0.5) in float32."""

    format, ties = "float8_e4m3fn", "away"

    def cells(self, s, u):
        return np.floor(s.astype(F) + F(0.5))


@caught_by("ties")
class TiesToEvenMultiples(Nearest):
    """Of the gap above: a power of two counts as odd from below."""

    format = "float8_e4m3fn"

    def cells(self, s, u):
        return np.where(s == 2.0 ** (self.kind.mantissa_bits + 1) - 0.5, np.floor(s), np.rint(s))


@caught_by("monotone")
class SwapsNeighbours(Nearest):
    """Within 2^-10 of a midpoint it takes the farther number."""

    def cells(self, s, u):
        n = np.floor(s)
        near = (np.abs(s - n - 0.5) < 2.0**-10) & (s - n != 0.5)
        return np.where(near, n + (s - n < 0.5), np.rint(s))
