"""A long run shows its progress, can be interrupted, and does not replace the results of another."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from alpt_ref.studies.cells import Store
from alpt_ref.tools.files import Record
from alpt_ref.tools.interrupts import heed, heeding_interrupts
from alpt_ref.tools.sheet import Console

EVERY = 60.0  # seconds


@contextmanager
def bar(total: int) -> Iterator[Callable[[str], None]]:
    """Yield a function to call with a word on each part as it is finished: it moves a bar on standard error where that is a
    terminal, and else prints a line there, once a minute at most."""
    terminal, done = Console(stderr=True).is_terminal, count(1)
    with moving_bar(total) if terminal else _lines(total) as move:
        yield lambda text: move(next(done), text)


@contextmanager
def moving_bar(total: int, unit: str = "") -> Iterator[Callable[[int, str], None]]:
    """Yield a function that moves a bar on standard error to a number of parts done, with a word on the last.

    unit : of the parts. With it the bar stays when all is done, and shows the time left in the place of the time spent.
    """
    clock = TimeRemainingColumn() if unit else TimeElapsedColumn()
    columns = (*([unit] if unit else []), MofNCompleteColumn(), BarColumn(), clock, TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=not unit) as bars:
        task = bars.add_task("", total=total)
        yield lambda done, text: bars.update(task, completed=done, total=max(total, done), description=text)


@contextmanager
def _lines(total: int) -> Iterator[Callable[[int, str], None]]:
    said = time.monotonic()

    def move(done: int, text: str) -> None:
        nonlocal said
        if time.monotonic() - said >= EVERY:
            said = time.monotonic()
            print(f"{done} of {max(total, done)}: {text}", file=sys.stderr)

    yield move


def refuse_other(path: Path, what: Record) -> Record:
    """Return the record that ``path`` holds, empty where there is none; ValueError where it has other values of ``what``, which
    are JSON values by name."""
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
    """Yield a store under a bar that moves with every cell."""
    with bar(total) as on_part:
        yield Store(folder, lambda spec, _: on_part(f"{spec.kind} {spec.params.get('problem') or spec.params['name']}"))


def parallel(work: Callable[[Any], Any], items: Sequence[Any], threads: int) -> Iterator[Any]:
    """Yield ``work`` of the items, in their order; Ctrl-C ends it before the next item."""
    with heeding_interrupts(), ThreadPoolExecutor(threads) as pool:

        def heeded(item: Any) -> Any:
            heed()
            return work(item)

        yield from pool.map(heeded, items)
