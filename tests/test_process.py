"""Other people's process state, structures that SciPy accepts, damage behind the first stream, growth, crafted files."""

import bz2
import gzip
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from alpt_ref import Grid, quantize
from alpt_ref.compress import hashed
from alpt_ref.data import DataError, Dataset, FeatureMap, Source, fit_read, lines, read_movielens, split
from alpt_ref.data.containers import unpacked
from alpt_ref.metrics import auc, calibration, calibration_by_feature
from alpt_ref.models import FactorizationMachine, LogisticRegression, load_model
from alpt_ref.problems import from_dataset
from alpt_ref.testing import check_quantizer
from alpt_ref.theory.registry import load_rule
from alpt_ref.tools import checks, memory
from alpt_ref.tools.files import read_npz, write_npz
from alpt_ref.tools.importing import load
from alpt_ref.training.state import needed
from tests.marks import long, once

ROWS = "".join(f"{i % 2} {1 + i % 3}:1 {4 + i % 2}:0.5\n" for i in range(40)).encode()


@pytest.fixture(params=["raise", "warnings"])
def strict(request):
    """NumPy's errors raise, or warnings do."""
    before = np.geterr()
    with warnings.catch_warnings():
        if request.param == "raise":
            np.seterr(all="raise")
        else:
            np.seterr(all="warn")
            warnings.simplefilter("error")
        yield
    np.seterr(**before)


def test_numpys_errors_are_not_ours(strict):
    X, y = np.array([[1.0], [-1.0], [3025.0]]), [1, 0, 1]
    model = LogisticRegression(lr=1.0, epochs=2).fit(X, y)
    model.state_.linear.weights[:] = 1.0
    model.state_.bias = np.float32(0)
    assert model.predict_proba(X)[2].tolist() == [0.0, 1.0]
    for bad in (X * 1e300, sp.csr_array(X * 1e300)):
        with pytest.raises(ValueError, match=r"X\[0, 0\] is not finite"):
            model.predict(bad)
    tiny = FactorizationMachine(k=2, precision="lpt", bits=4, epochs=1, init_std=1e-30).fit(X * 1e-40, y)
    assert np.isfinite(tiny.decision_function(X * 1e-40)).all()
    quantize(np.array([1e-45, 1e30], np.float32), Grid(8, 1e-3), "stochastic", seed=0)


@pytest.mark.glue
def test_nor_are_they_in_training(strict):
    X, y = np.array([[1e-40], [-1e-40], [0.0]]), [1, 0, 1]
    for options in ({}, {"precision": "lpt", "optimizer": "adam", "bits": 4}, {"precision": "alpt", "bits": 4}):
        FactorizationMachine(k=2, epochs=1, init_std=1e-30, **options).fit(X, y).decision_function(X)


