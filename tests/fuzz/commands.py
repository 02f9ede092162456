"""Command lines: whatever is typed, there is an exit code of the table, one sentence, and no file that nobody asked for.

Most lines are right ones with words of them changed. They run in this process; a few run in one of their own, whose standard
streams are closed, full, or read by nobody.
"""

import atexit
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from alpt_ref.cli import main
from alpt_ref.cli.arguments import build_parser
from tests.children import PLAIN

UNIT = "lines"
ROWS = "".join(f"{i % 2} {1 + i % 3}:1 {4 + i % 2}:0.5\n" for i in range(12))
VALUES = (
    "", "-", "--", "0", "1", "2", "-1", "3", "17", "1e400", "nan", "inf", "0.5", "1,2", "1,x", "lr", "fm", "libsvm", "csv",
    "libffm", "base.svm", "bad.svm", "missing", "folder", "m1/model.npz", "m1", "adam", "sgd", "row", "table", "nearest",
    "alpt", "lpt", "pact", "skip", "error", "Q6", "L1", "T99", "a:b", "x.py:y", "é", "a\nb", "18446744073709551616", "all",
    "factors", "true", "new/out", "/dev/null", "/dev/full", "/dev/fd/999",
)  # fmt: skip
RIGHT = (
    "predict --model m1/model.npz --data base.svm",
    "predict --model m1/model.npz --data base.svm --out new/out",
    "predict --model m1/model.npz --data base.svm --no-labels",
    "evaluate --model m1/model.npz --data base.svm --json new/out",
    "evaluate --model m1/model.npz --data base.svm --json -",
    "evaluate --model m1/model.npz --data bad.svm --on-bad-line skip",
    "train --model lr --format libsvm --epochs 1 --train base.svm --no-split --out new",
    "train --model fm --k 2 --format libsvm --epochs 2 --train base.svm --valid base.svm --patience 1 --out new",
    "train --precision lpt --bits 4 --optimizer adam --format libsvm --epochs 1 --train base.svm --no-split --out new",
    "train --model lr --precision alpt --bits 2 --format libsvm --epochs 1 --train base.svm --no-split --out m1 --resume",
    "verify --list",
    "verify L1 --list",
    "check-quantizer --list",
    "plot phase_diagram --out new/out.svg",
)
QUIET = {"verify", "convergence", "compare", "check-quantizer"}  # whose right commands take long: only wrong ones are tried
# How a process of its own ends, by what its standard streams are.
STREAMS = {
    "": (0, 2), "<&-": (0, 2), ">&-": (0, 2), "2>&-": (0, 2), ">&- 2>&-": (0, 2), ">/dev/full": (0, 2), "2>/dev/full": (0, 2),
    "| true": (0, 2, 141),
}  # fmt: skip


@cache
def options() -> dict[str, list[str]]:
    """The options of each command."""
    (commands,) = (action for action in build_parser()._actions if action.choices)
    return {
        name: [option for action in parser._actions for option in action.option_strings]
        for name, parser in commands.choices.items()
    }


def lines() -> st.SearchStrategy[list[str]]:
    """Right commands with words changed, and commands with options of theirs, and now and then of others."""

    def of(name: str) -> st.SearchStrategy[list[str]]:
        own = st.sampled_from(options()[name])
        stray = st.sampled_from(sorted({option for all_of in options().values() for option in all_of}))
        word = st.one_of(own, own, own, stray, st.sampled_from(VALUES), st.text(max_size=4))
        value = st.sampled_from(VALUES)
        pairs = st.lists(st.tuples(word, st.one_of(value, value, st.just(None))), max_size=6)
        return pairs.map(lambda found: [name, *(part for pair in found for part in pair if part is not None)])

    def changed(line: str) -> st.SearchStrategy[list[str]]:
        words = line.split()
        change = st.tuples(st.integers(1, len(words)), st.sampled_from(["put", "drop", "swap"]), st.sampled_from(VALUES))
        more = st.tuples(st.just(len(words)), st.just("put"), st.sampled_from(options()[words[0]]))
        return st.lists(change | change | more, max_size=2).map(lambda changes: edited(words, changes))

    right = st.sampled_from(RIGHT).flatmap(changed)
    return right | right | st.sampled_from(sorted(options())).flatmap(of) | st.lists(st.sampled_from(VALUES), max_size=3)


