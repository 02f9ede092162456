"""``quantize`` and ``dequantize``: from floats to the codes of a grid or of a floating-point format, and back.

On a grid, Q(x) = delta * R(P(x) / delta). Validation comes first and in full, so that a refused call has written nothing; then
one loop. :mod:`alpt_ref.quantizer.blocks` has formats whose elements share a scale.
"""

from typing import Any

from numpy import float32
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats import Format
from alpt_ref.grid import Grid
from alpt_ref.quantizer import on_format, on_grid
from alpt_ref.quantizer.blocks import dequantize_blocks, quantize_blocks
from alpt_ref.quantizer.checks import Request, noise_of
from alpt_ref.rng import MAX_RANDOM_BITS, Stream
from alpt_ref.scalars.rounding import check_rounding
from alpt_ref.tools.checks import check_threads


def quantize(
    x: ArrayLike,
    grid: Grid | Format,
    rounding: str = "nearest",
    *,
    u: ArrayLike | None = None,
    seed: int | None = None,
    step: int = 0,
    stream: int = Stream.QUANTIZE,
    offset: int = 0,
    random_bits: int = MAX_RANDOM_BITS,
    n_threads: int = 1,
    out: NDArray[Any] | None = None,
    device: str | None = None,
) -> NDArray[Any]:
    """The codes of ``x``, R the rounding: R(clip(x / delta)) on a grid, the bit patterns of R(x) in a floating-point format.

    x : float32 or float64, any shape; (n_rows, k) when the grid has one delta per row. Finite on a grid.
    grid : a :class:`Grid`, or a :class:`Format`.
    rounding : "nearest" (ties to even), "stochastic", or the biased controls "toward_zero" and "floor"; of formats also
        "nearest_away" (ties away from zero).
    u : float, shape of ``x``, in [0, 1): the uniforms of stochastic rounding, supplied; or
    seed, step, stream, offset : draw them from the counter (element i of ``x`` in C order owns the word of flat index offset +
        i, see :mod:`alpt_ref.rng`), with ``random_bits`` in 1..24 bits each.
    n_threads : the result does not depend on it.
    device : "cpu" or "cuda"; None for where ``x`` is. An array on a GPU (CuPy's, PyTorch's, Numba's) is read there, and its
        codes lie there, as Numba's array; one of NumPy goes there and its codes come back. All devices give the same codes.
    out : int8 (bits <= 8) or int16, of formats uint8 or uint16, shape of ``x``; returned when given.

    Stochastic rounding takes the point above when u < a, where a is how far x is from the point below to it, in [0, 1). That is
    compared exactly: with k random bits its mean is off by (ceil(2^k a)/2^k - a) gaps in [0, 2^-k), and no more (Q2).

    *On a grid* that is floor(s) + 1 when u < s - floor(s), s = clip(x / delta). The only error that float32 adds is the
    rounding of the division, at most 2^-24 |x / delta| cells. Stored grid points are fixed for every u: x == float32(n *
    delta), or n * delta in float64 for float64 input, gives n (Q1).

    *In a format* nothing is rounded but the result. Beyond the largest number :attr:`Format.overflow` decides, for infinities
    too; between it and the next number, if the exponent had no end, R decides as in any cell. A zero keeps the sign of x where
    there is a -0. NaN becomes the NaN of its sign.

    Raises ValueError, naming the argument and the first offending index, with nothing written: NaN or infinity on a grid, NaN
    in a format without one, wrong dtype or shape, u outside [0, 1), a stochastic call with neither or both of ``u`` and
    ``seed``, counters out of range.
    """
    if not isinstance(grid, Grid | Format):
        raise ValueError(f"grid must be a Grid or a Format, got {type(grid).__name__}")
    if isinstance(grid, Grid):
        check_rounding(rounding)
    else:
        on_format.check_rounding(rounding)
    check_threads(n_threads)
    noise = noise_of(rounding, u, seed, (step, stream, offset), random_bits)
    request = Request(rounding, noise, int(offset), u, n_threads, out, device)
    return on_grid.quantize(x, grid, request) if isinstance(grid, Grid) else on_format.quantize(x, grid, request)


def dequantize(codes: Any, grid: Grid | Format) -> NDArray[float32]:
    """The weights w = float32(q * delta), correctly rounded, or the numbers of a format; float32 with the shape of ``codes``.

    codes : integers q in [q_lo, q_hi], any shape; (n_rows, k) when the grid has one delta per row. Of a format bit patterns in
        [0, 2^bits). Of codes on a GPU the weights lie there, too.
    Raises ValueError for other dtypes or shapes, and for a code out of range, naming the first one.
    """
    if not isinstance(grid, Grid | Format):
        raise ValueError(f"grid must be a Grid or a Format, got {type(grid).__name__}")
    return on_grid.dequantize(codes, grid) if isinstance(grid, Grid) else on_format.dequantize(codes, grid)


__all__ = ["dequantize", "dequantize_blocks", "quantize", "quantize_blocks"]
