"""Command lines: whatever is typed, there is an exit code of the table, one sentence, and no file that nobody asked for."""

import contextlib
import io
import os
import re
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from alpt_ref.cli import main
from alpt_ref.cli.arguments import build_parser

ROWS = "".join(f"{i % 2} {1 + i % 3}:1 {4 + i % 2}:0.5\n" for i in range(12))
VALUES = (
    "", "-", "--", "0", "1", "2", "-1", "3", "17", "1e400", "nan", "inf", "0.5", "1,2", "1,x", "lr", "fm", "libsvm", "csv",
    "libffm", "base.svm", "bad.svm", "missing", "folder", "m1/model.npz", "m1", "adam", "sgd", "row", "table", "nearest",
    "alpt", "lpt", "pact", "skip", "error", "Q6", "L1", "T99", "a:b", "x.py:y", "é", "a\nb", "18446744073709551616", "all",
    "factors", "true",
)  # fmt: skip
QUIET = {"verify", "convergence", "compare", "check-quantizer"}  # whose right commands take long: only wrong ones are tried


@cache
def options() -> dict[str, list[str]]:
    """The options of each command."""
    (commands,) = (action for action in build_parser()._actions if action.choices)
    return {
        name: [option for action in parser._actions for option in action.option_strings]
        for name, parser in commands.choices.items()
    }


def lines() -> st.SearchStrategy[list[str]]:
    """Commands with options of theirs, and now and then of others."""

    def of(name: str) -> st.SearchStrategy[list[str]]:
        own = st.sampled_from(options()[name])
        stray = st.sampled_from(sorted({option for all_of in options().values() for option in all_of}))
        word = st.one_of(own, own, own, stray, st.sampled_from(VALUES), st.text(max_size=4))
        value = st.sampled_from(VALUES)
        pairs = st.lists(st.tuples(word, st.one_of(value, value, st.just(None))), max_size=6)
        return pairs.map(lambda found: [name, *(part for pair in found for part in pair if part is not None)])

    return st.sampled_from(sorted(options())).flatmap(of) | st.lists(st.sampled_from(VALUES), max_size=3)


inputs = lines()


@cache
def place() -> Path:
    """A folder with data, good and bad, and a model."""
    folder = Path(tempfile.mkdtemp(prefix="alpt-fuzz-"))
    (folder / "base.svm").write_text(ROWS)
    (folder / "bad.svm").write_text("1 1:1\n0 x\n")
    (folder / "folder").mkdir()
    command = ["train", "--model", "lr", "--format", "libsvm", "--epochs", "1", "--train", str(folder / "base.svm")]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main([*command, "--out", str(folder / "m1")]) == 0
    return folder


def held(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def one(line: list[str]) -> int:
    """Judge a command line; returns 1."""
    if line and line[0] in QUIET and not wrong(line):
        return 0
    before, here = held(place()), Path.cwd()
    out, err = io.StringIO(), io.StringIO()
    os.chdir(place())
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(line)
    finally:
        os.chdir(here)
    said = err.getvalue()
    assert code in (0, 2), (line, code, said)
    assert "Traceback" not in said, (line, said)
    after = held(place())
    if code == 2:
        sentences = [text for text in said.split("\n") if text.startswith("alpt-ref: error: ")]
        assert len(sentences) == 1, (line, said)
        assert said.endswith(sentences[0] + "\n"), (line, said)
        assert re.search(r"\w", sentences[0].removeprefix("alpt-ref: error:")), (line, said)
        assert out.getvalue() == "", (line, out.getvalue())
    assert before.items() <= after.items() or "--force" in line, (line, sorted(after))
    for path in set(after) - set(before):
        assert code == 0 or path.endswith("checkpoint.npz"), (line, path)
        (place() / path).unlink()
    return 1


def wrong(line: list[str]) -> bool:
    """True where the parser refuses the line, or it asks for help."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            build_parser().parse_args(line)
        except (ValueError, SystemExit):
            return True
    return False
