"""Embedding tables: a matrix of weights (n_rows, k), in float32 or as packed codes with step sizes.

Loops see a table as a :class:`View`: a flat buffer plus what turns an entry into a weight. The readers here and the writers
of :mod:`alpt_ref.optim` are handed to the loops as functions, so that one loop serves every storage. Functions
of whole rows are compiled for one k: a loop of constant length over a slice becomes straight vector code.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.jit import jit, prefetch
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
def weight(code: Any, delta: Any) -> Any:
    """w = delta q, rounded to float32."""
    return float32(code) * delta


@jit
def read_float(buffer: Any, width: Any, delta: Any, i: Any) -> Any:
    """Weight i of a float32 table of one column."""
    return buffer[i]


@jit
def read_code(buffer: Any, width: Any, delta: Any, i: Any) -> Any:
    """Weight i of a table of codes of one column."""
    return weight(load_code(buffer, i, width), delta)


@cache
def float_row_reader(k: int) -> Scalar:
    """Function (buffer, width, delta, j, out, e): row j of a float32 table of k columns into out[e]."""

    @jit
    def read_float_row(buffer: Any, width: Any, delta: Any, j: Any, out: Any, e: Any) -> None:
        row = buffer[j * k : j * k + k]
        for i in range(k):
            out[e, i] = row[i]

    return read_float_row


@cache
def code_row_reader(k: int, packed: bool) -> Scalar:
    """Function (buffer, width, delta, j, out, e): row j of a table of codes of k columns into out[e]."""

    @jit
    def read_packed_row(buffer: Any, width: Any, delta: Any, j: Any, out: Any, e: Any) -> None:
        for i in range(k):
            out[e, i] = weight(load_code(buffer, j * k + i, width), delta)

    @jit
    def read_plain_row(buffer: Any, width: Any, delta: Any, j: Any, out: Any, e: Any) -> None:
        row = buffer[j * k : j * k + k]
        for i in range(k):
            out[e, i] = weight(row[i], delta)

    return read_packed_row if packed else read_plain_row


@jit
def prefetch_row(buffer: Any, width: Any, j: Any, k: Any) -> None:
    """Ask for the first and last cache lines of row j."""
    first = j * k
    last = first + k - 1
    if width < 8:
        first = (first * width) >> 3
        last = (last * width) >> 3
    prefetch(buffer, first)
    if k > 1:
        prefetch(buffer, last)


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

    @property
    def read_row(self) -> Scalar:
        """The loops' reader of a row."""
        return float_row_reader(self.shape[1])

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

    @property
    def read_row(self) -> Scalar:
        """The loops' reader of a row."""
        return code_row_reader(self.shape[1], self.grid.storage_bits < 8)

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
