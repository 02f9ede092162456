"""The place where X and y become rows: arguments of models, checked and brought to the one form that the loops read."""

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import PANDAS_MISSING, check_unmasked, is_integer
from alpt_ref.tools.sparse import canonical

Columns = tuple[str | int, ...] | None
NAMES_SHOWN = 5  # in an error


class Rows(NamedTuple):
    """Examples as compressed sparse rows: the features of a row are sorted, and each stands once.

    Row i owns the entries indptr[i] .. indptr[i + 1] - 1. indptr : int64 (n + 1,); indices, the feature of each entry : int32
    (nnz,); values : float32 (nnz,).
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[float32]

    def __repr__(self) -> str:
        return brief_repr(self)


def no_weights() -> NDArray[float32]:
    """The weights of examples that have none: each counts as 1, and no array of ones is made."""
    return np.zeros(0, float32)


class Labelled(NamedTuple):
    """Rows with their labels y, float32 (n,) in {0, 1}, and the weights of examples, float32 (n,), or (0,) where each is 1."""

    rows: Rows
    y: NDArray[float32]
    weights: NDArray[float32] = no_weights()

    def __repr__(self) -> str:
        return brief_repr(self)


def column_names(X: Any) -> Columns:
    """The names of the columns of a table, as data frames have them: integers stay, all others become text. None where there
    are none."""
    names = getattr(X, "column_names", None) or getattr(X, "columns", None)
    if names is None or callable(names):
        return None
    return columns_of(name if isinstance(name, str) else int(name) if is_integer(name) else str(name) for name in names)


def columns_of(names: Iterable[Any]) -> Columns:
    """The names as a tuple; ValueError where one is neither text nor an integer."""
    columns = tuple(names)
    if not all(isinstance(name, str) or is_integer(name) for name in columns):
        raise ValueError("column names must be text or integers")
    return columns


def check_columns(X: Any, known: Columns, model: str) -> None:
    """Raise ValueError, in scikit-learn's words, where the columns of ``X`` are not ``known``, those of ``fit`` in order: a
    ``model`` goes by places. Warn where one of the two alone has names; numbers of places are none.
    """
    names = column_names(X)
    named, was_named = (of is not None and of != tuple(range(len(of))) for of in (names, known))
    if names == known or not (named or was_named):
        return
    there, kept = names or (), known or ()
    if not (named and was_named) and not set(there) & set(kept):
        said = "X does not have valid feature names, but {} was fitted with feature names"
        said = said if was_named else "X has feature names, but {} was fitted without feature names"
        warnings.warn(said.format(model), stacklevel=6)
        return
    said = "The feature names should match those that were passed during fit.\n"
    unseen, lacking = sorted(set(there) - set(kept), key=str), sorted(set(kept) - set(there), key=str)
    for what, listed in (("unseen at fit time", unseen), ("seen at fit time, yet now missing", lacking)):
        if listed:
            said += f"Feature names {what}:\n" + "".join(f"- {name}\n" for name in listed[:NAMES_SHOWN])
            said += "- ...\n" if len(listed) > NAMES_SHOWN else ""
    if not unseen and not lacking:
        said += "Feature names must be in the same order as they were in fit.\n"
        at = next((i for i, (name, other) in enumerate(zip(there, kept, strict=False)) if name != other), None)
        said += "" if at is None else f"Column {at} of X is {there[at]!r}, and was {kept[at]!r}.\n"
    raise ValueError(said)


def check_index(X: Any, y: Any, name: str = "y") -> None:
    """Raise ValueError where X and y, or whatever ``name`` is, name the same rows, as frames do, in different orders: rows go
    by places, and may have been meant to go by name."""
    rows, labels = getattr(X, "index", None), getattr(y, "index", None)
    if rows is None or labels is None or callable(rows) or callable(labels):
        return
    names, others = list(rows), list(labels)
    if names != others and set(names) == set(others):
        raise ValueError(f"{name} has its rows in another order than X: bring both to one index")


def as_rows(X: Any) -> tuple[Rows, int]:
    """``X`` (n, d), sparse or dense, as Rows, and its number of features d.

    Entries of a row with the same index add up, and stored zeros are dropped. X itself is never changed.

    Raises ValueError on non-finite values, on anything but a valid matrix of real numbers, and where d or the number of entries
    exceeds 2^31 - 1; TypeError where an object in it is no number.
    """
    if not sp.issparse(X):
        check_unmasked("X", X)
        X = _numbers(np.asarray(X))
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        more = ". Complex data not supported" if X.dtype.kind == "c" else ""
        more += ". Reshape your data: X.reshape(1, -1) is one example" if X.ndim == 1 else ""
        raise ValueError(f"X must be a matrix of real numbers, got shape {X.shape} and dtype {X.dtype}{more}")
    if not X.shape[1]:
        raise ValueError(f"X has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    matrix = canonical(X, float32)
    d = matrix.shape[1]
    for name, size in (("features", d), ("entries", matrix.nnz)):
        if size > 2**31 - 1:
            raise ValueError(f"X has {size} {name}, at most 2^31 - 1 are supported")
    finite = np.isfinite(matrix.data)
    if not finite.all():
        at = int(np.argmin(finite))
        row = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
        raise ValueError(f"X[{row}, {int(matrix.indices[at])}] is not finite: NaN and inf are no values of a feature")
    return Rows(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data), d


def _numbers(X: NDArray[Any]) -> NDArray[Any]:
    """An array of objects as float64, where all of them are numbers; text that spells one is none."""
    if X.dtype.kind != "O" or any(isinstance(value, str | bytes) for value in X.flat):
        return X
    missing = [type(value).__name__ in PANDAS_MISSING for value in X.flat]  # of pandas, and no floats
    return np.where(np.reshape(missing, X.shape), np.nan, X).astype(np.float64)
