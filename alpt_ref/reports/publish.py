"""A report, and its two ways out: files in a folder, and a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alpt_ref.studies.progress import aside
from alpt_ref.tools.events import conclude
from alpt_ref.tools.files import Record, write_json, write_text
from alpt_ref.tools.sheet import Console, Sheet, terminal


@dataclass(frozen=True)
class Report:
    """A study's record and the tables that tell it.

    name : of the files. record : JSON values; its "finding", where it has one, is one sentence made of the numbers.
    title : the heading over finding and tables in Markdown. overview : a table before the others, in Markdown alone.
    closing : a line on how it was found, on the terminal alone.
    """

    name: str
    record: Record
    sheets: Sequence[Sheet]
    title: str = ""
    overview: Sheet | None = None
    closing: str = ""

    @property
    def finding(self) -> str:
        """The sentence, empty where there is none."""
        return str(self.record.get("finding", ""))

    def markdown(self) -> str:
        """The finding under the title, then all tables."""
        head = [f"# {self.title}", "", self.finding, ""] if self.finding else []
        sheets = self.sheets if self.overview is None else (self.overview, *self.sheets)
        return "\n".join(head + [sheet.markdown() for sheet in sheets])

    def show(self, console: Console, shown: int = 0) -> None:
        """Print the tables but for those that were ``shown``, the closing line, and last the finding."""
        for sheet in self.sheets[shown:]:
            sheet.print(console)
        if self.closing:
            console.print(self.closing, style="dim", highlight=False)
        if self.finding:
            console.print(self.finding, highlight=False, markup=False)


def publish(report: Report, out: Path, shown: int = 0) -> Record:
    """Write OUT/<name>.json and OUT/<name>.md, print the report on standard output, and return its record.

    shown : tables that were printed before.
    """
    write_json(out / f"{report.name}.json", report.record)
    write_text(out / f"{report.name}.md", report.markdown())
    if report.finding:
        conclude(finding=report.finding)
    with aside():
        report.show(terminal(), shown)
    return report.record
