"""Codes of floats, run by run of elements that share a step size."""

from typing import Any

import numpy as np
from numpy import int32, uint32

from alpt_ref.kernels.cpu.words import fill_words
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.philox import centred_uniform
from alpt_ref.scalars.rounding import FLOAT64

# Words are drawn and used in blocks that stay in the first-level cache.
BLOCK = 2048


@jit
def _wrap_given(u: Any, mask: uint32) -> Any:
    """Stands where ``centred_uniform`` does when the caller supplies u."""
    return FLOAT64.wrap(u)


@jit
def largest_exponent(x_bits: Any, exponent: Any) -> Any:
    """Largest exponent field, by bits: that of infinity and NaN is ``exponent`` itself."""
    largest = exponent ^ exponent
    for i in range(x_bits.size):
        largest = max(largest, x_bits[i] & exponent)
    return largest


@jit
def _quantize_run(x, noise, mask, to_centred, rule, split_position, delta, box, out):
    """Codes of ``x`` (n,), one step size; ``to_centred(noise[i], mask)`` is the wrapped uniform."""
    lo, hi = box
    for i in range(x.size):
        n, r = split_position(x[i], delta, lo, hi)
        out[i] = int32(rule(n, r, to_centred(noise[i], mask)))


@jit
def quantize_range(x, u, counter, mask, rule, split_position, deltas, row_size, box, start, stop, out):
    """Codes of x[start:stop], element i in row i // row_size; u is drawn at ``counter`` where ``u`` is empty."""
    words = np.empty(BLOCK, uint32)
    offset, step, stream, seed = counter
    a = start
    while a < stop:
        row = a // row_size
        b = min(stop, (row + 1) * row_size, a + BLOCK)
        if u.size == 0:
            fill_words(words[: b - a], offset + a, step, stream, seed)
            _quantize_run(
                x[a:b],
                words[: b - a],
                mask,
                centred_uniform,
                rule,
                split_position,
                deltas[row],
                box,
                out[a:b],
            )
        else:
            _quantize_run(x[a:b], u[a:b], mask, _wrap_given, rule, split_position, deltas[row], box, out[a:b])
        a = b
