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
from functools import cache
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.rng import random_bits_mask
from alpt_ref.scalars.jit import kernel
from alpt_ref.scalars.rounding import FLOAT64

Table = Callable[[NDArray[Any], NDArray[float64]], Any]
ALMOST_ONE = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True, eq=False)
class Rule:
    """A rounding rule, yours or one of this module's.

    name : what reports call it.
    p_up : (q_floor, a) -> probability of rounding up. q_floor float64 integers in [q_lo, q_hi], q_hi with a = 0 only, and a
        float64 in [0, 1), read-only vectors of one length; returns as many probabilities in [0, 1], or one for all. A pure
        function: it may be asked for any pairs, in any order. a = 0 is a point of the grid.
    """

    name: str
    p_up: Table

    def up(self, q_floor: NDArray[Any], a: NDArray[float64]) -> NDArray[float64]:
        """p_up, checked: float64 of the shape of ``a``. ValueError naming the rule and the first pair it fails on."""
        floors, fractions = np.array(q_floor, float64).ravel(), np.array(a, float64).ravel()
        floors.flags.writeable = fractions.flags.writeable = False
        try:
            given = np.asarray(self.p_up(floors, fractions), float64)
        except Exception as error:
            raise ValueError(f"rule {self.name}: p_up failed on {a.size} pairs: {type(error).__name__}: {error}") from None
        if given.shape not in ((), floors.shape):
            raise ValueError(f"rule {self.name}: p_up must return {a.size} probabilities, or one, got shape {given.shape}")
        bad = ~((given >= 0.0) & (given <= 1.0))
        if bad.any():
            i = int(np.argmax(bad))
            where = f"q_floor = {floors[i]:g}, a = {fractions[i]:.17g}"
            raise ValueError(f"rule {self.name}: p_up must be in [0, 1], got {given.flat[i]:g} at {where}")
        return np.broadcast_to(given, floors.shape).reshape(a.shape)


def _deterministic(name: str) -> Rule:
    """The rule of that name, which draws nothing: its p_up is 1 where it rounds q_floor + a up, else 0."""
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

    return Rule(name, p_up)


NEAREST = _deterministic("nearest")
TOWARD_ZERO = _deterministic("toward_zero")
FLOOR = _deterministic("floor")
STOCHASTIC = Rule("stochastic", lambda q_floor, a: a)
BUILT_IN = {rule.name: rule for rule in (NEAREST, STOCHASTIC, TOWARD_ZERO, FLOOR)}


def few_bits(k: int) -> str:
    """The name of stochastic rounding with k random bits: "stochastic(k)"."""
    return f"stochastic({k})"


def random_bits(k: int) -> Rule:
    """Stochastic rounding with k random bits, 1 to 24."""
    random_bits_mask(k)
    return Rule(few_bits(k), lambda q_floor, a: np.ceil(a * 2.0**k) * 2.0**-k)


def centred_bits(k: int) -> Rule:
    """Stochastic rounding with k random bits, 1 to 24, the uniform moved to the middle of its cell."""
    random_bits_mask(k)
    return Rule(f"centred({k})", lambda q_floor, a: np.ceil(a * 2.0**k - 0.5) * 2.0**-k)


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


@cache
def _pairs(q_lo: int, q_hi: int) -> tuple[NDArray[float64], NDArray[float64]]:
    """Floors and fractions that a rule is asked about: all codes of up to 8 bits, 256 of more, with 12,000 fractions each.

    Fractions: j/4096 and points between, 2^-k, 1 - 2^-k and 1/2 +- 2^-k for all k, so that rules of few random bits and
    thresholds near 1/2 show.
    """
    j, tiny = np.arange(1, 4096), 2.0 ** -np.arange(1.0, 60.0)
    parts = (j / 4096, (j + 0.618) / 4096, (j - 0.4) / 4096, tiny, 1.0 - tiny, 0.5 + tiny / 2, 0.5 - tiny / 2, 0.4 * tiny)
    fractions = np.unique(np.concatenate(([0.0], *parts)).clip(0.0, ALMOST_ONE))
    codes = np.unique(np.linspace(q_lo, q_hi - 1, min(256, q_hi - q_lo)).astype(np.int64)).astype(float64)
    q_floor, a = np.meshgrid(codes, fractions)
    return q_floor.ravel(), a.ravel()


@cache
def drifts(rule: Rule, q_lo: int, q_hi: int) -> tuple[float, float]:
    """The largest p_up - a and the largest a - p_up found, in cells, not negative, among the pairs of a grid (``_pairs``)."""
    q_floor, a = _pairs(q_lo, q_hi)
    off = rule.up(q_floor, a) - a
    return max(float(off.max()), 0.0), max(float(-off.min()), 0.0)


def bias(rule: Rule, q_lo: int, q_hi: int) -> float:
    """The largest |p_up - a| found, in cells."""
    return max(drifts(rule, q_lo, q_hi))


@cache
def distance_from_nearest(rule: Rule, q_lo: int, q_hi: int) -> float:
    """The largest probability of not rounding to a nearest point found on the same pairs; ties count as either."""
    q_floor, a = _pairs(q_lo, q_hi)
    off = np.abs(rule.up(q_floor, a) - (a > 0.5))
    return float(off[a != 0.5].max())
