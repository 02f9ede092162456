"""Minibatch loops over sparse rows, for LR (k = 0) and FM alike, over any table storage.

A step is three phases, each split over disjoint ranges:

    score_range     examples of the batch -> logits, factor sums S_bf = sum_j v_jf x_bj
    group           entries of the batch sorted by feature (stable), so that each row has one owner
    update_range    rows: sum the row's gradient over its entries in example order, move every weight once, round once

    z_b = bias + sum_j w_j x_bj + 1/2 sum_f (S_bf^2 - sum_j v_jf^2 x_bj^2)
    dz/dw_j = x_j,   dz/dv_jf = x_j (S_f - v_jf x_j)                              Rendle, *Factorization Machines*, (1), (4)
"""

from typing import Any

import numpy as np
from numpy import float32, int64, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.jit import jit
from alpt_ref.logistic import FLOAT32
from alpt_ref.optim import hyper
from alpt_ref.rng import LANES, fill_scattered, uniform

_residual = FLOAT32.residual


@jit
def score_example(rows, i, linear, factors, read, bias, sums, squares):
    """Logit of example ``i`` of ``rows`` = (indptr, indices, values); leaves S in ``sums`` (k,), scratch ``squares`` (k,)."""
    indptr, indices, values = rows
    k = sums.size
    sums[:] = float32(0)
    squares[:] = float32(0)
    z = bias
    for p in range(indptr[i], indptr[i + 1]):
        j = int64(indices[p])
        x = values[p]
        z += read(linear, j, 0) * x
        for f in range(k):
            vx = read(factors, j, f) * x
            sums[f] += vx
            squares[f] += vx * vx
    pairs = float32(0)
    for f in range(k):
        pairs += sums[f] * sums[f] - squares[f]
    return z + float32(0.5) * pairs


@jit
def score_range(rows, batch, linear, factors, read, bias, start, stop, z, sums):
    """Logits of the examples batch[start:stop] into ``z``; their factor sums into ``sums`` (batch, k)."""
    squares = np.empty(sums.shape[1], float32)
    for b in range(start, stop):
        z[b] = score_example(rows, batch[b], linear, factors, read, bias, sums[b], squares)


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
def _write_row(view, j, g, read, direction, write, moments, h, box, mask, words):
    """Move row j against its loss gradient ``g`` (k,); element i of the row uses the i-th word after the row's offset."""
    k = view.k
    skip = (j * k) & 3
    for i in range(k):
        gradient = g[i] + h.l2 * read(view, j, i)
        d = direction(gradient, moments, j * k + i, h)
        write(view, j, i, d, uniform(words[skip + i], mask), box)


@jit
def row_blocks(k: int) -> int:
    """Philox blocks that cover a row of k elements wherever it begins, rounded up to whole lanes."""
    return -(-(k + 3) // (4 * LANES)) * LANES


@jit
def fill_row_words(words: Any, blocks: Any, j: Any, k: Any, counter: Any) -> None:
    """Words of row j into ``words``, from the block of its first element on."""
    first = uint64(j * k) >> uint64(2)
    for b in range(blocks.size):
        blocks[b] = first + uint64(b)
    fill_scattered(words, blocks, counter[0], counter[1], counter[2])


@jit
def update_linear_range(entries, residual, rows, starts, linear, read, direction, write, state, when, rng, start, stop):
    """One step on the linear weights rows[start:stop]; ``residual`` (batch,) is dL/dz of each example.

    ``state`` is (moments, code range), ``when`` the arguments of ``hyper``, ``rng`` (draws?, mask, (step, stream, seed)).
    """
    position, value = entries
    moments, box = state
    h = hyper(*when)
    draws, mask, counter = rng
    blocks = np.empty(row_blocks(1), uint64)
    words = np.zeros(4 * blocks.size, uint32)
    g = np.zeros(1, float32)
    for r in range(start, stop):
        g[0] = float32(0)
        for e in range(starts[r], starts[r + 1]):
            g[0] += residual[position[e]] * value[e]
        if draws:
            fill_row_words(words, blocks, rows[r], 1, counter)
        _write_row(linear, rows[r], g, read, direction, write, moments, h, box, mask, words)


@jit
def update_factors_range(entries, residual, sums, rows, starts, factors, read, direction, write, state, when, rng, start, stop):
    """One step on the factor rows rows[start:stop]; ``sums`` (batch, k) holds S of each example."""
    position, value = entries
    moments, box = state
    h = hyper(*when)
    draws, mask, counter = rng
    k = factors.k
    blocks = np.empty(row_blocks(k), uint64)
    words = np.zeros(4 * blocks.size, uint32)
    g = np.zeros(k, float32)
    v = np.empty(k, float32)
    for r in range(start, stop):
        j = rows[r]
        g[:] = float32(0)
        for f in range(k):
            v[f] = read(factors, j, f)
        for e in range(starts[r], starts[r + 1]):
            x = value[e]
            rx = residual[position[e]] * x
            s = sums[position[e]]
            for f in range(k):
                g[f] += rx * (s[f] - v[f] * x)
        if draws:
            fill_row_words(words, blocks, j, k, counter)
        _write_row(factors, j, g, read, direction, write, moments, h, box, mask, words)
