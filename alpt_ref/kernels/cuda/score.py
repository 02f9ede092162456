"""Logits of a minibatch on a GPU: a thread for each example and factor, then one for each example.

Sums are taken in the order of :mod:`alpt_ref.kernels.cpu.score`, so that the bits are the same.
"""

from functools import cache
from typing import Any

from numba import cuda
from numpy import float32, int64

from alpt_ref.kernels.cuda.launch import kernel, launch
from alpt_ref.kernels.storage import Access
from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.factorization import add_four, add_four_squares, pair_term
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.logistic import FLOAT32, example_weight
from alpt_ref.scalars.rounding import Scalar

_share = FLOAT32.share


@cache
def factor_scorer(access: Access, k: int) -> Scalar:
    """Kernel (rows, batch, factors, sums, pairs): S_bf and twice what factor f adds to z, of the examples ``batch``.

    rows : (indptr, indices, values). sums, pairs : float32 (batch * k,).
    """
    load, weight = access.load, access.weight

    @jit
    def term(rows, p, end, factors, f):
        """v_jf x_j of entry p; 0 from ``end`` on."""
        _, indices, values = rows
        buffer, width, deltas, stride, _ = factors
        if p >= end:
            return float32(0)
        j = int64(indices[p])
        return times(weight(load(buffer, width, j * k + f), deltas[j * stride]), values[p])

    @kernel
    def score_factors(rows, batch, factors, sums, pairs):
        indptr = rows[0]
        for i in range(cuda.grid(1), sums.size, cuda.gridsize(1)):
            example, f = batch[i // k], i % k
            end = indptr[example + 1]
            s = squares = float32(0)
            for p in range(indptr[example], end, 4):
                a, b = term(rows, p, end, factors, f), term(rows, p + 1, end, factors, f)
                c, d = term(rows, p + 2, end, factors, f), term(rows, p + 3, end, factors, f)
                s, squares = add_four(s, a, b, c, d), add_four_squares(squares, a, b, c, d)
            sums[i] = s
            pairs[i] = pair_term(s, squares)

    return score_factors


@cache
def scorer(linear_access: Access, k: int) -> Scalar:
    """Kernel (rows, batch, linear, pairs, bias, z): logits of the examples ``batch``; pairs : as of ``factor_scorer``."""
    load, weight = linear_access.load, linear_access.weight

    @kernel
    def score(rows, batch, linear, pairs, bias, z):
        indptr, indices, values = rows
        buffer, width, deltas, stride, _ = linear
        for b in range(cuda.grid(1), batch.size, cuda.gridsize(1)):
            total = bias[0]
            for p in range(indptr[batch[b]], indptr[batch[b] + 1]):
                j = int64(indices[p])
                total += times(weight(load(buffer, width, j), deltas[j * stride]), values[p])
            if k:
                of_pairs = float32(0)
                for f in range(k):
                    of_pairs += pairs[b * k + f]
                total += times(float32(0.5), of_pairs)
            z[b] = total

    return score


@kernel
def residuals(z: Any, y: Any, weights: Any, batch: Any, step: Any, out: Any, diverged: Any) -> None:
    """dL/dz of the batch's loss; the first step where one is not finite into ``diverged`` (1,), 0 before it. weights : those of
    all examples, or (0,)."""
    n = float32(z.size)
    for b in range(cuda.grid(1), z.size, cuda.gridsize(1)):
        r = _share(z[b], y[batch[b]], example_weight(weights, batch[b]), n)
        out[b] = r
        if r - r != float32(0) and diverged[0] == 0:
            diverged[0] = step


def score(accesses: tuple[Access, Access], k: int, rows: Any, batch: Any, tables: Any, scores: Any) -> None:
    """Fill ``scores`` (z, sums, pairs) for the examples ``batch``; tables : linear, factors, bias (1,) on the device."""
    linear, factors, bias = tables
    z, sums, pairs = scores
    launch(factor_scorer(accesses[1], k), sums.size, rows, batch, factors, sums, pairs) if k else None
    launch(scorer(accesses[0], k), batch.size, rows, batch, linear, pairs, bias, z)
