"""Random numbers from counters: Philox4x32-10, no state anywhere.

Element ``i`` (a flat index) of stream ``stream`` at step ``step`` under the 64-bit ``seed`` owns one 32-bit word:

    block  b = i div 4,  word w = i mod 4
    philox4x32_10(counter = (b mod 2^32, b div 2^32, step, stream), key = (seed mod 2^32, seed div 2^32))[w]

and its uniform with k random bits is u = (word >> (32 - k)) * 2^-k, on the lattice 2^-k Z in [0, 1). The word is a pure
function of (seed, stream, step, i): it depends on no order of evaluation, number of threads, batch or device, and a run
that stops at step t and resumes draws what an uninterrupted one draws.

Generator: Salmon, Moraes, Dror, Shaw, *Parallel random numbers: as easy as 1, 2, 3* (SC 2011); ``tests/known_answers``
holds the authors' vectors and ours for the map above.
"""

import math
from enum import IntEnum

import numpy as np
from numpy import float32, float64, int32, int64, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.scalars.jit import jit
from alpt_ref.tools.checks import is_integer

_MULTIPLIER_0 = uint64(0xD2511F53)
_MULTIPLIER_1 = uint64(0xCD9E8D57)
_WEYL_0 = uint64(0x9E3779B9)
_WEYL_1 = uint64(0xBB67AE85)
_LOW = uint64(0xFFFFFFFF)
_32 = uint64(32)
_2_M32 = float32(2.0**-32)
MAX_RANDOM_BITS = 24
LANES = 16  # blocks drawn together: two AVX-512 registers of 64-bit lanes


class Stream(IntEnum):
    """What a random number is for; part of the counter, so that no two uses share a word."""

    QUANTIZE = 0
    LINEAR = 1
    FACTORS = 2
    INIT_LINEAR = 3
    INIT_FACTORS = 4
    SHUFFLE = 5
    DATA = 6
    EXAMPLE = 7
    HASH = 8


