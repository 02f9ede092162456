"""From the cells of a table, as text, to features: one-hot, field by field. How cells are stored is up to the table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.dataset import Dataset, one_hot
from alpt_ref.data.errors import DataError, LineError, quote
from alpt_ref.data.feature_map import FeatureMap
from alpt_ref.data.layout import Layout, learn_fields, locate
from alpt_ref.data.notes import note_floats
from alpt_ref.data.source import Source
from alpt_ref.data.tokens import TOKEN, as_clicks, label

Indexer: TypeAlias = Callable[[str], int]
Token: TypeAlias = Callable[[str], str]
Columns: TypeAlias = Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Cells:
    """Cells as integers: indices int32 (n, n_fields); y float32 (n,); the number of rows skipped."""

    indices: NDArray[np.int32]
    y: NDArray[np.float32]
    n_skipped: int = 0


Encode: TypeAlias = Callable[[Columns, int], Cells]


@dataclass(frozen=True)
class Plan:
    """All that a table needs to hand out its rows as features.

    layout : the places of the label and of the fields. encode : makes Cells of the texts of n rows, column by column; raises
    LineError, without a place, for any bad cell. known : by its place, the values that a column's field has features for; empty
    in training and with the hashing trick. source : what is a good label, and what happens to a bad row.
    """

    layout: Layout
    encode: Encode
    known: Mapping[int, frozenset[str]]
    source: Source


class Table(Protocol):
    """An opened table: text, a data frame, or a Parquet file."""

    @property
    def name(self) -> str:
        """The name of the table in messages."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""

    @property
    def delimiter(self) -> str:
        """The text between two cells; empty where cells are no text."""

    def refused(self, bad: LineError) -> DataError:
        """The error on the names of the columns that ``bad`` is about."""

    def numbers(self, names: Sequence[str]) -> tuple[str, ...]:
        """The columns among ``names`` that are numbers by their type, one of them with a fraction."""

    def blocks(self, plan: Plan) -> Iterator[Cells]:
        """The rows, in order, some at a time. Raises DataError at the first bad one, or skips and counts it."""


def fit_table(table: Table, source: Source) -> tuple[Dataset, FeatureMap]:
    """The data set of a training table, and the map learned from it. Raises DataError as ``fit_read`` does.

    The map says "csv" for every table that goes by the names of its columns, and has columns of floats among the numeric ones:
    it is the map of the same table as CSV.
    """
    try:
        label_column, fields = learn_fields(table.names, source)
    except LineError as bad:
        raise table.refused(bad) from None
    if source.is_named:
        numbers = table.numbers([field.column for field in fields if field.kind == "categorical"])
        source = replace(source, format="csv", numeric=source.numeric + numbers)
        fields = tuple(replace(field, kind="numeric") if field.column in numbers else field for field in fields)
    feature_map = FeatureMap(source, source.hash_bins or 0, label_column, fields)
    tokens = [Scale() if source.format == "csv" and field.kind == "numeric" else TOKEN[field.kind] for field in fields]
    if source.hash_bins is not None:
        cells = _read_cells(table, feature_map, feature_map.indexers(), tokens, labels=True)
        _check_scales(table, feature_map, tokens)
        return Dataset(one_hot(cells.indices, source.hash_bins), cells.y, cells.n_skipped, 0), feature_map
    codes: tuple[dict[str, int], ...] = tuple({} for _ in fields)
    cells = _read_cells(table, feature_map, tuple(map(_learner, codes)), tokens, labels=True)
    _check_scales(table, feature_map, tokens)
    feature_map = _settle(cells.indices, codes, feature_map)
    if source.is_named:
        note_floats(table.name, cells.indices, feature_map)
    return _dataset(cells, feature_map), feature_map


def read_table(table: Table, feature_map: FeatureMap, *, labels: bool) -> Dataset:
    """The data set of a later table, read by its map. Raises DataError as ``read`` does."""
    tokens = [TOKEN[field.kind] for field in feature_map.fields]
    return _dataset(_read_cells(table, feature_map, feature_map.indexers(), tokens, labels=labels), feature_map)


