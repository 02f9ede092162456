"""The columns of a table: how a line splits into cells, and the role of each column."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from alpt_ref.data.errors import LineError, quote
from alpt_ref.data.feature_map import FeatureMap, Field
from alpt_ref.data.source import Source
from alpt_ref.data.tokens import TOKEN, label

CRITEO_COLUMNS = ("label", *(f"I{i}" for i in range(1, 14)), *(f"C{i}" for i in range(1, 27)))
_LABEL_NAMES = ("label", "click", "y", "target")
_NAMELESS = re.compile(r"\s*|Unnamed: [0-9]+")  # the second is how pandas reads, and writes again, the first
_INTEGER_COLUMN = re.compile(r"I[0-9]+")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def split_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line. A cell that begins and ends with a quote is unquoted; other quotes are text."""
    if '"' not in line:
        return line.split(delimiter)
    return [_unquoted(raw) for raw in _raw_cells(line, delimiter)]


def _unquoted(raw: str) -> str:
    quoted = _QUOTED.fullmatch(raw)
    return quoted[1].replace('""', '"') if quoted else raw


def _raw_cells(line: str, delimiter: str) -> Iterator[str]:
    """The cells as they are written: joined by the delimiter they are the line again."""
    cell = re.compile(rf"{_QUOTED.pattern}(?={delimiter}|\Z)|[^{delimiter}]*")
    start = 0
    while start <= len(line):
        raw = cell.match(line, start)[0]  # type: ignore[index]  # the second alternative matches anything
        yield raw
        start += len(raw) + 1


def cell_column(line: str, delimiter: str, position: int) -> int:
    """The character, counted from 1, at which the cell number ``position``, counted from 0, begins."""
    return 1 + sum(len(raw) + 1 for raw in list(_raw_cells(line, delimiter))[:position])


def learn_fields(names: Sequence[str], source: Source) -> tuple[str, tuple[Field, ...]]:
    """The label's column, and the fields, without values yet, of a training file with columns ``names``. Raises LineError if
    there is no label column, no field, or no column for one of the names in ``source.numeric``."""
    label_column = _label_column(names, source)
    columns = [name for name in names if name != label_column and not _is_id(name)]
    if not columns:
        raise LineError("the header has no column besides the label")
    for position, name in enumerate(names):
        if _NAMELESS.fullmatch(name):
            column = 1 + sum(len(other) + 1 for other in names[:position])
            raise LineError(
                "a column without a name: call it id if it is an index, which is then dropped, or give it a name", column
            )
    known, numeric = set(columns), set(source.numeric)
    for name in source.numeric:
        if name not in known:
            raise LineError(f"the header has no field {quote(name)} to be numeric")
    fields: list[Field] = []
    for name in columns:
        if source.format == "avazu" and name == "hour":
            fields += [Field("hour_of_day", name, "hour_of_day"), Field("weekday", name, "weekday")]
        elif source.format != "avazu" and (_INTEGER_COLUMN.fullmatch(name) or name in numeric):
            fields.append(Field(name, name, "numeric"))
        else:
            fields.append(Field(name, name, "categorical"))
    return label_column, tuple(fields)


def _label_column(names: Sequence[str], source: Source) -> str:
    wanted = "click" if source.format == "avazu" else source.label_column
    if wanted is None:
        found = [name for name in names if name.lower() in _LABEL_NAMES]
        if not found:
            raise LineError(f"the header has no column named {', '.join(_LABEL_NAMES)}")
        if len(found) > 1:
            raise LineError(
                f"the columns {quote(found[0])} and {quote(found[1])} may both be the label: name it by label_column"
            )
        return found[0]
    if wanted not in names:
        raise LineError(f"the header has no label column {quote(wanted)}")
    return wanted


def _is_id(name: str) -> bool:
    return name.lower() == "id"


@dataclass(frozen=True)
class Layout:
    """The places at which one file keeps its label and its fields.

    label : position of the label's column, None if labels are not read.
    fields : for each field, the position of its column and the field's kind.
    """

    delimiter: str
    n_columns: int
    label: int | None
    fields: tuple[tuple[int, str], ...]


def locate(names: Sequence[str], delimiter: str, feature_map: FeatureMap, *, labels: bool) -> Layout:
    """The layout of a file whose columns, in any order, are those that the map was learned from. Without ``labels`` the label
    column may be absent. Raises LineError if another column is absent, repeated, or unknown to the map."""
    wanted = {field.column for field in feature_map.fields} | ({feature_map.label_column} if labels else set())
    position_of: dict[str, int] = {}
    for position, name in enumerate(names):
        if position_of.setdefault(name, position) != position:
            raise LineError(f"the header has two columns {quote(name)}")
    for name in sorted(wanted):
        if name not in position_of:
            raise LineError(f"the header has no column {quote(name)}")
    for name in names:
        if name not in wanted and name != feature_map.label_column and not _is_id(name):
            raise LineError(f"the header has a column {quote(name)} that the training file had not")
    return Layout(
        delimiter,
        len(names),
        position_of[feature_map.label_column] if labels else None,
        tuple((position_of[field.column], field.kind) for field in feature_map.fields),
    )


def parse_row(line: str, layout: Layout, positive_label: str | None) -> list[str] | None:
    """The careful parser: the cells of one line, each proven good, or None for a blank line. Raises LineError for a wrong
    number of cells, a bad label, a cell that its field's kind cannot read, or a blank line that may be a row of one cell."""
    if not line:
        if layout.n_columns == 1:
            raise LineError('a blank line may stand for an empty cell, or for no row: write "", or remove it')
        return None
    cells = split_cells(line, layout.delimiter)
    if len(cells) != layout.n_columns:
        column = cell_column(line, layout.delimiter, layout.n_columns)
        message = f"expected {layout.n_columns} columns, got {len(cells)} in {quote(line)}"
        raise LineError(message, min(column, len(line) + 1))
    found = first_bad(cells, layout, positive_label)
    if found is not None:
        position, bad = found
        raise bad.at(cell_column(line, layout.delimiter, position))
    return cells


def first_bad(
    cells: Sequence[str] | Mapping[int, str], layout: Layout, positive_label: str | None
) -> tuple[int, LineError] | None:
    """The position of the first cell of a row that is a bad label, or that its field's kind cannot read, and what is wrong
    with it; None where all are good."""
    position = 0
    try:
        if layout.label is not None:
            position = layout.label
            label(cells[position], positive_label)
        for position, kind in layout.fields:  # the except clause reads position
            TOKEN[kind](cells[position])
    except LineError as bad:
        return position, bad
    return None
