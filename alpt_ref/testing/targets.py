"""The values that are quantized and their targets: grids and thresholds, positions and how exact they are."""

from dataclasses import dataclass

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case
from alpt_ref.testing.level import Level
from alpt_ref.testing.rulers import OfFormat, Ruler, is_power_of_two, thresholds, thresholds_of
from alpt_ref.testing.strategies import AWKWARD, LAST_UNIFORM

__all__ = ["Target", "thresholds", "thresholds_of"]  # of this module, what recipes name and tests take from here

UNIFORMS = (0.0, LAST_UNIFORM, 0.5, 2.0**-24, 0.25, 1.0 - 2.0**-12, 0.7310585)
POWERS = (1.0, 2.0**-7)


def explained(candidate: Candidate, case: Case, codes: NDArray[float64], q: NDArray[float64]) -> NDArray[np.bool_]:
    """True for the ordinals, a step away from the point ``q`` that x is or saturates at, that float32 division explains.

    Stochastic rounding of the rounded quotient may take that step, but only for uniforms that the division puts in between:
    where the uniforms are known, only for those.
    """
    if case.ruler.exact or not candidate.declared.stochastic:
        return np.zeros(q.shape, bool)
    u = 0.0 if case.u is None else np.minimum(case.u, 1.0 - case.u)
    return np.asarray((np.abs(codes - q) <= 1) & (u <= case.ruler.slack(q) + candidate.declared.bias))


@dataclass(frozen=True)
class Target:
    """The target of every element: its position s, clipped, the ordinal ``below``, and a = s - below.

    slack : what float32 division may add, 0 where the ruler is exact. All in float64, exact for an exact ruler.
    """

    s: NDArray[float64]
    below: NDArray[float64]
    a: NDArray[float64]
    slack: NDArray[float64]

    @classmethod
    def of(cls, case: Case) -> "Target":
        """The targets of all elements of the case."""
        s = case.ruler.position(case.x)
        below = np.floor(s)
        return cls(s, below, s - below, case.ruler.slack(s))


def widths(candidate: Candidate, level: Level) -> list[int]:
    """The bit widths 2, 3, 4, 8, 16, as far as the quantizer takes them and the level goes; at least its narrowest."""
    declared = candidate.declared.bits
    return [b for b in (2, 3, 4, 8, 16) if b in declared and b <= level.widest] or [declared[0]]


def step_sizes(candidate: Candidate, *, exact_only: bool) -> list[float]:
    """The step sizes to try: powers of two, and others unless they are excluded."""
    others = [] if exact_only or candidate.declared.steps != "any" else [float(float32(d)) for d in AWKWARD[:3]]
    return [*POWERS, *others]


def swept(candidate: Candidate, level: Level, *, exact_only: bool) -> list[Ruler]:
    """The grids of which every point is tried."""
    return candidate.declared.rulers(widths(candidate, level), step_sizes(candidate, exact_only=exact_only))


def few(ruler: Ruler, level: Level) -> bool:
    """True where a part of the points of a format must do at that level."""
    return isinstance(ruler, OfFormat) and ruler.width > level.widest


def _narrow_and_wide(candidate: Candidate) -> list[int]:
    """The bit widths of the quantizer's widest grid of up to 8 bits, and of its widest."""
    bits = candidate.declared.bits
    return sorted({max((b for b in bits if b <= 8), default=bits[0]), bits[-1]})


def _two_step_sizes(candidate: Candidate) -> list[float]:
    """The step size 1 and, unless the quantizer takes powers of two alone, one that is none."""
    return [1.0, *(delta for delta in step_sizes(candidate, exact_only=False) if not is_power_of_two(delta))][:2]


def with_two_steps(candidate: Candidate, bits: list[int]) -> list[Ruler]:
    """The grids of those widths, with two step sizes; the format, where there is one."""
    return candidate.declared.rulers(bits, _two_step_sizes(candidate))


def main(candidate: Candidate) -> list[Ruler]:
    """The grids that are sampled: of the widest of up to 8 bits and of the widest, with two step sizes."""
    return with_two_steps(candidate, _narrow_and_wide(candidate))


def others(candidate: Candidate) -> list[Ruler]:
    """The grids of step 1 of all other widths."""
    known = _narrow_and_wide(candidate)
    rest = [bits for bits in candidate.declared.bits if bits not in known]
    return candidate.declared.rulers(rest, (1.0,)) if candidate.declared.format is None else []


def widest(candidate: Candidate) -> Ruler:
    """The widest grid, of step 1."""
    return candidate.declared.rulers(candidate.declared.bits[-1:], (1.0,))[0]


def comparable(candidate: Candidate, case: Case) -> bool:
    """True where a second call for other values draws the same uniforms."""
    return not candidate.declared.stochastic or candidate.declared.coupled or case.u is not None
