"""A run tells what it does: the log of JSON lines, sheets as they are complete, a bar that tears nothing, and what an
interrupted run leaves."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from rich.console import Console

from alpt_ref.reports import verdicts
from alpt_ref.studies.verification import rows
from alpt_ref.studies.verification import run as verification
from alpt_ref.theory import claim as claims
from alpt_ref.tools import events
from tests.children import INTERRUPTED, PLAIN, last_words
from tests.cli_support import error_of, run, train_arguments

pytestmark = pytest.mark.edge

IDS = ("Q6", "L1(b)")
ALWAYS = {"event", "time", "seconds"}


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def kinds_of(lines):
    return [line["event"] for line in lines]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder, the log and standard output of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    command = [sys.executable, "-m", "alpt_ref", "verify", *IDS, "--out", "o", "--log-json", "log"]
    done = subprocess.run(command, cwd=folder, env=PLAIN, capture_output=True, text=True, check=True)
    return folder / "o", folder / "log", done.stdout


def test_the_log_of_verify(whole):
    out, log, _ = whole
    first, *middle, last = lines_of(log)
    assert set(first) == ALWAYS | {"format", "command", "version", "settings"}
    assert (first["event"], first["format"], first["command"]) == ("start", events.FORMAT, "verify")
    assert first["settings"]["ids"] == list(IDS)
    assert kinds_of(middle) == ["progress", "row"] * 17
    for number, (progress, row) in enumerate(zip(middle[::2], middle[1::2], strict=True), 1):
        assert set(progress) == ALWAYS | {"done", "total", "what", "found", "rate", "eta"}
        assert (progress["done"], progress["total"], progress["found"]) == (number, 17, False)
        assert set(row) == ALWAYS | set(verification.TOLD)
        assert progress["what"] == f"{row['id']} {row['instance']}"
        assert row["verdict"] in (claims.HOLDS, claims.VIOLATED, claims.NOT_APPLICABLE)
    assert (last["event"], last["code"]) == ("end", 0)
    assert last["finding"] == json.loads((out / "verdicts.json").read_text())["finding"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines_of(log))


def but_for_place(text):
    """The text without the seconds that a run took, and without the place of its page."""
    return re.sub(r"^\d+ s\. |^Page: .*\n", "", text, flags=re.MULTILINE)


def test_what_is_printed_is_the_report(whole, capsys):
    """Sheet by sheet or all at once: the same text in the same order."""
    out, _, printed = whole
    capsys.readouterr()
    verdicts.report(json.loads((out / "verdicts.json").read_text()), 0.0).show(Console(width=100))
    assert but_for_place(printed) == but_for_place(capsys.readouterr().out)


def test_sheets_are_printed_as_they_are_complete(tmp_path, capsys, monkeypatch):
    verify, seen = rows.verify, []

    def listened(claim, *more, **others):
        seen.append((claim.id, capsys.readouterr().out))
        return verify(claim, *more, **others)

    monkeypatch.setattr(rows, "verify", listened)
    assert run("verify", *IDS, "--out", tmp_path / "o") == 0
    assert [text[:10] for _, text in seen] == ["", "", "Q6 (upper)", *[""] * 14]
    assert capsys.readouterr().out.startswith("L1(b) (exact)")


STALLS = """
import sys, time
from alpt_ref.cli import main
from alpt_ref.studies.verification import rows

verify, left = rows.verify, 5

def stalling(*arguments, **more):
    global left
    left -= 1
    if left < 0:
        time.sleep(60)
    return verify(*arguments, **more)

