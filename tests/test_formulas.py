"""Plain-text mathematics as HTML: symbols, blocks, and the docstrings of all statements."""

from html.parser import HTMLParser

import pytest

from alpt_ref.reports.formulas import html, inline, statements_of
from alpt_ref.theory.registry import STATEMENTS

pytestmark = pytest.mark.glue

LINES = {
    "E||g_t||_2^2 <= G^2": "E‖<var>g</var><sub><var>t</var></sub>‖<sub>2</sub><sup>2</sup> ≤ <var>G</var><sup>2</sup>",
    "sum_{t <= T} eta / sqrt(t)": "∑<sub><var>t</var> ≤ <var>T</var></sub> <var>η</var> / √<var>t</var>",
    "sqrt(Delta D/2)": "√(Δ <var>D</var>/2)",
    "w* - f*": "<var>w</var><sup>*</sup> − <var>f</var><sup>*</sup>",
    "2^-(k+1) and 2^-17.8.": "2<sup>−(<var>k</var>+1)</sup> and 2<sup>−17.8</sup>.",
    "T1's floor, D1, C2, x' and c_i's": (
        "T1&#x27;s floor, <var>D</var><sub>1</sub>, C2, <var>x</var>′ and <var>c</var><sub><var>i</var></sub>&#x27;s"
    ),
    "0 <= b < 2": "0 ≤ <var>b</var> &lt; 2",
    "<g, w - w*>": "⟨<var>g</var>, <var>w</var> − <var>w</var><sup>*</sup>⟩",
    "a full-precision law with a (1 - a)": "a full-precision law with <var>a</var> (1 − <var>a</var>)",
    "down by a with probability a, else": "down by <var>a</var> with probability <var>a</var>, else",
    "gaussian-100x5: x5": "gaussian-100x5: <var>x</var><sub>5</sub>",
    "1.7e-7, 20,000 and +-1": "1.7e-7, 20,000 and ±1",
    "``w_t * x`` *is* code []": '<code>w_t * x</code> <em>is</em> code <span class="qed">∎</span>',
    "G_inf, eta_max, alpt_ref, a_file_name": ("<var>G</var><sub>∞</sub>, <var>η</var><sub>max</sub>, alpt_ref, a_file_name"),
    '<script>alert("x")</script>': "&lt;script&gt;alert(&quot;<var>x</var>&quot;)&lt;/script&gt;",
}


@pytest.mark.parametrize("plain", LINES)
def test_a_line(plain: str) -> None:
    assert inline(plain) == LINES[plain]


def test_names_of_statements_are_links_where_they_lead_somewhere() -> None:
    assert inline("T1, T99, L4(b)", {"L4(b)": "#L4"}.get) == 'T1, <var>T</var><sub>99</sub>, <a href="#L4">L4(b)</a>'


def test_blocks() -> None:
    text = "Let\n\n    one   x = 1\n    two   x = 2\n\nand\n\n(a) first,\n    second line:\n        x <= 1\n(b) last."
    found = html(text)
    assert "<td>one</td><td><var>x</var> = 1</td>" in found
    assert found.count("<li>") == 2
    assert found.count('<ul class="parts">') == 1
    assert '<div class="line"><var>x</var> ≤ 1</div>' in found


def test_terms_of_a_display_stand_in_columns() -> None:
    """Terms that begin in one column of the text do so in the table, and names below them, too."""
    text = "Let\n\n    one   x <= 1    + y   + z\n    two   x <= 1234 + y*y + z\n                    slow  fast"
    rows = html(text).split("<tr>")[1:]
    assert [row.count("<td") for row in rows] == [4, 4, 4]
    assert [row.split("</td>")[2][-4:] for row in rows] == ["var>", "var>", "slow"]


class Tags(HTMLParser):
    """All tags closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_docstring(name: str) -> None:
    """No mark of the plain text is left over; every tag is closed; there is a proof in one of the statement's modules."""
    statements = statements_of(name)
    assert any(part.is_proof for statement in statements for part in statement.parts)
    for statement in statements:
        assert statement.id == name
        assert statement.parts[-1].name == "Source"
        for text in (inline(statement.title), *(html(part.text) for part in statement.parts)):
            tags = Tags()
            tags.feed(text)
            assert not tags.open
            for mark in ("||", "&lt;=", "&gt;=", "sqrt", "_{", "^", "``", "Delta", "eta_", "[]", "*P"):
                assert mark not in text.replace("<sup>*</sup>", ""), (mark, text)
