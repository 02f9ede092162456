"""Device memory that is kept from step to step: scratch of the size of the largest batch."""

import math
from typing import Any

import numpy as np
from numba import cuda


class Workspace:
    """Arrays by name. One grows by half where more is asked for, and is never given back. An array is void once the next of
    its name is asked for: the same memory serves both."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def array(self, name: str, shape: int | tuple[int, ...], dtype: Any) -> Any:
        """The array ``name`` on the device, of this shape and type; its content is whatever was there."""
        size = math.prod(shape) if isinstance(shape, tuple) else shape
        held = self._held.get(name)
        assert held is None or held.dtype == np.dtype(dtype), f"two arrays are called {name}"
        if held is None or held.size < size:
            grown = 0 if held is None else held.size * 3 // 2
            del held
            self._held.pop(name, None)  # before the larger one is asked for
            held = self._held[name] = cuda.device_array(max(size, grown, 1), dtype)
        part = held if held.size == size else held[:size]
        return part.reshape(shape) if isinstance(shape, tuple) else part

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(held.nbytes for held in self._held.values())
