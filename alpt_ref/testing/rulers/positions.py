"""The values next to which rounding decides, and positions among the numbers of a format and beyond them."""

from typing import Any

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats import Format, format_of
from alpt_ref.formats.points import decode as decode_unsigned
from alpt_ref.formats.points import split, values
from alpt_ref.testing.rulers.base import BEYOND, HUGE, TINY, Floats, Values


def thresholds(bits: int, delta: float, first: int | None = None) -> Values:
    """The values next to which rounding decides, float32: points and midpoints of a grid and a little beyond. Their neighbours
    in float32 and tiny and huge values are among them. first : the lowest of the 2^bits ordinals, by default -2^(bits-1)."""
    lowest = -(2 ** (bits - 1)) if first is None else first
    half_steps = np.arange(2 * lowest - BEYOND, 2 * (lowest + 2**bits - 1) + BEYOND + 1)
    at = (half_steps * (delta / 2.0)).astype(float32)
    around = (np.nextafter(at, float32(-np.inf)), at, np.nextafter(at, float32(np.inf)), np.array(TINY, float32))
    return np.concatenate((*around, np.array(HUGE, float32)))


def thresholds_of(name: str | Format, *, few: bool = False) -> Values:
    """The values next to which rounding to a format decides, float32: its numbers and midpoints, with their neighbours in
    float32, and tiny and huge values. few : those at the ends and in the middle of each binade alone."""
    kind = format_of(name)
    k = ordinals_of(kind, few=few).astype(float64)
    beyond = kind.largest + np.arange(1.0, 4.0)
    at = outwards(kind, np.concatenate((k, k + 0.5, beyond)))
    around = (at, np.nextafter(at, float32(-np.inf)), np.nextafter(at, float32(np.inf)))
    out = np.concatenate((*around, np.array(TINY, float32), np.array(HUGE, float32)))
    return np.asarray(out[np.isfinite(out)])


def outwards(kind: Format, s: Floats) -> Values:
    """The float32 numbers at positions ``s`` and -s, those nearest to home first, so that the first that fails is simple."""
    near = s[np.argsort(np.abs(s - home_of(kind)), kind="stable")]
    size = value_at(kind, near)
    with np.errstate(over="ignore"):  # beyond the end of float32
        return np.asarray(np.stack((size, -size), axis=1).reshape(-1).astype(float32))


def home_of(kind: Format) -> int:
    """The ordinal of 1, or one in the middle where 1 is none of the numbers or near their end."""
    k, rest = split(kind, 1.0)
    return int(k) if rest == 0.0 and 0 < k < kind.largest - 1 else (kind.largest + 1) // 2


def ordinals_of(kind: Format, *, few: bool) -> NDArray[np.int64]:
    """The ordinals of 0 and of positive numbers: all, or the first two, one in the middle and the last of each binade."""
    k = np.arange(kind.largest + 1)
    within = (k + kind.skipped) & (2**kind.mantissa_bits - 1)
    ends = np.isin(within, (0, 1, 2 ** (kind.mantissa_bits - 1), 2**kind.mantissa_bits - 1))
    return k[ends | (k < 3) | (k > kind.largest - 2)] if few else k


def value_at(kind: Format, s: ArrayLike) -> Floats:
    """The numbers at positions ``s``: the inverse of :func:`position_of`."""
    size, end = np.abs(np.asarray(s, float64)), kind.largest + 1
    k = np.minimum(np.floor(size), end).astype(np.int64)
    low, high = values(kind, k), values(kind, np.minimum(k + 1, end))
    inside = low + (size - k) * (high - low)
    return np.asarray(np.copysign(np.where(k < end, inside, low * (1.0 + size - end)), s))


def position_of(kind: Format, x: ArrayLike) -> Floats:
    """The positions of ``x``, which holds no NaN; exact in float64 for a float32 up to the first number beyond the end.

    From there on they count its multiples: any that are further out will do.
    """
    k, rest = split(kind, x)
    beyond = np.abs(np.asarray(x, float64)) / float(values(kind, kind.largest + 1)) - 1.0
    return np.asarray(np.copysign(k + rest + np.maximum(beyond, 0.0), x))


def decode(kind: Format, codes: NDArray[np.integer[Any]]) -> Floats:
    """The numbers of the bit patterns ``codes``, float64. They may be of any integer type: where one has a sign and just the
    format's bits (int16 for bfloat16, as of libraries without uint16), its negative numbers are the patterns that begin with 1.
    ValueError for what is no pattern."""
    signed = codes.dtype.kind == "i" and 8 * codes.dtype.itemsize == kind.bits
    return decode_unsigned(kind, codes.view(f"u{codes.dtype.itemsize}") if signed else codes)
