"""The two verbs of reading: read a training file or frame and learn its map; read any later one by that map."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from alpt_ref.data.cells import Table, fit_table, read_table
from alpt_ref.data.dataset import Dataset
from alpt_ref.data.errors import DataError, quote
from alpt_ref.data.feature_map import FeatureMap
from alpt_ref.data.frames import DataFrame, is_frame, open_frame, title
from alpt_ref.data.indexed import read_indexed
from alpt_ref.data.lines import opened
from alpt_ref.data.parquet import open_parquet
from alpt_ref.data.source import Source
from alpt_ref.data.tabular import open_text
from alpt_ref.tools.input import PathLike, named


def fit_read(data: PathLike | DataFrame, source: Source) -> tuple[Dataset, FeatureMap]:
    """The data set of a training file, or of a data frame of pandas or polars or an Arrow table, and the map, learned from it,
    by which later ones are read.

    A file is streamed once (a Parquet file with columns of floats: twice); plain, gzip and bzip2 files are told apart by their
    first bytes. Memory grows with the rows' indices and, for a dictionary, with the distinct values; hashing keeps nothing.

    A frame, and a Parquet file, have the map of the same table as CSV. A column of floats, some with a fraction, is one of
    numbers, and the map's source names it in ``numeric``; floats that are all whole are integers, which pandas keeps so where
    one is missing. Missing values (None, NaN, NA) are empty cells. True and False are spelt so, and are the labels 1 and 0.
    A frame's index is not read.

    Warns, by a DataWarning, of a column of categories nearly all of which are numbers and occur once.

    Raises DataError, in one sentence that begins with the file's name, if the file is missing, truncated, corrupt or without
    rows, or not of the format; at its first malformed line, with line and column, or row, with its number from 0 (unless
    ``source.on_bad_line`` is "skip"); for values that are neither text nor numbers nor booleans; and where it can be read in
    two ways: no row has the positive label, numbers to be bucketed are scaled to [-1, 1], an index is in two fields.
    """
    if not isinstance(source, Source):
        raise ValueError(f"source must be a Source, got {type(source).__name__}")
    if source.is_indexed:
        dataset = read_indexed(_path(data, source), source, source.n_features, labels=True)
        feature_map = FeatureMap(source, dataset.X.shape[1])
    else:
        with _table(data, source, labels=True, strict=True) as table:
            dataset, feature_map = fit_table(table, source)
    _check_positives(data, dataset, source)
    return dataset, feature_map


def read(data: PathLike | DataFrame, feature_map: FeatureMap, *, labels: bool = True) -> Dataset:
    """The data set of a later file or frame, read by a map learned before; X has ``feature_map.n_features`` columns.

    A table may be stored in another way than that which the map was learned from: as text, as a Parquet file, which is told by
    its first bytes, or as a frame. Entries for which the map has no feature are counted in ``n_unseen``. With ``labels=False``
    the labels may be absent and y is NaN. Raises DataError as ``fit_read`` does.
    """
    if not isinstance(feature_map, FeatureMap):
        raise ValueError(f"feature_map must be a FeatureMap, got {type(feature_map).__name__}")
    source = feature_map.source
    if source.is_indexed:
        dataset = read_indexed(_path(data, source), source, feature_map.n_features, labels=labels)
    else:
        with _table(data, source, labels=labels, strict=False) as table:
            dataset = read_table(table, feature_map, labels=labels)
    if labels:
        _check_positives(data, dataset, source)
    return dataset


@contextmanager
def _table(data: PathLike | DataFrame, source: Source, *, labels: bool, strict: bool) -> Iterator[Table]:
    """Yield the table that ``data`` holds. strict : the format of a file must be that which ``source`` names."""
    if is_frame(data):
        yield open_frame(data)
        return
    path = _path(data, source)
    with opened(path) as (stream, is_parquet):
        if strict and is_parquet != (source.format == "parquet"):
            said = "a Parquet file: give format 'parquet'" if is_parquet else "no Parquet file: give the format it has"
            raise DataError(f"{named(path)}: is {said}, not {source.format!r}")
        yield open_parquet(path, stream) if is_parquet else open_text(path, stream, source, labels=labels)


def _path(data: PathLike | DataFrame, source: Source) -> PathLike:
    """``data``, which has to be the path of a file. Raises ValueError."""
    if is_frame(data):
        raise ValueError(f"format must be csv or parquet for a data frame, got {source.format!r}")
    if not isinstance(data, str | os.PathLike):
        raise ValueError(f"data must be the path of a file, or a data frame in memory, got {type(data).__name__}")
    return data


def _check_positives(data: PathLike | DataFrame, dataset: Dataset, source: Source) -> None:
    """DataError where the positive label never occurs: it may be a misspelling, or none of the rows was a click."""
    if source.positive_label is not None and not dataset.y.any():
        raise DataError(f"{title(data)}: no row has the label {quote(source.positive_label)}, the positive_label")
