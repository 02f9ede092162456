"""SGD example by example (batch size 1) in one compiled loop: the same step as the phases of ``kernels.cpu``, bit for bit.

An example holds a feature once, so its rows need no grouping; all random words of an example are drawn in one
vectorized call.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy import float32, int64, uint32, uint64

from alpt_ref.jit import jit, prefetch
from alpt_ref.kernels.cpu import widest
from alpt_ref.logistic import FLOAT32
from alpt_ref.optim import sgd, sgd_hyper
from alpt_ref.rng import LANES, fill_scattered
from alpt_ref.rounding import Scalar
from alpt_ref.table import prefetch_row

_residual = FLOAT32.residual
_NO_MOMENTS = np.zeros((2, 0), float32)
# Examples are visited in random order: their entries, then their weights, are asked for some examples ahead.
AHEAD = 2
CACHE_LINE = 16  # entries of 4 bytes in one


@jit
def example_blocks(indices: Any, begin: Any, end: Any, k: Any, per_row: Any, blocks: Any) -> int:
    """Blocks of the rows indices[begin:end], ``per_row`` each; returns how many, rounded up to whole lanes."""
    n = 0
    for p in range(begin, end):
        first = uint64(int64(indices[p]) * k) >> uint64(2)
        for b in range(per_row):
            blocks[n] = first + uint64(b)
            n += 1
    return -(-n // LANES) * LANES


@cache
def factor_moves(k: int) -> Scalar:
    """SGD's move of one row, compiled for k factors: d_f = -eta (r x (S_f - v_f x) + l2 v_f)."""

    @jit
    def move_row(rx, x, sums, v, e, h, d):
        for f in range(k):
            d[f] = sgd(rx * (sums[f] - v[e, f] * x) + h.l2 * v[e, f], _NO_MOMENTS, 0, h)

    return move_row


@jit
def train_range(
    score, move_row, rows, y, order, linear, factors, read, read_row, write, write_row, boxes, bias, schedule, rng, start, stop
):
    """Steps start .. stop - 1 (the first step ever is 0), step s on example order[s - start]; returns the bias.

    ``score`` from ``scorer(k)``, ``move_row`` from ``factor_moves(k)``; ``boxes`` are the code ranges of the two tables,
    ``schedule`` is (lr, decays, l2, fit_intercept), ``rng`` (draws, mask, streams of the two tables, seed).
    """
    indptr, indices, values = rows
    linear_buffer, width, linear_deltas, linear_stride, _ = linear
    factor_buffer, _, factor_deltas, factor_stride, k = factors
    lr, decays, l2, fit_intercept = schedule
    draws, mask, linear_stream, factor_stream, seed = rng
    per_row = k // 4 if k % 4 == 0 else (k + 6) // 4
    most = widest(indptr, order)
    room = -(-most * max(per_row, 1) // LANES) * LANES
    blocks = np.zeros(room, uint64)
    linear_words = np.zeros(4 * room, uint32)
    factor_words = np.zeros(4 * room + k, uint32)
    v = np.empty((most if k else 0, k), float32)
    sums, d = np.empty(k, float32), np.empty(k, float32)
    for s in range(start, stop):
        i = order[s - start]
        begin, end = indptr[i], indptr[i + 1]
        if s + 4 * AHEAD < stop:
            prefetch(indptr, order[s + 4 * AHEAD - start])
            prefetch(y, order[s + 4 * AHEAD - start])
        if s + 2 * AHEAD < stop:
            later = order[s + 2 * AHEAD - start]
            for p in range(indptr[later], indptr[later + 1], CACHE_LINE):
                prefetch(indices, p)
                prefetch(values, p)
        if s + AHEAD < stop:
            later = order[s + AHEAD - start]
            for p in range(indptr[later], indptr[later + 1]):
                prefetch_row(linear_buffer, width, int64(indices[p]), 1)
            for p in range(indptr[later], indptr[later + 1] if k else 0):
                prefetch_row(factor_buffer, width, int64(indices[p]), k)
        h = sgd_hyper(lr, decays, l2, s + 1)
        z = score(rows, i, linear, factors, read, read_row, bias, v, sums)
        r = _residual(z, y[i])
        if draws:
            n = example_blocks(indices, begin, end, 1, 1, blocks)
            fill_scattered(linear_words, blocks[:n], uint64(s), linear_stream, seed)
        for p in range(begin, end):
            j, x = int64(indices[p]), values[p]
            delta = linear_deltas[j * linear_stride]
            move = sgd(r * x + h.l2 * read(linear_buffer, width, delta, j), _NO_MOMENTS, 0, h)
            word = linear_words[4 * (p - begin) + (j & 3)]
            write(linear_buffer, width, delta, j, move, word, mask, boxes[0])
        if draws and k:
            n = example_blocks(indices, begin, end, k, per_row, blocks)
            fill_scattered(factor_words, blocks[:n], uint64(s), factor_stream, seed)
        for p in range(begin, end if k else begin):
            j, x = int64(indices[p]), values[p]
            e = p - begin
            move_row(r * x, x, sums, v, e, h, d)
            skip = 4 * e * per_row + ((j * k) & 3)
            write_row(
                factor_buffer, width, factor_deltas[j * factor_stride], j, d, factor_words[skip : skip + k], mask, boxes[1]
            )
        if fit_intercept:
            bias += sgd(r, _NO_MOMENTS, 0, h)
    return bias
