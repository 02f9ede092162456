"""The properties of order and scale (Q5), at one seed or given uniforms."""

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, demand
from alpt_ref.testing.property import Property
from alpt_ref.testing.search import hunted_pairs

LARGEST = np.finfo(float32).max
SCALES = (2.0**-4, 2.0**3)


def _ordered(candidate: Candidate, case: Case) -> None:
    codes = candidate.codes(case)
    for larger in (np.nextafter(case.x, LARGEST), case.x + float32(case.delta / 4), case.x + float32(case.delta)):
        y = np.minimum(larger, LARGEST)
        after = candidate.codes(case.with_x(y))
        demand(codes <= after, case, codes, "at most {}, Q({}) in steps", after, y)


def _scaled(candidate: Candidate, case: Case) -> None:
    codes, size = candidate.codes(case), np.abs(case.x)
    normal = (size == 0) | ((size > 1e-30) & (size < 1e30))
    smallest, largest = candidate.declared.step_range
    for factor in (f for f in SCALES if smallest <= f * case.delta <= largest):
        scaled = np.where(normal, case.x, float32(0)) * float32(factor)
        after = candidate.codes(case.with_x(scaled)._replace(delta=case.delta * factor))
        demand(~normal | (codes == after), case, codes, f"{{}}, as for {factor:g} x, {factor:g} delta", after)


PROPERTIES = tuple(
    Property(name, statement, "Q5", hunted_pairs(judge), needs=("repeatable",))
    for name, statement, judge in (
        ("monotone", "Q(x) <= Q(y) for x <= y at the same u or seed", _ordered),
        ("scales", "x and delta scaled by a power of two scale Q(x), exactly", _scaled),
    )
)
