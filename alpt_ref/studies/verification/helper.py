"""A second process takes the exact rows from the other end of the table: most of their time is Python's, of which threads get
no more. Rows are functions of their specification, so that it does not matter which process finds one.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def second_process(work: Callable[..., None], *arguments: Any) -> Iterator[None]:
    """Run ``work`` with ``arguments``, which are picklable, in a process of its own for as long as the block lasts.

    It is ended there, wherever it is: it may only write files that are whole at any time. Its errors are no errors of the
    block, which does all that it would have done.
    """
    if multiprocessing.current_process().daemon:  # a daemon may have no children
        yield
        return
    process = multiprocessing.get_context("spawn").Process(target=_deaf, args=(work, *arguments), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _deaf(work: Callable[..., None], *arguments: Any) -> None:
    """Leave Ctrl-C to the first process, and errors to its own attempt at the same rows."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(Exception):
        work(*arguments)
