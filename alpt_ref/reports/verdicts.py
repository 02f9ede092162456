"""The verdicts as tables, grouped by statement, and as one sentence."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console

from alpt_ref.reports.convergence import ctr_sheets, ctr_wins
from alpt_ref.studies.verification import directions
from alpt_ref.theory.claim import HOLDS, NOT_APPLICABLE, UNDECIDED, VIOLATED, Row
from alpt_ref.tools.sheet import Sheet, number

Record = dict[str, Any]
SYMBOL = {"upper": "<=", "lower": ">=", "exact": "=", "law": "~"}
SHORT = {"exact": "exact", "monte-carlo": "MC", "trajectory": "path"}
COLUMNS = ("instance", "by", "measured", "", "bound", "ratio", "verdict")


def _number(value: float | None) -> str:
    return number(value, 4)


def _ratio(row: Row) -> str:
    if row.ratio is None:
        return "-"
    return f"{row.ratio:.3f}" if 1e-3 <= abs(row.ratio) < 1e3 else number(row.ratio)


def line(row: Row) -> tuple[str, ...]:
    """A row of the table; one with an unexpected verdict is marked."""
    measured = _number(row.measured)
    if row.method == "monte-carlo":
        measured += f"±{number(row.half, 1)}"
    verdict = row.verdict + (" !" if row.surprising else "")
    return (row.instance, SHORT[row.method], measured, SYMBOL[row.kind], _number(row.bound), _ratio(row), verdict)


def sheets(rows: Sequence[Row]) -> Iterator[Sheet]:
    """A sheet for each claim; its note has the counterexamples of what is violated and why what is not applicable is not."""
    for _, group in groupby(rows, key=lambda row: row.id):
        part = list(group)
        title = f"{part[0].id} ({part[0].kind})  {part[0].statement}"
        yield Sheet(title, COLUMNS, [line(row) for row in part], "\n".join(_notes(part)))


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
    for _, group in groupby(rows, key=lambda row: row.id):
        part = list(group)
        counts = Counter(row.verdict for row in part)
        controls = sum(row.expected != HOLDS for row in part)
        ratios = [row.ratio for row in part if row.ratio is not None and row.verdict == HOLDS]
        tightest = min(ratios, key=lambda r: abs(r - 1.0)) if ratios and part[0].kind in ("upper", "lower") else None
        shown = (str(counts[v]) if counts[v] else "" for v in (HOLDS, VIOLATED, UNDECIDED, NOT_APPLICABLE))
        surprises = str(sum(row.surprising for row in part) or "")
        near = "" if tightest is None else f"{tightest:.3f}"
        lines.append((part[0].id, part[0].kind, str(len(part)), *shown, str(controls or ""), near, surprises))
    columns = ("claim", "kind", "rows", "holds", "violated", "undecided", "n/a", "controls", "tightest", "unexpected")
    note = "controls: rows that are expected to be violated or not applicable. tightest: measured/bound, of the rows that hold."
    return Sheet("All claims", columns, lines, note)


def finding(rows: Sequence[Row], record: Record) -> str:
    """One sentence: how many verdicts of which kind, whether any was unexpected, and the two directions of C1 and C2."""
    counts = Counter(row.verdict for row in rows)
    surprises = [row for row in rows if row.surprising]
    said = ", ".join(f"{counts[v]} {v}" for v in (HOLDS, VIOLATED, UNDECIDED, NOT_APPLICABLE) if counts[v])
    if record["rule"]:
        return f"the rule {record['rule']} {_survival(rows)}: of {len(rows)} verdicts {said}."
    groups = len({row.id.split("(")[0] for row in rows})
    controls = sum(row.expected != HOLDS for row in rows)
    text = f"{len(rows)} verdicts on {groups} statement{'s' if groups != 1 else ''}: {said}"
    if surprises:
        first = surprises[0]
        text += f"; {len(surprises)} not as expected, the first {first.id}, {first.instance}: {first.verdict}"
    elif controls:
        text += f"; all as expected, controls and refuted variants among them: {controls}"
    if record["directions"]:
        text += f"; {directions.finding(record['directions'])}"
    if record["ctr"]:
        pairs = record["ctr"]["pairs"]
        sr_wins, dr_wins = ctr_wins(pairs)
        text += f"; of {len(pairs)} tuned CTR comparisons SR wins {sr_wins}, DR {dr_wins}"
    return text + "."


def _factor(row: Row) -> float:
    """By how much an inequality is broken, 0 where its ratio does not say."""
    if row.kind not in ("upper", "lower") or not row.ratio or row.ratio < 0.0:
        return 0.0
    return row.ratio if row.kind == "upper" else 1.0 / row.ratio


def _survival(rows: Sequence[Row]) -> str:
    """What became of a user's rule."""
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
    return "survives" if all(row.verdict == HOLDS for row in rows) else "is not decided"


def _more(record: Record) -> list[Sheet]:
    out: list[Sheet] = []
    if record["directions"]:
        out.append(directions.sheet(record["directions"]))
    if record["ctr"]:
        out += ctr_sheets({"ctr": record["ctr"], "settings": {"confidence": 0.95}})
    return out


def markdown(rows: Sequence[Row], record: Record) -> str:
    """Everything as Markdown."""
    head = ["# Verdicts", "", record["finding"], ""]
    return "\n".join(head + [sheet.markdown() for sheet in (summary(rows), *sheets(rows), *_more(record))])


def show(rows: Sequence[Row], record: Record, console: Console, seconds: float) -> None:
    """Print a compact table grouped by statement, C1 and C2, the CTR panel, and last the finding."""
    for sheet, (_, group) in zip(sheets(rows), groupby(rows, key=lambda row: row.id), strict=True):
        console.print(sheet.title, style="bold", highlight=False, markup=False)
        for row in group:
            instance, by, measured, symbol, bound, ratio, verdict = line(row)
            mark = "! " if row.surprising else "  "
            text = (
                f"{mark}{instance:<44.44} {by:<5}{measured:>12} {symbol:>2} {bound:<9}{ratio:>7} {verdict.removesuffix(' !')}"
            )
            console.print(text, style="red" if row.surprising else None, highlight=False, markup=False)
        if sheet.note:
            console.print(sheet.note, style="dim", highlight=False, markup=False)
        console.print()
    for sheet in _more(record):
        sheet.print(console)
    chance = f"{record['false_alarm']:g}"
    closing = f"{seconds:.0f} s. The intervals of all MC rows hold at once, but for a chance of {chance}."
    console.print(closing, style="dim", highlight=False)
    console.print(record["finding"], highlight=False, markup=False)
