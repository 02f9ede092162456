"""Results in memory or saved: runs, and records of studies."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alpt_ref.runs.run import Run
from alpt_ref.tools.files import Record

Place = str | os.PathLike[str]
Runs = Run | Place | Iterable[Run | Place]
Records = Mapping[str, Any] | Place


def runs_of(given: Runs) -> list[Run]:
    """Runs, those that are paths loaded. ValueError for none, and for a file that is not a run."""
    several = [given] if isinstance(given, Run | str | os.PathLike) else list(given)
    if not several:
        raise ValueError("runs must be at least one")
    for each in several:
        if not isinstance(each, Run | str | os.PathLike):
            raise ValueError(f"runs must be Run objects or paths of saved ones, got {type(each).__name__}")
    return [each if isinstance(each, Run) else Run.load(Path(each)) for each in several]


def record_of(given: Records, files: str | tuple[str, ...], work: str) -> Record:
    """The record of a study: itself, or that of a path; in a folder the first of ``files`` that is there. ValueError where
    there is none; ``work`` makes it."""
    names = (files,) if isinstance(files, str) else files
    if isinstance(given, Mapping):
        return dict(given)
    if not isinstance(given, str | os.PathLike):
        raise ValueError(f"results must be a record or its path, got {type(given).__name__}")
    path = Path(given)
    path = next((path / name for name in names if (path / name).exists()), path / names[0]) if path.is_dir() else path
    return _loaded(path, f"`{work}` makes it", f"not a record of `{work}`")


def part_of(record: Mapping[str, Any], key: str, work: str) -> Any:
    """The part of a record under ``key``. ValueError where nothing is there, as in another study's record or a stopped one."""
    found = record.get(key)
    if not found and record.get("complete") is False:
        raise ValueError(f"results have no {key} yet: `{work}` was stopped, and goes on with --resume")
    if not found:
        raise ValueError(f"results have no {key}: give the record of `{work}`")
    return found


def read(path: Path, work: str = "study") -> Record:
    """The results saved at ``path``, which ``work`` makes; ValueError where there are none, and for those of a stopped run."""
    results = _loaded(path, f"run the {work} first", f"not the results of a {work}")
    if not results.get("complete", True):
        raise ValueError(f"{path}: the {work} was stopped; the same command goes on with it")
    return results


def _loaded(path: Path, way_to: str, other: str) -> Record:
    """The JSON object at ``path``. ValueError with ``way_to`` where there is no file, with ``other`` where it holds none."""
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file; {way_to}") from None
    except (ValueError, OSError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: {other}")
    return found


@contextmanager
def damaged(where: str, kind: str) -> Iterator[None]:
    """Turn errors in taking a record apart into a ValueError: it is not what ``kind`` draws."""
    try:
        yield
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"{where}: not what {kind} draws, or damaged ({type(error).__name__}: {error})") from None
