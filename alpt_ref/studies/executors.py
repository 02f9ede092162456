"""Executors: who computes cells. This process, or nobody: then cells are listed. :mod:`alpt_ref.studies.cluster` has a third.

An executor computes and hands back; it reads and writes no file, as its workers may share no disk with this process.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from alpt_ref.studies.cells import Cell, Done, timed
from alpt_ref.tools.interrupts import heed

Found = Callable[[Cell], bool]


class Executor(Protocol):
    """Who computes the cells of a wave."""

    def compute(self, cells: Sequence[Cell], found: Found) -> Generator[Done]:
        """Yield those that are not ``found`` as they are computed, in any order; it is asked when a cell's turn comes."""


@dataclass(frozen=True)
class InProcess:
    """This process: cells side by side in ``threads`` threads; a wide one by itself, with all of them. A cell that another
    process has saved before its turn comes is not computed."""

    threads: int = 1

    def compute(self, cells: Sequence[Cell], found: Found) -> Generator[Done]:
        """Yield the cells as they are computed, wide ones in their order; Ctrl-C ends it before the next one begins."""
        missing = (cell for cell in cells if not found(cell))
        for wide, group in groupby(missing, key=lambda cell: cell.wide):
            compute = self._one_by_one if wide or self.threads == 1 else self._side_by_side
            yield from compute(group)

    def _one_by_one(self, cells: Iterable[Cell]) -> Generator[Done]:
        for cell in cells:
            yield self._done(cell)
            heed()

    def _side_by_side(self, cells: Iterable[Cell]) -> Generator[Done]:
        def heeded(cell: Cell) -> Done:
            heed()
            return self._done(cell)

        with ThreadPoolExecutor(self.threads) as pool:
            futures = [pool.submit(heeded, cell) for cell in cells]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                for future in futures:
                    future.cancel()

    def _done(self, cell: Cell) -> Done:
        return Done(cell, *timed(cell.work, cell.shared + cell.arguments, self.threads if cell.wide else None))


IN_PROCESS = InProcess(2)  # of studies that are called from Python


class Listed(Exception):  # noqa: N818
    """A dry run ends here: the next step needs cells that are missing."""


@dataclass
class Listing:
    """Nobody: cells are listed, and whether they were found. A study goes on to its next wave where none is missing."""

    cells: list[tuple[Cell, bool]] = field(default_factory=list)

    def compute(self, cells: Sequence[Cell], found: Found) -> Generator[Done]:
        """List the cells; Listed where one is missing."""
        listed = [(cell, found(cell)) for cell in cells]
        known = {cell.spec.id for cell, _ in self.cells}  # two steps may ask for the same
        self.cells += [(cell, there) for cell, there in listed if cell.spec.id not in known]
        if not all(there for _, there in listed):
            raise Listed
        return _none()


def _none() -> Generator[Done]:
    yield from ()
