"""Errors and warnings that scikit-learn has names for: caught under its name where it is loaded, and under ours without it."""

import sys
from functools import cache
from typing import Any


class NotFittedError(ValueError, AttributeError):
    """A model is asked for what only ``fit`` gives it. Where scikit-learn is loaded, its name catches it, too."""


def not_fitted(message: str) -> NotFittedError:
    """The error to raise."""
    theirs = _theirs("NotFittedError")
    return (_both(theirs) if theirs else NotFittedError)(message)


def conversion_warning() -> type[UserWarning]:
    """The kind of a warning that an argument was brought to another shape."""
    return _theirs("DataConversionWarning") or UserWarning


def _theirs(name: str) -> Any:
    """scikit-learn's class of that name; None where the package is not loaded."""
    return getattr(sys.modules.get("sklearn.exceptions"), name, None)


@cache
def _both(theirs: type) -> Any:
    def reduced(self: Exception) -> tuple[Any, Any]:  # the class has no place where pickle would find it
        return not_fitted, (str(self),)

    return type("NotFittedError", (NotFittedError, theirs), {"__module__": __name__, "__reduce__": reduced})
