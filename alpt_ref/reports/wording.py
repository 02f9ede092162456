"""Verdicts in words and numbers, for text and for the page alike."""

from collections.abc import Sequence

from alpt_ref.theory.claim import HOLDS, NOT_APPLICABLE, UNDECIDED, VIOLATED, Row
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
