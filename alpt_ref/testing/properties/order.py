"""Order and scale (Q5), at one seed or given uniforms."""

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, demand
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.search import hunt_coupled, sweeps
from alpt_ref.testing.targets import UNIFORMS, comparable

LARGEST = np.finfo(float32).max
SCALES = (2.0**-4, 2.0**3)


def _ordered(candidate: Candidate, case: Case) -> None:
    if not comparable(candidate, case):
        return
    codes = candidate.codes(case)
    for larger in (np.nextafter(case.x, LARGEST), case.x + float32(case.delta / 4), case.x + float32(case.delta)):
        y = np.minimum(larger, LARGEST)
        after = candidate.codes(case._replace(x=y))
        demand(codes <= after, case, codes, "at most {:g}, Q({!r}) in steps", after, y)


def _one_way_in_u(candidate: Candidate, level: Level) -> None:
    """Under rising u codes never rise, or never fall, whatever x: which of the two is the quantizer's choice."""
    half, bits = np.array([0.5], float32), candidate.declared.bits[0]
    at_0, at_last = (candidate.codes(Case(bits, 1.0, half, np.array([u], float32)))[0] for u in (0.0, 0.75))
    for case in sweeps(candidate, level, exact_only=True):
        if case.u is None or case.u[0] != 0.0:
            continue
        before = candidate.codes(case)
        for lower, u in zip(sorted(UNIFORMS), sorted(UNIFORMS)[1:], strict=False):
            higher = case._replace(u=np.full(case.x.shape, u, float32))
            codes = candidate.codes(higher)
            if at_0 >= at_last:
                demand(codes <= before, higher, codes, f"at most {{:g}}, as for u = {lower:.9g}", before)
            else:
                demand(codes >= before, higher, codes, f"at least {{:g}}, as for u = {lower:.9g}", before)
            before = codes


def _monotone(candidate: Candidate, level: Level, alpha: float) -> Finding:
    note = hunt_coupled(_ordered, candidate, level)
    if candidate.takes_uniforms:
        _one_way_in_u(candidate, level)
    return Finding(note)


def _scaled(candidate: Candidate, case: Case) -> None:
    if not comparable(candidate, case):
        return
    codes, size = candidate.codes(case), np.abs(case.x)
    normal = (size == 0) | ((size > 1e-30) & (size < 1e30))
    for factor in SCALES:
        scaled = case._replace(x=np.where(normal, case.x, float32(0)) * float32(factor), delta=case.delta * factor)
        after = candidate.codes(scaled)
        demand(~normal | (codes == after), case, codes, f"{{:g}}, as for {factor:g} x, {factor:g} delta", after)


def _scales(candidate: Candidate, level: Level, alpha: float) -> Finding:
    return Finding(hunt_coupled(_scaled, candidate, level))


PROPERTIES = (
    Property(
        "monotone",
        "Q(x) <= Q(y) for x <= y at the same u; in u it moves one way",
        "Q5",
        _monotone,
        needs=("repeatable",),
    ),
    Property("scales", "x and delta scaled by a power of two scale Q(x), exactly", "Q5", _scales, needs=("repeatable",)),
)
