"""Output that replaces nothing but files, and standard streams that are closed, full, broken, or of another encoding."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from alpt_ref.cli import main
from alpt_ref.tools import output
from alpt_ref.tools.files import write_text

pytestmark = pytest.mark.glue
BASE = "".join(f"{i % 2} {1 + i % 3}:1 {4 + i % 2}:0.5\n" for i in range(40))
FULL = Path("/dev/full")
PLAIN = os.environ | {"NUMBA_DISABLE_JIT": "1"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with base.svm and a model of it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "base.svm").write_text(BASE)
    command = ["train", "--model", "lr", "--format", "libsvm", "--epochs", "1"]
    assert main([*command, "--train", str(folder / "base.svm"), "--out", str(folder / "m1")]) == 0
    return folder


@pytest.fixture
def here(trained, tmp_path, monkeypatch) -> Path:
    for name in ("base.svm", "m1"):
        (tmp_path / name).symlink_to(trained / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(folder: Path, line: str, **more: str) -> subprocess.CompletedProcess:
    """The end of a line of bash in which A is alpt-ref."""
    text = f"A() {{ '{sys.executable}' -m alpt_ref \"$@\"; }}; {line}"
    return subprocess.run(["bash", "-c", text], cwd=folder, env=PLAIN | more, capture_output=True, text=True, check=False)


PREDICT, EVALUATE = "predict --model m1/model.npz --data base.svm", "evaluate --model m1/model.npz --data base.svm"


def test_a_fifo_is_written_through(here):
    os.mkfifo(here / "ff")
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append((here / "ff").read_text()))
    reader.start()
    assert main([*PREDICT.split(), "--out", "ff"]) == 0
    reader.join(10)
    assert len(got[0].splitlines()) == 40
    assert stat.S_ISFIFO((here / "ff").stat().st_mode)


def test_a_link_stays_and_its_target_is_written(here):
    for target in ("t.json", "made/later.json"):
        link = here / f"link-{Path(target).stem}"
        (here / target).parent.mkdir(exist_ok=True)
        link.symlink_to(target)
        assert main([*EVALUATE.split(), "--json", str(link)]) == 0
        assert link.is_symlink()
        assert json.loads((here / target).read_text())["rows"] == 40


def test_the_mode_of_a_file_stays_and_a_new_one_heeds_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "x")
        (tmp_path / "old").write_text("y")
        (tmp_path / "old").chmod(0o604)
        write_text(tmp_path / "old", "x")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "old")] == [0o640, 0o604]


def test_devices_are_written_through(here):
    for device in ("/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-"):
        done = shell(here, f"A {PREDICT} --out {device} > out.txt; echo $?")
        assert done.stdout == "0\n", done.stderr
        assert len((here / "out.txt").read_text().splitlines()) == (0 if device == "/dev/null" else 40)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    for device in ("-", "/dev/stdout"):
        done = shell(here, f"A {EVALUATE} --json {device}")
        assert json.loads(done.stdout)["rows"] == 40
    done = shell(here, f"A {EVALUATE} --json >(cat > through.json); sleep 0.3")
    assert json.loads((here / "through.json").read_text())["rows"] == 40


def test_what_was_appended_to_stays(here):
    done = shell(here, f"echo first > log; A {PREDICT} --out /dev/stdout >> log; wc -l < log")
    assert done.stdout.strip() == "41"
    assert (here / "log").read_text().startswith("first\n")


@pytest.mark.parametrize(
    ("target", "said"),
    [("m1", "m1: is a folder"), ("base.svm/x", "base.svm"), ("base.svm", "base.svm is read by this command, write elsewhere")],
)
def test_what_cannot_be_written_is_refused_before_the_work(here, target, said, capsys, monkeypatch):
    monkeypatch.setattr("alpt_ref.cli.evaluate.load_model", lambda path: pytest.fail("the work began"))
    assert main([*EVALUATE.split(), "--json", target]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert ".tmp" not in error


def test_write_protected_files_are_asked(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    path.write_text("x")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda place, mode: False)  # root may write everything
    with pytest.raises(PermissionError) as caught:
        write_text(path, "y")
    assert caught.value.filename == str(path)
    assert path.read_text() == "x"


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_by_the_name_of_the_file(here, monkeypatch):
    done = shell(here, f"A {PREDICT} --out /dev/full")
    assert (done.returncode, done.stderr) == (2, "alpt-ref: error: /dev/full: No space left on device\n")

    def full(file):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="kept") as caught:
        output.write_atomic(here / "kept", full)
    assert caught.value.filename == str(here / "kept")
    assert not [name for name in os.listdir(here) if "kept" in name]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_lost_output_is_an_error(here, unbuffered):
    cases = [(f"A {PREDICT} > /dev/full", 2), (f"A {PREDICT} | true; echo ${{PIPESTATUS[0]}}", 141)]
    cases.append(("A verify Q6 | true; echo ${PIPESTATUS[0]}", 141))
    for line, code in cases:
        done = shell(here, line, PYTHONUNBUFFERED=unbuffered)
        assert (done.returncode if code == 2 else int(done.stdout)) == code, (line, done)
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr


def test_unbuffered_output_is_whole(here):
    (here / "many.svm").write_text(BASE * 2000)
    command = f"A {PREDICT.replace('base', 'many')} | (sleep 1; wc -l)"
    assert shell(here, command, PYTHONUNBUFFERED="1").stdout.strip() == "80000"


def test_closed_streams(here):
    """After the work its exit code is the work's; what is for standard error never lands on standard output."""
    (here / "unseen.svm").write_text(BASE + "1 99:1\n")
    assert shell(here, f"A {EVALUATE} >&-").returncode == 0
    assert shell(here, f"A {EVALUATE} 2>&- >&- <&-").returncode == 0
    assert shell(here, "A train --format libsvm --train base.svm --epochs 1 --out closed 2>&-").returncode == 0
    assert (here / "closed" / "metrics.json").exists()
    done = shell(here, f"A {PREDICT.replace('base', 'unseen')} 2>&-")
    assert np.array(done.stdout.split(), float).size == 41
    done = shell(here, f"A {PREDICT.replace('base', 'unseen')} 2>/dev/full")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 41)


