"""The devices that compute, and a sentence where one is missing."""

import os
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, get_args

Device = Literal["cpu", "cuda"]
DEVICES: tuple[Device, ...] = get_args(Device)


def check_device(device: str) -> str:
    """``device`` if it can be used: "cpu", or "cuda" where a GPU, its driver and numba-cuda are there; else ValueError."""
    from alpt_ref.tools.checks import one_of  # NumPy, which --help has no time for

    one_of("device", device, DEVICES, str)
    reason = missing() if device == "cuda" else ""
    if reason:
        raise ValueError(f"device must be cpu here: {reason}")
    return device


def lies_on_gpu(array: Any) -> bool:
    """True for an array in a GPU's memory: of CuPy, PyTorch, Numba, or anything else with ``__cuda_array_interface__``."""
    try:
        return hasattr(array, "__cuda_array_interface__") or hasattr(array, "__cuda_ndarray__")
    except Exception:  # PyTorch raises for some of its tensors, those that require a gradient among them
        return bool(getattr(array, "is_cuda", False))


@cache
def missing() -> str:
    """The reason why no GPU can be used; empty where one can."""
    if find_spec("numba_cuda") is None:
        return "numba-cuda is not installed (pip install 'alpt-ref[cuda]')"
    if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1":
        plain = os.environ.get("NUMBA_DISABLE_JIT") == "1"
        return "" if plain else "with NUMBA_ENABLE_CUDASIM=1, NUMBA_DISABLE_JIT must be 1, too"
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return "with NUMBA_DISABLE_JIT=1 nothing is compiled"
    from numba import cuda

    try:
        return "" if len(cuda.gpus) else "there is no NVIDIA GPU"
    except Exception as error:  # of the driver, which may be old, broken or missing
        said = " ".join(str(error).split()).removeprefix("Error at driver init: ")
        return f"the NVIDIA driver cannot be used ({said.rstrip(' .:')})"