@dataclass
class Scale:
    """Makes buckets of the numbers of a column, and watches whether they are scaled, so that all are one or two buckets."""

    small: bool = True
    whole: bool = True

    def __call__(self, text: str) -> str:
        """The bucket of a number."""
        token = TOKEN["numeric"](text)
        if text:
            self.small &= abs(float(text)) <= 1.0
            self.whole &= float(text).is_integer()
        return token


def _check_scales(table: Table, feature_map: FeatureMap, tokens: Sequence[Token]) -> None:
    """DataError for a numeric column whose numbers are fractions in [-1, 1]."""
    as_categories = "without numeric" if table.delimiter else "as text"
    for field, token in zip(feature_map.fields, tokens, strict=True):
        if isinstance(token, Scale) and token.small and not token.whole:
            raise DataError(
                f"{table.name}: the numbers of column {quote(field.column)} are fractions within [-1, 1], and buckets begin "
                f"at whole numbers: multiply them first, or let each value be a category, {as_categories}"
            )


def _read_cells(
    table: Table, feature_map: FeatureMap, indexers: Sequence[Indexer], tokens: Sequence[Token], *, labels: bool
) -> Cells:
    source = feature_map.source
    try:
        layout = locate(table.names, table.delimiter, feature_map, labels=labels)
    except LineError as bad:
        raise table.refused(bad) from None

    def encode(columns: Columns, n: int) -> Cells:
        indices = np.empty((n, len(indexers)), np.int32)
        for f, ((position, _), indexer, token) in enumerate(zip(layout.fields, indexers, tokens, strict=True)):
            # Each distinct text is worked out once a block: this is what makes plain Python fast enough.
            index_of = {text: indexer(token(text)) for text in set(columns[position])}
            indices[:, f] = [index_of[text] for text in columns[position]]
        if layout.label is None:
            return Cells(indices, np.full(n, np.nan, np.float32))
        texts = columns[layout.label]
        label_of = {text: label(text, source.positive_label) for text in set(texts)}
        return Cells(indices, np.array([label_of[text] for text in texts], np.float32))

    fields = zip(layout.fields, feature_map.fields, strict=True)
    known = {position: frozenset(field.values) for (position, kind), field in fields if kind == "categorical" and field.values}
    blocks = list(table.blocks(Plan(layout, encode, known, source)))
    if not sum(block.y.size for block in blocks):
        raise DataError(f"{table.name}: no rows")
    y = as_clicks(np.concatenate([block.y for block in blocks]), table.name)
    return Cells(np.concatenate([block.indices for block in blocks]), y, sum(block.n_skipped for block in blocks))


def _learner(codes: dict[str, int]) -> Indexer:
    """A function that numbers values as they come. The order means nothing (it is that of a set), and ``_settle`` renumbers
    them."""
    return lambda value: codes.setdefault(value, len(codes))


def _settle(codes: NDArray[np.int32], code_of: Sequence[dict[str, int]], feature_map: FeatureMap) -> FeatureMap:
    """The feature map with the dictionaries that were learned; ``codes`` (n, n_fields) become features in place. A value met
    only in skipped rows has a code but no count, and so no feature."""
    min_count = feature_map.source.min_count
    fields = []
    n_features = 0
    for field, column, known in zip(feature_map.fields, codes.T, code_of, strict=True):
        counts = np.bincount(column, minlength=len(known))
        values = sorted(value for value, code in known.items() if counts[code] >= min_count)
        feature_of_code = np.full(len(known), n_features, np.int32)
        feature_of_code[[known[value] for value in values]] += np.arange(1, len(values) + 1, dtype=np.int32)
        column[:] = feature_of_code[column]
        fields.append(replace(field, values=tuple(values)))
        n_features += 1 + len(values)
    return replace(feature_map, n_features=n_features, fields=tuple(fields))


def _dataset(cells: Cells, feature_map: FeatureMap) -> Dataset:
    hashed = feature_map.source.hash_bins is not None
    n_unseen = 0 if hashed else int((cells.indices == np.array(feature_map.offsets)).sum())
    return Dataset(one_hot(cells.indices, feature_map.n_features), cells.y, cells.n_skipped, n_unseen)
