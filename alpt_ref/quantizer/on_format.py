"""Bit patterns of a floating-point format: one loop, whatever the format is."""

from functools import cache
from typing import Any

import numpy as np
from numpy import float32, int32
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats import Format
from alpt_ref.formats.points import decode
from alpt_ref.kernels.cpu.floats import range_coder
from alpt_ref.kernels.cpu.quantize import BLOCK, Elements
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.quantizer.checks import Request, all_finite, check_floats, check_out, check_uniforms, device_of
from alpt_ref.scalars.floats import FORMAT_ROUNDINGS, Layout, type_of
from alpt_ref.tools.checks import check_codes, first, one_of
from alpt_ref.tools.devices import lies_on_gpu


def check_rounding(rounding: str) -> None:
    """Raise a ValueError that lists them unless ``rounding`` names a rule."""
    one_of("rounding", rounding, FORMAT_ROUNDINGS, str)


@cache
def layout_of(kind: Format) -> Layout:
    """The format as loops know it."""
    p, sign = kind.mantissa_bits, 1 << (kind.bits - 1)
    low_p = p if kind.subnormals else 0
    nan = 0 if kind.nan_code is None else kind.nan_code  # 0 is never used: NaN is refused
    over = {"saturate": kind.largest_magnitude, "infinity": kind.largest_magnitude + 1, "nan": nan}[kind.overflow]
    ends = kind.largest_magnitude, over, nan, sign, sign if kind.negative_zero else 0
    return Layout(*map(int32, (p, low_p, kind.emin, 1 << p, 1 << (p - low_p), *ends)))


def quantize(x: ArrayLike, kind: Format, of: Request) -> NDArray[Any]:
    """The bit patterns; see :func:`alpt_ref.quantize`."""
    device, layout = device_of("x", x, of.device), layout_of(kind)
    if lies_on_gpu(x):
        from alpt_ref import gpu

        codes: NDArray[Any] = gpu.quantize(x, gpu.Call(kind, of.rounding, of.noise, of.offset, layout), of.u, of.out)
        return codes
    x = check_floats("x", x, of.n_threads, finite=False)
    if kind.nan_code is None and not all_finite(x, of.n_threads) and (nan := np.isnan(x)).any():
        raise ValueError(f"x{first(nan)} is NaN, which {kind.name} does not have")
    given = np.empty(0, x.dtype) if of.u is None else check_uniforms(of.u, x.shape, of.n_threads).reshape(-1)
    out = of.out
    if out is None:
        out = np.empty(x.shape, kind.code_dtype)
    else:
        check_out(out, (x, given), kind.code_dtype)
    if device == "cuda":
        from alpt_ref import gpu

        call = gpu.Call(kind, of.rounding, of.noise, of.offset, layout)
        gpu.quantize_copies(x, call, given.reshape(x.shape) if given.size else x, out)
        return np.asarray(out)
    flat = x.reshape(-1)
    # Rules that draw nothing ignore u: x stands in its place.
    elements = Elements(flat, given if of.rounding == "stochastic" else flat, out.reshape(-1))
    code_range = range_coder(type_of(x.dtype), of.rounding, of.noise.draws)
    run_ranges(lambda a, b: code_range(elements, layout, of.noise, of.offset, a, b), x.size, of.n_threads, multiple=BLOCK)
    return np.asarray(out)


def dequantize(codes: Any, kind: Format) -> NDArray[float32]:
    """The numbers; see :func:`alpt_ref.dequantize`."""
    if lies_on_gpu(codes):
        device_of("codes", codes, None)
        from alpt_ref import gpu

        numbers: NDArray[float32] = gpu.dequantize(codes, kind, _numbers(kind))
        return numbers
    return np.asarray(_numbers(kind)[check_codes("codes", codes, (1 << kind.bits) - 1)])


@cache
def _numbers(kind: Format) -> NDArray[float32]:
    """The numbers of all codes, which float32 has."""
    return decode(kind, np.arange(1 << kind.bits)).astype(float32)
