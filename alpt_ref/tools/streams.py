"""The standard streams of a process, made safe to write to: closed ones, short writes, characters that an encoding lacks.

Standard output is what a command is run for: what it cannot take is an error. Standard error is talk beside the work: what it
cannot take is dropped, and never ends the work.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from alpt_ref.tools.output import STDOUT, naming


class _Heedful(io.FileIO):
    """Standard output. After an error, which is told once, it drops what comes: streams are flushed again when they go."""

    is_lost = False

    def write(self, data: Any, /) -> int | None:  # type: ignore[override]
        """Write ``data`` or a part of it; OSError names standard output."""
        if self.is_lost:
            return memoryview(data).nbytes
        try:
            with naming(STDOUT):
                return super().write(data)
        except OSError:
            self.is_lost = True
            raise


class _Heedless(io.FileIO):
    """Standard error, which drops what cannot be written."""

    def write(self, data: Any, /) -> int:
        """Write ``data``, or drop it; returns how many bytes that were."""
        try:
            found = super().write(data)  # None where a pipe is full and would not wait
        except OSError:
            found = None
        return memoryview(data).nbytes if found is None else found


@contextmanager
def safe_streams() -> Iterator[None]:
    """Replace the standard streams that the process began with while the block runs; streams that a caller has put there stay.

    A closed descriptor leads to the null device: a file opened later could take its number, and its text. ``print`` writes what
    is for a closed standard error to standard output. An unbuffered stream hands its text to one system call, which may take
    a part of it, and nobody asks how much.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _text(sys.stderr, _Heedless(2, "w", closefd=False))
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _text(sys.stdout, _Heedful(1, "w", closefd=False))
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _text(stream: TextIO | None, raw: io.FileIO) -> TextIO:
    """``stream`` anew, on a buffer over ``raw``; what its encoding lacks is written as an escape."""
    encoding = "utf-8" if stream is None else stream.encoding
    prompt = raw.isatty() or raw.fileno() == 2 or isinstance(getattr(stream, "buffer", None), io.RawIOBase)
    if stream is not None:
        with naming(STDOUT):
            stream.flush()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=prompt)
