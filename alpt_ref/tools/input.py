"""Input: files, and standard input under the name of -."""

import io
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, cast

STDIN = "-"
PathLike = str | os.PathLike[str]


def named(path: PathLike) -> str:
    """The name of ``path`` in messages."""
    return "standard input" if os.fspath(path) == STDIN else os.fspath(path)


def open_input(path: PathLike) -> AbstractContextManager[BinaryIO]:
    """The bytes of ``path``, or of standard input, which stays open. OSError as ``open``."""
    if os.fspath(path) != STDIN:
        return open(path, "rb")
    return nullcontext(cast(BinaryIO, sys.stdin.buffer))


def seekable(stream: BinaryIO) -> BinaryIO:
    """``stream`` itself, or all of its content in memory where it is a pipe."""
    return stream if stream.seekable() else io.BytesIO(stream.read())
