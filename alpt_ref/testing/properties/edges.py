"""Beyond the range, and beyond numbers: saturation, clipping (Q5, Q6), NaN and infinities."""

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, Violation, demand
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.search import hunt, hunt_coupled
from alpt_ref.testing.targets import Target, comparable, widths

USUAL = {"nan": ("error", "nan"), "infinity": ("error", "edge")}


def _saturated(candidate: Candidate, case: Case) -> None:
    codes, target = candidate.codes(case), Target.of(candidate, case)
    lo, hi = candidate.declared.q_lo(case.bits), candidate.declared.q_hi(case.bits)
    s = case.x.astype(float) / case.delta
    above, under = s >= hi + target.slack, s <= lo - target.slack
    q = codes if case.exact else np.rint(codes)
    ok = (~above | (q == hi)) & (~under | (q == lo))
    demand(ok, case, codes, "{}, the edge", np.where(above, hi, lo))


def _saturates(candidate: Candidate, level: Level, alpha: float) -> Finding:
    return Finding(hunt(_saturated, candidate, level))


def _commuted(candidate: Candidate, case: Case) -> None:
    if not comparable(candidate, case):
        return
    lo, hi = candidate.declared.q_lo(case.bits) * case.delta, candidate.declared.q_hi(case.bits) * case.delta
    clipped = np.clip(case.x, float32(lo), float32(hi))
    codes, after = candidate.codes(case), candidate.codes(case._replace(x=clipped))
    demand(codes == after, case, codes, "{}, as for clip(x) = {}", after, clipped)


def _clip_commutes(candidate: Candidate, level: Level, alpha: float) -> Finding:
    return Finding(hunt_coupled(_commuted, candidate, level, exact_only=True))


def _became(candidate: Candidate, x: float, bits: int) -> str:
    """What becomes of ``x`` between two numbers: a word of testing.declaration, or what it is. The two must be untouched."""
    case = Case(bits, 1.0, np.array([1.0, x, -1.0], float32))
    try:
        codes: NDArray[np.float64] = candidate.codes(case)
    except Violation:
        return "error"
    if codes[0] != 1.0 or codes[2] != -1.0:
        raise Violation(f"{x!r} changes its neighbours 1 and -1 into {codes[0]:g} and {codes[2]:g}", case, 1)
    got, lo, hi = float(codes[1]), candidate.declared.q_lo(bits), candidate.declared.q_hi(bits)
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
        for bits in widths(candidate, level):
            for x in values:
                became = _became(candidate, x, bits)
                if became not in allowed:
                    case = Case(bits, 1.0, np.array([1.0, x, -1.0], float32))
                    by = "unless declared otherwise" if declared is None else "declared"
                    raise Violation(f"{x!r} becomes {became}; demanded: {' or '.join(allowed)}, {by}", case, 1)
        told.append(f"{kind}: {became}")
    return Finding(", ".join(told))


PROPERTIES = (
    Property("saturates", "beyond the range Q(x) is the edge, never a wrap", "Q5, Q6", _saturates),
    Property(
        "clip-commutes",
        "Q(x) = Q(clip(x)) at the same u or seed (power-of-two steps)",
        "Q5",
        _clip_commutes,
        needs=("repeatable",),
    ),
    Property("non-finite", "NaN and infinity end as declared; neighbours are untouched", "declared", _non_finite),
)
