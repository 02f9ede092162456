"""Minibatch loops over sparse rows, for LR (k = 0) and FM alike, over any table storage.

A step is three phases, each split over disjoint ranges:

    score_range     examples of the batch -> logits, factor sums S_bf = sum_j v_jf x_bj
    group           entries of the batch sorted by feature (stable), so that each row has one owner
    update_range    rows: sum the row's gradient over its entries in example order, move every weight once, round once

    z_b = bias + sum_j w_j x_bj + 1/2 sum_f (S_bf^2 - sum_j v_jf^2 x_bj^2)
    dz/dw_j = x_j,   dz/dv_jf = x_j (S_f - v_jf x_j)                              Rendle, *Factorization Machines*, (1), (4)
"""

from functools import cache
from typing import Any

import numpy as np
from numpy import float32, int64, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.jit import jit
from alpt_ref.logistic import FLOAT32
from alpt_ref.optim import hyper
from alpt_ref.rng import LANES, fill_scattered
from alpt_ref.rounding import Scalar

_residual = FLOAT32.residual


@cache
def scorer(k: int) -> Scalar:
    """The logit of one example, compiled for k factors: (rows, i, linear, factors, read, read_row, bias, v, sums) -> z.

    ``rows`` is (indptr, indices, values). Leaves the factors of the example's features in ``v`` (entries or more, k) and
    S in ``sums`` (k,).
    """

    @jit
    def score_example(rows, i, linear, factors, read, read_row, bias, v, sums):
        indptr, indices, values = rows
        buffer, width, deltas, stride, _ = linear
        begin, end = indptr[i], indptr[i + 1]
        z = bias
        for p in range(begin, end):
            j = int64(indices[p])
            z += read(buffer, width, deltas[j * stride], j) * values[p]
        if k == 0:
            return z
        buffer, width, deltas, stride, _ = factors
        squares = np.zeros(k, float32)
        for f in range(k):
            sums[f] = float32(0)
        for p in range(begin, end):
            j, x = int64(indices[p]), values[p]
            read_row(buffer, width, deltas[j * stride], j, v, p - begin)
            for f in range(k):
                vx = v[p - begin, f] * x
                sums[f] += vx
                squares[f] += vx * vx
        pairs = float32(0)
        for f in range(k):
            pairs += sums[f] * sums[f] - squares[f]
        return z + float32(0.5) * pairs

    return score_example


@jit
def widest(indptr: Any, examples: Any) -> Any:
    """The largest number of entries of an example."""
    n = int64(0)
    for i in examples:
        n = max(n, int64(indptr[i + 1] - indptr[i]))
    return n


@jit
def score_range(score, rows, batch, linear, factors, read, read_row, bias, start, stop, z, sums):
    """Logits of the examples batch[start:stop] into ``z``; factor sums into ``sums`` (batch, k). ``score`` from ``scorer(k)``."""
    k = sums.shape[1]
    v = np.empty((widest(rows[0], batch[start:stop]) if k else 0, k), float32)
    for b in range(start, stop):
        z[b] = score(rows, batch[b], linear, factors, read, read_row, bias, v, sums[b])


@jit
def residuals(z: Any, y: Any, batch: Any, out: Any) -> None:
    """dL/dz of the batch's mean loss: (sigmoid(z_b) - y_b) / batch size."""
    n = float32(batch.size)
    for b in range(batch.size):
        out[b] = _residual(z[b], y[batch[b]]) / n


@jit
def update_bias(bias: Any, residual: Any, direction: Any, moments: Any, when: Any) -> Any:
    """The bias after one step; its gradient is the sum of the residuals, in example order."""
    g = float32(0)
    for r in residual:
        g += r
    return bias + direction(g, moments, 0, hyper(*when))


@jit
def batch_entries(indptr: Any, indices: Any, values: Any, batch: Any) -> Any:
    """(feature, position in the batch, value) of every stored entry of the examples ``batch``, example by example."""
    n = 0
    for i in batch:
        n += indptr[i + 1] - indptr[i]
    feature = np.empty(n, np.int32)
    position = np.empty(n, np.int32)
    value = np.empty(n, float32)
    e = 0
    for b in range(batch.size):
        for p in range(indptr[batch[b]], indptr[batch[b] + 1]):
            feature[e] = indices[p]
            position[e] = b
            value[e] = values[p]
            e += 1
    return feature, position, value


