"""Rounding rules as scalar functions: the only place where rounding is defined. They take u, they never draw it.

A rule answers one question: from the grid point with integer code q, moved by t cells, which code comes next (before
clipping)? Quantizing s = x / delta is the same question with q = 0, an LPT step asks it with t = -eta g / delta. Codes
are integers held in a float, so that a whole step stays in one type and vectorizes.

Every rule first takes n, the integer nearest to t. The remainder r = t - n is then exact in floating point (t - floor(t)
is not: for -1/2 < t < 0 it would be rounded up to 1), and so is u - 1 for u on the lattice 2^-24 Z. Decisions are
therefore those of exact arithmetic, and t = 0 leaves q where it is for every u (Q1).

    nearest      R_D(q + t), ties to even, by the parity of the result q + n
    stochastic   q + floor(t) + 1 if u < t - floor(t), else q + floor(t)
    toward_zero  the integer between 0 and q + t nearest to q + t          (control: biased)
    floor        q + floor(t)                                              (control: biased)
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, float64, int64

from alpt_ref.jit import jit

Scalar = Callable[..., Any]

# Moves beyond 2^17 cells saturate every grid (16 bits have 2^16 points), and the rounding trick below needs |t| <= 2^22.
MAX_MOVE = 2.0**17


class Rules(NamedTuple):
    """The rounding rules in one floating-point type; each is ``rule(q, t, u)`` with |t| <= 2^22, u in [0, 1)."""

    nearest: Scalar
    stochastic: Scalar
    toward_zero: Scalar
    floor: Scalar
    rint: Scalar
    clip: Scalar
    move: Scalar
    position: Scalar


def _define(real: type, magic: float) -> Rules:
    zero, half, one, two = real(0), real(0.5), real(1), real(2)
    max_move = real(MAX_MOVE)
    magic = real(magic)

    @jit
    def rint(t: Any) -> Any:
        # In [2^23, 2^24) float32 holds just the integers, so adding 1.5 * 2^23 rounds to nearest even (float64: 2^52).
        return (t + magic) - magic

    @jit
    def nearest(q: Any, t: Any, u: Any) -> Any:
        n = rint(t)
        r = t - n
        tie = abs(r) == half and (int64(q + n) & 1) == 1
        return q + (n + (two * r if tie else zero))

    @jit
    def stochastic(q: Any, t: Any, u: Any) -> Any:
        n = rint(t)
        r = t - n
        below = one if r < zero else zero
        return q + ((n - below) + (one if u - below < r else zero))

    @jit
    def floor(q: Any, t: Any, u: Any) -> Any:
        n = rint(t)
        return q + (n - (one if t < n else zero))

    @jit
    def toward_zero(q: Any, t: Any, u: Any) -> Any:
        n = rint(t)
        below = q + (n - (one if t < n else zero))
        return below + (one if below < zero and t != n else zero)

    @jit
    def clip(s: Any, lo: Any, hi: Any) -> Any:
        return max(lo, min(s, hi))

    @jit
    def move(q: Any, t: Any, u: Any, lo: Any, hi: Any, rule: Any) -> Any:
        """One LPT step in cells: clip(q + R(t)) = R(clip(q + t)) (Q5)."""
        return clip(rule(q, clip(t, -max_move, max_move), u), lo, hi)

    @jit
    def position(x: Any, delta: Any, lo: Any, hi: Any) -> Any:
        """clip(x / delta), and exactly n where x is the stored grid point n * delta (in ``real`` or in float32)."""
        s = clip(x / delta, lo, hi)
        n = rint(s)
        on_grid = n * delta == x or real(float32(n) * float32(delta)) == x
        return n if on_grid else s

    return Rules(nearest, stochastic, toward_zero, floor, rint, clip, move, position)


FLOAT32 = _define(float32, 1.5 * 2**23)
FLOAT64 = _define(float64, 1.5 * 2**52)
ROUNDINGS = ("nearest", "stochastic", "toward_zero", "floor")


def rules_for(dtype: np.dtype[Any]) -> Rules:
    """The rules in the floating-point type ``dtype`` (float32 or float64)."""
    return FLOAT32 if dtype == float32 else FLOAT64


def check_rounding(rounding: str) -> str:
    """``rounding`` if it names a rule, else a ValueError that lists them."""
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding must be one of {', '.join(ROUNDINGS)}, got {rounding!r}")
    return rounding
