"""Entries of a minibatch sorted by feature, on a GPU: a stable radix sort, four bits a pass, of pairs (feature, entry).

Its places are a pure function of the keys: counters belong to one thread each, and threads to tiles, in order.
"""

from typing import Any

import numpy as np
from numba import cuda, int32

from alpt_ref.kernels.cuda.launch import THREADS, device, kernel, launch, launch_blocks
from alpt_ref.kernels.cuda.scan import ITEMS, TILE, n_tiles, scan
from alpt_ref.kernels.cuda.workspace import Workspace

DIGIT_BITS = 4
DIGITS = 2**DIGIT_BITS
PITCH = THREADS + 1  # of the counters of a digit: one more than threads, so that digits lie in different banks
COUNTERS = DIGITS * PITCH


@kernel
def batch_lengths(indptr, batch, lengths):
    """The number of entries of each example of ``batch``."""
    for b in range(cuda.grid(1), batch.size, cuda.gridsize(1)):
        i = batch[b]
        lengths[b] = indptr[i + 1] - indptr[i]


@kernel
def batch_entries(rows, batch, starts, feature, position, value):
    """(feature, position in the batch, value) of every entry, example by example; those of example b begin at starts[b]."""
    indptr, indices, values = rows
    for b in range(cuda.grid(1), batch.size, cuda.gridsize(1)):
        e = starts[b]
        i = batch[b]
        for p in range(indptr[i], indptr[i + 1]):
            feature[e] = indices[p]
            position[e] = b
            value[e] = values[p]
            e += 1


@device
def _count(keys, shift, counts):
    """How many keys of each digit each thread of the block holds: counts[digit * PITCH + thread]."""
    t = cuda.threadIdx.x
    for digit in range(DIGITS):
        counts[digit * PITCH + t] = 0
    first = cuda.blockIdx.x * TILE + t * ITEMS
    for e in range(first, min(first + ITEMS, keys.size)):
        counts[((keys[e] >> shift) & (DIGITS - 1)) * PITCH + t] += 1
    cuda.syncthreads()


@kernel
def count_digits(keys, shift, totals):
    """The number of keys of each digit in each tile: totals[digit * tiles + tile]."""
    counts = cuda.shared.array(COUNTERS, int32)
    _count(keys, shift, counts)
    for digit in range(cuda.threadIdx.x, DIGITS, THREADS):
        total = int32(0)
        for t in range(THREADS):
            total += counts[digit * PITCH + t]
        totals[digit * cuda.gridDim.x + cuda.blockIdx.x] = total


@kernel
def scatter(keys, order, shift, places, keys_out, order_out):
    """Pairs to their places by one digit; places[digit * tiles + tile] is where the first of a tile goes."""
    counts = cuda.shared.array(COUNTERS, int32)
    _count(keys, shift, counts)
    for digit in range(cuda.threadIdx.x, DIGITS, THREADS):
        place = places[digit * cuda.gridDim.x + cuda.blockIdx.x]
        for t in range(THREADS):
            n = counts[digit * PITCH + t]
            counts[digit * PITCH + t] = place
            place += n
    cuda.syncthreads()
    first = cuda.blockIdx.x * TILE + cuda.threadIdx.x * ITEMS
    for e in range(first, min(first + ITEMS, keys.size)):
        at = ((keys[e] >> shift) & (DIGITS - 1)) * PITCH + cuda.threadIdx.x
        place = counts[at]
        counts[at] = place + 1
        keys_out[place] = keys[e]
        order_out[place] = order[e]


@kernel
def count_up(out):
    """0, 1, 2, ... into ``out``."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[i] = i


@kernel
def mark_heads(keys, heads):
    """1 where a key differs from the one before it, else 0."""
    for e in range(cuda.grid(1), keys.size, cuda.gridsize(1)):
        heads[e] = 1 if e == 0 or keys[e] != keys[e - 1] else 0


@kernel
def place_rows(keys, before, rows, starts):
    """Distinct keys into ``rows``, where each begins into ``starts``; before[e] is the number of heads before e.

    One past the last entry stands at the end of ``starts``. ``before`` becomes the place of each key among the rows.
    """
    n = keys.size
    for e in range(cuda.grid(1), n, cuda.gridsize(1)):
        head = e == 0 or keys[e] != keys[e - 1]
        r = before[e]
        if head:
            rows[r] = keys[e]
            starts[r] = e
        if e == n - 1:
            starts[r + 1 if head else r] = n
        before[e] = r if head else r - 1


@kernel
def permute(order, position, value, slot, places, position_out, value_out):
    """Position and value of entries in their new order; ``slot``: for each entry in its old order, the place of its row."""
    for e in range(cuda.grid(1), order.size, cuda.gridsize(1)):
        old = order[e]
        position_out[e] = position[old]
        value_out[e] = value[old]
        slot[old] = places[e]


def sort_pairs(keys: Any, key_max: int, room: Workspace) -> tuple[Any, Any]:
    """(keys in ascending order, where each was): equal keys keep their order. Keys are int32, 0 .. key_max."""
    n, tiles = keys.size, n_tiles(keys.size)
    order = room.array("order", n, np.int32)
    launch(count_up, n, order)
    totals, sums = room.array("digits", DIGITS * tiles, np.int32), room.array("sums", n_tiles(DIGITS * tiles), np.int32)
    for turn, shift in enumerate(range(0, max(key_max.bit_length(), 1), DIGIT_BITS)):
        keys_out, order_out = room.array(f"keys {turn % 2}", n, np.int32), room.array(f"order {turn % 2}", n, np.int32)
        launch_blocks(count_digits, tiles, keys, np.int32(shift), totals)
        scan(totals, sums, totals)
        launch_blocks(scatter, tiles, keys, order, np.int32(shift), totals, keys_out, order_out)
        keys, order = keys_out, order_out
    return keys, order


@kernel
def fill(out, value):
    """``value`` into every element of ``out``."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[i] = value


@kernel
def spread_lengths(rows, starts, lengths):
    """The number of entries of each row of a batch to its place in ``lengths``, of all rows."""
    for r in range(cuda.grid(1), rows.size, cuda.gridsize(1)):
        lengths[rows[r]] = starts[r + 1] - starts[r]
