"""The cells of a study as one table, a row for each: parameters, results, seconds. docs/sweeps.md has its columns."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from alpt_ref.studies.cells import id_of
from alpt_ref.studies.store import SECONDS, seconds_of
from alpt_ref.tools.extras import importing
from alpt_ref.tools.files import intact, read_npz
from alpt_ref.tools.output import write_atomic

MOST = 64  # numbers of an array that becomes a list; longer ones stay in their cell
FIRST = ("id", "kind", "version")
Rows = list[dict[str, Any]]


def read_by(folder: Path) -> list[Path]:
    """The files that :func:`rows_of` reads."""
    cells = sorted(folder.rglob("cells/*.npz"))
    return cells + sorted({path.parent.parent / SECONDS for path in cells})


def rows_of(folder: Path) -> Rows:
    """A row for each cell below ``folder``, by kind and id: plain values by column. ValueError where there is none, and for a
    file that is no cell."""
    paths = [path for path in read_by(folder) if path.name != SECONDS]
    if not paths:
        raise ValueError(f"{folder} has no cells: give the --out of a study")
    took = {home: seconds_of(home) for home in {path.parent.parent for path in paths}}
    rows = []
    for path in paths:
        meta, arrays = read_npz(path)
        with intact(path):
            spec = json.loads(meta["spec"])
            if id_of(meta["spec"]) != path.stem:
                raise ValueError(f"{path}: has the name of another cell")
            row = {"id": path.stem, "kind": str(spec["kind"]), "version": int(spec["version"])}
            params = list(flat("param", spec["params"]))
            if twice := [name for name, _ in params if sum(name == other for other, _ in params) > 1]:
                raise ValueError(f"{path}: two of its parameters would be the column {twice[0]}")
            row |= dict(params)
            row |= {f"result_{name}": _plain(array) for name, array in arrays.items() if array.size <= MOST}
        rows.append(row | {"seconds": took[path.parent.parent].get(path.stem, ("", None))[1]})
    return sorted(rows, key=lambda row: (row["kind"], row["id"]))


def columns_of(rows: Rows) -> dict[str, list[Any]]:
    """The values of every column, None where a cell has none, and all of one type: see :func:`_alike`."""
    names = dict.fromkeys(name for row in rows for name in row)
    middle = sorted(set(names) - {*FIRST, "seconds"})
    return {name: _alike([row.get(name) for row in rows]) for name in (*FIRST, *middle, "seconds")}


def flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Parameters by column: those of an object each under its own name."""
    if isinstance(value, Mapping):
        for inner, item in value.items():
            yield from flat(f"{name}_{inner}", item)
    else:
        yield name, value


def _plain(array: NDArray[Any]) -> Any:
    value = array.tolist()
    return value if array.dtype.kind in "biufU" else str(value)


def _alike(values: list[Any]) -> list[Any]:
    """Values of one type: lists where one is a list, floats where one is a float, text where they have no type in common."""
    given = [value for value in values if value is not None]
    if any(isinstance(value, list) for value in given) and not all(isinstance(value, list) for value in given):
        return _alike([value if value is None or isinstance(value, list) else [value] for value in values])
    kinds = set(map(_kind, _leaves(given)))
    alike = len(set(map(_depth, given))) <= 1 and (len(kinds) <= 1 or kinds == {int, float}) and object not in kinds
    if not alike:
        return [None if value is None else json.dumps(value) for value in values]
    return [_as_float(value) for value in values] if float in kinds else values


def _kind(value: Any) -> type:
    """The type of a value, object for an integer of more than 64 bits with its sign."""
    return object if isinstance(value, int) and not -(2**63) <= value < 2**63 else type(value)


def _leaves(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _leaves(value)
        else:
            yield value


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _as_float(value: Any) -> Any:
    return None if value is None else [_as_float(item) for item in value] if isinstance(value, list) else float(value)


def write_parquet(folder: Path, path: Path) -> int:
    """Write the table of ``folder`` to ``path``; the number of rows. ValueError where pyarrow is not installed."""
    with importing("parquet", "a Parquet file"):
        import pyarrow
        from pyarrow import parquet

    def typed(kind: Any) -> Any:
        """Double in the place of no type: of a column, or of lists, in which there is nothing."""
        if pyarrow.types.is_list(kind):
            return pyarrow.list_(typed(kind.value_type))
        return pyarrow.float64() if pyarrow.types.is_null(kind) else kind

    arrays = {name: pyarrow.array(values) for name, values in columns_of(rows_of(folder)).items()}
    table = pyarrow.table({name: array.cast(typed(array.type)) for name, array in arrays.items()})
    write_atomic(path, lambda file: parquet.write_table(table, file))
    return int(table.num_rows)
