"""The search for step sizes of little squared error, row by row."""

import numpy as np
from numpy import float32, float64

from alpt_ref.scalars.jit import inlined, kernel
from alpt_ref.scalars.rounding import FLOAT32
from alpt_ref.scalars.slopes import SMALLEST_RANGE, nearest_code

_split = FLOAT32.split_position
EMPTY = 1e-12  # rows whose step size would be smaller count as rows of zeros


@inlined
def fit_of(w, delta, lo, hi):
    """(|delta q - w|^2, <q, w>, <q, q>) of a row and its nearest codes q, float64, summed in order."""
    error, along, square = float64(0), float64(0), float64(0)
    for x in w:
        n, rest = _split(x, delta, lo, hi)
        q = nearest_code(n, rest, lo, hi)
        off = float64(q * delta - x)
        error += off * off
        along += float64(q) * float64(x)
        square += float64(q) * float64(q)
    return error, along, square


@kernel
def least_error_deltas(w, parts, lo, hi):
    """A step size for each row of ``w`` (n, k), float32 (n,): the best of those at ``parts`` of max|w| / hi and of their fits.

    A fit is <q, w> / <q, q>, whose error with the same codes q is least. A row of zeros gets SMALLEST_RANGE / hi.
    """
    out = np.empty(w.shape[0], float32)
    largest = float64(hi)
    for j in range(w.shape[0]):
        row = w[j]
        unit = float64(0)
        for x in row:
            unit = max(unit, abs(float64(x)) / largest)
        out[j] = float32(SMALLEST_RANGE / largest)
        if unit <= EMPTY:
            continue
        least = np.inf
        for part in parts:
            delta = float32(part * unit)
            for _ in range(2):
                error, along, square = fit_of(row, delta, lo, hi)
                if error < least:
                    least, out[j] = error, delta
                if along > 0:
                    delta = float32(along / square)
    return out
