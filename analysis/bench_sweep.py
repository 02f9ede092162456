"""A sweep on a Dask cluster of two workers against in process, one worker killed on the way; and the cost of a cell that does
nothing. Prints what docs/sweeps.md shows.

The sweep is one of exact laws, those of analysis/calibration.py at more learning rates: 243 cells of a millisecond to seconds.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from alpt_ref.cli import command_line
from alpt_ref.cli.parsing import Parser, positive
from alpt_ref.studies.calibration import exact
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.cluster import Dask
from alpt_ref.studies.executors import Executor, InProcess
from alpt_ref.studies.store import OnCell, Store, unheard
from alpt_ref.tools.files import Arrays

SWEEP = replace(exact.ExactSettings(), etas=tuple(np.geomspace(0.04, 3.2, 40).tolist()), batches=(1, 4, 16, 64))
QUICK = replace(SWEEP, etas=(0.1, 0.2), widths=(6,), ps=(0.1,), ks=(1,), batches=(1,), batch_steps=100)


def nothing(n: int) -> Arrays:
    """Work that takes no time."""
    return {"n": np.array(n)}


def nothings(n: int) -> list[Cell]:
    """Cells of it."""
    return [Cell(RunSpec("nothing", {"n": i}), nothing, (i,)) for i in range(n)]


def wall(folder: Path, executor: Executor, cells: Sequence[Cell], on_cell: OnCell = unheard) -> float:
    """The seconds until all cells are computed, saved and read."""
    began = time.perf_counter()
    with Store(folder, executor, on_cell).wave(cells) as found:
        for cell in cells:
            found(cell)
    return time.perf_counter() - began


def killer(dask: Dask, after: int) -> OnCell:
    """A function of each cell, which kills a worker after some of them: with SIGKILL, as want of memory does."""
    left = iter(range(after, -1, -1))

    def on_cell(spec: RunSpec, seconds: float) -> None:
        if next(left, -1) == 0:
            os.kill(min(dask.client.run(os.getpid).values()), signal.SIGKILL)

    return on_cell


def files_of(folder: Path) -> dict[str, bytes]:
    """The bytes of all cells."""
    return {path.name: path.read_bytes() for path in (folder / "cells").iterdir()}


def say(what: str, value: str) -> None:
    """Print a line."""
    print(f"{what:<52}{value:>12}", flush=True)


def measure(folder: Path, quick: bool, rounds: int) -> None:
    """Print all figures."""
    cells, empty = exact.cells(QUICK if quick else SWEEP), nothings(20 if quick else 1000)
    here = {f"in process, {n} thread{'s' * (n > 1)}": InProcess(n) for n in (1, 2)}
    wall(folder / "warm", InProcess(1), cells[:8])  # compiles, or reads what an earlier run has compiled
    say("cells of the sweep", f"{len(cells)}")

    def timed(name: str, run: Callable[[Path], float]) -> None:
        times = [run(folder / f"{name} {i}") for i in range(rounds)]
        say(f"{name}, seconds", f"{min(times):.1f}")
        assert all(files_of(folder / f"{name} {i}") == files_of(folder / "in process, 1 thread 0") for i in range(rounds))

    for name, executor in here.items():
        timed(name, lambda out, executor=executor: wall(out, executor, cells))  # type: ignore[misc]
    with closing(Dask(2)) as dask:
        began = time.perf_counter()
        dask.client.wait_for_workers(2)
        say("a cluster of two workers starts, seconds", f"{time.perf_counter() - began:.1f}")
        wall(folder / "warm there", dask, [*cells[8:16], *nothings(8)])
        timed("Dask, two workers", lambda out: wall(out, dask, cells))
        timed("Dask, one of them killed", lambda out: wall(out, dask, cells, killer(dask, len(cells) // 3)))
        say("files of cells are the same, byte for byte", "yes")
        dask.client.wait_for_workers(2)
        for name, executor in {"in process": here["in process, 1 thread"], "Dask": dask}.items():
            spent: Any = [wall(folder / f"nothing {name} {i}", executor, empty) for i in range(rounds)]
            say(f"a cell that does nothing, {name}, ms", f"{1e3 * min(spent) / len(empty):.2f}")


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=positive, default=3, help="of which the fastest counts")
    parser.add_argument("--quick", action="store_true", help="a tiny sweep, to see that it works")
    return parser


def work(args: argparse.Namespace) -> None:
    """Measure in a folder that is removed."""
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), args.quick, args.rounds)


if __name__ == "__main__":
    sys.exit(command_line("bench_sweep", options, work, None))
