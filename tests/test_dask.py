"""Cells on the workers of a Dask cluster: the same bytes as in process, whoever dies; and what goes wrong is one sentence."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from alpt_ref.studies import click_data, cluster
from alpt_ref.studies.calibration import exact
from alpt_ref.studies.calibration import models as calibration_models
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.cluster import Dask
from alpt_ref.studies.comparison import run as comparison
from alpt_ref.studies.convergence import convex, ctr
from alpt_ref.studies.convergence.run import problems_of
from alpt_ref.studies.convergence.settings import QUICK as CONVERGENCE
from alpt_ref.studies.executors import InProcess
from alpt_ref.studies.store import Store
from alpt_ref.studies.verification import rows
from alpt_ref.studies.verification.run import Request, jobs_of
from alpt_ref.theory import Setting, registry
from tests.children import INTERRUPTED, last_words
from tests.cli_support import error_of, run
from tests.executors import after, deadly, slow_cells
from tests.marks import long

pytest.importorskip("distributed", reason="distributed is not installed: pip install 'alpt-ref[dask]'")
pytestmark = pytest.mark.glue
TINY = replace(CONVERGENCE, gaussian=(12, 2), one_hot=(12, 2, 2), batch_steps=(10, 20), example_steps=20, replicas=2)
CTR = replace(CONVERGENCE.ctr, n_rows=120)

BEFORE = dict(os.environ)  # a cluster on this machine changes it


@pytest.fixture(scope="module")
def dask():
    """A cluster of two workers, for all tests here: it takes seconds to start."""
    with closing(Dask(2)) as executor:
        assert len(executor.client.scheduler_info()["workers"]) == 2
        yield executor


def ask(store, cells):
    with store.wave(cells) as found:
        return [found(cell) for cell in cells]


def files_of(out):
    return {path.name: path.read_bytes() for path in (out / "cells").iterdir()}


def kill_all_that_have(dask, shared):
    """Kill the workers that hold a shared thing; others take their place by and by."""
    (holders,) = dask.client.who_has([dask._shared[id(shared)][1]]).values()
    assert holders
    for pid in dask.client.run(os.getpid, workers=list(holders)).values():
        os.kill(pid, signal.SIGKILL)


def cells_of_studies():
    """A few of every kind, with what they share."""
    clicks = click_data.synthetic(CTR, 0)
    small = replace(calibration_models.ModelSettings(), n_rows=60, n_values=5, batches=(16,), min_steps=4, epochs=1, seeds=1)
    request = Request(registry.claims_of(["Q6", "L1(b)"]), Setting(), None, cached=True)
    few = {"bits": 5, "batch_steps": 20, "batches": (1,), "etas": (0.2, 0.4), "ps": (0.1,), "widths": (4, 5)}
    laws = exact.cells(replace(exact.ExactSettings(), **few))[::4]
    return [
        *laws,
        *[cell for _, cell in convex.cells(problems_of([], TINY), TINY)][:4],
        *list(ctr.trials(clicks, CTR).values())[:3],
        *calibration_models.cells(calibration_models.generated(small, 0), small)[:4],
        *[rows.cell_of(request, *job, 1e-6) for job in jobs_of(request)][:6],
    ]


def test_cells_of_every_study_have_the_same_bytes(dask, tmp_path):
    cells = cells_of_studies()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # sums of linear algebra may depend on them
        assert set(dask.client.run(os.environ.get, name).values()) == {BEFORE.get(name)}
    ask(Store(tmp_path / "here"), cells)
    ask(Store(tmp_path / "there", dask), cells)
    assert {cell.spec.kind for cell in cells} == {"calibration-law", "walk", "ctr", "calibration-fit", "verdict"}
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_a_killed_worker_loses_nothing(dask, tmp_path):
    """Nor what cells share, with all workers that have it."""
    shared, left = np.arange(1000), [10]
    sums = [Cell(RunSpec("sum", {"n": n}), total, (n,), (shared,)) for n in range(9)]

    def on_cell(spec, seconds):
        left[0] -= 1
        if not left[0]:
            kill_all_that_have(dask, shared)

    results = ask(Store(tmp_path, dask, on_cell), [*sums[:5], *slow_cells(60), *sums[5:]])
    assert [arrays["x"].size for arrays in results[5:65]] == list(range(60))
    assert [int(arrays["x"]) for arrays in results[:5] + results[65:]] == [n * (n - 1) // 2 for n in range(9)]
    assert len(files_of(tmp_path)) == 69
    dask.client.wait_for_workers(2, timeout=60)


def total(shared, n):
    return {"x": shared[:n].sum()}


@long
def test_a_cell_with_which_workers_die_is_one_sentence(dask, tmp_path):
    scheduler = dask.client.cluster.scheduler
    before, scheduler.allowed_failures = scheduler.allowed_failures, 0
    try:
        with pytest.raises(ValueError, match=r"^deadly: 1 workers died while they computed it; is their memory enough"):
            ask(Store(tmp_path, dask), [Cell(RunSpec("deadly"), deadly)])
    finally:
        scheduler.allowed_failures = before
    dask.client.wait_for_workers(2, timeout=60)


def test_attempts_at_a_cell_have_names_of_their_own(dask):
    """The scheduler may still know an earlier one, and its result."""
    cells = slow_cells(1)
    assert dask._submitted(cells)[0].key != dask._submitted(cells)[0].key


def test_a_worker_has_one_cell_at_a_time(dask, tmp_path):
    """All others wait with the scheduler: a death is counted against the cell that the worker was at, and no other."""
    seen = []

    def on_cell(spec, seconds):
        seen.append(max(map(len, dask.client.processing().values())))

    for shared in [np.arange(10 + i) for i in range(6)]:
        ask(Store(None, dask, on_cell), [Cell(RunSpec("sum", {"n": n}), total, (n,), (shared,)) for n in range(9)])
    ask(Store(tmp_path, dask, on_cell), slow_cells(20))
    assert max(seen) == 1


def test_an_error_of_a_cell_is_that_of_the_study(dask, tmp_path):
    with pytest.raises(ValueError, match="bits must be"):
        ask(Store(tmp_path, dask), [exact.cell_of(exact.Point("nearest", 0.1, 0.1, 99, 0.1)), *slow_cells(3)])


def test_a_worker_of_other_versions_is_refused(dask, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_versions", lambda: "numpy 1.0")
    with pytest.raises(ValueError, match=r"a worker has other versions, numpy 2\..* than this process, numpy 1\.0"):
        ask(Store(tmp_path, dask), slow_cells(1))


@long
def test_a_study_goes_on_elsewhere(dask, tmp_path):
    """Interrupted on the cluster, gone on with in process, and the other way round."""
    settings = replace(comparison.QUICK, epochs=1)
    data = click_data.synthetic(CTR, 0)

    def study(out, executor):
        record = comparison.run(data, "lr", ("fp32", "lpt-sr", "ptq"), (2,), out, settings, executor=executor)
        return [{name: value for name, value in row.items() if name != "speed"} for row in record["rows"]]

    whole = study(tmp_path / "whole", InProcess(1))
    for name, first, second in (("a", dask, InProcess(2)), ("b", InProcess(1), dask)):
        with pytest.raises(KeyboardInterrupt):
            study(tmp_path / name, after(2, first))
        before = files_of(tmp_path / name)
        assert len(before) == 2
        assert study(tmp_path / name, second) == whole
        assert before.items() <= files_of(tmp_path / name).items()


@long
def test_the_command_joins_a_scheduler(dask, tmp_path, capsys):
    address = dask.client.scheduler.address
    assert run("verify", "Q6", "L1(b)", "--out", tmp_path / "a") == 0
    there = ("--executor", "dask", "--scheduler", address)
    assert run("verify", "Q6", "L1(b)", "--out", tmp_path / "b", *there) == 0
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert (tmp_path / "a" / "verdicts.json").read_bytes() == (tmp_path / "b" / "verdicts.json").read_bytes()
    assert len(dask.client.scheduler_info()["workers"]) == 2  # it was left, not ended


ROUNDS_UP = """
import numpy as np

