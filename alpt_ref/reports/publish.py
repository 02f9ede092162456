"""A report, and its ways out: files in a folder, among them a page for a browser, and a terminal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import escape

from alpt_ref.reports.page import Page, Section, render, sections_of
from alpt_ref.studies.progress import aside
from alpt_ref.tools.events import conclude
from alpt_ref.tools.files import Record, write_json, write_text
from alpt_ref.tools.origin import origin, public
from alpt_ref.tools.sheet import Console, Sheet, terminal

PAGE = "report.html"


@dataclass(frozen=True)
class Report:
    """A study's record and the tables that tell it.

    name : of the files. record : JSON values; its "finding", where it has one, is one sentence made of the numbers.
    title : the heading over finding and tables in Markdown. overview : a table before the others, in Markdown alone.
    closing : a line on how it was found, on the terminal alone. sections : makes those of the page, of the folder that the
    record lies in; None for a table for each sheet.
    """

    name: str
    record: Record
    sheets: Sequence[Sheet]
    title: str = ""
    overview: Sheet | None = None
    closing: str = ""
    sections: Callable[[Path], Sequence[Section]] | None = None

    @property
    def finding(self) -> str:
        """The sentence, empty where there is none."""
        return str(self.record.get("finding", ""))

    def markdown(self) -> str:
        """The finding under the title, then all tables."""
        head = [f"# {self.title}", "", self.finding, ""] if self.finding else []
        sheets = self.sheets if self.overview is None else (self.overview, *self.sheets)
        return "\n".join(head + [sheet.markdown() for sheet in sheets])

    def page(self, out: Path) -> Page:
        """The page, its figures drawn of the record, and of cells in ``out``."""
        sections = sections_of(self.sheets) if self.sections is None else self.sections(out)
        users = any(self.record.get(key) for key in ("rule", "own", "data"))
        finding = escape(public(self.finding)) if users else self.finding
        return Page(self.title or self.sheets[0].title, finding, sections, self.record, _partial(self.record))

    def show(self, console: Console, shown: int = 0, page: Path | None = None) -> None:
        """Print the tables but for those that were ``shown``, the closing line, the page's place, and last the finding."""
        for sheet in self.sheets[shown:]:
            sheet.print(console)
        if self.closing:
            console.print(self.closing, style="dim", highlight=False)
        if page is not None:
            console.print(f"Page: {page}", style="dim", highlight=False, markup=False, soft_wrap=True)
        if self.finding:
            console.print(self.finding, highlight=False, markup=False)


def publish(report: Report, out: Path, shown: int = 0) -> Record:
    """Write OUT/<name>.json, OUT/<name>.md and OUT/report.html, print the report on standard output, and return its record.

    shown : tables that were printed before. A record whose "complete" is false is one of a run that has not ended: its page
    says so, and with which command it does.
    """
    write_json(out / f"{report.name}.json", report.record)
    write_text(out / f"{report.name}.md", report.markdown())
    write_text(out / PAGE, render(report.page(out), origin()))
    if report.finding:
        conclude(finding=report.finding)
    with aside():
        report.show(terminal(), shown, out / PAGE)
    return report.record


def _partial(record: Record) -> str:
    """A sentence for the page of a run that has not ended."""
    if record.get("complete", True):
        return ""
    rows = record.get("rows")
    found = f"It holds the {len(rows)} rows that were found before the run stopped." if rows else "The run stopped."
    return found + (f" {record['error']}." if record.get("error") else "")
