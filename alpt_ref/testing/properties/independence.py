"""Independence: every element of every call has a uniform of its own, as Q2, Q3 and every theorem assume.

The same part a of a step is quantized in all elements, under two seeds. An element that goes up under only one of them has a
sign. The signs of a sound quantizer are fair and independent, even if it is biased (:func:`alpt_ref.testing.evidence.signs`),
so they must agree half of the time at any distance, and across any middle. A uniform shared by a row agrees always, u and 1 - u
never, a generator that repeats itself agrees at its period. At a = 1/2 only the first bit of u decides; at others the next ones
do, too. Among many seeds no two may give the same values. A dependence of three that no pair shows is not seen.
"""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case
from alpt_ref.testing.evidence import Place, agreement, identity, mirrored, signs
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property, Trial, least_likely
from alpt_ref.testing.rulers import OfFormat

REFERENCES = (715_827_882, 1_431_655_765)  # two seeds that are compared with no other
SEED_BITS = 31
BASES = ((0, SEED_BITS, 0.5), (2**30 + 5, 8, 0.25))  # seed, its lowest bits, x; float32 mistakes the second for its neighbours
SIDE = 64
MANY = 257  # number of elements that two seeds may not have in common
MEAN = "(a == b)[a * b != 0].mean()"  # how often signs a and b agree
Bits = NDArray[np.bool_]


def _call(candidate: Candidate, shape: tuple[int, ...], seed: int, x: float) -> Case:
    return Case(candidate.declared.plain, np.full(shape, candidate.declared.plain.near(x), float32), seed=seed)


def _bits(candidate: Candidate, shape: tuple[int, ...], seed: int, x: float) -> Bits:
    return (candidate.values(_call(candidate, shape, seed, x)) > candidate.declared.plain.near(0.5)).reshape(-1)


def _python(candidate: Candidate, shape: tuple[int, ...], x: float, *seeds: tuple[int, int]) -> str:
    """Python that makes the signs y, and z, of pairs of seeds."""
    calls = [[_call(candidate, shape, seed, x).call() for seed in pair] for pair in seeds]
    names = ("y", "z")[: len(seeds)]
    plain = candidate.declared.plain
    if plain.returns == "codes":  # which may be unsigned, and of a format are in order where positive
        calls = [[f"{call}.astype(int)" for call in pair] for pair in calls]
    elif isinstance(plain, OfFormat):  # signs are 1, 0 and -1
        return "; ".join(f"{name} = np.sign({one} - {other}).ravel()" for name, (one, other) in zip(names, calls, strict=True))
    return "; ".join(f"{name} = ({one} - {other}).ravel()" for name, (one, other) in zip(names, calls, strict=True))


