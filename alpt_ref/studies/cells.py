"""Cells: the parts into which a study falls, each a function of its arguments alone, so that any process can compute it."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

FORMAT_VERSION = 3
_SAID = ("problem", "name", "part", "model", "mode", "method", "id", "instance")  # of the parameters, in words on a cell


@dataclass(frozen=True)
class RunSpec:
    """The identity of one cell: its kind and every number that its result depends on (JSON values; not threads, not paths)."""

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))

    @property
    def canonical(self) -> str:
        """JSON with sorted keys and no blanks; floats in Python's shortest form that reads back exactly."""
        value = {"version": FORMAT_VERSION, "kind": self.kind, "params": dict(self.params)}
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @property
    def id(self) -> str:
        """The name of the cell, by :func:`id_of`."""
        return id_of(self.canonical)

    @property
    def words(self) -> str:
        """Words on which cell it is, of those parameters that cells of the studies have."""
        words = [self.kind, *(str(self.params[key]) for key in _SAID if self.params.get(key))]
        words += [f"{self.params['bits']} bits"] if self.params.get("bits") else []
        return " ".join(words + ([f"seed {self.params['seed']}"] if "seed" in self.params else []))


def id_of(canonical: str) -> str:
    """16 hexadecimal digits of BLAKE2b of a spec's canonical JSON."""
    return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Cell:
    """One computation as data: ``work(*shared, *arguments)`` has the result that ``spec`` names.

    work : a function of a module, known to other processes by its name. arguments : picklable. shared : large ones that many
    cells have in common, the same objects: each is handed to another process once. wide : the work also takes ``threads=``, of
    which no result depends, and is given all there are.
    """

    spec: RunSpec
    work: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    shared: tuple[Any, ...] = ()
    wide: bool = False


class Done(NamedTuple):
    """A cell that was computed, what came out (arrays by name, where it is to be stored), and the seconds that it took."""

    cell: Cell
    result: Any
    seconds: float


def timed(work: Callable[..., Any], arguments: tuple[Any, ...], threads: int | None) -> tuple[Any, float]:
    """The result of ``work``, and its seconds. threads : None for work that does not take them."""
    began = time.perf_counter()
    result = work(*arguments) if threads is None else work(*arguments, threads=threads)
    return result, time.perf_counter() - began