rows.verify = stalling
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_leaves_what_was_found_and_resume_completes_it(tmp_path, whole, capsys):
    out, log = tmp_path / "o", tmp_path / "log"
    arguments = ["verify", *IDS, "--out", str(out), "--log-json", str(log)]
    process = subprocess.Popen([sys.executable, "-c", STALLS, *arguments], env=INTERRUPTED, stdout=-1, stderr=-1, text=True)
    while not log.exists() or kinds_of(lines_of(log)).count("row") < 5:
        assert process.poll() is None, last_words(process)
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    printed, said = last_words(process)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == f"alpt-ref: interrupted: the same command goes on from what {out} holds"
    record = json.loads((out / "verdicts.json").read_text())
    complete = json.loads((whole[0] / "verdicts.json").read_text())
    found = 5
    assert (record["complete"], record["asked"], record["stopped"]) == (False, 17, "KeyboardInterrupt")
    assert record["rows"] == complete["rows"][:found]
    assert record["finding"].startswith(f"Unfinished, {found} of 17 rows: {found} verdicts on 2 statements: ")
    assert record["finding"] in (out / "verdicts.md").read_text()
    assert printed.startswith("Q6 (upper)")
    assert " ".join(printed.split()).endswith(record["finding"])
    last = lines_of(log)[-1]
    assert (last["event"], last["code"], last["finding"]) == ("interrupted", 130, record["finding"])
    capsys.readouterr()
    assert error_of(capsys, "verify", "Q5", "--out", out).startswith(f"{out}/verdicts.json has results of other claims: ")

    assert run(*arguments, "--resume") == 0
    assert but_for_place(capsys.readouterr().out) == but_for_place(whole[2])
    assert json.loads((out / "verdicts.json").read_text()) == complete
    kept = [line["found"] for line in lines_of(log) if line["event"] == "progress"][-17:]
    assert kept == [True] * found + [False] * (17 - found)
    ends = [kind for kind in kinds_of(lines_of(log)) if kind not in ("progress", "row")]
    assert ends == ["start", "interrupted", "start", "end"]


def test_an_error_is_the_last_line(tmp_path, capsys):
    log = tmp_path / "log"
    sentence = error_of(capsys, "verify", "T99", "--log-json", log)
    last = lines_of(log)[-1]
    assert (last["event"], last["code"], last["message"]) == ("error", 2, f"error: {sentence}")


def test_a_log_is_added_to_a_log_alone(tmp_path, capsys):
    log = tmp_path / "folder" / "log"
    for _ in range(2):
        assert run("verify", "--list", "--log-json", log) == 0
    assert kinds_of(lines_of(log)) == ["start", "end"] * 2
    capsys.readouterr()
    for text in ("1 1:0.5\n", '{"event": "start"}\n', "[]", "{"):
        (tmp_path / "other").write_text(text)
        assert error_of(capsys, "verify", "--list", "--log-json", tmp_path / "other") == (
            f"{tmp_path}/other is not a log of this program: choose another file"
        )
        assert (tmp_path / "other").read_text() == text
    assert error_of(capsys, "verify", "--list", "--log-json", tmp_path) == f"{tmp_path}: is a folder"


def test_a_log_on_standard_output_is_alone_there(tmp_path, capfd):
    assert run("verify", "Q6", "--out", tmp_path / "o", "--log-json", "-") == 0
    captured = capfd.readouterr()
    assert kinds_of(map(json.loads, captured.out.splitlines())) == ["start", *["progress", "row"] * 2, "end"]
    assert captured.err.startswith("Q6 (upper)")


