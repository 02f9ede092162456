"""The page of a report: valid, self-contained, the same bytes for the same record, and safe with any text."""

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from alpt_ref.cli import main
from alpt_ref.reports import curves, verdicts
from alpt_ref.reports.page import Figure, Page, Prose, Section, Table, render, settings_of, slug
from alpt_ref.reports.publish import Report, publish
from alpt_ref.tools import origin
from alpt_ref.tools.origin import Origin
from alpt_ref.tools.sheet import Sheet
from alpt_ref.walks.rule import Rule
from tests.page_records import verdicts_record

pytestmark = pytest.mark.glue

ORIGIN = Origin("alpt-ref verify T1", (("Python", "3"),))
VOID = {"meta", "link", "input", "br", "hr", "img", "use", "path", "circle", "line", "rect"}
NASTY = "<b>\"x\"</b> & 'y'</script><script>alert(1)</script>"


class Document(HTMLParser):
    """All tags, with whether they are closed in order; ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), (tag, attrs)
        self.tags.append((tag, found))
        if found.get("id"):
            self.ids[str(found["id"])] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def checked(text: str) -> Document:
    """The document, once it is found to be whole and to need nothing else."""
    document = Document(text)
    assert not document.open
    assert [name for name, count in document.ids.items() if count > 1] == []
    for tag, found in document.tags:
        for name in ("href", "xlink:href", "src"):
            place = found.get(name)
            if place is not None:
                assert place.startswith(("#", "data:,")), (tag, place)
                assert place[1:] in document.ids or not place.startswith("#"), (tag, place)
        for name in ("aria-labelledby", "aria-controls"):
            assert found.get(name) is None or found[name] in document.ids, (tag, found)
        if tag == "svg":
            assert found.get("role") == "img"
            assert found.get("aria-labelledby") or found.get("aria-label")
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    headings = [int(tag[1]) for tag, _ in document.tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    return document


@pytest.fixture(scope="module")
def page() -> Page:
    return verdicts.report(verdicts_record(), 1.0).page(Path())


def test_a_page_of_verdicts_is_whole_and_the_same_each_time(page):
    text = render(page, ORIGIN)
    document = checked(text)
    assert text == render(verdicts.report(verdicts_record(), 1.0).page(Path()), ORIGIN)
    figures = [found for tag, found in document.tags if tag == "svg"]
    assert len(figures) >= 2  # T1's curve, the tightness of the bounds
    assert "alpt-ref verify T1" in text
    assert len(text) < 5_000_000


def test_a_users_rule_is_drawn_beside_ours(monkeypatch):
    """Under its own name, as it is; where it fails on a pair that the walk asks for, the caption says so."""
    drawn = []
    convergence = curves.plots.convergence
    monkeypatch.setattr(curves.plots, "convergence", lambda runs, **more: drawn.append(runs) or convergence(runs, **more))
    (figure,) = curves.curves_of("T1", Rule("_my $\\nu` <b>", lambda q_floor, a: a * (a > 0.5)))
    assert [run.label for run in drawn[0]] == ["SR", "DR", r"your rule: _my \$\nu' <b>"]
    assert "Your rule `_my $\\nu' <b>` walks beside" in figure.caption
    (failing,) = curves.curves_of("T1", Rule("fails", lambda q_floor, a: a + q_floor))
    assert [run.label for run in drawn[1]] == ["SR", "DR"]
    assert "could not be drawn: p_up must be in [0, 1]" in failing.caption
    assert curves.curves_of("Q1", Rule("any", lambda q_floor, a: a)) == []


def test_every_row_is_in_the_table_and_in_the_section_of_its_statement(page):
    text = render(page, ORIGIN)
    rows = verdicts_record()["rows"]
    assert text.count("<tr data-statement=") == len(rows)
    for statement in {row["id"].split("(")[0] for row in rows}:
        assert f'id="statement-{slug(statement)}"' in text
    assert text.count('class="proof"') >= len({row["id"].split("(")[0] for row in rows})


def test_any_text_is_escaped():
    record = verdicts_record()
    row = record["rows"][0] | {"id": "A" + NASTY, "statement": NASTY, "instance": NASTY, "note": NASTY}
    row["checks"] = [{"name": NASTY, "lhs": 1.0, "relation": "<=", "rhs": 2.0, "about": "problem", "holds": True}]
    for own in ([], ["A"]):
        made = verdicts.report(
            record | {"rows": [row, *record["rows"]], "own": own, "claims": [NASTY], "complete": False, "asked": 9}, 1.0
        ).page(Path())
        text = render(replace(made, title=NASTY, finding=NASTY, partial=NASTY), Origin(NASTY, ((NASTY, NASTY),)))
        assert "alert(1)</script>" not in text
        assert "<b>&" not in text
        checked(text)


def test_blocks_of_a_page():
    blocks = [
        Table(NASTY, ("n", NASTY), [("1.5", NASTY), ("-", "")], NASTY),
        Figure("f", "<svg></svg>", "alt"),
        Prose("<p>&</p>"),
    ]
    text = render(Page("t", "", [Section("one", NASTY, blocks, NASTY)]), ORIGIN)
    assert '<td class="n">1.5</td>' in text
    assert NASTY not in text


def test_names_of_ids_differ():
    names = ("T1", "T1#", "L6(b<)", "L6(b>)", "L6(b)", "T1#(a)", "T1(a)")
    assert len({slug(name) for name in names}) == len(names)


def test_a_report_without_a_page_of_its_own_shows_its_sheets(tmp_path, capsys):
    sheet = Sheet("A table", ("x", "Delta"), [("1", "2")], "of E||g||^2")
    publish(Report("some", {"seed": 3, "settings": {"steps": 7, "deep": {"list": [1, 2]}}, "rows": [{}]}, [sheet]), tmp_path)
    text = (tmp_path / "report.html").read_text()
    document = checked(text)
    assert "<h1>A table</h1>" in text
    assert "E‖<var>g</var>‖<sup>2</sup>" in text
    assert "part" not in dict(document.ids)
    assert all(f">{name}</th>" in text for name in ("seed", "steps", "deep: list"))
    assert "partial" not in text.split("</style>")[1].split("<script>")[0]


def test_a_run_that_has_not_ended_says_so(tmp_path, capsys):
    record = verdicts_record() | {"complete": False, "asked": 99, "error": "KeyboardInterrupt: "}
    publish(verdicts.report(record, 1.0), tmp_path)
    assert f"It holds the {len(record['rows'])} rows that were found" in (tmp_path / "report.html").read_text()


def test_what_is_private_stays_private(monkeypatch, tmp_path):
    monkeypatch.setattr(origin.Path, "home", lambda: Path("/home/somebody"))
    monkeypatch.chdir(tmp_path)
    argv = ["verify", "--out", "/home/somebody/run", "--rule", f"{tmp_path}/my rules.py:rule"]
    assert origin.spelled("alpt-ref", argv) == "alpt-ref verify --out '~/run' --rule 'my rules.py:rule'"
    said = "in /home/somebody/x and in /home/somebody, not in /home/somebody-else"
    assert origin.public(said) == "in ~/x and in ~, not in /home/somebody-else"
    table = Table(said[:22], ("of /home/somebody",), [(said[:22],)], said[:22], math=True)
    section = Section("a", said[:22], [table], said[:22])
    page = Page(said[:22], said[:22], [section], {"data": said[:22]}, said[:22])
    assert "somebody" not in render(page, Origin(origin.spelled("alpt-ref", argv)))


def test_settings_are_plain_values():
    found = dict(settings_of({"version": "1", "full": False, "data": [], "rows": [{}], "x": 0.5, "many": list(range(30))}))
    assert found == {"more instances (--full)": "no", "x": "0.5", "many": "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (30)"}


def test_commands_write_their_page(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["verify", "Q6", "--out", str(out)]) == 0
    text = (out / "report.html").read_text()
    checked(text)
    assert "alpt-ref verify Q6 --out" in text
    assert json.loads((out / "verdicts.json").read_text())["rows"]


def test_a_quantizer_that_fails_gets_a_page_with_its_counterexample(tmp_path, capsys):
    adapter = tmp_path / "adapter.py"
    adapter.write_text(
        "import numpy as np\nclass Floor:\n    rounding = 'nearest'\n"
        "    def quantize(self, x, delta, bits, seed):\n"
        "        half = 2 ** (bits - 1)\n"
        "        return np.float32(delta) * np.clip(np.floor(x / np.float32(delta)), -half, half - 1).astype(np.float32)\n"
    )
    page = tmp_path / "check.html"
    assert main(["check-quantizer", f"{adapter}:Floor", "--quick", "--html", str(page)]) == 1
    text = page.read_text()
    document = checked(text)
    assert any(name.startswith("failure-") for name in document.ids)
    assert '<pre class="recipe">' in text
    assert "does not conform" in text
