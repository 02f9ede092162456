"""Loops are compiled for a GPU, and launched, here: the one policy.

* No fast mathematics, and products by :func:`alpt_ref.scalars.arithmetic.times`: the bits are those of a CPU.
* No atomic sums of floats. A thread owns what it writes; the order of a sum is that of the loops for a CPU.
* No optimization at link time (``lto=False``): the assembly of a kernel, which tests read, is what runs.

A thread takes the elements grid(1), grid(1) + gridsize(1), ... of a loop, so that any number of blocks does. With
``NUMBA_ENABLE_CUDASIM=1`` the same source runs as plain Python in Numba's simulator, whose threads are slow: blocks are small.
"""

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, cast

import numba
from numba import cuda

from alpt_ref.kernels.cuda.simulator import lock_shared_arrays, quick_turns

SIMULATED: bool = bool(numba.config.ENABLE_CUDASIM)  # type: ignore[attr-defined]
THREADS = 4 if SIMULATED else 256  # of a block
MOST_BLOCKS = 3 if SIMULATED else 2**16

if SIMULATED:
    lock_shared_arrays()

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile ``function`` on its first launch."""
    return cast(Function, (cuda.jit if SIMULATED else cuda.jit(lto=False))(function))


def device(function: Function) -> Function:
    """Compile ``function`` into the kernels that call it."""
    return cast(Function, cuda.jit(device=True)(function))


def launch(function: Any, n: int, *arguments: Any) -> None:
    """Run a kernel with at least one thread for each of ``n`` elements, or as many as there may be; nothing where n is 0."""
    launch_blocks(function, min(-(-n // THREADS), MOST_BLOCKS), *arguments)


def launch_blocks(function: Any, blocks: int, *arguments: Any) -> None:
    """Run a kernel in ``blocks`` blocks, or not at all where that is 0, which the simulator takes and a driver refuses."""
    if blocks == 0:
        return
    if SIMULATED:
        with quick_turns():
            _set_up.__wrapped__(function, blocks)(*arguments)
    else:
        _set_up(function, blocks)(*arguments)


@lru_cache(4096)
def _set_up(function: Any, blocks: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that few blocks leave a GPU idle
        return function[blocks, THREADS]
