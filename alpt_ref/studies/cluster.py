"""The executor that is a Dask cluster: processes on this machine, or those of a scheduler that runs already.

No other module knows Dask, and this one imports it when the first cell is missing.
"""

import logging
import os
import pickle
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from importlib.util import find_spec
from multiprocessing import resource_tracker
from secrets import token_hex
from typing import Any

import numba
import numpy
import scipy

from alpt_ref.scalars.diskcache import source_hash
from alpt_ref.studies.cells import Cell, Done, timed
from alpt_ref.studies.executors import Found
from alpt_ref.tools.extras import ExtraMissingError, needs
from alpt_ref.tools.interrupts import heed, holding_interrupts

PATIENCE = 30.0  # seconds for a scheduler to answer, and to have a worker


class Dask:
    """The workers of a Dask cluster, one cell at a time each. A worker that dies loses nothing: another computes its cell.

    The cluster is started, or joined, when the first cell is missing, and left by ``close``.
    """

    def __init__(self, workers: int = 2, threads: int = 1, scheduler: str | None = None) -> None:
        """Ask for ``workers`` processes on this machine, or for those of the ``scheduler`` at that address. threads : of a wide
        cell. ValueError where distributed is not installed, and for an empty address."""
        if find_spec("distributed") is None:
            raise ExtraMissingError(needs("executor dask", "dask"))
        if scheduler is not None and not scheduler.strip():
            raise ValueError(f"scheduler must be an address, as tcp://head:8786, got {scheduler!r}")
        self.workers, self.threads, self.scheduler = workers, threads, scheduler
        self._left = ExitStack()
        self._shared: dict[int, tuple[Any, Any]] = {}

    @cached_property
    def client(self) -> Any:
        """The client of the cluster, started now where it was not. ValueError where no scheduler or no worker answers."""
        import dask
        from distributed import Client
        from distributed.utils import silence_logging_cmgr

        self._left.enter_context(silence_logging_cmgr(logging.CRITICAL))  # what goes wrong is said in a sentence
        self._left.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}))
        if self.scheduler is None:
            with _undisturbed():
                cluster = self._left.enter_context(_local_cluster(self.workers))
                client = self._left.enter_context(Client(cluster, set_as_default=False))
                client.register_plugin(_quiet())
            return client
        try:
            _greet(self.scheduler)
            client = self._left.enter_context(Client(self.scheduler, timeout=PATIENCE, set_as_default=False))
            client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            self.close()
            why = str(error) or "timed out"  # the error of a time that is over may have no words
            raise ValueError(f"scheduler {self.scheduler}: no scheduler with a worker answers there: {why}") from None
        return client

    def close(self) -> None:
        """Leave the cluster; one that was started here is ended."""
        self._left.close()
        self._shared.clear()
        self.__dict__.pop("client", None)

    def compute(self, cells: Sequence[Cell], found: Found) -> Generator[Done]:
        """Yield the cells as they are computed; those at work when this is closed are forgotten. ValueError for a cell with
        which several workers died, and where the scheduler is gone."""
        missing = [cell for cell in cells if not found(cell)]
        if not missing:
            return
        from distributed import as_completed

        futures = dict(zip(self._submitted(missing), missing, strict=True))
        try:
            fetched = {"with_results": True, "raise_errors": False}
            for future, found_there in as_completed(list(futures), self.client.loop, **fetched):
                heed()
                cell = futures.pop(future)
                if future.status != "finished":
                    with _told(cell):
                        future.result()
                yield Done(cell, *found_there)
        finally:
            self.client.cancel(list(futures))

    def _submitted(self, cells: Sequence[Cell]) -> list[Any]:
        """Futures of the cells. Those that share the same are a group, of which the scheduler keeps what no worker is at: it
        counts a worker's death against all that was assigned to it. Names are new: earlier attempts may still be known."""
        groups = {tuple(map(id, cell.shared)): f"cells-{token_hex(4)}" for cell in cells}
        each = ([cell.work, cell.arguments, self.threads if cell.wide else None] for cell in cells)
        shared = [[self._handed(thing) for thing in cell.shared] for cell in cells]
        keys = [(groups[tuple(map(id, cell.shared))], cell.spec.id) for cell in cells]
        futures: list[Any] = self.client.map(_computed, *zip(*each, strict=True), shared, key=keys, versions=_versions())
        return futures

    def _handed(self, thing: Any) -> Any:
        """The future of a thing that cells share. The scheduler keeps its bytes, so that it outlives every worker."""
        if id(thing) not in self._shared:
            packed = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
            self._shared[id(thing)] = thing, self.client.submit(pickle.loads, packed, key=(f"shared-{token_hex(4)}", 0))
        return self._shared[id(thing)][1]


