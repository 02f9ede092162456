"""What every reader returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatCsr: TypeAlias = "csr_array[np.float32, tuple[int, int]]"
IntArray: TypeAlias = NDArray[np.int32] | NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Labelled sparse rows.

    X : csr_array float32 (n, d), canonical: indices sorted within a row, without repeats. An index that a row
        repeats holds the sum of its values.
    y : float32 (n,) in {0, 1}; NaN throughout if the file was read with ``labels=False``.
    n_skipped : malformed lines left out (``on_bad_line="skip"``).
    n_unseen : entries without a feature of their own: dropped from an indexed file, sent to their field's
        out-of-vocabulary feature in a table (in training these are the values rarer than min_count). Always 0
        with the hashing trick.
    """

    X: FloatCsr
    y: NDArray[np.float32]
    n_skipped: int
    n_unseen: int


def make_csr(data: NDArray[np.float32], indices: IntArray, lengths: IntArray, n_features: int) -> FloatCsr:
    """The matrix whose row i has the next ``lengths[i]`` of the entries ``(indices, data)``.

    Its index arrays are int32, or int64 if there are more than 2^31 - 1 entries; ``data`` is not copied.
    """
    index_type: type[np.int32] | type[np.int64] = np.int32 if data.size < 2**31 else np.int64
    indptr = np.zeros(lengths.size + 1, index_type)
    np.cumsum(lengths, out=indptr[1:])
    return csr_array((data, indices.astype(index_type), indptr), shape=(lengths.size, n_features))


def one_hot(indices: NDArray[np.int32], n_features: int) -> FloatCsr:
    """The canonical matrix with a one for each entry of ``indices`` (n, n_fields).

    Features that coincide in a row, as hashed ones may, add up.
    """
    n, width = indices.shape
    ones = np.ones(n * width, np.float32)
    matrix = make_csr(ones, indices.ravel(), np.full(n, width), n_features)
    matrix.sum_duplicates()
    return matrix
