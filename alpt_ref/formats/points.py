"""The points of a format: their order, values and codes, the neighbours of a number, and the gap between them.

The finite numbers of a format in increasing order have the ordinals -largest .. largest, and 0 is zero: of a number the ordinal
is its code without the sign, less the codes that are no numbers, with the sign of the number. So the numbers of a binade are
apart by one ordinal, whatever their gap, and an even ordinal has an even mantissa (subnormals given). The ordinals +-(largest +
1) stand for what is beyond: the next number if the exponent had no end, at which rounding overflows for certain.

All is exact in float64: values have at most 11 significant bits, and x - floor is a difference within one cell.
"""

from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats.record import Format
from alpt_ref.tools.checks import check_codes, check_unmasked, first

Floats = NDArray[float64]
Ordinals = NDArray[int64]


def values(kind: Format, ordinals: ArrayLike) -> Floats:
    """The numbers of those ordinals, float64 of their shape; the next powers of two for +-(largest + 1).

    Raises ValueError for the first ordinal that is no integer in that range.
    """
    given, end = np.asarray(ordinals), kind.largest + 1
    if given.dtype.kind not in "iuf":
        raise ValueError(f"ordinals must be integers in [{-end}, {end}] for {kind.name}, got {given.dtype}")
    bad = ~((given >= -end) & (given <= end) & (given == np.rint(given)))
    if bad.any():
        value = given.flat[int(np.argmax(bad))]
        raise ValueError(f"ordinals{first(bad)} must be an integer in [{-end}, {end}] for {kind.name}, got {value}")
    k = given.astype(int64)
    p = kind.mantissa_bits
    magnitude = np.where(k == 0, 0, np.abs(k) + kind.skipped)
    exponent, mantissa = magnitude >> p, magnitude & ((1 << p) - 1)
    whole = np.where(exponent > 0, mantissa + (1 << p), mantissa)
    return np.asarray(np.sign(k) * np.ldexp(whole.astype(float64), kind.emin - p + np.maximum(exponent - 1, 0)))


def split(kind: Format, x: ArrayLike) -> tuple[Ordinals, Floats]:
    """The ordinal of the largest number of at most |x|, and how far |x| is from there to the next, in [0, 1); int64 and float64
    of the shape of ``x``; ValueError where that holds NaN. Beyond the end: largest + 1, and 0."""
    size = np.abs(np.asarray(x, float64))
    if (nan := np.isnan(size)).any():
        raise ValueError(f"x{first(nan)} is NaN, which lies between no numbers")
    p, end = kind.mantissa_bits, float(values(kind, kind.largest + 1))
    inside = np.minimum(size, end)
    exponent = np.maximum(np.frexp(inside)[1] - 1, kind.emin)
    if kind.subnormals:
        cells = np.ldexp(inside, p - exponent)
    else:
        cells = np.ldexp(inside, np.where(inside < kind.smallest_normal, -kind.emin, p - exponent))
    whole = np.floor(cells)
    normal = inside >= kind.smallest_normal
    above = ((exponent - kind.emin) << p) - kind.skipped
    return np.asarray(whole + np.where(normal, above, 0), int64), np.asarray(cells - whole)


def floors(kind: Format, x: ArrayLike) -> Ordinals:
    """The ordinal of the largest number of at most x; -(largest + 1) and largest + 1 beyond the ends."""
    magnitude, rest = split(kind, x)
    below = -magnitude - (rest > 0)
    return np.asarray(np.where(np.signbit(np.asarray(x, float64)), below, magnitude))


def neighbours(kind: Format, x: ArrayLike) -> tuple[Floats, Floats]:
    """The largest number of at most x and the smallest of at least x; x itself twice where it is one."""
    low, high = floors(kind, x), -floors(kind, -np.asarray(x, float64))
    return values(kind, low), values(kind, high)


def gaps(kind: Format, x: ArrayLike) -> Floats:
    """The distance between the neighbours of x; of a number of the format, to the next one away from 0."""
    magnitude, _ = split(kind, x)
    k = np.minimum(magnitude, kind.largest)
    return np.asarray(values(kind, k + 1) - values(kind, k))


def points(kind: Format) -> Floats:
    """All finite numbers in increasing order, zero once: float64 (2 largest + 1,)."""
    return values(kind, np.arange(-kind.largest, kind.largest + 1))


def decode(kind: Format, codes: Any) -> Floats:
    """The numbers of the codes, NaN and infinities among them; float64 of their shape.

    codes : integers in [0, 2^bits). Raises ValueError for the first other one.
    """
    q = check_codes("codes", codes, (1 << kind.bits) - 1).astype(int64)
    sign, magnitude = q >> (kind.bits - 1), q & ((1 << (kind.bits - 1)) - 1)
    ordinal = np.where(magnitude <= kind.skipped, 0, magnitude - kind.skipped)
    size = values(kind, np.minimum(ordinal, kind.largest + 1))
    top = kind.largest_magnitude + 1
    size = np.where(magnitude < top, size, np.where(kind.infinities & (magnitude == top), np.inf, np.nan))
    out = np.where(sign == 1, -size, size)
    return np.asarray(np.where((sign == 1) & (magnitude == 0), np.nan, out) if not kind.negative_zero else out)


def encode(kind: Format, numbers: ArrayLike) -> NDArray[Any]:
    """The codes of numbers that the format has, infinities and NaN among them: the inverse of :func:`decode`.

    NaN becomes :attr:`Format.nan_code` with its own sign, where there is one. Where there is no -0, it becomes 0. Raises
    ValueError for the first number that the format does not have.
    """
    check_unmasked("numbers", numbers)
    x = np.asarray(numbers, float64)
    nan, infinite = np.isnan(x), np.isinf(x)
    ordinal, rest = split(kind, np.where(nan | infinite, 0.0, x))
    missing = (rest > 0) | (ordinal > kind.largest) | (nan & (kind.nans == "none")) | (infinite & (not kind.infinities))
    if missing.any():
        value = x.flat[int(np.argmax(missing))]
        raise ValueError(f"numbers{first(missing)} must be a number of {kind.name}, got {value}")
    magnitude = np.where(ordinal == 0, 0, ordinal + kind.skipped)
    magnitude = np.where(infinite, kind.largest_magnitude + 1, magnitude)
    magnitude = np.where(nan & kind.negative_zero, kind.nan_code or 0, magnitude)
    sign = (np.signbit(x) & (kind.negative_zero | (magnitude > 0))) | (nan & (not kind.negative_zero))
    return np.asarray(magnitude + (sign.astype(int64) << (kind.bits - 1)), kind.code_dtype)
