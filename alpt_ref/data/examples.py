"""The place where X and y become rows: arguments of models, checked and brought to the one form that the loops read."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy import float32
from numpy.typing import ArrayLike, NDArray


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
    Raises ValueError where indices lie outside of the shape, for the loops do not look."""
    matrix = sp.csr_array(X, dtype=dtype)
    try:
        matrix.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(f"X is not a valid sparse matrix: {error}") from None
    if not matrix.has_canonical_format or not matrix.data.all():
        matrix = matrix.copy()  # arrays may be the caller's: indices are shared even where values were converted
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return matrix


def as_rows(X: Any, n_features: int | None = None) -> tuple[Rows, int]:
    """``X`` (n, d), sparse or dense, as Rows, and its number of features d.

    Entries of a row with the same index add up, and stored zeros are dropped. X itself is never changed.

    Raises ValueError on non-finite values, on anything but a valid matrix of real numbers, where d or the number of entries
    exceeds 2^31 - 1, and where d is not ``n_features``, if that is given.
    """
    if not sp.issparse(X):
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


def as_labels(y: ArrayLike, n: int) -> tuple[NDArray[float32], tuple[int, int]]:
    """The labels as float32 (n,) in {0, 1}, and the pair (negative, positive) that ``y`` is written in: (0, 1) or (-1, 1).
    Raises ValueError unless ``y`` has shape (n,) and holds labels of one of the two pairs throughout."""
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise ValueError(f"y must have shape ({n},), got {labels.shape}")
    negative = -1 if np.any(labels == -1) else 0
    bad = (labels != negative) & (labels != 1)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"y[{at}] must be a label in {{0, 1}} or {{-1, 1}} (one of the two throughout), got {labels[at]!r}")
    return (labels == 1).astype(float32), (negative, 1)
