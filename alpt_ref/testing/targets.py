"""The values that are quantized and their targets: grids and thresholds, s = clip(x / delta) and how exact it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, is_power_of_two
from alpt_ref.testing.level import Level
from alpt_ref.testing.strategies import AWKWARD, BEYOND, HUGE, LAST_UNIFORM, TINY

UNIFORMS = (0.0, LAST_UNIFORM, 0.5, 2.0**-24, 0.25, 1.0 - 2.0**-12, 0.7310585)
POWERS = (1.0, 2.0**-7)
DIVISION = 2.0**-23 * (1.0 + 2.0**-20)  # of s: one float32 division, or a product with a rounded reciprocal


def division(s: Any, delta: float) -> Any:
    """The most by which float32 division puts s = x / delta off, in steps: 0 where delta is a power of two."""
    return 0.0 * s if is_power_of_two(delta) else DIVISION * np.abs(s)


def explained(candidate: Candidate, case: Case, codes: NDArray[float64], q: NDArray[float64]) -> NDArray[np.bool_]:
    """True for the codes, a step away from the point ``q`` that x is or saturates at, that float32 division explains.

    Stochastic rounding of the rounded quotient may take that step, but only for uniforms that the division puts in between:
    where the uniforms are known, only for those.
    """
    if case.exact or not candidate.declared.stochastic:
        return np.zeros(q.shape, bool)
    u = 0.0 if case.u is None else np.minimum(case.u, 1.0 - case.u)
    return np.asarray((np.abs(codes - q) <= 1) & (u <= division(q, case.delta) + candidate.declared.bias))


@dataclass(frozen=True)
class Target:
    """The target of every element: s = clip(x / delta), its floor ``below``, and a = s - floor(s).

    slack : what float32 division may add, 0 where delta is a power of two. All in float64, exact for a power of two.
    """

    s: NDArray[float64]
    below: NDArray[float64]
    a: NDArray[float64]
    slack: NDArray[float64]

    @classmethod
    def of(cls, candidate: Candidate, case: Case) -> "Target":
        """The targets of all elements of the case."""
        s = np.clip(case.x.astype(float64) / case.delta, *candidate.declared.box(case.bits))
        below = np.floor(s)
        return cls(s, below, s - below, division(s, case.delta))


def widths(candidate: Candidate, level: Level) -> list[int]:
    """The bit widths 2, 3, 4, 8, 16, as far as the quantizer takes them and the level goes; at least its narrowest."""
    declared = candidate.declared.bits
    return [b for b in (2, 3, 4, 8, 16) if b in declared and b <= level.widest] or [declared[0]]


def step_sizes(candidate: Candidate, *, exact_only: bool) -> list[float]:
    """The step sizes to try: powers of two, and others unless they are excluded."""
    others = [] if exact_only or candidate.declared.steps != "any" else [float(float32(d)) for d in AWKWARD[:3]]
    return [*POWERS, *others]


def narrow_and_wide(candidate: Candidate) -> list[int]:
    """The bit widths of the quantizer's widest grid of up to 8 bits, and of its widest."""
    bits = candidate.declared.bits
    return sorted({max((b for b in bits if b <= 8), default=bits[0]), bits[-1]})


def two_step_sizes(candidate: Candidate) -> list[float]:
    """The step size 1 and, unless the quantizer takes powers of two alone, one that is none."""
    return [1.0, *(delta for delta in step_sizes(candidate, exact_only=False) if not is_power_of_two(delta))][:2]


def thresholds(bits: int, delta: float) -> NDArray[float32]:
    """The values next to which rounding decides, float32: points and midpoints of a grid and a little beyond. Their neighbours
    in float32 and tiny and huge values are among them."""
    half_steps = np.arange(-(2**bits) - BEYOND, 2**bits + BEYOND - 1)
    at = (half_steps * (delta / 2.0)).astype(float32)
    around = (np.nextafter(at, float32(-np.inf)), at, np.nextafter(at, float32(np.inf)), np.array(TINY, float32))
    return np.concatenate((*around, np.array(HUGE, float32)))


def comparable(candidate: Candidate, case: Case) -> bool:
    """True where a second call for other values draws the same uniforms."""
    return not candidate.declared.stochastic or candidate.declared.coupled or case.u is not None
