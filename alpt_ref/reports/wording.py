"""Verdicts in words and numbers, for text and for the page alike."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from alpt_ref.theory.claim import HOLDS, NOT_APPLICABLE, UNDECIDED, VIOLATED, Row
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import number

SYMBOL = {"upper": "<=", "lower": ">=", "exact": "=", "law": "~"}
METHODS = {"exact": "exact law", "monte-carlo": "replicas", "trajectory": "one path"}
COUNTED = {
    HOLDS: ("holds", "hold"),
    VIOLATED: ("is violated", "are violated"),
    UNDECIDED: ("is undecided", "are undecided"),
    NOT_APPLICABLE: ("is not applicable", "are not applicable"),
}
CONTROLS = ("is a control or a refuted variant, which has to fail", "are controls or refuted variants, which have to fail")


def many(number: int, what: str) -> str:
    """So many of what has a plain plural."""
    return f"{number} {what}{'s' if number != 1 else ''}"


def ratio_text(row: Row) -> str:
    """Measured over bound; a dash where there is none."""
    if row.ratio is None:
        return "-"
    return f"{row.ratio:.3f}" if 1e-3 <= abs(row.ratio) < 1e3 else number(row.ratio)


def value_text(row: Row) -> str:
    """The measured value, with its interval where it is sampled."""
    return number(row.measured, 4) + (f"±{number(row.half, 1)}" if row.method == "monte-carlo" else "")


def caught(rows: Sequence[Row]) -> str:
    """The least of 5, 20 and 50 % by which the bound of these rows is tightened for one of them to be violated; "-" where it
    takes more, and empty where there is no bound to tighten.
    """
    if rows[0].kind not in ("upper", "lower"):
        return ""
    fair = [row for row in rows if row.outcome == HOLDS and row.bound and row.bound > 0.0]
    sign = 1.0 if rows[0].kind == "upper" else -1.0
    for part in (0.05, 0.2, 0.5):
        if any(sign * (row.measured - (1.0 - sign * part) * (row.bound or 0.0)) > row.half for row in fair):
            return f"{part:.0%}"
    return "-"


def by_claim(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each claim, in order."""
    return [list(group) for _, group in groupby(rows, key=lambda row: row.id)]


@dataclass(frozen=True)
class Tally:
    """The rows of one claim in numbers. counts : by outcome. controls : that are expected not to hold. tightest : measured over
    bound of the row nearest to its bound, of those that hold, "" where there is none. unexpected : verdicts."""

    counts: Counter[str]
    controls: int
    tightest: str
    unexpected: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The numbers of ``rows``."""
        bounded = rows[0].kind in ("upper", "lower")
        ratios = [row.ratio for row in rows if bounded and row.ratio is not None and row.verdict == HOLDS]
        return cls(
            Counter(row.outcome for row in rows),
            sum(row.expected != HOLDS for row in rows),
            f"{min(ratios, key=lambda r: abs(r - 1.0)):.3f}" if ratios else "",
            sum(row.surprising for row in rows),
        )


def faster(directions: Sequence[Record], rounding: str) -> int:
    """The number of settings in which "SR" or "DR" is the faster one, or alone arrives."""
    return sum(record["C1"] in (rounding, f"only {rounding}") for record in directions)


def smaller(directions: Sequence[Record], rounding: str) -> int:
    """The number of settings in which "SR" or "DR" has the smaller error."""
    return sum(record["C2"] == rounding for record in directions)
