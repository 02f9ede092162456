"""Codes of a floating-point format on a GPU, and numbers of codes. A thread draws for the four elements of a Philox block."""

from functools import cache
from typing import Any

from numba import cuda
from numpy import int32, uint64

from alpt_ref.kernels.cuda.launch import kernel
from alpt_ref.scalars.floats import Type, coder
from alpt_ref.scalars.philox import LOW, centred_uniform, philox
from alpt_ref.scalars.rounding import FLOAT32, Scalar

_32, _NO_SCALE = uint64(32), int32(0)
_wrap = FLOAT32.wrap  # float64 stays float64


@cache
def drawing_coder(of: Type, rounding: str) -> Scalar:
    """Kernel (x, codes, layout, noise, offset): codes of x; element i owns the word of flat index offset + i."""
    code_of = coder(of, rounding)

    @kernel
    def code_drawn(x, codes, layout, noise, offset):
        for b in range((offset >> 2) + cuda.grid(1), (offset + x.size + 3) >> 2, cuda.gridsize(1)):
            block = uint64(b)
            words = philox(block & LOW, block >> _32, noise.step, noise.stream, noise.seed & LOW, noise.seed >> _32)
            i = 4 * b - offset
            for word in words:
                if 0 <= i < x.size:
                    codes[i] = code_of(x[i], centred_uniform(word, noise.mask), _NO_SCALE, layout)
                i += 1

    return code_drawn


@cache
def given_coder(of: Type, rounding: str) -> Scalar:
    """Kernel (x, u, codes, layout): with uniforms ``u`` (n,), which rules that draw nothing do not look at."""
    code_of = coder(of, rounding)

    @kernel
    def code_given(x, u, codes, layout):
        for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
            codes[i] = code_of(x[i], _wrap(u[i]), _NO_SCALE, layout)

    return code_given


@kernel
def look_up(codes: Any, numbers: Any, out: Any) -> None:
    """The numbers of ``codes``, from a table of those of all codes."""
    for i in range(cuda.grid(1), codes.size, cuda.gridsize(1)):
        out[i] = numbers[codes[i]]


@kernel
def first_nan(x: Any, first: Any) -> None:
    """The smallest index of a NaN into ``first`` (1,), where it is below what is there."""
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        if x[i] != x[i]:
            cuda.atomic.min(first, 0, i)
