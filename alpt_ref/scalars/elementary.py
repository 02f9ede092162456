"""exp and log1p on the half line and the interval where the logistic loss needs them: the same bits on every machine.

Libraries of a CPU and of a GPU differ in their last bits. These two use products, sums, one division, and nothing else.

exp_negative(x), x <= 0, is 2^n e^r:

    n = rint(x / log 2),  r = (x - n hi) - n lo,  hi + lo = log 2, and n hi is exact;  |r| <= 0.347
    e^r by its Taylor series, which ends where the next term is below 2^-27 (float64: 2^-57)
    2^n as a product of two powers, so that results below the smallest normal number are right, too

log1p(e), 0 <= e <= 1, is log(1 + f), plus log 2 where e >= 1/2:

    f = e, or (e - 1) / 2;  h = f / (2 + f), |h| <= 0.2;  log(1 + f) = 2 atanh h = f - h (f - h^2 (2/3 + 2/5 h^2 + ...))

Accuracy: below 1 unit in the last place in float32, 1.25 in float64, by all numbers of float32 and by samples against longer
arithmetic (``tests/test_elementary.py``). exp_negative of NaN is NaN.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from numpy import float32, float64, int32, int64

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit

LN2 = Fraction("0.693147180559945309417232121458176568")


class Elementary(NamedTuple):
    """The functions in one floating-point type."""

    exp_negative: Callable[..., Any]
    log1p: Callable[..., Any]


def _define(real: type, integer: type, digits: int, terms: tuple[int, int], lowest: float, hi_bits: int) -> Elementary:
    """``digits`` of the significand after its first; ``terms`` of the two series; e^lowest rounds to 0."""
    half, one, two, three_halves = real(0.5), real(1), real(2), real(1.5)
    shift = integer(digits)
    lowest = real(lowest)
    hi = Fraction(int(LN2 * 2**hi_bits), 2**hi_bits)  # so few bits that its product with n is exact
    ln2, ln2_hi, ln2_lo, per_ln2 = real(float(LN2)), real(float(hi)), real(float(LN2 - hi)), real(float(1 / LN2))
    magic = three_halves * real(2.0**digits)  # added to t, it leaves rint(t) in the low bits
    magic_bits, one_bits = magic.view(integer), integer(one.view(integer) >> digits)
    taylor = tuple(real(1 / math.factorial(m)) for m in range(terms[0], 1, -1))
    atanh = tuple(real(2 / (2 * m + 1)) for m in range(terms[1], 0, -1))

    @jit
    def power_of_two(n: Any) -> Any:
        return real(integer((n + one_bits) << shift).view(real))

    @jit
    def exp_negative(x: Any) -> Any:
        x = lowest if x < lowest else x
        t = times(x, per_ln2) + magic
        n = t - magic
        r = (x - times(n, ln2_hi)) - times(n, ln2_lo)
        series = taylor[0]
        for c in taylor[1:]:
            series = times(series, r) + c
        n = integer(real(t).view(integer) - magic_bits)
        first = integer(n >> integer(1))
        of_rest = one + (r + times(times(r, r), series))
        return times(times(of_rest, power_of_two(first)), power_of_two(integer(n - first)))

    @jit
    def log1p(e: Any) -> Any:
        f = e if e < half else times(half, e - one)
        h = f / (two + f)
        square = times(h, h)
        series = atanh[0]
        for c in atanh[1:]:
            series = times(series, square) + c
        log = f - times(h, f - times(square, series))
        return log if e < half else ln2 + log

    return Elementary(exp_negative, log1p)


FLOAT32 = _define(float32, int32, 23, (8, 5), -104.0, 16)
FLOAT64 = _define(float64, int64, 52, (14, 12), -746.0, 32)
