"""The random split of a data set into training, validation and test parts."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.dataset import Dataset
from alpt_ref.tools.checks import is_integer
from alpt_ref.tools.sparse import checked

# make_ctr counts its steps of Stream.DATA from 0; the last step is free whatever the number of its fields.
_STEP = 2**32 - 1
PARTS = (8, 1, 1)
"""Training, validation and test data, where there is one file for all three."""


def split(dataset: Dataset, seed: int = 0, parts: Sequence[int] = PARTS) -> tuple[Dataset, ...]:
    """The parts of ``dataset``, of sizes proportional to ``parts``; each row is in exactly one of them.

    A permutation of the rows, which is a function of their number n and of the seed alone, is cut after the first floor(n
    (parts[0] + ... + parts[i]) / sum(parts)) rows. Each part keeps the permuted order, and is empty if n is too small for it.
    n_skipped and n_unseen, which count over the whole file, are 0 in the parts.

    Raises ValueError unless ``parts`` are positive integers, at least one, and ``seed`` an integer in [0, 2^64).
    """
    # Imported here because it imports Numba, which the readers do without.
    from alpt_ref.rng import Stream, permutation

    if not isinstance(parts, Sequence) or not parts or not all(is_integer(part) and part > 0 for part in parts):
        raise ValueError(f"parts must be positive integers, at least one, got {parts!r}")
    if not isinstance(dataset, Dataset):
        raise ValueError(f"dataset must be a Dataset, got {type(dataset).__name__}")
    X, n = checked(dataset.X), dataset.y.size
    order = permutation(n, seed=seed, step=_STEP, stream=Stream.DATA)
    sums = list(accumulate(map(int, parts), initial=0))
    cuts = [n * total // sums[-1] for total in sums]
    rows = [order[start:stop] for start, stop in pairwise(cuts)]
    return tuple(Dataset(X[part], dataset.y[part], n_skipped=0, n_unseen=0) for part in rows)


def check_classes(name: str, parts: Mapping[str, NDArray[np.float32]]) -> None:
    """Raise ValueError, with the ``name`` of the data, where one of the ``parts``, labels by the name of the part, has no
    clicks or nothing else: AUC is not defined there."""
    for part, y in parts.items():
        if np.unique(y).size < 2:
            raise ValueError(f"{name}: the {part} data, {y.size} rows, have one class alone, and AUC compares two")
