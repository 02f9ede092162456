"""Mends of Numba's simulator, which runs loops for a GPU as plain Python, a Python thread for each of a block's."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba.core.types import Type
from numba.np.numpy_support import as_dtype

SWITCH = 1e-4  # seconds that a thread may run while others wait for it: 50 times as few as Python's own


def lock_shared_arrays() -> None:
    """Let one thread at a time ask for shared memory: else two of a block that ask at once get an array each."""
    from numba.cuda.simulator.kernelapi import FakeCUDAShared

    lock = threading.Lock()

    def array(self: Any, shape: int, dtype: Any) -> Any:
        """The array of the line that asks for it."""
        frame = sys._getframe(1)
        place = frame.f_code.co_filename, frame.f_lineno
        with lock:
            if place not in self._allocations:
                self._allocations[place] = np.empty(shape, as_dtype(dtype) if isinstance(dtype, Type) else dtype)
            return self._allocations[place]

    FakeCUDAShared.array = array


@contextmanager
def quick_turns() -> Iterator[None]:
    """Let threads take turns often: those of a block wait for each other."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
