"""ALPT, Algorithm 1 of Li et al. (arXiv 2212.05735), on the rows of a minibatch; scratch has the size of the batch's rows.

    1  try      moves d of the rows by their gradient; the weights that w + d is rounded to (nearest) at the old step size, and
                their slopes in it
    2  learn    gradient of the batch's loss at these weights, times the slopes: one number for each row; the step sizes move
    3  store    w + d onto the grid of the new step size: q <- clip(R(q + (d + q (delta - delta')) / delta'))

Stage 3 is (delta q + d) / delta' with rounding errors relative to the move, not to the weight: delta - delta' is exact for
delta' up to 2 delta, and rounded once, which costs at most 2^-24 |q| steps, where a step size grows by more. An unchanged step
size leaves LPT's q + d / delta, bit for bit. One step size for a whole table moves under the rows that the batch does not
touch as well: they are rounded onto the new grid too, or their weights would be scaled with it. With ``update="dense"`` all
rows move, those outside of the batch by penalties and old gradients alone; such moves are computed where they are stored, so
that no step holds floats for the whole table.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.kernels.cpu.rows import fill_row_words, row_blocks, row_gradient, row_mover
from alpt_ref.kernels.cpu.words import fill_words
from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars.jit import inlined, kernel
from alpt_ref.scalars.moves import code_regrid
from alpt_ref.scalars.optimizers import DIRECTIONS, hyper
from alpt_ref.scalars.rounding import Scalar

CHUNK = 1024  # rows of a table that are rounded onto a new grid at a time


class Trial(NamedTuple):
    """The results of stage 1, float32 (n_rows, k) each."""

    moves: NDArray[float32]
    weights: NDArray[float32]  # what w + d is rounded to at the old step size
    slopes: NDArray[float32]  # of these weights in the step size

    @classmethod
    def empty(cls, n_rows: int, k: int) -> "Trial":
        """Room for the rows of a batch."""
        return cls(*(np.empty((n_rows, k), float32) for _ in range(3)))


class Moves(NamedTuple):
    """The rows of a batch, in ascending order, and their moves float32 (n_rows, k)."""

    rows: NDArray[np.int64]
    values: NDArray[float32]


@cache
def trier(access: Access, tried: Scalar, optimizer: str, k: int, is_linear: bool) -> Scalar:
    """Function (batch, part, when, trial, start, stop): stage 1 on rows[start:stop], into ``trial``.

    tried : by ``slopes.trial_of``.
    """
    load = access.load
    window = row_window(access, k)
    row_moves = row_mover(access, optimizer, k, is_linear)

    @kernel
    def try_range(batch, part, when, trial, start, stop):
        rows, starts, position, value, residual, sums = batch
        entries = position, value
        view, moments, lo, hi = part
        buffer, width, deltas, stride, _ = view
        moves, weights, slopes = trial
        h = hyper(when)
        v = np.empty(k, float32)
        for r in range(start, stop):
            j = rows[r]
            d = moves[r]
            row_moves(entries, residual, sums, starts[r], starts[r + 1], view, j, moments, h, v, d)
            delta = deltas[j * stride]
            row, offset = window(buffer, j)
            for f in range(k):
                weights[r, f], slopes[r, f] = tried(load(row, width, offset + f), d[f], delta, lo, hi)

    return try_range


@cache
def slope_summer(k: int, is_linear: bool) -> Scalar:
    """Function (batch, trial, out, start, stop): stage 2, the loss gradient of each row's step size into ``out`` (n_rows,)."""
    gradient = row_gradient(is_linear)

    @kernel
    def sum_range(batch, trial, out, start, stop):
        _, starts, position, value, residual, sums = batch
        entries = position, value
        _, weights, slopes = trial
        g = np.empty(k, float32)
        for r in range(start, stop):
            gradient(entries, residual, sums, starts[r], starts[r + 1], weights[r], g)
            total = float32(0)
            for f in range(k):
                total += g[f] * slopes[r, f]
            out[r] = total

    return sum_range


