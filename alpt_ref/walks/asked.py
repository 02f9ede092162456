"""The answers of a rounding rule: the record that a verdict's check on the rule is made of.

Statements on stochastic rounding are about rules with p_up = a, those on nearest rounding about rules that round to a nearest
point. Whether a rule of yours is one is not judged from a sample: each measurement listens to the rule that it uses, so that
its check is about the very pairs (code, fraction) that the measured value rests on.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.walks.rule import ALMOST_ONE, Own, Rule, is_built_in

Floats = NDArray[float64]
BLOCK = 2**20  # pairs of an enumeration that are asked at once
WIDE, NARROW = (10, 4096), (16, 32)  # widths that are enumerated in full, and how many fractions each of their codes is asked


@dataclass(eq=False)
class Asked:
    """Extremes over all pairs asked so far, in cells.

    nearest : whether ``far`` is wanted, too. pairs : how many. above, below : the largest p_up - a and a - p_up, not negative.
    relative : the largest |p_up - a| over a or 1 - a, the smaller of them, which a walk of short moves rests on.
    still : the largest chance of leaving a point of the grid, a = 0. far : the largest chance of not rounding to a nearest
    point; ties count as either; NaN where it was not wanted.
    """

    nearest: bool = False
    pairs: int = 0
    above: float = 0.0
    below: float = 0.0
    relative: float = 0.0
    still: float = 0.0
    far: float = math.nan
    _lock: Any = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self.far = 0.0 if self.nearest else math.nan

    @property
    def bias(self) -> float:
        """The largest |p_up - a|."""
        return max(self.above, self.below)

    def of(self, rule: Rule) -> Rule:
        """``rule``, listened to. Compiled loops know the built-in rules and ask nothing: see :meth:`compiled`."""
        own = isinstance(rule, Own)  # unbiased to the last bit, or not at all
        ask = rule.p_up if own else rule.up  # the listener's answer is checked all the same

        def up(q_floor: NDArray[Any], a: Floats) -> Any:
            answer = ask(q_floor, a)
            same = answer is a  # unbiased, and still at a = 0
            self._hear(a.size, None if same else answer - a)
            if not (same or own):
                less = np.minimum(a, 1.0 - a)
                with np.errstate(over="ignore"):
                    off = np.divide(np.abs(answer - a), less, out=np.zeros(a.shape), where=less > 0.0)
                with self._lock:
                    self.relative = max(self.relative, float(off.max(initial=0.0)))
            if not same or self.nearest:
                with self._lock:
                    self.still = max(self.still, float(answer[a == 0.0].max(initial=0.0)))
            if self.nearest:
                with self._lock:
                    self.far = max(self.far, float(np.abs(answer - (a > 0.5))[a != 0.5].max(initial=0.0)))
            return answer

        def down(q_floor: NDArray[Any], rest: Floats) -> Any:
            assert rule.p_down is not None
            answer = rule.answer("p_down", rule.p_down, q_floor, rest)
            self._hear(0, None if answer is rest else rest - answer)
            return answer

        return Own(rule.name, up, None if rule.p_down is None else down)

    def compiled(self, rule: Rule) -> Rule:
        """A built-in rule itself, with what it would have answered: loops over replicas compile it. Others as :meth:`of`."""
        if not is_built_in(rule):
            return self.of(rule)
        known = enumerated(rule)
        self.pairs = known.pairs
        self.above, self.below, self.still, self.far = known.above, known.below, known.still, known.far
        return rule

    def _hear(self, pairs: int, off: Floats | None) -> None:
        """Take in that p_up - a was ``off`` for so many pairs; None: 0 for all."""
        with self._lock:
            self.pairs += pairs
            if off is not None and off.size:
                self.above = max(self.above, float(off.max()))
                self.below = max(self.below, -float(off.min()))


def fractions_of(codes: Floats, count: int) -> Floats:
    """Fractions that an enumeration asks each code about, ascending, float64 (codes, about count + 360).

    ``count`` are evenly spaced, and shifted from code to code by the golden ratio, so that no list of fractions covers those of
    all codes. To them come 0 and its neighbour, 1/2 and its neighbours, the neighbour of 1, and 2^-k, 1 - 2^-k, 1/2 +- 2^-k.
    """
    tiny = 2.0 ** -np.arange(1.0, 61.0)
    ends = [0.0, 5e-324, float(np.nextafter(0.5, 0.0)), 0.5, float(np.nextafter(0.5, 1.0)), ALMOST_ONE]
    fixed = np.concatenate((ends, tiny, 1.0 - tiny, 0.5 + tiny / 2, 0.5 - tiny / 2, 0.4 * tiny)).clip(0.0, ALMOST_ONE)
    even = (np.arange(count) + ((codes * 0.6180339887498949) % 1.0)[:, None]) / count
    return np.sort(np.concatenate((np.broadcast_to(np.unique(fixed), (codes.size, np.unique(fixed).size)), even), axis=1))


def blocks() -> Iterator[tuple[Floats, Floats]]:
    """The pairs of an enumeration, floors and fractions, (n, m) each, a block at a time: every code of 10 bits, a row for each,
    with some 4,400 fractions, and every code of 16 bits with some 300.
    """
    for bits, count in (WIDE, NARROW):
        codes = np.arange(-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1.0)
        step = BLOCK // (count + 400)
        for part in (codes[i : i + step] for i in range(0, codes.size, step)):
            fractions = fractions_of(part, count)
            yield np.repeat(part[:, None], fractions.shape[1], axis=1), fractions


@cache
def n_pairs() -> int:
    """The number of pairs in all blocks."""
    return sum((2**bits - 1) * fractions_of(np.zeros(1), count).shape[1] for bits, count in (WIDE, NARROW))


def described() -> str:
    """An enumeration in words."""
    return f"all codes of {WIDE[0]} bits x {WIDE[1]} fractions and all of {NARROW[0]} x {NARROW[1]}, 300 special ones with each"


@cache
def enumerated(rule: Rule) -> Asked:
    """The answers of ``rule`` to all pairs of :func:`blocks`."""
    asked = Asked(nearest=True)
    heard = asked.of(rule)
    for floors, a in blocks():
        up = heard.up(floors, a)
        if rule.p_down is not None:
            heard.down(floors, 1.0 - a, up)
    asked.relative = 0.0  # no walk's moves are as short as the shortest of these
    return asked


@cache
def fingerprint(rule: Rule) -> str:
    """Sixteen hexadecimal digits of the answers of ``rule`` to the pairs of :func:`blocks`, for rules of one name."""
    digest = blake2b(digest_size=8)
    for floors, fractions in blocks():
        digest.update(rule.up(floors, fractions).tobytes())
    return digest.hexdigest()
