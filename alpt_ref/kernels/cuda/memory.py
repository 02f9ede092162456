"""Tables and data on the device, and the way back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from alpt_ref.kernels.cuda.launch import SIMULATED
from alpt_ref.kernels.storage import View


def gibibytes(n: float) -> str:
    """A number of bytes as people read it."""
    return f"{n / 2**30:.3g} GiB"


def free_bytes() -> float:
    """Bytes of the device's memory that are free, once what Numba has put off freeing is freed."""
    context = cuda.current_context()
    if not SIMULATED:
        context.memory_manager.deallocations.clear()
    return float(context.get_memory_info().free)


@contextmanager
def out_of_memory(what: str, asked: float) -> Iterator[None]:
    """Let a driver's error for want of memory be a MemoryError that says how much ``what`` takes, and how much is free."""
    try:
        yield
    except Exception as error:
        if "OUT_OF_MEMORY" not in str(error):
            raise
        free = gibibytes(free_bytes())
        raise MemoryError(f"{what} takes {gibibytes(asked)} of the GPU's memory, {free} are free") from None


def put(array: NDArray[Any]) -> Any:
    """A copy of ``array`` on the device."""
    return cuda.to_device(np.ascontiguousarray(array))


def held(name: str, array: Any) -> Any:
    """An array that lies on the device already, as Numba's; shares memory. ValueError where its library does not let it."""
    if hasattr(array, "__cuda_ndarray__"):
        return array
    try:
        return cuda.as_cuda_array(array)
    except Exception as error:  # PyTorch's, for a tensor that requires a gradient, say
        raise ValueError(f"{name} cannot be read on the GPU: {' '.join(str(error).split())}") from None


def read_only(array: Any) -> bool:
    """True where the owner of a device array lets nobody write into it."""
    interface = getattr(array, "__cuda_array_interface__", None)
    return bool(interface and interface["data"][1])


def address(array: Any) -> int:
    """The address of the first element of a device array."""
    interface = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__  # the simulator's have the second
    return int(interface["data"][0])


def put_view(view: View) -> View:
    """A copy of a table on the device. Codes that share bytes come as words of 32 bits."""
    buffer = view.buffer
    if view.width < 8:
        words = np.zeros(-(-buffer.size // 4), np.uint32)
        words.view(np.uint8)[: buffer.size] = buffer
        buffer = words
    return view._replace(buffer=put(buffer), deltas=put(view.deltas))


def fetch(held: Any, out: NDArray[Any]) -> None:
    """Copy what the device holds into ``out``, which may be shorter, or of bytes."""
    if out.size:
        found = held.copy_to_host().reshape(-1).view(out.dtype)
        out.reshape(-1)[...] = found[: out.size]


def put_tuple(values: Any) -> Any:
    """A named tuple with copies of its arrays on the device."""
    return type(values)(*(put(value) if isinstance(value, np.ndarray) else value for value in values))


def fetch_tuple(held: Any, out: Any) -> None:
    """Copy the arrays of a named tuple back."""
    for found, value in zip(held, out, strict=True):
        if isinstance(value, np.ndarray):
            fetch(found, value)
