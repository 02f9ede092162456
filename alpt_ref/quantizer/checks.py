"""Checks of the arguments of ``quantize`` and its kin, in full before anything is written."""

from typing import Any, NamedTuple

import numpy as np
from numpy import uint32, uint64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.kernels.cpu.quantize import largest_exponent
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.rng import check_counter, random_bits_mask
from alpt_ref.scalars.philox import Noise
from alpt_ref.tools.checks import check_unmasked, first
from alpt_ref.tools.devices import check_device, lies_on_gpu


class Request(NamedTuple):
    """A call apart from what is quantized and onto what. Checked but for what has to fit x: u, out and device."""

    rounding: str
    noise: Noise
    offset: int
    u: Any
    n_threads: int
    out: Any = None
    device: str | None = None


def all_finite(array: NDArray[Any], n_threads: int) -> bool:
    """True unless ``array``, of float32 or float64, holds NaN or an infinity."""
    unsigned, exponent = (uint32, 0x7F800000) if array.dtype == np.float32 else (uint64, 0x7FF0000000000000)
    bits = array.reshape(-1).view(unsigned)
    found = []
    run_ranges(lambda a, b: found.append(largest_exponent(bits[a:b], unsigned(exponent))), bits.size, n_threads)
    return bool(max(found) < exponent)


def check_floats(name: str, x: ArrayLike, n_threads: int, finite: bool = True) -> NDArray[Any]:
    """The array, in C order; ValueError unless it is of float32 or float64, and ``finite`` where that is asked."""
    check_unmasked(name, x)
    array = np.asarray(x)
    if array.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} must be float32 or float64, got {array.dtype}")
    array = np.asarray(array, order="C")
    if finite and not all_finite(array, n_threads):
        raise ValueError(f"{name}{first(~np.isfinite(array))} is not finite")
    return array


def check_uniforms(u: ArrayLike, shape: tuple[int, ...], n_threads: int) -> NDArray[Any]:
    """The uniforms as an array; ValueError unless they are numbers in [0, 1), in that shape."""
    array = check_floats("u", u, n_threads)
    if array.shape != shape:
        raise ValueError(f"u must have the shape of x, {shape}, got {array.shape}")
    outside = (array < 0) | (array >= 1)
    if outside.any():
        raise ValueError(f"u{first(outside)} must be in [0, 1), got {array.flat[int(np.argmax(outside))]}")
    return array


def check_out(out: NDArray[Any], inputs: tuple[NDArray[Any], NDArray[Any]], dtype: Any) -> None:
    """Raise a ValueError unless codes of ``inputs`` can be written into ``out``."""
    x = inputs[0]
    if not isinstance(out, np.ndarray) or out.dtype != dtype or out.shape != x.shape:
        raise ValueError(f"out must be an array of dtype {dtype} and shape {x.shape}")
    if not (out.flags.c_contiguous and out.flags.writeable) or any(np.may_share_memory(out, a) for a in inputs):
        raise ValueError("out must be writeable, C-contiguous and apart from x and u in memory")


def device_of(name: str, array: Any, device: str | None) -> str:
    """The device that is to compute. ValueError where it cannot, or ``array`` lies on a GPU and ``device`` is none."""
    there = lies_on_gpu(array)
    if there and device == "cpu":
        raise ValueError(f"device must be cuda: {name} lies on a GPU")
    return check_device(device or ("cuda" if there else "cpu"))


def noise_of(rounding: str, u: Any, seed: int | None, counter: tuple[int, int, int], random_bits: int) -> Noise:
    """The random words of a call; counter : step, stream, offset. ValueError where they are out of range, or a stochastic call
    has neither or both of ``u`` and ``seed``."""
    mask = random_bits_mask(random_bits)
    if rounding == "stochastic" and (u is None) == (seed is None):
        given = "both" if seed is not None else "neither"
        raise ValueError(f"stochastic rounding needs exactly one of u and seed, got {given}")
    draws = rounding == "stochastic" and seed is not None
    return Noise(draws, mask, *check_counter(0 if seed is None else seed, *counter))
