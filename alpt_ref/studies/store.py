"""The store of studies: a cell is saved as soon as it is computed, under the hash of its identity.

FOLDER/cells/<id>.npz      the spec as JSON and the arrays of one finished cell: the same bytes, wherever it was computed
FOLDER/seconds.jsonl       a line for each cell that was computed: its id, its kind, and the seconds that it took
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alpt_ref.studies.cells import Cell, Done, RunSpec
from alpt_ref.studies.executors import Executor, InProcess
from alpt_ref.tools.files import Arrays, read_npz, write_npz
from alpt_ref.tools.interrupts import heeding_interrupts
from alpt_ref.tools.output import naming

SECONDS = "seconds.jsonl"
ArraysOf = Callable[[Cell], Arrays]
OnCell = Callable[[RunSpec, float], None]


def unheard(spec: RunSpec, seconds: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Store:
    """A folder of cells, and the executor that computes those that are missing. This process alone writes files.

    folder : None where nothing is to be kept. on_cell : called with (spec, seconds) when a cell has been computed or found;
    seconds are 0 for one found.
    """

    folder: Path | None
    executor: Executor = field(default_factory=InProcess)
    on_cell: OnCell = unheard

    def path(self, spec: RunSpec) -> Path | None:
        """The file of the cell."""
        return None if self.folder is None else self.folder / "cells" / f"{spec.id}.npz"

    def has(self, cell: Cell) -> bool:
        """True where the cell was saved."""
        path = self.path(cell.spec)
        return path is not None and path.exists()

    @contextmanager
    def wave(self, cells: Sequence[Cell]) -> Iterator[ArraysOf]:
        """Yield a function that returns the arrays of one of the ``cells``, read where it was saved, else as soon as the
        executor has computed and this process has saved it.

        Cells are computed in any order, and asked for in any. ValueError where the file of one that is asked for is another's.
        """
        each = {cell.spec.id: cell for cell in cells}
        known: dict[str, Arrays] = {}
        with heeding_interrupts(), closing(self.executor.compute(list(each.values()), self.has)) as coming:

            def arrays(cell: Cell) -> Arrays:
                name = cell.spec.id
                while name not in known and not self.has(cell):
                    if (done := next(coming, None)) is None:
                        raise ValueError(f"{self.path(cell.spec)}: was there, and is no longer: run the command again")
                    self._save(done)
                    known[done.cell.spec.id] = done.result
                if name not in known:
                    known[name] = self._read(cell.spec)
                    self.on_cell(cell.spec, 0.0)
                return known[name]

            yield arrays

    def _read(self, spec: RunSpec) -> Arrays:
        path = self.path(spec)
        assert path is not None
        meta, arrays = read_npz(path)
        if meta.get("spec") != spec.canonical:
            raise ValueError(f"{path}: is not the cell {spec.canonical}; remove it")
        return arrays

    def _save(self, done: Done) -> None:
        spec = done.cell.spec
        path = self.path(spec)
        if path is not None and self.folder is not None:
            write_npz(path, {"spec": spec.canonical}, done.result)
            _note(self.folder / SECONDS, {"id": spec.id, "kind": spec.kind, "seconds": done.seconds})
        self.on_cell(spec, done.seconds)


def _note(path: Path, record: dict[str, str | float]) -> None:
    """Add a line, whole, as two processes may add theirs; on a line of its own where a crash has torn the last one."""
    with naming(path), open(path, "a+b", buffering=0) as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
        torn = file.read(1) not in (b"", b"\n")
        file.write(("\n" * torn + json.dumps(record) + "\n").encode())


def seconds_of(folder: Path) -> dict[str, tuple[str, float]]:
    """The kind and the seconds, the last ones, of the cells that were computed into ``folder``, by id. Lines that a crash has
    torn are left out."""
    path = folder / SECONDS
    found: dict[str, tuple[str, float]] = {}
    for line in path.read_text(errors="replace").splitlines() if path.exists() else ():
        try:
            record = json.loads(line)
            found[str(record["id"])] = str(record["kind"]), float(record["seconds"])
        except (ValueError, KeyError, TypeError):
            continue
    return found
