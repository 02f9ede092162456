"""Entries of a minibatch sorted by feature, so that every row of a table has one owner that sums in a fixed order."""

from typing import Any, NamedTuple

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.scalars.jit import kernel


class Batch(NamedTuple):
    """A minibatch by feature, with the results of the forward pass that gradients are made of.

    Row rows[r] has the entries starts[r] .. starts[r + 1] - 1, in example order. Loops unpack it once: an array that is taken
    out of a tuple again and again is counted as often, which costs more than a row's arithmetic.
    """

    rows: NDArray[np.int64]  # rows of the tables that move
    starts: NDArray[np.int64]  # (n_rows + 1,)
    position: NDArray[np.int32]  # of an entry's example in the batch
    value: NDArray[float32]
    residual: NDArray[float32]  # (batch,): dL/dz
    sums: NDArray[float32]  # (batch, k): S_bf = sum_j v_jf x_bj

    def over_all(self, n_rows: int) -> "Batch":
        """Return this batch with all rows 0 .. n_rows - 1, most of which have no entries."""
        starts = np.zeros(n_rows + 1, np.int64)
        starts[1:][self.rows] = np.diff(self.starts)
        return self._replace(rows=np.arange(n_rows), starts=np.cumsum(starts, out=starts))


@kernel
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


@kernel
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


@kernel
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
