"""A stable radix sort on a GPU, four bits a pass, of pairs (key, where it was).

Its places are a pure function of the keys: each thread counts its own, and threads and tiles have their order.
"""

from typing import Any

import numpy as np
from numba import cuda, int32

from alpt_ref.kernels.cuda.group import count_up
from alpt_ref.kernels.cuda.launch import THREADS, device, kernel, launch, launch_blocks
from alpt_ref.kernels.cuda.scan import ITEMS, TILE, n_tiles, scan
from alpt_ref.kernels.cuda.workspace import Workspace

DIGIT_BITS = 4
DIGITS = 2**DIGIT_BITS
PITCH = THREADS + 1  # of the counters of a digit: one more than threads, so that digits lie in different banks
COUNTERS = DIGITS * PITCH


@device
def _count(keys, shift, counts):
    """Count the keys of each digit that each thread of the block holds: counts[digit * PITCH + thread]."""
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


def sort_pairs(keys: Any, key_max: int, room: Workspace) -> tuple[Any, Any]:
    """(keys in ascending order, where each was): equal keys keep their order. Keys are int32, 0 .. key_max."""
    n, tiles = keys.size, n_tiles(keys.size)
    order = room.array("order", n, np.int32)
    launch(count_up, n, order)
    totals, sums = room.array("digits", DIGITS * tiles, np.int32), room.array("digit sums", n_tiles(DIGITS * tiles), np.int32)
    for turn, shift in enumerate(range(0, max(key_max.bit_length(), 1), DIGIT_BITS)):
        keys_out, order_out = room.array(f"keys {turn % 2}", n, np.int32), room.array(f"order {turn % 2}", n, np.int32)
        launch_blocks(count_digits, tiles, keys, np.int32(shift), totals)
        scan(totals, sums, totals)
        launch_blocks(scatter, tiles, keys, order, np.int32(shift), totals, keys_out, order_out)
        keys, order = keys_out, order_out
    return keys, order
