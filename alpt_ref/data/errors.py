"""What a reader says about a file it cannot read."""

from __future__ import annotations

_QUOTE_LIMIT = 60


class DataError(ValueError):
    """A data file, or one line of it, cannot be read; one sentence that begins with the file's name."""


class LineError(ValueError):
    """What is wrong with one piece of a line, before the file and the line number are known.

    ``column`` is the 1-based character position in the line at which the offending text begins.
    """

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.column = column

    def at(self, column: int) -> LineError:
        """The same complaint, placed in the line."""
        return LineError(str(self), column)


def quote(text: str) -> str:
    """``text`` as an error message shows it: escaped, and cut where it would drown the message."""
    return repr(text if len(text) <= _QUOTE_LIMIT else text[:_QUOTE_LIMIT] + "...")
