"""Runs that are interrupted, that go on, and that want the same folder."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numba.core.compiler_lock import global_compiler_lock

from alpt_ref.cli import guarded, main
from alpt_ref.models import LogisticRegression, load_model
from alpt_ref.tools import locks
from alpt_ref.tools.interrupts import heed, heeding_interrupts
from alpt_ref.tools.locks import alone_in
from alpt_ref.training import epochs
from tests.children import INTERRUPTED, last_words
from tests.marks import long

pytestmark = pytest.mark.edge
BASE = "".join(f"{i % 2} {1 + i % 3}:1 {4 + i % 2}:0.5\n" for i in range(60))


def interrupt():
    signal.raise_signal(signal.SIGINT)


def lost():
    """As in a callback of the compiler."""
    try:
        interrupt()
    except KeyboardInterrupt:
        return


def test_an_interrupt_that_was_lost_is_raised_anew():
    def work():
        lost()
        heed()
        pytest.fail("not heeded")

    for part in (work, lost):
        with pytest.raises(KeyboardInterrupt), heeding_interrupts():
            part()
    heed()  # of a block that is over, nothing is left


def test_an_interrupt_waits_for_a_step_of_the_compiler():
    reached = []

    def compiles():
        with global_compiler_lock:
            with global_compiler_lock:
                interrupt()
                reached.append("the end of the inner step")
            reached.append("the end of the outer step")

    def goes_on():
        interrupt()
        reached.append("what comes after the last step")

    for work in (compiles, goes_on):
        with pytest.raises(KeyboardInterrupt), heeding_interrupts():
            work()
    assert reached == ["the end of the inner step"]


def test_other_threads_compile_undisturbed():
    reached = []

    def compiles():
        with global_compiler_lock:
            pass
        reached.append("the end of a step")

    def work():
        lost()
        thread.start()
        thread.join()

    thread = threading.Thread(target=compiles)
    with pytest.raises(KeyboardInterrupt), heeding_interrupts():
        work()
    assert reached == ["the end of a step"]


def test_an_interrupt_does_not_wait_for_steps_in_other_threads():
    holds, done, reached = threading.Event(), threading.Event(), []

    def compiles():
        with global_compiler_lock:
            holds.set()
            done.wait(60)

    def waits():
        thread.start()
        assert holds.wait(60)
        interrupt()
        reached.append("what comes after the interrupt")

    thread = threading.Thread(target=compiles)
    try:
        with pytest.raises(KeyboardInterrupt), heeding_interrupts():
            waits()
    finally:
        done.set()
        thread.join()
    assert reached == []


def test_an_error_after_an_interrupt_is_the_interrupt():
    def fails():
        lost()
        raise SystemError("a callback has failed")

    with pytest.raises(KeyboardInterrupt), heeding_interrupts():
        fails()
    with pytest.raises(SystemError), heeding_interrupts():
        raise SystemError("a fault")


def test_interrupts_of_commands(capsys):
    def fails():
        lost()
        raise SystemError("returned a result with an exception set")

    for work in (lost, interrupt, fails):
        assert guarded("a", work) == 130
        assert capsys.readouterr().err == "a: interrupted\n"
    before = signal.getsignal(signal.SIGINT)
    assert guarded("a", lambda: None) == 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "base.svm"
    path.write_text(BASE)
    return path


def train(data, *more):
    return [
        "train",
        "--model",
        "lr",
        "--format",
        "libsvm",
        "--train",
        str(data),
        "--out",
        str(data.parent / "run"),
        *([] if "--valid" in more else ["--no-split"]),
        *map(str, more),
    ]


@pytest.mark.parametrize("times", [5, pytest.param(20, marks=long)])
def test_ctrl_c_during_training(data, times, capsys):
    """At any moment after the start: 130 and one sentence, and the same command with --resume ends with the same bits."""
    epochs = 200
    assert main(train(data, "--epochs", epochs)) == 0
    whole = load_model(data.parent / "run" / "model.npz")[0].state_.linear.weights
    capsys.readouterr()
    command = [sys.executable, "-m", "alpt_ref", *train(data, "--epochs", epochs)]
    stopped = 0
    for i in range(times):
        process = subprocess.Popen(
            [*command, "--force"], env=INTERRUPTED, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        while not process.stderr.readline().startswith("epoch"):
            assert process.poll() is None
        time.sleep(0.02 * (i % 10))
        process.send_signal(signal.SIGINT)
        said = [line for line in last_words(process)[1].splitlines() if not line.startswith("epoch")]
        if process.returncode == 0:
            continue
        stopped += 1
        assert process.returncode == 130
        assert len(said) == 1
        assert said[0].startswith("alpt-ref: interrupted: the same command with --resume goes on from")
    assert stopped
    assert main([*train(data, "--epochs", epochs), "--resume"]) == 0
    assert np.array_equal(load_model(data.parent / "run" / "model.npz")[0].state_.linear.weights, whole)


def test_resume_with_fewer_epochs_or_less_patience(data, capsys):
    valid = data.parent / "valid.svm"
    valid.write_text("".join(BASE.splitlines(keepends=True)[:20]))
    options = ("--valid", valid, "--epochs", 5, "--patience", 5)
    assert main(train(data, *options)) == 0
    capsys.readouterr()
    checkpoint = data.parent / "run" / "checkpoint.npz"
    assert main(train(data, "--valid", valid, "--epochs", 3, "--patience", 5, "--resume")) == 2
    error = capsys.readouterr().err
    assert f"{checkpoint}: has 5 epochs, resume with epochs of at least that, got 3" in error.replace("--epochs", "epochs")
    assert main(train(data, "--valid", valid, "--epochs", 5, "--patience", 1, "--resume")) == 2
    error = capsys.readouterr().err
    assert f"{checkpoint}: went on to epoch 5, where patience 1 ends it after epoch 2" in error
    for more in (("--epochs", 5, "--patience", 5), ("--epochs", 6, "--patience", 9)):
        assert main(train(data, "--valid", valid, *more, "--resume")) == 0


def test_a_folder_has_one_writer(data, capsys):
    out = data.parent / "run"
    with alone_in(out):
        assert main(train(data, "--epochs", 1)) == 2
        sentence = f"alpt-ref: error: {out}: another run is writing there, wait for it or choose another folder\n"
        assert capsys.readouterr().err == sentence
        assert main(["verify", "Q6", "--out", str(out)]) == 2
        assert list(out.iterdir()) == []
    assert not out.exists()
    assert main(train(data, "--epochs", 1)) == 0


HOLDS = """
import sys, time
from pathlib import Path
from alpt_ref.tools.locks import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_dead_process_holds_no_folder(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ValueError, match="another run is writing there"), alone_in(tmp_path):
        pass
    holder.kill()
    last_words(holder)
    with alone_in(tmp_path):
        pass


