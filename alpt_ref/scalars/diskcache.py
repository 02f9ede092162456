"""Compiled code kept on disk, one file for each function and signature, named by the content of what was compiled.

Numba's own cache does not serve here. It never finds a closure again, does not notice an edit in a callee of another file,
and two processes that fill one index can each write their code under the name that the other has listed. So the files here
have no index: a file's name is the SHA-256 of everything that its code was made from,

    the sources of the package; the versions of Python, Numba, NumPy and LLVM; Numba's settings; the processor
    the function: module, name, line, and the values of its cells and globals, followed into other functions
    the types of the arguments

and a file is used only if the same facts and a checksum stand in it. It is written beside its place and renamed. Whatever
is amiss (a damaged file, a folder that cannot be written, an unknown Numba) means that the function is compiled.

*Why code of several processes can be linked together.* Machine code that is loaded brings the functions that it calls along,
and the linker takes the first of those that have one name. Numba tells variants of a function apart by a number in the name,
counted from 1 in every process, so that number 37 of one process may be another variant than number 37 of the next: the wrong
one would be called without a word. Here the count starts at a random 60-bit number in every process, also after a fork.

Environment: ``ALPT_REF_CACHE=0`` turns it off; files lie under ``NUMBA_CACHE_DIR``, else the user's cache folder.
"""

import hashlib
import itertools
import os
import pickle
import platform
import secrets
import shutil
import sys
import types
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np

from alpt_ref.tools.output import write_atomic

KEPT_VERSIONS = 8  # folders of other versions of the package that are kept
_HARMLESS = ("CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_DEFAULT_NUM_THREADS")  # settings that change no code
_DIGEST = 32  # bytes of a SHA-256


class _UnknownValueError(Exception):
    """A compiled function reads a value whose content has no name here: it is not kept."""


@cache
def source_hash() -> str:
    """The SHA-256 of the package's sources, 64 hexadecimal digits."""
    root, digest = Path(__file__).parent.parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(source)}\n".encode() + source)
    return digest.hexdigest()


@cache
def folder() -> Path | None:
    """The folder of this version of package, Numba, NumPy and Python, made if need be; None where nothing is to be kept."""
    if os.environ.get("ALPT_REF_CACHE") == "0" or not _numbered_by_process():
        return None
    versions = (sys.version, numba.__version__, llvmlite.__version__, np.__version__)
    settings = {name: repr(value) for name, value in vars(numba.config).items() if name.isupper()}
    facts = source_hash(), versions, sorted(item for item in settings.items() if item[0] not in _HARMLESS)
    name = hashlib.sha256(repr(facts).encode()).hexdigest()[:24]
    try:
        place = _base() / "alpt_ref" / name
        if not place.is_dir():
            place.mkdir(parents=True)
            _forget_old(place.parent)
        os.utime(place)
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    return place


def _base() -> Path:
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(given)
    if platform.system() == "Windows" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local)
    if platform.system() == "Darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _forget_old(parent: Path) -> None:
    """Remove the folders that have not been used for longest; a process that uses one compiles."""
    places = sorted((place for place in parent.iterdir() if place.is_dir()), key=lambda place: place.stat().st_mtime)
    for place in places[:-KEPT_VERSIONS]:
        shutil.rmtree(place, ignore_errors=True)


@cache
def _numbered_by_process() -> bool:
    """Let the numbers in symbols' names start at random in this process; false where this Numba counts otherwise."""
    from numba.core.bytecode import FunctionIdentity

    if not isinstance(getattr(FunctionIdentity, "_unique_ids", None), itertools.count):
        return False

    def start_at_random() -> None:
        FunctionIdentity._unique_ids = itertools.count(secrets.randbits(60))

    start_at_random()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=start_at_random)
    return True


def keep_on_disk(dispatcher: Any) -> None:
    """Let ``dispatcher``, a function that Numba compiles, take its code from the folder, and leave it there."""
    if hasattr(dispatcher, "_cache") and folder() is not None:
        dispatcher._cache = DiskCache(dispatcher.py_func)


