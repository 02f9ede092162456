"""ALPT, Algorithm 1 of Li et al. (arXiv 2212.05735), on the rows of a minibatch; scratch has the size of the batch's rows.

    1  try      moves d of the rows by their gradient; the weights that w + d is rounded to (nearest) at the old step size, and
                their slopes in it
    2  learn    gradient of the batch's loss at these weights, times the slopes: one number for each row; the step sizes move
    3  store    w + d onto the grid of the new step size: q <- clip(R(q + (d + q (delta - delta')) / delta'))

Stage 3 is (delta q + d) / delta' with rounding errors relative to the move, not to the weight: delta - delta' is exact for
delta' up to 2 delta, and rounded once, which costs at most 2^-24 |q| steps, where a step size grows by more. An unchanged step
size leaves LPT's q + d / delta, bit for bit. One step size for a whole table
moves under the rows that the batch does not touch as well: they are rounded onto the new grid too (d = 0), or their weights
would be scaled with it.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy import float32, uint32, uint64

from alpt_ref.kernels.cpu.rows import fill_row_words, row_blocks, row_gradient, row_mover
from alpt_ref.kernels.cpu.words import fill_words
from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.moves import hyper
from alpt_ref.scalars.rounding import FLOAT32, MAX_MOVE, Scalar
from alpt_ref.scalars.slopes import lsq_slope, nearest_code

_rint, _clip = FLOAT32.rint, FLOAT32.clip
_MAX_MOVE = float32(MAX_MOVE)
CHUNK = 1024  # rows of a table that are rounded onto a new grid at a time


@cache
def trier(access: Access, direction: Scalar, k: int, is_linear: bool) -> Scalar:
    """Stage 1 on rows[start:stop]: float32 (n_rows, k) ``moves``, ``trial`` weights and ``slopes``."""
    load = access.load
    window = row_window(access, k)
    row_moves = row_mover(access, direction, k, is_linear)

    @jit
    def try_range(entries, residual, sums, rows, starts, table, state, when, start, stop, moves, trial, slopes):
        buffer, width, deltas, stride, _ = table
        moments, (lo, hi) = state
        h = hyper(*when)
        v = np.empty(k, float32)
        for r in range(start, stop):
            j = rows[r]
            d = moves[r]
            row_moves(entries, residual, sums, starts[r], starts[r + 1], table, j, moments, h, v, d)
            delta = deltas[j * stride]
            row, offset = window(buffer, j)
            for f in range(k):
                t = _clip(d[f] / delta, -_MAX_MOVE, _MAX_MOVE)
                n = _rint(t)
                position, rest = load(row, width, offset + f) + n, t - n
                trial[r, f] = delta * nearest_code(position, rest, lo, hi)
                slopes[r, f] = lsq_slope(position, rest, lo, hi)

    return try_range


@cache
def slope_summer(k: int, is_linear: bool) -> Scalar:
    """Stage 2 on rows[start:stop]: the loss gradient of each row's step size into ``out`` (n_rows,)."""
    gradient = row_gradient(is_linear)

    @jit
    def sum_range(entries, residual, sums, starts, trial, slopes, start, stop, out):
        g = np.empty(k, float32)
        for r in range(start, stop):
            gradient(entries, residual, sums, starts[r], starts[r + 1], trial[r], g)
            total = float32(0)
            for f in range(k):
                total += g[f] * slopes[r, f]
            out[r] = total

    return sum_range


@cache
def row_regridder(access: Access, regrid: Scalar, k: int) -> Scalar:
    """Function (table, j, d, old, new, words, mask, box): codes of row j, moved by ``d`` (k,), onto the grid of step new."""
    load, store = access.load, access.store
    window = row_window(access, k)

    @jit
    def regrid_row(table, j, d, old, new, words, mask, box):
        row, offset = window(table.buffer, j)
        for f in range(k):
            entry = load(row, table.width, offset + f)
            store(row, table.width, offset + f, regrid(entry, d[f], old, new, words[f], mask, box))

    return regrid_row


@cache
def row_storer(access: Access, regrid: Scalar, k: int) -> Scalar:
    """Stage 3 on rows[start:stop], each with a step size of its own: new[r]."""
    regrid_row = row_regridder(access, regrid, k)

    @jit
    def store_range(rows, table, moves, new, box, rng, start, stop):
        draws, mask, counter = rng
        blocks = np.empty(row_blocks(k), uint64)
        words = np.zeros(4 * blocks.size, uint32)
        for r in range(start, stop):
            j = rows[r]
            if draws:
                fill_row_words(words, blocks, j, k, counter)
            regrid_row(table, j, moves[r], table.deltas[j], new[r], words[(j * k) & 3 :], mask, box)

    return store_range


@cache
def table_storer(access: Access, regrid: Scalar, k: int) -> Scalar:
    """Stage 3 on the rows start .. stop - 1 of a table with one step size: those of ``rows`` (sorted) move, all are rounded."""
    regrid_row = row_regridder(access, regrid, k)

    @jit
    def store_range(rows, table, moves, new, box, rng, start, stop):
        draws, mask, (step, stream, seed) = rng
        words = np.zeros(CHUNK * k, uint32)
        still = np.zeros(k, float32)
        r = np.searchsorted(rows, start)
        for first in range(start, stop, CHUNK):
            last = min(first + CHUNK, stop)
            if draws:
                fill_words(words[: (last - first) * k], first * k, step, stream, seed)
            for j in range(first, last):
                touched = r < rows.size and rows[r] == j
                d = moves[r] if touched else still
                regrid_row(table, j, d, table.deltas[0], new[0], words[(j - first) * k :], mask, box)
                r += touched

    return store_range


@jit
def renumbered(by_row: Any, starts: Any) -> Any:
    """For each entry of the batch, example by example, the place of its feature among the rows, int32."""
    slot = np.empty(by_row.size, np.int32)
    for r in range(starts.size - 1):
        for e in range(starts[r], starts[r + 1]):
            slot[by_row[e]] = r
    return slot
