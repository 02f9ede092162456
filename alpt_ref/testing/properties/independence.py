"""Independence: every element of every call has a uniform of its own (assumed by Q2, Q3 and every theorem).

Half a step is quantized everywhere, under two seeds: where only one goes up there is a sign, and the signs of a sound quantizer
are fair and independent, even if it is biased (:func:`alpt_ref.testing.evidence.signs`). They must agree half of the time
at any distance, and across any middle. A uniform shared by a row agrees always, u and 1 - u never, a generator that repeats
itself at its period. What no pair shows, a dependence of three, is not seen.
"""

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

REFERENCES = (715_827_882, 1_431_655_765)  # seeds that are compared with no other
ELEMENT_SEEDS = tuple((seed, REFERENCES[seed % 2]) for seed in range(10))  # far from each other: one may be an offset
BASES = (0, 2**30 + 5)  # float32 does not tell the second from its neighbours
SEED_BITS = 31
SIDE = 64
MEAN = "(a == b)[a * b != 0].mean()"  # of signs a and b
Bits = NDArray[np.bool_]


def _call(candidate: Candidate, shape: tuple[int, ...], seed: int) -> Case:
    return Case(candidate.declared.bits[0], 1.0, np.full(shape, 0.5, float32), seed=seed)


def _bits(candidate: Candidate, shape: tuple[int, ...], seed: int) -> Bits:
    return (candidate.values(_call(candidate, shape, seed)) > 0.25).reshape(-1)


def _python(candidate: Candidate, shape: tuple[int, ...], *seeds: tuple[int, int]) -> str:
    """Signs y, and z, of pairs of seeds."""
    calls = [[_call(candidate, shape, seed).call() for seed in pair] for pair in seeds]
    names = ("y", "z")[: len(seeds)]
    return "; ".join(f"{name} = ({one} - {other}).ravel()" for name, (one, other) in zip(names, calls, strict=True))


def _elements(candidate: Candidate, level: Level, alpha: float) -> Finding:
    side = level.side
    flat = (16 * side**2 + 3,)
    shapes = (*((side, side),) * 6, *((side // 16, 16, side),) * 2, (side**2,), flat)

    def trials() -> Iterator[Trial]:
        for shape, seeds in zip(shapes, ELEMENT_SEEDS, strict=True):
            y = signs(*(_bits(candidate, shape, seed) for seed in seeds))
            python = _python(candidate, shape, seeds)
            lag = agreement(y)
            show = f"a, b = y[: -{lag.at}], y[{lag.at} :]"
            yield _trial(lag, f"elements {lag.at} apart of shape {shape}", f"{python}; {show}; {MEAN}")
            middle = mirrored(y)
            show = f"i = np.arange({max(0, middle.at - y.size + 1)}, {(middle.at + 1) // 2}); a, b = y[i], y[{middle.at} - i]"
            yield _trial(middle, f"elements i and {middle.at} - i of shape {shape}", f"{python}; {show}; {MEAN}")

    return least_likely(trials(), 2 * len(shapes), f"up to {flat[0]:,} elements, at every distance and mirrored")


def _seeds(candidate: Candidate, level: Level, alpha: float) -> Finding:
    pairs = [(base, base ^ (1 << k)) for base, bits in zip(BASES, (SEED_BITS, 8), strict=True) for k in range(bits)]
    sizes = [((SIDE, SIDE), pair) for pair in pairs] + [((16 * level.side**2 + 3,), (0, 1))]

    @cache
    def bits_of(shape: tuple[int, ...], seed: int) -> Bits:
        return _bits(candidate, shape, seed)

    def trials() -> Iterator[Trial]:
        for shape, (one, other) in sizes:
            first, second, *against = (bits_of(shape, seed) for seed in (one, other, *REFERENCES))
            if np.array_equal(first, second) and np.array_equal(first, against[0]):
                place = Place(identity(first), 0, first.size, first.size)
                python = f"({_call(candidate, shape, one).call()} == {_call(candidate, shape, other).call()}).mean()"
            else:
                place = agreement(signs(first, against[0]), signs(second, against[1]))
                seeds = ((one, REFERENCES[0]), (other, REFERENCES[1]))
                a, b = ("y", f"z[{place.at} :]") if place.at >= 0 else (f"y[{-place.at} :]", "z")
                python = f"{_python(candidate, shape, *seeds)}; n = {first.size - abs(place.at)}; "
                python += f"a, b = {a}[:n], {b}[:n]; {MEAN}"
            where = f"elements i and i{place.at:+d}" if place.at else "the same elements"
            yield _trial(place, f"{where} of seeds {one} and {other}, shape {shape},", python)

    return least_likely(trials(), len(sizes), f"{len(pairs)} pairs of seeds that differ in one bit, at every distance")


def _trial(place: Place, where: str, recipe: str) -> Trial:
    told = f"x = 0.5 everywhere, signs of two calls: {where} agree in {place.agreed:,} of {place.pairs:,} cases"
    return Trial(place.p, f"{told}; demanded: half", recipe)


PROPERTIES = (
    Property(
        "elements-independent",
        "each element of an array has a uniform of its own",
        "T1 to T6",
        _elements,
        "stochastic",
        statistical=True,
        needs=("repeatable",),
    ),
    Property(
        "seeds-independent",
        "another seed gives other, independent uniforms",
        "T1 to T6",
        _seeds,
        "stochastic",
        statistical=True,
        needs=("elements-independent",),
    ),
)
