"""Rounding one number to a floating-point format: its code. The rules are those of :mod:`alpt_ref.scalars.rounding`.

In the cell that holds x the numbers of the format are the multiples of a gap 2^g. So s = x 2^-g is split as n + r, and n,
rounded by the rule, is the number of gaps from 0. All of it is exact: the product by a power of two, since |s| <= 2^(p + 1),
and s is large wherever x is scaled down (g <= 0 in the cells at 0); and r by :mod:`alpt_ref.scalars.rounding`. The code without
its sign, the magnitude, is then

    (E - 1) 2^p + |n|       E = max(1, exponent of x + bias), p the mantissa bits

also where n = 2^(p + 1), the next binade. n is even where the mantissa is. Below the smallest normal number of a format without
subnormals the gap is that number, and the magnitude |n| 2^p.

A magnitude above the largest overflows. What is rounded towards zero, or down from above 0, stops at the largest number
instead, as IEEE 754 has it.
"""

from functools import cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy import float32, float64, int32, int64

from alpt_ref.scalars.arithmetic import bits_of, float_of, times
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.rounding import Rules, Scalar, rules_for

FormatRounding = Literal["nearest", "nearest_away", "stochastic", "toward_zero", "floor"]
FORMAT_ROUNDINGS: tuple[FormatRounding, ...] = get_args(FormatRounding)


class Layout(NamedTuple):
    """A format as the loops know it, all int32; codes are without the sign."""

    p: int32  # mantissa bits
    low_p: int32  # those below the smallest normal number: p, or 0 where there are no subnormals
    emin: int32  # the exponent of the smallest normal number
    whole: int32  # 2^p
    low_whole: int32  # 2^(p - low_p)
    largest: int32  # the code of the largest number
    over: int32  # of what overflows
    nan: int32
    sign: int32  # the sign bit
    zero_sign: int32  # the sign bit where there is a -0, else 0


class Type(NamedTuple):
    """A floating-point type of IEEE 754."""

    real: Any
    integer: Any
    p: int
    bias: int
    rules: Rules


FLOAT32 = Type(float32, int32, 23, 127, rules_for(np.dtype(float32)))
FLOAT64 = Type(float64, int64, 52, 1023, rules_for(np.dtype(float64)))


def type_of(dtype: np.dtype[Any]) -> Type:
    """The type ``dtype``, float32 or float64."""
    return FLOAT32 if dtype == float32 else FLOAT64


@cache
def coder(of: Type, rounding: str, scaled: bool = False, given: bool = False) -> Scalar:
    """Function (x, v, scale, layout) -> the code, int32, of R(x 2^-scale), x of the type ``of``, for v = wrap(u).

    scale : int32, 0 unless it is ``scaled``, for blocks: then x is of float64, and no exponent of a gap leaves its range.
    given : True where u may be any number, and not only a multiple of 2^-24.
    """
    rule: Scalar = getattr(of.rules, rounding)
    rint, zero, none = of.rules.rint, of.real(0), int32(0)
    least, smallest, real = of.real(2.0 ** (1 - of.bias)), of.real(2.0 ** (1 - of.bias - of.p)), of.real
    integer, width, bias, field_mask = of.integer, of.integer(of.p), int32(of.bias), of.integer(2 * of.bias + 1)
    special, one = int32(2 * of.bias + 1), int32(1)
    tinier = given and rounding == "stochastic"
    kept_below, kept_above = rounding == "toward_zero", rounding in ("toward_zero", "floor")

    @jit
    def power(exponent: Any) -> Any:
        return float_of(integer(integer(int32(exponent + bias)) << width))

    @jit
    def code_of(x: Any, v: Any, scale: Any, f: Any) -> Any:
        bits = bits_of(x)
        field, negative = int32((bits >> width) & field_mask), bits < 0
        first = int32(f.emin + scale + bias)
        normal = field >= first
        exponent = field if normal else first
        up = int32((f.p if normal else f.low_p) + bias - exponent)  # -g
        half_up = int32(up >> one)
        # Two factors: 2^-g itself may be beyond float32.
        s = times(times(x if field < special else zero, power(half_up)), power(int32(up - half_up)))
        if scaled and up < none and x != zero and abs(s) < least:
            # Not to lose a number far below its block. It decides as any tiny one does, but against a tinier u.
            reached = tinier and times(times(real(v), power(int32(-half_up))), power(int32(half_up - up))) >= x
            s = -least if negative else (smallest if reached else least)
        n = rint(s)
        q = int32(rule(n, s - n, v))
        q = int32(-q) if q < none else q
        magnitude = int32(int32(int32(exponent - first) * f.whole) + (q if normal else int32(q * f.low_whole)))
        if magnitude > f.largest:
            magnitude = f.largest if (kept_below if negative else kept_above) else f.over
        if field == special:
            magnitude = f.over if x == x + x else f.nan
        if negative:
            magnitude = magnitude | (f.sign if magnitude > none else f.zero_sign)
        return int32(magnitude)

    return code_of