class DiskCache:
    """The compiled code of one function, in the place of Numba's ``FunctionCache``."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self.cache_path = str(folder())

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compile result for ``signature`` that lies on disk, ready to be called, else None."""
        try:
            from numba.core.compiler import CompileResult

            target.refresh()
            facts = self._facts(signature, target.codegen())
            held = _file(facts).read_bytes()
            content = held[_DIGEST:]
            if hashlib.sha256(content).digest() != held[:_DIGEST]:
                return None
            known, signature_held, payload = pickle.loads(content)
            if known != facts or signature_held != signature:
                return None
            return CompileResult._rebuild(target, *payload)
        except Exception:  # whatever is amiss: compile
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Leave ``result``, compiled for ``signature``, on disk; nothing where it cannot be kept."""
        try:
            from numba.core.serialize import dumps

            if result.library.has_dynamic_globals or result.lifted:
                return
            facts = self._facts(signature, result.library.codegen)
            content = dumps((facts, signature, result._reduce()))
            whole = hashlib.sha256(content).digest() + content
            write_atomic(_file(facts), lambda file: file.write(whole))
        except Exception:  # the result serves all the same
            return

    def flush(self) -> None:
        """Do nothing: no file is ever out of date."""

    def _facts(self, signature: Any, codegen: Any) -> str:
        if any(isinstance(argument, numba.types.Dispatcher) for argument in signature):  # its name is an address
            raise _UnknownValueError
        return "\n".join((repr(codegen.magic_tuple()), str(signature), *_described(self._function, {})))


def _file(facts: str) -> Path:
    place = folder()
    if place is None:
        raise _UnknownValueError
    return place / f"{hashlib.sha256(facts.encode()).hexdigest()}.bin"


def _described(function: Any, seen: dict[Any, int]) -> list[str]:
    """The lines that tell what ``function`` is: where it is defined, and the content of its cells and globals.

    seen : functions that have been described, which are named by their number; grows.
    """
    if not function.__module__.startswith("alpt_ref."):  # its source is not among those that are hashed
        raise _UnknownValueError
    if function in seen:
        return [f"function {seen[function]}"]
    seen[function] = len(seen)
    code = function.__code__
    lines = [f"function {seen[function]} {function.__module__}.{function.__qualname__} line {code.co_firstlineno}"]
    cells = {n: c.cell_contents for n, c in zip(code.co_freevars, function.__closure__ or (), strict=True)}
    names, todo = set(), [code]
    while todo:
        inner = todo.pop()
        names |= set(inner.co_names)
        todo += [constant for constant in inner.co_consts if isinstance(constant, types.CodeType)]
    values = cells | {name: function.__globals__[name] for name in sorted(names) if name in function.__globals__}
    for name, value in values.items():
        first, *rest = _content(value, seen)
        lines += [f"{name} = {first}", *rest]
    return lines


def _content(value: Any, seen: dict[Any, int]) -> list[str]:
    if hasattr(value, "py_func"):
        return _described(value.py_func, seen)
    if isinstance(value, types.ModuleType):
        return [f"module {value.__name__}"]
    if isinstance(value, type) or callable(value):  # of the package, whose sources are hashed, or of a library
        name = next((getattr(value, of) for of in ("__qualname__", "__name__", "_name") if hasattr(value, of)), None)
        if name is None or getattr(value, "__closure__", None):
            raise _UnknownValueError
        return [f"{type(value).__qualname__} {getattr(value, '__module__', '')}.{name}"]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return [f"array {value.dtype} {value.shape} {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"]
    if isinstance(value, tuple):
        parts = [_content(item, seen) for item in value]
        return [f"{type(value).__qualname__} of {len(parts)}", *itertools.chain.from_iterable(parts)]
    if value is None or isinstance(value, str | bytes | bool | int | float | Enum | np.number):
        return [f"{type(value).__qualname__} {value!r}"]
    raise _UnknownValueError
