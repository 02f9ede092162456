"""Stochastic rounding as a rule on u, checked exactly (Q2, Q3).

Two questions: which values come out, and how many uniforms of a lattice lead up.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import chain, product

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Violation, demand, neighbours
from alpt_ref.testing.level import Level
from alpt_ref.testing.literals import literal
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.rulers import Ruler
from alpt_ref.testing.search import hunted
from alpt_ref.testing.targets import Target, few, widths, with_two_steps

SMALL = tuple(2.0**-e for e in (20, 16, 12, 8, 5))
FRACTIONS = (*SMALL, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, *(1.0 - a for a in reversed(SMALL)))
RARE = 2.0**-12
FEW = (0.0625, 0.5, 0.8125)


def between(candidate: Candidate, case: Case) -> None:
    """Demand one of the two neighbours."""
    codes, target = candidate.grid_ordinals(case), Target.of(case)
    lowest, highest = np.floor(target.s - target.slack), np.ceil(target.s + target.slack)
    ok = (codes == np.rint(codes)) & (codes >= lowest) & (codes <= highest)
    demand(ok, case, codes, neighbours, lowest, highest)


def cells(ruler: Ruler) -> Iterator[tuple[float32, float, float]]:
    """Triples (x, below, a), below + a the position of x, with a at each of FRACTIONS that float32 holds there, in each of the
    ruler's cells; a is float64, exact where the ruler is."""
    return _within(ruler, ruler.cells, FRACTIONS)


def binades(ruler: Ruler, level: Level) -> Iterator[tuple[float32, float, float]]:
    """Such triples in every binade of a format of both signs, at a few fractions; in some binades where the level is low."""
    return _within(ruler, ruler.binades[:: level.stride if few(ruler, level) else 1], FEW)


def _within(ruler: Ruler, ordinals: Iterable[int], fractions: Iterable[float]) -> Iterator[tuple[float32, float, float]]:
    seen: dict[int, set[float32]] = {}
    for q, fraction in product(ordinals, fractions):
        x = float32(ruler.value(q + fraction))
        if np.isinf(x):
            continue
        s = float(ruler.locate(x))
        a = s - math.floor(s)
        if math.floor(s) == q and 0.0 < a < 1.0 and abs(a / fraction - 1.0) < 0.25 and x not in seen.setdefault(q, set()):
            seen[q].add(x)
            yield x, float(q), a


def _enumerated(candidate: Candidate, level: Level, alpha: float) -> Finding:
    if not candidate.takes_uniforms:
        raise NotApplicable("the adapter has no quantize_with_uniforms")
    n, worst, tried = 2**level.lattice, 0.0, 0
    u = (np.arange(n) / n).astype(float32)
    for ruler in with_two_steps(candidate, widths(candidate, level)):
        for x, below, a in chain(cells(ruler), binades(ruler, level)):
            case = Case(ruler, np.full(n, x, float32), u)
            q = candidate.grid_ordinals(case)
            up, off = int((q == below + 1).sum()), int(((q != below) & (q != below + 1)).sum())
            slack = n * candidate.declared.bias + (0.0 if ruler.exact else n * ruler.slack(below + a) + 1.0)
            worst, tried = max(worst, abs(up / n - a)) if ruler.exact else worst, tried + 1
            if off or not math.floor(n * a) - slack <= up <= math.ceil(n * a) + slack:
                uniforms = f"np.arange({n}, dtype=np.float32) / {n}"
                call = ruler.call(f"np.full({n}, {literal(x)}, np.float32)", u=uniforms, shape=(n,))
                told = f"x = {literal(x)} is {ruler.where(below, a)} and goes up for {up} of {n} uniforms u = j/{n}: "
                told += f"bias {up / n - a:+.3g} {ruler.unit}" + (f", and {off} times elsewhere" if off else "")
                recipe = f"({ruler.above(call, below)}).sum()"
                raise Violation(f"{told}; demanded: {_demanded(n * a, slack)}", case, 0, recipe)
    return Finding(f"{tried} fractions x 2^{level.lattice} uniforms; bias at most {worst:.3g} {candidate.declared.plain.unit}")


def _demanded(ups: float, slack: float) -> str:
    low, high = math.floor(ups) - math.floor(slack), math.ceil(ups) + math.floor(slack)
    return f"{low}" if low == high else f"{max(low, 0)} to {high}"


PROPERTIES = (
    Property("two-neighbours", "Q(x) is one of the two grid points around clip(x)", "Q2, Q3", hunted(between), "stochastic"),
    Property(
        "unbiased-enumerated", "a part frac(s) of all u = j/2^k leads up: E Q(x) = clip(x)", "Q2", _enumerated, "stochastic"
    ),
)
