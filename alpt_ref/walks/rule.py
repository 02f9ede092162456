"""A rounding rule as a probability table: with which probability a target is rounded up.

A target of s cells, not on the grid, has the floor n = floor(s) and the fraction a = s - n; the rule rounds it to n + 1 with
probability p_up(n, a), else to n. An exact law uses p_up itself, Monte Carlo rounds up when u < p_up. The rules of
:mod:`alpt_ref.scalars.rounding` are given here in that form: those that draw nothing are asked, the stochastic ones are

    stochastic           p_up = a                      (Q2)
    random_bits(k)       p_up = ceil(2^k a) / 2^k      u on {0, ..., 2^k - 1}/2^k, up when u < a (Q2, L6)
    centred_bits(k)      p_up = ceil(2^k a - 1/2) / 2^k    u + 2^-(k+1) in the place of u: halves down (L6)
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.rng import random_bits_mask
from alpt_ref.scalars.jit import kernel
from alpt_ref.scalars.rounding import FLOAT64
from alpt_ref.tools.brief import brief_repr

Table = Callable[[NDArray[Any], NDArray[float64]], Any]
ALMOST_ONE = float(np.nextafter(1.0, 0.0))
WHOLE = 2.0**-50  # p_up + p_down may be off 1 by that much


@dataclass(frozen=True, eq=False)
class Rule:
    """A rounding rule, yours or one of this module's.

    name : what reports call it.
    p_up : (q_floor, a) -> probability of rounding up. q_floor float64 integers in [q_lo, q_hi], q_hi with a = 0 only (on a
        floating-point format ordinals, of which the even ones have even mantissas), and a
        float64 in [0, 1), read-only vectors of one length; returns as many probabilities in [0, 1], or one for all. A pure
        function: it may be asked for any pairs, in any order. a = 0 is a point of the grid.
    p_down : (q_floor, 1 - a) -> probability of rounding down, for rules that know it better than 1 - p_up does: 1 - a is given
        as it is, 1e-20 say, where a is 1 in float64. None: 1 - p_up, or 1 - a as it is where p_up returns a itself.
    """

    name: str
    p_up: Table
    p_down: Table | None = None

    __repr__ = brief_repr

    def up(self, q_floor: NDArray[Any], a: NDArray[float64]) -> NDArray[float64]:
        """p_up, checked: float64 of the shape of ``a``. ValueError naming the rule and the first pair it fails on."""
        return self.answer("p_up", self.p_up, q_floor, a)

    def down(self, q_floor: NDArray[Any], rest: NDArray[float64], up: NDArray[float64]) -> NDArray[float64]:
        """p_down, checked alike, of rest = 1 - a; 1 - ``up`` where the rule has none. It has to add up to 1 with ``up``."""
        if self.p_down is None:
            return np.asarray(1.0 - up)
        down = self.answer("p_down", self.p_down, q_floor, rest)
        off = float(np.abs(up + down - 1.0).max(initial=0.0))
        if off > WHOLE:
            raise ValueError(f"rule {self.name}: p_up + p_down must be 1, got {1.0 + off:g} or {1.0 - off:g}")
        return down

    def answer(self, what: str, table: Table, q_floor: NDArray[Any], a: NDArray[float64]) -> NDArray[float64]:
        """Ask ``table``, the p_up or p_down, as ``what`` names it, and check the answer; ``a`` itself where it is that."""
        floors, fractions = self._given(q_floor), self._given(a)
        floors.flags.writeable = fractions.flags.writeable = False
        try:
            answer = table(floors, fractions)
            if self._same(answer, fractions, a):
                return a
            given = np.asarray(answer, float64)
        except (Exception, SystemExit) as error:
            raise ValueError(f"rule {self.name}: {what} failed on {a.size} pairs: {type(error).__name__}: {error}") from None
        if given.shape not in ((), floors.shape):
            raise ValueError(f"rule {self.name}: {what} must return {a.size} probabilities, or one, got shape {given.shape}")
        bad = ~((given >= 0.0) & (given <= 1.0))
        if bad.any():
            i = int(np.argmax(bad))
            where = f"q_floor = {floors[i]:g}, a = {fractions[i]:.17g}"
            raise ValueError(f"rule {self.name}: {what} must be in [0, 1], got {given.flat[i]:g} at {where}")
        return np.broadcast_to(given, floors.shape).reshape(a.shape)

    def _given(self, x: NDArray[Any]) -> NDArray[float64]:
        """A copy: a rule that writes into its arguments, which no flag prevents, changes nothing but its own."""
        return np.array(x, float64).reshape(-1)

    def _same(self, answer: Any, given: NDArray[float64], a: NDArray[float64]) -> bool:
        """True where the answer is ``a``, number for number."""
        return isinstance(answer, np.ndarray) and np.array_equal(answer, a.reshape(-1))


class Own(Rule):
    """A rule whose functions are this package's, which leave their arguments alone: it is handed views."""

    def _given(self, x: NDArray[Any]) -> NDArray[float64]:
        return np.asarray(x, float64).reshape(-1).view()

    def _same(self, answer: Any, given: NDArray[float64], a: NDArray[float64]) -> bool:
        return answer is given


