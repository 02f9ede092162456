"""The loop over epochs: validation, best epoch, early stopping, checkpoints."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows
from alpt_ref.grid import Grid
from alpt_ref.metrics import evaluate
from alpt_ref.tools.files import Arrays, checksum, intact, read_npz, with_prefix, without_prefix, write_npz
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.epochs import Stepper
from alpt_ref.training.state import State, initial_state
from alpt_ref.training.step import TrainingDivergedError, score
from alpt_ref.training.table import Table, table_from_arrays

CHECKPOINT_VERSION = 1
SCORE_BLOCK = 2**16  # examples scored at a time: their factor sums are scratch
Labelled = tuple[Rows, NDArray[float32]]


@dataclass
class Best:
    """The weights of the best epoch so far, and the figure they reached (AUC, or -log-loss where there is no AUC)."""

    figure: float
    epoch: int
    linear: Table
    factors: Table
    bias: float32


def figure_of_merit(metrics: dict[str, float | None]) -> float:
    """What picks the best epoch."""
    auc = metrics["auc"]
    return auc if auc is not None else -(metrics["logloss"] or 0.0)


def logits(state: State, rows: Rows, n_threads: int) -> NDArray[float32]:
    """Logits of all examples; ValueError where finite inputs and weights give one that is not."""
    n = rows.indptr.size - 1
    z = np.empty(n, float32)
    for a in range(0, n, SCORE_BLOCK):
        b = min(n, a + SCORE_BLOCK)
        z[a:b] = score((state.linear, state.factors), state.bias, rows, np.arange(a, b), n_threads)[0]
    finite = np.isfinite(z)
    if not finite.all():
        raise ValueError(f"the logit of example {int(np.argmin(finite))} is not finite: its values are too large")
    return z


def fit(
    config: Config,
    train: Labelled,
    n_features: int,
    valid: Labelled | None = None,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[State, int]:
    """Train; returns the final state and the epoch whose weights it holds.

    With ``valid`` these are the weights of the epoch with the highest validation AUC (the earliest of equals), and
    training stops after ``config.patience`` epochs without a better one. ``checkpoint`` is rewritten after every epoch;
    ``resume`` goes on from it when it exists, and ends with the bits of an uninterrupted run. Raises TrainingDivergedError.
    """
    state, best = initial_state(config, n_features), None
    run = {} if checkpoint is None else fingerprint(config, train, valid, n_features)
    if resume and checkpoint is not None and checkpoint.exists():
        best = restore(checkpoint, state, run)
    stepper = Stepper(config, *train, n_features)
    while state.epoch < config.epochs and not _stale(config, state, best):
        began = time.perf_counter()
        stepper.run_epoch(state)
        record: dict[str, Any] = {"epoch": state.epoch, "seconds": time.perf_counter() - began}
        if valid is not None:
            record["valid"] = evaluate(valid[1], _valid_logits(state, valid[0], config.n_threads))
            figure = figure_of_merit(record["valid"])
            if best is None or figure > best.figure:
                best = Best(figure, state.epoch, state.linear.copy(), state.factors.copy(), state.bias)
        state.history.append(record)
        if checkpoint is not None:
            save_checkpoint(checkpoint, state, best, run)
        if on_epoch is not None:
            on_epoch(record)
    if best is None:
        return state, state.epoch
    state.linear, state.factors, state.bias = best.linear, best.factors, best.bias
    return state, best.epoch


def _valid_logits(state: State, rows: Rows, n_threads: int) -> NDArray[float32]:
    try:
        return logits(state, rows, n_threads)
    except ValueError as error:
        raise TrainingDivergedError(f"training diverged in epoch {state.epoch}: in validation {error}") from None


def _stale(config: Config, state: State, best: Best | None) -> bool:
    return config.patience is not None and best is not None and state.epoch - best.epoch >= config.patience


def fingerprint(config: Config, train: Labelled, valid: Labelled | None, n_features: int) -> dict[str, Any]:
    """What a checkpoint must agree with: everything but the number of epochs, patience and threads, and the data."""
    settings = {name: value for name, value in asdict(config).items() if name not in ("epochs", "patience", "n_threads")}
    settings["delta"] = None
    settings["step"] = None
    if config.precision != "fp32":
        given = [config.delta_of(part) for part in PARTS]
        settings["delta"] = [None if delta is None else checksum([Grid(config.bits, delta).delta]) for delta in given]
        settings["step"] = [config.steps_of(part) for part in PARTS]
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
    arrays: Arrays = {"bias": np.asarray(state.bias)}
    arrays |= with_prefix("linear", state.linear.to_arrays()) | with_prefix("factors", state.factors.to_arrays())
    arrays |= {f"moments/{name}": optimizer.moments for name, optimizer in state.optimizers.items()}
    if best is not None:
        arrays |= with_prefix("best/linear", best.linear.to_arrays()) | with_prefix("best/factors", best.factors.to_arrays())
        arrays["best/bias"] = np.asarray(best.bias)
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
    state.linear = table_from_arrays(without_prefix("linear", arrays), shapes[0])
    state.factors = table_from_arrays(without_prefix("factors", arrays), shapes[1])
    state.bias = float32(arrays["bias"])
    for name, optimizer in state.optimizers.items():
        moments = arrays[f"moments/{name}"]
        if moments.shape != optimizer.moments.shape or moments.dtype != float32:
            raise ValueError(f"moments of shape {moments.shape} do not fit {optimizer.moments.shape}")
        optimizer.moments = moments
    state.step, state.epoch, state.history = meta["step"], meta["epoch"], meta["history"]
    if meta["best"] is None:
        return None
    tables = [
        table_from_arrays(without_prefix(f"best/{n}", arrays), s) for n, s in zip(("linear", "factors"), shapes, strict=True)
    ]
    return Best(meta["best"]["figure"], meta["best"]["epoch"], tables[0], tables[1], float32(arrays["best/bias"]))
