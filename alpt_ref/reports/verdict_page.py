"""The verdicts as a page: what C1 to C4 say and what was found on them, a table to search, and a section for each statement."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup

from alpt_ref.reports import formulas
from alpt_ref.reports.convergence import ctr_wins
from alpt_ref.reports.page import Block, Figure, Prose, Section, anchors, templates
from alpt_ref.reports.wording import METHODS, SYMBOL, Tally, by_claim, caught, faster, ratio_text, smaller, value_text
from alpt_ref.theory.claim import HOLDS, KINDS, NOT_APPLICABLE, UNDECIDED, VIOLATED, WEAKLY, Row
from alpt_ref.theory.registry import STATEMENTS
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import number

FULL = 1.25  # bars end at this ratio
LOOKS = {HOLDS: "holds", VIOLATED: "violated", UNDECIDED: "undecided", NOT_APPLICABLE: "calm"}
OUTCOMES = (HOLDS, VIOLATED, UNDECIDED, NOT_APPLICABLE)
FOLDED = ("Remarks", "Source", "How it is measured", "What it does not say", "Where it really starts")
MEANINGS = {
    HOLDS: "the inequality, or equality, was found to be true, all uncertainty included",
    VIOLATED: "it was found to be false; expected of controls, which are wrong on purpose, and of the refuted conjecture L5(d)",
    UNDECIDED: "the interval is too wide to tell",
    NOT_APPLICABLE: "an assumption failed its check, so that the statement says nothing",
}

Extra = tuple[str, str, str, Sequence[Block]]
Curves = Callable[[str], Sequence[Figure]]
SIGNS = {"<=": "≤", ">=": "≥"}


def sections(rows: Sequence[Row], results: Record, extra: Sequence[Extra] = (), curves: Curves | None = None) -> list[Section]:
    """All sections. extra : (id, title, lead, blocks) of what else the run has. curves : makes those of a statement."""
    groups = [(name, list(part)) for name, part in groupby(rows, key=lambda row: row.id.split("(")[0])]
    plain = bool(results["data"]) or bool(results["own"])
    views = [_view(row, plain) for row in rows]
    places = anchors("part", [view.id for view in views])
    for view in views:
        view.anchor = places[view.id]
    by_group = {name: [view for view in views if view.group == name] for name, _ in groups}
    there = {view.id: view.anchor for view in views}
    sections_at = anchors("statement", list(by_group))

    def link(name: str) -> str | None:
        group = name.split("(")[0]
        return f"#{there[name]}" if name in there else f"#{sections_at[group]}" if group in by_group else None

    make: Any = templates().get_template("verdicts.html.j2").module
    lines = [_line(part, there[part[0].id]) for part in by_claim(rows)]
    items = [_statement(name, sections_at[name], by_group[name], len(groups) <= 4, link) for name in by_group]
    if curves is not None:
        for item in items:
            item.figures = curves(item.id)
    choices = [
        ("statement", list(by_group)),
        ("verdict", [outcome for outcome in OUTCOMES if any(view.outcome == outcome for view in views)]),
        ("kind", [kind for kind in KINDS if any(view.kind == kind for view in views)]),
        ("method", [method for method in METHODS.values() if any(view.method == method for view in views)]),
    ]
    return [
        Section("overview", "In short", [Prose(make.tally(_tally(rows)))]),
        Section("claims", "The four claims, C1 to C4", [Prose(make.claims(_claims(results)))]),
        *(Section(f"part-{name}", title, blocks, lead) for name, title, lead, blocks in extra),
        Section("parts", "The statements, part by part", [Prose(make.overview(lines))]),
        Section("verdicts", "All verdicts", [Prose(make.all_rows(views, choices))]),
        Section(
            "statements", "The statements, with proofs", [Prose(make.jump(items)), *(Prose(make.statement(x)) for x in items)]
        ),
    ]


def _math(text: str, link: formulas.Link | None = None) -> Markup:
    return Markup(formulas.inline(text, link))


def _view(row: Row, plain: bool) -> SimpleNamespace:
    """A row as the templates show it. plain : names and notes may be a user's, and stay as they are."""
    say = str if plain else _math
    ratio = row.ratio if row.ratio is not None and math.isfinite(row.ratio) else None
    share = None if ratio is None else f"{100.0 * min(max(ratio, 0.0), FULL) / FULL:.1f}"
    return SimpleNamespace(
        id=row.id,
        group=row.id.split("(")[0],
        kind=row.kind,
        said=_math(row.statement) if not plain else row.statement,
        instance=say(row.instance),
        method=METHODS[row.method],
        measured=value_text(row),
        symbol=SIGNS.get(SYMBOL[row.kind], SYMBOL[row.kind]),
        bound=number(row.bound, 4),
        ratio=ratio_text(row),
        share=share,
        over=row.verdict == VIOLATED,
        verdict=row.verdict,
        outcome=row.outcome,
        expected=row.expected,
        odd=row.surprising,
        control=row.expected != HOLDS,
        look=LOOKS[row.outcome],
        note=say(row.note),
        checks=[
            SimpleNamespace(
                name=say(check.name),
                holds=check.holds,
                numbers=_math(f"{number(check.lhs, 4)} {check.relation} {number(check.rhs, 4)}"),
            )
            for check in row.checks
        ],
        failed=sum(not check.holds for check in row.checks),
        sort_measured=_sortable(row.measured),
        sort_bound=_sortable(row.bound),
        sort_ratio=_sortable(row.ratio),
    )


