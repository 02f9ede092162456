"""Quantization-aware training of float32 masters (LSQ, PACT): one pass moves them and differentiates in the step size."""

from functools import cache

import numpy as np
from numpy import float32

from alpt_ref.kernels.cpu.rows import row_gradient
from alpt_ref.kernels.storage import Access, row_window
from alpt_ref.scalars.jit import kernel
from alpt_ref.scalars.optimizers import DIRECTIONS, hyper
from alpt_ref.scalars.rounding import Scalar
from alpt_ref.scalars.slopes import Slopes, master_position


@cache
def updater(access: Access, slopes: Slopes, optimizer: str, k: int, is_linear: bool) -> Scalar:
    """Function (batch, part, when, out, start, stop): one step on rows[start:stop].

    The loss gradient of each row's step size goes to ``out`` (n_rows,).
    """
    load, store, weight = access.load, access.store, access.weight
    window, direction = row_window(access, k), DIRECTIONS[optimizer]
    gradient, (slope, passes) = row_gradient(is_linear), slopes

    @kernel
    def update_range(batch, part, when, out, start, stop):
        rows, starts, position, value, residual, sums = batch
        entries = position, value
        view, moments, lo, hi = part
        buffer, width, deltas, stride, _ = view
        h = hyper(when)
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
                n, rest = master_position(w, delta, lo, hi)
                total += g[f] * slope(n, rest, lo, hi)
                through = g[f] if passes(n, rest, lo, hi) else float32(0)
                store(row, width, offset + f, w + direction(through, w, moments, j * k + f, h))
            out[r] = total

    return update_range
