"""SGD example by example (batch size 1) in one compiled loop: the same step as the phases of ``kernels.cpu``, bit for bit.

An example holds a feature once, so its rows need no grouping; all random words of an example are drawn in one
vectorized call.
"""

from typing import Any

import numpy as np
from numpy import float32, int64, uint32, uint64

from alpt_ref.jit import jit
from alpt_ref.kernels.cpu import score_example
from alpt_ref.logistic import FLOAT32
from alpt_ref.optim import hyper, sgd
from alpt_ref.rng import LANES, fill_scattered, uniform

_residual = FLOAT32.residual


@jit
def example_blocks(indices: Any, begin: Any, end: Any, k: Any, per_row: Any, blocks: Any) -> int:
    """Blocks of the rows of one example, ``per_row`` each; returns how many, rounded up to whole lanes."""
    n = 0
    for p in range(begin, end):
        first = uint64(int64(indices[p]) * k) >> uint64(2)
        for b in range(per_row):
            blocks[n] = first + uint64(b)
            n += 1
    return -(-n // LANES) * LANES


@jit
def train_range(rows, y, order, linear, factors, read, write, box, bias, fit_intercept, schedule, rng, start, stop):
    """Steps start .. stop - 1 (the first step ever is 0), step s on example order[s - start]; returns the bias.

    ``schedule`` is (lr, decays, l2); ``rng`` is (draws, mask, streams of the two tables, seed).
    """
    indptr, indices, values = rows
    lr, decays, l2 = schedule
    draws, mask, linear_stream, factor_stream, seed = rng
    k = factors.k
    per_row = k // 4 if k % 4 == 0 else (k + 6) // 4
    widest = int64(0)
    for i in order:
        widest = max(widest, int64(indptr[i + 1] - indptr[i]))
    room = -(-widest * max(per_row, 1) // LANES) * LANES
    blocks = np.zeros(room, uint64)
    linear_words = np.zeros(4 * room, uint32)
    factor_words = np.zeros(4 * room, uint32)
    sums = np.empty(k, float32)
    squares = np.empty(k, float32)
    no_moments = np.zeros((2, 0), float32)
    for s in range(start, stop):
        i = order[s - start]
        begin, end = indptr[i], indptr[i + 1]
        h = hyper(lr, decays, l2, s + 1)
        z = score_example(rows, i, linear, factors, read, bias, sums, squares)
        r = _residual(z, y[i])
        if draws:
            n = example_blocks(indices, begin, end, 1, 1, blocks)
            fill_scattered(linear_words, blocks[:n], uint64(s), linear_stream, seed)
            n = example_blocks(indices, begin, end, k, per_row, blocks)
            fill_scattered(factor_words, blocks[:n], uint64(s), factor_stream, seed)
        for p in range(begin, end):
            j = int64(indices[p])
            x = values[p]
            row = p - begin
            rx = r * x
            d = sgd(rx + h.l2 * read(linear, j, 0), no_moments, 0, h)
            write(linear, j, 0, d, uniform(linear_words[4 * row + (j & 3)], mask), box)
            skip = 4 * row * per_row + ((j * k) & 3)
            for f in range(k):
                v = read(factors, j, f)
                d = sgd(rx * (sums[f] - v * x) + h.l2 * v, no_moments, 0, h)
                write(factors, j, f, d, uniform(factor_words[skip + f], mask), box)
        if fit_intercept:
            bias += sgd(r, no_moments, 0, h)
    return bias
