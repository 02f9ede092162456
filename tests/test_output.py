"""Output that replaces nothing but files, and standard streams that are closed, full, broken, or of another encoding."""

import contextlib
import io
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from alpt_ref.cli import main
from alpt_ref.models import load_model
from alpt_ref.tools import output
from alpt_ref.tools.files import write_text
from tests.children import PLAIN
from tests.marks import long

pytestmark = pytest.mark.edge
BASE = "".join(f"{i % 2} {1 + i % 3}:1 {4 + i % 2}:0.5\n" for i in range(40))
FULL = Path("/dev/full")
BUFFERED = PLAIN | {"PYTHONUNBUFFERED": ""}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with base.svm and a model of it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "base.svm").write_text(BASE)
    command = ["train", "--model", "lr", "--format", "libsvm", "--epochs", "1", "--no-split"]
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
    return subprocess.run(["bash", "-c", text], cwd=folder, env=BUFFERED | more, capture_output=True, text=True, check=False)


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


@long
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
    assert shell(here, "A train --format libsvm --train base.svm --no-split --epochs 1 --out closed 2>&-").returncode == 0
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
    prefix = output._prefix(tmp_path / "kept")
    left, alive, other = (tmp_path / f"{start}0123abc{n}.tmp" for n, start in enumerate((prefix, prefix, ".kept.")))
    for path in (left, alive, other):
        path.write_text("half")
    hold = [
        sys.executable,
        "-c",
        "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX); print(flush=True); input()",
    ]
    with subprocess.Popen([*hold, str(alive)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        write_text(tmp_path / "kept", "whole")
        assert [path.exists() for path in (left, alive, other)] == [False, True, True]
        holder.communicate(b"\n")
    write_text(tmp_path / "kept", "whole again")
    assert [path.exists() for path in (left, alive, other)] == [False, False, True]
    assert (tmp_path / "kept").read_text() == "whole again"


def test_names_as_long_as_the_system_allows(tmp_path):
    for name in ("x" * 255, "\N{CJK UNIFIED IDEOGRAPH-5B57}" * 85):
        for text in ("first", "second"):
            write_text(tmp_path / name, text)
            assert (tmp_path / name).read_text() == text
    with pytest.raises(OSError, match="File name too long"):
        output.check_output(tmp_path / ("x" * 256))


def test_streams_that_a_caller_has_put_there(here):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main(PREDICT.split()) == 0
    assert len(text.getvalue().splitlines()) == 40
    before = sys.stdin, sys.stdout, sys.stderr
    main(["--version"])
    assert (sys.stdin, sys.stdout, sys.stderr) == before


def test_standard_input_and_output_at_once(here):
    assert shell(here, f"A {PREDICT.replace('base.svm', '-')} --out - < base.svm").stdout.count("\n") == 40
    (here / "copy.svm").write_text(BASE)
    done = shell(here, f"A {PREDICT.replace('base.svm', '-')} --out copy.svm < copy.svm")
    assert (done.returncode, done.stderr) == (2, "alpt-ref: error: copy.svm is read by this command, write elsewhere\n")
    assert (here / "copy.svm").read_text() == BASE
    train = "train --model lr --format libsvm --out m2"
    done = shell(here, f"A {train} --train - --valid - < base.svm")
    assert (done.returncode, done.stderr) == (2, "alpt-ref: error: --train and --valid cannot both be standard input\n")
    done = shell(here, f"A {PREDICT.replace('base.svm', '-')} <&-")
    assert (done.returncode, done.stderr) == (2, "alpt-ref: error: standard input: no rows\n")
    done = shell(here, f"A {train.replace('m2', '-')} --train base.svm")
    assert (done.returncode, done.stderr) == (2, "alpt-ref: error: --out - is no folder, and several files are written\n")


def test_descriptors_of_other_processes_are_files(here):
    done = shell(here, f"exec 3>mine; sleep 20 3>theirs & A {EVALUATE} --json /proc/$!/fd/3; kill $!")
    assert done.returncode == 0
    assert (here / "mine").read_text() == ""
    assert "auc" in json.loads((here / "theirs").read_text())


@pytest.mark.parametrize("target", ["/dev/fd/0", "/dev/fd/9", "socket"])
def test_outputs_that_cannot_be_written_are_seen_before_the_work(here, target):
    with socket.socket(socket.AF_UNIX) as served:
        served.bind("socket")
        done = shell(here, f"A {EVALUATE.replace('base.svm', 'missing')} --json {target} < m1/metrics.json")
    assert done.returncode == 2
    assert done.stderr.startswith(f"alpt-ref: error: {target}: ")


def test_models_are_whole_where_output_is_appended(here):
    model = load_model(here / "m1/model.npz")[0]
    with (here / "appended").open("ab") as file:
        model.save(f"/dev/fd/{file.fileno()}")
    assert np.array_equal(load_model(here / "appended")[0].state_.linear.to_float(), model.state_.linear.to_float())


def test_a_full_pipe_for_errors_holds_nobody_up():
    """Standard error that would not wait."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 65536)
    done = subprocess.run([sys.executable, "-m", "alpt_ref", "train", "x"], stderr=write, timeout=60, check=False)
    assert done.returncode == 2
    os.close(read)
    os.close(write)


LATE = """import sys
from alpt_ref.cli import guarded
def work():
    print("x" * 100)
    raise {}
sys.exit(guarded("a", work))
"""


@pytest.mark.parametrize("error", ["ValueError('e')", "KeyboardInterrupt", "RuntimeError('e')"])
def test_the_exit_code_of_work_whose_output_is_lost(here, error):
    (here / "late.py").write_text(LATE.format(error))
    want = {"V": 2, "K": 130, "R": 3}[error[0]]
    for line in (f"'{sys.executable}' late.py > /dev/full", f"set -o pipefail; '{sys.executable}' late.py | true"):
        done = shell(here, line)
        assert (done.returncode, done.stderr.count("\n")) == (want, 1)


def test_a_broken_pipe_of_something_else_is_an_error(here):
    (here / "late.py").write_text(LATE.format("BrokenPipeError(32, 'Broken pipe', 'worker')"))
    done = shell(here, f"'{sys.executable}' late.py > /dev/null")
    assert (done.returncode, done.stderr) == (2, "a: error: worker: Broken pipe\n")


def test_training_does_not_replace_its_data(here):
    (here / "mk").mkdir()
    (here / "mk/metrics.json").write_text(BASE)
    command = "train --model lr --format libsvm --no-split --epochs 1 --out mk --force --train"
    for data in ("mk/metrics.json", "link"):
        (here / "link").unlink(missing_ok=True)
        (here / "link").symlink_to("mk/metrics.json")
        done, said = shell(here, f"A {command} {data}"), "mk/metrics.json is read by this command, write elsewhere"
        assert (done.returncode, done.stderr) == (2, f"alpt-ref: error: {said}\n")
    assert (here / "mk/metrics.json").read_text() == BASE
    (here / "mk/model.npz").mkdir()
    done = shell(here, f"A {command} base.svm")
    assert (done.returncode, done.stderr) == (2, "alpt-ref: error: mk/model.npz: is a folder\n")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_endless_devices_are_no_input(here, capsys):
    for line in (EVALUATE.replace("base.svm", "/dev/full"), EVALUATE.replace("m1/model.npz", "/dev/zero")):
        assert main(line.split()) == 2
        assert "cannot be read: is a device without an end" in capsys.readouterr().err
    done = shell(here, f"A {EVALUATE.replace('base.svm', '-')} < /dev/zero")
    assert done.stderr == "alpt-ref: error: standard input: cannot be read: is a device without an end\n"
    assert "no rows" in shell(here, f"A {EVALUATE.replace('base.svm', '-')} < /dev/null").stderr


def test_text_that_names_no_file(here, capsys):
    for value in ("", "new/"):
        assert main([*PREDICT.split(), "--out", value]) == 2
        assert f"must name a file, got '{value}'" in capsys.readouterr().err
    assert main(["train", "--model", "lr", "--format", "libsvm", "--train", "base.svm", "--out", ""]) == 2
    assert "must name a folder" in capsys.readouterr().err
    assert sorted(path.name for path in here.iterdir()) == ["base.svm", "m1"]


def test_output_that_is_appended_to_the_data_is_refused(here):
    (here / "copy.svm").write_text(BASE)
    done = shell(here, f"A {PREDICT.replace('base.svm', 'copy.svm')} >> copy.svm")
    assert (done.returncode, done.stderr) == (2, "alpt-ref: error: standard output is read by this command, write elsewhere\n")
    assert (here / "copy.svm").read_text() == BASE
