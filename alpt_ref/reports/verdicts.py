"""The verdicts as tables, grouped by statement, and as one sentence; with them C1 and C2 in both directions."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from alpt_ref.reports.convergence import ctr_sheets, ctr_wins
from alpt_ref.reports.page import Block, Section, table
from alpt_ref.reports.publish import Report
from alpt_ref.reports.verdict_page import Extra, sections
from alpt_ref.reports.verdict_sheet import MARK, VerdictSheet
from alpt_ref.reports.wording import (
    CONTROLS,
    COUNTED,
    SYMBOL,
    Tally,
    by_claim,
    caught,
    faster,
    many,
    ratio_text,
    smaller,
    value_text,
)
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.theory.claim import HOLDS, NOT_APPLICABLE, UNDECIDED, VIOLATED, WEAKLY, Row, Setting
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import Sheet, number
from alpt_ref.walks.rule import Rule

SHORT = {"exact": "exact", "monte-carlo": "MC", "trajectory": "path"}
COLUMNS = ("instance", "by", "measured", "", "bound", "ratio", "verdict")


def report(results: Record, seconds: float, rule: Rule | None = None) -> Report:
    """A run of ``seconds``: a summary and the claims, C1 and C2 in both directions, and the CTR panel, where there are any.

    rule : the user's that the record is of, for the page to draw.
    """
    rows = [Row.from_record(row) for row in results["rows"]]
    tables = list(sheets(rows))
    if results["directions"]:
        tables.append(directions_sheet(results["directions"]))
    if results.get("floors"):
        tables.append(floors_sheet(results["floors"]))
    if results["ctr"]:
        tables += ctr_sheets(results["ctr"], Settings().confidence)
    chance = f"{results['false_alarm']:g}"
    closing = f"{seconds:.0f} s. The intervals of all MC rows hold at once, but for a chance of {chance}."
    record = results | {"finding": finding(rows, results), "seed": Setting().seed}
    return Report(
        "verdicts", record, tables, "Verdicts", summary(rows), closing, lambda out: page_sections(rows, results, rule)
    )


def page_sections(rows: Sequence[Row], results: Record, rule: Rule | None = None) -> list[Section]:
    """The sections of the page; matplotlib is imported for its figures. Where a run was stopped nobody waits for drawings."""
    if not results.get("complete", True):
        return sections(rows, results)
    from alpt_ref.reports import drawings
    from alpt_ref.reports.curves import curves_of

    extra: list[Extra] = []
    if any(row.kind in ("upper", "lower") and row.verdict == HOLDS and (row.bound or 0) > 0 for row in rows):
        extra.append(("tightness", "How tight the bounds are", "", [drawings.tightness(results)]))
    if results["directions"]:
        extra.append(
            (
                "directions",
                "C1 and C2: who is faster, whose error is smaller",
                "Upper bounds prove no ordering, so SR and DR are computed side by side.",
                [table(directions_sheet(results["directions"]), math=True), drawings.phases()],
            )
        )
    if results.get("floors"):
        floors = results["floors"]
        shown: list[Block] = [drawings.floors(floors), table(floors_sheet(floors), math=True)]
        extra.append(("floors", "Floors over the step size", "", shown))
    if any(row.id.startswith(("L5", "L6")) for row in rows):
        extra.append(("calibration", "Calibration: predicted against true click rates", "", [drawings.calibration()]))
    if results["ctr"]:
        sheets = ctr_sheets(results["ctr"], Settings().confidence)
        extra.append(("ctr", "Click models, SR against DR", "", [table(sheet) for sheet in sheets]))
    return sections(rows, results, extra, partial(curves_of, rule=rule))


def line(row: Row) -> tuple[str, ...]:
    """A row of the table; one with an unexpected verdict is marked."""
    verdict = row.verdict + (MARK if row.surprising else "")
    return (row.instance, SHORT[row.method], value_text(row), SYMBOL[row.kind], number(row.bound, 4), ratio_text(row), verdict)


def sheets(rows: Sequence[Row]) -> Iterator[Sheet]:
    """A sheet for each claim; its note has the counterexamples of what is violated and why what is not applicable is not."""
    for part in by_claim(rows):
        title = f"{part[0].id} ({part[0].kind})  {part[0].statement}"
        yield VerdictSheet(title, COLUMNS, [line(row) for row in part], "\n".join(_notes(part)))


def _notes(rows: Sequence[Row]) -> list[str]:
    """Counterexamples of what is violated, and why what is not applicable is not; a reason of several rows is said once."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.verdict not in (VIOLATED, NOT_APPLICABLE) and not row.surprising:
            continue
        said = [row.note] if row.note and row.verdict == VIOLATED else []
        said += [f"{c.name}: {number(c.lhs, 3)} {c.relation} {number(c.rhs, 3)} fails" for c in row.checks if not c.holds]
        for reason in said:
            reasons.setdefault(reason, []).append(row.instance)
    return [f"{names[0] if len(names) == 1 else f'{len(names)} rows'}: {reason}" for reason, names in reasons.items()]


def summary(rows: Sequence[Row]) -> Sheet:
    """A line for each claim: how many rows, their verdicts, and the tightest ratio of those that hold."""
    lines = []
    for part in by_claim(rows):
        tally = Tally.of(part)
        shown = (HOLDS, VIOLATED, UNDECIDED, NOT_APPLICABLE)
        lines.append(
            {"claim": part[0].id, "kind": part[0].kind, "rows": str(len(part))}
            | {"n/a" if verdict == NOT_APPLICABLE else verdict: str(tally.counts[verdict] or "") for verdict in shown}
            | {"controls": str(tally.controls or ""), "tightest": tally.tightest}
            | {"caught at": caught(part)}
            | {"unexpected": str(tally.unexpected or "")}
        )
    note = (
        "controls: rows that are expected to be violated or not applicable. tightest: measured/bound, of the rows that hold. "
        "caught at: the least of 5, 20, 50 % by which an upper bound is shrunk (a lower one raised) for a row to be violated."
    )
    return Sheet.of("All claims", lines, note)


