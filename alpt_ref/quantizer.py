"""``quantize`` and ``dequantize``: Q(x) = delta * R(P(x) / delta), from floats to integer codes and back.

Validation comes first and in full, so that a refused call has written nothing; then one loop over each run of elements
that share a step size.
"""

from typing import Any

import numpy as np
from numpy import float32, uint32, uint64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.quantize import BLOCK, Cells, Elements, largest_exponent, range_quantizer
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.rng import MAX_RANDOM_BITS, Stream, check_counter, random_bits_mask
from alpt_ref.scalars.philox import Noise
from alpt_ref.scalars.rounding import check_rounding, rules_for
from alpt_ref.tools.checks import check_threads, check_unmasked
from alpt_ref.tools.devices import check_device, lies_on_gpu


def _all_finite(array: NDArray[Any], n_threads: int) -> bool:
    unsigned, exponent = (uint32, 0x7F800000) if array.dtype == np.float32 else (uint64, 0x7FF0000000000000)
    bits = array.reshape(-1).view(unsigned)
    found = []
    run_ranges(lambda a, b: found.append(largest_exponent(bits[a:b], unsigned(exponent))), bits.size, n_threads)
    return bool(max(found) < exponent)


def _first(bad: NDArray[np.bool_]) -> str:
    """The index of the first true entry, written as ``[3, 5]``; an empty text for a scalar."""
    index = np.unravel_index(int(np.argmax(bad)), bad.shape)
    return f"[{', '.join(str(int(i)) for i in index)}]" if index else ""


def _check_floats(name: str, x: ArrayLike, n_threads: int) -> NDArray[Any]:
    check_unmasked(name, x)
    array = np.asarray(x)
    if array.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} must be float32 or float64, got {array.dtype}")
    array = np.asarray(array, order="C")
    if not _all_finite(array, n_threads):
        raise ValueError(f"{name}{_first(~np.isfinite(array))} is not finite")
    return array


def _check_uniforms(u: ArrayLike, shape: tuple[int, ...], n_threads: int) -> NDArray[Any]:
    array = _check_floats("u", u, n_threads)
    if array.shape != shape:
        raise ValueError(f"u must have the shape of x, {shape}, got {array.shape}")
    outside = (array < 0) | (array >= 1)
    if outside.any():
        raise ValueError(f"u{_first(outside)} must be in [0, 1), got {array.flat[int(np.argmax(outside))]}")
    return array


def _check_out(out: NDArray[Any], inputs: tuple[NDArray[Any], NDArray[Any]], dtype: Any) -> None:
    x = inputs[0]
    if not isinstance(out, np.ndarray) or out.dtype != dtype or out.shape != x.shape:
        raise ValueError(f"out must be an array of dtype {dtype} and shape {x.shape}")
    if not (out.flags.c_contiguous and out.flags.writeable) or any(np.may_share_memory(out, a) for a in inputs):
        raise ValueError("out must be writeable, C-contiguous and apart from x and u in memory")


def _device(name: str, array: Any, device: str | None) -> str:
    """The device that is to compute. ValueError where it cannot, or ``array`` lies on a GPU and ``device`` is none."""
    there = lies_on_gpu(array)
    if there and device == "cpu":
        raise ValueError(f"device must be cuda: {name} lies on a GPU")
    return check_device(device or ("cuda" if there else "cpu"))


