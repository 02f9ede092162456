"""Sums of all numbers before each: by tiles, in three kernels."""

from typing import Any

from numba import cuda, int32

from alpt_ref.kernels.cuda.launch import THREADS, device, kernel, launch_blocks

ITEMS = 8  # numbers of one thread, side by side
TILE = THREADS * ITEMS


@device
def block_prefix(value: Any, shared: Any) -> Any:
    """(the sum of ``value`` over the threads before this one, over all threads of the block); ``shared`` (THREADS,) is room."""
    t = cuda.threadIdx.x
    shared[t] = value
    cuda.syncthreads()
    reach = 1
    while reach < THREADS:
        before = shared[t - reach] if t >= reach else int32(0)
        cuda.syncthreads()
        shared[t] += before
        cuda.syncthreads()
        reach *= 2
    own, total = shared[t] - value, shared[THREADS - 1]
    cuda.syncthreads()
    return own, total


@kernel
def sum_tiles(values, sums):
    """The sum of each tile of ``values``, int32, into ``sums``."""
    shared = cuda.shared.array(THREADS, int32)
    first = cuda.blockIdx.x * TILE + cuda.threadIdx.x * ITEMS
    own = int32(0)
    for i in range(first, min(first + ITEMS, values.size)):
        own += values[i]
    _, total = block_prefix(own, shared)
    if cuda.threadIdx.x == 0:
        sums[cuda.blockIdx.x] = total


@kernel
def scan_sums(sums):
    """The sum of all ``sums`` before each, in place; one block."""
    shared = cuda.shared.array(THREADS, int32)
    before = int32(0)
    for start in range(0, sums.size, THREADS):
        i = start + cuda.threadIdx.x
        own, total = block_prefix(sums[i] if i < sums.size else int32(0), shared)
        if i < sums.size:
            sums[i] = before + own
        before += total


@kernel
def scan_tiles(values, sums, out):
    """The sum of all ``values`` before each into ``out``, from the sums of all tiles before each."""
    shared = cuda.shared.array(THREADS, int32)
    first = cuda.blockIdx.x * TILE + cuda.threadIdx.x * ITEMS
    own = int32(0)
    for i in range(first, min(first + ITEMS, values.size)):
        own += values[i]
    before, _ = block_prefix(own, shared)
    before += sums[cuda.blockIdx.x]
    for i in range(first, min(first + ITEMS, values.size)):
        value = values[i]
        out[i] = before
        before += value


def n_tiles(n: int) -> int:
    """Tiles that cover ``n`` numbers."""
    return -(-n // TILE)


def scan(values: Any, sums: Any, out: Any) -> None:
    """The sum of all ``values`` (n,) before each into ``out`` (n,), int32; it may be ``values``. sums (n_tiles(n),) : room."""
    launch_blocks(sum_tiles, n_tiles(values.size), values, sums)
    launch_blocks(scan_sums, 1, sums)
    launch_blocks(scan_tiles, n_tiles(values.size), values, sums, out)