def finding(rows: Sequence[Row], record: Record) -> str:
    """One sentence: how many verdicts of which kind, whether any was unexpected, and the two directions of C1 and C2."""
    counts = Counter(row.outcome for row in rows)
    weakly = sum(row.verdict == WEAKLY for row in rows)
    surprises = [row for row in rows if row.surprising]
    said = ", ".join(f"{counts[v]} {words[counts[v] > 1]}" for v, words in COUNTED.items() if counts[v])
    if not record.get("complete", True):
        found = finding(rows, record | {"complete": True})
        return f"Unfinished, {len(rows)} of {record['asked']} rows: {found[:1].lower()}{found[1:]}"
    if record["rule"]:
        return f"The rule {record['rule']} {_survival(rows)}. Of {many(len(rows), 'row')} {said}."
    groups = len({row.id.split("(")[0] for row in rows})
    controls = sum(row.expected != HOLDS for row in rows)
    text = f"{many(len(rows), 'verdict')} on {many(groups, 'statement')}: {said}"
    if weakly:
        text += f" ({weakly} of those that hold do so weakly)"
    if surprises:
        first = surprises[0]
        text += f"; {len(surprises)} not as expected, the first {first.id}, {first.instance}: {first.verdict}"
    elif controls:
        text += f"; all as expected: {controls} {CONTROLS[controls > 1]}"
    if record["directions"]:
        text += f"; {directions_finding(record['directions'])}"
    if record["ctr"]:
        pairs = record["ctr"]["pairs"]
        sr_wins, dr_wins = ctr_wins(pairs)
        text += f"; of {len(pairs)} tuned CTR comparisons SR wins {sr_wins}, DR {dr_wins}"
    return text + "."


def _factor(row: Row) -> float:
    """The factor by which an inequality is broken, 0 where its ratio does not say."""
    if row.kind not in ("upper", "lower") or not row.ratio or row.ratio < 0.0:
        return 0.0
    return row.ratio if row.kind == "upper" else 1.0 / row.ratio


def _survival(rows: Sequence[Row]) -> str:
    """Say what became of a user's rule."""
    broken = [row for row in rows if row.verdict == VIOLATED]
    if broken:
        names = ", ".join(dict.fromkeys(row.id for row in broken))
        factors = [(_factor(row), row) for row in broken if _factor(row) > 0.0]
        if not factors:
            return f"breaks {names}"
        factor, worst = max(factors, key=lambda pair: pair[0])
        return f"breaks {names}, by a factor of {number(factor, 3)} in {worst.id} on {worst.instance}"
    failed = dict.fromkeys(check.name for row in rows for check in row.checks if not check.holds)
    if failed:
        return f"breaks no bound, but an assumption ({', '.join(failed)})"
    return "survives" if all(row.outcome == HOLDS for row in rows) else "is not decided"


def directions_sheet(records: Sequence[Record]) -> Sheet:
    """C1 and C2 in both directions, a line for each problem and size of update."""
    lines = [
        {"problem": r["problem"], "s": number(r["s"])}
        | {m: "-" if r[f"{m}_steps"] is None else str(r[f"{m}_steps"]) for m in ("fp", "DR", "SR")}
        | {f"{m} err.": number(r[f"{m}_floor"]) for m in ("fp", "DR", "SR")}
        | {"faster": r["C1"], "smaller": r["C2"], "see": r["statement"]}
        for r in records
    ]
    note = (
        "s = eta G/Delta: the (first) update in cells, G the largest E|g| in the box. fp, DR, SR: steps until E f(w_t) - f* is "
        "a tenth of its first value (-: not within the run). err.: its mean over the last quarter. Exact laws; full precision "
        "with random gradients: 400 replicas. alike: within 5 %. C1 says SR is faster, C2 that its error is smaller."
    )
    return Sheet.of("C1 and C2, both directions: who is faster, whose error is smaller", lines, note)


def floors_sheet(records: Sequence[Record]) -> Sheet:
    """Floors over Delta, a line for each problem and method."""
    halvings = range(len(records[0]["gaps"]))
    lines = [
        {"problem": r["problem"], "method": r["method"], "largest Delta": number(r["deltas"][0])}
        | {f"/{2**i}" if i else "gap": number(r["gaps"][i], 3) for i in halvings}
        | {"~ Delta^": f"{r['order']:.2f}"}
        for r in records
    ]
    note = (
        "E f(w) - f* in the long run, mean over four places of w* in a cell; Delta halves from column to column. SR: for every "
        "eta <= Delta/G_inf (L11). DR: the best eta of a grid, chosen knowing the answer. Float masters: the deployed weights "
        "(T7), a small eta, whose own floor is included. T1#, T7: first order in Delta against second."
    )
    return Sheet.of("Floors under gradient noise: low-precision training against float masters", lines, note)


def directions_finding(records: Sequence[Record]) -> str:
    """Half a sentence: how often each ordering was found."""
    (sr_first, dr_first), (sr_less, dr_less) = ([count(records, name) for name in ("SR", "DR")] for count in (faster, smaller))
    return (
        f"of {len(records)} settings, from small updates to large ones, SR is faster in {sr_first} and DR in {dr_first}, "
        f"SR's error smaller in {sr_less} and DR's in {dr_less}"
    )