def test_an_encoding_that_lacks_characters(here):
    done = shell(here, "A verify Q6 L1; echo $?", PYTHONIOENCODING="ascii")
    assert done.stdout.endswith("0\n"), done.stderr


def test_standard_input(here):
    assert shell(here, f"A {PREDICT}").stdout == shell(here, f"A {PREDICT.replace('base.svm', '-')} < base.svm").stdout
    whole = shell(here, f"A {PREDICT.replace('m1/model.npz', '-')} < m1/model.npz")
    assert len(whole.stdout.splitlines()) == 40
    both = shell(here, "A predict --model - --data - < base.svm")
    assert (both.returncode, both.stderr) == (2, "alpt-ref: error: --model and --data cannot both be standard input\n")
    bad = shell(here, f"A {EVALUATE.replace('base.svm', '-')} <<< 'x 1:1'")
    assert "standard input:1:1: expected a label" in bad.stderr


def test_what_a_dead_process_left_is_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    prefix = output._prefix(tmp_path / "kept")
    left, alive = tmp_path / f"{prefix}{dead.pid}.0123abcd.tmp", tmp_path / f"{prefix}{os.getpid()}.0123abcd.tmp"
    elsewhere = tmp_path / f".kept.anotherhost.{dead.pid}.0123abcd.tmp"
    for path in (left, alive, elsewhere):
        path.write_text("half")
    write_text(tmp_path / "kept", "whole")
    assert [path.exists() for path in (left, alive, elsewhere)] == [False, True, True]
    assert (tmp_path / "kept").read_text() == "whole"
