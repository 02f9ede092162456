"""The record of ``alpt-ref verify``, verdicts.json."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from alpt_ref.reports.schemas.clicks import ClickModels

Verdict = Literal["holds", "holds, weakly", "violated", "undecided", "not applicable"]


class Assumption(TypedDict):
    """An assumption as two numbers."""

    name: Annotated[str, "the assumption in words"]
    lhs: Annotated[float | None, "its left side"]
    relation: Annotated[Literal["<=", "<", ">=", ">", "=="], "how the two are to stand"]
    rhs: Annotated[float | None, "its right side"]
    about: Annotated[Literal["problem", "rule"], "what it speaks of"]
    holds: Annotated[bool, "whether it holds"]


class Row(TypedDict):
    """A verdict with everything that it rests on."""

    id: Annotated[str, "the claim, such as T1 or L5(a)"]
    statement: Annotated[str, "it in words"]
    kind: Annotated[Literal["upper", "lower", "exact", "law"], "upper or lower bound, exact (an equality) or law (closeness)"]
    instance: Annotated[str, "the problem"]
    method: Annotated[Literal["exact", "monte-carlo", "trajectory"], "how it was measured"]
    params: Annotated[dict[str, Any], "every parameter of the statement on the problem"]
    bound: Annotated[float | None, "the value that the statement names; null where there is none"]
    measured: Annotated[float | None, "the value found"]
    half: Annotated[float | None, "the true value lies within measured +- half, certainly or with the confidence of the row"]
    confidence: Annotated[float, "of the interval; 1 where it is certain"]
    ratio: Annotated[float | None, "measured / bound; null where the bound is 0 or there is none"]
    verdict: Annotated[Verdict, "what was found"]
    expected: Annotated[Verdict, "what was to be found: controls are violated on purpose"]
    checks: Annotated[list[Assumption], "the assumptions"]
    note: Annotated[str, "terms of the bound, the worst case, or the counterexample"]


class Direction(TypedDict):
    """C1 and C2 on one problem: which rounding is faster, and whose error is smaller."""

    problem: Annotated[str, "the problem"]
    statement: Annotated[str, "the statement that it illustrates"]
    s: Annotated[float, "the largest move in steps: eta G / delta"]
    eta: Annotated[float, "learning rate"]
    delta: Annotated[float, "step size of the grid"]
    bits: Annotated[int, "width of a code"]
    schedule: Annotated[str, "constant, or sqrt for eta / sqrt(t)"]
    T: Annotated[int, "number of steps"]
    fp_steps: Annotated[int | None, "steps that full precision needs to come near; null: never within the run"]
    DR_steps: Annotated[int | None, "steps that DR needs"]
    SR_steps: Annotated[int | None, "steps that SR needs"]
    fp_floor: Annotated[float, "mean gap of full precision in the last quarter"]
    DR_floor: Annotated[float, "that of DR"]
    SR_floor: Annotated[float, "that of SR"]
    C1: Annotated[str, "the rounding that needs fewer steps"]
    C2: Annotated[str, "the rounding with the smaller floor"]


class Floor(TypedDict):
    """Floors over the step size."""

    problem: Annotated[str, "the problem"]
    method: Annotated[str, "low-precision training under SR or DR, or float masters"]
    widths: Annotated[list[int], "widths of a code, in one and the same box"]
    deltas: Annotated[list[float], "their step sizes"]
    gaps: Annotated[list[float], "mean gap in the long run"]
    order: Annotated[float, "exponent of delta: the slope of log gap against log delta"]


class Verdicts(TypedDict):
    """The record that ``alpt-ref verify`` writes: verdicts on statements, and the question that they answer."""

    version: Annotated[str, "version of alpt_ref that wrote the file"]
    full: Annotated[bool, "whether more instances and tighter intervals were asked for (--full)"]
    rule: Annotated[str | None, "the rounding rule of --rule"]
    answers: Annotated[str | None, "a fingerprint of what that rule answers"]
    claims: Annotated[list[str], "the claims that were asked for"]
    own: Annotated[list[str], "those of them that are not this package's"]
    data: Annotated[list[str], "fingerprints of the files of --data"]
    complete: Annotated[bool, "false for a run that was ended before its time"]
    stopped: NotRequired[Annotated[str, "the error that ended such a run"]]
    asked: Annotated[int, "number of rows that were asked for"]
    false_alarm: Annotated[float, "chance at most that any interval of the table misses"]
    interval: Annotated[str, "how the intervals are made"]
    rows: Annotated[list[Row], "one record for each claim and instance"]
    directions: Annotated[list[Direction] | None, "C1 and C2 in both directions; null where all was not asked for"]
    floors: Annotated[list[Floor] | None, "floors over the step size; null likewise"]
    ctr: Annotated[ClickModels | None, "the click models; null likewise"]
    finding: Annotated[str, "the last sentence"]
    seed: Annotated[int, "of everything random"]
