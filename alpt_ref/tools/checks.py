"""Checks of arguments: each raises a ValueError of one sentence, which names the argument and shows what it got."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def is_integer(value: Any) -> bool:
    """Return True for an integer of Python or NumPy; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_threads(n_threads: int) -> int:
    """Return ``n_threads`` if it is a positive integer; ValueError otherwise."""
    if not is_integer(n_threads) or n_threads < 1:
        raise ValueError(f"n_threads must be a positive integer, got {n_threads!r}")
    return int(n_threads)


def check_number(name: str, value: Any, positive: bool) -> None:
    """Raise a ValueError unless float32, in which training computes, has ``value`` as finite and positive (or not negative)."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    with np.errstate(over="ignore", under="ignore"):
        single = np.float32(value) if number and abs(value) < 1e300 else np.float32(np.nan)
    if not math.isfinite(single) or value < 0 or (positive and single == 0):
        raise ValueError(f"{name} must be a {'positive' if positive else 'non-negative'} number, got {value!r}")


def check_integer(name: str, value: Any, low: int) -> None:
    """Raise a ValueError that names the argument unless ``value`` is an integer of at least ``low``."""
    if not is_integer(value) or value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}")


def one_of(name: str, value: Any, choices: Iterable[Any], show: Callable[[Any], str] = repr) -> None:
    """Raise a ValueError unless ``value`` is one of ``choices``; it lists them as ``show`` writes them, None apart."""
    known = tuple(choices)
    several = isinstance(value, Iterable) and not isinstance(value, str)  # the truth of an array's comparison may be undefined
    if several or value not in known:
        shown = ", ".join(show(choice) for choice in known if choice is not None)
        raise ValueError(f"{name} must be one of {shown}, got {value!r}")