FORKED = """
import os, numpy as np
from alpt_ref import Grid, quantize
from alpt_ref.compress import hashed
x = np.linspace(-1, 1, 300_000, dtype=np.float32)
g = Grid(8, 0.01)
first = quantize(x, g, "stochastic", seed=0, n_threads=2)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(quantize(x, g, "stochastic", seed=0, n_threads=2), first) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_of_a_fork_has_threads_of_its_own():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], timeout=120, check=False)
    assert done.returncode == 0


def test_flushed_subnormal_numbers_are_told(monkeypatch):
    class Flushes:
        rounding = "nearest"

        def quantize(self, x, delta, bits, seed):
            monkeypatch.setattr(checks, "SMALLEST", 0.0)  # as such a processor has it
            return np.clip(np.rint(x / np.float32(delta)), -8, 7) * np.float32(delta)

    with pytest.raises(ValueError, match="a call of Flushes makes the processor flush subnormal numbers to zero"):
        check_quantizer(Flushes, level="quick")
    with pytest.raises(ValueError, match="Flushes, or what it imports, makes the processor flush"):
        check_quantizer(Flushes, level="quick")


def broken():
    """Matrices that SciPy constructs, and that are none."""
    ones = np.ones(3)
    yield sp.csc_array((ones, np.array([0, 50_000_000, 1]), np.array([0, 1, 2, 3])), shape=(1000, 3))
    yield sp.csr_array((ones, np.array([0, 50_000_000, 1]), np.array([0, 1, 2, 3])), shape=(3, 1000))
    yield sp.csc_array((ones, np.array([0, -7, 1]), np.array([0, 1, 2, 3])), shape=(1000, 3))
    yield sp.bsr_array((np.ones((3, 1, 1)), np.array([0, 50_000_000, 1]), np.array([0, 1, 2, 3])), shape=(3, 1000))
    for change in ({"row": [0, 0, 9]}, {"col": [0, -1, 1]}, {"row": [0, 1]}, {"data": np.ones(2)}, {"col": [0.0, 1.0, 2.0]}):
        coo = sp.coo_array((np.ones(3), ([0, 1, 2], [0, 1, 2])), shape=(3, 3))
        coords = [np.array(change.get(name, [0, 1, 2])) for name in ("row", "col")]
        coo.coords = tuple(coords)
        coo.data = change.get("data", coo.data)
        yield coo
    for name, value in (("indptr", [0, 2, 1, 3]), ("indptr", [1, 2, 3, 3]), ("indptr", [0, 1, 2, 900]), ("indices", [0])):
        for kind in (sp.csr_array, sp.csc_array):
            matrix = kind(np.eye(3))
            setattr(matrix, name, np.array(value))
            yield matrix
    dok = sp.dok_array((3, 3))
    dok._dict[0, 99_999_999] = 1.0
    yield dok
    lil = sp.lil_array((3, 3))
    lil.rows[0], lil.data[0] = [99_999_999], [1.0]
    yield lil


@pytest.mark.parametrize("X", list(broken()), ids=lambda X: X.format)
def test_matrices_that_are_none(X):
    with pytest.raises(ValueError, match=r"X is not a valid sparse matrix|X must be|not a valid"):
        LogisticRegression(epochs=1).fit(X, np.arange(X.shape[0]) % 2)


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr", "coo", "lil", "dok", "dia"])
def test_matrices_of_every_format(kind):
    X = np.eye(4)
    model = LogisticRegression(epochs=1).fit(sp.coo_array(X).asformat(kind), [0, 1, 0, 1])
    assert np.array_equal(model.decision_function(X), model.decision_function(sp.coo_array(X).asformat(kind)))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_damage_behind_the_first_member(tmp_path, pack):
    path = tmp_path / "b"
    path.write_bytes(pack(ROWS) + pack(ROWS))
    assert fit_read(path, Source("libsvm"))[0].y.size == 80
    second = bytearray(pack(ROWS))
    second[len(second) // 2] ^= 0xFF
    for tail in (bytes(second), pack(ROWS)[:-6], pack(ROWS)[:3], b"text"):
        path.write_bytes(pack(ROWS) + tail)
        with pytest.raises(DataError, match=r"b: cannot be read"):
            fit_read(path, Source("libsvm"))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, bytes])
def test_a_pipe_that_hands_out_a_byte_at_a_time(pack):
    class Drips:
        def __init__(self, content):
            self.left = content

        def read(self, size=-1):
            found, self.left = self.left[:1], self.left[1:]
            return found

    assert unpacked(Drips(pack(ROWS)))[0].read() == ROWS
    assert unpacked(Drips(pack(b"")))[0].read() == b""


def test_containers_against_the_library(tmp_path):
    """Every cut and every flipped byte of two members is refused, or gives what was packed."""
    whole = bz2.compress(b"1 1:1\n") + bz2.compress(b"0 2:1\n")
    path = tmp_path / "b"
    for at in range(3, len(whole)):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]):
            path.write_bytes(content)
            try:
                found = fit_read(path, Source("libsvm"))[0].y.tolist()
            except DataError:
                continue
            assert found == [1.0, 0.0] or content == bz2.compress(b"1 1:1\n"), at


def test_headers_of_many_columns_are_read_in_linear_time(tmp_path):
    calls = []
    for n in (2000, 16_000):
        path = tmp_path / f"{n}.csv"
        path.write_text(",".join(["label", *(f"c{i}" for i in range(n))]) + "\n" + ",".join(["1", *["x"] * n]) + "\n")
        count = 0

        def counted(frame, event, arg):
            nonlocal count
            count += 1

        sys.setprofile(counted)
        try:
            fit_read(path, Source("csv"))
        finally:
            sys.setprofile(None)
        calls.append(count)
    assert calls[1] < 12 * calls[0]


def test_a_movie_of_many_genres_costs_what_it_holds(tmp_path):
    (tmp_path / "users.dat").write_text("".join(f"{u}::F::1::10::48067\n" for u in range(50)))
    genres = "|".join(f"g{i}" for i in range(5000))
    (tmp_path / "movies.dat").write_text(f"1::A (1995)::Comedy\n2::B (1996)::{genres}\n")
    ratings = [f"{u}::1::{1 + 4 * (u % 2)}::9\n" for u in range(50)] + ["3::2::5::9\n"]
    (tmp_path / "ratings.dat").write_text("".join(ratings))
    dataset, fields = read_movielens(tmp_path)
    assert dataset.X.nnz == 50 * 8 + 7 + 5000
    assert dataset.X[50].nnz == 5007
    assert [field.name for field in fields][-1] == "genres"


def test_tables_that_cannot_fit_are_refused(monkeypatch):
    X = sp.csr_array(([1.0, 1.0], ([0, 1], [0, 2**31 - 2])), shape=(2, 2**31 - 1))
    monkeypatch.setattr(memory, "free_bytes", lambda: 2**33)
    with pytest.raises(
        MemoryError, match="training of 2,147,483,647 features with 8 factors would take 104 GiB, 8 GiB are free"
    ):
        FactorizationMachine(epochs=1).fit(X, [0, 1])


def crafted(tmp_path, **changes):
    """A model whose meta is changed: a value, or a function of its JSON text."""
    path = tmp_path / "m.npz"
    LogisticRegression(epochs=1, precision="lpt", bits=4, delta=0.5).fit(np.eye(2), [0, 1]).save(path)
    meta, arrays = read_npz(path)
    text = json.dumps(meta | {name: value for name, value in changes.items() if not callable(value)})
    for change in (value for value in changes.values() if callable(value)):
        text = change(text)
    np.savez(path, meta=np.array(text), **arrays)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"x": lambda text: text.replace('"bits": 4', '"bits": 1e400')},
        {"x": lambda text: text.replace('"bits": 4', '"bits": ' + "[" * 100_000 + "]" * 100_000)},
        {"x": lambda text: "[" * 100_000},
        {"x": lambda text: text.replace('"epochs": 1', '"epochs": "1"')},
        {"shapes": [[1e400, 1], [2, 0]]},
        {"shapes": 3},
        {"classes": {}},
        {"classes": None},
        {"classes": {"dtype": "<i8", "values": [1, 0]}},
        {"classes": {"dtype": "<i8", "values": [0, 1, 2]}},
        {"classes": {"dtype": "|i1", "values": [0, 1000]}},
        {"classes": {"dtype": "|b1", "values": ["no", "yes"]}},
        {"classes": {"dtype": "<U1000000000", "values": ["no", "yes"]}},
        {"classes": {"dtype": "|O", "values": [[0], [1]]}},
        {"classes": {"dtype": "nonsense", "values": [0, 1]}},
        {"params": []},
        {"history": 7, "model": ["LogisticRegression"]},
        {"columns": [1, 2, 3]},
        {"columns": 5},
        {"given_delta": None, "format_version": 3},
    ],
)
def test_crafted_models(tmp_path, changes):
    path = crafted(tmp_path, **changes)
    with pytest.raises(ValueError, match=str(path)):
        load_model(path)


def test_a_member_that_is_gone_is_noticed(tmp_path):
    path = crafted(tmp_path)
    assert load_model(path)[0].delta is not None
    meta, arrays = read_npz(path)
    for name in arrays:
        write_npz(path, meta, {key: value for key, value in arrays.items() if key != name})
        with pytest.raises(ValueError, match=str(path)):
            load_model(path)


@pytest.mark.parametrize("member", ["source", "layout"])
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"format": 3}', "1e400", "{}", '{"fields": 1e400, "label_column": 3}', "null"]
)
def test_crafted_feature_maps(tmp_path, member, text):
    (tmp_path / "t.csv").write_text("y,a\n1,x\n0,z\n")
    arrays = fit_read(tmp_path / "t.csv", Source("csv"))[1].to_arrays()
    with pytest.raises(DataError, match="these arrays are not a feature map"):
        FeatureMap.from_arrays(arrays | {member: np.array(text)})


@pytest.mark.parametrize("damage", ["long", "short", "moved"])
def test_lists_of_lists_are_checked(damage):
    X = sp.lil_array((2, 3))
    X.rows[0], X.data[0] = [0, 1], [1.0, 2.0]
    X.rows[1], X.data[1] = [2], [7.0]
    assert LogisticRegression(epochs=1).fit(X, [0, 1])
    if damage == "long":
        X.data[0] = [1.0] * 10**5
    elif damage == "short":
        X.data[0] = [1.0]
    else:
        X.data[0], X.data[1] = [1.0], [2.0, 7.0]
    for read in (LogisticRegression(epochs=1).fit, lambda X, y: from_dataset(X, y, 0.1)):
        with pytest.raises(ValueError, match="X is not a valid sparse matrix: rows must have an index for each value"):
            read(X, [0, 1])


def test_diagonals_are_checked():
    X = sp.dia_array((np.ones((1, 3)), [0]), shape=(2, 3))
    X.offsets = np.array([0, 1, 2])
    with pytest.raises(ValueError, match="there must be an offset for each diagonal"):
        LogisticRegression(epochs=1).fit(X, [0, 1])


def test_matrices_of_problems_are_checked_before_they_are_converted():
    X = sp.csc_array((np.ones(3), np.array([0, 50_000_000, 1]), np.array([0, 1, 2, 3])), shape=(1000, 3))
    with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
        from_dataset(X, np.zeros(1000), 0.1)
    assert from_dataset(np.eye(2), [-1, 1], 0.1).y.tolist() == [0, 1]


def test_masked_values_are_refused():
    X, y = np.eye(2), np.array([0, 1])
    with pytest.raises(ValueError, match="X has masked values"):
        LogisticRegression(epochs=1).fit(np.ma.masked_equal(X, 0.0), y)
    with pytest.raises(ValueError, match="y has masked values"):
        LogisticRegression(epochs=1).fit(X, np.ma.masked_equal(y, 0))
    with pytest.raises(ValueError, match="scores has masked values"):
        auc(y, np.ma.masked_equal(X[0], 0.0))
    LogisticRegression(epochs=1).fit(np.ma.array(X), np.ma.array(y))


def test_files_in_memory_count_as_free(tmp_path, monkeypatch):
    for name, value in (("memory.max", 2**30), ("memory.current", 2**30), ("memory.stat", f"anon 5\ninactive_file {2**29}")):
        (tmp_path / name).write_text(f"{value}\n")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    assert memory.free_bytes() == 2**29


def test_problems_that_cannot_fit_are_refused(monkeypatch):
    X = sp.csr_array(([1.0, 1.0], ([0, 1], [0, 2**31 - 2])), shape=(2, 2**31 - 1))
    problem = from_dataset(X, [0, 1], 0.1, "wide")
    with pytest.raises(MemoryError, match="wide: the Hessian of 2,147,483,647 features would take"):
        problem.f_star  # noqa: B018
    with pytest.raises(MemoryError, match="wide: the Hessian"):
        problem.L  # noqa: B018


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bz2.compress("label,a\n1,x\n".encode("utf-16")), "is text in UTF-16"),
        (gzip.compress(b"x" * 257 + b"ustar" + b"x" * 250), "is a tar archive"),
        (b"x" * 257 + b"ustar" + b"x" * 250, "is a tar archive"),
        (gzip.compress(gzip.compress(b"label,a\n1,x\n")), "is compressed twice"),
    ],
    ids=["UTF-16", "tar.gz", "tar", "twice"],
)
def test_kinds_are_told_inside_of_containers_too(tmp_path, content, said):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=said):
        fit_read(tmp_path / "t.csv", Source("csv"))


@pytest.mark.parametrize("header", ["PAR1", "SQLiteRows", "BZh9", "7z"])
def test_headers_are_no_magic(tmp_path, header):
    (tmp_path / "t.csv").write_text(f"{header},label\nx,0\ny,1\n")
    assert fit_read(tmp_path / "t.csv", Source("csv"))[0].y.tolist() == [0, 1]


def test_lines_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 22)
    (tmp_path / "t.svm").write_bytes(b"1 1:1\n" + b" " * (1 << 23))
    with pytest.raises(DataError, match=r"t\.svm: has a line of more than 4 MiB, which is no text"):
        fit_read(tmp_path / "t.svm", Source("libsvm"))


def test_numbers_that_underflow_are_read(tmp_path, strict):
    (tmp_path / "t.svm").write_text("1 1:1e-40 2:1\n0 1:1e-320 3:1e-46\n")
    assert fit_read(tmp_path / "t.svm", Source("libsvm"))[0].X.shape == (2, 3)
    assert calibration([0, 1], [1e-320, 1e-310]) < 1e-300


def test_a_rule_that_flushes_subnormal_numbers_is_told(tmp_path, monkeypatch):
    (tmp_path / "rule_of_mine.py").write_text("rule = 1\n")
    monkeypatch.setattr(checks, "SMALLEST", 0.0)
    with pytest.raises(ValueError, match="flush subnormal numbers"):
        load_rule(f"{tmp_path}/rule_of_mine.py:rule")


def test_files_of_a_user_hide_no_library(tmp_path):
    (tmp_path / "random.py").write_text("import neighbour_of_random as n\nrule = n.x\n")
    (tmp_path / "neighbour_of_random.py").write_text("x = 7\n")
    assert load(f"{tmp_path}/random.py:rule", "rule") == 7
    import random

    assert hasattr(random, "Random")
    before = list(sys.path)
    assert load(f"{tmp_path}/random.py:rule", "rule") == 7
    assert sys.path == before
    sys.path.remove(str(tmp_path))


def test_every_function_that_takes_a_sparse_matrix_checks_it():
    X = sp.csc_array((np.ones(3), np.array([0, 50_000_000, 1]), np.array([0, 1, 2, 3])), shape=(1000, 3))
    negative = sp.csr_array(np.eye(3))
    negative.indices[1] = -1
    for bad, n in ((X, 1000), (negative, 3)):
        y = np.arange(n) % 2
        for call in (
            lambda bad=bad, y=y: calibration_by_feature(bad, y / 2, y),
            lambda bad=bad, y=y: split(Dataset(bad, y.astype(np.float32), 0, 0)),
            lambda bad=bad: hashed(bad, 5),
            lambda bad=bad, y=y: LogisticRegression(epochs=1).fit(bad, y),
        ):
            with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
                call()


TRAINS = """
import scipy.sparse as sp
from alpt_ref import FactorizationMachine

