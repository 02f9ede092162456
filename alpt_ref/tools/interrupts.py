"""Ctrl-C ends the work, whoever was running when it came."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from traceback import clear_frames
from typing import Any

_SEEN = Event()
_HELD = Event()
_depth = 0  # of steps of the compiler, one in another, that the main thread is in


def heed() -> None:
    """Raise KeyboardInterrupt after a Ctrl-C that was lost: long work calls this between its parts."""
    if _SEEN.is_set():
        raise KeyboardInterrupt


@contextmanager
def heeding_interrupts() -> Iterator[None]:
    """Make every Ctrl-C a KeyboardInterrupt of the block, without a word of where it came.

    One that comes while the compiler is at work waits for the end of its step, see :func:`compiler_begins`. One that comes
    while a callback or a destructor runs is swallowed there, or turned into a SystemError: :func:`heed` raises the first anew,
    and errors after a Ctrl-C become it; what destructors then complain of is dropped. Does nothing outside of the main thread,
    which alone gets signals, and where Ctrl-C is to be ignored, as under nohup.
    """
    global _depth
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        yield
        return

    def on_signal(number: int, frame: Any) -> None:
        _SEEN.set()
        if not (_HELD.is_set() or _depth):
            raise KeyboardInterrupt

    def on_unraisable(found: Any) -> None:
        if not _SEEN.is_set():
            hook(found)

    before, hook = signal.signal(signal.SIGINT, on_signal), sys.unraisablehook
    sys.unraisablehook, _depth = on_unraisable, 0
    try:
        yield
        heed()
    except (Exception, KeyboardInterrupt) as error:
        if not _SEEN.is_set():
            raise
        clear_frames(error.__traceback__)  # what was half made goes now, while its destructors are not listened to
        raise KeyboardInterrupt(*error.args if isinstance(error, KeyboardInterrupt) else ()) from None
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook
        _SEEN.clear()


def compiler_begins() -> None:
    """Let a Ctrl-C wait until :func:`compiler_ends`. LLVM's objects change hands in a call, and Python is told of it in the
    line after: an exception in between leaves one with two owners, and when both free it, the process dies."""
    global _depth
    if current_thread() is main_thread():
        _depth += 1


def compiler_ends() -> None:
    """Raise the KeyboardInterrupt of a Ctrl-C that has waited, unless an error is on its way already."""
    global _depth
    if current_thread() is main_thread():
        _depth = max(_depth - 1, 0)
        if not _HELD.is_set() and sys.exception() is None:
            heed()


@contextmanager
def holding_interrupts() -> Iterator[None]:
    """Let a Ctrl-C wait for the end of the block, which is short: where :func:`heeding_interrupts` is around it, in the main
    thread. After one that has come before, what was found can still be written."""
    if current_thread() is not main_thread():
        yield
        return
    came = _SEEN.is_set()
    _HELD.set()
    try:
        yield
    finally:
        _HELD.clear()
    if not came:
        heed()
