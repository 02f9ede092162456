"""A long run shows its progress, can be interrupted, and does not replace the results of another."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Timer
from typing import Any, Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn
from rich.table import Column
from rich.text import Text

from alpt_ref.scalars.jit import compiling
from alpt_ref.studies.cells import RunSpec
from alpt_ref.studies.executors import Executor
from alpt_ref.studies.store import Store
from alpt_ref.tools.files import Record
from alpt_ref.tools.pace import Pace
from alpt_ref.tools.sheet import Console

FIRST, EVERY = 10.0, 60.0  # seconds to the first line, and from line to line
COMPILING = "compiling"
BESIDE, SHORTEST = 42, 9  # characters: of the count, a short bar and the pace; of a word at the least
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


class _What(TextColumn):
    """The word on the last part; "compiling" while that is why there is no next one."""

    def render(self, task: Task) -> Text:
        return Text(COMPILING) if compiling() else super().render(task)


@contextmanager
def moving_bar(total: int, unit: str = "") -> Iterator[Callable[[int, str, Pace], None]]:
    """Yield a function that moves a bar on standard error to a number of parts done, with a word on the last and the pace.

    unit : of the parts. With it the bar stays when all is done.
    """
    pace = TextColumn("{task.fields[pace]}", markup=False, table_column=Column(no_wrap=True))
    console = Console(stderr=True)
    # Where a line is too long, rich takes away the first columns that do not wrap: a word is cut before, and the count stays.
    room = Column(no_wrap=True, overflow="ellipsis", max_width=max(console.width - BESIDE, SHORTEST))
    what = _What("{task.description}", markup=False, table_column=room)
    columns = (MofNCompleteColumn(), BarColumn(), pace, what)
    # What others print may go through the bar's own console, which is standard error, only where both are one terminal.
    looks: dict[str, Any] = {"transient": not unit, "redirect_stdout": sys.stdout.isatty()}
    with Progress(*([unit] if unit else []), *columns, console=console, **looks) as bars:
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
    due, last = time.monotonic() + FIRST, 0

    def move(done: int, text: str, pace: Pace) -> None:
        nonlocal due, last
        last = done
        if time.monotonic() >= due:
            due = time.monotonic() + EVERY
            print(": ".join(filter(None, (f"{done} of {max(total, done)}", str(pace), text))), file=sys.stderr)

    with said_while_compiling(lambda: f"{last} of {total}"):
        yield move


@contextmanager
def said_while_compiling(done: Callable[[], str]) -> Iterator[None]:
    """Print a line ten seconds after the block began, where loops are being compiled then: what is ``done``, and that."""

    def say() -> None:
        if compiling():
            print(f"{done()}: {COMPILING}", file=sys.stderr)

    timer = Timer(FIRST, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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
def saved_cells(folder: Path, total: int, executor: Executor) -> Iterator[Store]:
    """Yield a store, whose missing cells the executor computes, under a bar that moves with every cell."""
    with bar(total) as on_part:
        yield Store(folder, executor, cell_moves(on_part))


def cell_moves(on_part: OnPart) -> Callable[[RunSpec, float], None]:
    """The function that a store calls with each of its cells: it moves a bar."""
    return lambda spec, seconds: on_part(spec.words, found=seconds == 0.0)
