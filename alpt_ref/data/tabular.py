"""Tables of text: criteo, avazu and csv.

criteo is a table without a header: label, I1..I13, C1..C26, tab separated. avazu is a comma-separated table with the label
``click``, whose column ``hour`` (YYMMDDHH) becomes the fields hour_of_day and weekday. csv is any table with a header,
separated by tabs if the header has one, else by commas. Columns named id, in any case, are dropped. An empty cell is a value of
its own. A cell may be quoted ("a,b", with "" for a quote) but cannot contain a line end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import IO

from alpt_ref.data.cells import Cells, Plan
from alpt_ref.data.errors import DataError, LineError, quote
from alpt_ref.data.layout import CRITEO_COLUMNS, parse_row, split_cells
from alpt_ref.data.lines import Chunk, bad_line, no_rows, parse_chunks, read_chunks
from alpt_ref.data.source import Source
from alpt_ref.tools.input import PathLike, named


@dataclass(frozen=True)
class TextTable:
    """An opened file: its column names, and the chunks of lines below the header."""

    path: PathLike
    names: tuple[str, ...]
    delimiter: str
    chunks: Iterator[Chunk]

    @property
    def name(self) -> str:
        """The name of the file."""
        return named(self.path)

    def refused(self, bad: LineError) -> DataError:
        """The error on the header."""
        return bad_line(self.path, 1, bad)

    def numbers(self, names: Sequence[str]) -> tuple[str, ...]:
        """No column: text has no types."""
        return ()

    def blocks(self, plan: Plan) -> Iterator[Cells]:
        """The rows, a chunk of lines at a time."""
        layout, source = plan.layout, plan.source

        def gather(rows: Sequence[Sequence[str]]) -> Cells:
            if any(len(row) != layout.n_columns for row in rows):
                raise LineError("a wrong number of columns")
            columns = list(zip(*rows, strict=True)) if rows else [()] * layout.n_columns
            return plan.encode(dict(enumerate(columns)), len(rows))

        def fast(lines: Sequence[str]) -> Cells | None:
            if layout.n_columns == 1 and "" in lines:
                return None
            try:
                return gather([split_cells(line, layout.delimiter) for line in lines if line])
            except LineError:
                return None

        careful = partial(parse_row, layout=layout, positive_label=source.positive_label)
        parts = parse_chunks(self.path, self.chunks, fast, careful, gather, skip=source.on_bad_line == "skip")
        for block, n_skipped in parts:
            yield replace(block, n_skipped=n_skipped)


def open_text(path: PathLike, stream: IO[bytes], source: Source, *, labels: bool) -> TextTable:
    """The table whose content is ``stream``, up to its first row. Raises DataError."""
    chunks = read_chunks(path, stream=stream)
    first = next(chunks, None)
    if first is None:
        raise no_rows(path)
    if source.format == "criteo":
        unlabelled = not labels and first.lines[0].count("\t") == len(CRITEO_COLUMNS) - 2
        return TextTable(path, CRITEO_COLUMNS[1:] if unlabelled else CRITEO_COLUMNS, "\t", chain([first], chunks))
    header, *below = first.lines
    delimiter = "\t" if source.is_named and "\t" in header else ","
    names = tuple(split_cells(header, delimiter))
    other = next((mark for mark in ";|" if mark in header), None)
    if len(names) == 1 and other is not None:
        said = f"the header is one column: cells are separated by commas or tabs, not by {quote(other)}"
        raise bad_line(path, 1, LineError(said))
    return TextTable(path, names, delimiter, chain([Chunk(first.first_line + 1, below)], chunks))
