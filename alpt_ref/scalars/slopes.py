"""Learned step sizes: what ALPT, LSQ and PACT share, as scalars. A position w / delta comes split as n + r, as in ``rounding``.

    quantized weight     Q(w) = delta clip(R_D(w / delta))
    its slope in delta   q_lo where w / delta <= q_lo,  q_hi where >= q_hi,  inside:
                         LSQ    R_D(w / delta) - w / delta       Esser et al., arXiv 1902.08153, (3); ALPT uses it too
                         PACT   0                                Choi et al., arXiv 1805.06085, (3), with clip = delta q_hi
    its slope in w       1 where q_lo < w / delta < q_hi, else 0     straight through the rounding
    at the ends          a weight with w / delta = q_lo or q_hi is "clipped", as above; or "inside", as where a clamp hands the
                         gradient on at its ends: its slope in w is 1, and the other that of the inside, 0
    gradient scale       1,  1 / sqrt(N q_hi)  or  1 / sqrt(b N q_hi),  N weights that share the step size, b examples in the
                         batch; LSQ's is the second. With d, the weights in a row, for N: all tables alike. With q_hi + 1 for
                         q_hi: the code of ALPT's first author
    first step size      max(2 mean|w| / sqrt(q_hi),  1e-3 / q_hi), or with q_hi + 1 under the root; and the offset
    next step size       |a + move| + offset, in [2^-60, 2^60], from a = delta - offset; the offset is 0 unless it is asked for

So a step size is positive and finite by construction. It is the absolute value of a parameter a that may have either sign:
where a + move < 0 that parameter has gone through 0, and its gradient, seen from the absolute value, changes sign. The
mean of past gradients that an optimizer keeps must change sign with it (``optimizers.REVERSALS``). A guard that keeps
delta + move above a part of delta instead lets a step size fall towards 0 for ever: Adam's moves do not shrink with it.
"""

import math
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy import float32

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.rounding import FLOAT32, Scalar

DELTA_MIN, DELTA_MAX = 2.0**-60, 2.0**60
GradientScale = Literal["1", "1/sqrt(Nq)", "1/sqrt(bNq)", "1/sqrt(dq)", "1/sqrt(bdq)", "1/sqrt(N(q+1))"]
FirstStep = Literal["1/sqrt(q)", "1/sqrt(q+1)"]  # times 2 mean|w|
Ends = Literal["clipped", "inside"]
GRADIENT_SCALES: tuple[GradientScale, ...] = get_args(GradientScale)
SMALLEST_RANGE = 1e-3  # of weights that all start at 0

_nearest, _clip, _split, _split_move = FLOAT32.nearest, FLOAT32.clip, FLOAT32.split_position, FLOAT32.split_move
_ZERO, _ONE = float32(0), float32(1)
_MIN, _MAX = float32(DELTA_MIN), float32(DELTA_MAX)


@jit
def nearest_code(n: Any, r: Any, lo: Any, hi: Any) -> Any:
    """clip(R_D(n + r)), a code held in a float32."""
    return _clip(_nearest(n, r, _ZERO), lo, hi)


@jit
def quantized(w: Any, delta: Any, lo: Any, hi: Any) -> Any:
    """delta clip(R_D(w / delta))."""
    n, r = _split(w, delta, lo, hi)
    return times(delta, nearest_code(n, r, lo, hi))


@jit
def master_position(w: Any, delta: Any, lo: Any, hi: Any) -> Any:
    """w / delta, split, and held within a cell of the range: what lies beyond an end is told from what lies there."""
    return _split(w, delta, lo - _ONE, hi + _ONE)


class Slopes(NamedTuple):
    """The slopes of Q(w) at w / delta = n + r, of LSQ or PACT."""

    in_delta: Scalar  # (n, r, lo, hi) -> slope
    passes: Scalar  # (n, r, lo, hi) -> True where the gradient reaches w


@cache
def slopes_of(method: str, ends: str) -> Slopes:
    """Slopes of "lsq" (of ALPT, too) or "pact", for a rule at the ends. n - lo is exact, so the signs are right."""
    learns_inside, ends_are_clipped = method == "lsq", ends == "clipped"

    @jit
    def below(n: Any, r: Any, lo: Any) -> Any:
        s = (n - lo) + r
        return s < _ZERO or (ends_are_clipped and s == _ZERO)

    @jit
    def above(n: Any, r: Any, hi: Any) -> Any:
        s = (n - hi) + r
        return s > _ZERO or (ends_are_clipped and s == _ZERO)

    @jit
    def slope_in_delta(n: Any, r: Any, lo: Any, hi: Any) -> Any:
        if below(n, r, lo):
            return lo
        if above(n, r, hi):
            return hi
        return (_nearest(n, r, _ZERO) - n) - r if learns_inside else _ZERO

    @jit
    def passes(n: Any, r: Any, lo: Any, hi: Any) -> Any:
        return not (below(n, r, lo) or above(n, r, hi))

    return Slopes(slope_in_delta, passes)


@cache
def trial_of(ends: str) -> Scalar:
    """Function (entry, move, delta, lo, hi) -> (what code ``entry`` moved by ``move`` is rounded to, nearest, at step size
    ``delta``; its slope in it): ALPT's trial."""
    slope = slopes_of("lsq", ends).in_delta

    @jit
    def tried(entry: Any, move: Any, delta: Any, lo: Any, hi: Any) -> Any:
        n, r = _split_move(move / delta)
        position = entry + n
        return times(delta, nearest_code(position, r, lo, hi)), slope(position, r, lo, hi)

    return tried


@jit
def next_delta(delta: Any, move: Any, offset: Any) -> Any:
    """The step size after a move, and whether its parameter went through 0; after a move that is not a number, the same."""
    moved = (delta - offset) + move
    if moved != moved:
        return delta, False
    return _clip(abs(moved) + offset, _MIN, _MAX), moved < _ZERO


def gradient_scale(name: str, batch: int, row: int, n_rows: int, q_hi: int) -> float:
    """The factor of the gradient of a step size that ``name``, of GRADIENT_SCALES, stands for.

    ``batch`` examples; ``row`` weights in a row, of which ``n_rows`` share the step size.
    """
    n, own = row * n_rows, row * q_hi
    squares = {"1": 1, "1/sqrt(Nq)": n * q_hi, "1/sqrt(bNq)": batch * n * q_hi, "1/sqrt(N(q+1))": n * (q_hi + 1)}
    squares |= {"1/sqrt(dq)": own, "1/sqrt(bdq)": batch * own}
    return 1.0 / math.sqrt(squares[name])


def first_delta(mean_abs: Any, q_hi: int, rule: str = "1/sqrt(q)", offset: float = 0.0) -> Any:
    """The step size to start with, from the mean of |w| (array or number, float64), float32; ``rule`` is a FirstStep."""
    root = math.sqrt(q_hi + 1 if rule == "1/sqrt(q+1)" else q_hi)
    return (np.maximum(2.0 * mean_abs / root, SMALLEST_RANGE / q_hi) + offset).astype(float32)
