"""Checks of arguments: each raises a ValueError of one sentence, which names the argument and shows what it got."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SMALLEST = 5e-324  # of float64, above 0
PANDAS_MISSING = ("NAType", "NaTType")  # the classes of what pandas puts in the place of a value


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


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Raise a ValueError that names the argument unless ``value`` is an integer of at least ``low``, and at most ``high``."""
    if not is_integer(value) or value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}")
    if high is not None and value > high:
        raise ValueError(f"{name} must be at most {high}, got {value if value < 2**64 else 'more'}")


def one_of(name: str, value: Any, choices: Iterable[Any], show: Callable[[Any], str] = repr) -> None:
    """Raise a ValueError unless ``value`` is one of ``choices``; it lists them as ``show`` writes them, None apart."""
    known = tuple(choices)
    several = isinstance(value, Iterable) and not isinstance(value, str)  # the truth of an array's comparison may be undefined
    if several or value not in known:
        shown = ", ".join(show(choice) for choice in known if choice is not None)
        raise ValueError(f"{name} must be one of {shown}, got {value!r}")


def check_subnormals(whose: str) -> None:
    """Raise a ValueError where the processor takes numbers below 2^-1022 for zero: libraries can switch that on for a process,
    and what is computed after is another arithmetic than that which is judged. whose : the code that ran before."""
    if (np.array([SMALLEST]) * np.array([2.0]))[0] == 0.0:
        raise ValueError(
            f"{whose} makes the processor flush subnormal numbers to zero (as torch.set_flush_denormal does): do not"
        )


def check_unmasked(name: str, values: Any) -> None:
    """Raise a ValueError where ``values`` is a masked array of which a value is masked: an array would be made of what is
    behind the mask."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values")


def first(bad: NDArray[np.bool_]) -> str:
    """The index of the first true entry, written as ``[3, 5]``; an empty text for a scalar."""
    index = np.unravel_index(int(np.argmax(bad)), bad.shape)
    return f"[{', '.join(str(int(i)) for i in index)}]" if index else ""


def check_codes(name: str, codes: Any, last: int) -> NDArray[Any]:
    """The codes as an array; ValueError unless they are integers in [0, last], which names the first that is not."""
    check_unmasked(name, codes)
    q = np.asarray(codes)
    if not np.issubdtype(q.dtype, np.integer):
        raise ValueError(f"{name} must be integers, got {q.dtype}")
    outside = (q < 0) | (q > last)
    if outside.any():
        raise ValueError(f"{name}{first(outside)} must be in [0, {last}], got {q.flat[int(np.argmax(outside))]}")
    return q


def as_labels(y: ArrayLike, n: int) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """The labels as float32 (n,) in {0, 1}, and the pair (negative, positive) that ``y`` is written in: (0, 1) or (-1, 1).
    Raises ValueError unless ``y`` has shape (n,) and holds labels of one of the two pairs throughout."""
    check_unmasked("y", y)
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise ValueError(f"y must have shape ({n},), got {labels.shape}")
    if labels.dtype.kind not in "biufO":
        raise ValueError(f"y must be numbers, got {labels.dtype}: 1 for a click, 0 or -1 for none")
    negative = -1 if np.any(labels == -1) else 0
    bad = (labels != negative) & (labels != 1)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"y[{at}] must be a label in {{0, 1}} or {{-1, 1}} (one of the two throughout), got {labels[at]!r}")
    return (labels == 1).astype(np.float32), (negative, 1)
