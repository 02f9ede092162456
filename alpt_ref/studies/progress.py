"""Around a long run: what it shows of its progress, and that it can be interrupted."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from alpt_ref.studies.cells import Store

EVERY = 60.0  # seconds


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
def bar(total: int) -> Iterator[Callable[[str], None]]:
    """What to call with a word on each part as it is finished: it moves a bar on standard error where that is a terminal, and
    else prints a line there, once a minute at most."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(total)
        return
    columns = (MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=total)

        def on_part(text: str) -> None:
            bars.update(task, advance=1, description=text)
            bars.update(task, total=max(total, bars.tasks[0].completed))

        yield on_part


def _lines(total: int) -> Callable[[str], None]:
    done, said = 0, time.monotonic()

    def on_part(text: str) -> None:
        nonlocal done, said
        done += 1
        if time.monotonic() - said >= EVERY:
            said = time.monotonic()
            print(f"{done} of {max(total, done)}: {text}", file=sys.stderr)

    return on_part


def refuse_other(path: Path, what: dict[str, Any]) -> dict[str, Any]:
    """The record that ``path`` holds, empty where there is none; ValueError where its ``what``, JSON values, are others."""
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text())
        held = {key: record[key] for key in what}
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is not what this writes: remove it, or choose another folder") from None
    for key, value in json.loads(json.dumps(what)).items():
        if held[key] != value:
            raise ValueError(f"{path} has results of other {key}: remove it, or choose another folder")
    return dict(record)


@contextmanager
def saved_cells(folder: Path, total: int) -> Iterator[Store]:
    """A store under a bar that moves with every cell."""
    with bar(total) as on_part:
        yield Store(folder, lambda spec, _: on_part(f"{spec.kind} {spec.params.get('problem') or spec.params['name']}"))


def parallel(work: Callable[[Any], Any], items: Sequence[Any], threads: int) -> Iterator[Any]:
    """``work`` of the items, in their order; Ctrl-C ends it before the next item."""
    with heeding_interrupts() as heed, ThreadPoolExecutor(threads) as pool:

        def heeded(item: Any) -> Any:
            heed()
            return work(item)

        yield from pool.map(heeded, items)