def _computed(
    work: Callable[..., Any], arguments: Any, threads: int | None, shared: Sequence[Any], versions: str
) -> tuple[Any, float]:
    """On a worker: the result and its seconds. ValueError where the worker would compute something else."""
    if _versions() != versions:
        raise ValueError(f"a worker has other versions, {_versions()}, than this process, {versions}")
    return timed(work, (*shared, *arguments), threads)


def _versions() -> str:
    """All that decides on bits, but for the C library and the number of threads of NumPy's linear algebra."""
    libraries = (f"{library.__name__} {library.__version__}" for library in (numpy, scipy, numba))
    return f"{', '.join(libraries)}, alpt_ref of sources {source_hash()[:16]}"


@contextmanager
def _local_cluster(workers: int) -> Iterator[Any]:
    """Processes with the environment of this one: Dask's own would give linear algebra other threads, and so other bits."""
    import dask
    from distributed import LocalCluster

    environ = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"))
    size: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1, "memory_limit": 0}
    one_each = {"distributed.scheduler.worker-saturation": 1.0}
    with dask.config.set({"distributed.nanny.pre-spawn-environ": environ} | one_each):
        page = {"dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}  # at any port: 8787 may be taken
        cluster = LocalCluster(**size, **page, silence_logs=logging.CRITICAL)
    with cluster:
        yield cluster


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a Ctrl-C wait for the end of the block, in which Dask would end in words of its own. Processes that are started in it
    have this thread's mask of signals: at a terminal a Ctrl-C reaches them, too, while they are not yet quiet."""
    with holding_interrupts():  # the mask alone does not, where another thread takes the signal
        resource_tracker.ensure_running()  # which would lift the mask when it is started
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _greet(address: str) -> None:
    """OSError where nobody greets within PATIENCE: for one who takes the call, and is silent, Dask's client waits for ever."""
    from distributed import Security
    from distributed.comm import connect
    from distributed.utils import LoopRunner, sync

    async def greeted() -> None:
        (await connect(address, PATIENCE, **Security().get_connection_args("client"))).abort()

    runner = LoopRunner(asynchronous=False)
    runner.start()
    try:
        sync(runner.loop, greeted, callback_timeout=PATIENCE)
    finally:
        runner.stop()


def _quiet() -> Any:
    """A plugin by which workers of this terminal leave Ctrl-C to this process, and standard output, which may be a file of its
    results: what a cell prints goes to standard error."""
    from distributed import WorkerPlugin

    class Quiet(WorkerPlugin):  # type: ignore[misc]
        def setup(self, worker: Any) -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            with suppress(OSError):  # of a command whose standard error is closed
                os.dup2(2, 1)

    return Quiet()


@contextmanager
def _told(cell: Cell) -> Iterator[None]:
    """Turn the cluster's own errors into a sentence."""
    from distributed import KilledWorker

    try:
        yield
    except KilledWorker as error:
        died = error.allowed_failures + 1
        raise ValueError(f"{cell.spec.words}: {died} workers died while they computed it; is their memory enough?") from None
    except (CancelledError, ImportError) as error:
        raise ValueError(f"{cell.spec.words}: lost by the Dask cluster: {error}") from None
