"""Smaller models without low-precision training: post-training quantization, deployment of masters, hashing of features."""

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.search import least_error_deltas
from alpt_ref.models import FactorizationMachine
from alpt_ref.models.errors import not_fitted
from alpt_ref.quantizer import quantize
from alpt_ref.rng import Stream, words
from alpt_ref.scalars.packing import pack
from alpt_ref.tools.checks import is_integer
from alpt_ref.tools.sparse import canonical
from alpt_ref.training.config import PARTS, Quantized
from alpt_ref.training.state import State
from alpt_ref.training.table import CodeTable, FloatTable, MasterTable, Table

CLIPS = np.linspace(0.1, 1.5, 200)  # step sizes tried, as parts of max|w| / q_hi


def best_delta(w: NDArray[float32], bits: int, per_row: bool) -> NDArray[float32]:
    """The step sizes delta of least squared error |Q(w) - w|^2 that a search finds, Q rounding to nearest on the grid of delta.

    Tried are 200 for which the largest code is 0.1 .. 1.5 times max|w|, and for each the least-squares fit <q, w> / <q, q> to
    its codes q, whose error is never larger. w : float32 (n_rows, k). The result is float32: () for the whole table, or with
    ``per_row`` (n_rows,), one for each row. It is 1e-3 / q_hi, q_hi the largest code, where all weights are 0.
    """
    grid = Grid(bits, 1.0)
    rows = np.ascontiguousarray(w, float32) if per_row else np.ascontiguousarray(w, float32).reshape(1, -1)
    deltas: NDArray[float32] = least_error_deltas(rows, CLIPS, float32(grid.q_lo), float32(grid.q_hi))
    return deltas if per_row else deltas.reshape(())


def compressed(
    model: FactorizationMachine, bits: int = 8, step: tuple[str, str] = ("table", "row"), quantize: Quantized = "all"
) -> FactorizationMachine:
    """A copy of the fitted ``model`` whose tables are packed codes; the model itself is not changed.

    Full-precision weights are quantized after training to ``bits``, to nearest, by the ``best_delta`` of each "row" or "table",
    as ``step`` says for (linear, factors); with ``quantize="factors"`` linear weights stay float32. Masters of "lsq" and "pact"
    become the codes that they are used as, codes stay codes, and floats beside them stay floats: these give the same
    predictions, and ``bits``, ``step`` and ``quantize`` are ignored.

    Raises ValueError for a model that is not fitted, bits outside of 2..16, or another ``step`` or ``quantize``.
    """
    if not hasattr(model, "state_"):
        raise not_fitted(f"this {type(model).__name__} is not fitted: nothing to compress")
    if not isinstance(step, tuple | list) or len(step) != 2 or not all(kind in ("row", "table") for kind in step):
        raise ValueError(f"step must be a pair of row and table, got {step!r}")
    config = model.config()
    if config.precision == "fp32":
        config = replace(config, precision="lpt", bits=bits, delta=None, step=None, quantize=quantize)
    tables: list[Table] = []
    for part, kind in zip(PARTS, step, strict=True):
        table = model.state_.table(part)
        tables.append(table.copy() if config.storage_of(part) == "floats" else _codes(table, bits, kind == "row"))
    small = copy(model)
    small.state_ = State(tables[0], tables[1], {}, model.state_.bias, history=model.history_)
    coded = [table for table in tables if isinstance(table, CodeTable)]
    delta = coded[0].delta, coded[-1].delta
    small.set_params(precision="lpt", bits=coded[0].bits, delta=delta, step=None, update=None)
    if config.k:
        small.set_params(quantize=config.quantize)
    return small


def _codes(table: Table, bits: int, per_row: bool) -> CodeTable:
    if isinstance(table, FloatTable):
        grid = Grid(bits, best_delta(table.weights, bits, per_row and table.shape[1] > 0))
        return CodeTable.on(grid, pack(quantize(table.weights, grid), grid.storage_bits), table.shape)
    return table.compressed() if isinstance(table, MasterTable) else table.copy()


def hashed(X: Any, n_bins: int, seed: int = 0) -> Any:
    """``X`` (n, d), sparse, with feature j moved to the bin (word j of the seed) mod ``n_bins``: csr float32 (n, n_bins).
    Features that meet in a row add up. Raises ValueError unless n_bins is an integer in 1..2^31-1."""
    if not is_integer(n_bins) or not 1 <= n_bins < 2**31:
        raise ValueError(f"n_bins must be an integer in 1..{2**31 - 1}, got {n_bins!r}")
    matrix = canonical(X, float32)
    if matrix.ndim != 2:
        raise ValueError(f"X must be a matrix, got shape {matrix.shape}")
    bins = (words(matrix.shape[1], seed=seed, stream=Stream.HASH) % np.uint32(n_bins)).astype(np.int64)
    moved = (matrix.data, bins[matrix.indices], matrix.indptr)
    return canonical(sp.csr_array(moved, shape=(matrix.shape[0], int(n_bins))), float32)
