"""The report of a run as text, JSON and JUnit XML."""

import math
import textwrap
from collections import Counter
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np

from alpt_ref import __version__
from alpt_ref.testing.case import Case
from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.evidence import Sensitivity
from alpt_ref.testing.literals import shown
from alpt_ref.testing.suite import FAIL, FALSE_ALARM, PASS, SKIP, Outcome, Report
from alpt_ref.tools.files import finite

WIDTH = 100
SCHEMA = 1
TELLING = ("stored-points-fixed", "non-finite", "small-updates-survive")  # notes that are findings
MOST_VALUES = 64  # longest array that JSON holds in full


def line(outcome: Outcome, declared: Declaration) -> str:
    """The row of the table for one outcome: property, verdict, statement and lemma."""
    mark = {FAIL: "FAIL", SKIP: "-"}.get(outcome.status, outcome.status)
    text = f"{outcome.entry.told_of(declared)} [{outcome.entry.source}]"
    return textwrap.fill(f"{outcome.entry.name:<23} {mark:<6} {text}", WIDTH, subsequent_indent=" " * 31)


def details(report: Report) -> str:
    """The text below the table. It holds counterexamples, the properties that are not applicable and why, figures, the chance
    of a false alarm, and the verdict."""
    parts = [f"{number}. {described(outcome)}" for number, outcome in enumerate(report.failures, 1)]
    if parts:
        parts.insert(0, "Counterexamples, the smallest found:")
    rounding = report.candidate.declared.rounding
    skipped = [outcome for outcome in report.outcomes if outcome.status == SKIP and outcome.entry.demanded_of(rounding)]
    if skipped:
        reasons = dict.fromkeys(outcome.note for outcome in skipped)
        told = (", ".join(outcome.entry.name for outcome in skipped if outcome.note == why) + f": {why}" for why in reasons)
        parts.append("\n".join(["Not applicable:", *(_indented(text) for text in told)]))
    measured = [outcome for outcome in report.outcomes if outcome.status == PASS and outcome.entry.name in TELLING]
    if measured:
        parts.append("\n".join(["Measured:", *(f"  {outcome.told}" for outcome in measured)]))
    found = [outcome.sensitivity for outcome in report.outcomes if outcome.sensitivity]
    if found:
        parts.append(sensitivity(found[0]))
    parts.append(alarm(report))
    parts.append(verdict(report))
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def described(outcome: Outcome) -> str:
    """The text of a failure: the property, what was found, and Python that shows it."""
    told = textwrap.fill(outcome.told, WIDTH, subsequent_indent="   ", break_long_words=False)
    return told + (f"\n{textwrap.indent(outcome.recipe, ' ' * 7)}" if outcome.recipe else "")


def sensitivity(rows: tuple[Sensitivity, ...]) -> str:
    """The table of the smallest biases that would have been found."""
    lines = ["Smallest bias of E Q(x) in steps, found by sampling with chance 0.99, where float32 has the fraction:"]
    lines.append(f"  {'fraction':>12} {'roundings':>12} {'up':>9} {'down':>9}")
    lines += [f"  {fraction(r.fraction):>12} {r.samples:>12,} {power(r.up):>9} {power(r.down):>9}" for r in rows]
    return "\n".join(lines)


def fraction(a: float) -> str:
    """A fraction of a step, as a power of two near its ends."""
    small = min(a, 1.0 - a)
    if small > 2.0**-5:
        return f"{a:.4g}"
    return f"2^{math.log2(small):.4g}" if a < 0.5 else f"1 - 2^{math.log2(small):.4g}"


def power(b: float | None) -> str:
    """A bias as a power of two; a dash for none."""
    return "-" if b is None else f"2^{math.log2(b):.1f}"


