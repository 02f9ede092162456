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

from enum import IntEnum
from typing import NamedTuple

from numpy import float32, int32, int64, uint32, uint64

from alpt_ref.scalars.arithmetic import times, wide
from alpt_ref.scalars.jit import jit
from alpt_ref.tools.checks import is_integer

_MULTIPLIER_0 = uint64(0xD2511F53)
_MULTIPLIER_1 = uint64(0xCD9E8D57)
_WEYL_0 = uint64(0x9E3779B9)
_WEYL_1 = uint64(0xBB67AE85)
LOW = uint64(0xFFFFFFFF)
_32 = uint64(32)
UNIT = float32(2.0**-32)
MAX_RANDOM_BITS = 24


class Stream(IntEnum):
    """The purposes of random numbers: part of the counter, so that no two uses share a word."""

    QUANTIZE = 0
    LINEAR = 1
    FACTORS = 2
    INIT_LINEAR = 3
    INIT_FACTORS = 4
    SHUFFLE = 5
    DATA = 6
    EXAMPLE = 7
    HASH = 8


class Noise(NamedTuple):
    """The random words of a loop: those of (step, stream, seed), cut to the bits of ``mask``; none unless it ``draws``."""

    draws: bool
    mask: uint32
    step: uint64
    stream: uint64
    seed: uint64


@jit
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10 of four counter words under two key words; all uint64 below 2^32, in and out."""
    for _ in range(10):
        product_0 = wide(_MULTIPLIER_0, c0 & LOW)
        product_1 = wide(_MULTIPLIER_1, c2 & LOW)
        # Only the low halves of c1 and c3 matter: they meet the next product's low half, or the final mask.
        c0 = (product_1 >> _32) ^ c1 ^ k0
        c2 = (product_0 >> _32) ^ c3 ^ k1
        c1 = product_1
        c3 = product_0
        k0 = (k0 + _WEYL_0) & LOW
        k1 = (k1 + _WEYL_1) & LOW
    return c0 & LOW, c1 & LOW, c2 & LOW, c3 & LOW


@jit
def word_at(index: int | int64, step: uint64, stream: uint64, seed: uint64) -> uint64:
    """The word of element ``index``, as uint64."""
    block = uint64(index) >> uint64(2)
    words = philox(block & LOW, block >> _32, step, stream, seed & LOW, seed >> _32)
    return words[int64(index) & 3]  # type: ignore[no-any-return]


@jit
def centred_uniform(word: uint32 | uint64, mask: uint32) -> float32:
    """The element's uniform, wrapped to [-1/2, 1/2): u where u < 1/2, else u - 1. It is the word read as a signed integer.

    u = (word >> (32 - k)) * 2^-k for ``mask = random_bits_mask(k)``, k <= 24: exact in float32.
    """
    return times(float32(int32(uint32(word & mask))), UNIT)  # type: ignore[no-any-return]


@jit
def integer_below(n: int, index: int, step: uint64, stream: uint64, seed: uint64) -> int64:
    """An integer in [0, n), int64: multiply-shift of the 64 bits in the words 2 index, 2 index + 1 (bias below n 2^-64)."""
    block = uint64(index) >> uint64(1)
    w0, w1, w2, w3 = philox(block & LOW, block >> _32, step, stream, seed & LOW, seed >> _32)
    high = w2 if index & 1 else w0
    low = w3 if index & 1 else w1
    size = uint64(n)
    return int64((high * size + ((low * size) >> _32)) >> _32)


def random_bits_mask(random_bits: int) -> uint32:
    """The mask that keeps the top ``random_bits`` bits of a word (1..24); ValueError otherwise."""
    if not is_integer(random_bits) or not 1 <= random_bits <= MAX_RANDOM_BITS:
        raise ValueError(f"random_bits must be an integer in 1..{MAX_RANDOM_BITS}, got {random_bits!r}")
    return uint32(2**32 - 2 ** (32 - int(random_bits)))
