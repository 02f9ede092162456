"""What arguments are, where Python's own answers surprise."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def is_integer(value: Any) -> bool:
    """Whether ``value`` is an integer of Python or NumPy; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_threads(n_threads: int) -> int:
    """``n_threads`` if it is a positive integer, else a ValueError."""
    if not is_integer(n_threads) or n_threads < 1:
        raise ValueError(f"n_threads must be a positive integer, got {n_threads!r}")
    return int(n_threads)


def check_number(name: str, value: Any, positive: bool) -> None:
    """A number that float32, in which training computes, holds as positive or not negative, and finite."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    with np.errstate(over="ignore", under="ignore"):
        single = np.float32(value) if number and abs(value) < 1e300 else np.float32(np.nan)
    if not math.isfinite(single) or value < 0 or (positive and single == 0):
        raise ValueError(f"{name} must be a {'positive' if positive else 'non-negative'} number, got {value!r}")


def check_integer(name: str, value: Any, low: int) -> None:
    """Raise a ValueError that names the argument unless ``value`` is an integer of at least ``low``."""
    if not is_integer(value) or value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}")


def one_of(name: str, value: Any, choices: Iterable[str]) -> None:
    """Raise a ValueError that lists the choices unless ``value`` is one of them."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
