"""Quantization-aware training of float32 masters (LSQ, PACT): one pass moves them and differentiates in the step size."""

from functools import cache

import numpy as np
from numpy import float32

from alpt_ref.kernels.cpu.rows import row_gradient
from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.moves import hyper
from alpt_ref.scalars.rounding import FLOAT32, Scalar
from alpt_ref.scalars.slopes import passes

_split = FLOAT32.split_position


@cache
def updater(access: Access, slope: Scalar, direction: Scalar, k: int, is_linear: bool) -> Scalar:
    """Function (entries, residual, sums, rows, starts, table, state, when, start, stop, out): one step on rows[start:stop].

    Arguments as in ``kernels.update``; the loss gradient of each row's step size goes to ``out`` (n_rows,).
    """
    load, store, weight = access.load, access.store, access.weight
    window = row_window(access, k)
    gradient = row_gradient(is_linear)

    @jit
    def update_range(entries, residual, sums, rows, starts, table, state, when, start, stop, out):
        buffer, width, deltas, stride, _ = table
        moments, (lo, hi) = state
        h = hyper(*when)
        g, v = np.empty(k, float32), np.empty(k, float32)
        for r in range(start, stop):
            j = rows[r]
            delta = deltas[j * stride]
            row, offset = window(buffer, j)
            for f in range(k):
                v[f] = weight(load(row, width, offset + f), delta)
            gradient(entries, residual, sums, starts[r], starts[r + 1], v, g)
            total = float32(0)
            for f in range(k):
                w = load(row, width, offset + f)
                n, rest = _split(w, delta, lo, hi)
                total += g[f] * slope(n, rest, lo, hi)
                through = g[f] if passes(n, rest, lo, hi) else float32(0)
                store(row, width, offset + f, w + direction(through + h.l2 * w, moments, j * k + f, h))
            out[r] = total

    return update_range
