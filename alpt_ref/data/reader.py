"""The two verbs of reading: read a training file and learn its map; read any later file by that map."""

from alpt_ref.data.dataset import Dataset
from alpt_ref.data.errors import DataError, quote
from alpt_ref.data.feature_map import FeatureMap
from alpt_ref.data.indexed import read_indexed
from alpt_ref.data.source import Source
from alpt_ref.data.tabular import fit_table, read_table
from alpt_ref.tools.input import PathLike, named


def fit_read(path: PathLike, source: Source) -> tuple[Dataset, FeatureMap]:
    """The data set of a training file, and the map, learned from it, by which later files are read.

    The file is streamed once; plain, gzip and bzip2 files are told apart by their first bytes. Memory grows with the rows'
    indices and, for a dictionary, with the distinct values; hashing keeps nothing.

    Raises DataError, in one sentence that begins with the file's name, if the file is missing, truncated, corrupt or without
    rows; at its first malformed line, with line and column (unless ``source.on_bad_line`` is "skip"); and where it can be read
    in two ways: no row has the positive label, numbers to be bucketed are scaled to [-1, 1], an index is in two fields.
    """
    if not isinstance(source, Source):
        raise ValueError(f"source must be a Source, got {type(source).__name__}")
    if source.is_indexed:
        dataset = read_indexed(path, source, source.n_features, labels=True)
        feature_map = FeatureMap(source, dataset.X.shape[1])
    else:
        dataset, feature_map = fit_table(path, source)
    _check_positives(path, dataset, source)
    return dataset, feature_map


def read(path: PathLike, feature_map: FeatureMap, *, labels: bool = True) -> Dataset:
    """The data set of a later file, read by a map learned before; X has ``feature_map.n_features`` columns.

    Entries for which the map has no feature are counted in ``n_unseen``. With ``labels=False`` the labels may be absent and y
    is NaN. Raises DataError as ``fit_read`` does.
    """
    if not isinstance(feature_map, FeatureMap):
        raise ValueError(f"feature_map must be a FeatureMap, got {type(feature_map).__name__}")
    source = feature_map.source
    if source.is_indexed:
        dataset = read_indexed(path, source, feature_map.n_features, labels=labels)
    else:
        dataset = read_table(path, feature_map, labels=labels)
    if labels:
        _check_positives(path, dataset, source)
    return dataset


def _check_positives(path: PathLike, dataset: Dataset, source: Source) -> None:
    """DataError where the positive label never occurs: it may be a misspelling, or none of the rows was a click."""
    if source.positive_label is not None and not dataset.y.any():
        raise DataError(f"{named(path)}: no row has the label {quote(source.positive_label)}, the positive_label")
