"""The properties of nearest rounding (Q4): no point is nearer, ties go as declared, nothing is random."""

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, demand
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.search import hunted
from alpt_ref.testing.targets import Target


def nearest(candidate: Candidate, case: Case) -> None:
    """Demand the nearest point."""
    codes, target = candidate.ordinals(case), Target.of(case)
    # A stored value differs from q delta by half an ulp where delta is no power of two, as s from x / delta does.
    ok = np.abs(codes - target.s) <= 0.5 + 2.0 * target.slack
    demand(ok, case, codes, "{}, the nearest point", np.rint(target.s))


def break_tie(below: NDArray[float64], ties: str, zero: int = 0) -> NDArray[float64]:
    """The ordinals that below + 1/2 is rounded to under the rule ``ties`` (all but "any"). zero : the code of 0."""
    up = {
        "even": below % 2.0 == 1.0,
        "even code": (below + zero) % 2.0 == 1.0,
        "away": below >= 0.0,
        "zero": below < 0.0,
        "up": np.ones(below.shape, bool),
        "down": np.zeros(below.shape, bool),
    }[ties]
    codes: NDArray[float64] = below + up
    return codes


def _tie(candidate: Candidate, case: Case) -> None:
    codes, target = candidate.ordinals(case), Target.of(case)
    want = break_tie(target.below, candidate.declared.ties, case.ruler.zero)
    rule = candidate.declared.ties.replace("even", "to even", 1)
    demand((target.a != 0.5) | (codes == want), case, codes, f"{{}}, ties {rule}", want)


def _ties(candidate: Candidate, level: Level, alpha: float) -> Finding:
    if candidate.declared.ties == "any":
        raise NotApplicable('declared: ties = "any"')
    return hunted(_tie, exact_only=True)(candidate, level, alpha)


def _unmoved(candidate: Candidate, case: Case) -> None:
    codes, other = candidate.ordinals(case), candidate.ordinals(case._replace(seed=case.seed ^ 1))
    demand(codes == other, case, codes, f"{{}}, as with seed {case.seed ^ 1}", other)


PROPERTIES = (
    Property("nearest-point", "no point of the grid is nearer to clip(x) than Q(x)", "Q4", hunted(nearest), "nearest"),
    Property("ties", "midpoints go where the declared rule says (power-of-two steps)", "Q4", _ties, "nearest"),
    Property("seed-without-effect", "the seed changes nothing", "definition of R_D", hunted(_unmoved), "nearest"),
)
