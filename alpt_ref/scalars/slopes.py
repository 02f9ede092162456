"""Learned step sizes: what ALPT, LSQ and PACT share, as scalars. A position w / delta comes split as n + r, as in ``rounding``.

    quantized weight     Q(w) = delta clip(R_D(w / delta))
    its slope in delta   q_lo where w / delta <= q_lo,  q_hi where >= q_hi,  inside:
                         LSQ    R_D(w / delta) - w / delta       Esser et al., arXiv 1902.08153, (3); ALPT uses it too
                         PACT   0                                Choi et al., arXiv 1805.06085, (3), with clip = delta q_hi
    its slope in w       1 where q_lo < w / delta < q_hi, else 0     straight through the rounding
    gradient scale       1,  1 / sqrt(N q_hi)  or  1 / sqrt(b N q_hi),  N weights that share the step size, b examples in the
                         batch; LSQ's is the second. With d, the weights in a row, for N: all tables alike
    first step size      max(2 mean|w| / sqrt(q_hi),  1e-3 / q_hi)
    next step size       |delta + move|, in [2^-60, 2^60]

So a step size is positive and finite by construction. It is the absolute value of a parameter that may have either sign:
where delta + move < 0 that parameter has gone through 0, and its gradient, seen from the absolute value, changes sign. The
mean of past gradients that an optimizer keeps must change sign with it (``moves.REVERSALS``). A guard that keeps
delta + move above a part of delta instead lets a step size fall towards 0 for ever: Adam's moves do not shrink with it.
"""

import math
from typing import Any, Literal, get_args

import numpy as np
from numpy import float32

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.rounding import FLOAT32

DELTA_MIN, DELTA_MAX = 2.0**-60, 2.0**60
GradientScale = Literal["1", "1/sqrt(Nq)", "1/sqrt(bNq)", "1/sqrt(dq)", "1/sqrt(bdq)"]
GRADIENT_SCALES: tuple[GradientScale, ...] = get_args(GradientScale)
SMALLEST_RANGE = 1e-3  # of weights that all start at 0

_nearest, _clip, _split, _split_move = FLOAT32.nearest, FLOAT32.clip, FLOAT32.split_position, FLOAT32.split_move
_ZERO = float32(0)
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
def passes(n: Any, r: Any, lo: Any, hi: Any) -> Any:
    """True where lo < n + r < hi, so that a gradient reaches w. n - lo is exact, so the signs are right."""
    return (n - lo) + r > _ZERO and (n - hi) + r < _ZERO


@jit
def lsq_slope(n: Any, r: Any, lo: Any, hi: Any) -> Any:
    """dQ/d delta of LSQ."""
    if (n - lo) + r <= _ZERO:
        return lo
    if (n - hi) + r >= _ZERO:
        return hi
    return (_nearest(n, r, _ZERO) - n) - r


@jit
def tried(entry: Any, move: Any, delta: Any, lo: Any, hi: Any) -> Any:
    """(what code ``entry`` moved by ``move`` is rounded to, nearest, at step size ``delta``; its slope in it): ALPT's trial."""
    n, r = _split_move(move / delta)
    position = entry + n
    return times(delta, nearest_code(position, r, lo, hi)), lsq_slope(position, r, lo, hi)


@jit
def pact_slope(n: Any, r: Any, lo: Any, hi: Any) -> Any:
    """dQ/d delta of PACT; over q_hi it is the slope in the clip."""
    if (n - lo) + r <= _ZERO:
        return lo
    return hi if (n - hi) + r >= _ZERO else _ZERO


@jit
def next_delta(delta: Any, move: Any) -> Any:
    """The step size after a move, and whether it went through 0; after a move that is not a number, the same."""
    moved = delta + move
    if moved != moved:
        return delta, False
    return _clip(abs(moved), _MIN, _MAX), moved < _ZERO


def gradient_scale(name: str, batch: int, row: int, n_rows: int, q_hi: int) -> float:
    """The factor of the gradient of a step size that ``name``, of GRADIENT_SCALES, stands for.

    ``batch`` examples; ``row`` weights in a row, of which ``n_rows`` share the step size.
    """
    shared, own = row * n_rows * q_hi, row * q_hi
    squares = {"1": 1, "1/sqrt(Nq)": shared, "1/sqrt(bNq)": batch * shared, "1/sqrt(dq)": own, "1/sqrt(bdq)": batch * own}
    return 1.0 / math.sqrt(squares[name])


def first_delta(mean_abs: Any, q_hi: int) -> Any:
    """The step size to start with, from the mean of |w| (array or number, float64), float32."""
    return np.maximum(2.0 * mean_abs / math.sqrt(q_hi), SMALLEST_RANGE / q_hi).astype(float32)
