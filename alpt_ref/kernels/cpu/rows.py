"""Rows of a table in one step: the row's gradient, its weights' moves, and how they are stored.

    dz/dw_j = x_j,   dz/dv_jf = x_j (S_f - v_jf x_j)                          Rendle, *Factorization Machines*, (4)

``entries`` are the (position in the batch, value) of rows[r] from starts[r] on; ``residual`` (batch,) is dL/dz, ``sums``
(batch, k) holds S; ``when`` has the arguments of ``hyper``; ``rng`` is (draws?, mask, (step, stream, seed)). The linear table
is a row of k = 1 whose gradient needs no S.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy import float32, uint32, uint64

from alpt_ref.kernels.cpu.words import LANES, fill_scattered
from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.moves import hyper
from alpt_ref.scalars.rounding import Scalar
from alpt_ref.scalars.slopes import next_delta


@jit
def update_bias(bias: Any, residual: Any, direction: Any, moments: Any, when: Any) -> Any:
    """The bias after one step; its gradient is the sum of the residuals, in example order."""
    g = float32(0)
    for r in residual:
        g += r
    return bias + direction(g, moments, 0, hyper(*when))


@jit
def row_blocks(k: int) -> int:
    """Philox blocks that cover a row of k elements wherever it begins, rounded up to whole lanes."""
    return -(-(k + 3) // (4 * LANES)) * LANES


@jit
def fill_row_words(words: Any, blocks: Any, j: Any, k: Any, counter: Any) -> None:
    """Words of row j into ``words``, from the first of its first block on: its own begin at (j k) mod 4."""
    first = uint64(j * k) >> uint64(2)
    for b in range(blocks.size):
        blocks[b] = first + uint64(b)
    fill_scattered(words, blocks, counter[0], counter[1], counter[2])


@jit
def factor_gradient(entries, residual, sums, begin, end, v, g):
    """Loss gradient of one row of factors, ``v`` (k,), from its entries begin .. end - 1, in order, into ``g`` (k,)."""
    position, value = entries
    g[:] = float32(0)
    for e in range(begin, end):
        x = value[e]
        rx = residual[position[e]] * x
        s = sums[position[e]]
        for f in range(g.size):
            g[f] += rx * (s[f] - v[f] * x)


@jit
def linear_gradient(entries, residual, sums, begin, end, v, g):
    """The same of one linear weight; ``sums`` and ``v`` are not read."""
    position, value = entries
    total = float32(0)
    for e in range(begin, end):
        total += residual[position[e]] * value[e]
    g[0] = total


def row_gradient(is_linear: bool) -> Scalar:
    """The gradient of a table's rows."""
    return linear_gradient if is_linear else factor_gradient


@cache
def row_mover(access: Access, direction: Scalar, k: int, is_linear: bool) -> Scalar:
    """Function (entries, residual, sums, begin, end, table, j, moments, h, v, g): row j's weights into ``v``, moves into ``g``.

    A move is the direction of (loss gradient + l2 w); the optimizer's ``moments`` are updated.
    """
    load, weight = access.load, access.weight
    window = row_window(access, k)
    gradient = row_gradient(is_linear)

    @jit
    def row_moves(entries, residual, sums, begin, end, table, j, moments, h, v, g):
        buffer, width, deltas, stride, _ = table
        delta = deltas[j * stride]
        row, offset = window(buffer, j)
        for f in range(k):
            v[f] = weight(load(row, width, offset + f), delta)
        gradient(entries, residual, sums, begin, end, v, g)
        for f in range(k):
            g[f] = direction(g[f] + h.l2 * v[f], moments, j * k + f, h)

    return row_moves


@cache
def updater(access: Access, advance: Scalar, direction: Scalar, k: int, is_linear: bool) -> Scalar:
    """Function (entries, residual, sums, rows, starts, table, state, when, rng, start, stop): one step on rows[start:stop].

    ``state`` is (moments, code range).
    """
    load, store = access.load, access.store
    window = row_window(access, k)
    row_moves = row_mover(access, direction, k, is_linear)

    @jit
    def update_range(entries, residual, sums, rows, starts, table, state, when, rng, start, stop):
        buffer, width, deltas, stride, _ = table
        moments, box = state
        h = hyper(*when)
        draws, mask, counter = rng
        blocks = np.empty(row_blocks(k), uint64)
        words = np.zeros(4 * blocks.size, uint32)
        g, v = np.empty(k, float32), np.empty(k, float32)
        for r in range(start, stop):
            j = rows[r]
            row_moves(entries, residual, sums, starts[r], starts[r + 1], table, j, moments, h, v, g)
            if draws:
                fill_row_words(words, blocks, j, k, counter)
            delta = deltas[j * stride]
            row, offset = window(buffer, j)
            skip = (j * k) & 3
            for f in range(k):
                entry = load(row, width, offset + f)
                store(row, width, offset + f, advance(entry, g[f], delta, words[skip + f], mask, box))

    return update_range


@jit
def next_deltas(direction, gradient, rows, deltas, stride, moments, scale, when, out):
    """Step sizes after one step down ``scale`` times their ``gradient`` (n_rows,), into ``out``: of each row, or one of all."""
    h = hyper(*when)
    if stride == 0:
        total = float32(0)
        for g in gradient:
            total += g
        out[0] = next_delta(deltas[0], direction(scale * total + h.l2 * deltas[0], moments, 0, h))
        return
    for r in range(rows.size):
        j = rows[r]
        out[r] = next_delta(deltas[j], direction(scale * gradient[r] + h.l2 * deltas[j], moments, j, h))
