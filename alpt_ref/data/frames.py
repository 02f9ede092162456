"""Tables whose columns have types: data frames of pandas and polars, Arrow tables, and batches of a Parquet file.

They are read as the CSV of the same table: a cell becomes the text that stands there, a missing value the empty one. Neither
pandas nor polars is imported: a frame is asked for its columns, and a column for a list of Python's own values.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from alpt_ref.data.cells import Cells, Plan
from alpt_ref.data.errors import DataError, LineError, quote
from alpt_ref.data.layout import first_bad
from alpt_ref.tools.checks import PANDAS_MISSING
from alpt_ref.tools.input import named

if TYPE_CHECKING:
    from typing_extensions import TypeIs

CHUNK_ROWS = 1 << 16
TOO_LARGE = 10**4000  # Python refuses to write some digits more
FRAME = "the data frame"  # its name in messages
_MISSING = ("NoneType", *PANDAS_MISSING)
_CATEGORIES = ("category", "categorical", "enum", "dictionary")
_FLOATS = ("float", "double", "decimal", "object")

Chunks = Callable[[Sequence[int]], Iterator[list[list[Any]]]]


class DataFrame(Protocol):
    """A table in memory, as pandas, polars and Arrow have them."""

    @property
    def shape(self) -> tuple[int, int]:
        """Its rows and columns."""

    @property
    def columns(self) -> Any:
        """Its columns, or their names."""


def is_frame(data: object) -> "TypeIs[DataFrame]":
    """True for a table in memory."""
    return not isinstance(data, str | os.PathLike) and hasattr(data, "shape") and hasattr(data, "columns")


def title(data: Any) -> str:
    """The name of a file or a frame in messages."""
    return FRAME if is_frame(data) else named(data)


@dataclass(frozen=True)
class TypedTable:
    """A table whose columns have types: its name in messages, the names of its columns, and their types in words.

    chunks : takes the places of columns, and yields the values of each of them for some rows, again and again until all rows
    have been there. It can be called more than once.
    """

    name: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    chunks: Chunks
    delimiter: str = ""

    def refused(self, bad: LineError) -> DataError:
        """The error on the names of the columns; in text they are the header."""
        return DataError(f"{self.name}: {str(bad).removeprefix('the header ')}")

    def numbers(self, names: Sequence[str]) -> tuple[str, ...]:
        """The columns among ``names`` that are numbers: floats or decimals, one of which has a fraction. Floats that are all
        whole are integers: pandas keeps integers as floats where one is missing."""
        places = [self.names.index(name) for name in names if _may_be_floats(self.types[self.names.index(name)])]
        fractions, others = set[int](), set[int]()
        for columns in self.chunks(places) if places else ():
            for place, values in zip(places, columns, strict=True):
                kinds = {kind.__name__ for kind in map(type, values)}
                if not all(kind in _MISSING or kind.startswith(("float", "int", "uint", "Decimal")) for kind in kinds):
                    others.add(place)
                elif place not in fractions and any(map(_has_fraction, values)):
                    fractions.add(place)
        return tuple(self.names[place] for place in places if place in fractions - others)

    def blocks(self, plan: Plan) -> Iterator[Cells]:
        """The rows, some at a time."""
        layout = plan.layout
        places = sorted({position for position, _ in layout.fields} | ({layout.label} if layout.label is not None else set()))
        start = 0
        for columns in self.chunks(places):
            texts = {place: self._texts(place, values, plan, start) for place, values in zip(places, columns, strict=True)}
            n = len(columns[0])
            try:
                yield plan.encode(texts, n)
            except LineError:
                yield self._careful(texts, n, plan, start)
            start += n

    def _texts(self, place: int, values: Sequence[Any], plan: Plan, start: int) -> list[str]:
        """The cells of a column as text, from row ``start`` on. Raises DataError for a value that is none."""
        is_label = place == plan.layout.label and plan.source.positive_label is None
        spell = _speller(plan.known.get(place, frozenset()), boolean=("0", "1") if is_label else ("False", "True"))
        texts: list[str] = []
        try:
            texts += map(spell, values)  # what has been spelt stays if one cannot be
        except LineError as bad:
            raise self._bad_cell(place, start + len(texts), bad) from None
        return texts

    def _careful(self, texts: Mapping[int, Sequence[str]], n: int, plan: Plan, start: int) -> Cells:
        """The good ones of some rows, the first bad one of which is an error unless it is to be skipped."""
        good = []
        for i in range(n):
            found = first_bad({place: column[i] for place, column in texts.items()}, plan.layout, plan.source.positive_label)
            if found is None:
                good.append(i)
            elif plan.source.on_bad_line != "skip":
                raise self._bad_cell(found[0], start + i, found[1])
        kept = {place: [column[i] for i in good] for place, column in texts.items()}
        return replace(plan.encode(kept, len(good)), n_skipped=n - len(good))

    def _bad_cell(self, place: int, row: int, bad: LineError) -> DataError:
        return DataError(f"{self.name}: column {quote(self.names[place])}, row {row} (from 0): {bad}")


def open_frame(frame: Any) -> TypedTable:
    """The table that a frame is; its index, if it has one, is no column of it."""
    n, width = frame.shape
    labels = frame.column_names if hasattr(frame, "column_names") else frame.columns
    columns = [_column(frame, place) for place in range(width)]

    def chunks(places: Sequence[int]) -> Iterator[list[list[Any]]]:
        for start in range(0, n, CHUNK_ROWS):
            yield [_values(columns[place], start) for place in places]

    types = tuple(str(getattr(column, "dtype", None) or column.type) for column in columns)
    names = tuple("" if name is None or name is np.nan else str(name) for name in labels)
    return TypedTable(FRAME, names, types, chunks)


def _column(frame: Any, place: int) -> Any:
    if hasattr(frame, "iloc"):
        return frame.iloc[:, place]
    return frame.to_series(place) if hasattr(frame, "to_series") else frame.column(place)


def _values(column: Any, start: int) -> list[Any]:
    part = column.iloc[start : start + CHUNK_ROWS] if hasattr(column, "iloc") else column.slice(start, CHUNK_ROWS)
    values: list[Any] = part.to_list() if hasattr(part, "to_list") else part.to_pylist()
    return values


def _may_be_floats(kind: str) -> bool:
    """True where a column of this type may hold floats, and is none of categories, whatever these are."""
    words = kind.lower()
    return not words.startswith(_CATEGORIES) and any(word in words for word in _FLOATS)


def _has_fraction(value: Any) -> bool:
    """True for a number with a fraction, and for one that is not finite."""
    if isinstance(value, Decimal):
        return not (value.is_nan() or _is_whole(value))
    return isinstance(value, float | np.floating) and value == value and not float(value).is_integer()


def _is_whole(value: Decimal) -> bool:
    """True for a finite number without a fraction; in the decimal's own digits, which a float has no room for."""
    return value.is_finite() and value == value.to_integral_value()


