"""The field that each index of a libffm file belongs to."""

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.errors import DataError
from alpt_ref.tools.input import PathLike, named

LEAST = 1 << 20  # numbers that wait before they are sorted into the others


class Owners:
    """Gathers the indices of a file with their fields, and refuses an index in two fields.

    Memory grows with the distinct pairs, time as sorting does."""

    def __init__(self, path: PathLike, first_index: int) -> None:
        self._path, self._first_index = path, first_index
        self._settled, self._waiting = np.zeros(0, np.int64), [np.zeros(0, np.int64)]

    def add(self, indices: NDArray[np.int64], fields: NDArray[np.int64]) -> None:
        """Take entries: indices, counted from 0, and fields, all below 2^31. DataError as :meth:`settle`, now or later."""
        self._waiting.append(np.unique(indices << 31 | fields))
        if sum(pairs.size for pairs in self._waiting) > max(LEAST, self._settled.size):
            self.settle()

    def settle(self) -> None:
        """DataError where an index stands in two fields."""
        self._settled = np.unique(np.concatenate((self._settled, *self._waiting)))
        self._waiting = []
        twice = np.flatnonzero(np.diff(self._settled >> 31) == 0)
        if twice.size:
            first, second = self._settled[twice[0] : twice[0] + 2].tolist()
            raise DataError(
                f"{named(self._path)}: index {(first >> 31) + self._first_index} stands in fields {first % 2**31} and "
                f"{second % 2**31}: if it is one feature, give indices global (--indices global); if each field counts for "
                "itself, number them through first"
            )