class Up:
    rounding = "stochastic"
    steps = "powers of two"

    def quantize(self, x, delta, bits, seed):
        u = np.random.default_rng(seed).random(x.shape)
        q = np.floor(x / delta + np.sqrt(u))
        return np.float32(delta) * np.clip(q, -2 ** (bits - 1), 2 ** (bits - 1) - 1).astype(np.float32)
"""


@long
def test_a_quantizer_is_judged_alike_elsewhere(dask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "up.py").write_text(ROUNDS_UP)
    there = ("--executor", "dask", "--scheduler", dask.client.scheduler.address)
    where = str(tmp_path / "up.py") + ":Up"  # the workers were started in another folder
    found = []
    for name, options in (("a", ()), ("b", there)):
        assert run("check-quantizer", where, "--quick", "--json", tmp_path / name, *options) == 1
        record = json.loads((tmp_path / name).read_text())
        found.append([{key: value for key, value in entry.items() if key != "seconds"} for entry in record["properties"]])
    assert found[0] == found[1]
    assert "fail" in {entry["status"] for entry in found[0]}


def test_a_scheduler_that_is_silent_is_one_sentence(tmp_path, capsys, monkeypatch):
    """It takes the call, and says nothing: Dask's client waits for ever."""
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        sentence = error_of(capsys, "verify", "Q6", "--out", tmp_path, "--executor", "dask", "--scheduler", address)
    assert sentence.startswith(f"scheduler {address}: no scheduler with a worker answers there: timed out")


