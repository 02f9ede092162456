"""Input: files, and standard input under the name of -."""

import errno
import io
import os
import stat
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, cast

STDIN = "-"
PathLike = str | os.PathLike[str]


def named(path: PathLike) -> str:
    """The name of ``path`` in messages."""
    return "standard input" if os.fspath(path) == STDIN else os.fspath(path)


def open_input(path: PathLike) -> AbstractContextManager[BinaryIO]:
    """The bytes of ``path``, or of standard input, which stays open. OSError as ``open``, and for a device without an end, as
    /dev/zero."""
    if os.fspath(path) == STDIN:
        _check_end(cast(BinaryIO, sys.stdin.buffer), STDIN)
        return nullcontext(cast(BinaryIO, sys.stdin.buffer))
    stream = open(path, "rb")  # noqa: SIM115
    try:
        _check_end(stream, path)
    except OSError:
        stream.close()
        raise
    return stream


def _check_end(stream: BinaryIO, path: PathLike) -> None:
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # of bytes in memory
        return
    if stat.S_ISCHR(found.st_mode) and not stream.isatty() and found.st_rdev != os.stat(os.devnull).st_rdev:
        raise OSError(errno.EINVAL, "is a device without an end", os.fspath(path))


def seekable(stream: BinaryIO) -> BinaryIO:
    """``stream`` itself, or all of its content in memory where it is a pipe."""
    return stream if stream.seekable() else io.BytesIO(stream.read())
