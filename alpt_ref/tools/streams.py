"""The standard streams of a process, made safe to write to: closed ones, short writes, characters that an encoding lacks.

Standard output is what a command is run for: what it cannot take is an error. Standard error is talk beside the work: what it
cannot take is dropped, and never ends the work.
"""

import io
import os
import sys
from typing import Any, TextIO


class _Heedless(io.FileIO):
    """A descriptor that drops what cannot be written."""

    def write(self, data: Any, /) -> int:
        """Write ``data``, or drop it; returns how many bytes that were."""
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes


def prepare_streams() -> None:
    """Replace the standard streams that the process began with; streams that a caller has put there stay.

    A closed descriptor leads to the null device: a file opened later could take its number, and its text. ``print`` writes what
    is for a closed standard error to standard output. An unbuffered stream hands its text to one system call, which may take
    a part of it, and nobody asks how much.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _text(sys.stdout, io.FileIO(1, "w", closefd=False))
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _text(sys.stderr, _Heedless(2, "w", closefd=False))


def _text(stream: TextIO | None, raw: io.FileIO) -> TextIO:
    """``stream`` anew, on a buffer over ``raw``; what its encoding lacks is written as an escape."""
    encoding = "utf-8" if stream is None else stream.encoding
    prompt = raw.isatty() or raw.fileno() == 2 or isinstance(getattr(stream, "buffer", None), io.RawIOBase)
    if stream is not None:
        stream.flush()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=prompt)