def _deterministic(name: str) -> Rule:
    """The rule of that name, which draws no random numbers: its p_up is 1 where it rounds q_floor + a up, else 0."""
    rule, rint = getattr(FLOAT64, name), FLOAT64.rint

    @kernel
    def ask(q_floor: Any, a: Any, out: Any) -> None:
        for i in range(a.size):
            n = rint(a[i])
            out[i] = rule(q_floor[i] + n, a[i] - n, float64(0)) - q_floor[i]

    def p_up(q_floor: NDArray[Any], a: NDArray[float64]) -> NDArray[float64]:
        out = np.empty(a.shape, float64)
        ask(np.asarray(q_floor, float64).ravel(), np.ascontiguousarray(a).ravel(), out.reshape(-1))
        return out

    return Own(name, p_up)


NEAREST = _deterministic("nearest")
TOWARD_ZERO = _deterministic("toward_zero")
FLOOR = _deterministic("floor")
STOCHASTIC = Own("stochastic", lambda q_floor, a: a)
BUILT_IN = {rule.name: rule for rule in (NEAREST, STOCHASTIC, TOWARD_ZERO, FLOOR)}


def is_built_in(rule: Rule) -> bool:
    """True for the rules of ``BUILT_IN``, which compiled loops know; a rule of one's own may have the name of one."""
    return BUILT_IN.get(rule.name) is rule


def may_draw(rule: Rule) -> bool:
    """False for rules that are known to draw no random number."""
    return rule is STOCHASTIC or not is_built_in(rule)


def few_bits(k: int) -> str:
    """The name of stochastic rounding with k random bits: "stochastic(k)"."""
    return f"stochastic({k})"


def random_bits(k: int) -> Rule:
    """Stochastic rounding with k random bits, 1 to 24."""
    random_bits_mask(k)
    return Own(few_bits(k), lambda q_floor, a: np.ceil(a * 2.0**k) * 2.0**-k)


def centred_bits(k: int) -> Rule:
    """Stochastic rounding with k random bits, 1 to 24, the uniform moved to the middle of its cell."""
    random_bits_mask(k)
    return Own(f"centred({k})", lambda q_floor, a: np.ceil(a * 2.0**k - 0.5) * 2.0**-k)


def bits_of(name: str) -> int | None:
    """The k of "stochastic(k)", inverse of :func:`few_bits`; None for every other name."""
    found = re.fullmatch(r"stochastic\((\d+)\)", name)
    return int(found[1]) if found else None


def as_rule(rule: "Rule | str") -> Rule:
    """A Rule itself, or the one of that name, built-in or "stochastic(k)"; ValueError otherwise."""
    if isinstance(rule, Rule):
        return rule
    if rule in BUILT_IN:
        return BUILT_IN[rule]
    k = bits_of(rule) if isinstance(rule, str) else None
    if k is None:
        raise ValueError(f"rule must be a Rule or one of {', '.join(BUILT_IN)}, got {rule!r}")
    return random_bits(k)
