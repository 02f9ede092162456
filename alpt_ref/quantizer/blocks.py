"""``quantize_blocks`` and ``dequantize_blocks``: numbers to scales and codes of a block format (MX), and back."""

from typing import Any

import numpy as np
from numpy import float32, int32
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats.blocks import HIGHEST, LOWEST, SCALE_NAN, BlockFormat, scale_numbers
from alpt_ref.kernels.cpu.floats import Scales, block_coder
from alpt_ref.kernels.cpu.quantize import Elements
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.quantizer.checks import check_floats, check_uniforms, noise_of
from alpt_ref.quantizer.on_format import check_rounding, dequantize, layout_of
from alpt_ref.rng import MAX_RANDOM_BITS, Stream
from alpt_ref.scalars.floats import type_of
from alpt_ref.tools.checks import check_threads


def quantize_blocks(
    x: ArrayLike,
    kind: BlockFormat,
    rounding: str = "nearest",
    *,
    u: ArrayLike | None = None,
    seed: int | None = None,
    step: int = 0,
    stream: int = Stream.QUANTIZE,
    offset: int = 0,
    random_bits: int = MAX_RANDOM_BITS,
    n_threads: int = 1,
) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """The scales and the codes of ``x`` in blocks of the last axis: e8m0 codes, uint8 (..., k / size), and bit patterns of the
    elements, of the shape of ``x``.

    x : float32 or float64 (..., k), k a multiple of ``kind.size``. A block with NaN or an infinity has the scale NaN, and codes
        0: all of it is NaN.
    All other arguments are those of :func:`alpt_ref.quantize`. An element is R(x / scale), saturated; the quotient is exact.

    Raises ValueError as :func:`alpt_ref.quantize` does, and where the last axis is no multiple of the size.
    """
    if not isinstance(kind, BlockFormat):
        raise ValueError(f"kind must be a BlockFormat, got {type(kind).__name__}")
    check_rounding(rounding)
    check_threads(n_threads)
    noise = noise_of(rounding, u, seed, (step, stream, offset), random_bits)
    x = check_floats("x", x, n_threads, finite=False)
    if x.ndim == 0 or x.shape[-1] % kind.size:
        raise ValueError(f"x must have a last axis of a multiple of {kind.size}, got shape {x.shape}")
    given = x if u is None else check_uniforms(u, x.shape, n_threads)
    codes = np.empty(x.shape, kind.element.code_dtype)
    scales = np.empty((*x.shape[:-1], x.shape[-1] // kind.size), np.uint8)
    layout, flat = layout_of(kind.element), x.reshape(-1)
    # Rules that draw nothing ignore u: x stands in its place.
    elements = Elements(flat, given.reshape(-1) if rounding == "stochastic" else flat, codes.reshape(-1))
    ends = int32(kind.element.emax), int32(LOWEST), int32(HIGHEST), int32(SCALE_NAN)
    of_blocks = Scales(scales.reshape(-1), kind.size, *ends)
    code_blocks = block_coder(type_of(x.dtype), rounding, noise.draws)
    run_ranges(lambda a, b: code_blocks(elements, of_blocks, layout, noise, int(offset), a, b), scales.size, n_threads)
    return scales, codes


def dequantize_blocks(scales: Any, codes: Any, kind: BlockFormat) -> NDArray[float32]:
    """The numbers scale * element, float32 of the shape of ``codes``: NaN in blocks whose scale is NaN.

    scales : e8m0 codes (..., k / size); codes : bit patterns (..., k). They are exact where float32 has the product, which it
    does for all that :func:`quantize_blocks` makes of float32. Raises ValueError for codes out of range, or other shapes.
    """
    if not isinstance(kind, BlockFormat):
        raise ValueError(f"kind must be a BlockFormat, got {type(kind).__name__}")
    powers, elements = scale_numbers(scales), dequantize(codes, kind.element)
    if elements.ndim == 0 or powers.shape != (*elements.shape[:-1], elements.shape[-1] / kind.size):
        raise ValueError(f"scales must have one entry for {kind.size} codes, got shapes {powers.shape} and {elements.shape}")
    with np.errstate(over="ignore"):
        return (np.repeat(powers, kind.size, axis=-1) * elements).astype(float32)
