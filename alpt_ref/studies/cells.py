"""The store of studies: a cell is saved as soon as it is computed, under the hash of its identity.

FOLDER/cells/<id>.npz      the spec as JSON and the arrays of one finished cell
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alpt_ref.tools.files import Arrays, read_npz, write_npz

FORMAT_VERSION = 3


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
        """16 hexadecimal digits of BLAKE2b of the canonical JSON."""
        return hashlib.blake2b(self.canonical.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Store:
    """A folder of cells.

    on_cell : called with (spec, seconds) when a cell has been computed or found; seconds are 0 for one found.
    """

    folder: Path
    on_cell: Callable[[RunSpec, float], None] | None = None

    def path(self, spec: RunSpec) -> Path:
        """The file of the cell."""
        return self.folder / "cells" / f"{spec.id}.npz"

    def cell(self, spec: RunSpec, compute: Callable[[], Arrays]) -> Arrays:
        """The cell's arrays: read where it exists, else computed and saved. ValueError for a file that is not this cell."""
        path, seconds = self.path(spec), 0.0
        if path.exists():
            meta, arrays = read_npz(path)
            if meta.get("spec") != spec.canonical:
                raise ValueError(f"{path}: is not the cell {spec.canonical}; remove it")
        else:
            began = time.perf_counter()
            arrays = compute()
            seconds = time.perf_counter() - began
            write_npz(path, {"spec": spec.canonical, "seconds": seconds}, arrays)
        if self.on_cell is not None:
            self.on_cell(spec, seconds)
        return arrays
