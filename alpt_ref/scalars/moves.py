"""Moves as they are stored: in float32, as codes under a rounding, or as step sizes.

    float   w <- w + d
    LPT     q <- clip(q + R(d / delta)),  w = delta q            no float32 copy of w exists
    ALPT    q <- clip(q + R((d + q (delta - delta')) / delta'))  onto the grid of the next step size delta'

The moves d are those of :mod:`alpt_ref.scalars.optimizers`.
"""

from functools import cache
from typing import Any

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.optimizers import DIRECTIONS, REVERSALS
from alpt_ref.scalars.philox import centred_uniform
from alpt_ref.scalars.rounding import FLOAT32, Scalar, mover
from alpt_ref.scalars.slopes import next_delta


@jit
def advance_float(entry: Any, d: Any, delta: Any, word: Any, mask: Any, lo: Any, hi: Any) -> Any:
    """w + d."""
    return entry + d


@cache
def code_advance(rounding: str) -> Scalar:
    """Function (entry, d, delta, word, mask, lo, hi) -> clip(q + R(d / delta)), a code; ``word`` has the bits of u."""
    move = mover(FLOAT32, rounding)

    @jit
    def advance_code(entry: Any, d: Any, delta: Any, word: Any, mask: Any, lo: Any, hi: Any) -> Any:
        return move(entry, d / delta, centred_uniform(word, mask), lo, hi)

    return advance_code


@cache
def code_regrid(rounding: str) -> Scalar:
    """Function (entry, d, old, new, word, mask, lo, hi) -> clip(R((old q + d) / new)), a code of the grid of step ``new``."""
    move = mover(FLOAT32, rounding)

    @jit
    def regrid_code(entry: Any, d: Any, old: Any, new: Any, word: Any, mask: Any, lo: Any, hi: Any) -> Any:
        t = (d + times(entry, old - new)) / new
        return move(entry, t, centred_uniform(word, mask), lo, hi)

    return regrid_code


@cache
def delta_step(optimizer: str) -> Scalar:
    """Function (delta, g, moments, i, h) -> the step size after a step down its gradient g, with number i of ``moments``."""
    direction, reverse = DIRECTIONS[optimizer], REVERSALS[optimizer]

    @jit
    def step(delta: Any, g: Any, moments: Any, i: Any, h: Any) -> Any:
        new, through_zero = next_delta(delta, direction(g, delta - h.offset, moments, i, h), h.offset)
        if through_zero:
            reverse(moments, i)
        return new

    return step