def _speller(known: frozenset[str], boolean: tuple[str, str]) -> Callable[[Any], str]:
    """A function that spells a value: as CSV does, but whole numbers without a decimal point, whether they are kept as integers
    or as floats. Only where the field knows a number with one, 7.0 or 1e+16, and not its digits, it is spelt so. Raises
    LineError."""

    def whole(value: Any) -> str:
        if not -TOO_LARGE < value < TOO_LARGE:
            raise LineError("expected a number of at most 4,000 digits")
        digits = str(int(value))
        if not known or digits in known:
            return digits
        return next((written for written in (f"{digits}.0", str(value)) if written in known), digits)

    def fraction(value: float) -> str:
        return "" if value != value else whole(value) if value.is_integer() else repr(value)

    def decimal(value: Decimal) -> str:
        if value.is_nan():
            return ""
        if _is_whole(value):
            return whole(value)
        return str(value) if str(value) in known else repr(float(value))

    def text(value: str) -> str:
        if "\n" in value:
            raise LineError(f"a value cannot contain a line end, got {quote(value)}")
        return value

    spelling: dict[type, Callable[[Any], str]] = {
        str: text,
        int: whole,
        float: fraction,
        bool: lambda value: boolean[value],
        bytes: lambda value: text(value.decode("utf-8", "surrogateescape")),
        Decimal: decimal,
    }

    def spell(value: Any) -> str:
        spelt = spelling.get(type(value))
        if spelt is not None:
            return spelt(value)
        kind = type(value).__name__
        if kind in _MISSING:
            return ""
        if isinstance(value, np.generic) and type(value.item()) in spelling:
            return spell(value.item())
        if isinstance(value, str):  # of a class of one's own
            return text(str(value))
        raise LineError(f"expected text, a number or a boolean, got a {kind}: make it text")

    return spell
