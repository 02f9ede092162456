"""Independence: every element of every call has a uniform of its own (assumed by Q2, Q3 and every theorem).

At a = 1/2 roundings are fair bits; independent ones agree half of the time at any distance. A uniform shared by a row agrees
always, u and 1 - u never, a generator that repeats itself at its period. Bits that are not fair agree more often than half,
independent or not: where that explains what is seen nothing is said here, for "unbiased" tells it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable
from alpt_ref.testing.evidence import agreement
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property

SEEDS = (0, 1, 1000)
SEED_PAIRS = ((0, 1), (1, 2), (2, 3), (0, 100), (0, 2**16), (1, 2**30), (0, 2**31 - 1))
SHARE_SEEDS = range(2000, 2064)
Bits = NDArray[np.bool_]


class Pair(NamedTuple):
    """Two vectors of bits, or one twice, to be compared at all distances."""

    first: Bits
    second: Bits
    of: str
    recipe: str


def _call(candidate: Candidate, shape: tuple[int, ...], seed: int) -> Case:
    return Case(candidate.declared.bits[0], 1.0, np.full(shape, 0.5, float32), seed=seed)


def _bits(candidate: Candidate, shape: tuple[int, ...], seed: int) -> Bits:
    return (candidate.values(_call(candidate, shape, seed)) > 0.25).reshape(-1)


def _elements(candidate: Candidate, level: Level, alpha: float) -> Finding:
    side = level.side

    def pairs() -> Iterator[Pair]:
        for shape in ((side, side), (side // 16, 16, side), (side * side,)):
            for seed in SEEDS:
                bits = _bits(candidate, shape, seed)
                python = f"y = z = {_call(candidate, shape, seed).call()}.ravel()"
                yield Pair(bits, bits, f"of shape {shape}, seed {seed}", python)

    # Over seeds, as the elements of one call may be one and the same.
    share = float(np.mean([_bits(candidate, (2,), seed)[0] for seed in SHARE_SEEDS]))
    return _compare(pairs(), "elements {lag} apart", share, alpha, same=True)


def _seeds(candidate: Candidate, level: Level, alpha: float) -> Finding:
    shape = (level.side, level.side)

    def pairs() -> Iterator[Pair]:
        for one, other in SEED_PAIRS:
            first, second = (_bits(candidate, shape, seed) for seed in (one, other))
            calls = (f"{_call(candidate, shape, seed).call()}.ravel()" for seed in (one, other))
            yield Pair(first, second, f"of seeds {one} and {other}", f"y, z = {', '.join(calls)}")

    share = float(_bits(candidate, shape, SEEDS[0]).mean())
    return _compare(pairs(), "elements i and i{lag:+d}", share, alpha, same=False)


def _compare(pairs: Iterator[Pair], word: str, share: float, alpha: float, *, same: bool) -> Finding:
    """``share`` : how often 0.5 goes up, all dependence aside."""
    smallest, tests, told, recipe, explained = 2.0, 0, "", "", False
    for pair in pairs:
        tests += 1
        p, lag, agreed, n = agreement(pair.first, pair.second, same=same)
        if p < smallest:
            ends = (f"y[: {n}]", f"z[{lag}:]") if lag >= 0 else (f"y[{-lag}:]", f"z[: {n}]")
            smallest, recipe = p, f"{pair.recipe}; ({ends[0]} == {ends[1]}).mean()"
            place = word.format(lag=lag) if lag else "the same elements"
            told = f"x = 0.5 everywhere: {place}, {pair.of}, agree in {agreed:,} of {n:,} cases; demanded: half"
            by_share = 1.0 - 2.0 * share * (1.0 - share)
            explained = abs(agreed / n - by_share) < abs(agreed / n - 0.5) / 2.0
    if tests * smallest <= alpha and explained:
        raise NotApplicable(f"not judged: 0.5 goes up in {share:.3g} of all cases, not in half")
    note = f"{tests} arrays of {pair.first.size:,}, every distance up to half of it"
    return Finding(note, min(1.0, tests * smallest), told, recipe)


PROPERTIES = (
    Property(
        "elements-independent",
        "each element of an array has a uniform of its own",
        "T1 to T6",
        _elements,
        "stochastic",
        statistical=True,
    ),
    Property(
        "seeds-independent",
        "another seed gives other, independent uniforms",
        "T1 to T6",
        _seeds,
        "stochastic",
        statistical=True,
    ),
)
