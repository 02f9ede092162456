"""Rows of a table in one step: the row's gradient, its weights' moves, and how they are stored.

The linear table is a row of k = 1 whose gradient needs no factor sums. Formulas: :mod:`alpt_ref.scalars.factorization`.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy import float32, uint32, uint64

from alpt_ref.kernels.cpu.words import LANES, fill_scattered
from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars import factorization
from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import inlined, jit, kernel
from alpt_ref.scalars.moves import delta_step
from alpt_ref.scalars.optimizers import DIRECTIONS, ftrl_start, hyper
from alpt_ref.scalars.rounding import Scalar

_factor_gradient = factorization.factor_gradient


@cache
def bias_updater(optimizer: str) -> Scalar:
    """Function (bias, residual, moments, when) -> the bias after one step; its gradient sums residuals in example order."""
    direction = DIRECTIONS[optimizer]

    @kernel
    def update_bias(bias, residual, moments, when):
        g = float32(0)
        for r in residual:
            g += r
        return bias + direction(g, float32(bias), moments, 0, hyper(when))

    return update_bias


@jit
def row_blocks(k: int) -> int:
    """Philox blocks that cover a row of k elements wherever it begins, rounded up to whole lanes."""
    return -(-(k + 3) // (4 * LANES)) * LANES


@jit
def fill_row_words(words: Any, blocks: Any, j: Any, k: Any, noise: Any) -> None:
    """Words of row j into ``words``, from the first of its first block on: its own begin at (j k) mod 4."""
    first = uint64(j * k) >> uint64(2)
    for b in range(blocks.size):
        blocks[b] = first + uint64(b)
    fill_scattered(words, blocks, noise.step, noise.stream, noise.seed)


@inlined
def factor_gradients(entries, residual, sums, begin, end, v, g):
    """Loss gradient of one row of factors, ``v`` (k,), from its entries begin .. end - 1, in order, into ``g`` (k,)."""
    position, value = entries
    g[:] = float32(0)
    for e in range(begin, end):
        x = value[e]
        rx = residual[position[e]] * x
        s = sums[position[e]]
        for f in range(g.size):
            g[f] += _factor_gradient(rx, x, s[f], v[f])


@inlined
def linear_gradient(entries, residual, sums, begin, end, v, g):
    """Loss gradient of one linear weight into ``g`` (1,); sums and ``v`` are not read."""
    position, value = entries
    total = float32(0)
    for e in range(begin, end):
        total += residual[position[e]] * value[e]
    g[0] = total


def row_gradient(is_linear: bool) -> Scalar:
    """The gradient of a table's rows."""
    return linear_gradient if is_linear else factor_gradients


@cache
def row_mover(access: Access, optimizer: str, k: int, is_linear: bool) -> Scalar:
    """Function (entries, residual, sums, begin, end, view, j, moments, h, v, g): row j's weights into ``v``, moves into ``g``.

    The optimizer's ``moments`` are updated.
    """
    load, weight = access.load, access.weight
    window, direction = row_window(access, k), DIRECTIONS[optimizer]
    gradient = row_gradient(is_linear)

    @inlined
    def row_moves(entries, residual, sums, begin, end, view, j, moments, h, v, g):
        buffer, width, deltas, stride, _ = view
        delta = deltas[j * stride]
        row, offset = window(buffer, j)
        for f in range(k):
            v[f] = weight(load(row, width, offset + f), delta)
        gradient(entries, residual, sums, begin, end, v, g)
        for f in range(k):
            g[f] = direction(g[f], v[f], moments, j * k + f, h)

    return row_moves


@cache
def updater(access: Access, advance: Scalar, optimizer: str, k: int, is_linear: bool) -> Scalar:
    """Function (batch, part, when, noise, start, stop): one step on rows[start:stop]."""
    load, store = access.load, access.store
    window = row_window(access, k)
    row_moves = row_mover(access, optimizer, k, is_linear)

    @kernel
    def update_range(batch, part, when, noise, start, stop):
        rows, starts, position, value, residual, sums = batch
        entries = position, value
        view, moments, lo, hi = part
        buffer, width, deltas, stride, _ = view
        mask = noise.mask
        h = hyper(when)
        blocks = np.empty(row_blocks(k), uint64)
        words = np.zeros(4 * blocks.size, uint32)
        g, v = np.empty(k, float32), np.empty(k, float32)
        for r in range(start, stop):
            j = rows[r]
            row_moves(entries, residual, sums, starts[r], starts[r + 1], view, j, moments, h, v, g)
            if noise.draws:
                fill_row_words(words, blocks, j, k, noise)
            delta = deltas[j * stride]
            row, offset = window(buffer, j)
            skip = (j * k) & 3
            for f in range(k):
                entry = load(row, width, offset + f)
                store(row, width, offset + f, advance(entry, g[f], delta, words[skip + f], mask, lo, hi))

    return update_range


@cache
def delta_updater(optimizer: str) -> Scalar:
    """Function (gradient, rows, view, moments, scale, when, out): step sizes after one step into ``out``.

    It goes down ``scale`` times their ``gradient`` (n_rows,): of each row, or summed for the one step size of all.
    """
    step = delta_step(optimizer)

    @kernel
    def next_deltas(gradient, rows, view, moments, scale, when, out):
        h = hyper(when)
        deltas = view.deltas
        if view.stride == 0:
            total = float32(0)
            for g in gradient:
                total += g
            out[0] = step(deltas[0], scale * total, moments, 0, h)
            return
        for r in range(rows.size):
            j = rows[r]
            out[r] = step(deltas[j], scale * gradient[r], moments, j, h)

    return next_deltas


@cache
def ftrl_starter(access: Access) -> Scalar:
    """Function (view, z, when): FTRL's z of all weights of a table into ``z`` (n_rows k,), so that it begins at them."""
    load, is_code = access.load, access.is_code

    @kernel
    def start_table(view, z, when):
        buffer, width, deltas, stride, k = view
        h = hyper(when)
        for i in range(z.size):
            entry = load(buffer, width, i)
            z[i] = ftrl_start(times(entry, deltas[i // k * stride]) if is_code else entry, h)

    return start_table