def test_a_log_on_another_descriptor(tmp_path):
    with open(tmp_path / "log", "w") as file:
        assert run("verify", "--list", "--log-json", f"/dev/fd/{file.fileno()}") == 0
    assert kinds_of(lines_of(tmp_path / "log")) == ["start", "end"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_log_that_cannot_be_written_is_an_error(tmp_path, capsys):
    assert run("verify", "Q6", "--out", tmp_path / "o", "--log-json", "/dev/full") == 2
    assert capsys.readouterr().err.endswith("alpt-ref: error: /dev/full: No space left on device\n")


def test_the_log_of_train(tmp_path):
    log = tmp_path / "log"
    arguments = train_arguments(tmp_path, "--log-json", log, "--epochs", 3)
    assert run(*arguments) == 0
    lines = lines_of(log)
    assert kinds_of(lines) == ["start", *["progress", "row"] * 3, "end"]
    assert [(line["done"], line["total"]) for line in lines if line["event"] == "progress"] == [(1, 3), (2, 3), (3, 3)]
    assert [line["epoch"] for line in lines if line["event"] == "row"] == [1, 2, 3]
    assert all(0.0 < line["valid"]["auc"] <= 1.0 for line in lines if line["event"] == "row")
    assert run(*arguments, "--epochs", 4, "--resume") == 0
    one = [line for line in lines_of(log) if line["event"] == "progress"][-1]
    assert (one["done"], one["total"], one["eta"]) == (4, 4, 0.0)


def test_the_log_of_a_conformance_run(tmp_path, capsys):
    log, json_file = tmp_path / "log", tmp_path / "json"
    check = ("check-quantizer", "alpt_ref.testing.ours:Nearest", "grid-points-fixed", "--quick")
    assert run(*check, "--log-json", log) == 0
    _, progress, row, last = lines_of(log)
    assert (progress["done"], progress["total"], progress["what"]) == (1, 1, "grid-points-fixed")
    assert (row["property"], row["status"]) == ("grid-points-fixed", "pass")
    assert "conforms" in last["finding"]
    capsys.readouterr()
    sentence = error_of(capsys, *check, "--json", json_file, "--log-json", json_file)
    assert sentence == f"--json and --log-json must be two files, got {json_file} for both"


def test_numbers_that_are_not_finite_are_null(tmp_path):
    with events.open_log(tmp_path / "log"):
        events.tell("row", value=float("nan"), many=[1.0, float("inf")], path=tmp_path, pair=(1, None))
    events.tell("row")  # nowhere
    (line,) = lines_of(tmp_path / "log")
    assert (line["value"], line["many"], line["path"], line["pair"]) == (None, [1.0, None], str(tmp_path), [1, None])


def test_lines_of_threads_are_whole(tmp_path):
    with events.open_log(tmp_path / "log"):
        threads = [threading.Thread(target=lambda: [events.tell("row", text="x" * 5000) for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(lines_of(tmp_path / "log")) == 200


def screen_of(written):
    """What a terminal shows after it was sent ``written``: newlines, returns, erased lines and moves of the cursor."""
    rows, at, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\??[\d;]*[A-Za-z]|\n|\r|[^\x1b\n\r]+", written):
        if part == "\n":
            at += 1
            rows += [""] * (at + 1 - len(rows))
        elif part == "\r":
            column = 0
        elif part.startswith("\x1b["):
            if part.endswith("A"):
                at -= int(part[2:-1] or 1)
            elif part == "\x1b[2K":
                rows[at] = ""
        else:
            rows[at] = rows[at][:column].ljust(column) + part + rows[at][column + len(part) :]
            column += len(part)
    return [row.rstrip() for row in rows]


def on_a_terminal(command, width, **more):
    """What a terminal is sent by ``command``, whose standard error, and standard output unless given, it is."""
    ours, theirs = pty.openpty()
    env = PLAIN | {"COLUMNS": str(width), "TERM": "xterm", "LINES": "40"}
    process = subprocess.Popen(command, env=env, **{"stdout": theirs} | more, stderr=theirs, close_fds=True)
    os.close(theirs)
    written = b""
    while True:
        try:
            found = os.read(ours, 1 << 16)
        except OSError:  # the terminal's other end is closed
            break
        if not found:
            break
        written += found
    os.close(ours)
    assert process.wait() == 0
    return written.decode()


def test_a_bar_tears_no_row(tmp_path, whole):
    width = 60
    command = [sys.executable, "-m", "alpt_ref", "verify", *IDS, "--out", str(tmp_path / "o")]
    written = on_a_terminal(command, width)
    assert "17/17" in written
    assert "left" in written
    shown = "\n".join(screen_of(written)).strip()
    record = json.loads((whole[0] / "verdicts.json").read_text())
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        verdicts.report(record, 0.0).show(console)
    expected = "\n".join(line.rstrip() for line in capture.get().splitlines()).strip()
    assert but_for_place(shown) == but_for_place(expected)


LONG = """
from alpt_ref.studies.progress import moving_bar
with moving_bar(17) as move:
    move(17, "a long name of an instance that needs more room", "0.85/min, 1:00:12 left")
"""


def test_a_long_word_does_not_push_the_count_away():
    written = on_a_terminal([sys.executable, "-c", LONG], 60)
    assert "17/17" in written
    assert "1:00:12 left" in written


SAYS = """
from alpt_ref.studies.progress import aside, bar
with bar(3) as on_part:
    for part in "abc":
        on_part(part)
        with aside():
            print("row", part, flush=True)
        print("by itself", part, flush=True)
"""


def test_a_bar_takes_no_line_of_a_file(tmp_path):
    """Standard error is a terminal, standard output a file: rows go there."""
    with open(tmp_path / "out", "w") as file:
        written = on_a_terminal([sys.executable, "-c", SAYS], 100, stdout=file)
    assert (tmp_path / "out").read_text() == "".join(f"row {part}\nby itself {part}\n" for part in "abc")
    assert "3/3" in written
    assert "row" not in written
