"""The properties beyond the range and beyond numbers: saturation, clipping (Q5, Q6), NaN and infinities."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import SHORT, Case, Violation, demand, first_false, literal, shown
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.search import hunted, hunted_pairs
from alpt_ref.testing.targets import Target, explained, widths

USUAL = {"nan": ("error", "nan"), "infinity": ("error", "edge")}


def _saturated(candidate: Candidate, case: Case) -> None:
    codes, target = candidate.grid_codes(case), Target.of(candidate, case)
    lo, hi = candidate.declared.box(case.bits)
    s = case.x.astype(float) / case.delta
    above, under = s >= hi + target.slack, s <= lo - target.slack
    edge = np.where(above, hi, lo)
    ok = ~(above | under) | (codes == edge) | explained(candidate, case, codes, edge)
    demand(ok, case, codes, "{}, the edge", edge)


def _commuted(candidate: Candidate, case: Case) -> None:
    lo, hi = (float32(code * case.delta) for code in candidate.declared.box(case.bits))
    clipped = np.clip(case.x, lo, hi)
    codes, after = candidate.codes(case), candidate.codes(case.with_x(clipped))
    demand(codes == after, case, codes, "{}, as for clip(x) = {}", after, clipped)


def _surroundings(bits: int) -> Iterator[tuple[Case, int]]:
    """Arrays of 1 and -1, short and longer than a vector register, each with the place of a non-finite value."""
    for size, place in ((3, 1), (67, 0), (67, 31), (67, 66)):
        yield Case(bits, 1.0, np.resize(np.array([1.0, -1.0], float32), size)), place


def _with(plain: Case, place: int, x: float) -> Case:
    """The call with ``x`` in the place of one value."""
    values = plain.x.copy()
    values[place] = x
    made = f"np.where(np.arange({values.size}) == {place}, {literal(values[place])}, {shown(plain.x)})"
    return plain.with_x(values, made if values.size > SHORT else "")


def _became(candidate: Candidate, x: float, plain: Case, place: int) -> str:
    """The fate of ``x`` among numbers: a word of testing.declaration, or the result in steps. Raises Violation where the
    numbers do not stay as they are."""
    before = candidate.codes(plain)  # raises what is wrong without x
    case = _with(plain, place, x)
    try:
        codes = candidate.codes(case)
    except Violation as found:
        if found.raised:
            return "error"
        raise
    kept = (codes == before) | (np.arange(codes.size) == place)
    if (i := first_false(kept)) is not None:
        told = f"{x!r} at {place} changes its neighbour {case.x[i]:g} at {i} from {before[i]:g} to {codes[i]:g}"
        raise Violation(told, case, i)
    got, (lo, hi) = float(codes[place]), candidate.declared.box(case.bits)
    if np.isnan(got):
        return "nan"
    if np.isinf(got):
        return "infinity" if got == x else "the other infinity"
    if np.isinf(x) and got == (hi if x > 0 else lo):
        return "edge"
    return {0.0: "zero", float(lo): "lowest", float(hi): "highest"}.get(got, f"{got:g} steps")


def _non_finite(candidate: Candidate, level: Level, alpha: float) -> Finding:
    told = []
    for kind, values in (("nan", (np.nan,)), ("infinity", (np.inf, -np.inf))):
        declared = getattr(candidate.declared, kind)
        allowed = USUAL[kind] if declared is None else (declared,)
        by = "unless declared otherwise" if declared is None else "declared"
        for bits, x in product(widths(candidate, level), values):
            for plain, place in _surroundings(bits):
                became = _became(candidate, x, plain, place)
                if became not in allowed:
                    demanded = f"{' or '.join(allowed)}, {by}"
                    raise Violation(f"{x!r} becomes {became}; demanded: {demanded}", _with(plain, place, x), place)
        told.append(f"{kind}: {became}")
    return Finding(", ".join(told))


PROPERTIES = (
    Property("saturates", "beyond the range Q(x) is the edge, never a wrap", "Q5, Q6", hunted(_saturated)),
    Property(
        "clip-commutes",
        "Q(x) = Q(clip(x)) at the same u or seed (power-of-two steps)",
        "Q5",
        hunted_pairs(_commuted, exact_only=True),
        needs=("repeatable",),
    ),
    Property("non-finite", "NaN and infinity end as declared; neighbours are untouched", "declared", _non_finite),
)
