"""SGD example by example (batch size 1) in one compiled loop: the same step as the phases of ``kernels.cpu``, bit for bit.

An example holds a feature once, so its rows need no grouping; all random words of an example are drawn in one
vectorized call.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, int64, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.kernels.cpu.prefetch import prefetch, row_prefetcher
from alpt_ref.kernels.cpu.score import FOUR, PADDING, scorer
from alpt_ref.kernels.cpu.words import LANES, fill_scattered
from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars.factorization import factor_gradient
from alpt_ref.scalars.jit import inlined, kernel
from alpt_ref.scalars.logistic import FLOAT32, example_weight
from alpt_ref.scalars.optimizers import sgd, sgd_hyper
from alpt_ref.scalars.rounding import Scalar

_share = FLOAT32.share
_ONE = float32(1)
_NO_MOMENTS = np.zeros((2, 0), float32)
# Examples are visited in random order: their entries, then their weights, are asked for some examples ahead.
AHEAD = 3
CACHE_LINE = 16  # entries of 4 bytes in one


class Visits(NamedTuple):
    """Examples in the order in which steps are taken on them."""

    rows: Any  # indptr, indices, values
    y: NDArray[float32]
    weights: NDArray[float32]  # (0,) where each is 1
    order: NDArray[int64]


@cache
def trainer(linear_access: Access, linear_advance: Scalar, access: Access, advance: Scalar, k: int) -> Scalar:
    """Function (visits, tables, ends, when, noises, scratch, fit_intercept) -> bias: a step on each example that is visited.

    Each table has its access, and the function that stores a moved weight in it. ends : smallest and largest code. The first
    step is ``when.t`` (t = 1, 2, ...). noises : those of linear weights and factors; their ``step`` is not read: counters hold
    t - 1 here.
    """
    load_linear, store_linear, weight_linear = linear_access.load, linear_access.store, linear_access.weight
    store, weight = access.store, access.weight
    score = scorer(linear_access, access, k)
    window = row_window(access, k)
    prefetch_weight, prefetch_row = row_prefetcher(linear_access, 1), row_prefetcher(access, k)
    per_row = k // 4 if k % 4 == 0 else (k + 6) // 4

    @inlined
    def moved(v, delta, rx, x, s, h, word, mask, lo, hi):
        """A factor's entry after d_f = -eta (r x (S_f - v_f x) + l2 v_f)."""
        w = weight(v, delta)
        d = sgd(factor_gradient(rx, x, s, w), w, _NO_MOMENTS, 0, h)
        return advance(v, d, delta, word, mask, lo, hi)

    # LLVM unrolls a short loop with a small body, and then does not vectorize it: four rows of floats make the body large
    # enough, one row of codes is. Floats ignore step sizes and words, which stand in their place all the same.
    @inlined
    def move_floats(features, n, view, ends, scratch, r, sums, h, words, skips, mask):
        buffer, width, _, _, _ = view
        lo, hi = ends
        x, v, deltas = scratch.x, scratch.v, scratch.factor_deltas
        for e in range(0, n, FOUR):
            xa, xb, xc, xd = x[e], x[e + 1], x[e + 2], x[e + 3]
            for f in range(k):
                s = sums[f]
                v[e, f] = moved(v[e, f], deltas[e], r * xa, xa, s, h, words[e, f], mask, lo, hi)
                v[e + 1, f] = moved(v[e + 1, f], deltas[e], r * xb, xb, s, h, words[e, f], mask, lo, hi)
                v[e + 2, f] = moved(v[e + 2, f], deltas[e], r * xc, xc, s, h, words[e, f], mask, lo, hi)
                v[e + 3, f] = moved(v[e + 3, f], deltas[e], r * xd, xd, s, h, words[e, f], mask, lo, hi)
        for e in range(n):
            row, offset = window(buffer, int64(features[e]))
            for f in range(k):
                store(row, width, offset + f, v[e, f])

    @inlined
    def move_codes(features, n, view, ends, scratch, r, sums, h, words, skips, mask):
        """Words of entry e begin at words[e, skips[e]], skips[e] in 0 .. 3."""
        buffer, width, _, _, _ = view
        lo, hi = ends
        v = scratch.v
        for e in range(n):
            x, delta = scratch.x[e], scratch.factor_deltas[e]
            skip = skips[e] & 3 if k % 4 else 0
            rx = r * x
            row, offset = window(buffer, int64(features[e]))
            for f in range(k):
                new = moved(v[e, f], delta, rx, x, sums[f], h, words[e, skip + f], mask, lo, hi)
                store(row, width, offset + f, new)

    move_factors = move_codes if access.is_code else move_floats

    @inlined
    def move_linear_floats(features, n, view, ends, scratch, values, r, h, words, mask):
        buffer, width, _, _, _ = view
        for e in range(n):
            j = int64(features[e])
            w = load_linear(buffer, width, j)
            store_linear(buffer, width, j, w + sgd(r * values[e], w, _NO_MOMENTS, 0, h))

    @inlined
    def move_linear_codes(features, n, view, ends, scratch, values, r, h, words, mask):
        """In scratch, where it vectorizes, then to the table."""
        buffer, width, _, _, _ = view
        lo, hi = ends
        x, w, deltas = scratch.x, scratch.w, scratch.linear_deltas
        for e in range(-(-n // PADDING) * PADDING):
            d = sgd(r * x[e], weight_linear(w[e], deltas[e]), _NO_MOMENTS, 0, h)
            w[e] = linear_advance(w[e], d, deltas[e], words[e], mask, lo, hi)
        for e in range(n):
            store_linear(buffer, width, int64(features[e]), w[e])

    move_linear = move_linear_codes if linear_access.is_code else move_linear_floats

    @kernel
    def train_range(visits, tables, ends, when, noises, scratch, fit_intercept):
        rows, y, weights, order = visits
        indptr, indices, values = rows
        linear, factors, bias = tables
        linear_buffer, linear_width, factor_buffer, factor_width = linear.buffer, linear.width, factors.buffer, factors.width
        linear_noise, factor_noise = noises
        mask, seed = factor_noise.mask, factor_noise.seed
        start = when.t - 1
        stop = start + order.size
        room = -(-scratch.x.size // LANES) * LANES
        linear_blocks, block_words = np.zeros(room, uint64), np.zeros(4 * room, uint32)
        linear_words = np.zeros(room, uint32)
        blocks, factor_words = np.zeros((room, per_row), uint64), np.zeros((room, 4 * per_row), uint32)
        flat_blocks, flat_words = blocks.reshape(-1), factor_words.reshape(-1)
        skips = np.zeros(room, int64)
        sums, squares = np.empty(k, float32), np.empty(k, float32)
        for s in range(start, stop):
            i = order[s - start]
            begin = indptr[i]
            n = indptr[i + 1] - begin
            features = indices[begin : begin + n]
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
                    prefetch_weight(linear_buffer, linear_width, int64(indices[p]))
                for p in range(indptr[later], indptr[later + 1] if k else 0):
                    prefetch_row(factor_buffer, factor_width, int64(indices[p]))
            h = sgd_hyper(when, s + 1)
            z = score(rows, i, linear, factors, bias, scratch, sums, squares)
            r = _share(z, y[i], example_weight(weights, i), _ONE)
            bias += r - r  # a residual that is not finite stays on record: codes would saturate without a word
            if linear_noise.draws:
                for e in range(n):
                    linear_blocks[e] = uint64(int64(features[e]) >> 2)
                n_blocks = -(-n // LANES) * LANES
                fill_scattered(block_words, linear_blocks[:n_blocks], uint64(s), linear_noise.stream, seed)
                for e in range(n):
                    linear_words[e] = block_words[4 * e + (features[e] & 3)]
            move_linear(features, n, linear, ends, scratch, values[begin : begin + n], r, h, linear_words, mask)
            if k:
                if factor_noise.draws:
                    for e in range(n):
                        first = int64(features[e]) * k
                        skips[e] = first & 3
                        for b in range(per_row):
                            blocks[e, b] = uint64((first >> 2) + b)
                    n_blocks = -(-n * per_row // LANES) * LANES
                    fill_scattered(flat_words, flat_blocks[:n_blocks], uint64(s), factor_noise.stream, seed)
                move_factors(features, n, factors, ends, scratch, r, sums, h, factor_words, skips, mask)
            if fit_intercept:
                bias += sgd(r, float32(0), _NO_MOMENTS, 0, h)  # without l2
        return bias

    return train_range
