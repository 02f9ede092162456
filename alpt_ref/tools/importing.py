"""Imports at run time: a user's objects by module or file, and names of a package on their first use."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any


def load(where: str, what: str) -> Any:
    """The object that "module:name" or "file.py:name" stands for. ValueError, one sentence, where there is none.

    Modules are looked for in the current folder, too, and what a file imports in its own.
    """
    source, _, name = where.rpartition(":")
    if not source or not name:
        raise ValueError(f"{what} must be module:name or file.py:name, got {where!r}")
    if source.endswith(".py") and not Path(source).is_file():
        raise ValueError(f"{what} {where}: {source} does not exist")
    try:
        if source.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(source).stem, source)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # dataclasses look their module up
            sys.path.append(str(Path(source).resolve().parent))  # last: its neighbours hide no library
            spec.loader.exec_module(module)
        else:
            if "" not in sys.path and str(Path.cwd()) not in sys.path:
                sys.path.insert(0, str(Path.cwd()))
            module = importlib.import_module(source)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{what} {where}: {source} does not import: {type(error).__name__}: {error}") from None
    if not hasattr(module, name):
        raise ValueError(f"{what} {where}: {source} has no {name}")
    return getattr(module, name)


Getters = tuple[Callable[[str], Any], Callable[[], list[str]]]


def lazy(package: str, homes: Mapping[str, str], more: Iterable[str] = ()) -> Getters:
    """``__getattr__`` and ``__dir__`` of a package.

    homes : name -> module of alpt_ref that has it; "" where it is a module of the package. more : names that are there anyway.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if not homes[name]:
            return importlib.import_module(f"{package}.{name}")
        return getattr(importlib.import_module(f"alpt_ref.{homes[name]}"), name)

    def names() -> list[str]:
        return sorted([*homes, *more])

    return load, names
