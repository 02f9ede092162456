"""Ctrl-C ends the work, whoever was running when it came."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from traceback import clear_frames
from typing import Any

_SEEN = Event()
_HELD = Event()
_HOLDS: list[Callable[[], bool]] = [_HELD.is_set]  # a Ctrl-C waits while one of them is true


def heed() -> None:
    """Raise KeyboardInterrupt after a Ctrl-C that was lost: long work calls this between its parts."""
    if _SEEN.is_set():
        raise KeyboardInterrupt


@contextmanager
def heeding_interrupts() -> Iterator[None]:
    """Make every Ctrl-C a KeyboardInterrupt of the block, without a word of where it came.

    One that comes while the compiler is at work waits for the end of its step, see :func:`hold_while`. One that comes
    while a callback or a destructor runs is swallowed there, or turned into a SystemError: :func:`heed` raises the first anew,
    and errors after a Ctrl-C become it; what destructors then complain of is dropped. Does nothing outside of the main thread,
    which alone gets signals, and where Ctrl-C is to be ignored, as under nohup.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        yield
        return

    def on_signal(number: int, frame: Any) -> None:
        _SEEN.set()
        if not any(holds() for holds in _HOLDS):
            raise KeyboardInterrupt

    def on_unraisable(found: Any) -> None:
        if not _SEEN.is_set():
            hook(found)

    before, hook = signal.signal(signal.SIGINT, on_signal), sys.unraisablehook
    sys.unraisablehook = on_unraisable
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


def hold_while(holds: Callable[[], bool]) -> None:
    """Let a Ctrl-C wait while ``holds()``, which is asked in the main thread, is true. Who asks for it calls :func:`heed_held`
    when it no longer is."""
    _HOLDS.append(holds)


def heed_held() -> None:
    """Raise the KeyboardInterrupt of a Ctrl-C that has waited, in the main thread, unless an error is on its way already."""
    if current_thread() is main_thread() and not _HELD.is_set() and sys.exception() is None:
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
