"""Positions in a format that goes on for ever: its own numbers keep their ordinals, and those beyond its end have one, too."""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats import Format, format_of
from alpt_ref.formats.points import split, values
from alpt_ref.testing.rulers.base import HUGE, TINY, Floats, Values


@cache
def endless(kind: Format) -> Format:
    """The format of the same numbers, by the same ordinals, that goes on as far as float32 does."""
    return replace(kind, exponent_bits=8, nans="none", infinities=False, overflow="saturate")


def thresholds_of(name: str | Format, *, few: bool = False) -> Values:
    """The values next to which rounding to a format decides, float32: its numbers and midpoints, with their neighbours in
    float32, and tiny and huge values. few : those at the ends and in the middle of each binade alone."""
    kind = format_of(name)
    k = ordinals_of(kind, few=few).astype(float64)
    beyond = kind.largest + np.arange(1.0, 4.0)
    size = value_at(kind, np.concatenate((k, k + 0.5, beyond)))
    at = np.concatenate((-size[::-1], size)).astype(float32)
    around = (np.nextafter(at, float32(-np.inf)), at, np.nextafter(at, float32(np.inf)))
    out = np.concatenate((*around, np.array(TINY, float32), np.array(HUGE, float32)))
    return np.asarray(out[np.isfinite(out)])


def ordinals_of(kind: Format, *, few: bool) -> NDArray[np.int64]:
    """The ordinals of 0 and of positive numbers: all, or the first two, one in the middle and the last of each binade."""
    k = np.arange(kind.largest + 1)
    within = (k + kind.skipped) & (2**kind.mantissa_bits - 1)
    ends = np.isin(within, (0, 1, 2 ** (kind.mantissa_bits - 1), 2**kind.mantissa_bits - 1))
    return k[ends | (k < 3) | (k > kind.largest - 2)] if few else k


def value_at(kind: Format, s: ArrayLike) -> Floats:
    """The numbers at positions ``s`` of the endless format."""
    size = np.abs(np.asarray(s, float64))
    k = np.floor(size)
    wide = endless(kind)
    low, high = values(wide, k.astype(np.int64)), values(wide, k.astype(np.int64) + 1)
    return np.asarray(np.copysign(low + (size - k) * (high - low), s))


def position_of(kind: Format, x: ArrayLike) -> Floats:
    """The positions of ``x``, which holds no NaN, in the endless format; exact in float64 for any float32."""
    k, rest = split(endless(kind), x)
    return np.asarray(np.copysign(k + rest, x))
