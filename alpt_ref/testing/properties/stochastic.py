"""Stochastic rounding as a rule on u, checked exactly (Q2, Q3).

Two questions: which values come out, and how many uniforms of a lattice lead up.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Violation, demand, literal
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.search import hunted
from alpt_ref.testing.targets import Target, division, two_step_sizes, widths

SMALL = tuple(2.0**-e for e in (20, 16, 12, 8, 5))
FRACTIONS = (*SMALL, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, *(1.0 - a for a in reversed(SMALL)))
RARE = 2.0**-12


def _between(candidate: Candidate, case: Case) -> None:
    codes, target = candidate.grid_codes(case), Target.of(candidate, case)
    lowest, highest = np.floor(target.s - target.slack), np.ceil(target.s + target.slack)
    ok = (codes == np.rint(codes)) & (codes >= lowest) & (codes <= highest)
    demand(ok, case, codes, "a code in [{}, {}], its neighbours", lowest, highest)


def cells(candidate: Candidate, bits: int, delta: float) -> Iterator[tuple[float32, float, float]]:
    """Triples (x, floor(x/delta), a) with a = frac(x/delta) at each of FRACTIONS that float32 holds there. They lie near both
    ends of the range, on both sides of 0 and in the middle of each side; a is float64, exact for a power-of-two delta."""
    lo, hi = candidate.declared.box(bits)
    for q in sorted({lo, (lo // 2) | 1, -1, 0, min((hi // 2) | 1, hi - 1), hi - 1}):
        seen = set()
        for fraction in FRACTIONS:
            x = float32((q + fraction) * delta)
            s = float(x) / delta
            a = s - math.floor(s)
            if math.floor(s) == q and 0.0 < a < 1.0 and float(x) not in seen and abs(a / fraction - 1.0) < 0.25:
                seen.add(float(x))
                yield x, float(q), a


def _enumerated(candidate: Candidate, level: Level, alpha: float) -> Finding:
    if not candidate.takes_uniforms:
        raise NotApplicable("the adapter has no quantize_with_uniforms")
    n, worst, tried = 2**level.lattice, 0.0, 0
    u = (np.arange(n) / n).astype(float32)
    for bits in widths(candidate, level):
        for delta in two_step_sizes(candidate):
            for x, below, a in cells(candidate, bits, delta):
                case = Case(bits, delta, np.full(n, x, float32), u)
                q = candidate.grid_codes(case)
                up, off = int((q == below + 1).sum()), int(((q != below) & (q != below + 1)).sum())
                slack = n * candidate.declared.bias + (0.0 if case.exact else n * division(below + a, delta) + 1.0)
                worst, tried = max(worst, abs(up / n - a)) if case.exact else worst, tried + 1
                if off or not math.floor(n * a) - slack <= up <= math.ceil(n * a) + slack:
                    recipe = f"(quantize_with_uniforms(np.full({n}, {literal(x)}, np.float32), {delta!r}, {bits}, "
                    recipe += f"np.arange({n}, dtype=np.float32) / {n}) > {(below + 0.5) * delta!r}).sum()"
                    told = f"x = {literal(x)} is {below:g} + {a:.9g} steps and goes up for {up} of {n} uniforms u = j/{n}: "
                    told += f"bias {up / n - a:+.3g} steps" + (f", and {off} times elsewhere" if off else "")
                    raise Violation(f"{told}; demanded: {_demanded(n * a, slack)}", case, 0, recipe)
    return Finding(f"{tried} fractions x 2^{level.lattice} uniforms; bias at most {worst:.3g} steps")


def _demanded(ups: float, slack: float) -> str:
    low, high = math.floor(ups) - math.floor(slack), math.ceil(ups) + math.floor(slack)
    return f"{low}" if low == high else f"{max(low, 0)} to {high}"


PROPERTIES = (
    Property("two-neighbours", "Q(x) is one of the two grid points around clip(x)", "Q2, Q3", hunted(_between), "stochastic"),
    Property(
        "unbiased-enumerated", "a part frac(s) of all u = j/2^k leads up: E Q(x) = clip(x)", "Q2", _enumerated, "stochastic"
    ),
)
