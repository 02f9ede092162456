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
    assert len([path for path in SOURCES[0].parent.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]) <= 25
