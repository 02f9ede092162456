"""Embedding tables: a matrix of weights (n_rows, k), in float32 or as packed codes with step sizes.

Loops see a table as a :class:`View`, a flat buffer with its step sizes, and reach its entries through the functions of an
:class:`Access`, for which they are compiled: one source serves every storage. Rows are moved by loops of constant length over
slices, which become straight vector code.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, int32
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.jit import jit, prefetch
from alpt_ref.packing import buffer_dtype, load_code, store_code, unpack
from alpt_ref.quantizer import dequantize
from alpt_ref.rounding import Scalar


class View(NamedTuple):
    """A table as loops see it: entry i of row j is element j * k + i of ``buffer``."""

    buffer: NDArray[Any]
    width: int  # bits of an entry; 32 for float32
    deltas: NDArray[float32]  # step size of row j: deltas[j * stride]
    stride: int
    k: int


class Access(NamedTuple):
    """How loops reach the entries of a table: an entry is a float32, the weight itself or its code."""

    load: Scalar  # (buffer, width, i) -> entry
    store: Scalar  # (buffer, width, i, entry)
    weight: Scalar  # (entry, delta) -> weight
    is_code: bool
    packed: bool  # whether entries share bytes


@jit
def _load_plain(buffer: Any, width: Any, i: Any) -> Any:
    return float32(buffer[i])


@jit
def _load_packed(buffer: Any, width: Any, i: Any) -> Any:
    return float32(load_code(buffer, i, width))


@jit
def _store_float(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    buffer[i] = entry


@jit
def _store_plain(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    buffer[i] = int32(entry)


@jit
def _store_packed(buffer: Any, width: Any, i: Any, entry: Any) -> None:
    store_code(buffer, i, width, int32(entry))


@jit
def _weight_of_float(entry: Any, delta: Any) -> Any:
    return entry


@jit
def weight_of_code(entry: Any, delta: Any) -> Any:
    """w = delta q, rounded to float32."""
    return entry * delta


FLOATS = Access(_load_plain, _store_float, _weight_of_float, False, False)
PLAIN_CODES = Access(_load_plain, _store_plain, weight_of_code, True, False)
PACKED_CODES = Access(_load_packed, _store_packed, weight_of_code, True, True)


@cache
def row_window(access: Access, k: int) -> Scalar:
    """Function (buffer, j) -> (entries, offset): entry f of row j is number offset + f of ``entries``; compiled for k columns.

    Rows that begin at a byte are sliced: only then do loops over them vectorize.
    """

    @jit
    def packed_window(buffer: Any, j: Any) -> Any:
        return buffer, j * k

    @jit
    def plain_window(buffer: Any, j: Any) -> Any:
        return buffer[j * k : j * k + k], 0

    return packed_window if access.packed else plain_window


@cache
def row_prefetcher(access: Access, k: int) -> Scalar:
    """Function (buffer, width, j): ask for the first and last cache lines of row j, compiled for k columns."""

    @jit
    def prefetch_packed_row(buffer: Any, width: Any, j: Any) -> None:
        prefetch(buffer, (j * k * width) >> 3)
        prefetch(buffer, ((j * k + k - 1) * width) >> 3)

    @jit
    def prefetch_plain_row(buffer: Any, width: Any, j: Any) -> None:
        prefetch(buffer, j * k)
        if k > 1:
            prefetch(buffer, j * k + k - 1)

    return prefetch_packed_row if access.packed else prefetch_plain_row


@dataclass
class FloatTable:
    """Weights in float32."""

    weights: NDArray[float32]
    access: Access = FLOATS

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
    def access(self) -> Access:
        """How loops reach the codes."""
        return PACKED_CODES if self.grid.storage_bits < 8 else PLAIN_CODES

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
    if grid.per_row and grid.delta.size != shape[0]:
        raise ValueError(f"{grid.delta.size} step sizes do not fit {shape[0]} rows")
    buffer = np.ascontiguousarray(arrays["codes"], dtype=buffer_dtype(grid.storage_bits))
    if buffer.size != -(-shape[0] * shape[1] * grid.storage_bits // (8 * buffer.itemsize)):
        raise ValueError(f"codes of {buffer.nbytes} bytes do not hold a table of shape {shape} at {grid.bits} bits")
    codes = unpack(buffer, shape[0] * shape[1], grid.storage_bits)
    if codes.size and (codes.min() < grid.q_lo or codes.max() > grid.q_hi):
        raise ValueError(f"codes must be in [{grid.q_lo}, {grid.q_hi}]")
    return CodeTable(grid, buffer, shape)