@jit
def stable_order(key: NDArray[np.int32], key_max: int) -> NDArray[np.int32]:
    """Stable order of non-negative keys <= key_max: radix sort, 11 bits a pass, memory independent of key_max."""
    order = np.arange(key.size).astype(np.int32)
    other = np.empty_like(order)
    shift = 0
    while shift == 0 or (key_max >> shift) > 0:
        counts = np.zeros(2049, np.int64)
        for e in order:
            counts[((key[e] >> shift) & 2047) + 1] += 1
        for c in range(2048):
            counts[c + 1] += counts[c]
        for e in order:
            digit = (key[e] >> shift) & 2047
            other[counts[digit]] = e
            counts[digit] += 1
        order, other = other, order
        shift += 11
    return order


@jit
def distinct(sorted_keys: NDArray[np.int32]) -> Any:
    """(distinct keys, where each begins; one past the last at the end)."""
    rows = np.empty(sorted_keys.size, np.int64)
    starts = np.empty(sorted_keys.size + 1, np.int64)
    n = 0
    for e in range(sorted_keys.size):
        if e == 0 or sorted_keys[e] != sorted_keys[e - 1]:
            rows[n] = sorted_keys[e]
            starts[n] = e
            n += 1
    starts[n] = sorted_keys.size
    return rows[:n], starts[: n + 1]


@jit
def row_blocks(k: int) -> int:
    """Philox blocks that cover a row of k elements wherever it begins, rounded up to whole lanes."""
    return -(-(k + 3) // (4 * LANES)) * LANES


@jit
def fill_row_words(words: Any, blocks: Any, j: Any, k: Any, counter: Any) -> Any:
    """Words of row j, a slice of ``words``."""
    first = uint64(j * k) >> uint64(2)
    for b in range(blocks.size):
        blocks[b] = first + uint64(b)
    fill_scattered(words, blocks, counter[0], counter[1], counter[2])
    skip = (j * k) & 3
    return words[skip : skip + k]


@jit
def row_gradient(entries, residual, sums, begin, end, v, g):
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
def update_linear_range(entries, residual, rows, starts, linear, read, direction, write, state, when, rng, start, stop):
    """One step on the linear weights rows[start:stop]; ``residual`` (batch,) is dL/dz of each example.

    ``state`` is (moments, code range), ``when`` the arguments of ``hyper``, ``rng`` (draws?, mask, (step, stream, seed)).
    """
    position, value = entries
    buffer, width, deltas, stride, _ = linear
    moments, box = state
    h = hyper(*when)
    draws, mask, counter = rng
    blocks = np.empty(row_blocks(1), uint64)
    words = np.zeros(4 * blocks.size, uint32)
    for r in range(start, stop):
        j = rows[r]
        g = float32(0)
        for e in range(starts[r], starts[r + 1]):
            g += residual[position[e]] * value[e]
        word = fill_row_words(words, blocks, j, 1, counter)[0] if draws else uint32(0)
        delta = deltas[j * stride]
        d = direction(g + h.l2 * read(buffer, width, delta, j), moments, j, h)
        write(buffer, width, delta, j, d, word, mask, box)


@jit
def update_factors_range(
    entries, residual, sums, rows, starts, factors, read_row, direction, write_row, state, when, rng, start, stop
):
    """One step on the factor rows rows[start:stop]; ``sums`` (batch, k) holds S of each example. Rest as above."""
    buffer, width, deltas, stride, k = factors
    moments, box = state
    h = hyper(*when)
    draws, mask, counter = rng
    blocks = np.empty(row_blocks(k), uint64)
    words = np.zeros(4 * blocks.size, uint32)
    row_words = words[:k]
    g, v, d = np.empty(k, float32), np.empty((1, k), float32), np.empty(k, float32)
    for r in range(start, stop):
        j = rows[r]
        delta = deltas[j * stride]
        read_row(buffer, width, delta, j, v, 0)
        row_gradient(entries, residual, sums, starts[r], starts[r + 1], v[0], g)
        for f in range(k):
            d[f] = direction(g[f] + h.l2 * v[0, f], moments, j * k + f, h)
        if draws:
            row_words = fill_row_words(words, blocks, j, k, counter)
        write_row(buffer, width, delta, j, d, row_words, mask, box)
