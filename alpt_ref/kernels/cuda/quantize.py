"""Codes of floats on a GPU: a thread for each Philox block, that is for four elements.

The budget for SR from float32 to int8: an H100 copies 3.0 TB/s, at 5 bytes 600 G elements/s, and issues 29 T instructions/s, so
that an element has 48 of them. A Philox block takes 20 products of words and 20 exclusive ors of three; as it serves four
elements, these are 10 of the 48. The table that ``analysis/gpu_kernels.py`` prints has what the compiler made of the loop.
"""

from functools import cache
from typing import Any

from numba import cuda
from numpy import int32, int64, uint32, uint64

from alpt_ref.kernels.cuda.launch import kernel
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.philox import LOW, centred_uniform, philox
from alpt_ref.scalars.rounding import FLOAT32, Rules, Scalar

_32 = uint64(32)
_wrap = FLOAT32.wrap  # float64 stays float64


@cache
def _one(rules: Rules, rounding: str) -> Scalar:
    """Function (x, delta, v, cells) -> the code of x for v = wrap(u). cells : as ``kernels.cpu.quantize.Cells``."""
    rule, split_position = getattr(rules, rounding), rules.split_position

    @jit
    def code_of(x, delta, v, cells):
        n, r = split_position(x, delta, cells.lo, cells.hi)
        return int32(rule(n, r, v))

    return code_of


@cache
def _step_sizes(per_row: bool) -> Scalar:
    """Function (cells, i) -> the step size of element i."""

    @jit
    def delta_at(cells, i):
        return cells.deltas[uint64(i) // uint64(cells.row_size)] if per_row else cells.deltas[0]

    return delta_at


@cache
def drawing_quantizer(rules: Rules, rounding: str, per_row: bool) -> Scalar:
    """Kernel (x, codes, cells, noise, offset, start): codes of x[start:]; element i owns the word of flat index offset + i."""
    code_of, delta_at = _one(rules, rounding), _step_sizes(per_row)

    @kernel
    def quantize(x, codes, cells, noise, offset, start):
        for b in range(((offset + start) >> 2) + cuda.grid(1), (offset + x.size + 3) >> 2, cuda.gridsize(1)):
            block = uint64(b)
            words = philox(block & LOW, block >> _32, noise.step, noise.stream, noise.seed & LOW, noise.seed >> _32)
            i = 4 * b - offset
            for word in words:
                if start <= i < x.size:
                    codes[i] = code_of(x[i], delta_at(cells, i), centred_uniform(word, noise.mask), cells)
                i += 1

    return quantize


@cache
def word_quantizer(rules: Rules, rounding: str, per_row: bool, bits: int) -> Scalar:
    """Kernel (x, fours, cells, noise, first_block): as ``drawing_quantizer``, from the beginning of a block on, four at a time.

    fours : the codes of four elements in a uint32 (``bits`` 8) or uint64 (16), little end first: one store for four.
    """
    code_of = _one(rules, rounding)
    word_of = uint32 if bits == 8 else uint64
    mask, width, one, two = uint64(2**bits - 1), uint64(bits), uint64(1), uint64(2)

    @kernel
    def quantize(x, fours, cells, noise, first_block):
        row_size = uint64(cells.row_size)
        for start in range(cuda.grid(1), fours.size, cuda.gridsize(1)):
            b = uint64(start)  # an index without a sign is taken as it is
            i = b << two
            block = uint64(first_block) + b
            words = philox(block & LOW, block >> _32, noise.step, noise.stream, noise.seed & LOW, noise.seed >> _32)
            row = i // row_size if per_row else uint64(0)
            column, shift, four = i - row * row_size, uint64(0), uint64(0)
            for word in words:
                code = code_of(x[i], cells.deltas[row], centred_uniform(word, noise.mask), cells)
                four |= (uint64(int64(code)) & mask) << shift
                i, column, shift = i + one, column + one, shift + width
                if per_row and column == row_size:
                    row, column = row + one, uint64(0)
            fours[b] = word_of(four)

    return quantize


@cache
def given_quantizer(rules: Rules, rounding: str, per_row: bool) -> Scalar:
    """Kernel (x, u, codes, cells): with uniforms ``u`` (n,), which rules that draw nothing do not look at."""
    code_of, delta_at = _one(rules, rounding), _step_sizes(per_row)

    @kernel
    def quantize(x, u, codes, cells):
        for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
            codes[i] = code_of(x[i], delta_at(cells, i), _wrap(u[i]), cells)

    return quantize


@kernel
def first_infinite(x: Any, first: Any) -> None:
    """The smallest index of an element that is not finite into ``first`` (1,), where it is below what is there."""
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        if x[i] - x[i] != 0:
            cuda.atomic.min(first, 0, i)


@kernel
def first_outside(x: Any, low: Any, high: Any, first: Any) -> None:
    """The smallest index of an element outside of [low, high) into ``first`` (1,), where it is below what is there."""
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        if not low <= x[i] < high:
            cuda.atomic.min(first, 0, i)
