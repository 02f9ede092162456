"""Labels of any kind as numbers in {0, 1}, and the weights of examples.

Two values are two classes, in the order of ``np.unique``, and the larger is the positive one. Of the pairs {0, 1}, {-1, 1} and
{False, True} one label tells the other, so that a y may hold one alone.
"""

import warnings
from numbers import Number
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.data.examples import no_weights
from alpt_ref.models.errors import conversion_warning
from alpt_ref.tools.checks import check_unmasked

KNOWN = {0: (0, 1), 1: (0, 1), -1: (-1, 1)}  # the pair of a label that is alone
SHOWN = 5  # values that an error lists


def as_labels(y: Any, n: int, name: str = "y", classes: NDArray[Any] | None = None) -> tuple[NDArray[float32], NDArray[Any]]:
    """The labels as float32 (n,) in {0, 1}, and their two ``classes`` (2,), which are found in ``y`` where they are not given.

    y : (n,), or (n, 1) with a warning: booleans, numbers, strings or objects that can be sorted. Raises ValueError where it has
    another shape, missing values, other values than ``classes``, or as :func:`classes_of` does.
    """
    labels = _vector(y, n, name)
    if classes is None:
        classes = _found(labels, name)
    positive = labels == classes[1:]  # an array: of text in an object alone NumPy would drop what follows a NUL
    bad = ~(positive | (labels == classes[:1]))
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"{name}[{at}] must be one of the classes {_listed(classes)}, got {labels[at : at + 1].tolist()[0]!r}")
    return positive.astype(float32), classes


def classes_of(labels: Any, name: str = "y") -> NDArray[Any]:
    """The two classes (2,) of ``labels``, in their dtype: negative, positive.

    Raises ValueError for more than two values, one value that tells no other, fractions, values that cannot be sorted, and for
    -1 beside 0, of which one may mean that a label is unknown.
    """
    return _found(_vector(labels, np.size(labels), name), name)


def _found(values: NDArray[Any], name: str) -> NDArray[Any]:
    if values.dtype.kind not in "biufUO":
        raise ValueError(f"Unknown label type: {name} has dtype {values.dtype}, and must be booleans, numbers or strings")
    try:
        found = np.unique(values)
    except TypeError:
        kinds = sorted({type(value).__name__ for value in values.tolist()})
        raise ValueError(f"Unknown label type: values of {name} cannot be sorted, they are {' and '.join(kinds)}") from None
    if found.dtype.kind in "fO" and any(map(_has_fraction, found.tolist())):
        raise ValueError(f"Unknown label type: {name} is continuous, it has {_listed(found)}, and must be two classes")
    if found.size > 2:
        said = f"{name} has {found.size} values: {_listed(found)}"
        raise ValueError(f"Only binary classification is supported. {said}")
    if found.size == 2 and found[0] == -1 and found[1] == 0:
        raise ValueError(f"{name} has labels -1 and 0, and one of them may mean unknown: give labels in {{0, 1}} or {{-1, 1}}")
    if found.size == 1:
        pair = next((KNOWN[known] for known in KNOWN if found[0] == known), None)
        if pair is None:
            raise ValueError(f"{name} has one class, {_listed(found)}, and two are needed: in y, or as classes of partial_fit")
        kind = type(found.tolist()[0])  # of an array of objects, too, True alone is one of two booleans
        return np.array([kind(value) for value in pair]).astype(found.dtype)
    return found


def _has_fraction(value: Any) -> bool:
    """True for a number with a fraction, of whatever type; also where it is infinite."""
    try:
        return isinstance(value, Number) and not isinstance(value, complex) and bool(value % 1)  # type: ignore[operator]
    except ArithmeticError:  # a decimal has no rest at infinity
        return True


def as_weights(sample_weight: Any, n: int) -> NDArray[float32]:
    """The weights of examples, float32 (n,); (0,) where none are given, which means that each is 1.

    Raises ValueError unless they are n finite numbers of at least 0, and one is more.
    """
    if sample_weight is None:
        return no_weights()
    given = _array("sample_weight", sample_weight)
    if given.shape != (n,) or given.dtype.kind not in "biufO":
        raise ValueError(f"sample_weight must be {n} numbers, got shape {given.shape} and dtype {given.dtype}")
    try:
        with np.errstate(over="ignore"):
            weights = given.astype(float32)
    except (TypeError, ValueError, OverflowError) as error:  # an object that is no number, such as pandas.NA, or is too large
        raise ValueError(f"sample_weight must be {n} numbers: {error}") from None
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"sample_weight[{at}] must be a finite number of at least 0, got {given[at]}")
    if not weights.any():
        raise ValueError("sample_weight must have one that is not zero, in float32: nothing would be learned")
    return weights


def _vector(y: Any, n: int, name: str) -> NDArray[Any]:
    """``y`` as an array (n,) of values, none of which is missing."""
    labels = _array(name, y)
    if labels.dtype.kind == "U" and isinstance(y, list | tuple) and not all(isinstance(value, str) for value in y):
        labels = np.array(y, object)  # NumPy had made text of all
    if labels.shape == (n, 1):
        said = f"A column-vector {name} was passed when a 1d array was expected: its shape is {labels.shape}, ({n},) is meant"
        warnings.warn(said, conversion_warning(), stacklevel=6)
        labels = labels[:, 0]
    if labels.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), got {labels.shape}")
    if labels.dtype.kind == "T":  # NumPy's strings of any length
        labels = labels.astype(object)
    missing = _missing(labels)
    if missing.any():
        raise ValueError(f"Input {name} contains NaN, or another missing value, at {int(np.argmax(missing))}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(f"Input {name} contains infinity, at {int(np.argmin(np.isfinite(labels)))}")
    return labels


def _array(name: str, values: Any) -> NDArray[Any]:
    """``values`` as an array; ValueError names them where some are masked, or rows have different lengths."""
    check_unmasked(name, values)
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be one value for each example: {error}") from None


def _missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    if labels.dtype.kind == "f":
        return np.asarray(np.isnan(labels))
    out = np.zeros(labels.shape, bool)
    for i, value in enumerate(labels.tolist() if labels.dtype.kind == "O" else ()):
        try:
            out[i] = value is None or bool(value != value)
        except (TypeError, ValueError, ArithmeticError):  # pandas.NA is neither equal to itself nor not, as are some decimals
            out[i] = True
    return out


def _listed(values: NDArray[Any]) -> str:
    shown = ", ".join(map(repr, values[:SHOWN].tolist()))
    return shown + (", ..." if values.size > SHOWN else "")