def edited(words: list[str], changes: list[tuple[int, str, str]]) -> list[str]:
    """``words`` with words put in, dropped, or replaced."""
    for at, kind, value in changes:
        words = [*words[:at], *([] if kind == "drop" else [value]), *words[at + (kind != "put") :]]
    return words


streams = st.sampled_from([None] * 200 + list(STREAMS))
inputs = st.tuples(lines(), streams)


@cache
def place() -> Path:
    """A folder with data, good and bad, and a model."""
    folder = Path(tempfile.mkdtemp(prefix="alpt-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "base.svm").write_text(ROWS)
    (folder / "bad.svm").write_text("1 1:1\n0 x\n")
    (folder / "folder").mkdir()
    command = ["train", "--model", "lr", "--format", "libsvm", "--epochs", "1", "--no-split"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main([*command, "--train", str(folder / "base.svm"), "--out", str(folder / "m1")]) == 0
    return folder


def held(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def one(drawn: tuple[list[str], str | None]) -> int:
    """Judge a command line; returns 1."""
    line, streams = drawn
    if line and line[0] in QUIET and not wrong(line):
        return 0
    before = held(place())
    try:
        code = judged_here(line) if streams is None else judged_apart(line, streams)
        after = held(place())
        if "--force" not in line and "--resume" not in line:
            unnamed = {path: content for path, content in before.items() if path not in line}
            assert unnamed.items() <= after.items(), (line, sorted(after))
        for path in set(after) - set(before):
            assert code == 0 or streams or path.endswith("checkpoint.npz"), (line, path)
    finally:
        restore(before)
    return 1


def restore(before: dict[str, bytes]) -> None:
    """Bring the folder back to what it held."""
    for path in set(held(place())) - set(before):
        (place() / path).unlink()
    for path, content in before.items():
        (place() / path).write_bytes(content)
    for entry in place().iterdir():
        if entry.is_dir() and entry.name not in ("folder", "m1"):
            shutil.rmtree(entry)


def judged_here(line: list[str]) -> int:
    """Run a line in this process; returns its exit code."""
    here, out, err = Path.cwd(), io.StringIO(), io.StringIO()
    os.chdir(place())
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(line)
    finally:
        os.chdir(here)
    said = err.getvalue()
    assert code in (0, 2), (line, code, said)
    assert "Traceback" not in said, (line, said)
    if code == 2:
        sentences = [text for text in said.split("\n") if text.startswith("alpt-ref: error: ")]
        assert len(sentences) == 1, (line, said)
        assert said.endswith(sentences[0] + "\n"), (line, said)
        assert re.search(r"\w", sentences[0].removeprefix("alpt-ref: error:")), (line, said)
        assert out.getvalue() == "", (line, out.getvalue())
    return code


def judged_apart(line: list[str], streams: str) -> int:
    """Run a line in a process with such streams; returns its exit code."""
    if any("\0" in word for word in line):
        return 0  # no process can be given that
    script = f'"$@" {streams}; exit ${{PIPESTATUS[0]}}'
    words = [word.encode("utf-8", "surrogateescape" if word.isascii() else "replace") for word in line]
    done = subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, "-m", "alpt_ref", *words],
        cwd=place(),
        env=PLAIN | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode in STREAMS[streams], (line, streams, done)
    assert b"Traceback" not in done.stderr, (line, streams, done)
    assert b"Exception ignored" not in done.stderr, (line, streams, done)
    return done.returncode


def wrong(line: list[str]) -> bool:
    """True where the parser refuses the line, or it asks for help or a list."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            build_parser().parse_args(line)
        except (ValueError, SystemExit):
            return True
    return "--list" in line
