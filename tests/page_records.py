"""A small record of verdicts, of every kind of row, for tests of pages."""

from typing import Any

from alpt_ref.theory.claim import FALSE_ALARM, HOLDS, NOT_APPLICABLE, UNDECIDED, VIOLATED, WEAKLY, Check, Row

SAYS = "SR, convex: E R(T)/T <= D1^2/(2 eta T) + eta G^2/2 + Delta G1/2"


def row(name: str, instance: str, verdict: str = HOLDS, **more: Any) -> dict[str, Any]:
    """A row of a statement that holds at half of its bound, but for what is given."""
    given: dict[str, Any] = {"kind": "upper", "method": "exact", "params": {"steps": 10}, "bound": 1.0, "measured": 0.5}
    given |= {"half": 0.0, "confidence": 1.0, "ratio": 0.5, "expected": HOLDS, "checks": (Check("w* in S", 0.0, "<=", 0.0),)}
    return Row(name, SAYS, instance=instance, verdict=verdict, **given | more).record()


def verdicts_record() -> dict[str, Any]:
    """The record of a run of parts of T1, L6, L12 and Q6, with every verdict."""
    failed = (Check("w* in S", 1.0, "<=", 0.0), Check("eta > 0", 0.1, ">", 0.0))
    rows = [
        row("T1", "|w - c|, eta/sqrt(t)", note="transient 0.2, noise 0.3"),
        row("T1", "gaussian 60 x 5", WEAKLY, method="monte-carlo", half=0.2, confidence=0.999999),
        row("T1", "control, nearest", VIOLATED, measured=3.0, ratio=3.0, expected=VIOLATED),
        row("L6(b<)", "k = 4, p = 0.003", kind="lower", measured=1.5, ratio=1.5),
        row("L6(b>)", "k = 4, p = 0.003", UNDECIDED, method="trajectory", half=0.6),
        row("L12(ref)", "c half way", kind="law", bound=0.25, measured=0.25, ratio=1.0),
        row("Q6", "w* out of the box", NOT_APPLICABLE, bound=None, ratio=None, checks=failed, expected=NOT_APPLICABLE),
        row("Q6", "an adversary", kind="upper", bound=0.0, measured=0.0, ratio=None),
    ]
    return {
        "version": "0",
        "full": False,
        "rule": None,
        "answers": None,
        "claims": ["T1", "L6(b<)", "L6(b>)", "L12(ref)", "Q6"],
        "own": [],
        "data": [],
        "false_alarm": FALSE_ALARM,
        "rows": rows,
        "directions": None,
        "floors": None,
        "ctr": None,
    }
