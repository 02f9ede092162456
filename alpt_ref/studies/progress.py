"""A long run shows its progress, can be interrupted, and does not replace the results of another."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column

from alpt_ref.studies.cells import Store
from alpt_ref.tools.files import Record
from alpt_ref.tools.interrupts import heed, heeding_interrupts
from alpt_ref.tools.pace import Pace
from alpt_ref.tools.sheet import Console

FIRST, EVERY = 10.0, 60.0  # seconds to the first line, and from line to line
OnStop = Callable[[Record], object]
_SHOWN: list[Progress] = []


class OnPart(Protocol):
    """Called with a word on each part as it is finished. found : it lay there from an earlier run, and took no time."""

    def __call__(self, text: str, found: bool = False) -> None:
        """Move on by one part."""


@contextmanager
def bar(total: int) -> Iterator[OnPart]:
    """Yield a function to call with a word on each part as it is finished: it moves a bar on standard error where that is a
    terminal, and else prints a line there, the first after ten seconds and then once a minute. The log is told every part."""
    pace, lock = Pace(total), Lock()
    with (moving_bar if Console(stderr=True).is_terminal else _lines)(total) as move:

        def on_part(text: str, found: bool = False) -> None:
            with lock:
                pace.step(pace.done + 1, text, found)
                move(pace.done, text, pace)

        yield on_part


@contextmanager
def moving_bar(total: int, unit: str = "") -> Iterator[Callable[[int, str, Pace], None]]:
    """Yield a function that moves a bar on standard error to a number of parts done, with a word on the last and the pace.

    unit : of the parts. With it the bar stays when all is done.
    """
    pace = TextColumn("{task.fields[pace]}", markup=False, table_column=Column(no_wrap=True))
    what = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    columns = (MofNCompleteColumn(), BarColumn(), pace, what)
    # What others print may go through the bar's own console, which is standard error, only where both are one terminal.
    looks: dict[str, Any] = {"transient": not unit, "redirect_stdout": sys.stdout.isatty()}
    with Progress(*([unit] if unit else []), *columns, console=Console(stderr=True), **looks) as bars:
        task = bars.add_task("", total=total, pace="")
        _SHOWN.append(bars)
        try:
            yield lambda done, text, pace: bars.update(
                task, completed=done, total=max(total, done), description=text, pace=str(pace)
            )
        finally:
            _SHOWN.remove(bars)


@contextmanager
def aside() -> Iterator[None]:
    """Take bars off the terminal while the block prints."""
    shown = list(_SHOWN)
    for bars in shown:
        bars.stop()
    try:
        yield
    finally:
        for bars in shown:
            bars.start()


@contextmanager
def _lines(total: int) -> Iterator[Callable[[int, str, Pace], None]]:
    due = time.monotonic() + FIRST

    def move(done: int, text: str, pace: Pace) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + EVERY
            print(": ".join(filter(None, (f"{done} of {max(total, done)}", str(pace), text))), file=sys.stderr)

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


def is_complete(record: Mapping[str, Any]) -> bool:
    """False for the record of a run that was ended before its time, and for no record."""
    return bool(record) and bool(record.get("complete", True))


@contextmanager
def leaving(held: Record, found: Callable[[], Record], on_stop: OnStop | None) -> Iterator[None]:
    """Hand ``on_stop`` the record of what was found where an error or a Ctrl-C ends the block: with "complete" False, and the
    error as "stopped". Not where nothing was ``found``, nor where the record ``held`` is complete: that stays."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        record = {} if on_stop is None or is_complete(held) else found()
        if on_stop is not None and record:
            on_stop(record | {"complete": False, "stopped": ": ".join(filter(None, (type(error).__name__, str(error))))})
        raise


@contextmanager
def saved_cells(folder: Path, total: int) -> Iterator[Store]:
    """Yield a store under a bar that moves with every cell."""
    with bar(total) as on_part:
        yield Store(folder, cell_moves(on_part))


def cell_moves(on_part: OnPart) -> Callable[[Any, float], None]:
    """The function that a store calls with each of its cells: it moves a bar."""
    return lambda spec, seconds: on_part(f"{spec.kind} {_named(spec.params)}".rstrip(), found=seconds == 0.0)


def _named(params: Mapping[str, Any]) -> str:
    """Words on which cell it is, of those that cells of the studies have."""
    words = [str(params[key]) for key in ("problem", "name", "part", "model", "mode", "method") if params.get(key)]
    words += [f"{params['bits']} bits"] if params.get("bits") else []
    return " ".join(words + ([f"seed {params['seed']}"] if "seed" in params else []))


def parallel(work: Callable[[Any], Any], items: Sequence[Any], threads: int) -> Iterator[Any]:
    """Yield ``work`` of the items, in their order; Ctrl-C ends it before the next item."""
    with heeding_interrupts(), ThreadPoolExecutor(threads) as pool:

        def heeded(item: Any) -> Any:
            heed()
            return work(item)

        yield from pool.map(heeded, items)
