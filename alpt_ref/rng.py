"""Arrays of words, uniforms, normals and permutations, drawn from counters by the map of :mod:`alpt_ref.scalars.philox`.

A draw is a pure function of seed, step, stream and the element's index: no state, and no dependence on order or threads. Every
function raises ValueError, as ``check_counter`` does, where one of them is out of range.
"""

import math

import numpy as np
from numpy import float32, float64, int64, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.kernels.cpu.words import fill_words, permute
from alpt_ref.scalars.philox import MAX_RANDOM_BITS, UNIT, Stream, philox, random_bits_mask, word_at
from alpt_ref.tools.checks import check_integer, is_integer

__all__ = [
    "MAX_RANDOM_BITS",
    "Stream",
    "check_counter",
    "normals",
    "permutation",
    "philox",
    "random_bits_mask",
    "uniforms",
    "word_at",
    "words",
]


def check_counter(seed: int, step: int, stream: int, offset: int = 0) -> tuple[uint64, uint64, uint64]:
    """The triple (step, stream, seed) as uint64, the order in which the loops take them. Raises ValueError where one does not
    fit its part of the counter or key: seed in [0, 2^64), step and stream in [0, 2^32), offset in [0, 2^62)."""
    for name, value, bits in (("seed", seed, 64), ("step", step, 32), ("stream", stream, 32), ("offset", offset, 62)):
        if not is_integer(value) or not 0 <= value < 2**bits:
            raise ValueError(f"{name} must be an integer in [0, 2^{bits}), got {value!r}")
    return uint64(step), uint64(stream), uint64(seed)


def _length(n: int) -> int:
    check_integer("n", n, 0)
    return int(n)


def words(n: int, *, seed: int, step: int = 0, stream: int, offset: int = 0) -> NDArray[uint32]:
    """The words that the elements offset .. offset + n - 1 own, uint32 (n,)."""
    counter = check_counter(seed, step, stream, offset)
    out = np.empty(_length(n), uint32)
    fill_words(out, int(offset), *counter)
    return out


def uniforms(
    n: int, *, seed: int, step: int = 0, stream: int, offset: int = 0, random_bits: int = MAX_RANDOM_BITS
) -> NDArray[float32]:
    """The uniforms of the elements offset .. offset + n - 1, float32 (n,), on the lattice 2^-random_bits in [0, 1). Raises
    ValueError unless ``random_bits`` is in 1..24."""
    mask = random_bits_mask(random_bits)
    return (words(n, seed=seed, step=step, stream=stream, offset=offset) & mask).astype(float32) * UNIT


def normals(n: int, *, seed: int, step: int = 0, stream: int, offset: int = 0) -> NDArray[float32]:
    """The standard normals of the elements offset .. offset + n - 1, float32 (n,).

    They are Box-Muller's cosine branch in float64; element i uses the words 2i and 2i + 1. The radius comes from (word + 1)
    2^-32 in (0, 1], so it is finite; |value| <= 6.67.
    """
    check_counter(seed, step, stream, offset)
    twice = words(2 * _length(n), seed=seed, step=step, stream=stream, offset=2 * int(offset))
    pairs = twice.reshape(-1, 2).astype(float64)
    radius = np.sqrt(-2.0 * np.log((pairs[:, 0] + 1.0) * 2.0**-32))
    return (radius * np.cos(2.0 * math.pi * 2.0**-32 * pairs[:, 1])).astype(float32)


def permutation(n: int, *, seed: int, step: int = 0, stream: int = Stream.SHUFFLE) -> NDArray[int64]:
    """The permutation of 0 .. n - 1, int64 (n,), that is a pure function of (n, seed, step, stream)."""
    counter = check_counter(seed, step, stream)
    out = np.arange(_length(n), dtype=int64)
    permute(out, *counter)
    return out
