"""The note on a column of categories that looks like one of numbers: each has become a feature, which was hardly meant."""

import warnings

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.errors import quote
from alpt_ref.data.feature_map import FeatureMap
from alpt_ref.data.tokens import number_or_none

FEWEST, CELLS = 20, 4
"""Values of a column of which anything is said, and cells to each, on average, of which nothing is."""
NUMBERS, FRACTIONS = 0.9, 0.5
"""Shares of the values that are numbers, so that a few words may stand for what is missing, and numbers with a fraction."""


class DataWarning(UserWarning):
    """A note on data that were read as was asked, and perhaps not as was meant."""


def note_floats(name: str, indices: NDArray[np.int32], feature_map: FeatureMap) -> None:
    """Warn, by a DataWarning, of each column of a training table that looks like one of floats and was read as categories.

    It does where the column has at least 20 values with a feature, and fewer than four cells to each on average, empty ones
    apart; and nine in ten of the values are numbers, and half have a fraction. Identifiers are whole numbers, or text. Values
    that ``min_count`` folded together have no feature, and hashing keeps no values.

    name : of the table. indices : int32 (n_rows, n_fields), the features of the cells. feature_map : learned from them.
    """
    for field, offset, column in zip(feature_map.fields, feature_map.offsets, indices.T, strict=True):
        empty = field.values[:1] == ("",)  # it sorts before all others
        values = field.values[1:] if empty else field.values
        if field.kind != "categorical" or len(values) < FEWEST:
            continue
        n = column.size - (int((column == offset + 1).sum()) if empty else 0)
        if CELLS * len(values) <= n:
            continue
        numbers = [number for number in map(number_or_none, values) if number is not None]
        fractions = sum(not number.is_integer() for number in numbers)
        if len(numbers) >= NUMBERS * len(values) and fractions >= FRACTIONS * len(values):
            scaled = max(map(abs, numbers)) <= 1.0
            warnings.warn(_sentence(name, field.column, len(values), n, scaled=scaled), DataWarning, stacklevel=4)


def _sentence(name: str, column: str, n_values: int, n: int, *, scaled: bool) -> str:
    """The note; arguments of ``Source`` stand in it by their names, for the command line to spell."""
    multiplied = " once they are multiplied, for buckets begin at whole numbers" if scaled else ""
    return (
        f"{name}: column {quote(column)} has {n_values:,} values in {n:,} cells, numbers with fractions, and each is a "
        f"feature: numeric {quote(column)} makes buckets of them{multiplied}, a larger min_count folds rare ones together, and "
        "hash_bins bounds their number"
    )