def test_what_was_made_and_stayed_empty_is_removed(tmp_path):
    with alone_in(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with alone_in(tmp_path / "a" / "b"):
        (tmp_path / "a" / "kept").write_text("x")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept"]


def test_a_folder_that_is_being_removed_is_nobodys(tmp_path, monkeypatch):
    """One leaves and removes the folder between the moment in which another opens it and that in which it is locked."""
    out, first = tmp_path / "out", []

    def lock(handle):
        if not first:
            first.append(handle)
            out.rmdir()
        return True

    monkeypatch.setattr(locks, "try_lock", lock)
    with alone_in(out):
        assert out.is_dir()
    assert not out.exists()


def test_the_lock_is_held_while_the_folder_goes(tmp_path, monkeypatch):
    out, seen = tmp_path / "out", []
    rmdir = Path.rmdir

    def watched(self):
        handle = os.open(out, os.O_RDONLY)
        seen.append(locks.try_lock(handle))
        os.close(handle)
        rmdir(self)

    monkeypatch.setattr(Path, "rmdir", watched)
    with alone_in(out):
        pass
    assert seen == [False]


def test_what_an_interrupt_leaves_half_made_goes_without_a_word(capsys):
    class Half:
        def __init__(self):
            interrupt()
            self.whole = True

        def __del__(self):
            del self.whole

    assert guarded("a", Half) == 130
    assert capsys.readouterr().err == "a: interrupted\n"


def test_where_interrupts_are_ignored_they_stay_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heeding_interrupts():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_epoch_of_single_examples_is_interrupted(monkeypatch):
    monkeypatch.setattr(epochs, "ONLINE", 4)
    calls = []

    def heard():
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    X = np.eye(20)
    whole = LogisticRegression(batch_size=1, epochs=1).fit(X, [0, 1] * 10).state_.linear.to_float()
    monkeypatch.setattr(epochs, "ONLINE", 2**16)
    assert np.array_equal(LogisticRegression(batch_size=1, epochs=1).fit(X, [0, 1] * 10).state_.linear.to_float(), whole)
    monkeypatch.setattr(epochs, "heed", heard)
    monkeypatch.setattr(epochs, "ONLINE", 4)
    with pytest.raises(KeyboardInterrupt):
        LogisticRegression(batch_size=1, epochs=1).fit(X, [0, 1] * 10)
    assert len(calls) == 3
