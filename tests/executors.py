"""Executors for tests: one that a Ctrl-C reaches, one that nothing may be asked of; and cells to try executors on."""

import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

import numpy as np

from alpt_ref.studies.cells import Cell, Done, RunSpec
from alpt_ref.studies.executors import Executor, Found, InProcess
from alpt_ref.tools.files import Arrays

RAN: list[int] = []  # the slow cells that this process has computed


class Interrupted:
    """Ctrl-C comes when a cell is done of which ``stops`` is true: its result is lost, and all that would come after it."""

    def __init__(self, stops: Callable[[Cell], bool], executor: Executor | None = None) -> None:
        self.stops, self.executor = stops, executor or InProcess(1)

    def compute(self, cells: Sequence[Cell], found: Found) -> Generator[Done]:
        with closing(self.executor.compute(cells, found)) as coming:
            for done in coming:
                if self.stops(done.cell):
                    raise KeyboardInterrupt
                yield done


def after(n: int, executor: Executor | None = None) -> Interrupted:
    """Ctrl-C comes after ``n`` cells."""
    left = iter([False] * n)
    return Interrupted(lambda cell: next(left, True), executor)


class Idle:
    """Nothing is missing."""

    def compute(self, cells: Sequence[Cell], found: Found) -> Generator[Done]:
        assert all(map(found, cells)), "computed twice"
        yield from ()


def slow(n: int) -> Arrays:
    """A cell that takes a moment."""
    time.sleep(0.05)
    RAN.append(n)
    return {"x": np.arange(n)}


def slow_cells(n: int) -> list[Cell]:
    """Cells of which a worker can be in the middle."""
    return [Cell(RunSpec("slow", {"n": i}), slow, (i,)) for i in range(n)]


def deadly() -> Arrays:
    """A cell that takes its worker with it."""
    os._exit(1)
