"""The ruler of a floating-point format: its numbers, and one point more at each end where rounding overflows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats import Format
from alpt_ref.formats.points import gaps
from alpt_ref.testing.rulers.base import HUGE, LARGEST, TINY, Bools, Floats, Values
from alpt_ref.testing.rulers.positions import decode, home_of, ordinals_of, outwards, position_of, thresholds_of, value_at
from alpt_ref.testing.rulers.words import Words

FLOAT32_NORMAL = 2.0**-126
CLOSE = 12  # ordinals from those of note, among which the simplest counterexamples are sought


@dataclass(frozen=True)
class OfFormat(Words):
    """The numbers of ``kind``.

    overflow : "infinity", "nan" or "saturate", as for :class:`alpt_ref.formats.Format`. flushed : True where float32 subnormals
        of the input are not judged.
    """

    kind: Format
    overflow: str
    returns: str = "values"
    flushed: bool = False
    unit = "gaps"
    factors = (2.0**-4, 0.5, 2.0, 2.0**3)

    @property
    def largest(self) -> int:
        """The ordinal of the largest number."""
        return self.kind.largest

    @property
    def box(self) -> tuple[int, int]:
        """The ordinals of the largest numbers or, where rounding overflows, of what is beyond them."""
        end = self.largest + (self.overflow != "saturate")
        return -end, end

    @property
    def two_points(self) -> tuple[float, float]:
        """The two at home."""
        return float(self.home), -float(self.home)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number."""
        return -self.kind.max, self.kind.max

    @property
    def home(self) -> int:
        """The ordinal of 1, or one in the middle where 1 is none of the numbers or near their end."""
        return home_of(self.kind)

    @property
    def width(self) -> int:
        """The number of bits of a code."""
        return self.kind.bits

    def locate(self, x: ArrayLike) -> Floats:
        """The positions of ``x`` among the numbers; exact in float64 for a float32 that is not beyond the end."""
        return position_of(self.kind, x)

    def value(self, s: ArrayLike) -> Floats:
        """The numbers at positions ``s``."""
        return value_at(self.kind, s)

    def point(self, k: ArrayLike) -> Values:
        """The number of ordinal ``k``; the infinity or NaN beyond the largest."""
        given = np.asarray(k, float64)
        beyond = np.copysign(np.inf if self.overflow == "infinity" else np.nan, given)
        return np.asarray(np.where(np.abs(given) > self.largest, beyond, self.value(given)).astype(float32))

    def ordinals(self, values: NDArray[Any], x: Values) -> Floats:
        """The positions of ``values``. What rounding overflows to is largest + 1; a finite number there or beyond is one
        further. Infinities and NaN that are not declared stay what they are."""
        finite = np.isfinite(values)
        usual = finite.all()
        s = self.locate(values if usual else np.where(finite, values, 0.0))
        beyond = np.abs(s) >= self.largest + 1
        s = np.where(beyond, s + np.copysign(1.0, s), s) if beyond.any() else s
        if usual:
            return s
        over = np.isinf(values) if self.overflow == "infinity" else np.isnan(values) & (self.overflow == "nan")
        end = np.copysign(self.largest + 1.0, values if self.overflow == "infinity" else x)
        return np.asarray(np.where(finite, s, np.where(over, end, values)))

    def decoded(self, codes: NDArray[Any]) -> Floats:
        """The numbers of bit patterns, float64."""
        return decode(self.kind, codes)

    def step(self, x: Values) -> Values:
        """The gap around ``x``; at a number, to the next one away from 0."""
        return np.asarray(gaps(self.kind, x).astype(float32))

    def near(self, a: float) -> float:
        """The number |a| gaps away from zero from home, with the sign of ``a``."""
        return float(self.value(np.copysign(self.home + abs(a), a)))

    @property
    def thousandth(self) -> float:
        """About 1/1000 of a gap, a multiple of what float32 holds there."""
        places = 2.0 ** (23 - self.kind.mantissa_bits)
        return float(np.rint(places / 1000.0) / places)

    def same_gap(self, w: Values, sign: float) -> Bools:
        """True for the points ``w`` in the binade in which updates from the start end."""
        low = 2.0 ** np.floor(np.log2(self.value(self.home + sign * 0.5)))
        return np.asarray((w > low) & (w <= 2.0 * low) if sign < 0 else (w >= low) & (w < 2.0 * low))

    def seen(self, x: Values) -> Values:
        """The values that are judged."""
        subnormal = (x != 0) & (np.abs(x) < FLOAT32_NORMAL)
        return np.asarray(x[~subnormal]) if self.flushed else x

    def thresholds(self, *, few: bool = False) -> Values:
        """The values of :func:`thresholds_of`, without subnormals where they are not judged."""
        return self.seen(thresholds_of(self.kind, few=few))

    def thresholds_text(self, *, few: bool = False) -> str:
        """Python that makes them."""
        text = f"thresholds_of({self.python}{', few=True' * few})"
        judged = [f"abs(x) <= {self.limit!r}"] * (self.limit < LARGEST) + ["(x == 0) | (abs(x) >= 2.0**-126)"] * self.flushed
        return f"(lambda x: x[{' & '.join(f'({text})' for text in judged)}])({text})" if judged else text

    def simple(self) -> Values:
        """Numbers and midpoints close to home, to 0, to the smallest normal number and to the ends, then their neighbours."""
        normal = 2**self.kind.mantissa_bits - self.kind.skipped
        offsets = sorted((i / 2.0 for i in range(-2 * CLOSE, 2 * CLOSE + 1)), key=abs)
        places = [sign * (k + off) for k in (self.home, 0, normal, self.largest) for off in offsets for sign in (1.0, -1.0)]
        with np.errstate(over="ignore"):
            at = self.value(places).astype(float32)
        beside = (np.nextafter(at, float32(-np.inf)), np.nextafter(at, float32(np.inf)))
        x = np.concatenate((at, *beside, np.array(TINY, float32), np.array(HUGE, float32)))
        return self.seen(np.asarray(x[np.isfinite(x)]))

    def points(self, *, few: bool = False) -> Values:
        """The numbers of the format, and the first beyond where float32 holds it."""
        x = outwards(self.kind, np.append(ordinals_of(self.kind, few=few), self.box[1]).astype(float64))
        return self.seen(np.asarray(x[np.isfinite(x)]))

    @property
    def crowded(self) -> Sequence[int]:
        """The largest numbers, the smallest, and those around home."""
        wanted = (self.largest, self.largest - 1, self._first, self._first + 1, self.home, self.home + 1, -self.home)
        return tuple(dict.fromkeys(wanted))

    @property
    def cells(self) -> Sequence[int]:
        """Cells of both signs: next to 0, the last subnormal and the first normal one, at home, the last of a binade and the
        first of the next, the last below the largest number and, where rounding overflows, beyond it."""
        binade, normal = 2**self.kind.mantissa_bits, 2**self.kind.mantissa_bits - self.kind.skipped
        wanted = {0, 1, normal - 1, normal, self.home, self.home + 1, self.home + binade - 1, self.home + binade}
        wanted |= {self.largest // 3 | 1, self.largest - 1, self.largest}
        return self._both_signs(k for k in wanted)

    @property
    def _first(self) -> int:
        """The ordinal of the smallest positive number that is judged."""
        return max(1, int(np.ceil(self.locate(FLOAT32_NORMAL)))) if self.flushed else 1

    @property
    def deep_cells(self) -> Sequence[int]:
        """One at home, of negative numbers next to 0, across a power of two, and the last."""
        inner = self._both_signs((self.home, self._first - 1, self.home + 2**self.kind.mantissa_bits - 1, self.box[1] - 1))
        return [k for i, k in enumerate(inner) if i % 4 in (0, 3)]  # of either sign in turn

    def _both_signs(self, wanted: Iterable[int]) -> Sequence[int]:
        """The ordinals below cells with the inner ends ``wanted``, of both signs, as far as they are in the box and judged."""
        end = self.box[1]
        first = self._first if self.flushed else 0
        inner = sorted({k for k in wanted if first <= k < end}, key=lambda k: (abs(k - self.home), k))
        return [below for k in inner for below in (k, -(k + 1))]

    @property
    def binades(self) -> Sequence[int]:
        """The ordinals below one cell of every binade, even and odd ones, and of the subnormal numbers, with both signs."""
        p, skipped = self.kind.mantissa_bits, self.kind.skipped
        starts = range(0, self.kind.largest_magnitude + 1, 2**p)
        inner = (start + i * 5 % 2**p - skipped for i, start in enumerate(starts))
        return self._both_signs(k for k in inner if 0 <= k <= self.largest)

    def alike(self, x: Values, factor: float) -> Bools:
        """True where x and its multiple are between normal numbers below the highest binade."""
        top = 2.0**self.kind.emax
        size = np.abs(x.astype(float64))
        low, high = self.kind.smallest_normal, float(top)
        return np.asarray((np.minimum(size, size * factor) >= low) & (np.maximum(size, size * factor) <= high))

    def scaled(self, factor: float) -> "OfFormat":
        """This ruler: binades are alike."""
        return self

    def shift(self, x: Values, factor: float) -> Floats:
        """Whole binades, away from zero."""
        return np.asarray(np.copysign(1.0, x) * np.log2(factor) * 2.0**self.kind.mantissa_bits)
