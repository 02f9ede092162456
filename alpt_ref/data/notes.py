"""The note on a column whose values are numbers, nearly all different: each has become a feature, which was hardly meant."""

import warnings

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.errors import quote
from alpt_ref.data.feature_map import FeatureMap
from alpt_ref.data.tokens import number_or_none

FEWEST = 20
"""Values of a column of which anything is said."""
NUMBERS, FRACTIONS = 0.9, 0.5
"""Shares of the values that are numbers, so that a few words may stand for what is missing, and numbers with a fraction."""


class DataWarning(UserWarning):
    """A note on data that were read as was asked, and perhaps not as was meant."""


def note_floats(name: str, indices: NDArray[np.int32], feature_map: FeatureMap) -> None:
    """Warn, by a DataWarning, of each column of a training table that looks like one of floats and was read as categories.

    It does where more than half of its cells, those that are empty apart, have a value of their own with a feature: more than n
    / 2 values in n cells, at least 20. Nine in ten of them are numbers, and half have a fraction: identifiers are whole
    numbers, or text. Values that ``min_count`` folded together are none, and hashing keeps no values.

    name : of the table. indices : int32 (n_rows, n_fields), the features of the cells. feature_map : learned from them.
    """
    for field, offset, column in zip(feature_map.fields, feature_map.offsets, indices.T, strict=True):
        empty = field.values[:1] == ("",)  # it sorts before all others
        values = field.values[1:] if empty else field.values
        if field.kind != "categorical" or len(values) < FEWEST:
            continue
        n = column.size - (int((column == offset + 1).sum()) if empty else 0)
        if 2 * len(values) <= n:
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
        f"{name}: column {quote(column)} has {n_values:,} values in {n:,} cells, nearly all numbers, and each is a feature of "
        f"its own: numeric {quote(column)} makes buckets of them{multiplied}, min_count 2 folds rare values together, "
        "hash_bins bounds the features"
    )
