"""A minibatch on a GPU, sorted by feature, as ``kernels.cpu.group.Batch``."""

from dataclasses import dataclass, replace
from typing import Any

from numpy import float32, int32

from alpt_ref.kernels.cuda import group
from alpt_ref.kernels.cuda.launch import launch
from alpt_ref.kernels.cuda.scan import n_tiles, scan
from alpt_ref.kernels.cuda.sort import sort_pairs
from alpt_ref.kernels.cuda.workspace import Workspace


@dataclass(frozen=True)
class Sorted:
    """The entries of a minibatch by feature; row rows[r] has the entries starts[r] .. starts[r + 1] - 1, in example order."""

    rows: Any  # (n_rows,) int32
    starts: Any  # (n_rows + 1,) int32
    entries: tuple[Any, Any, Any, Any]  # position, value, residual (batch,), sums (batch * k,)
    slot: Any  # of each entry, example by example: the place of its row
    example_starts: Any  # (batch + 1,) int32
    values: Any  # example by example


def sorted_batch(data: Any, batch: Any, n_features: int, room: Workspace, residual: Any, sums: Any) -> Sorted:
    """The examples ``batch`` of ``data`` (indptr, indices, values), with the results of their forward pass."""
    size = batch.size
    starts_of = room.array("example starts", size + 1, int32)
    launch(group.batch_lengths, size, data[0], batch, starts_of)
    scan(starts_of, room.array("tile sums", n_tiles(size + 1), int32), starts_of)
    n = int(starts_of[size : size + 1].copy_to_host()[0])
    feature, position = room.array("feature", n, int32), room.array("position", n, int32)
    value = room.array("value", n, float32)
    launch(group.batch_entries, size, data, batch, starts_of, feature, position, value)
    keys, order = sort_pairs(feature, n_features - 1, room)
    places, rows, starts = (room.array(name, n + 1, int32) for name in ("places", "rows", "starts"))
    n_rows = _distinct(keys, places[:n], rows, starts, room) if n else 0
    slot, by_row = room.array("slot", n, int32), room.array("position by row", n, int32)
    value_by_row = room.array("value by row", n, float32)
    launch(group.permute, n, order, position, value, slot, places, by_row, value_by_row)
    return Sorted(rows[:n_rows], starts[: n_rows + 1], (by_row, value_by_row, residual, sums), slot, starts_of, value)


def _distinct(keys: Any, places: Any, rows: Any, starts: Any, room: Workspace) -> int:
    """Distinct keys, where each begins, and the place of each key among them; their number."""
    launch(group.mark_heads, keys.size, keys, places)
    scan(places, room.array("tile sums", n_tiles(keys.size), int32), places)
    launch(group.place_rows, keys.size, keys, places, rows, starts)
    return int(places[keys.size - 1 : keys.size].copy_to_host()[0]) + 1


def over_all(batch: Sorted, n_features: int, room: Workspace) -> Sorted:
    """The batch with all rows of the tables, most of which have no entries."""
    starts, rows = room.array("all starts", n_features + 1, int32), room.array("all rows", n_features, int32)
    launch(group.fill, n_features + 1, starts, int32(0))
    launch(group.spread_lengths, batch.rows.size, batch.rows, batch.starts, starts)
    scan(starts, room.array("tile sums", n_tiles(n_features + 1), int32), starts)
    launch(group.count_up, n_features, rows)
    return replace(batch, rows=rows, starts=starts)
