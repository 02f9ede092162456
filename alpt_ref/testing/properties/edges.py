"""The properties beyond the range and beyond numbers: saturation, clipping (Q5, Q6), NaN and infinities."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy import float32, float64

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, Violation, demand, first_false
from alpt_ref.testing.level import Level
from alpt_ref.testing.literals import SHORT, literal, shown
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.rulers import Ruler
from alpt_ref.testing.search import hunted, hunted_pairs
from alpt_ref.testing.targets import Target, explained, widths

NANS, INFINITIES = (float32(np.nan),), (float32(np.inf), float32(-np.inf))
UNUSUAL = (0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF)  # with low bits alone, and with all: the next code is -0, or 0
BIT_PATTERNS = tuple(np.array(UNUSUAL, np.uint32).view(float32))
USUAL = {"nan": ("error", "nan"), "infinity": ("error", "edge")}


def _saturated(candidate: Candidate, case: Case) -> None:
    codes, target = candidate.grid_ordinals(case), Target.of(case)
    lo, hi = case.ruler.box
    s = case.ruler.locate(case.x)
    above, under = s >= hi + target.slack, s <= lo - target.slack
    edge = np.where(above, hi, lo).astype(float)
    ok = ~(above | under) | (codes == edge) | explained(candidate, case, codes, edge)
    demand(ok, case, codes, _edge, edge)


def _edge(ruler: Ruler, k: float64) -> str:
    """The words for the ordinal of the edge, or of what rounding overflows to."""
    return f"{ruler.text(k)}, {'the edge' if np.isfinite(ruler.point(k)) else 'as it overflows'}"


def _commuted(candidate: Candidate, case: Case) -> None:
    lo, hi = case.ruler.value(case.ruler.box).astype(float32)
    clipped = np.clip(case.x, lo, hi)
    codes, after = candidate.ordinals(case), candidate.ordinals(case.with_x(clipped))
    demand(codes == after, case, codes, "{}, as for clip(x) = {}", after, clipped)


def _surroundings(ruler: Ruler) -> Iterator[tuple[Case, int]]:
    """Arrays of two points, 1 and -1 where these are some, short and longer than a vector register, each with the place of a
    non-finite value."""
    for size, place in ((3, 1), (67, 0), (67, 31), (67, 66)):
        yield Case(ruler, np.resize(ruler.value(ruler.two_points).astype(float32), size)), place


def _with(plain: Case, place: int, x: float32) -> Case:
    """The call with ``x`` in the place of one value."""
    values = plain.x.copy()
    values[place] = x
    usual = not np.isnan(x) or x.tobytes() == float32(np.nan).tobytes()
    told = literal(x) if usual else f"np.uint32({x.view(np.uint32):#x}).view(np.float32)"
    made = f"np.where(np.arange({values.size}) == {place}, {told}, {shown(plain.x)})"
    return plain.with_x(values, made if values.size > SHORT or not usual else "")


def _became(candidate: Candidate, x: float32, plain: Case, place: int, allowed: tuple[str, ...]) -> str:
    """The fate of ``x`` among numbers: a word of testing.declaration, one that is ``allowed`` if several fit, or the result.
    Raises Violation where the numbers do not stay as they are."""
    before = candidate.values(plain)  # raises what is wrong without x
    case = _with(plain, place, x)
    try:
        codes = candidate.values(case)
    except Violation as found:
        if found.raised:
            return "error"
        raise
    kept = (codes == before) | case.ruler.together(codes.size, place)
    if (i := first_false(kept)) is not None:
        told = f"{x} at {place} changes its neighbour {case.x[i]:g} at {i} from {before[i]:g} to {codes[i]:g}"
        raise Violation(told, case, i)
    got, (lo, hi) = float(codes[place]), case.ruler.ends
    if np.isnan(got):
        return "nan"
    if np.isinf(got):
        return "infinity" if got == x or np.isnan(x) else "the other infinity"
    edge = np.isinf(x) and got == (hi if x > 0 else lo)
    fits = {"edge": edge, "zero": got == 0.0, "lowest": got == lo, "highest": got == hi}  # 0 is the lowest of unsigned grids
    words = [word for word, fit in fits.items() if fit] or [f"{got:g}{case.ruler.in_steps.removeprefix(' in')}"]
    return next((word for word in words if word in allowed), words[0])


def _non_finite(candidate: Candidate, level: Level, alpha: float) -> Finding:
    told, rulers = [], candidate.declared.rulers(widths(candidate, level), (1.0,))
    usual = USUAL | candidate.declared.usual
    nans = NANS if candidate.declared.format is None else (*NANS, *BIT_PATTERNS)
    for kind, values in (("nan", nans), ("infinity", INFINITIES)):
        declared = getattr(candidate.declared, kind)
        allowed = usual[kind] if declared is None else (declared,)
        by = "unless declared otherwise" if declared is None else "declared"
        for ruler, x in product(rulers, values):
            for plain, place in _surroundings(ruler):
                became = _became(candidate, x, plain, place, allowed)
                if became not in allowed:
                    demanded = f"{' or '.join(allowed)}, {by}"
                    raise Violation(f"{_told(x)} becomes {became}; demanded: {demanded}", _with(plain, place, x), place)
        told.append(f"{kind}: {became}")
    return Finding(", ".join(told))


def _told(x: float32) -> str:
    """A NaN whose bits are not the usual ones with these bits."""
    return f"nan ({x.view(np.uint32):#x})" if np.isnan(x) and x.view(np.uint32) in UNUSUAL else str(x)


def _zeros(candidate: Candidate, case: Case) -> None:
    """Demand the sign of x of what becomes zero, or none where the format has one zero, and that nothing near zero becomes NaN,
    which may have the code of -0."""
    values = candidate.values(case)
    sign = np.signbit(case.x) & candidate.declared.signed_zeros
    signed = (np.signbit(values) == sign) | (candidate.declared.zeros == "any")
    near = np.abs(case.ruler.locate(case.x)) <= 1.0
    ok = ~near | np.where(values == 0, signed, ~np.isnan(values))
    if (i := first_false(ok)) is not None:
        x, got = case.x.flat[i], float32(values.flat[i])
        wanted = "a number" if np.isnan(got) else "-0.0" if sign.flat[i] else "0.0"
        raise Violation(f"x = {literal(x)} gives {literal(got)}; demanded: {wanted}", case, i)


PROPERTIES = (
    Property("saturates", "beyond the range Q(x) is the edge, never a wrap", "Q5, Q6", hunted(_saturated)),
    Property(
        "clip-commutes",
        "Q(x) = Q(clip(x)) at the same u or seed (power-of-two steps)",
        "Q5",
        hunted_pairs(_commuted, exact_only=True),
        needs=("repeatable",),
    ),
    Property("signed-zero", "zero has the sign of x, where there is a -0", "IEEE 754", hunted(_zeros), grids="formats"),
    Property("non-finite", "NaN and infinity end as declared; neighbours are untouched", "declared", _non_finite),
)
