"""Codes of floats, run by run of elements that share a step size."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import int32, uint32
from numpy.typing import NDArray

from alpt_ref.kernels.cpu.words import fill_words
from alpt_ref.scalars.jit import jit, kernel
from alpt_ref.scalars.philox import centred_uniform
from alpt_ref.scalars.rounding import FLOAT64, Rules, Scalar

# Words are drawn and used in blocks that stay in the first-level cache.
BLOCK = 2048
_wrap = FLOAT64.wrap


class Elements(NamedTuple):
    """Flat arrays of one size: the input, the uniforms where they are given, and the codes, which are written."""

    x: NDArray[Any]
    u: NDArray[Any]
    codes: NDArray[Any]


class Cells(NamedTuple):
    """The grid of each element: element i is in row i // row_size, whose step size is deltas[i // row_size]."""

    deltas: NDArray[Any]
    row_size: int
    lo: Any  # smallest and largest code, in the type of x
    hi: Any


@jit
def wrap_given(u: Any, mask: Any) -> Any:
    """The wrapped uniform where the caller supplies u, in the place of ``centred_uniform``."""
    return _wrap(u)


@kernel
def largest_exponent(x_bits: Any, exponent: Any) -> Any:
    """The largest exponent field, by bits: that of infinity and NaN is ``exponent`` itself."""
    largest = exponent ^ exponent
    for i in range(x_bits.size):
        largest = max(largest, x_bits[i] & exponent)
    return largest


@cache
def _run_quantizer(rules: Rules, rounding: str, to_centred: Scalar) -> Scalar:
    """Function (x, noise, mask, delta, lo, hi, out): codes of ``x`` (n,); to_centred(noise[i], mask) is the wrapped uniform."""
    rule, split_position = getattr(rules, rounding), rules.split_position

    @jit
    def quantize_run(x, noise, mask, delta, lo, hi, out):
        for i in range(x.size):
            n, r = split_position(x[i], delta, lo, hi)
            out[i] = int32(rule(n, r, to_centred(noise[i], mask)))

    return quantize_run


@cache
def range_quantizer(rules: Rules, rounding: str, draws: bool) -> Scalar:
    """Function (elements, cells, noise, offset, start, stop): codes of the elements start .. stop - 1.

    Where it ``draws``, element i owns the word of flat index offset + i; else ``elements.u`` has the uniforms.
    """
    run = _run_quantizer(rules, rounding, centred_uniform if draws else wrap_given)

    @kernel
    def quantize_range(elements, cells, noise, offset, start, stop):
        x, u, codes = elements
        words = np.empty(BLOCK, uint32)
        a = start
        while a < stop:
            row = a // cells.row_size
            b = min(stop, (row + 1) * cells.row_size, a + BLOCK)
            delta = cells.deltas[row]
            if draws:
                fill_words(words[: b - a], offset + a, noise.step, noise.stream, noise.seed)
                run(x[a:b], words[: b - a], noise.mask, delta, cells.lo, cells.hi, codes[a:b])
            else:
                run(x[a:b], u[a:b], noise.mask, delta, cells.lo, cells.hi, codes[a:b])
            a = b

    return quantize_range
