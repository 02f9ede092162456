"""Minibatch loops over sparse rows, for LR (k = 0) and FM alike, compiled for a table's storage and k.

A step is three phases, each split over disjoint ranges:

    score_range     here: examples of the batch -> logits, factor sums S_bf = sum_j v_jf x_bj
    group           entries of the batch sorted by feature (stable), so that each row has one owner
    update_range    rows: sum the row's gradient over its entries in example order, move every weight once, round once

    z_b = bias + sum_j w_j x_bj + 1/2 sum_f (S_bf^2 - sum_j v_jf^2 x_bj^2)         :mod:`alpt_ref.scalars.factorization`
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, int64
from numpy.typing import NDArray

from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars.factorization import add_four, add_four_squares, pair_term
from alpt_ref.scalars.jit import inlined, jit, kernel
from alpt_ref.scalars.logistic import FLOAT32, example_weight
from alpt_ref.scalars.rounding import Scalar

_share = FLOAT32.share
# Entries of an example are taken four at a time: four partial sums, and loop bodies large enough to vectorize.
FOUR = 4
PADDING = 16


class Scratch(NamedTuple):
    """Room for one example, which scoring fills (not for LR in floats): n entries, then zeros to a multiple of ``PADDING``."""

    x: NDArray[float32]  # values
    w: NDArray[float32]  # entries of the linear table
    v: NDArray[float32]  # (n, k) entries of the factor table
    linear_deltas: NDArray[float32]  # step sizes
    factor_deltas: NDArray[float32]


def scratch(most: int, k: int) -> Scratch:
    """Room for examples of up to ``most`` entries."""
    n = -(-most // PADDING) * PADDING
    v = np.zeros((n if k else 0, k), float32)
    return Scratch(np.zeros(n, float32), np.zeros(n, float32), v, np.ones(n, float32), np.ones(n, float32))


@cache
def scorer(linear_access: Access, access: Access, k: int) -> Scalar:
    """Function (rows, i, linear, factors, bias, scratch, sums, squares) -> z of example ``i``.

    rows : (indptr, indices, values). Leaves S in ``sums`` (k,) and fills ``scratch``; ``squares`` (k,) is room.
    """
    load_linear, weight_linear = linear_access.load, linear_access.weight
    load, weight = access.load, access.weight
    window = row_window(access, k)
    keeps = k > 0 or linear_access.is_code

    @jit
    def add_entries(scratch, e, sums, squares):
        x, v, deltas = scratch.x, scratch.v, scratch.factor_deltas
        for f in range(k):
            a = weight(v[e, f], deltas[e]) * x[e]
            b = weight(v[e + 1, f], deltas[e + 1]) * x[e + 1]
            c = weight(v[e + 2, f], deltas[e + 2]) * x[e + 2]
            d = weight(v[e + 3, f], deltas[e + 3]) * x[e + 3]
            sums[f] = add_four(sums[f], a, b, c, d)
            squares[f] = add_four_squares(squares[f], a, b, c, d)

    @inlined
    def score_example(rows, i, linear, factors, bias, scratch, sums, squares):
        indptr, indices, values = rows
        buffer, width, deltas, stride, _ = linear
        x, w, v, linear_deltas, factor_deltas = scratch
        begin = indptr[i]
        n = indptr[i + 1] - begin
        features, value = indices[begin : begin + n], values[begin : begin + n]
        z = bias
        for e in range(n):
            j = int64(features[e])
            entry, delta = load_linear(buffer, width, j), deltas[j * stride]
            z += weight_linear(entry, delta) * value[e]
            if keeps:
                x[e] = value[e]
                w[e] = entry
                linear_deltas[e] = delta
        for e in range(n, (n + PADDING - 1) // PADDING * PADDING if keeps else n):
            x[e] = w[e] = float32(0)
        if k == 0:
            return z
        buffer, width, deltas, stride, _ = factors
        for e in range(n):
            j = int64(features[e])
            row, offset = window(buffer, j)
            for f in range(k):
                v[e, f] = load(row, width, offset + f)
            factor_deltas[e] = deltas[j * stride]
        for e in range(n, (n + FOUR - 1) // FOUR * FOUR):
            for f in range(k):
                v[e, f] = float32(0)
        for f in range(k):
            sums[f] = squares[f] = float32(0)
        for e in range(0, n, FOUR):
            add_entries(scratch, e, sums, squares)
        pairs = float32(0)
        for f in range(k):
            pairs += pair_term(sums[f], squares[f])
        return z + float32(0.5) * pairs

    return score_example


@kernel
def widest(indptr: Any, examples: Any) -> Any:
    """The largest number of entries of an example."""
    n = int64(0)
    for i in examples:
        n = max(n, int64(indptr[i + 1] - indptr[i]))
    return n


class Scores(NamedTuple):
    """The results of scoring a batch."""

    z: NDArray[float32]  # (batch,): logits
    sums: NDArray[float32]  # (batch, k): S_bf


@cache
def range_scorer(linear_access: Access, access: Access, k: int) -> Scalar:
    """Function (rows, batch, tables, scratch, scores, start, stop): the examples batch[start:stop] into ``scores``."""
    score_example = scorer(linear_access, access, k)

    @kernel
    def score_range(rows, batch, tables, scratch, scores, start, stop):
        linear, factors, bias = tables
        z, sums = scores
        squares = np.empty(k, float32)
        for b in range(start, stop):
            z[b] = score_example(rows, batch[b], linear, factors, bias, scratch, sums[b], squares)

    return score_range


@kernel
def residuals(z: Any, y: Any, weights: Any, out: Any) -> None:
    """dL/dz of the batch's loss: s_b (sigmoid(z_b) - y_b) / batch size. weights : (batch,), or (0,) where each s_b is 1."""
    n = float32(z.size)
    for b in range(z.size):
        out[b] = _share(z[b], y[b], example_weight(weights, b), n)
