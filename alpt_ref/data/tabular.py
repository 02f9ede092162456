"""The reader of criteo, avazu and csv: tables of values, one-hot encoded field by field.

criteo is a table without a header: label, I1..I13, C1..C26, tab separated. avazu is a comma-separated table with the label
``click``, whose column ``hour`` (YYMMDDHH) becomes the fields hour_of_day and weekday. csv is any table with a header,
separated by tabs if the header has one, else by commas. Columns named id, in any case, are dropped. An empty cell is a value of
its own. A cell may be quoted ("a,b", with "" for a quote) but cannot contain a line end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.dataset import Dataset, one_hot
from alpt_ref.data.errors import DataError, LineError, quote
from alpt_ref.data.feature_map import FeatureMap
from alpt_ref.data.layout import CRITEO_COLUMNS, Layout, learn_fields, locate, parse_row, split_cells
from alpt_ref.data.lines import Chunk, bad_line, no_rows, parse_chunks, read_chunks
from alpt_ref.data.source import Source
from alpt_ref.data.tokens import TOKEN, as_clicks, label
from alpt_ref.tools.input import PathLike, named

Indexer = Callable[[str], int]
Token = Callable[[str], str]


@dataclass(frozen=True)
class OpenedTable:
    """An opened file: its column names, and the chunks of lines below the header."""

    path: PathLike
    names: tuple[str, ...]
    delimiter: str
    chunks: Iterator[Chunk]


@dataclass(frozen=True)
class Cells:
    """The cells of a file as integers: indices int32 (n, n_fields); y float32 (n,); the number of lines skipped."""

    indices: NDArray[np.int32]
    y: NDArray[np.float32]
    n_skipped: int = 0


def fit_table(path: PathLike, source: Source) -> tuple[Dataset, FeatureMap]:
    """The data set of a training file, and the map learned from it. Raises DataError as ``fit_read`` does."""
    table = _open(path, source, labels=True)
    try:
        label_column, fields = learn_fields(table.names, source)
    except LineError as bad:
        raise bad_line(path, 1, bad) from None
    feature_map = FeatureMap(source, source.hash_bins or 0, label_column, fields)
    tokens = [Scale() if source.format == "csv" and field.kind == "numeric" else TOKEN[field.kind] for field in fields]
    if source.hash_bins is not None:
        cells = _read_cells(table, feature_map, feature_map.indexers(), tokens, labels=True)
        _check_scales(path, feature_map, tokens)
        return Dataset(one_hot(cells.indices, source.hash_bins), cells.y, cells.n_skipped, 0), feature_map
    codes: tuple[dict[str, int], ...] = tuple({} for _ in fields)
    cells = _read_cells(table, feature_map, tuple(map(_learner, codes)), tokens, labels=True)
    _check_scales(path, feature_map, tokens)
    feature_map = _settle(cells.indices, codes, feature_map)
    return _dataset(cells, feature_map), feature_map


def read_table(path: PathLike, feature_map: FeatureMap, *, labels: bool) -> Dataset:
    """The data set of a later file, read by its map. Raises DataError as ``read`` does."""
    table = _open(path, feature_map.source, labels=labels)
    tokens = [TOKEN[field.kind] for field in feature_map.fields]
    return _dataset(_read_cells(table, feature_map, feature_map.indexers(), tokens, labels=labels), feature_map)


def _open(path: PathLike, source: Source, *, labels: bool) -> OpenedTable:
    chunks = read_chunks(path)
    first = next(chunks, None)
    if first is None:
        raise no_rows(path)
    if source.format == "criteo":
        unlabelled = not labels and first.lines[0].count("\t") == len(CRITEO_COLUMNS) - 2
        return OpenedTable(path, CRITEO_COLUMNS[1:] if unlabelled else CRITEO_COLUMNS, "\t", chain([first], chunks))
    header, *below = first.lines
    delimiter = "\t" if source.format == "csv" and "\t" in header else ","
    names = tuple(split_cells(header, delimiter))
    other = next((mark for mark in ";|" if mark in header), None)
    if len(names) == 1 and other is not None:
        said = f"the header is one column: cells are separated by commas or tabs, not by {quote(other)}"
        raise bad_line(path, 1, LineError(said))
    return OpenedTable(path, names, delimiter, chain([Chunk(first.first_line + 1, below)], chunks))


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


def _check_scales(path: PathLike, feature_map: FeatureMap, tokens: Sequence[Token]) -> None:
    """DataError for a numeric column whose numbers are fractions in [-1, 1]."""
    for field, token in zip(feature_map.fields, tokens, strict=True):
        if isinstance(token, Scale) and token.small and not token.whole:
            raise DataError(
                f"{named(path)}: the numbers of column {quote(field.column)} are fractions within [-1, 1], and buckets begin "
                "at whole numbers: multiply them first, or let each value be a category, without numeric"
            )


def _read_cells(
    table: OpenedTable, feature_map: FeatureMap, indexers: Sequence[Indexer], tokens: Sequence[Token], *, labels: bool
) -> Cells:
    source = feature_map.source
    try:
        layout = locate(table.names, table.delimiter, feature_map, labels=labels)
    except LineError as bad:
        raise bad_line(table.path, 1, bad) from None

    def gather(rows: Sequence[Sequence[str]]) -> Cells:
        return _encode(rows, layout, indexers, tokens, source.positive_label)

    def fast(lines: Sequence[str]) -> Cells | None:
        if layout.n_columns == 1 and "" in lines:
            return None
        try:
            return gather([split_cells(line, layout.delimiter) for line in lines if line])
        except LineError:
            return None

    careful = partial(parse_row, layout=layout, positive_label=source.positive_label)
    parts = parse_chunks(table.path, table.chunks, fast, careful, gather, skip=source.on_bad_line == "skip")
    blocks = [replace(block, n_skipped=bad) for block, bad in parts]
    y = np.concatenate([block.y for block in blocks])
    if not y.size:
        raise no_rows(table.path)
    y = as_clicks(y, named(table.path))
    return Cells(np.concatenate([block.indices for block in blocks]), y, sum(block.n_skipped for block in blocks))


def _encode(
    rows: Sequence[Sequence[str]],
    layout: Layout,
    indexers: Sequence[Indexer],
    tokens: Sequence[Token],
    positive_label: str | None,
) -> Cells:
    """The cells of rows of text, as the indexers number them. Raises LineError, without a place, for any bad row."""
    if any(len(row) != layout.n_columns for row in rows):
        raise LineError("a wrong number of columns")
    columns = list(zip(*rows, strict=True)) if rows else [()] * layout.n_columns
    indices = np.empty((len(rows), len(indexers)), np.int32)
    for f, ((position, _), indexer, token) in enumerate(zip(layout.fields, indexers, tokens, strict=True)):
        # Each distinct text is worked out once a chunk: this is what makes plain Python fast enough.
        index_of = {text: indexer(token(text)) for text in set(columns[position])}
        indices[:, f] = [index_of[text] for text in columns[position]]
    if layout.label is None:
        return Cells(indices, np.full(len(rows), np.nan, np.float32))
    texts = columns[layout.label]
    label_of = {text: label(text, positive_label) for text in set(texts)}
    return Cells(indices, np.array([label_of[text] for text in texts], np.float32))


def _learner(codes: dict[str, int]) -> Indexer:
    """A function that numbers values as they come. The order means nothing (it is that of a set), and ``_settle`` renumbers
    them."""
    return lambda value: codes.setdefault(value, len(codes))


def _settle(codes: NDArray[np.int32], code_of: Sequence[dict[str, int]], feature_map: FeatureMap) -> FeatureMap:
    """The feature map with the dictionaries that were learned; ``codes`` (n, n_fields) become features in place. A value met
    only on skipped lines has a code but no count, and so no feature."""
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