def _sortable(value: float | None) -> str:
    return "-Infinity" if value is None or not math.isfinite(value) else f"{value:.12g}"


def _line(part: Sequence[Row], anchor: str) -> SimpleNamespace:
    """A line of the overview: what became of the rows of one part."""
    tally = Tally.of(part)
    return SimpleNamespace(
        id=part[0].id,
        anchor=anchor,
        statement=_math(part[0].statement),
        kind=part[0].kind,
        rows=len(part),
        holds=tally.counts[HOLDS] or "",
        violated=tally.counts[VIOLATED] or "",
        undecided=tally.counts[UNDECIDED] or "",
        inapplicable=tally.counts[NOT_APPLICABLE] or "",
        controls=tally.controls or "",
        tightest=tally.tightest,
        caught=caught(part),
        odd=tally.unexpected,
    )


def _tally(rows: Sequence[Row]) -> SimpleNamespace:
    """The numbers of verdicts of each kind, with their meaning."""
    counts = Counter(row.outcome for row in rows)
    shown = [(name, counts[name], LOOKS[name], MEANINGS[name]) for name in OUTCOMES if counts[name]]
    return SimpleNamespace(
        outcomes=shown,
        rows=len(rows),
        odd=sum(row.surprising for row in rows),
        controls=sum(row.expected != HOLDS for row in rows),
        weakly=sum(row.verdict == WEAKLY for row in rows),
    )


def _claims(results: Record) -> tuple[tuple[str, str, str], ...]:
    """C1 to C4: what the paper claims, and what this run has on it."""
    directions, ctr = results.get("directions"), results.get("ctr")
    elsewhere = "Decided on click data by alpt-ref compare."
    first = second = "Not in this run. A complete run of all statements compares the two side by side."
    if directions:
        sr, dr = faster(directions, "SR"), faster(directions, "DR")
        first = (
            f"Of {len(directions)} settings SR is faster in {sr}, DR in {dr}; in the others they are alike, or neither arrives."
        )
        sr, dr = smaller(directions, "SR"), smaller(directions, "DR")
        second = f"Of the same settings SR's error is smaller in {sr}, DR's in {dr}."
    if ctr:
        wins = ctr_wins(ctr["pairs"])
        second += f" On click models SR wins {wins[0]} of {len(ctr['pairs'])} tuned comparisons, DR {wins[1]}."
    return (
        ("C1", "Stochastic rounding (SR) converges faster than deterministic, nearest rounding (DR).", first),
        ("C2", "Stochastic rounding ends with the smaller error.", second),
        ("C3", "Step sizes that are learned (ALPT) are better than fixed ones, at few bits.", elsewhere),
        ("C4", "Training with 8 bits loses nothing against full precision.", elsewhere),
    )


def _statement(name: str, anchor: str, views: Sequence[Any], is_open: bool, link: formulas.Link) -> SimpleNamespace:
    """The section of a statement: its texts, its curves, and the rows of its parts."""
    texts = formulas.statements_of(name) if name in STATEMENTS else ()
    parts = [list(part) for _, part in groupby(views, key=lambda view: view.id)]
    return SimpleNamespace(
        id=name,
        anchor=anchor,
        open=is_open,
        texts=[
            SimpleNamespace(
                title=_math(text.title),
                kinds=text.kinds,
                parts=[
                    SimpleNamespace(
                        name=part.name,
                        is_proof=part.is_proof,
                        folded=part.is_proof or part.name in FOLDED,
                        html=Markup(formulas.html(part.text, link)),
                    )
                    for part in text.parts
                ],
            )
            for text in texts
        ],
        figures=(),
        claims=[
            SimpleNamespace(id=part[0].id, anchor=part[0].anchor, kind=part[0].kind, statement=part[0].said, rows=part)
            for part in parts
        ],
    )
