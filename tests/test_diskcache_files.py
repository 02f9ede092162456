"""What is written to disk and read back, without a compiler: names, facts, files, and everything that is amiss."""

import types
from pathlib import Path

import numpy as np
import pytest

from alpt_ref.kernels.storage import FLOATS, View
from alpt_ref.quantizer import dequantize
from alpt_ref.scalars import diskcache
from alpt_ref.scalars.diskcache import DiskCache
from alpt_ref.scalars.philox import Stream


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("ALPT_REF_CACHE", "1")
    diskcache.folder.cache_clear()
    yield tmp_path
    diskcache.folder.cache_clear()


class Library:
    """Stands for a compiled library, and for the code generator that made it."""

    has_dynamic_globals = False

    @property
    def codegen(self):
        return self

    def magic_tuple(self):
        return ("a triple", "a processor", "its features")


class Result:
    """Stands for Numba's CompileResult."""

    lifted = ()

    def __init__(self, text="machine code"):
        self.library, self.text = Library(), text

    def _reduce(self):
        return (self.text, 7)


class Target:
    def refresh(self):
        pass

    def codegen(self):
        return Library()


@pytest.fixture
def numba_rebuilds(monkeypatch):
    from numba.core.compiler import CompileResult

    monkeypatch.setattr(CompileResult, "_rebuild", lambda target, *payload: payload)


def test_what_is_saved_is_loaded(place, numba_rebuilds):
    cache = DiskCache(dequantize)
    assert cache.load_overload(("float32",), Target()) is None
    cache.save_overload(("float32",), Result())
    assert len(list(place.rglob("*.bin"))) == 1
    assert cache.load_overload(("float32",), Target()) == ("machine code", 7)
    assert cache.load_overload(("float64",), Target()) is None
    cache.flush()
    assert Path(cache.cache_path).is_dir()


def test_a_file_that_is_not_its_own_is_not_loaded(place, numba_rebuilds):
    cache = DiskCache(dequantize)
    for name in ("a", "b"):
        cache.save_overload((name,), Result(name))
    one, other = sorted(place.rglob("*.bin"))
    whole = one.read_bytes()
    one.write_bytes(other.read_bytes())
    found = [cache.load_overload((name,), Target()) for name in ("a", "b")]
    assert sorted(map(str, found)) == sorted(["None", str(next(f for f in found if f))])
    for damaged in (b"", whole[:40], whole[:-1] + bytes([whole[-1] ^ 1])):
        one.write_bytes(damaged)
        assert [cache.load_overload((name,), Target()) for name in ("a", "b")].count(None) == 1


def test_what_cannot_be_kept_is_not(place, monkeypatch):
    result = Result()
    result.library.has_dynamic_globals = True
    DiskCache(dequantize).save_overload(("float32",), result)
    DiskCache(test_what_cannot_be_kept_is_not).save_overload(("float32",), Result())  # not of the package
    monkeypatch.setattr(diskcache.os, "replace", lambda source, target: 1 / 0)
    DiskCache(dequantize).save_overload(("float32",), Result())
    assert [path for path in place.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("variables", "system", "where"),
    [
        ({"NUMBA_CACHE_DIR": "/given"}, "Linux", "/given"),
        ({"XDG_CACHE_HOME": "/xdg"}, "Linux", "/xdg"),
        ({"HOME": "/home/me"}, "Linux", "/home/me/.cache"),
        ({"HOME": "/home/me"}, "Darwin", "/home/me/Library/Caches"),
        ({"LOCALAPPDATA": "/local"}, "Windows", "/local"),
    ],
)
def test_where_files_lie(monkeypatch, variables, system, where):
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(diskcache.platform, "system", lambda: system)
    assert diskcache._base() == Path(where)


def test_no_folder_where_it_is_turned_off_or_cannot_be_made(place, monkeypatch):
    assert diskcache.folder().parent == place / "alpt_ref"
    monkeypatch.setenv("ALPT_REF_CACHE", "0")
    diskcache.folder.cache_clear()
    assert diskcache.folder() is None
    (place / "file").write_text("")
    monkeypatch.setenv("ALPT_REF_CACHE", "1")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(place / "file"))
    diskcache.folder.cache_clear()
    assert diskcache.folder() is None
    function = types.SimpleNamespace(_cache="its own", py_func=dequantize)
    diskcache.keep_on_disk(function)
    assert function._cache == "its own"
    cache = DiskCache(dequantize)
    cache.save_overload(("float32",), Result())
    assert cache.load_overload(("float32",), Target()) is None


def test_content_of_values():
    content = lambda value: diskcache._content(value, {})  # noqa: E731
    known = [None, 1, 1.0, True, "a", b"a", np.float32(1), np.float64(1), np.uint64(1), Stream.DATA, np.zeros(2), np.zeros(3),
             np.zeros(2, np.float32), (1, 2), (1, (2,)), View, np, np.floor, abs, dequantize]  # fmt: skip
    known.append(types.SimpleNamespace(py_func=dequantize))
    lines = ["\n".join(content(value)) for value in known]
    assert len(set(lines)) == len(lines)
    assert "\n".join(content(FLOATS)) == "\n".join(content(FLOATS))
    for unknown in (object(), {}, [1], np.array([None]), lambda: known):
        with pytest.raises(diskcache._UnknownValueError):
            content(unknown)
    assert len(diskcache.source_hash()) == 64
