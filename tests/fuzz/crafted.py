"""Models and checkpoints as an adversary writes them: whole files, with members and values that are not what they should be."""

import contextlib
import io
import json
import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from alpt_ref.cli import main
from alpt_ref.tools.files import Arrays, read_npz
from tests.fuzz.commands import ROWS

UNIT = "files"

JUNK = (
    None, True, 0, 1, -1, 3, 10**9, 2**31, 10**30, 0.5, -0.5, 1e308, float("inf"), float("nan"), "", "x", "1", "lpt", "linear",
    [], [0], [1, 2], [[1]], ["a"], {}, {"a": 1},
)  # fmt: skip
DTYPES = ("f4", "f8", "f2", "i1", "u1", "u2", "i8", "?", "c8", "U3", "S2", "M8[s]")
KINDS = ("drop", "retype", "reshape", "lengthen", "empty", "junk", "swap", "meta", "meta", "meta", "meta")
inputs = st.tuples(
    st.sampled_from(["model", "checkpoint"]),
    st.sampled_from(["lpt", "alpt", "pact"]),
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2**32)), min_size=1, max_size=2),
)


def train(folder: Path, precision: str) -> list[str]:
    """A run of three epochs with validation."""
    data = str(folder / "base.svm")
    options = ["--model", "fm", "--k", "2", "--format", "libsvm", "--precision", precision, "--bits", "4", "--epochs", "3"]
    return ["train", *options, "--train", data, "--valid", data, "--out", str(folder / "run")]


def run(line: list[str]) -> tuple[int, str]:
    """The exit code of a command, and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        return main(line), said.getvalue()


@cache
def whole(precision: str, kind: str) -> tuple[Any, Arrays]:
    """The meta and the arrays of a file that nobody has touched."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "base.svm").write_text(ROWS)
        code, said = run(train(folder, precision))
        assert code == 0, said
        return read_npz(folder / "run" / f"{kind}.npz")


def changed(meta: Any, arrays: Arrays, kind: str, seed: int) -> tuple[Any, Arrays]:
    """One change, a function of ``seed``."""
    rng = np.random.default_rng(seed)
    names = sorted(arrays)
    name = names[int(rng.integers(len(names)))] if names else ""
    if kind == "meta" or not names:
        return replaced(deepcopy(meta), rng), arrays
    array = arrays[name]
    if str(array).startswith("{") and rng.integers(4):
        return meta, arrays | {name: np.array(json.dumps(replaced(json.loads(str(array)), rng)))}
    if kind == "drop":
        return meta, {key: value for key, value in arrays.items() if key != name}
    if kind == "swap":
        return meta, arrays | {name: arrays[names[int(rng.integers(len(names)))]]}
    if kind == "retype":
        with contextlib.suppress(ValueError, TypeError), np.errstate(all="ignore"):
            array = array.astype(DTYPES[int(rng.integers(len(DTYPES)))])
    elif kind == "reshape":
        array = array.reshape([(-1,), (-1, 1), (1, -1), (1, *array.shape)][int(rng.integers(4))])
    elif kind == "lengthen":
        array = np.concatenate([array.ravel(), array.ravel()])
    elif kind == "empty":
        array = array.ravel()[:0]
    elif array.dtype.kind == "f":
        array = np.full_like(array, [np.nan, np.inf, -1.0, 0.0, 1e-45][int(rng.integers(5))])
    return meta, arrays | {name: array}


def replaced(value: Any, rng: np.random.Generator) -> Any:
    """``value`` with one part of it, at any depth, made into something else."""
    if isinstance(value, dict | list) and value and rng.integers(6):
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        key = list(keys)[int(rng.integers(len(keys)))]
        if isinstance(value, dict) and rng.integers(8) == 0:
            del value[key]
        else:
            value[key] = replaced(value[key], rng)
        return value
    return JUNK[int(rng.integers(len(JUNK)))]


def one(drawn: tuple[str, str, list[tuple[str, int]]]) -> int:
    """Judge a file: it is refused by its name, or it is one that a run could have written. Returns 1."""
    kind, precision, changes = drawn
    meta, arrays = whole(precision, kind)
    for change, seed in changes:
        meta, arrays = changed(meta, arrays, change, seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "base.svm").write_text(ROWS)
        (folder / "run").mkdir()
        path = folder / "run" / f"{kind}.npz"
        np.savez(path, meta=np.array(json.dumps(meta)), **arrays)
        data, out = str(folder / "base.svm"), folder / "out"
        if kind == "model":
            code, said = run(["predict", "--model", str(path), "--data", data, "--out", str(out)])
        else:
            code, said = run([*train(folder, precision), "--resume"])
        assert code in (0, 2), (drawn, said)
        named = str(path) in said or (kind == "model" and data in said)  # a map that is one, of other data
        assert code == 0 or named, (drawn, said)
        if kind == "model" and code == 0:
            found = np.array(out.read_text().split(), float)
            assert found.size == ROWS.count("\n"), (drawn, found)
            assert ((found >= 0) & (found <= 1)).all(), (drawn, found)
    return 1
