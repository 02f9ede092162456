"""The way to a verdict.

    holds            upper: measured + half <= bound           lower: measured - half >= bound
                     exact, law: |measured - bound| + half <= tolerance
    holds, weakly    upper, lower: it holds, but half is more than a tenth of |bound|: the row has little power
    violated         upper: measured - half > bound            lower: measured + half < bound
                     exact, law: |measured - bound| - half > tolerance
    undecided        neither
    not applicable   an assumption failed its check: never "holds"

A failed assumption on the *problem* makes every outcome not applicable. Where only the *rounding rule* fails (a rule of yours
that is biased, say, in a statement on unbiased ones), the inequality is still put to the test: it is violated where the
measured value says so, and not applicable otherwise.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from alpt_ref.theory.claim import (
    FALSE_ALARM,
    HOLDS,
    NOT_APPLICABLE,
    UNDECIDED,
    VIOLATED,
    WEAKLY,
    Check,
    Claim,
    Draw,
    Family,
    Instance,
    Measured,
    Row,
)
from alpt_ref.walks.asked import Asked, enumerated
from alpt_ref.walks.rule import Rule

POWER = 0.1  # of the bound: an interval of a larger half width shows little
UNBIASED = 2.0**-51  # a probability computed in float64 is off by that much
SHARE = 2.0**-10  # and by no more of itself, where a verdict rests on it


def judge(kind: str, measured: float, half: float, bound: float, tolerance: float = 0.0) -> str:
    """One of the first four verdicts of the table above; undecided where a number is not finite, or ``half`` negative."""
    if not math.isfinite(measured + half + bound) or half < 0.0:
        return UNDECIDED
    if kind in ("exact", "law"):
        measured, bound = abs(measured - bound), tolerance
    elif kind == "lower":
        measured, bound = -measured, -bound
    if measured + half <= bound:
        return WEAKLY if kind in ("upper", "lower") and half > POWER * abs(bound) else HOLDS
    return VIOLATED if measured - half > bound else UNDECIDED


def verify(
    claim: Claim,
    instance: Instance,
    alpha: float = FALSE_ALARM,
    threads: int = 1,
    rule: Rule | None = None,
    device: str = "cpu",
) -> Row:
    """Check, measure, judge. ``alpha`` is the level of this row's interval, where it has one. ``rule`` : stands in the place of
    the claim's own; where no check of the row is about it, its enumeration is.
    """
    params = instance.params
    if not is_dataclass(params) or isinstance(params, type):
        raise ValueError(f"params must be a dataclass, got {type(params).__name__}")
    checks = () if isinstance(params, Family) else tuple(claim.checks(params))
    sound = all(check.holds for check in checks)
    measured = instance.measure(Draw(alpha, _bound(claim, params) if sound else None, threads, claim, device))
    if not isinstance(measured, Measured):
        raise ValueError(f"measure must return a Measured, got {type(measured).__name__}")
    params = params if measured.params is None else measured.params
    bound = _bound(claim, params) if sound else None
    checks += measured.checks
    if rule is not None and not any(check.about == "rule" for check in checks):
        checks += (SAID_OF[claim.rule](enumerated(rule)),) if claim.rule in SAID_OF else ()
    failed = [check for check in checks if not check.holds]
    verdict = NOT_APPLICABLE
    if bound is not None:
        tolerance = 0.0 if isinstance(params, Family) else claim.tolerance(params)
        verdict = judge(claim.kind, measured.value, measured.half, bound, tolerance)
        if any(check.about != "rule" for check in failed) or (failed and verdict != VIOLATED):
            verdict = NOT_APPLICABLE
    shown = asdict(params)
    return Row(
        claim.id,
        claim.statement,
        claim.kind,
        instance.name,
        instance.method,
        shown,
        bound,
        float(measured.value),
        float(measured.half),
        1.0 if instance.method != "monte-carlo" else 1.0 - alpha,
        measured.value / bound if bound else None,
        verdict,
        instance.expected,
        checks,
        measured.note,
    )


def _bound(claim: Claim, params: Any) -> float:
    return 1.0 if isinstance(params, Family) else float(claim.bound(params))


def worst_of(kind: str, members: Callable[[int, int], Sequence[Instance]], family: Family) -> Instance:
    """One row for many exact instances with positive bounds: measured / bound of the worst, by its verdict and then its ratio.

    They are judged by the claim that the row is judged by. kind : what the instances are, in the plural. members : (count,
    seed) -> the instances. A member that is not applicable is counted and left out.
    """
    name = f"worst of {family.count} {kind}"

    def measure(draw: Draw) -> Measured:
        claim = draw.claim
        assert claim is not None
        rows = [verify(claim, member, draw.alpha) for member in members(family.count, family.seed)]
        fair = [row for row in rows if row.verdict != NOT_APPLICABLE]
        if not fair:
            return Measured(math.nan, 0.0, rows[0].checks, f"no instance is applicable, as {rows[0].instance}")
        if any(row.method == "monte-carlo" for row in fair):
            raise ValueError(f"{name}: a family needs exact members")
        sign = -1.0 if claim.kind == "lower" else 1.0
        order = (HOLDS, WEAKLY, UNDECIDED, VIOLATED)

        def rank(row: Row) -> tuple[int, float]:
            return order.index(row.verdict), sign * (row.ratio or 0.0) if math.isfinite(row.measured) else math.inf

        worst = max(fair, key=rank)
        left_out = len(rows) - len(fair)
        shown = ", ".join(f"{key} {value:.4g}" for key, value in worst.params.items() if isinstance(value, int | float))
        note = f"worst: {worst.instance} ({shown})" + (f"; {left_out} not applicable" if left_out else "")
        if not worst.bound or worst.bound < 0.0:  # no ratio says anything: one on the same side of 1
            off = {VIOLATED: 2.0**sign, UNDECIDED: 1.0}.get(worst.verdict, 2.0**-sign)
            return Measured(off, float(worst.verdict == UNDECIDED), (), f"{note}; its bound is {worst.bound:g}")
        return Measured(worst.measured / worst.bound, worst.half / worst.bound, (), note)

    return Instance(name, family, measure)


def unbiased(asked: Asked) -> Check:
    """The check that statements on stochastic rounding make of the rule, over what was asked: |p_up - a| <= 2^-51, and at most
    2^-10 of a and of 1 - a; 0 on points of the grid.
    """
    said = f"rule is unbiased: largest |p_up - a| of {asked.pairs} pairs"
    if asked.still > 0.0:
        return Check(f"{said}; chance to leave a grid point", asked.still, "<=", 0.0, "rule")
    if asked.bias <= UNBIASED and asked.relative > SHARE:
        return Check(f"{said}, over a or 1 - a", asked.relative, "<=", SHARE, "rule")
    return Check(said, asked.bias, "<=", UNBIASED, "rule")


def rounds_to_nearest(asked: Asked) -> Check:
    """The check that statements on nearest rounding make of the rule, over what was asked."""
    return Check(f"rule rounds to nearest: largest chance not to, of {asked.pairs} pairs", asked.far, "<=", 0.0, "rule")


SAID_OF = {"unbiased": unbiased, "nearest": rounds_to_nearest}
