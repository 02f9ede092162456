"""What is quantized and what it should become: grids and thresholds, s = clip(x / delta) and how exact it is."""

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
    """How far float32 division may put s = x / delta off, in steps: exact where delta is a power of two."""
    return 0.0 * s if is_power_of_two(delta) else DIVISION * np.abs(s)


def explained(candidate: Candidate, case: Case, codes: NDArray[float64], q: NDArray[float64]) -> NDArray[np.bool_]:
    """Where ``codes`` are a step from the points ``q`` that x is or saturates at, by stochastic rounding of what float32
    division makes of them: for those uniforms alone that it puts in between, if they are known."""
    if case.exact or not candidate.declared.stochastic:
        return np.zeros(q.shape, bool)
    u = 0.0 if case.u is None else np.minimum(case.u, 1.0 - case.u)
    return np.asarray((np.abs(codes - q) <= 1) & (u <= division(q, case.delta) + candidate.declared.bias))


@dataclass(frozen=True)
class Target:
    """s = clip(x / delta), its floor, and a = s - floor; ``slack`` is what float32 division may add, 0 where delta is a
    power of two. In float64, exact for a power of two."""

    s: NDArray[float64]
    below: NDArray[float64]
    a: NDArray[float64]
    slack: NDArray[float64]

    @classmethod
    def of(cls, candidate: Candidate, case: Case) -> "Target":
        """Of every element of the case."""
        s = np.clip(case.x.astype(float64) / case.delta, *candidate.declared.box(case.bits))
        below = np.floor(s)
        return cls(s, below, s - below, division(s, case.delta))


def widths(candidate: Candidate, level: Level) -> list[int]:
    """2, 3, 4, 8, 16, as far as it takes them and the level goes; at least its narrowest."""
    declared = candidate.declared.bits
    return [b for b in (2, 3, 4, 8, 16) if b in declared and b <= level.widest] or [declared[0]]


def step_sizes(candidate: Candidate, *, exact_only: bool) -> list[float]:
    """Powers of two, and, unless they are excluded, others."""
    others = [] if exact_only or candidate.declared.steps != "any" else [float(float32(d)) for d in AWKWARD[:3]]
    return [*POWERS, *others]


def narrow_and_wide(candidate: Candidate) -> list[int]:
    """Its widest grid of up to 8 bits, and its widest."""
    bits = candidate.declared.bits
    return sorted({max((b for b in bits if b <= 8), default=bits[0]), bits[-1]})


def two_steps(candidate: Candidate) -> list[float]:
    """1 and, unless it takes powers of two alone, one step more."""
    return [1.0, *(delta for delta in step_sizes(candidate, exact_only=False) if not is_power_of_two(delta))][:2]


def thresholds(bits: int, delta: float) -> NDArray[float32]:
    """All grid points and midpoints of a grid and a little beyond, their neighbours, tiny and huge values."""
    half_steps = np.arange(-(2**bits) - BEYOND, 2**bits + BEYOND - 1)
    at = (half_steps * (delta / 2.0)).astype(float32)
    around = (np.nextafter(at, float32(-np.inf)), at, np.nextafter(at, float32(np.inf)), np.array(TINY, float32))
    return np.concatenate((*around, np.array(HUGE, float32)))


def comparable(candidate: Candidate, case: Case) -> bool:
    """Whether a second call of other values draws the same uniforms."""
    return not candidate.declared.stochastic or candidate.declared.coupled or case.u is not None
