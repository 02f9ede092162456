"""Codes on a GPU: packed, unpacked, and back to weights."""

from functools import cache
from typing import Any

from numba import cuda
from numpy import float32, int32, uint32, uint64

from alpt_ref.kernels.cuda.launch import kernel
from alpt_ref.kernels.storage import weight_of_code
from alpt_ref.scalars.packing import code_in
from alpt_ref.scalars.rounding import Scalar


@kernel
def pack(codes: Any, width: Any, words: Any) -> None:
    """Codes of 2, 4, 8 or 16 bits into ``words``, uint32, low bits first: the bytes of ``scalars.packing.pack``."""
    per_word = 32 // width
    mask = uint32((1 << width) - 1)
    for i in range(cuda.grid(1), words.size, cuda.gridsize(1)):
        word = uint32(0)
        for n in range(min(per_word, codes.size - i * per_word)):
            word = uint32(word | uint32(uint32(uint32(codes[i * per_word + n]) & mask) << uint32(n * width)))
        words[i] = word


@kernel
def unpack(words: Any, width: Any, codes: Any) -> None:
    """Inverse of :func:`pack`: the first codes, as many as ``codes`` has room for."""
    for i in range(cuda.grid(1), codes.size, cuda.gridsize(1)):
        bit = i * width
        codes[i] = code_in(int32(words[bit >> 5]), bit & 31, width)


@cache
def dequantizer(per_row: bool) -> Scalar:
    """Kernel (codes, deltas, row_size, out): w = float32(q * delta); element i has the step size deltas[i // row_size]."""

    @kernel
    def dequantize(codes, deltas, row_size, out):
        for i in range(cuda.grid(1), codes.size, cuda.gridsize(1)):
            out[i] = weight_of_code(float32(codes[i]), deltas[uint64(i) // uint64(row_size)] if per_row else deltas[0])

    return dequantize
