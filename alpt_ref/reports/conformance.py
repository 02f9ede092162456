"""The conformance of a quantizer as a page."""

from markupsafe import Markup, escape

from alpt_ref.reports import formulas
from alpt_ref.reports.page import Block, Page, Prose, Section, Table, slug
from alpt_ref.testing import report as told
from alpt_ref.testing.evidence import Sensitivity
from alpt_ref.testing.suite import FAIL, PASS, SKIP, Outcome, Report
from alpt_ref.tools.origin import public
from alpt_ref.tools.sheet import number

BADGES = {PASS: "holds", FAIL: "violated", SKIP: "calm"}


def page(report: Report) -> Page:
    """The verdict on top, every property with what it demands and what was found, and counterexamples as Python."""
    sections = [Section("properties", "Properties", [_properties(report)])]
    for outcome in report.failures:
        name = outcome.entry.name
        sections.append(
            Section(
                f"failure-{slug(name)}", f"Fails: {name}", _failure(outcome, outcome.entry.told_of(report.candidate.declared))
            )
        )
    found = [outcome.sensitivity for outcome in report.outcomes if outcome.sensitivity]
    if found:
        lead = "Biases smaller than these may be there, and not have been found."
        sections.append(Section("sensitivity", "What would have been found", [_sensitivity(found[0])], lead))
    record = {key: value for key, value in told.record(report).items() if key != "properties"}
    finding = escape(public(f"{told.verdict(report)} {told.alarm(report)}"))
    beside = "alpt-ref check-quantizer --json FILE writes the numbers of this page, unrounded."
    return Page(f"Conformance of {report.candidate.name}", finding, sections, record, beside=beside)


def _properties(report: Report) -> Table:
    rows, declared = [], report.candidate.declared
    for outcome in report.outcomes:
        badge = Markup('<span class="badge {}">{}</span>').format(BADGES[outcome.status], outcome.status)
        name = Markup("<code>{}</code>").format(outcome.entry.name)
        if outcome.failed:
            name = Markup('<a href="#failure-{}">{}</a>').format(slug(outcome.entry.name), name)
        chance = number(outcome.p) if outcome.p is not None else ""
        demands, lemma = (Markup(formulas.inline(text)) for text in (outcome.entry.told_of(declared), outcome.entry.source))
        rows.append((name, badge, demands, lemma, outcome.note, chance))
    note = "p: of properties that are decided by sampling. Lemmas Q1 to Q6 are statements of alpt-ref verify."
    return Table("Every property, and what was found", ("property", "verdict", "demands", "lemma", "found", "p"), rows, note)


def _failure(outcome: Outcome, demanded: str) -> list[Block]:
    said = Markup("<p>{}. The property demands: {}.</p>").format(outcome.note, demanded)
    if outcome.recipe:
        said += Markup('<p>To see it:</p><pre class="recipe"><code>{}</code></pre>').format(outcome.recipe)
    return [Prose(said)]


def _sensitivity(rows: tuple[Sensitivity, ...]) -> Table:
    lines = [(told.fraction(r.fraction), f"{r.samples:,}", told.power(r.up), told.power(r.down)) for r in rows]
    title = "Smallest bias of E Q(x), in steps, found by sampling with chance 0.99"
    return Table(title, ("fraction of a step", "roundings", "up", "down"), lines, math=True)
