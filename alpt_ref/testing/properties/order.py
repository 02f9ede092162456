"""The properties of order and scale (Q5), at one seed or given uniforms."""

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, demand
from alpt_ref.testing.property import Property
from alpt_ref.testing.search import hunted_pairs

LARGEST = np.finfo(float32).max


def _ordered(candidate: Candidate, case: Case) -> None:
    codes, step = candidate.ordinals(case), case.ruler.step(case.x)
    for larger in (np.nextafter(case.x, LARGEST), case.x + step / float32(4), case.x + step):
        y = np.minimum(larger, float32(case.ruler.limit))
        after = candidate.ordinals(case.with_x(y))
        demand(codes <= after, case, codes, f"at most {{}}, Q({{}}){case.ruler.in_steps}", after, y)


def _scaled(candidate: Candidate, case: Case) -> None:
    codes, ruler = candidate.ordinals(case), case.ruler
    smallest, largest = candidate.declared.step_range
    for factor in (f for f in ruler.factors if smallest <= f * (case.delta or 1.0) <= largest):
        alike = ruler.alike(case.x, factor)
        scaled = np.where(alike, case.x, float32(0)) * float32(factor)
        after = candidate.ordinals(case.with_x(scaled)._replace(ruler=ruler.scaled(factor)))
        want = after - ruler.shift(case.x, factor)
        demand(~alike | (codes == want), case, codes, f"{{}}, as for {factor:g} x{ruler.scaled_told(factor)}", want)


PROPERTIES = tuple(
    Property(name, statement, "Q5", hunted_pairs(judge), needs=("repeatable",))
    for name, statement, judge in (
        ("monotone", "Q(x) <= Q(y) for x <= y at the same u or seed", _ordered),
        ("scales", "x and delta scaled by a power of two scale Q(x), exactly", _scaled),
    )
)
