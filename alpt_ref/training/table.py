"""Embedding tables: a matrix of weights (n_rows, k), in float32, as packed codes with step sizes, or as masters of codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.grid import Grid, storage_bits
from alpt_ref.kernels.storage import FLOATS, NOTHING, PACKED_CODES, PLAIN_CODES, Access, View, masters
from alpt_ref.quantizer import dequantize, quantize
from alpt_ref.scalars.packing import buffer_dtype, pack, unpack
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.files import member

DEAD_WEIGHT = 1e-5  # less than what a logit of float32 shows


@dataclass
class FloatTable:
    """Weights in float32."""

    weights: NDArray[float32]

    __repr__ = brief_repr

    @property
    def shape(self) -> tuple[int, int]:
        """(n_rows, k)."""
        return self.weights.shape[0], self.weights.shape[1]

    @property
    def access(self) -> Access:
        """The functions with which loops reach the weights."""
        return FLOATS if self.shape[1] else NOTHING

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes alive: what holds the weights, and what holds step sizes."""
        return {"codes": self.weights.nbytes, "steps": 0}

    def view(self) -> View:
        """The table as loops see it; shares memory."""
        return View(self.weights.reshape(-1), 32, np.ones(1, float32), 0, self.weights.shape[1])

    def to_float(self) -> NDArray[float32]:
        """The weights, float32 (n_rows, k); a copy."""
        return self.weights.copy()

    def copy(self) -> "FloatTable":
        """A table of its own memory."""
        return FloatTable(self.weights.copy())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that a file keeps."""
        return {"weights": self.weights}


@dataclass
class CodeTable:
    """Weights as packed codes: nothing else of size n_rows * k is kept.

    delta : step sizes, float32, () or (n_rows,); ALPT moves them in place.
    """

    bits: int
    delta: NDArray[float32]
    buffer: NDArray[Any]
    shape: tuple[int, int]

    __repr__ = brief_repr

    @classmethod
    def on(cls, grid: Grid, buffer: NDArray[Any], shape: tuple[int, int]) -> "CodeTable":
        """A table on ``grid``, with step sizes of its own."""
        return cls(grid.bits, grid.delta.copy(), buffer, shape)

    @property
    def grid(self) -> Grid:
        """The grid as it stands: a copy of the step sizes."""
        return Grid(self.bits, self.delta)

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes alive: packed codes, and float32 step sizes (none where there are no weights)."""
        return {"codes": self.buffer.nbytes, "steps": self.delta.nbytes if self.shape[1] else 0}

    def view(self) -> View:
        """The table as loops see it; shares memory."""
        return View(self.buffer, storage_bits(self.bits), np.atleast_1d(self.delta), self.delta.ndim, self.shape[1])

    def codes(self) -> NDArray[Any]:
        """The codes unpacked, int8 or int16 (n_rows, k)."""
        n_rows, k = self.shape
        return unpack(self.buffer, n_rows * k, storage_bits(self.bits)).reshape(n_rows, k)

    def to_float(self) -> NDArray[float32]:
        """The weights float32(q * delta), (n_rows, k)."""
        return dequantize(self.codes(), self.grid)

    @property
    def access(self) -> Access:
        """The functions with which loops reach the codes."""
        return PACKED_CODES if storage_bits(self.bits) < 8 else PLAIN_CODES

    def copy(self) -> "CodeTable":
        """A table of its own memory."""
        return CodeTable(self.bits, self.delta.copy(), self.buffer.copy(), self.shape)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that a file keeps."""
        return {"codes": self.buffer, "delta": self.delta, "bits": np.array(self.bits)}


@dataclass
class MasterTable:
    """Float32 master weights that are quantized to nearest wherever they are used (LSQ, PACT); step sizes as in CodeTable.

    box : smallest and largest code.
    """

    bits: int
    box: tuple[int, int]
    delta: NDArray[float32]
    weights: NDArray[float32]

    __repr__ = brief_repr

    @property
    def shape(self) -> tuple[int, int]:
        """(n_rows, k)."""
        return self.weights.shape[0], self.weights.shape[1]

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes alive: float32 masters, and float32 step sizes (none where there are no weights)."""
        return {"codes": self.weights.nbytes, "steps": self.delta.nbytes if self.shape[1] else 0}

    @property
    def access(self) -> Access:
        """The functions with which loops reach the masters and their weights."""
        return masters(*self.box)

    def view(self) -> View:
        """The table as loops see it; shares memory."""
        return View(self.weights.reshape(-1), 32, np.atleast_1d(self.delta), self.delta.ndim, self.shape[1])

    def compressed(self) -> CodeTable:
        """The table to deploy: the codes of the weights as they are used."""
        grid = Grid(self.bits, self.delta)
        codes = np.maximum(quantize(self.weights, grid), grid.code_dtype.type(self.box[0]))
        return CodeTable.on(grid, pack(codes, grid.storage_bits), self.shape)

    def to_float(self) -> NDArray[float32]:
        """The quantized weights, float32 (n_rows, k)."""
        return self.compressed().to_float()

    def copy(self) -> "MasterTable":
        """A table of its own memory."""
        return MasterTable(self.bits, self.box, self.delta.copy(), self.weights.copy())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that a file keeps."""
        return {"masters": self.weights, "delta": self.delta, "bits": np.array(self.bits), "box": np.array(self.box)}


Table = FloatTable | CodeTable | MasterTable


def step_sizes(table: Table) -> NDArray[float32] | None:
    """The step sizes of a table, () or (n_rows,); None of floats, and of a table without columns."""
    return None if isinstance(table, FloatTable) or not table.shape[1] else table.delta


def dead_rows(table: Table) -> int:
    """The number of rows that count as zero: step sizes so small that each of their weights is below DEAD_WEIGHT."""
    delta = step_sizes(table)
    if delta is None or isinstance(table, FloatTable):
        return 0
    dead = delta.astype(np.float64) * 2.0 ** (table.bits - 1) < DEAD_WEIGHT
    return int(np.broadcast_to(dead, table.shape[:1]).sum())


def table_from_arrays(arrays: dict[str, NDArray[Any]], shape: tuple[int, int]) -> Table:
    """Inverse of ``to_arrays``; ValueError when sizes do not fit ``shape``."""
    if "weights" in arrays:
        return FloatTable(member(arrays, "weights", float32, shape))
    steps = () if arrays["delta"].ndim == 0 else (shape[0],)
    grid = Grid(int(member(arrays, "bits", np.int64, ())), member(arrays, "delta", float32, steps))
    if "masters" in arrays:
        weights = member(arrays, "masters", float32, shape)
        lo, hi = map(int, member(arrays, "box", np.int64, (2,)))
        if lo not in (grid.q_lo, -grid.q_hi) or hi != grid.q_hi:
            raise ValueError(f"codes from {lo} to {hi} are none of {grid.bits} bits")
        return MasterTable(grid.bits, (lo, hi), grid.delta.copy(), weights)
    buffer = member(arrays, "codes", buffer_dtype(grid.storage_bits), (-1,))
    if buffer.size != -(-shape[0] * shape[1] * grid.storage_bits // (8 * buffer.itemsize)):
        raise ValueError(f"codes of {buffer.nbytes} bytes do not hold a table of shape {shape} at {grid.bits} bits")
    codes = unpack(buffer, shape[0] * shape[1], grid.storage_bits)
    if codes.size and (codes.min() < grid.q_lo or codes.max() > grid.q_hi):
        raise ValueError(f"codes must be in [{grid.q_lo}, {grid.q_hi}]")
    return CodeTable.on(grid, buffer, shape)