@cache
def row_regridder(access: Access, rounding: str, k: int) -> Scalar:
    """Function (view, ends, j, d, old, new, words, mask): row j, moved by ``d`` (k,), onto the grid of step size new."""
    load, store, regrid = access.load, access.store, code_regrid(rounding)
    window = row_window(access, k)

    @inlined
    def regrid_row(view, ends, j, d, old, new, words, mask):
        buffer, width, _, _, _ = view
        lo, hi = ends
        row, offset = window(buffer, j)
        for f in range(k):
            entry = load(row, width, offset + f)
            store(row, width, offset + f, regrid(entry, d[f], old, new, words[f], mask, lo, hi))

    return regrid_row


@cache
def row_storer(access: Access, rounding: str, k: int) -> Scalar:
    """Function (moves, part, new, noise, start, stop): stage 3 on moves.rows[start:stop], each with its step size new[r]."""
    regrid_row = row_regridder(access, rounding, k)

    @kernel
    def store_range(moves, part, new, noise, start, stop):
        rows, d = moves
        view, _, lo, hi = part
        deltas, mask = view.deltas, noise.mask
        blocks = np.empty(row_blocks(k), uint64)
        words = np.zeros(4 * blocks.size, uint32)
        for r in range(start, stop):
            j = rows[r]
            if noise.draws:
                fill_row_words(words, blocks, j, k, noise)
            regrid_row(view, (lo, hi), j, d[r], deltas[j], new[r], words[(j * k) & 3 :], mask)

    return store_range


@cache
def idle_mover(access: Access, optimizer: str, k: int) -> Scalar:
    """Function (view, j, moments, h, d): the moves of row j, which is not in the batch, into ``d`` (k,).

    They are those of a dense ``optimizer``, whose loss has no gradient there; with "" the row stays.
    """
    load, weight = access.load, access.weight
    window = row_window(access, k)
    direction = DIRECTIONS[optimizer or "sgd"]

    @inlined
    def stay(view, j, moments, h, d):
        d[:] = float32(0)

    @inlined
    def move(view, j, moments, h, d):
        buffer, width, deltas, stride, _ = view
        row, offset = window(buffer, j)
        for f in range(k):
            w = weight(load(row, width, offset + f), deltas[j * stride])
            d[f] = direction(float32(0), w, moments, j * k + f, h)

    return move if optimizer else stay


@cache
def table_storer(access: Access, rounding: str, k: int, optimizer: str) -> Scalar:
    """Function (moves, part, new, noise, when, start, stop): stage 3 on all rows start .. stop - 1 of a table.

    Rows that are not in ``moves`` make those of ``idle_mover``; all are rounded onto the grid of the step sizes ``new``, one
    for each row or (1,) for all.
    """
    regrid_row, idle_moves = row_regridder(access, rounding, k), idle_mover(access, optimizer, k)

    @kernel
    def store_range(moves, part, new, noise, when, start, stop):
        rows, d = moves
        view, moments, lo, hi = part
        _, _, deltas, stride, _ = view
        mask, h = noise.mask, hyper(when)
        words = np.zeros(CHUNK * k, uint32)
        own = np.zeros(k, float32)
        r = np.searchsorted(rows, start)
        for first in range(start, stop, CHUNK):
            last = min(first + CHUNK, stop)
            if noise.draws:
                fill_words(words[: (last - first) * k], first * k, noise.step, noise.stream, noise.seed)
            for j in range(first, last):
                touched = r < rows.size and rows[r] == j
                if touched:
                    own[:] = d[r]
                else:
                    idle_moves(view, j, moments, h, own)
                here = words[(j - first) * k :]
                regrid_row(view, (lo, hi), j, own, deltas[j * stride], new[j * stride], here, mask)
                r += touched

    return store_range


@kernel
def renumbered(by_row: Any, starts: Any) -> Any:
    """For each entry of the batch, example by example, the place of its feature among the rows, int32."""
    slot = np.empty(by_row.size, np.int32)
    for r in range(starts.size - 1):
        for e in range(starts[r], starts[r + 1]):
            slot[by_row[e]] = r
    return slot