@jit
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10 of four counter words under two key words; all uint64 below 2^32, in and out."""
    for _ in range(10):
        product_0 = _MULTIPLIER_0 * (c0 & _LOW)
        product_1 = _MULTIPLIER_1 * (c2 & _LOW)
        # Only the low halves of c1 and c3 matter: they meet the next product's low half, or the final mask.
        c0 = (product_1 >> _32) ^ c1 ^ k0
        c2 = (product_0 >> _32) ^ c3 ^ k1
        c1 = product_1
        c3 = product_0
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return c0 & _LOW, c1 & _LOW, c2 & _LOW, c3 & _LOW


@jit
def word_at(index: int, step: uint64, stream: uint64, seed: uint64) -> uint64:
    """The word of element ``index``, as uint64."""
    block = uint64(index) >> uint64(2)
    words = philox(block & _LOW, block >> _32, step, stream, seed & _LOW, seed >> _32)
    return words[int64(index) & 3]  # type: ignore[no-any-return]


@jit
def _fill_run(out, low, high, step, stream, k0, k1):
    """Words of 16 consecutive blocks, low + 15 < 2^32, into ``out`` (64,). The constant trip count makes it vectorize."""
    for i in range(LANES):
        w0, w1, w2, w3 = philox(low + uint64(i), high, step, stream, k0, k1)
        out[4 * i] = uint32(w0)
        out[4 * i + 1] = uint32(w1)
        out[4 * i + 2] = uint32(w2)
        out[4 * i + 3] = uint32(w3)


@jit
def fill_words(out: NDArray[uint32], start: int, step: uint64, stream: uint64, seed: uint64) -> None:
    """Words of the elements start, start + 1, ... into ``out`` (n,): runs of 16 blocks, single words at the ends."""
    head = min(out.size, -start & 3)
    n_runs = (out.size - head) // (4 * LANES)
    block = uint64(start + head) >> uint64(2)
    if (block >> _32) != (block + uint64(LANES * n_runs)) >> _32:
        n_runs = 0  # the high counter word changes on the way: word by word
    low, high = block & _LOW, block >> _32
    for i in range(head):
        out[i] = uint32(word_at(start + i, step, stream, seed))
    for g in range(n_runs):
        begin = head + 4 * LANES * g
        run = out[begin : begin + 4 * LANES]
        _fill_run(run, low + uint64(LANES * g), high, step, stream, seed & _LOW, seed >> _32)
    for i in range(head + 4 * LANES * n_runs, out.size):
        out[i] = uint32(word_at(start + i, step, stream, seed))


@jit
def _fill_lanes(out, blocks, step, stream, k0, k1):
    """Words of 16 blocks, wherever they are, into ``out`` (64,)."""
    for i in range(LANES):
        w0, w1, w2, w3 = philox(blocks[i] & _LOW, blocks[i] >> _32, step, stream, k0, k1)
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
        _fill_lanes(run, blocks[begin : begin + LANES], step, stream, seed & _LOW, seed >> _32)


@jit
def centred_uniform(word: uint32, mask: uint32) -> float32:
    """The element's uniform, wrapped to [-1/2, 1/2): u where u < 1/2, else u - 1. It is the word read as a signed integer.

    u = (word >> (32 - k)) * 2^-k for ``mask = random_bits_mask(k)``, k <= 24: exact in float32.
    """
    return float32(int32(uint32(word & mask))) * _2_M32


@jit
def integer_below(n: int, index: int, step: uint64, stream: uint64, seed: uint64) -> int64:
    """An integer in [0, n), int64: multiply-shift of the 64 bits in the words 2 index, 2 index + 1 (bias below n 2^-64)."""
    block = uint64(index) >> uint64(1)
    w0, w1, w2, w3 = philox(block & _LOW, block >> _32, step, stream, seed & _LOW, seed >> _32)
    high = w2 if index & 1 else w0
    low = w3 if index & 1 else w1
    size = uint64(n)
    return int64((high * size + ((low * size) >> _32)) >> _32)


@jit
def _permute(out: NDArray[int64], step: uint64, stream: uint64, seed: uint64) -> None:
    """Fisher-Yates; position i draws j in [0, i] with its ``integer_below``."""
    for i in range(out.size - 1, 0, -1):
        j = integer_below(i + 1, i, step, stream, seed)
        out[i], out[j] = out[j], out[i]


def check_counter(seed: int, step: int, stream: int, offset: int = 0) -> tuple[uint64, uint64, uint64]:
    """(step, stream, seed) as uint64; ValueError where one does not fit its part of the counter or key."""
    for name, value, bits in (
        ("seed", seed, 64),
        ("step", step, 32),
        ("stream", stream, 32),
        ("offset", offset, 62),
    ):
        if not is_integer(value) or not 0 <= value < 2**bits:
            raise ValueError(f"{name} must be an integer in [0, 2^{bits}), got {value!r}")
    return uint64(step), uint64(stream), uint64(seed)


def random_bits_mask(random_bits: int) -> uint32:
    """The mask that keeps the top ``random_bits`` bits of a word (1..24); ValueError otherwise."""
    if not is_integer(random_bits) or not 1 <= random_bits <= MAX_RANDOM_BITS:
        raise ValueError(f"random_bits must be an integer in 1..{MAX_RANDOM_BITS}, got {random_bits!r}")
    return uint32(2**32 - 2 ** (32 - int(random_bits)))


def words(n: int, *, seed: int, step: int = 0, stream: int, offset: int = 0) -> NDArray[uint32]:
    """Words of the elements offset .. offset + n - 1, uint32 (n,)."""
    counter = check_counter(seed, step, stream, offset)
    out = np.empty(n, uint32)
    fill_words(out, int(offset), *counter)
    return out


def uniforms(
    n: int, *, seed: int, step: int = 0, stream: int, offset: int = 0, random_bits: int = MAX_RANDOM_BITS
) -> NDArray[float32]:
    """Uniforms of the elements offset .. offset + n - 1, float32 (n,), on the lattice 2^-random_bits in [0, 1)."""
    mask = random_bits_mask(random_bits)
    return (words(n, seed=seed, step=step, stream=stream, offset=offset) & mask).astype(float32) * _2_M32


def normals(n: int, *, seed: int, step: int = 0, stream: int, offset: int = 0) -> NDArray[float32]:
    """Standard normals, float32 (n,): Box-Muller's cosine branch in float64; element i uses the words 2i and 2i + 1.

    The radius comes from (word + 1) 2^-32 in (0, 1], so it is finite; |value| <= 6.67.
    """
    pairs = words(2 * n, seed=seed, step=step, stream=stream, offset=2 * offset).reshape(n, 2).astype(float64)
    radius = np.sqrt(-2.0 * np.log((pairs[:, 0] + 1.0) * 2.0**-32))
    return (radius * np.cos(2.0 * math.pi * 2.0**-32 * pairs[:, 1])).astype(float32)


def permutation(n: int, *, seed: int, step: int = 0, stream: int = Stream.SHUFFLE) -> NDArray[int64]:
    """A permutation of 0 .. n - 1, int64 (n,), a pure function of (n, seed, step, stream)."""
    counter = check_counter(seed, step, stream)
    out = np.arange(n, dtype=int64)
    _permute(out, *counter)
    return out