def train(n):
    X = sp.csr_array(([1.0, 1.0], ([0, 1], [0, n - 1])), shape=(2, n))
    FactorizationMachine(epochs=1, **{options}).fit(X, [0, 1])

def held(name):
    # Not ru_maxrss: Linux keeps in it what the parent held when it forked.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))

train(1000)  # compiles
before = held("VmRSS")
open("/proc/self/clear_refs", "w").write("5")  # the most that was held is that of now
assert held("VmHWM") < 1.1 * before
train({n})
print(held("VmHWM") - before)
"""


def peak(n, options):
    """The memory that training on ``n`` features takes, in bytes: the most that the process held, over what it held before."""
    script = TRAINS.format(n=n, options=options)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    return int(done.stdout) * 1024


@long
@once
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    "options",
    [
        {"k": 1},
        {"k": 0},
        {"k": 2, "optimizer": "adam"},
        {"k": 4, "precision": "lpt", "bits": 8},
        {"k": 4, "precision": "alpt", "bits": 8},
        {"k": 4, "precision": "alpt", "bits": 8, "update": "dense"},
        {"k": 2, "precision": "lsq", "bits": 8},
    ],
)
def test_the_memory_that_training_asks_for(options):
    n = 8_000_000
    asked = needed(FactorizationMachine(epochs=1, **options).config(), n, keeps_best=False)
    assert 0.9 < peak(n, options) / asked < 1.2
