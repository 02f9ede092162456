"""The meaning of one piece of text: a number, a label, or the one-hot token of a table's cell."""

import math
import re
from collections.abc import Callable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.errors import DataError, LineError, quote

# Stricter than float(), which also takes "nan", "1_000", surrounding blanks and other scripts' digits.
NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NUMBER = re.compile(NUMBER)
_HOUR = re.compile(r"[0-9]{8}")

FLOAT32_MAX = (2.0 - 2.0**-23) * 2.0**127


def number(text: str) -> float:
    """The decimal number that ``text`` spells. Raises LineError if it is none or is beyond float32's range."""
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    if abs(value) > FLOAT32_MAX:
        raise LineError(f"expected a finite number, got {quote(text)}")
    return value


def label(text: str, positive: str | None) -> float:
    """The label that ``text`` spells, 1.0, 0.0 or -1.0: a file has one of the last two, see :func:`as_clicks`.

    Without ``positive`` it must be the number 1, 0 or -1. With it, the label is 1.0 exactly where the text is ``positive``, or
    the same number spelled otherwise, and else 0.0. Raises LineError for anything else.
    """
    if positive is None:
        value = number_or_none(text)
        if value not in (-1.0, 0.0, 1.0):
            raise LineError(f"expected a label 0, 1 or -1, got {quote(text)}")
        return value
    if not text:
        raise LineError("expected a label, got ''")
    if text == positive:
        return 1.0
    value = number_or_none(text)
    return float(value is not None and value == number_or_none(positive))


def as_clicks(y: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """The labels of a whole file, from those of its lines: 1 for a click, 0 for none, NaN where there are no labels. DataError,
    with the file's ``name``, where both 0 and -1 occur: one of them may stand for what is not known."""
    if (y == -1.0).any():
        if (y == 0.0).any():
            raise DataError(f"{name}: both 0 and -1 are labels, and one of them may mean unknown: leave such rows out")
        return np.where(y == -1.0, np.float32(0.0), y)
    return y


def number_or_none(text: str) -> float | None:
    """``number(text)``, or None where that raises."""
    try:
        return number(text)
    except LineError:
        return None


def categorical_token(text: str) -> str:
    """The value itself, which stands for itself; '' if it is missing."""
    return text


def numeric_token(text: str) -> str:
    """The bucket of a number x, as text: floor(ln(x)^2) if x > 2, else floor(x); '' if x is missing.

    This is the transform of the published Criteo results (FuxiCTR, BARS), in which 3 and 4 share the bucket of 1, and 5 shares
    that of 2. Spelling does not matter: '260.0' and '260' are one value. Raises LineError if ``text`` is not a number.
    """
    if not text:
        return ""
    x = number(text)
    return str(math.floor(math.log(x) ** 2 if x > 2 else x))


def hour_of_day(text: str) -> str:
    """The hour, '0' to '23', of a time written YYMMDDHH. Raises LineError if it is no such time."""
    return str(_hour(text).hour)


def weekday(text: str) -> str:
    """The day of the week, '0' (Monday) to '6' (Sunday), of a time written YYMMDDHH. Raises LineError if it is no such time."""
    return str(_hour(text).weekday())


def _hour(text: str) -> datetime:
    try:
        if not _HOUR.fullmatch(text):
            raise ValueError
        year, month, day, hour = (int(text[i : i + 2]) for i in range(0, 8, 2))
        return datetime(2000 + year, month, day, hour)
    except ValueError:
        raise LineError(f"expected an hour YYMMDDHH, got {quote(text)}") from None


TOKEN: dict[str, Callable[[str], str]] = {
    "categorical": categorical_token,
    "numeric": numeric_token,
    "hour_of_day": hour_of_day,
    "weekday": weekday,
}
"""For each kind of field that a table has, the function that makes a category of a cell's text."""
