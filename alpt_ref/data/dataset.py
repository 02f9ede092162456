"""The data set that every reader returns, and the sparse matrices in it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from alpt_ref.tools.brief import brief_repr

FloatCsr: TypeAlias = "csr_array[np.float32, tuple[int, int]]"
IntArray: TypeAlias = NDArray[np.int32] | NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Labelled examples as sparse rows: n examples, d features.

    X : csr_array float32 (n, d), canonical: indices are sorted within a row and do not repeat. Values of an index that the file
        repeats within a row are added up.
    y : float32 (n,) in {0, 1}; NaN throughout if the file was read with ``labels=False``.
    n_skipped : number of malformed lines left out (``on_bad_line="skip"``).
    n_unseen : number of entries without a feature of their own. An indexed file drops them; a table sends them to their field's
        out-of-vocabulary feature (in training these are the values rarer than min_count). Always 0 with the hashing trick.
    """

    X: FloatCsr
    y: NDArray[np.float32]
    n_skipped: int
    n_unseen: int

    __repr__ = brief_repr


def make_csr(data: NDArray[np.float32], indices: IntArray, lengths: IntArray, n_features: int) -> FloatCsr:
    """The csr_array float32 (len(lengths), n_features) whose row i holds the next ``lengths[i]`` of the entries.

    data : float32 (nnz,), the values of all entries, row after row; not copied. indices : their columns, int (nnz,).
    The index arrays of the result are int32, or int64 if there are 2^31 entries or more.
    """
    index_type: type[np.int32] | type[np.int64] = np.int32 if data.size < 2**31 else np.int64
    indptr = np.zeros(lengths.size + 1, index_type)
    np.cumsum(lengths, out=indptr[1:])
    return csr_array((data, indices.astype(index_type), indptr), shape=(lengths.size, n_features))


def one_hot(indices: NDArray[np.int32], n_features: int) -> FloatCsr:
    """The canonical csr_array float32 (n, n_features) with a one for each entry of ``indices``, int32 (n, n_fields). Features
    that coincide in a row, as hashed ones may, add up."""
    n, width = indices.shape
    ones = np.ones(n * width, np.float32)
    matrix = make_csr(ones, indices.ravel(), np.full(n, width), n_features)
    matrix.sum_duplicates()
    return matrix