def quantize(
    x: ArrayLike,
    grid: Grid,
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
    """The integer codes R(clip(x / delta)) of ``x`` on ``grid``, R the rounding.

    x : float32 or float64, any shape; (n_rows, k) when the grid has one delta per row. Finite.
    rounding : "nearest" (ties to even), "stochastic", or the biased controls "toward_zero" and "floor".
    u : float, shape of ``x``, in [0, 1): the uniforms of stochastic rounding, supplied; or
    seed, step, stream, offset : draw them from the counter (element i of ``x`` in C order owns the word of flat index offset +
        i, see :mod:`alpt_ref.rng`), with ``random_bits`` in 1..24 bits each.
    n_threads : the result does not depend on it.
    device : "cpu" or "cuda"; None for where ``x`` is. An array on a GPU (CuPy's, PyTorch's, Numba's) is read there, and its
        codes lie there, as Numba's array; one of NumPy goes there and its codes come back. All devices give the same codes.
    out : int8 (bits <= 8) or int16, shape of ``x``; returned when given.

    Stochastic rounding takes floor(s) + 1 when u < s - floor(s), s = clip(x / delta), compared exactly. With k random bits its
    mean is off by (ceil(2^k a)/2^k - a) delta in [0, 2^-k delta), a = frac(s), and no more (Q2). The only error that float32
    adds is the rounding of the division, at most 2^-24 |x / delta| cells. Stored grid points are fixed for every u: x ==
    float32(n * delta), or n * delta in float64 for float64 input, gives n (Q1).

    Raises ValueError, naming the argument and the first offending index, with nothing written: NaN or infinity, wrong dtype or
    shape, u outside [0, 1), a stochastic call with neither or both of ``u`` and ``seed``, counters out of range.
    """
    if not isinstance(grid, Grid):
        raise ValueError(f"grid must be a Grid, got {type(grid).__name__}")
    check_rounding(rounding)
    check_threads(n_threads)
    mask = random_bits_mask(random_bits)
    if rounding == "stochastic" and (u is None) == (seed is None):
        raise ValueError(
            f"stochastic rounding needs exactly one of u and seed, got {'both' if seed is not None else 'neither'}"
        )
    draws = rounding == "stochastic" and seed is not None
    noise = Noise(draws, mask, *check_counter(0 if seed is None else seed, step, stream, offset))
    device = _device("x", x, device)
    if lies_on_gpu(x):
        from alpt_ref import gpu

        codes: NDArray[Any] = gpu.quantize(x, gpu.Call(grid, rounding, noise, int(offset)), u, out)
        return codes
    x = _check_floats("x", x, n_threads)
    grid.check_shape("x", x.shape)
    given = np.empty(0, x.dtype) if u is None else _check_uniforms(u, x.shape, n_threads).reshape(-1)
    if out is None:
        out = np.empty(x.shape, grid.code_dtype)
    else:
        _check_out(out, (x, given), grid.code_dtype)
    if device == "cuda":
        from alpt_ref import gpu

        gpu.quantize_copies(x, gpu.Call(grid, rounding, noise, int(offset)), given.reshape(x.shape) if given.size else x, out)
        return out
    flat, real = x.reshape(-1), x.dtype.type
    # Rules that draw nothing ignore u: x stands in its place.
    elements = Elements(flat, given if rounding == "stochastic" else flat, out.reshape(-1))
    deltas = np.atleast_1d(grid.delta).astype(x.dtype, copy=False)
    cells = Cells(deltas, x.shape[1] if grid.per_row else max(x.size, 1), real(grid.q_lo), real(grid.q_hi))
    quantize_range = range_quantizer(rules_for(x.dtype), rounding, draws)
    run_ranges(lambda a, b: quantize_range(elements, cells, noise, int(offset), a, b), x.size, n_threads, multiple=BLOCK)
    return out


def dequantize(codes: Any, grid: Grid) -> NDArray[float32]:
    """The weights w = float32(q * delta), correctly rounded, float32 with the shape of ``codes``.

    codes : integers q in [q_lo, q_hi], any shape; (n_rows, k) when the grid has one delta per row. Of codes on a GPU the
        weights lie there, too.
    Raises ValueError for other dtypes or shapes, and for a code out of range, naming the first one.
    """
    if not isinstance(grid, Grid):
        raise ValueError(f"grid must be a Grid, got {type(grid).__name__}")
    if lies_on_gpu(codes):
        _device("codes", codes, None)
        from alpt_ref import gpu

        weights: NDArray[float32] = gpu.dequantize(codes, grid)
        return weights
    check_unmasked("codes", codes)
    q = np.asarray(codes)
    if not np.issubdtype(q.dtype, np.integer):
        raise ValueError(f"codes must be integers, got {q.dtype}")
    grid.check_shape("codes", q.shape)
    outside = (q < grid.q_lo) | (q > grid.q_hi)
    if outside.any():
        value = q.flat[int(np.argmax(outside))]
        raise ValueError(f"codes{_first(outside)} must be in [{grid.q_lo}, {grid.q_hi}], got {value}")
    delta = grid.delta[:, None] if grid.per_row else grid.delta
    return q.astype(float32) * delta
