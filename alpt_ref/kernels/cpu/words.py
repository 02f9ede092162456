"""Words for many elements at once: runs of consecutive Philox blocks, blocks anywhere, and a shuffle that draws them."""

from numpy import int64, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.scalars.jit import jit, kernel
from alpt_ref.scalars.philox import LOW, integer_below, philox, word_at

_32 = uint64(32)
LANES = 16  # blocks drawn together: two AVX-512 registers of 64-bit lanes


@jit
def _fill_run(out, low, high, step, stream, k0, k1):
    """Words of 16 consecutive blocks, low + 15 < 2^32, into ``out`` (64,). The constant trip count makes it vectorize."""
    for i in range(LANES):
        w0, w1, w2, w3 = philox(low + uint64(i), high, step, stream, k0, k1)
        out[4 * i] = uint32(w0)
        out[4 * i + 1] = uint32(w1)
        out[4 * i + 2] = uint32(w2)
        out[4 * i + 3] = uint32(w3)


@kernel
def fill_words(out: NDArray[uint32], start: int, step: uint64, stream: uint64, seed: uint64) -> None:
    """Words of the elements start, start + 1, ... into ``out`` (n,): runs of 16 blocks, single words at the ends."""
    head = min(out.size, -start & 3)
    n_runs = (out.size - head) // (4 * LANES)
    block = uint64(start + head) >> uint64(2)
    if (block >> _32) != (block + uint64(LANES * n_runs)) >> _32:
        n_runs = 0  # the high counter word changes on the way: word by word
    low, high = block & LOW, block >> _32
    for i in range(head):
        out[i] = uint32(word_at(start + i, step, stream, seed))
    for g in range(n_runs):
        begin = head + 4 * LANES * g
        run = out[begin : begin + 4 * LANES]
        _fill_run(run, low + uint64(LANES * g), high, step, stream, seed & LOW, seed >> _32)
    for i in range(head + 4 * LANES * n_runs, out.size):
        out[i] = uint32(word_at(start + i, step, stream, seed))


@jit
def _fill_lanes(out, blocks, step, stream, k0, k1):
    """Words of 16 blocks, wherever they are, into ``out`` (64,)."""
    for i in range(LANES):
        w0, w1, w2, w3 = philox(blocks[i] & LOW, blocks[i] >> _32, step, stream, k0, k1)
        out[4 * i] = uint32(w0)
        out[4 * i + 1] = uint32(w1)
        out[4 * i + 2] = uint32(w2)
        out[4 * i + 3] = uint32(w3)


@jit
def fill_scattered(out: NDArray[uint32], blocks: NDArray[uint64], step: uint64, stream: uint64, seed: uint64) -> None:
    """The four words of each block blocks[i] into out[4 i : 4 i + 4]; ``blocks`` is padded to a multiple of 16."""
    for g in range(blocks.size // LANES):
        begin = LANES * g
        run = out[4 * begin : 4 * (begin + LANES)]
        _fill_lanes(run, blocks[begin : begin + LANES], step, stream, seed & LOW, seed >> _32)


@kernel
def permute(out: NDArray[int64], step: uint64, stream: uint64, seed: uint64) -> None:
    """Fisher-Yates; position i draws j in [0, i] with its ``integer_below``."""
    for i in range(out.size - 1, 0, -1):
        j = integer_below(i + 1, i, step, stream, seed)
        out[i], out[j] = out[j], out[i]
