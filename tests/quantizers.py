"""Quantizers for the conformance suite: sound designs that must pass, and wrong ones that must not, in plain NumPy."""

import math
import threading

import numpy as np

F, D = np.float32, np.float64


class Sound:
    """The textbook in float64: floor(s) + (u < s - floor(s))."""

    rounding = "stochastic"
    range = "full"

    def box(self, bits):
        return -(2.0 ** (bits - 1)) + (self.range == "symmetric"), 2.0 ** (bits - 1) - 1

    def draw(self, shape, seed):
        return np.random.default_rng(seed).random(shape, F)

    def quantize(self, x, delta, bits, seed):
        return self.quantize_with_uniforms(x, delta, bits, self.draw(x.shape, seed))

    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore", over="ignore"):
            q = self.codes(np.clip(x.astype(D) / delta, lo, hi), u)
        return np.clip(q * delta, lo * delta, hi * delta).astype(F)

    def codes(self, s, u):
        n = np.floor(s)
        return n + (u < s - n)


class SoundNearest(Sound):
    rounding = "nearest"

    def codes(self, s, u):
        return np.rint(s)


# Sound designs


class InFloat32(Sound):
    """s and its fraction in float32."""

    def codes(self, s, u):
        s = s.astype(F)
        n = np.floor(s)
        return n + (u < s - n)


