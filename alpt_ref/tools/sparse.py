"""Sparse matrices of a caller's: SciPy makes invalid ones without a word, and its conversions and products read and write
outside of their arrays."""

from typing import Any

import numpy as np
import scipy.sparse as sp


def canonical(X: Any, dtype: Any) -> Any:
    """``X`` as a csr_array of ``dtype`` with sorted features, each once, and no stored zeros; ``X`` itself is not changed.
    Raises ValueError where it is no valid matrix, for neither SciPy's conversions nor the loops look."""
    if sp.issparse(X):
        X = checked(X)
    with np.errstate(all="ignore"):  # what overflows is found not to be finite
        matrix = sp.csr_array(X, dtype=dtype)
    if not matrix.has_canonical_format or not matrix.data.all():
        matrix = matrix.copy()  # arrays may be the caller's: indices are shared even where values were converted
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    return matrix


def checked(X: Any) -> Any:
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
