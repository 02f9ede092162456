"""Wrong in what they draw: shared, repeated, or dependent on what they must not depend on."""

import math
import threading

import numpy as np

from tests.quantizers.registry import caught_by
from tests.quantizers.sound import F, Sound, TiesAny


@caught_by("elements-independent")
class SharedByRows(Sound):
    def draw(self, shape, seed):
        return np.broadcast_to(super().draw((*shape[:-1], 1), seed), shape) if shape else super().draw(shape, seed)


@caught_by("elements-independent")
class SharedByColumns(Sound):
    def draw(self, shape, seed):
        return np.broadcast_to(super().draw(shape[-1:], seed), shape)


@caught_by("elements-independent")
class SharedByAll(Sound):
    def draw(self, shape, seed):
        return np.full(shape, super().draw((), seed))


@caught_by("elements-independent")
class RepeatsItself(Sound):
    """A block of 1000 uniforms, again and again."""

    def draw(self, shape, seed):
        return np.resize(super().draw((1000,), seed), shape)


@caught_by("elements-independent")
class Antithetic(Sound):
    def draw(self, shape, seed):
        u = super().draw(shape, seed)
        flat = u.reshape(-1)
        flat[1::2] = F(1 - 2.0**-24) - flat[: flat.size // 2 * 2 : 2]
        return u


@caught_by("elements-independent")
class HashOfTheValue(Sound):
    """Equal values share a uniform."""

    def quantize(self, x, delta, bits, seed):
        word = (x.copy().view(np.uint32).astype(np.uint64) + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
        return self.quantize_with_uniforms(x, delta, bits, ((word >> np.uint64(40)).astype(F) * F(2.0**-24)))


@caught_by("elements-independent")
class ShiftRegister(Sound):
    """A bit is shifted in for each element: u half of the one before, and that bit."""

    def draw(self, shape, seed):
        n = math.prod(shape)
        bits = np.random.default_rng(seed).integers(0, 2, n + 24)
        return sum(bits[k : k + n] * 2.0 ** -(24 - k) for k in range(24)).reshape(shape).astype(F)


@caught_by("elements-independent")
class SharedButForOneBit(Sound):
    def draw(self, shape, seed):
        rng = np.random.default_rng(seed)
        return ((rng.integers(0, 2, shape) + rng.random(dtype=F)) / 2).astype(F)


@caught_by("seeds-independent")
class SeedModulo1000(Sound):
    def draw(self, shape, seed):
        return super().draw(shape, seed % 1000)


@caught_by("seeds-independent")
class SeedIgnored(Sound):
    def draw(self, shape, seed):
        return super().draw(shape, 0)


@caught_by("seeds-independent")
class HalfTheSeed(Sound):
    def draw(self, shape, seed):
        return super().draw(shape, seed // 2)


@caught_by("seeds-independent")
class SeedIsAnOffset(Sound):
    """Seed s starts at element s of one stream."""

    def draw(self, shape, seed):
        index = np.uint64(seed) + np.arange(int(np.prod(shape)), dtype=np.uint64)
        word = (index ^ np.uint64(0x5DEECE66D)) * np.uint64(0x9E3779B97F4A7C15)
        word = (word ^ (word >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        return ((word ^ (word >> np.uint64(32))) >> np.uint64(40)).astype(F).reshape(shape) * F(2.0**-24)


@caught_by("repeatable")
class GlobalState(Sound):
    def __init__(self):
        self._rng = np.random.default_rng(0)

    def draw(self, shape, seed):
        return self._rng.random(shape, F)


@caught_by("repeatable")
class GoesOnFromTheLastCall(Sound):
    """Seeds once, when the seed is new."""

    def __init__(self):
        self._seed = None

    def draw(self, shape, seed):
        if seed != self._seed:
            self._seed, self._rng = seed, np.random.default_rng(seed)
        return self._rng.random(shape, F)


@caught_by("repeatable")
class TiesByChance(TiesAny):
    """Whatever its declaration allows, by a generator of its own."""

    def __init__(self):
        self._rng = np.random.default_rng(0)

    def codes(self, s, u):
        return super().codes(s, u) - ((s - np.floor(s) == 0.5) & (self._rng.random(s.shape) < 0.5))


@caught_by("same-bits-any-threads")
class StreamOfEachThread(Sound):
    def __init__(self):
        self._threads, self._lock = 1, threading.Lock()

    def set_threads(self, n):
        self._threads = n

    def draw(self, shape, seed):
        parts = np.array_split(np.empty(int(np.prod(shape)), F), self._threads)
        return np.concatenate([super(StreamOfEachThread, self).draw(p.shape, [seed, i]) for i, p in enumerate(parts)]).reshape(
            shape
        )
