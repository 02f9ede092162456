"""The errors that readers raise about a file, and how they quote it."""

_QUOTE_LIMIT = 60


class DataError(ValueError):
    """A data file, or a line of it, cannot be read: one sentence that begins with the file's name."""


class LineError(ValueError):
    """A piece of a line is wrong, and neither the file nor the number of the line is known yet.

    column : position in the line, in characters from 1, at which the offending text begins.
    """

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.column = column

    def at(self, column: int) -> "LineError":
        """A new error with the message of this one, at another ``column`` of the line."""
        return LineError(str(self), column)


def quote(text: str) -> str:
    """``text`` as error messages show it: escaped, and cut after 60 characters, for more would drown the message."""
    return repr(text if len(text) <= _QUOTE_LIMIT else text[:_QUOTE_LIMIT] + "...")
