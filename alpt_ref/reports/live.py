"""Rows of verdicts on the terminal as they are found."""

from alpt_ref.reports.verdicts import sheets
from alpt_ref.studies.progress import aside
from alpt_ref.theory.claim import Row
from alpt_ref.tools.sheet import terminal


class LiveRows:
    """Prints the sheet of a claim as soon as its last row is found. shown : how many sheets were printed."""

    def __init__(self) -> None:
        self.shown, self._rows = 0, []  # type: tuple[int, list[Row]]

    def __call__(self, row: Row, last: bool) -> None:
        """Take a row."""
        self._rows.append(row)
        if not last:
            return
        with aside():
            for sheet in sheets(self._rows):
                sheet.print(terminal())
        self.shown += 1
        self._rows.clear()