def alarm(report: Report) -> str:
    """The sentence on the chance of a false alarm."""
    n = sum(outcome.entry.statistical for outcome in report.outcomes)
    chance = f"A correct quantizer fails this run with probability at most {FALSE_ALARM:g}"
    return f"{chance} ({n} statistical properties, union bound)." if n else "Nothing in this run is left to chance."


def verdict(report: Report) -> str:
    """The last sentence: conforms or not, and how many properties pass, fail, or are not applicable."""
    count = Counter(outcome.status for outcome in report.outcomes)
    declared = ", ".join(f"{name} = {value!r}" for name, value in report.candidate.declared.deviations().items())
    what = f"{report.candidate.name}, {report.candidate.declared.rounding}" + (f", {declared}" if declared else "")
    said = "does not conform" if not report.conforms else "conforms" if count[PASS] else "nothing of this is demanded of it"
    counts = f"{count[PASS]} pass, {count[FAIL]} fail, {count[SKIP]} not applicable"
    seconds = sum(outcome.seconds for outcome in report.outcomes)
    return f"{what}: {said}; {counts} ({report.level.name} level, {seconds:.0f} s)."


def record(report: Report) -> dict[str, Any]:
    """The run as an object for JSON."""
    declared = report.candidate.declared
    return {
        "schema": SCHEMA,
        "version": __version__,
        "quantizer": report.candidate.name,
        "declared": {name: list(value) if isinstance(value, tuple) else value for name, value in declared.record().items()},
        "level": report.level.name,
        "conforms": report.conforms,
        "false_alarm": FALSE_ALARM,
        "properties": [_outcome(outcome, declared) for outcome in report.outcomes],
    }


def _outcome(outcome: Outcome, declared: Declaration) -> dict[str, Any]:
    entry = outcome.entry
    return {
        "name": entry.name,
        "statement": entry.told_of(declared),
        "source": entry.source,
        "statistical": entry.statistical,
        **{name: getattr(outcome, name) for name in ("status", "note")},
        "p": finite(outcome.p),
        "seconds": outcome.seconds,
        "counterexample": _counterexample(outcome) if outcome.failed else None,
        "sensitivity": [row._asdict() for row in outcome.sensitivity],
    }


def _counterexample(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    found: dict[str, Any] = {"python": outcome.recipe, "bits": None, "delta": None, "seed": None, "x": None, "u": None}
    if case is not None:
        found |= case.ruler.parts() | {"seed": case.seed if case.u is None else None}
        found |= {name: _array(case, name) for name in ("x", "u")}
    return found


def _array(case: Case, name: str) -> Any:
    """The values of x or u as a flat list, with text for those that are not finite; a long array as Python text."""
    array = getattr(case, name)
    if array is None:
        return None
    if array.size > MOST_VALUES:
        return case.source if name == "x" and case.source else shown(array)
    return [float(v) if np.isfinite(v) else str(v) for v in array.reshape(-1)]


def junit(report: Report) -> bytes:
    """The run as JUnit XML, encoded: a test case for each property."""
    count = Counter(outcome.status for outcome in report.outcomes)
    attributes = {"name": report.candidate.name, "tests": str(len(report.outcomes)), "errors": "0"}
    attributes |= {"failures": str(count[FAIL]), "skipped": str(count[SKIP])}
    attributes["time"] = f"{sum(outcome.seconds for outcome in report.outcomes):.3f}"
    suite = Xml.Element("testsuite", attributes)
    for outcome in report.outcomes:
        case = Xml.SubElement(
            suite, "testcase", classname=report.candidate.name, name=outcome.entry.name, time=f"{outcome.seconds:.3f}"
        )
        if outcome.failed:
            Xml.SubElement(case, "failure", message=outcome.note).text = outcome.recipe
        elif outcome.status == SKIP:
            Xml.SubElement(case, "skipped", message=outcome.note)
    root = Xml.Element("testsuites")
    root.append(suite)
    Xml.indent(root)
    return bytes(Xml.tostring(root, "utf-8", xml_declaration=True)) + b"\n"
