"""Codes on a uniform grid: one loop over each run of elements that share a step size."""

from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.quantize import BLOCK, Cells, Elements, range_quantizer
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.quantizer.checks import Request, check_floats, check_out, check_uniforms, device_of
from alpt_ref.scalars.rounding import rules_for
from alpt_ref.tools.checks import check_unmasked, first
from alpt_ref.tools.devices import lies_on_gpu


def quantize(x: ArrayLike, grid: Grid, of: Request) -> NDArray[Any]:
    """The integer codes; see :func:`alpt_ref.quantize`."""
    device, out, u = device_of("x", x, of.device), of.out, of.u
    if lies_on_gpu(x):
        from alpt_ref import gpu

        codes: NDArray[Any] = gpu.quantize(x, gpu.Call(grid, of.rounding, of.noise, of.offset), u, out)
        return codes
    x = check_floats("x", x, of.n_threads)
    grid.check_shape("x", x.shape)
    given = np.empty(0, x.dtype) if u is None else check_uniforms(u, x.shape, of.n_threads).reshape(-1)
    if out is None:
        out = np.empty(x.shape, grid.code_dtype)
    else:
        check_out(out, (x, given), grid.code_dtype)
    if device == "cuda":
        from alpt_ref import gpu

        call = gpu.Call(grid, of.rounding, of.noise, of.offset)
        gpu.quantize_copies(x, call, given.reshape(x.shape) if given.size else x, out)
        return np.asarray(out)
    flat, real = x.reshape(-1), x.dtype.type
    # Rules that draw nothing ignore u: x stands in its place.
    elements = Elements(flat, given if of.rounding == "stochastic" else flat, out.reshape(-1))
    deltas = np.atleast_1d(grid.delta).astype(x.dtype, copy=False)
    cells = Cells(deltas, x.shape[1] if grid.per_row else max(x.size, 1), real(grid.q_lo), real(grid.q_hi))
    quantize_range = range_quantizer(rules_for(x.dtype), of.rounding, of.noise.draws)
    run_ranges(lambda a, b: quantize_range(elements, cells, of.noise, of.offset, a, b), x.size, of.n_threads, multiple=BLOCK)
    return np.asarray(out)


def dequantize(codes: Any, grid: Grid) -> NDArray[float32]:
    """The weights; see :func:`alpt_ref.dequantize`."""
    if lies_on_gpu(codes):
        device_of("codes", codes, None)
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
        raise ValueError(f"codes{first(outside)} must be in [{grid.q_lo}, {grid.q_hi}], got {value}")
    delta = grid.delta[:, None] if grid.per_row else grid.delta
    return q.astype(float32) * delta
