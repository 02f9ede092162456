"""C2 to C4 of the paper's abstract as decisions on paired differences of test AUC, one family with Holm's correction.

C2  LPT: stochastic minus nearest rounding > 0, at every bit width
C3  ALPT minus LPT, both stochastic, > 0, at 2 and 4 bits
C4  ALPT, stochastic, at 8 bits minus full precision: equivalent within the margin

C3 and C4 are decided where the whole model is quantized, and where its factors alone are.
"""

from collections.abc import Mapping

from numpy import float64
from numpy.typing import NDArray

from alpt_ref.intervals import student
from alpt_ref.studies.comparison.decisions import beyond, equivalence, holm, two_sided
from alpt_ref.tools.files import Record, finite

Values = Mapping[tuple[str, int], NDArray[float64]]  # by (method, bits): test AUC by seed
HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"


def pairs(bits: tuple[int, ...]) -> list[tuple[str, tuple[str, int], tuple[str, int]]]:
    """(claim, this, minus that) of the family."""
    out = [("C2", ("lpt-sr", b), ("lpt-dr", b)) for b in bits]
    for alone in ("", "-f"):
        out += [("C3", (f"alpt-sr{alone}", b), (f"lpt-sr{alone}", b)) for b in bits if b in (2, 4)]
        out += [("C4", (f"alpt-sr{alone}", b), ("fp32", 0)) for b in bits if b == 8]
    return out


def decide(values: Values, bits: tuple[int, ...], margin: float, confidence: float) -> list[Record]:
    """A record for each member of the family whose two methods were run: mean difference, interval (of all at once),
    adjusted p-value, verdict."""
    family = [pair for pair in pairs(bits) if pair[1] in values and pair[2] in values]
    found = []
    for claim, this, that in family:
        d = values[this] - values[that]
        estimate = student(d, confidence, len(family))
        if claim == "C4":
            same, apart = equivalence(d, margin), beyond(d, margin)
            p, supports = min(same, apart), same <= apart
        else:
            p, supports = two_sided(d), float(d.mean()) > 0
        record = {"claim": claim, "this": list(this), "that": list(that), "mean": finite(estimate.mean)}
        found.append((record | {"half": finite(estimate.half)}, p, supports))
    records = []
    for (record, _, supports), adjusted in zip(found, holm([p for _, p, _ in found]), strict=True):
        verdict = (HOLDS if supports else FAILS) if adjusted <= 1.0 - confidence else UNDECIDED
        records.append(record | {"p": adjusted, "verdict": verdict})
    return records
