"""A report as one page of HTML that needs nothing else: no network, no file beside it.

A :class:`Page` has sections, and those have blocks: tables, figures as SVG, and finished HTML. ``render`` writes it. The looks
and what filters and sorts are in templates/; what the sections hold is made by the modules of the single reports.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alpt_ref import __version__
from alpt_ref.reports import formulas
from alpt_ref.scalars.diskcache import source_hash
from alpt_ref.tools.files import Record
from alpt_ref.tools.origin import Origin, public
from alpt_ref.tools.sheet import Sheet

NUMBER = re.compile(r"[-+−]?[\d.,]+(e-?\d+)?(\s?[±/(-]\s?[-+\d.,e]+\)?)*\s?%?\*?|-|—|")
WISHES = {"asked": "parts in all", "full": "more instances (--full)", "false_alarm": "chance of a false alarm"}  # in words
LONGEST = 12  # of a list among the settings that is shown in full


@dataclass(frozen=True)
class Table:
    """A table. caption : its title. rows : of text. note : a paragraph below. math : whether cells hold formulas in plain text,
    rather than words of a user's."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    math: bool = False
    kind: str = "table"

    @property
    def numeric(self) -> list[bool]:
        """True for the columns that hold numbers alone."""
        return [all(NUMBER.fullmatch(str(row[i])) for row in self.rows) for i in range(len(self.columns))]


@dataclass(frozen=True)
class Figure:
    """A drawing. svg : for an HTML page, without ids that another could have. alt : what it shows, for who cannot see it."""

    title: str
    svg: str
    alt: str
    caption: str = ""
    kind: str = "figure"


@dataclass(frozen=True)
class Prose:
    """HTML that is finished."""

    html: Markup
    kind: str = "prose"


Block = Table | Figure | Prose


@dataclass(frozen=True)
class Section:
    """A section. id : unique in its page. title : in the list of contents, too. lead : a paragraph in plain text."""

    id: str
    title: str
    blocks: Sequence[Block] = ()
    lead: str = ""


@dataclass(frozen=True)
class Page:
    """A page.

    finding : the sentence on top, Markup where it has a user's words. record : its settings are shown. sections : in order.
    partial : what is said of a run that is not finished, "" for others. beside : where its numbers are, unrounded.
    """

    title: str
    finding: str
    sections: Sequence[Section]
    record: Record = field(default_factory=dict)
    partial: str = ""
    beside: str = "The numbers of this page, unrounded, are in the JSON file beside it."


def slug(text: str) -> str:
    """A name for an id: letters, digits and dashes; T1# and T1 stay two, and so do L6(b<) and L6(b>)."""
    for sign, word in (("#", "-sharp"), ("<", "-below"), (">", "-above")):
        text = text.replace(sign, word)
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def anchors(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """An id for each name, all different."""
    out: dict[str, str] = {}
    for name in dict.fromkeys(names):
        place = f"{prefix}-{slug(name)}"
        out[name] = place if place not in out.values() else f"{place}-{len(out)}"
    return out


def table(sheet: Sheet, *, math: bool = False) -> Table:
    """The table of a sheet."""
    return Table(sheet.title, sheet.columns, sheet.rows, sheet.note, math)


def sections_of(sheets: Iterable[Sheet]) -> list[Section]:
    """A section for each sheet."""
    return [Section(f"table-{i}", sheet.title, [table(sheet)]) for i, sheet in enumerate(sheets, 1)]


def settings_of(record: Record) -> list[tuple[str, str]]:
    """The wishes behind a record: its plain values, and all of its "settings", by name."""
    out: list[tuple[str, str]] = []
    for key, value in record.items():
        if key in ("version", "finding", "schema", "interval", "complete", "answers", "error", "conforms"):
            continue
        if key == "settings" or (isinstance(value, Mapping) and key == "declared"):
            _flatten("", value, out)
        elif not isinstance(value, Mapping) and (shown := _shown(value)) is not None:
            out.append((WISHES.get(key, key), shown))
    return out


def _flatten(prefix: str, value: Any, out: list[tuple[str, str]]) -> None:
    for key, item in value.items():
        if isinstance(item, Mapping):
            _flatten(f"{prefix}{key}: ", item, out)
        elif (shown := _shown(item)) is not None:
            out.append((f"{prefix}{key}", shown))


def _shown(value: Any) -> str | None:
    """A value in words; None for one that is a result or empty."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int | str):
        return str(value) or None
    if isinstance(value, list) and value and not any(isinstance(item, Mapping) for item in value):
        parts = [_shown(item) or "none" for item in value]
        return ", ".join(parts) if len(parts) <= LONGEST else f"{', '.join(parts[:LONGEST])}, … ({len(parts)})"
    return None


@cache
def templates() -> Environment:
    """The templates; their texts are escaped."""
    made = Environment(
        loader=PackageLoader("alpt_ref.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: public(value) if type(value) is str else value,
    )
    made.filters["math"] = lambda text: text if isinstance(text, Markup) else Markup(formulas.inline(public(text)))
    made.globals["source"] = lambda name: Markup(made.loader.get_source(made, name)[0])  # type: ignore[union-attr]
    return made


def render(page: Page, origin: Origin) -> str:
    """The page as HTML; the same page and origin give the same text."""
    facts = {"version": __version__, "code": source_hash()[:16], "settings": settings_of(page.record)}
    return templates().get_template("report.html.j2").render(page=page, origin=origin, **facts)
