"""The place where X and y become rows: arguments of models, checked and brought to the one form that the loops read."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.tools.checks import as_labels, check_unmasked, is_integer
from alpt_ref.tools.sparse import canonical

Columns = tuple[str | int, ...] | None


class Rows(NamedTuple):
    """Examples as compressed sparse rows: the features of a row are sorted, and each stands once.

    Row i owns the entries indptr[i] .. indptr[i + 1] - 1. indptr : int64 (n + 1,); indices, the feature of each entry : int32
    (nnz,); values : float32 (nnz,).
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[float32]


def column_names(X: Any) -> Columns:
    """The names of the columns of a table, as data frames have them: integers stay, all others become text. None where there
    are none."""
    names = getattr(X, "columns", None)
    if names is None or callable(names):
        return None
    return columns_of(name if isinstance(name, str) else int(name) if is_integer(name) else str(name) for name in names)


def columns_of(names: Iterable[Any]) -> Columns:
    """The names as a tuple; ValueError where one is neither text nor an integer."""
    columns = tuple(names)
    if not all(isinstance(name, str) or is_integer(name) for name in columns):
        raise ValueError("column names must be text or integers")
    return columns


def check_columns(X: Any, known: Columns) -> None:
    """Raise ValueError where ``X`` has named columns that are not those of ``fit``, ``known``, in their order: a model goes by
    places. Nothing is asked where one of the two has no names, or the numbers of its places, which frames are given by default.
    """
    names = column_names(X)
    if names is None or known is None or names == known:
        return
    there = set(names)
    if not there & set(known) and any(named == tuple(range(len(named))) for named in (names, known)):
        return
    lacking = [name for name in known if name not in there]
    if lacking:
        raise ValueError(f"X has no column {lacking[0]!r}, which it had in fit")
    if len(names) != len(known):
        raise ValueError(f"X has {len(names)} columns, {len(known)} in fit")
    at = next(i for i, (name, other) in enumerate(zip(names, known, strict=True)) if name != other)
    raise ValueError(f"column {at} of X is {names[at]!r} and was {known[at]!r} in fit: give the columns in that order")


def check_index(X: Any, y: Any) -> None:
    """Raise ValueError where X and y name the same rows, as data frames do, in different orders: rows go by places, and may
    have been meant to go by name."""
    rows, labels = getattr(X, "index", None), getattr(y, "index", None)
    if rows is None or labels is None or callable(rows) or callable(labels):
        return
    names, others = list(rows), list(labels)
    if names != others and set(names) == set(others):
        raise ValueError("y has its rows in another order than X: bring both to one index")


def as_examples(
    X: Any, y: Any, name: str, n_features: int | None = None, columns: Columns = None
) -> tuple[Rows, NDArray[float32], tuple[int, int], int]:
    """The rows of ``X``, the labels ``y`` of theirs in {0, 1}, the pair that they are written in, and the number of features.

    ValueError, as :func:`as_rows`, :func:`check_columns` and ``as_labels`` raise it, and where there is not one example.
    """
    check_columns(X, columns)
    check_index(X, y)
    rows, d = as_rows(X, n_features)
    if rows.indptr.size == 1:
        raise ValueError(f"{name} has no examples")
    labels, classes = as_labels(y, rows.indptr.size - 1)
    return rows, labels, classes, d


def as_rows(X: Any, n_features: int | None = None) -> tuple[Rows, int]:
    """``X`` (n, d), sparse or dense, as Rows, and its number of features d.

    Entries of a row with the same index add up, and stored zeros are dropped. X itself is never changed.

    Raises ValueError on non-finite values, on anything but a valid matrix of real numbers, where d or the number of entries
    exceeds 2^31 - 1, and where d is not ``n_features``, if that is given.
    """
    if not sp.issparse(X):
        check_unmasked("X", X)
        X = np.asarray(X)
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        raise ValueError(f"X must be a matrix of real numbers, got shape {X.shape} and dtype {X.dtype}")
    matrix = canonical(X, float32)
    d = matrix.shape[1]
    if n_features is not None and d != n_features:
        raise ValueError(f"X has {d} features, expected {n_features}")
    for name, size in (("features", d), ("entries", matrix.nnz)):
        if size > 2**31 - 1:
            raise ValueError(f"X has {size} {name}, at most 2^31 - 1 are supported")
    finite = np.isfinite(matrix.data)
    if not finite.all():
        at = int(np.argmin(finite))
        row = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
        raise ValueError(f"X[{row}, {int(matrix.indices[at])}] is not finite")
    return Rows(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data), d
