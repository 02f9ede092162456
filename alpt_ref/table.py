"""Embedding tables: a matrix of weights (n_rows, k), in float32 or as packed codes with step sizes.

Loops see a table as a :class:`View`: a flat buffer plus what turns an entry into a weight. ``read`` and the writers of
:mod:`alpt_ref.optim` are scalar functions handed to the loops, so that one loop serves every storage.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.jit import jit
from alpt_ref.packing import buffer_dtype, load_code, pack, unpack
from alpt_ref.quantizer import dequantize, quantize
from alpt_ref.rounding import Scalar


class View(NamedTuple):
    """A table as loops see it: entry i of row j is element j * k + i of ``buffer``."""

    buffer: NDArray[Any]
    width: int  # bits of an entry; 32 for float32
    deltas: NDArray[float32]  # step size of row j: deltas[j * stride]
    stride: int
    k: int


@jit
def read_float(view: Any, j: Any, i: Any) -> Any:
    """Weight (j, i) of a float32 table."""
    return view.buffer[j * view.k + i]


@jit
def read_code(view: Any, j: Any, i: Any) -> Any:
    """Weight (j, i) of a table of codes: float32(q * delta)."""
    return float32(load_code(view.buffer, j * view.k + i, view.width)) * view.deltas[j * view.stride]


@dataclass
class FloatTable:
    """Weights in float32."""

    weights: NDArray[float32]
    read: Scalar = read_float

    @property
    def shape(self) -> tuple[int, int]:
        """(n_rows, k)."""
        return self.weights.shape[0], self.weights.shape[1]

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes alive: what holds the weights, and what holds step sizes."""
        return {"codes": self.weights.nbytes, "steps": 0}

    def view(self) -> View:
        """What loops need; shares memory."""
        return View(self.weights.reshape(-1), 32, np.ones(1, float32), 0, self.weights.shape[1])

    def to_float(self) -> NDArray[float32]:
        """The weights, float32 (n_rows, k); a copy."""
        return self.weights.copy()

    def copy(self) -> "FloatTable":
        """A table of its own memory."""
        return FloatTable(self.weights.copy())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a file keeps."""
        return {"weights": self.weights}


@dataclass
class CodeTable:
    """Weights as packed codes on ``grid``: nothing else of size n_rows * k is kept."""

    grid: Grid
    buffer: NDArray[Any]
    shape: tuple[int, int]
    read: Scalar = read_code

    @classmethod
    def from_float(cls, weights: NDArray[float32], grid: Grid, rounding: str, **random: Any) -> "CodeTable":
        """Quantize ``weights`` (n_rows, k) onto ``grid``; ``random`` as in :func:`alpt_ref.quantize`."""
        codes = quantize(weights, grid, rounding, **random)
        return cls(grid, pack(codes, grid.storage_bits), (weights.shape[0], weights.shape[1]))

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes alive: packed codes, and float32 step sizes."""
        return {"codes": self.buffer.nbytes, "steps": self.grid.delta.nbytes}

    def view(self) -> View:
        """What loops need; shares memory."""
        deltas = np.atleast_1d(self.grid.delta)
        return View(self.buffer, self.grid.storage_bits, deltas, int(self.grid.per_row), self.shape[1])

    def codes(self) -> NDArray[Any]:
        """The codes unpacked, int8 or int16 (n_rows, k)."""
        n_rows, k = self.shape
        return unpack(self.buffer, n_rows * k, self.grid.storage_bits).reshape(n_rows, k)

    def to_float(self) -> NDArray[float32]:
        """The weights float32(q * delta), (n_rows, k)."""
        return dequantize(self.codes(), self.grid)

    def copy(self) -> "CodeTable":
        """A table of its own memory."""
        return CodeTable(self.grid, self.buffer.copy(), self.shape)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a file keeps."""
        return {"codes": self.buffer, "delta": self.grid.delta, "bits": np.array(self.grid.bits)}


Table = FloatTable | CodeTable


def table_from_arrays(arrays: dict[str, NDArray[Any]], shape: tuple[int, int]) -> Table:
    """Inverse of ``to_arrays``; ValueError when sizes do not fit ``shape``."""
    if "weights" in arrays:
        return FloatTable(np.ascontiguousarray(arrays["weights"], dtype=float32).reshape(shape))
    grid = Grid(int(arrays["bits"]), arrays["delta"])
    buffer = np.ascontiguousarray(arrays["codes"], dtype=buffer_dtype(grid.storage_bits))
    if buffer.size != -(-shape[0] * shape[1] * grid.storage_bits // (8 * buffer.itemsize)):
        raise ValueError(f"codes of {buffer.nbytes} bytes do not hold a table of shape {shape} at {grid.bits} bits")
    return CodeTable(grid, buffer, shape)
