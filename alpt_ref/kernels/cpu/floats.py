"""Codes of a floating-point format, element by element, and block by block with a scale each."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int32, uint32
from numpy.typing import NDArray

from alpt_ref.kernels.cpu.quantize import BLOCK, wrap_given
from alpt_ref.kernels.cpu.words import fill_words
from alpt_ref.scalars.arithmetic import bits_of, float_of
from alpt_ref.scalars.floats import FLOAT64, Type, coder
from alpt_ref.scalars.jit import inlined, kernel
from alpt_ref.scalars.philox import centred_uniform
from alpt_ref.scalars.rounding import Scalar

_NO_SCALE = int32(0)
_WIDTH, _BIAS, _SPECIAL = FLOAT64.integer(FLOAT64.p), int32(FLOAT64.bias), int32(2 * FLOAT64.bias + 1)
_FIELD = FLOAT64.integer(2 * FLOAT64.bias + 1)


class Scales(NamedTuple):
    """The scales 2^k of blocks: block b holds the elements b size .. (b + 1) size - 1."""

    codes: NDArray[Any]  # uint8: k - lowest, or ``nan`` where a block is not of numbers; written
    size: int
    emax: int32  # the exponent of the largest number of an element
    lowest: int32  # smallest and largest k
    highest: int32
    nan: int32


@cache
def _run_coder(of: Type, rounding: str, draws: bool, scaled: bool) -> Scalar:
    """Function (x, noise, mask, scale, layout, out): codes of x 2^-scale; noise : words where it ``draws``, else uniforms."""
    code_of, real = coder(of, rounding, scaled, not draws), of.real
    to_centred = centred_uniform if draws else wrap_given

    @inlined
    def code_run(x, noise, mask, scale, layout, out):
        for i in range(x.size):
            out[i] = code_of(real(x[i]), to_centred(noise[i], mask), scale, layout)

    return code_run


@cache
def range_coder(of: Type, rounding: str, draws: bool) -> Scalar:
    """Function (elements, layout, noise, offset, start, stop): codes of the elements start .. stop - 1.

    Where it ``draws``, element i owns the word of flat index offset + i; else ``elements.u`` has the uniforms.
    """
    run = _run_coder(of, rounding, draws, False)

    @kernel
    def code_range(elements, layout, noise, offset, start, stop):
        x, u, codes = elements
        words = np.empty(BLOCK, uint32)
        a = start
        while a < stop:
            b = min(stop, a + BLOCK)
            if draws:
                fill_words(words[: b - a], offset + a, noise.step, noise.stream, noise.seed)
                run(x[a:b], words[: b - a], noise.mask, _NO_SCALE, layout, codes[a:b])
            else:
                run(x[a:b], u[a:b], noise.mask, _NO_SCALE, layout, codes[a:b])
            a = b

    return code_range


@cache
def _exponent_finder(of: Type) -> Scalar:
    """Function (x) -> the exponent field, as float64 has it, of the largest |x|; infinity and NaN have the largest field."""
    integer, magnitude = of.integer, of.integer(np.iinfo(of.integer).max)

    @inlined
    def largest_exponent_field(x):
        largest = integer(0)
        for i in range(x.size):
            bits = integer(bits_of(x[i]) & magnitude)  # ordered as the numbers are
            largest = bits if bits > largest else largest
        return int32((bits_of(float64(float_of(largest))) >> _WIDTH) & _FIELD)

    return largest_exponent_field


@cache
def block_coder(of: Type, rounding: str, draws: bool) -> Scalar:
    """Function (elements, scales, layout, noise, offset, start, stop): scales and codes of the blocks start .. stop - 1.

    A block with NaN or an infinity has the scale NaN, and codes 0. Decisions are made in float64, which has every number of
    float32, and every element of every scale, as a normal number.
    """
    run, exponent_field = _run_coder(FLOAT64, rounding, draws, True), _exponent_finder(of)

    @kernel
    def code_blocks(elements, scales, layout, noise, offset, start, stop):
        x, u, codes = elements
        size = scales.size
        many = max(1, BLOCK // size)  # blocks that draw together
        words = np.empty(many * size, uint32)
        for chunk in range(start, stop, many):
            end = min(stop, chunk + many)
            if draws:
                fill_words(words[: (end - chunk) * size], offset + chunk * size, noise.step, noise.stream, noise.seed)
            for block in range(chunk, end):
                a, b, w = block * size, (block + 1) * size, (block - chunk) * size
                field = exponent_field(x[a:b])
                scale = int32(max(scales.lowest, min(scales.highest, int32(field - _BIAS - scales.emax))))
                if field == _SPECIAL:
                    scales.codes[block] = scales.nan
                    codes[a:b] = 0
                    continue
                scales.codes[block] = int32(scale - scales.lowest)
                if draws:
                    run(x[a:b], words[w : w + size], noise.mask, scale, layout, codes[a:b])
                else:
                    run(x[a:b], u[a:b], noise.mask, scale, layout, codes[a:b])

    return code_blocks
