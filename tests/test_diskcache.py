"""Compiled code on disk: found again, never wrong, and absent where anything is amiss."""

import json
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import alpt_ref
from alpt_ref.scalars import diskcache
from tests.marks import long

pytestmark = pytest.mark.jit
ROOT = Path(alpt_ref.__file__).parent.parent
WORKER = Path(__file__).with_name("diskcache_worker.py")
PRECISIONS = ("fp32", "lpt", "alpt", "lsq", "pact")
VARIANTS = [
    "/".join(v) for v in product(PRECISIONS, ("lr", "fm"), ("sgd", "adam"), ("stochastic", "nearest"), ("2", "8", "12"))
]
FEW = ["quantize/stochastic", "lpt/lr/sgd/stochastic/8", "lpt/lr/sgd/nearest/8"]


def start(folder, variants, root=ROOT, **more):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(root), "ALPT_REF_CACHE": "1"} | more
    command = [sys.executable, str(WORKER), *variants]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process):
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    assert errors == ""
    return json.loads(out)


def files(folder):
    return sorted(folder.rglob("*.bin"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The results without a cache, which leave nothing behind."""
    folder = tmp_path_factory.mktemp("none")
    found = result(start(folder, FEW, ALPT_REF_CACHE="0"))
    assert found["loaded"] == 0
    assert list(folder.iterdir()) == []
    return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory, plain):
    """A folder that two processes have filled at once, in opposite orders."""
    folder = tmp_path_factory.mktemp("cache")
    for process in [start(folder, FEW), start(folder, FEW[::-1])]:
        assert result(process)["digests"] == plain["digests"]
    return folder


@pytest.fixture
def copy(filled, tmp_path):
    return Path(shutil.copytree(filled, tmp_path / "cache"))


def test_a_later_process_compiles_nothing_and_gets_the_same_bits(filled, plain):
    before = [(path, path.stat().st_mtime_ns) for path in files(filled)]
    found = result(start(filled, FEW[::-1]))
    assert found["digests"] == plain["digests"]
    assert found["compiled"] == 0
    assert found["loaded"] > 10
    assert not found["functions as arguments"]
    assert before == [(path, path.stat().st_mtime_ns) for path in files(filled)]


@long
def test_zero_turns_it_off(plain, filled):
    found = result(start(filled, FEW[:1], ALPT_REF_CACHE="0"))
    assert found["loaded"] == 0
    assert found["digests"].items() <= plain["digests"].items()


@pytest.mark.parametrize("damage", ["flip", *(pytest.param(name, marks=long) for name in ("truncate", "empty", "folder"))])
def test_a_damaged_file_is_compiled_again(copy, plain, damage):
    whole = {path: path.read_bytes() for path in files(copy)}
    for path, content in whole.items():
        if damage == "folder":
            path.unlink()
            path.mkdir()
            continue
        at = len(content) * 2 // 3
        changed = {"flip": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :], "truncate": content[:at], "empty": b""}
        path.write_bytes(changed[damage])
    found = result(start(copy, FEW[:1]))
    assert found["digests"].items() <= plain["digests"].items()
    assert found["loaded"] == 0
    assert found["compiled"] > 1
    if damage != "folder":
        assert result(start(copy, FEW[:1]))["compiled"] == 0


def test_a_file_under_the_name_of_another_is_not_used(copy, plain):
    paths = files(copy)
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)
    found = result(start(copy, FEW[:1]))
    assert found["digests"].items() <= plain["digests"].items()
    assert found["loaded"] == 0


@pytest.mark.parametrize("file", ["scalars/rounding.py", pytest.param("training/config.py", marks=long)])
def test_an_edit_in_any_module_is_noticed(copy, tmp_path, plain, file):
    """A callee in another file is edited in a copy of the package; or a module of which no compiled code is made."""
    package = Path(shutil.copytree(ROOT / "alpt_ref", tmp_path / "edited" / "alpt_ref"))
    path = package / file
    source = path.read_text()
    old, new = ("v < r else n", "v > r else n") if file == "scalars/rounding.py" else ('"""', '"""\n')
    assert source.count(old) >= 1
    path.write_text(source.replace(old, new, 1))
    found = result(start(copy, FEW[:1], root=tmp_path / "edited"))
    assert found["loaded"] == 0
    assert (found["digests"][FEW[0]] == plain["digests"][FEW[0]]) == (file == "training/config.py")


@long
@pytest.mark.parametrize("setting", [{"NUMBA_BOUNDSCHECK": "1"}, {"NUMBA_OPT": "1"}])
def test_settings_of_numba_are_told_apart(filled, setting):
    assert result(start(filled, FEW[:1], **setting))["loaded"] == 0


@long
def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path, plain):
    (tmp_path / "file").write_text("not a folder")
    found = result(start(tmp_path / "file", FEW[:1]))
    assert found["digests"].items() <= plain["digests"].items()
    assert found["loaded"] == 0


UNKNOWN = {
    "counts otherwise": "from numba.core.bytecode import FunctionIdentity as F; F._unique_ids = iter(range(10**9))",
    "no rebuild": "from numba.core.compiler import CompileResult as C; del C._rebuild, C._reduce",
}


@pytest.mark.parametrize("change", [name if i == 0 else pytest.param(name, marks=long) for i, name in enumerate(UNKNOWN)])
def test_an_unknown_numba_is_served_without_a_cache(filled, plain, tmp_path, change):
    (tmp_path / "sitecustomize.py").write_text(UNKNOWN[change])
    found = result(start(filled, FEW[:1], root=f"{tmp_path}{os.pathsep}{ROOT}"))
    assert found["digests"].items() <= plain["digests"].items()
    assert found["loaded"] == 0


@long
def test_old_folders_are_forgotten(tmp_path, plain):
    for i in range(diskcache.KEPT_VERSIONS + 3):
        old = tmp_path / "alpt_ref" / f"old{i}"
        old.mkdir(parents=True)
        os.utime(old, (i, i))
    result(start(tmp_path, FEW[:1]))
    left = sorted(path.name for path in (tmp_path / "alpt_ref").iterdir())
    assert len(left) == diskcache.KEPT_VERSIONS
    assert f"old{diskcache.KEPT_VERSIONS + 2}" in left
    assert "old0" not in left


def test_facts_tell_cells_globals_and_closures_apart(monkeypatch):
    from alpt_ref.kernels.cpu import alpt, rows
    from alpt_ref.kernels.storage import FLOATS, PLAIN_CODES
    from alpt_ref.scalars.moves import advance_float, code_advance

    made = [
        rows.updater(FLOATS, advance_float, "sgd", 3, False),
        rows.updater(FLOATS, advance_float, "sgd", 3, True),
        rows.updater(FLOATS, advance_float, "sgd", 4, False),
        rows.updater(FLOATS, advance_float, "adam", 3, False),
        rows.updater(PLAIN_CODES, code_advance("nearest"), "sgd", 3, False),
        rows.updater(PLAIN_CODES, code_advance("stochastic"), "sgd", 3, False),
    ]
    facts = ["\n".join(diskcache._described(f.py_func, {})) for f in made]
    assert len(set(facts)) == len(facts)
    assert facts[0] == "\n".join(diskcache._described(made[0].py_func, {}))
    assert "0x" not in "".join(facts)  # no address
    storer = alpt.table_storer(PLAIN_CODES, "nearest", 3, "")
    before = diskcache._described(storer.py_func, {})
    monkeypatch.setattr(alpt, "CHUNK", 7)
    assert diskcache._described(storer.py_func, {}) != before


def test_functions_from_elsewhere_are_not_kept():
    def user(x):
        return x

    with pytest.raises(diskcache._UnknownValueError):
        diskcache._described(user, {})


def test_symbols_are_numbered_apart_after_a_fork():
    code = (
        "import os; from numba.core.bytecode import FunctionIdentity as F; import alpt_ref.kernels.cpu.group\n"
        "read, write = os.pipe()\n"
        "if os.fork() == 0: os.write(write, str(next(F._unique_ids)).encode()); os._exit(0)\n"
        "os.wait(); print(next(F._unique_ids), os.read(read, 99).decode())"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "ALPT_REF_CACHE": "1"}
    runs = [subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True) for _ in range(2)]
    numbers = [int(n) for run in runs for n in run.stdout.split()]
    assert len(numbers) == 4
    assert all(abs(a - b) > 10**6 for i, a in enumerate(numbers) for b in numbers[:i])


MODULE = """
from functools import cache
import numpy as np
from alpt_ref.scalars.jit import jit, kernel

@cache
def variant(c):
    @jit
    def inner(x, n):  # long enough, and called often enough, not to be inlined
        t = 0.0
        for i in range(n):
            t += x[i] * c
            for j in range(n):
                t += (x[j] * x[i] - c) / (c + 1.5)
                if t > 1e9:
                    t = np.sqrt(t)
            for j in range(n):
                t -= np.exp(-x[j] * c) + np.log1p(abs(x[i])) * c
            for j in range(n):
                t += np.sin(x[j] * c) + np.cos(t)
        return t

    @kernel
    def outer(x):
        a = 0.0
        for k in range(3):
            a += inner(x, x.size)
        for k in range(2):
            a -= inner(x[1:], x.size - 1)
        for k in range(2):
            a -= inner(x[2:], x.size - 2)
        return a

    return outer
"""
CALL = """
import sys
import numpy as np
from alpt_ref.variants import variant
functions = [variant(float(c)) for c in sys.argv[1:]]
print(*(f(np.linspace(0.1, 1.0, 7)) for f in functions), *(sum(f.stats.cache_hits.values()) for f in functions))
"""


@long
def test_variants_that_two_processes_compiled_are_told_apart_by_the_linker(tmp_path):
    """Both processes number their symbols alike, unless numbers start at random: then a third gets one variant for both."""
    shutil.copytree(ROOT / "alpt_ref", tmp_path / "alpt_ref")
    (tmp_path / "alpt_ref" / "variants.py").write_text(MODULE)

    def values(*constants, on="1"):
        environment = os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "c"), "ALPT_REF_CACHE": on}
        command = [sys.executable, "-c", CALL, *constants]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.split()

    two, three = values("2", "3", on="0")[:2]
    assert two != three
    assert values("2") == [two, "0"]
    assert values("3") == [three, "0"]
    assert values("2", "3") == [two, three, "1", "1"]
    assert values("3", "2") == [three, two, "1", "1"]


@pytest.mark.long
def test_processes_that_fill_one_cache_never_meet_each_others_variants(tmp_path):
    """Six rounds of two processes at once, each with variants of its own in an order of its own, on one growing cache; against
    the bits of plain Python."""
    draw = np.random.default_rng(0)
    few = VARIANTS[::5]  # 5 divides no number of choices but that of precisions: all choices are there
    plain = result(start(tmp_path / "none", few, NUMBA_DISABLE_JIT="1"))["digests"]
    loaded = compiled = 0
    for _ in range(6):
        for process in [start(tmp_path, draw.choice(few, 8, replace=False).tolist()) for _ in range(2)]:
            found = result(process)
            assert found["digests"].items() <= plain.items()
            loaded, compiled = loaded + found["loaded"], compiled + found["compiled"]
    assert loaded > 50
    assert compiled > 50