class Reciprocal(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore", over="ignore"):
            s = np.clip(x * (F(1) / F(delta)), F(lo), F(hi))
            n = np.floor(s)
            return (n + (u < s - n)).astype(F) * F(delta)


class FloorOfSumInFloat64(Sound):
    """floor(s + u), exact in float64: the uniforms have 24 bits."""

    def codes(self, s, u):
        return np.floor(s + u.astype(D))


class Downwards(Sound):
    def codes(self, s, u):
        n = np.ceil(s)
        return n - (u < n - s)


class OfMagnitudes(Sound):
    """Rounds |s|, so that the same u moves positive and negative values in opposite directions."""

    def codes(self, s, u):
        return np.copysign(super().codes(np.abs(s), u), s)


class Symmetric(Sound):
    range = "symmetric"


class FiveBits(Sound):
    random_bits = 5

    def codes(self, s, u):
        return super().codes(s, np.floor(u * 32) / 32)


class FiveCentredBits(Sound):
    random_bits = 5

    def codes(self, s, u):
        n = np.floor(s)
        return n + ((np.floor(u * 32) + 0.5) / 32 < s - n)


class SeedOnly:
    """No uniforms can be given."""

    rounding = "stochastic"

    def quantize(self, x, delta, bits, seed):
        return Sound().quantize(x, delta, bits, seed)


class DrawsWhereNeeded(Sound):
    """Grid points draw nothing, so that a seed alone fixes no element's uniform."""

    coupled = False

    def quantize(self, x, delta, bits, seed):
        s = x.astype(D) / delta
        u = np.zeros(x.shape, F)
        off = s != np.floor(s)
        u[off] = np.random.default_rng(seed).random(int(off.sum()), F)
        return self.quantize_with_uniforms(x, delta, bits, u)


class FixedPoint(Sound):
    """8 bits and steps 2^-f alone."""

    bits = (8,)
    steps = "powers of two"

    def quantize_with_uniforms(self, x, delta, bits, u):
        assert bits == 8
        return super().quantize_with_uniforms(x, 2.0 ** round(math.log2(delta)), bits, u)


class FewSteps(Sound):
    """Takes steps from 2^-7 to 1."""

    step_range = (2.0**-7, 1)

    def quantize_with_uniforms(self, x, delta, bits, u):
        assert 2.0**-7 <= delta <= 1
        return super().quantize_with_uniforms(x, delta, bits, u)


class Refuses(Sound):
    nan = infinity = "error"

    def quantize_with_uniforms(self, x, delta, bits, u):
        if not np.isfinite(x).all():
            raise ValueError("not finite")
        return super().quantize_with_uniforms(x, delta, bits, u)


class NanIsZero(Sound):
    nan = "zero"

    def codes(self, s, u):
        return np.nan_to_num(super().codes(s, u), nan=0.0)


class TiesAway(SoundNearest):
    ties = "away"

    def codes(self, s, u):
        return np.trunc(s) + np.sign(s) * (np.abs(s - np.trunc(s)) >= 0.5)


class TiesUp(SoundNearest):
    ties = "up"

    def codes(self, s, u):
        n = np.floor(s)
        return n + (s - n >= 0.5)


class TiesAny(TiesUp):
    ties = "any"


SOUND = [
    Sound, SoundNearest, InFloat32, Reciprocal, FloorOfSumInFloat64, Downwards, OfMagnitudes, Symmetric, FiveBits,
    FiveCentredBits, SeedOnly, DrawsWhereNeeded, FixedPoint, FewSteps, Refuses, NanIsZero, TiesAway, TiesUp, TiesAny,
]  # fmt: skip


# Wrong ones, each under the property that must name it

MUTANTS: list[tuple[type, str, str]] = []


def caught_by(name, level="quick"):
    def register(mutant):
        MUTANTS.append((mutant, name, level))
        return mutant

    return register


@caught_by("unbiased-enumerated")
class BiasedUp(Sound):
    """By 2^-12 of a step."""

    def codes(self, s, u):
        n = np.floor(s)
        return n + ((s > n) & (u < s - n + 2.0**-12))


@caught_by("unbiased-enumerated", "default")
class BiasedDown(Sound):
    def codes(self, s, u):
        n = np.floor(s)
        return n + (u < s - n - 2.0**-12)


@caught_by("unbiased", "default")
class BiasedDraws(SeedOnly):
    """Uniforms to the power of 1.1."""

    def quantize(self, x, delta, bits, seed):
        return Sound().quantize_with_uniforms(x, delta, bits, Sound().draw(x.shape, seed) ** 1.1)


@caught_by("unbiased")
class FewBitsUndeclared(Sound):
    """Its own uniforms have 6 bits."""

    def draw(self, shape, seed):
        return np.random.default_rng(seed).integers(0, 64, shape).astype(F) / F(64)


@caught_by("unbiased-enumerated")
class FewBitsOfTheGiven(Sound):
    def codes(self, s, u):
        return super().codes(s, np.floor(u * 64) / 64)


@caught_by("saturates")
class Wraps(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore"):
            q = self.codes(x.astype(D) / delta, u)
            return (((q - lo) % (hi - lo + 1) + lo) * delta).astype(F)


@caught_by("saturates")
class WrapsBeforeClipping(Sound):
    """Converts to int16 first: 127.6 and 128 are clipped, 40000 wraps."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore"):
            q = self.codes(np.clip(x.astype(D) / delta, -1e9, 1e9), u)
            return (np.clip(np.nan_to_num(q).astype(np.int64).astype(np.int16), lo, hi) * delta).astype(F)


@caught_by("saturates")
class HighestNeverReached(Sound):
    def box(self, bits):
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 2


@caught_by("values-on-grid")
class OneCodeTooMany(Sound):
    def box(self, bits):
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1)


@caught_by("saturates")
class SymmetricUndeclared(Sound):
    def box(self, bits):
        return 1 - 2.0 ** (bits - 1), 2.0 ** (bits - 1) - 1


@caught_by("values-on-grid")
class FullThoughSymmetric(Sound):
    range = "symmetric"

    def box(self, bits):
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1


@caught_by("saturates")
class ClipsFloatsThenDivides(Sound):
    """float32(delta q_hi) / delta is below q_hi for some delta."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = (F(end) * F(delta) for end in self.box(bits))
        s = np.clip(x, lo, hi) / F(delta)
        return (self.codes(s, u) * delta).astype(F)

    def codes(self, s, u):
        n = np.floor(s)
        return n + (u < s - n)


@caught_by("clip-commutes")
class ReflectsAtTheEdge(Sound):
    """What is less than a step beyond comes back."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        hi = self.box(bits)[1]
        s = x.astype(D) / delta
        s = np.where((s > hi) & (s < hi + 1), 2 * hi - s, s)
        return super().quantize_with_uniforms((s * delta).astype(F), delta, bits, u)


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


@caught_by("unbiased")
class FloorOfNegatives(SeedOnly):
    def quantize(self, x, delta, bits, seed):
        return FloorOfGivenNegatives().quantize(x, delta, bits, seed)


@caught_by("unbiased-enumerated")
class FloorOfGivenNegatives(Sound):
    def codes(self, s, u):
        n = np.floor(s)
        return n + ((u < s - n) & (s > 0))


@caught_by("two-neighbours")
class TruncatesThenAdds(Sound):
    """trunc(s) + (u < frac(|s|)): negatives go the wrong way."""

    def codes(self, s, u):
        return np.trunc(s) + (u < np.abs(s - np.trunc(s)))


@caught_by("input-untouched")
class InPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x[...] = super().quantize_with_uniforms(x, delta, bits, u)
        return x.copy()


@caught_by("input-untouched")
class UniformsInPlace(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        u[...] = 1 - u
        return out


@caught_by("grid-points-fixed")
class NoiseUpToOne(SeedOnly):
    """floor(s + u), u in [0, 1]: exact integers are bumped."""

    def quantize(self, x, delta, bits, seed):
        u = np.random.default_rng(seed).integers(0, 2**10, x.shape, endpoint=True) / 2**10
        lo, hi = Sound().box(bits)
        with np.errstate(invalid="ignore"):
            return (np.clip(np.floor(np.clip(x.astype(D) / delta, lo, hi) + u), lo, hi) * delta).astype(F)


@caught_by("grid-points-fixed")
class FloorOfSumInFloat32(Sound):
    def codes(self, s, u):
        return np.floor(s.astype(F) + u)


@caught_by("grid-points-fixed")
class FloorOfSumInFloat16(SeedOnly):
    """Seeds alone, 8 bits: what it rounds wrongly must be met by chance."""

    bits = (8,)

    def quantize(self, x, delta, bits, seed):
        u = Sound().draw(x.shape, seed)
        with np.errstate(over="ignore", invalid="ignore"):
            return (np.clip(np.floor((x / F(delta)).astype(np.float16) + u.astype(np.float16)), -128, 127) * delta).astype(F)


@caught_by("grid-points-fixed")
class LessOrEqual(Sound):
    """u <= a: moves a grid point when u is 0."""

    def codes(self, s, u):
        n = np.floor(s)
        return n + (u <= s - n)


@caught_by("stored-points-fixed")
class HalfPrecisionScale(SeedOnly):
    """delta is rounded to 12 bits, and stored points are off."""

    def quantize(self, x, delta, bits, seed):
        mantissa, exponent = math.frexp(delta)
        s = x.astype(D) / math.ldexp(round(mantissa * 2**12) / 2**12, exponent)
        lo, hi = Sound().box(bits)
        with np.errstate(invalid="ignore"):
            return (Sound().codes(np.clip(s, lo, hi), Sound().draw(x.shape, seed)) * delta).astype(F)


@caught_by("two-neighbours")
class WideDither(Sound):
    """rint(s + U(-1, 1)): unbiased, but of a larger variance."""

    def codes(self, s, u):
        return np.rint(s + 2 * u - 1)


@caught_by("variance")
class WideDitherOfSeeds(SeedOnly):
    def quantize(self, x, delta, bits, seed):
        return WideDither().quantize(x, delta, bits, seed)


@caught_by("unbiased")
class NearestInDisguise(SeedOnly):
    def quantize(self, x, delta, bits, seed):
        noise = (Sound().draw(x.shape, seed) - 0.5) * 2.0**-4
        lo, hi = Sound().box(bits)
        with np.errstate(invalid="ignore"):
            s = np.clip(x.astype(D) / delta, lo, hi)
            q = np.where(s == np.rint(s), s, np.rint(np.clip(s + noise, np.floor(s), np.ceil(s))))
        return (q * delta).astype(F)


@caught_by("small-updates-survive")
class Stagnates(SeedOnly):
    """Moves below 1/512 of a step are dropped."""

    def quantize(self, x, delta, bits, seed):
        s = x.astype(D) / delta
        near = np.abs(s - np.rint(s)) < 1 / 512
        return Sound().quantize(np.where(near, np.rint(s) * delta, x).astype(F), delta, bits, seed)


@caught_by("monotone")
class SwapsNeighbours(SoundNearest):
    """Within 2^-10 of a midpoint it takes the farther point."""

    def codes(self, s, u):
        n = np.floor(s)
        near = (np.abs(s - n - 0.5) < 2.0**-10) & (s - n != 0.5)
        return np.where(near, n + (s - n < 0.5), np.rint(s))


@caught_by("monotone")
class TurnsAtMidpoints(Sound):
    """1 - u stands in for u above a midpoint: unbiased, but what is lower may end higher."""

    def codes(self, s, u):
        return super().codes(s, np.where(s - np.floor(s) < 0.5, u, F(1 - 2.0**-24) - u))


@caught_by("scales")
class AbsoluteTolerance(SoundNearest):
    """Snaps to 0 what is below 1e-3, whatever delta."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(np.where(np.abs(x) < 1e-3, F(0), x), delta, bits, u)


@caught_by("non-finite")
class NanBecomesZero(Sound):
    def codes(self, s, u):
        return np.nan_to_num(super().codes(s, u), nan=0.0)


@caught_by("non-finite")
class InfinityBecomesNan(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(np.where(np.isinf(x), F(np.nan), x), delta, bits, u)


@caught_by("unbiased")
class BiasedAtFiveBits(SeedOnly):
    """At one width of fifteen."""

    def quantize(self, x, delta, bits, seed):
        u = Sound().draw(x.shape, seed)
        return Sound().quantize_with_uniforms(x, delta, bits, u * F(0.8) if bits == 5 else u)


@caught_by("unbiased")
class BiasedAtOddMiddles(Sound):
    """For odd codes half way to the lower end."""

    def codes(self, s, u):
        n = np.floor(s)
        return n + (u < (s - n) * np.where((n % 2 == 1) & (n > -100) & (n < -10), 0.8, 1.0))


@caught_by("unbiased")
class LeapsRarely(SeedOnly):
    """One value of 2^17 goes a step too far."""

    def quantize(self, x, delta, bits, seed):
        far = np.random.default_rng([seed, 1]).random(x.shape) < 2.0**-17
        return Sound().quantize(np.where(far, x + F(delta), x).astype(F), delta, bits, seed)


@caught_by("non-finite")
class NanSpreads(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        return np.full_like(out, np.nan) if np.isnan(x).any() else out


@caught_by("dtype-and-shape")
class ReturnsFloat64(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta, bits, u).astype(D)


@caught_by("dtype-and-shape")
class Flattens(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta, bits, u).reshape(-1)


@caught_by("dtype-and-shape")
class FailsOnNothing(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        x.max()
        return super().quantize_with_uniforms(x, delta, bits, u)


@caught_by("every-element")
class LeavesTheTail(Sound):
    """Blocks of eight; what is left over stays as it is."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        out = super().quantize_with_uniforms(x, delta, bits, u)
        tail = x.size // 8 * 8
        out.reshape(-1)[tail:] = x.reshape(-1)[tail:]
        return out


@caught_by("values-on-grid")
class RoundsTheStep(Sound):
    """To a power of two, which it does not declare."""

    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, 2.0 ** round(math.log2(delta)), bits, u)


@caught_by("values-on-grid")
class ReturnsCodes(Sound):
    def quantize_with_uniforms(self, x, delta, bits, u):
        return super().quantize_with_uniforms(x, delta, bits, u) / F(delta)


@caught_by("ties")
class TiesAwayUndeclared(TiesAway):
    ties = "even"


@caught_by("ties")
class TiesUpUndeclared(TiesUp):
    ties = "even"


@caught_by("ties")
class TiesEvenThoughAway(SoundNearest):
    ties = "away"


@caught_by("nearest-point")
class Truncates(SoundNearest):
    def codes(self, s, u):
        return np.trunc(s)


@caught_by("nearest-point")
class FloorOfHalfMore(SoundNearest):
    """floor(s + 0.5) in float32: 0.49999997 goes to 1."""

    ties = "up"

    def codes(self, s, u):
        return np.floor(s.astype(F) + F(0.5))


@caught_by("nearest-point")
class RoundsTwice(SoundNearest):
    def codes(self, s, u):
        return np.rint(np.rint(s * 16) / 16)


@caught_by("nearest-point")
class NearestInFloat16(SoundNearest):
    def codes(self, s, u):
        return np.rint(s.astype(np.float16).astype(D))


@caught_by("seed-without-effect")
class RandomTies(SoundNearest):
    ties = "any"

    def codes(self, s, u):
        n = np.floor(s)
        return np.where(s - n == 0.5, n + (u < 0.5), np.rint(s))


@caught_by("saturates")
class NearestWraps(SoundNearest):
    def quantize_with_uniforms(self, x, delta, bits, u):
        lo, hi = self.box(bits)
        with np.errstate(invalid="ignore"):
            return (((np.rint(x.astype(D) / delta) - lo) % (hi - lo + 1) + lo) * delta).astype(F)
