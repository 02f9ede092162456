"""The package as a whole: a light import, public names, sentences, the size of files and of calls."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import alpt_ref


def test_import_is_light():
    code = "import sys, alpt_ref; print([m for m in ('numba', 'scipy', 'matplotlib', 'numba.cuda') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_models_do_not_load_matplotlib_or_cuda():
    code = "import sys, alpt_ref.models; print([m for m in ('matplotlib', 'numba_cuda') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names():
    for name in alpt_ref.__all__:
        assert getattr(alpt_ref, name).__doc__
        assert name in dir(alpt_ref)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = alpt_ref.nothing


SOURCES = sorted(Path(alpt_ref.__file__).parent.rglob("*.py"))
INNERMOST = {"row_moves", "move_floats", "move_codes", "moved", "move_linear_floats", "move_linear_codes", "regrid_code",
             "score_example", "regrid_row"}  # fmt: skip


def test_docstrings_are_sentences_of_their_own():
    """None begins as a fragment that leans on the name above it."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                assert not re.match(r"(What|Of|Whether|That|Where|How|Which|When|Why|Those|The same)\b", text), (path, text)


def test_files_are_short_and_calls_are_narrow():
    """At most 230 lines a file; at most seven positional arguments outside of the innermost loops."""
    for path in SOURCES:
        source = path.read_text()
        assert source.count("\n") <= 230, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and node.name not in INNERMOST:
                names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
                assert len(names) - (names[:1] in (["self"], ["cls"])) <= 7, (path, node.name)
    assert len([path for path in SOURCES[0].parent.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]) <= 26


def test_what_is_written_by_hand_has_the_size_that_the_design_says():
    """To a fifth, row by row, where a row names whole files."""
    root = SOURCES[0].parents[1]
    table = (root / "docs" / "design.md").read_text().split("## What is written by hand")[1].split("\n## ")[0]
    checked = 0
    for cell, said in re.findall(r"^\| ([^|]*`[^|]*) \| ([\d,]+) \|", table, re.MULTILINE):
        first, *more = re.findall(r"`([^`]+)`", cell)
        names = [first, *(name if "/" in name else str(Path(first).parent / name) for name in more)]
        found = [_file_of(root, name) for name in names]
        if None not in found:
            lines = sum(path.read_text().count("\n") for path in found)
            assert abs(lines - int(said.replace(",", ""))) <= lines / 5, (cell, lines)
            checked += 1
    assert checked >= 15


def _file_of(root, name):
    """The file of a row's name: a module of the package, or a path from the top."""
    paths = (root / name, root / "alpt_ref" / f"{name}.py")
    return next((path for path in paths if path.is_file()), None)
