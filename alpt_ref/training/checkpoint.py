"""Checkpoints: everything that a training run needs to go on, and what it must agree with."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32

from alpt_ref.data.examples import Columns, Labelled, columns_of
from alpt_ref.grid import Grid
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import is_integer
from alpt_ref.tools.files import Arrays, checksum, intact, member, read_npz, with_prefix, without_prefix, write_npz
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.state import State, are_kept_as
from alpt_ref.training.table import Table, table_from_arrays

CHECKPOINT_VERSION = 3
MAY_DIFFER = ("epochs", "patience", "n_threads", "device")


@dataclass
class Best:
    """The weights of the best epoch so far, and the figure they reached (AUC, or -log-loss where there is no AUC)."""

    figure: float
    epoch: int
    linear: Table
    factors: Table
    bias: float32

    __repr__ = brief_repr


def weights_to_arrays(weights: State | Best) -> Arrays:
    """Both tables and the bias as a file keeps them."""
    arrays = {"bias": np.asarray(weights.bias)}
    return arrays | with_prefix("linear", weights.linear.to_arrays()) | with_prefix("factors", weights.factors.to_arrays())


def weights_from_arrays(arrays: Arrays, shapes: Sequence[tuple[int, int]]) -> tuple[Table, Table, float32]:
    """Inverse of :func:`weights_to_arrays` for tables of the ``shapes``; ValueError or KeyError where they do not fit."""
    linear, factors = (table_from_arrays(without_prefix(part, arrays), s) for part, s in zip(PARTS, shapes, strict=True))
    return linear, factors, float32(member(arrays, "bias", float32, ()))


def trained_state(config: Config, meta: dict[str, Any], arrays: Arrays) -> tuple[State, Columns]:
    """The weights of a saved model, without optimizers, and the names of its columns; TypeError, ValueError or KeyError where
    they are not those of ``config``, or the facts of its training are none."""
    columns = None if meta["columns"] is None else columns_of(meta["columns"])
    shapes = [(int(n), int(k)) for n, k in meta["shapes"]]
    linear, factors, bias = weights_from_arrays(arrays, shapes)
    fits = shapes == [(shapes[0][0], int(config.fit_linear)), (shapes[0][0], config.k)] and shapes[0][0] > 0
    named = columns is None or len(columns) == shapes[0][0]
    if not (fits and named and are_kept_as(config, linear, factors)):
        raise ValueError("its tables do not fit each other, or its columns")
    history, best = history_of(meta["history"]), meta["best_epoch"]
    if not (is_integer(best) and 0 <= best <= len(history)):
        raise ValueError(f"its best epoch is {best!r}")
    return State(linear, factors, {}, bias, history=history), columns


def history_of(records: Any) -> list[dict[str, Any]]:
    """The records of epochs, proven to be what training writes; TypeError, KeyError or ValueError for others."""
    for number, record in enumerate(records, 1):
        figures = record.get("valid", {"auc": None, "logloss": 0.0, "calibration": None})
        numbers = [record["seconds"], figures["logloss"], *(figures[name] or 0.0 for name in ("auc", "calibration"))]
        if record["epoch"] != number or not all(0.0 <= value < math.inf for value in numbers):
            raise ValueError(f"its record of epoch {number} is none")
    return list(records)


def settings(config: Config) -> dict[str, Any]:
    """The arguments of a run as JSON holds them; of step sizes, the checksums of those of each table that is quantized."""
    values = asdict(config)
    quantized = [part for part in PARTS if config.storage_of(part) != "floats"]
    given = [config.delta_of(part) for part in quantized]
    values["delta"] = [None if delta is None else checksum([Grid(config.bits, delta).delta]) for delta in given]
    values["step"] = [config.steps_of(part) for part in quantized]
    return values


def fingerprint(config: Config, train: Labelled, valid: Labelled | None, n_features: int) -> dict[str, Any]:
    """The facts that a checkpoint must agree with: everything but epochs, patience, threads and device, and the data."""
    weights = [train.weights] if train.weights.size else []
    data = [checksum([part]) for part in (*train.rows, train.y, *weights, *((*valid.rows, valid.y) if valid else ()))]
    kept = {name: value for name, value in settings(config).items() if name not in MAY_DIFFER}
    return {"config": kept, "data": [n_features, *data]}


def save_checkpoint(path: Path, state: State, best: Best | None, run: dict[str, Any]) -> None:
    """Everything a resumed run needs."""
    meta = {
        "checkpoint_version": CHECKPOINT_VERSION,
        "run": run,
        "step": state.step,
        "history": state.history,
        "best": None if best is None else {"figure": best.figure, "epoch": best.epoch},
    }
    arrays = weights_to_arrays(state) | {f"moments/{name}": o.moments for name, o in state.optimizers.items()}
    if best is not None:
        arrays |= with_prefix("best", weights_to_arrays(best))
    write_npz(path, meta, arrays)


def restore(path: Path, config: Config, state: State, run: dict[str, Any]) -> Best | None:
    """Bring ``state`` to where the checkpoint was written; ValueError when it is of another run."""
    meta, arrays = read_npz(path)
    if meta.get("checkpoint_version") != CHECKPOINT_VERSION:
        raise ValueError(f"{path}: not a checkpoint of version {CHECKPOINT_VERSION}")
    with intact(path):
        for part, name in (("config", "other arguments"), ("data", "other data")):
            if meta["run"][part] != run[part]:
                raise ValueError(f"{path}: was written with {name}, remove it or train without resume")
        best = _restore(state, meta, arrays)
        kept = [(weights.linear, weights.factors) for weights in (state, best) if weights is not None]
        if not all(are_kept_as(config, *tables) for tables in kept):
            raise ValueError("its tables are not of this run")
        return best


def _restore(state: State, meta: dict[str, Any], arrays: Arrays) -> Best | None:
    shapes = state.linear.shape, state.factors.shape
    state.linear, state.factors, state.bias = weights_from_arrays(arrays, shapes)
    for name, optimizer in state.optimizers.items():
        optimizer.moments = member(arrays, f"moments/{name}", float32, optimizer.moments.shape)
    state.step, state.history = int(meta["step"]), history_of(meta["history"])
    state.epoch = len(state.history)
    if meta["best"] is None:
        return None
    weights = weights_from_arrays(without_prefix("best", arrays), shapes)
    figure, epoch = float(meta["best"]["figure"]), int(meta["best"]["epoch"])
    if not (math.isfinite(figure) and 1 <= epoch <= state.epoch):
        raise ValueError(f"its best epoch is {epoch} of {state.epoch}")
    return Best(figure, epoch, *weights)
