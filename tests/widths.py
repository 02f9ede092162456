"""Sheets on terminals of many widths: no line is too long, and no cell is broken or cut."""

import re
from collections.abc import Iterable
from io import StringIO

from alpt_ref.tools.sheet import Console, Sheet

WIDTHS = (60, 80, 100, 140)


def printed(sheet: Sheet, width: int) -> list[str]:
    """The lines of the sheet on a terminal of ``width`` columns."""
    text = StringIO()
    sheet.print(Console(file=text, width=width))
    return text.getvalue().splitlines()


def assert_fits(sheets: Iterable[Sheet], widths: Iterable[int] = WIDTHS) -> None:
    """Each block of a sheet has a line for each row, in which the row's cells stand whole, one after the other; together the
    blocks have all columns, and each begins with the keys."""
    for sheet in sheets:
        for width in widths:
            lines = printed(sheet, width)
            assert max(map(len, lines)) <= width
            assert "…" not in "".join(lines)
            blocks = sheet._blocks(width)
            keys = blocks[0][: len(blocks[0]) if len(blocks) == 1 else sheet.keys]
            assert sorted({column for block in blocks for column in block}) == list(range(len(sheet.columns)))
            for block in blocks:
                assert block[0] == keys[0]
                for cells in (sheet.columns, *sheet.rows):
                    whole = r"\s+".join(re.escape(cells[column]) for column in block if cells[column])
                    assert any(re.fullmatch(rf"\s*{whole}\s*", line) for line in lines), (sheet.title, width, cells)
