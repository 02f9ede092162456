"""The place where X and y become rows: arguments of models, checked and brought to the one form that the loops read."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.tools.checks import check_unmasked, is_integer

Columns = tuple[str, ...] | tuple[int, ...] | None


class Rows(NamedTuple):
    """Examples as compressed sparse rows: the features of a row are sorted, and each stands once.

    Row i owns the entries indptr[i] .. indptr[i + 1] - 1. indptr : int64 (n + 1,); indices, the feature of each entry : int32
    (nnz,); values : float32 (nnz,).
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[float32]


def canonical(X: Any, dtype: Any) -> Any:
    """``X`` as a csr_array of ``dtype`` with sorted features, each once, and no stored zeros; ``X`` itself is not changed.
    Raises ValueError where it is no valid matrix, for neither SciPy's conversions nor the loops look."""
    if sp.issparse(X):
        X = _checked(X)
    with np.errstate(all="ignore"):  # what overflows is found not to be finite
        matrix = sp.csr_array(X, dtype=dtype)
    if not matrix.has_canonical_format or not matrix.data.all():
        matrix = matrix.copy()  # arrays may be the caller's: indices are shared even where values were converted
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return matrix


def _checked(X: Any) -> Any:
    """The sparse ``X``, or its COO form, whose indices lie within its shape. SciPy constructs others without a word, and
    converting them reads and writes outside of its arrays."""
    try:
        if X.format in ("csr", "csc", "bsr"):
            X.check_format(full_check=True)
            if X.indptr[0] != 0 or (np.diff(X.indptr) < 0).any() or X.indptr[-1] > len(X.indices):
                raise ValueError("index pointers must ascend from 0 to the number of indices")
            return X
        if X.format == "lil" and list(map(len, X.rows)) != list(map(len, X.data)):
            raise ValueError("rows must have an index for each value")
        if X.format == "dia" and len(X.offsets) != len(X.data):
            raise ValueError("there must be an offset for each diagonal")
        X = X.tocoo()
        for axis, (places, size) in enumerate(zip(X.coords, X.shape, strict=True)):
            if places.dtype.kind not in "iu" or places.shape != X.data.shape:
                raise ValueError(f"indices of axis {axis} must be integers, one for each value")
            if places.size and not (places.min() >= 0 and places.max() < size):
                raise ValueError(f"indices of axis {axis} must lie in 0 .. {size - 1}")
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"X is not a valid sparse matrix: {error}") from None
    return X


def n_examples(rows: Rows, name: str) -> int:
    """The number of rows; ValueError, with the ``name`` of their matrix, where there are none."""
    if rows.indptr.size == 1:
        raise ValueError(f"{name} has no examples")
    return rows.indptr.size - 1


def column_names(X: Any) -> Columns:
    """The names of the columns of a table, as data frames have them; None where there are none, or not all are text or not all
    are integers."""
    names = getattr(X, "columns", None)
    try:
        return columns_of(() if names is None or callable(names) else tuple(names))
    except ValueError:
        return None


def columns_of(names: Sequence[Any]) -> Columns:
    """The names as text or as integers; ValueError where they are of neither kind throughout, or none."""
    if names and all(map(is_integer, names)):
        return tuple(map(int, names))
    if names and all(isinstance(name, str) for name in names):
        return tuple(names)
    raise ValueError("column names must be text, or integers, throughout")


def check_columns(X: Any, known: Any) -> None:
    """Raise ValueError where ``X`` has named columns that are not those of ``fit``, ``known``, in their order: a model goes by
    places. Nothing is asked where either of the two has no names."""
    names = column_names(X)
    if names is None or known is None or names == tuple(known):
        return
    there = set(names)
    lacking = [name for name in known if name not in there]
    if lacking:
        raise ValueError(f"X has no column {lacking[0]!r}, which it had in fit")
    if len(names) != len(known):
        raise ValueError(f"X has {len(names)} columns, {len(known)} in fit")
    at = next(i for i, (name, other) in enumerate(zip(names, known, strict=True)) if name != other)
    raise ValueError(f"column {at} of X is {names[at]!r} and was {known[at]!r} in fit: give the columns in that order")


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
