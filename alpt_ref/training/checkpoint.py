"""Checkpoints: everything that a training run needs to go on, and what it must agree with."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows
from alpt_ref.grid import Grid
from alpt_ref.tools.files import Arrays, checksum, intact, read_npz, with_prefix, without_prefix, write_npz
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.state import State, are_kept_as
from alpt_ref.training.table import Table, table_from_arrays

CHECKPOINT_VERSION = 2
Labelled = tuple[Rows, NDArray[float32]]


@dataclass
class Best:
    """The weights of the best epoch so far, and the figure they reached (AUC, or -log-loss where there is no AUC)."""

    figure: float
    epoch: int
    linear: Table
    factors: Table
    bias: float32


def weights_to_arrays(weights: State | Best) -> Arrays:
    """Both tables and the bias as a file keeps them."""
    arrays = {"bias": np.asarray(weights.bias)}
    return arrays | with_prefix("linear", weights.linear.to_arrays()) | with_prefix("factors", weights.factors.to_arrays())


def weights_from_arrays(arrays: Arrays, shapes: Sequence[tuple[int, int]]) -> tuple[Table, Table, float32]:
    """Inverse of :func:`weights_to_arrays` for tables of the ``shapes``; ValueError or KeyError where they do not fit."""
    linear, factors = (table_from_arrays(without_prefix(part, arrays), s) for part, s in zip(PARTS, shapes, strict=True))
    return linear, factors, float32(arrays["bias"])


def trained_state(config: Config, meta: dict[str, Any], arrays: Arrays, columns: tuple[str, ...] | None) -> State:
    """The weights of a saved model, without optimizers; ValueError or KeyError where they are not those of ``config``."""
    shapes = [(int(n), int(k)) for n, k in meta["shapes"]]
    linear, factors, bias = weights_from_arrays(arrays, shapes)
    fits = shapes[0] == (shapes[1][0], int(config.fit_linear)) and arrays["bias"].shape == ()
    named = columns is None or len(columns) == shapes[0][0]
    if not (fits and named and are_kept_as(config, linear, factors)):
        raise ValueError("its tables do not fit each other, or its columns")
    return State(linear, factors, {}, bias, history=meta["history"])


def fingerprint(config: Config, train: Labelled, valid: Labelled | None, n_features: int) -> dict[str, Any]:
    """The facts that a checkpoint must agree with: everything but the number of epochs, patience and threads, and the data."""
    settings = {name: value for name, value in asdict(config).items() if name not in ("epochs", "patience", "n_threads")}
    quantized = [part for part in PARTS if config.storage_of(part) != "floats"]
    given = [config.delta_of(part) for part in quantized]
    settings["delta"] = [None if delta is None else checksum([Grid(config.bits, delta).delta]) for delta in given]
    settings["step"] = [config.steps_of(part) for part in quantized]
    data = [checksum([part]) for rows, y in (train, *([valid] if valid else [])) for part in (*rows, y)]
    return {"config": settings, "data": [n_features, *data]}


def save_checkpoint(path: Path, state: State, best: Best | None, run: dict[str, Any]) -> None:
    """Everything a resumed run needs."""
    meta = {
        "checkpoint_version": CHECKPOINT_VERSION,
        "run": run,
        "step": state.step,
        "epoch": state.epoch,
        "history": state.history,
        "best": None if best is None else {"figure": best.figure, "epoch": best.epoch},
    }
    arrays = weights_to_arrays(state) | {f"moments/{name}": o.moments for name, o in state.optimizers.items()}
    if best is not None:
        arrays |= with_prefix("best", weights_to_arrays(best))
    write_npz(path, meta, arrays)


def restore(path: Path, state: State, run: dict[str, Any]) -> Best | None:
    """Bring ``state`` to where the checkpoint was written; ValueError when it is of another run."""
    meta, arrays = read_npz(path)
    if meta.get("checkpoint_version") != CHECKPOINT_VERSION:
        raise ValueError(f"{path}: not a checkpoint of version {CHECKPOINT_VERSION}")
    with intact(path):
        return _restore(path, state, run, meta, arrays)


def _restore(path: Path, state: State, run: dict[str, Any], meta: dict[str, Any], arrays: Arrays) -> Best | None:
    for part, name in (("config", "other arguments"), ("data", "other data")):
        if meta["run"][part] != run[part]:
            raise ValueError(f"{path}: was written with {name}, remove it or train without resume")
    shapes = state.linear.shape, state.factors.shape
    state.linear, state.factors, state.bias = weights_from_arrays(arrays, shapes)
    for name, optimizer in state.optimizers.items():
        moments = arrays[f"moments/{name}"]
        if moments.shape != optimizer.moments.shape or moments.dtype != float32:
            raise ValueError(f"moments of shape {moments.shape} do not fit {optimizer.moments.shape}")
        optimizer.moments = moments
    state.step, state.epoch, state.history = meta["step"], meta["epoch"], meta["history"]
    if meta["best"] is None:
        return None
    weights = weights_from_arrays(without_prefix("best", arrays), shapes)
    return Best(meta["best"]["figure"], meta["best"]["epoch"], *weights)
