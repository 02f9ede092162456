"""Around a long run: what it shows of its progress, and that it can be interrupted."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def heeding_interrupts() -> Iterator[Callable[[], None]]:
    """What to call between rows: it raises KeyboardInterrupt after a Ctrl-C that was lost in a compiler's callback."""
    seen = Event()

    def on_signal(number: int, frame: Any) -> None:
        seen.set()
        raise KeyboardInterrupt

    def heed() -> None:
        if seen.is_set():
            raise KeyboardInterrupt

    if current_thread() is not main_thread():
        yield heed
        return
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress(total: int) -> Iterator[Any]:
    """What to call with each finished row; draws a bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=total)
        yield lambda row: bars.update(task, advance=1, description=f"{row.id} {row.instance}")