def test_an_error_without_words_is_told(monkeypatch):
    def over(address):
        raise TimeoutError

    monkeypatch.setattr(cluster, "_greet", over)
    with pytest.raises(ValueError, match=r"answers there: timed out$"):
        _ = cluster.Dask(scheduler="tcp://127.0.0.1:9").client


def test_workers_leave_standard_output_to_the_command(dask):
    """There may be nothing but a record, and an adapter prints."""

    def one_place():
        return os.path.samestat(os.fstat(1), os.fstat(2))

    assert set(dask.client.run(one_place).values()) == {True}


def test_wrong_options_are_one_sentence(tmp_path, capsys, monkeypatch):
    ask_for = ("verify", "Q6", "--out", tmp_path / "o", "--executor", "dask")
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    sentence = error_of(capsys, *ask_for, "--scheduler", "tcp://127.0.0.1:9")
    assert sentence.startswith("scheduler tcp://127.0.0.1:9: no scheduler with a worker answers there: ")
    sentence = error_of(capsys, *ask_for, "--scheduler", "what")
    assert sentence.startswith("scheduler what: no scheduler with a worker answers there: ")
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    assert error_of(capsys, *ask_for) == "--executor dask needs distributed: pip install 'alpt-ref[dask]'"
    assert not (tmp_path / "o").exists()


@long
def test_distributed_is_loaded_when_a_cell_is_missing():
    code = (
        "import sys, alpt_ref.cli.compare, alpt_ref.cli.verify; from alpt_ref.studies.cluster import Dask; Dask(2)\n"
        "print([name for name in ('dask', 'distributed') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@long
def test_ctrl_c_ends_a_cluster_of_ones_own(tmp_path):
    """Ctrl-C at a terminal reaches the workers, too: they leave it to the process that runs the study."""
    out, log = tmp_path / "o", tmp_path / "log"
    command = ["verify", "Q6", "L1", "L9", "--executor", "dask", "--out", str(out), "--log-json", str(log)]
    process = subprocess.Popen(
        [sys.executable, "-m", "alpt_ref", *command], env=INTERRUPTED, stdout=-1, stderr=-1, text=True, start_new_session=True
    )
    while not log.exists() or log.read_text().count('"row"') < 3:
        assert process.poll() is None, last_words(process)
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, said = last_words(process)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert said.splitlines()[-1] == f"alpt-ref: interrupted: the same command goes on from what {out} holds"
    assert len(list((out / "cells").iterdir())) >= 3
    assert json.loads((out / "verdicts.json").read_text())["complete"] is False
    deadline = time.monotonic() + 20.0
    while group_lives(process.pid):  # soon no worker is left
        assert time.monotonic() < deadline
        time.sleep(0.02)


def group_lives(pid):
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


@long
def test_ctrl_c_while_a_cluster_starts_is_one_sentence(tmp_path):
    """Workers that do not yet know that it is none of theirs are started deaf to it."""
    psutil = pytest.importorskip("psutil")
    command = [sys.executable, "-m", "alpt_ref", "verify", "Q6", "--executor", "dask", "--out", str(tmp_path / "o")]
    process = subprocess.Popen(command, env=INTERRUPTED, stdout=-1, stderr=-1, text=True, start_new_session=True)
    family = psutil.Process(process.pid)
    while not any("spawn_main" in " ".join(child.cmdline()) for child in family.children(recursive=True)):
        assert process.poll() is None, last_words(process)
        time.sleep(0.01)
    time.sleep(0.1)  # it imports
    os.killpg(process.pid, signal.SIGINT)
    _, said = last_words(process)
    assert (process.returncode, said) == (130, "alpt-ref: interrupted: nothing was finished yet, and nothing is kept\n")