def _elements(candidate: Candidate, level: Level, alpha: float) -> Finding:
    side = level.side
    square, flat = (side, side), (16 * side**2 + 3,)
    halves = (*(square,) * 6, *((side // 16, 16, side),) * 2, (side**2,), flat)
    arrays = [*((0.5, shape) for shape in halves), (0.25, square), (0.75, square), (0.25, flat), (0.0625, flat)]

    at = candidate.declared.plain.near

    def trials() -> Iterator[Trial]:
        for seed, (x, shape) in enumerate(arrays):
            seeds = (seed, REFERENCES[seed % 2])  # far from each other: one may be an offset
            y = signs(*(_bits(candidate, shape, s, x) for s in seeds))
            python = _python(candidate, shape, x, seeds)
            lag = agreement(y)
            show = f"a, b = y[: -{lag.at}], y[{lag.at} :]"
            yield _trial(lag, at(x), f"elements {lag.at} apart of shape {shape}", f"{python}; {show}; {MEAN}")
            middle = mirrored(y)
            show = f"i = np.arange({max(0, middle.at - y.size + 1)}, {(middle.at + 1) // 2}); a, b = y[i], y[{middle.at} - i]"
            yield _trial(middle, at(x), f"elements i and {middle.at} - i of shape {shape}", f"{python}; {show}; {MEAN}")

    return least_likely(trials(), 2 * len(arrays), f"up to {flat[0]:,} elements, at every distance and mirrored")


def _seeds(candidate: Candidate, level: Level, alpha: float) -> Finding:
    pairs = [(base, base ^ (1 << k), x) for base, n, x in BASES for k in range(n)]
    flat = (16 * level.side**2 + 3,)
    compared = [((SIDE, SIDE), *pair) for pair in pairs] + [(flat, 0, 1, 0.5)]

    @cache
    def bits_of(shape: tuple[int, ...], seed: int, x: float) -> Bits:
        return _bits(candidate, shape, seed, x)

    at = candidate.declared.plain.near

    def trials() -> Iterator[Trial]:
        yield _same_twice(candidate, level)
        for shape, one, other, x in compared:
            # Equal calls are told as such: both p-values count, as one of them alone would if chosen before.
            first, second, *against = (bits_of(shape, seed, x) for seed in (one, other, *REFERENCES))
            if np.array_equal(first, second) and np.array_equal(first, against[0]):
                place = Place(2.0 * identity(first), 0, first.size, first.size)
                python = f"({_call(candidate, shape, one, x).call()} == {_call(candidate, shape, other, x).call()}).mean()"
            else:
                place = agreement(signs(first, against[0]), signs(second, against[1]))
                place = place._replace(p=2.0 * place.p)
                seeds = ((one, REFERENCES[0]), (other, REFERENCES[1]))
                a, b = ("y", f"z[{place.at} :]") if place.at >= 0 else (f"y[{-place.at} :]", "z")
                python = f"{_python(candidate, shape, x, *seeds)}; n = {first.size - abs(place.at)}; "
                python += f"a, b = {a}[:n], {b}[:n]; {MEAN}"
            where = f"elements i and i{place.at:+d}" if place.at else "the same elements"
            yield _trial(place, at(x), f"{where} of seeds {one} and {other}, shape {shape},", python)

    note = f"{len(pairs)} pairs of seeds that differ in one bit, at every distance; {level.seeds:,} seeds give different bits"
    return least_likely(trials(), len(compared) + 1, note)


def _same_twice(candidate: Candidate, level: Level) -> Trial:
    """The Trial of two among many seeds that give the same bits: of n seeds two meet modulo m if m is far below n^2."""
    known: dict[bytes, int] = {}
    worst = Trial(1.0, "", "")
    for seed in dict.fromkeys(np.random.default_rng(level.seeds).integers(0, 2**SEED_BITS, level.seeds).tolist()):
        bits = _bits(candidate, (MANY,), seed, 0.5)
        other = known.setdefault(bits.tobytes(), seed)
        p = min(1.0, math.comb(level.seeds, 2) * identity(bits))
        if other != seed and p < worst.p:
            told = f"x = {candidate.declared.plain.near(0.5)} everywhere: of {level.seeds:,} seeds {other} and {seed} "
            told += f"give the same {MANY} values"
            calls = (_call(candidate, (MANY,), s, 0.5).call() for s in (other, seed))
            worst = Trial(p, told, f"({' == '.join(calls)}).mean()")
    return worst


def _trial(place: Place, x: float, where: str, recipe: str) -> Trial:
    told = f"x = {x} everywhere, signs of two calls: {where} agree in {place.agreed:,} of {place.pairs:,} cases"
    return Trial(place.p, f"{told}; demanded: half", recipe)


PROPERTIES = tuple(
    Property(name, statement, "T1 to T6", check, "stochastic", statistical=True, needs=(needed,))
    for name, statement, check, needed in (
        ("elements-independent", "each element of an array has a uniform of its own", _elements, "repeatable"),
        ("seeds-independent", "another seed gives other, independent uniforms", _seeds, "elements-independent"),
    )
)
