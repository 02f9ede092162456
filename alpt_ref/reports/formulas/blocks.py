"""A text in paragraphs as HTML: prose, displayed formulas, and the parts (a), (b), ... of a statement as a list.

A display is indented by four columns. A part begins with its letter in parentheses, and its further lines are indented: a
display within it by eight. Lines of a display with the same number of columns, two spaces or more apart, are a table.
"""

import re
import textwrap
from collections.abc import Iterator
from itertools import groupby, pairwise

from alpt_ref.reports.formulas.markup import GREEK, Link, inline

ITEM = re.compile(r"\((\w+)\)\s+(?=\S)")
GAP = re.compile(r" {2,}")
OPERATOR = re.compile(r" (?:[-+=]|[<>]=) ")
WORDS = re.compile(r"[A-Za-z]{4,}")
MOST_WORDS = 9  # of an indented block that is a formula
NOT_WORDS = {*GREEK, "sqrt", "frac", "grad", "floor", "drift", "lattice", "arithmetic", "logit"}


def html(text: str, link: Link | None = None) -> str:
    """The text as HTML blocks. link : where names of statements lead, as in :func:`inline`."""
    blocks = [block for block in re.split(r"\n\s*\n", textwrap.dedent(text.expandtabs())) if block.strip()]
    return "\n".join(_gathered(piece for block in blocks for piece in _block(block.strip("\n"), link)))


def _gathered(pieces: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Parts that follow each other make one list."""
    for kind, group in groupby(pieces, key=lambda piece: piece[0]):
        inner = "\n".join(piece for _, piece in group)
        yield f'<ul class="parts">\n{inner}\n</ul>' if kind == "item" else inner


def _block(block: str, link: Link | None) -> Iterator[tuple[str, str]]:
    """The HTML of a block, in pieces that are list items or not."""
    lines = block.split("\n")
    indented = all(line.startswith("    ") for line in lines)
    if indented and not _is_prose(block):
        yield "display", _display(lines, link)
        return
    if indented:
        lines = textwrap.dedent(block).split("\n")
    starts = [i for i, line in enumerate(lines) if ITEM.match(line)]
    hanging = starts and all(line.startswith("    ") or i in starts for i, line in enumerate(lines[starts[0] :], starts[0]))
    if not hanging:
        yield from _paragraphs(lines, link)
        return
    yield from _paragraphs(lines[: starts[0]], link)
    for first, last in zip(starts, [*starts[1:], len(lines)], strict=True):
        label = ITEM.match(lines[first])
        assert label is not None
        rest = textwrap.dedent("\n".join(lines[first + 1 : last])) if last > first + 1 else ""
        inner = _paragraphs([lines[first][label.end() :], *(rest.split("\n") if rest else [])], link)
        body = "\n".join(piece for _, piece in inner)
        yield "item", f'<li><span class="label">({label[1]})</span> <div>{body}</div></li>'


def _is_prose(block: str) -> bool:
    words = [word for word in WORDS.findall(block) if word not in NOT_WORDS]
    return block.lstrip().startswith("*") or len(words) > MOST_WORDS


def _paragraphs(lines: list[str], link: Link | None) -> Iterator[tuple[str, str]]:
    """Prose, and between it displays."""
    for display, group in groupby(lines, key=lambda line: line.startswith("    ")):
        part = list(group)
        if display:
            yield "display", _display(part, link)
        elif any(line.strip() for line in part):
            yield "prose", f"<p>{inline(' '.join(line.strip() for line in part), link)}</p>"


def _display(lines: list[str], link: Link | None) -> str:
    """A displayed formula: a table where its lines have columns, else line by line, indented as they are."""
    dedented = textwrap.dedent("\n".join(lines)).split("\n")
    cells = [_cells(line) for line in dedented]
    most = max(map(len, cells))
    if most > 1 and sum(len(row) > 1 for row in cells) > 1:
        columns = [at for at, _ in max(cells, key=len)]
        return (
            '<div class="display"><table role="presentation">'
            + "".join(_row(_terms(row, columns), columns, link) for row in cells)
            + "</table></div>"
        )
    shown = []
    for row in cells:
        depth = row[0][0] / 2
        body = '<span class="gap"></span>'.join(inline(cell, link) for _, cell in row)
        shown.append(f'<div class="line"{f" style=padding-left:{depth:g}em" if depth else ""}>{body}</div>')
    return '<div class="display">' + "".join(shown) + "</div>"


def _cells(line: str) -> list[tuple[int, str]]:
    """The columns of a line, each with where it begins."""
    out, at = [], len(line) - len(line.lstrip())
    for gap in [*GAP.finditer(line, at), None]:
        end = gap.start() if gap else len(line)
        if line[at:end].strip():
            out.append((at, line[at:end].strip()))
        at = gap.end() if gap else end
    return out


def _terms(row: list[tuple[int, str]], columns: list[int]) -> list[tuple[int, str]]:
    """The cells, cut where a term begins in the column of another row, though only one blank stands before it."""
    out = []
    for at, cell in row:
        cuts = [start - at for start in columns if OPERATOR.match(cell[max(start - at - 1, 0) :])]
        inner = [0, *(cut for cut in cuts if cut > 0), len(cell)]
        out += [(at + first, cell[first:last].strip()) for first, last in pairwise(inner)]
    return out


def _row(row: list[tuple[int, str]], columns: list[int], link: Link | None) -> str:
    """A row of a table. A cell takes the column it begins in, or the next where that is taken, and the last one the rest."""
    out, filled = [], 0
    for i, (at, cell) in enumerate(row):
        place = min(max(sum(start <= at for start in columns) - 1, filled), len(columns) - 1)
        out.append("<td></td>" * (place - filled))
        span = len(columns) - place if i == len(row) - 1 else 1
        out.append(f"<td{f' colspan={span}' if span > 1 else ''}>{inline(cell, link)}</td>")
        filled = place + span
    return "<tr>" + "".join(out) + "</tr>"
