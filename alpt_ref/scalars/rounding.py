"""Rounding rules as scalar functions: the only place where rounding is defined. They take u, they never draw it.

A target is handed over split, as n + r with n the nearest integer and -1/2 <= r <= 1/2: that split is exact in floating
point, while t - floor(t) is not (for -1/2 < t < 0 it would be rounded up, even to 1). The uniform comes wrapped in the same
way, v = u for u < 1/2 and u - 1 otherwise, exact too. With a = frac(n + r), "round up if u < a" reads

    r >= 0, a = r:      up to n + 1 if 0 <= v < r, else n               so both are   n + [v < r] - [v < 0].
    r < 0,  a = 1 + r:  down to n - 1 if r <= v < 0, else n

Every decision is the one of exact arithmetic, and a target on the grid (r = 0) is kept for every u (Q1).

    nearest      R_D(n + r), ties to even
    nearest_away the nearest integer, ties away from 0                       (of floating-point formats alone)
    stochastic   floor(n + r) + 1 if u < a, else floor(n + r)
    toward_zero  the integer between 0 and n + r nearest to n + r            (control: biased)
    floor        floor(n + r)                                                (control: biased)

Quantizing x rounds s = x / delta; an LPT step from code q rounds q + t, t = -eta g / delta, whose split is
(q + n, r) with n + r = t: the sum q + t itself is never formed. Codes are integers held in a float, so that a whole step
stays in one type and vectorizes.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy import float32, float64, int32

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit
from alpt_ref.tools.checks import one_of

Scalar = Callable[..., Any]

# Moves beyond 2^17 cells saturate every grid (16 bits have 2^16 points), and the rounding trick below needs |t| <= 2^22.
MAX_MOVE = 2.0**17


class Rules(NamedTuple):
    """The rounding rules in one floating-point type, each ``rule(n, r, v)`` with v = wrap(u); and what splits targets."""

    nearest: Scalar
    nearest_away: Scalar
    stochastic: Scalar
    toward_zero: Scalar
    floor: Scalar
    wrap: Scalar
    rint: Scalar
    clip: Scalar
    split_move: Scalar
    split_position: Scalar


def _define(real: type, magic: float) -> Rules:
    zero, half, one, wide = real(0), real(0.5), real(1), real is not float32
    max_move = real(MAX_MOVE)
    magic = real(magic)

    @jit
    def wrap(u: Any) -> Any:
        """u in [0, 1) to v in [-1/2, 1/2), modulo 1; exact (Sterbenz)."""
        return u - one if u >= half else u

    @jit
    def rint(t: Any) -> Any:
        # In [2^23, 2^24) float32 holds just the integers, so adding 1.5 * 2^23 rounds to nearest even (float64: 2^52).
        return (t + magic) - magic

    @jit
    def clip(s: Any, lo: Any, hi: Any) -> Any:
        # Comparisons, not max and min: of NaN a GPU's instructions make another number than a CPU's. Here it is lo on both.
        s = hi if s > hi else s
        return s if s > lo else lo

    @jit
    def nearest(n: Any, r: Any, v: Any) -> Any:
        tie_from_odd = abs(r) == half and (int32(n) & 1) == 1
        return n + (r + r if tie_from_odd else zero)

    @jit
    def nearest_away(n: Any, r: Any, v: Any) -> Any:
        tie_outwards = (r == half and n >= zero) or (r == -half and n <= zero)
        return n + (r + r if tie_outwards else zero)

    @jit
    def stochastic(n: Any, r: Any, v: Any) -> Any:
        up = n + one if v < r else n
        return up - one if v < zero else up

    @jit
    def floor(n: Any, r: Any, v: Any) -> Any:
        return n - (one if r < zero else zero)

    @jit
    def toward_zero(n: Any, r: Any, v: Any) -> Any:
        below = n - (one if r < zero else zero)
        return below + (one if below < zero and r != zero else zero)

    @jit
    def split_move(t: Any) -> Any:
        """A move of t cells, held within MAX_MOVE and split."""
        t = clip(t, -max_move, max_move)
        n = rint(t)
        return n, t - n

    @jit
    def split_position(x: Any, delta: Any, lo: Any, hi: Any) -> Any:
        """clip(x / delta), split; with r = 0 where x is a stored grid point n * delta (in ``real`` or in float32)."""
        s = clip(x / delta, lo, hi)
        n = rint(s)
        stored = times(n, delta) == x or (wide and real(times(float32(n), float32(delta))) == x)
        return n, zero if stored else s - n

    return Rules(nearest, nearest_away, stochastic, toward_zero, floor, wrap, rint, clip, split_move, split_position)


FLOAT32 = _define(float32, 1.5 * 2**23)
FLOAT64 = _define(float64, 1.5 * 2**52)
Rounding = Literal["nearest", "stochastic", "toward_zero", "floor"]
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)


@cache
def mover(rules: Rules, rounding: str) -> Scalar:
    """Function (q, t, v, lo, hi) -> clip(R(q + t)): the code after an LPT step of t cells from code q, for v = wrap(u).

    It is R(clip(q + t)) as well (Q5).
    """
    rule: Scalar = getattr(rules, rounding)
    split_move, clip = rules.split_move, rules.clip

    @jit
    def move(q: Any, t: Any, v: Any, lo: Any, hi: Any) -> Any:
        n, r = split_move(t)
        return clip(rule(q + n, r, v), lo, hi)

    return move


def rules_for(dtype: np.dtype[Any]) -> Rules:
    """The rules in the floating-point type ``dtype`` (float32 or float64)."""
    return FLOAT32 if dtype == float32 else FLOAT64


def check_rounding(rounding: str) -> str:
    """``rounding`` if it names a rule, else a ValueError that lists them."""
    one_of("rounding", rounding, ROUNDINGS, str)
    return rounding
