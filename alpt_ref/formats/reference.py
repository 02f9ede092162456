"""Rounding to a format by definition, in rational numbers: what every compiled result is held to. Slow.

The numbers of a format that are not negative are p_0 = 0 < p_1 < .. < p_N, and p_(N+1) is the next one if the exponent had no
end. A number x with p_i <= |x| <= p_(i+1) lies between p_i and p_(i+1), or their negatives. Stochastic rounding goes up
(towards +infinity) if u < a, a = (x - below) / (above - below). Ties to even go to the even mantissa; where both have one, as 0
and the smallest number of a format without subnormals do, to 0.

What would become p_(N+1), or is beyond, overflows. Rounding towards zero, and down of x > 0, never takes a finite number there.
"""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import copysign, frexp, isfinite, isinf, isnan

from alpt_ref.formats.blocks import BlockFormat
from alpt_ref.formats.record import Format


@cache
def magnitudes(kind: Format) -> tuple[tuple[Fraction, ...], tuple[int, ...]]:
    """The numbers p_0 .. p_(N+1) in increasing order, and their codes; that of the last stands for no number."""
    p, numbers = kind.mantissa_bits, {}
    for code in range(kind.largest_magnitude + 2):
        exponent, mantissa = divmod(code, 2**p)
        if exponent > 0:
            numbers[Fraction(2) ** (exponent - kind.bias) * (1 + Fraction(mantissa, 2**p))] = code
        elif mantissa == 0 or kind.subnormals:
            numbers[Fraction(2) ** (1 - kind.bias) * Fraction(mantissa, 2**p)] = code
    return tuple(numbers), tuple(numbers.values())


def rounded(x: float, kind: Format, rounding: str, u: float = 0.0, scale: int = 0) -> int:
    """The code of R(x 2^-scale), decided in rational numbers.

    x : a float, infinite or NaN too. u : in [0, 1), for "stochastic". ValueError for NaN where the format has none.
    """
    negative = copysign(1.0, x) < 0
    if isnan(x):
        if kind.nan_code is None:
            raise ValueError(f"{kind.name} has no NaN")
        return _signed(kind.nan_code, negative, kind)
    numbers, codes = magnitudes(kind)
    size = None if isinf(x) else abs(Fraction(x)) / Fraction(2) ** scale
    if size is None or size >= numbers[-1]:
        kept = size is not None and (rounding == "toward_zero" or (rounding == "floor" and not negative))
        return _signed(codes[-2], negative, kind) if kept else _overflowed(negative, kind)
    i = bisect_right(numbers, size) - 1
    far = (size - numbers[i]) / (numbers[i + 1] - numbers[i])  # from p_i, the one nearer to 0
    odd = codes[i] % 2 == 1
    away = {
        "nearest": far > Fraction(1, 2) or (far == Fraction(1, 2) and odd),
        "nearest_away": far >= Fraction(1, 2),
        "stochastic": Fraction(u) >= 1 - far and far > 0 if negative else Fraction(u) < far,
        "toward_zero": False,
        "floor": negative and far > 0,
    }[rounding]
    if away and i + 2 == len(numbers):
        return _overflowed(negative, kind)
    return _signed(codes[i + away], negative, kind)


def rounded_block(x: Sequence[float], kind: BlockFormat, rounding: str, u: Sequence[float]) -> tuple[int, list[int]]:
    """The code of the scale of a block, and those of its elements. u : one for each element, for "stochastic"."""
    if not all(map(isfinite, x)):
        return 255, [0] * len(x)
    largest = max(map(abs, x))
    scale = min(max(frexp(largest)[1] - 1 - kind.element.emax, -127), 127) if largest else -127
    return scale + 127, [rounded(a, kind.element, rounding, b, scale) for a, b in zip(x, u, strict=True)]


def _overflowed(negative: bool, kind: Format) -> int:
    found = {"saturate": kind.largest_magnitude, "infinity": kind.largest_magnitude + 1, "nan": kind.nan_code}[kind.overflow]
    assert found is not None  # Format refuses an overflow that it does not have
    return _signed(found, negative, kind)


def _signed(code: int, negative: bool, kind: Format) -> int:
    """The code with the sign bit, where the two make a number of that sign."""
    sign = 1 << (kind.bits - 1)
    return code | sign if negative and (code > 0 or kind.negative_zero) else code
