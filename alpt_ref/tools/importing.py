"""Imports at run time: a user's objects, by module or file."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from alpt_ref.tools.checks import check_subnormals


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
            stem, folder = Path(source).stem, str(Path(source).resolve().parent)
            known = stem in sys.stdlib_module_names or stem in sys.modules
            spec = importlib.util.spec_from_file_location(f"_loaded_{stem}" if known else stem, source)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # dataclasses look their module up
            if folder not in sys.path:
                sys.path.append(folder)  # last: its neighbours hide no library
            spec.loader.exec_module(module)
        else:
            if "" not in sys.path and str(Path.cwd()) not in sys.path:
                sys.path.insert(0, str(Path.cwd()))
            module = importlib.import_module(source)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{what} {where}: {source} does not import: {type(error).__name__}: {error}") from None
    check_subnormals(f"{what} {where}, or what it imports,")
    if not hasattr(module, name):
        raise ValueError(f"{what} {where}: {source} has no {name}")
    return getattr(module, name)
