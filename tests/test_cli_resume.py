"""Interrupted runs: they go on, and end with the bits of an uninterrupted one."""

import os
import signal
import subprocess
import sys

import pytest

from alpt_ref.training import epochs as fit
from tests.children import PLAIN
from tests.cli_support import LEARNED, assert_same_arrays, error_of, run, train_arguments, write_data

pytestmark = pytest.mark.glue

RUN = ("--precision", "lpt", "--bits", "4", "--optimizer", "adam", "--epochs", "4")
LEARNING = ("--step-lr", "1e-3", "--precision")

KILLED = """
import os, signal, sys
from alpt_ref.cli import main

rename = os.replace

def rename_or_die(source, target):
    # Each epoch renames one checkpoint; the third is where the run ends.
    global n_left
    if not str(target).endswith("checkpoint.npz"):
        return rename(source, target)
    n_left -= 1
    if n_left == 0 and moment == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
    if n_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

moment, n_left = sys.argv[1], 3
os.replace = rename_or_die
main(sys.argv[2:])
"""


@pytest.fixture
def more():
    """Options after those of RUN; tests bring their own."""
    return ()


@pytest.fixture
def uninterrupted(tmp_path, more):
    """model.npz of the run that nothing disturbed."""
    assert run(*train_arguments(tmp_path, *RUN, *more)) == 0
    (tmp_path / "run").rename(tmp_path / "whole")
    return tmp_path / "whole" / "model.npz"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("moment", ["between epochs", "writing"])
def test_killed_and_resumed(tmp_path, uninterrupted, capsys, moment):
    arguments = train_arguments(tmp_path, *RUN)
    # Not compiled: that gives the same bits, and takes a second.
    killed = subprocess.run([sys.executable, "-c", KILLED, moment, *arguments], capture_output=True, check=False, env=PLAIN)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = tmp_path / "run"
    assert (folder / "checkpoint.npz").exists()
    assert not (folder / "model.npz").exists()
    assert error_of(capsys, *arguments) == (
        f"{folder}/checkpoint.npz exists: use --resume to go on, --force to replace it, or another --out"
    )
    assert run(*arguments, "--resume") == 0
    epochs = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch")]
    assert len(epochs) == (1 if moment == "between epochs" else 2)
    assert_same_arrays(folder / "model.npz", uninterrupted)


def test_more_epochs(tmp_path, uninterrupted):
    """A finished run goes on, too."""
    assert run(*train_arguments(tmp_path, *RUN, "--epochs", 2)) == 0
    assert run(*train_arguments(tmp_path, *RUN, "--resume")) == 0
    assert_same_arrays(tmp_path / "run" / "model.npz", uninterrupted)


def test_resume_of_nothing_begins(tmp_path, uninterrupted):
    assert run(*train_arguments(tmp_path, *RUN, "--resume")) == 0
    assert_same_arrays(tmp_path / "run" / "model.npz", uninterrupted)


@pytest.mark.parametrize("more", [(), *((*LEARNING, name) for name in LEARNED)], ids=["lpt", *LEARNED])
def test_ctrl_c(tmp_path, more, uninterrupted, capsys, monkeypatch):
    """A real SIGINT, first before a checkpoint exists, then after one."""
    arguments = train_arguments(tmp_path, *RUN, *more)
    save = fit.save_checkpoint

    def interrupt_first(*args):
        os.kill(os.getpid(), signal.SIGINT)
        save(*args)

    def interrupt_then(*args):
        save(*args)
        os.kill(os.getpid(), signal.SIGINT)

    for interrupted, hint in (
        (interrupt_first, "no epoch had ended, so there is nothing to resume"),
        (interrupt_then, f"the same command with --resume goes on from {tmp_path}/run/checkpoint.npz"),
    ):
        monkeypatch.setattr(fit, "save_checkpoint", interrupted)
        assert run(*arguments) == 130
        assert capsys.readouterr().err.splitlines()[-1] == f"alpt-ref: interrupted: {hint}"
    monkeypatch.undo()
    assert run(*arguments, "--resume") == 0
    assert_same_arrays(tmp_path / "run" / "model.npz", uninterrupted)


def test_ctrl_c_elsewhere(tmp_path, capsys, monkeypatch):
    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("alpt_ref.cli.evaluate.load_model", interrupt)
    assert run("evaluate", "--model", "m", "--data", "d") == 130
    assert capsys.readouterr().err == "alpt-ref: interrupted\n"


def test_resume_of_another_run_is_refused(tmp_path, capsys):
    assert run(*train_arguments(tmp_path, "--epochs", 1)) == 0
    before = (tmp_path / "run" / "model.npz").read_bytes()
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    capsys.readouterr()
    for other in (("--k", 3), ("--precision", "alpt")):
        sentence = error_of(capsys, *train_arguments(tmp_path, *other, "--resume"))
        assert sentence.startswith(f"{checkpoint}: was written with other arguments")
    arguments = train_arguments(tmp_path, "--resume")
    write_data(tmp_path / "valid.libfm", seed=9)
    assert error_of(capsys, *arguments).startswith(f"{checkpoint}: was written with other data")
    assert (tmp_path / "run" / "model.npz").read_bytes() == before


def test_damaged_checkpoint(tmp_path, capsys):
    arguments = train_arguments(tmp_path, "--resume")
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"PK\x03\x04 and no more")
    assert error_of(capsys, *arguments).startswith(f"{checkpoint}: not a readable alpt_ref file")


def test_results_are_not_overwritten(tmp_path, capsys):
    assert run(*train_arguments(tmp_path, "--epochs", 1)) == 0
    folder = tmp_path / "run"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    ways_out = "use --resume to go on, --force to replace it, or another --out"
    assert error_of(capsys, *train_arguments(tmp_path)) == f"{folder}/model.npz exists: {ways_out}"
    (folder / "checkpoint.npz").unlink()
    assert error_of(capsys, *train_arguments(tmp_path, "--resume")) == (
        f"{folder}/model.npz exists, but no {folder}/checkpoint.npz to resume from: use --force to replace it, or another --out"
    )
    (folder / "model.npz").unlink()
    assert error_of(capsys, *train_arguments(tmp_path)) == f"{folder}/metrics.json exists: {ways_out}"
    assert (folder / "metrics.json").read_bytes() == before[folder / "metrics.json"]
