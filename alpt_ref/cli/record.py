"""The content of metrics.json: the figures of a trained model, the data it saw, and how it was trained."""

import dataclasses
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpt_ref import __version__
from alpt_ref.cli.parsing import naming
from alpt_ref.cli.splits import Splits
from alpt_ref.data import Dataset
from alpt_ref.data.split import PARTS as SPLIT
from alpt_ref.metrics import evaluate
from alpt_ref.models import FactorizationMachine
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.table import dead_rows, step_sizes

SCHEMA = 4  # of metrics.json, described in docs/metrics.md
TICK = 1e-9  # seconds: a clock may show none
Figures = dict[str, float | None]


def measure(model: FactorizationMachine, dataset: Dataset) -> Figures:
    """AUC, log-loss and calibration of ``model`` on ``dataset``."""
    return evaluate(dataset.y, model.decision_function(dataset.X))


def describe(dataset: Dataset) -> dict[str, int]:
    """Counts of a data set, as metrics.json holds them."""
    return {
        "rows": int(dataset.X.shape[0]),
        "positives": int(dataset.y.sum()),
        "features": int(dataset.X.shape[1]),
        "n_skipped": dataset.n_skipped,
        "n_unseen": dataset.n_unseen,
    }


def metrics(model: FactorizationMachine, splits: Splits) -> dict[str, Any]:
    """The content of metrics.json, JSON values."""
    config = {name: value for name, value in model.get_params().items() if name != "delta"}
    epochs = [{name: record.get(name) for name in ("epoch", "seconds", "valid")} for record in model.history_]
    seconds = [record["seconds"] for record in model.history_]
    steady = seconds[1:] or seconds  # the first epoch compiles
    data: dict[str, Any] = {"source": None if splits.source is None else dataclasses.asdict(splits.source)}
    data["split"] = list(SPLIT) if splits.is_split else None
    for name, dataset in splits.items().items():
        file = str(splits.files[name]) if name in splits.files else None
        data[name] = None if dataset is None else {"file": file, **describe(dataset)}
    return {
        "schema": SCHEMA,
        "version": __version__,
        "model": type(model).__name__,
        "config": config | {"delta": _given_deltas(model.config())},
        "learned_delta": _learned_deltas(model),
        "dead_rows": {part: dead_rows(model.state_.table(part)) for part in PARTS},
        "data": data,
        "epochs": epochs,
        "best_epoch": model.best_epoch_,
        "valid": _measured(model, splits, "valid"),
        "test": _measured(model, splits, "test"),
        "bytes": model.state_.nbytes,
        "samples_per_s": median(splits.train.X.shape[0] / max(s, TICK) for s in steady),
    }


def _measured(model: FactorizationMachine, splits: Splits, name: str) -> Figures | None:
    dataset = splits.items()[name]
    with naming(splits.files.get(name, name)):
        return None if dataset is None else measure(model, dataset)


def _given_deltas(config: Config) -> list[float] | None:
    """The step sizes of the quantized tables where they were given or set by default, None where a rule set them."""
    deltas = [config.delta_of(part) for part in PARTS if config.storage_of(part) != "floats"] or [None]
    return None if deltas[0] is None else [float(np.float32(delta)) for delta in deltas]


def _learned_deltas(model: FactorizationMachine) -> dict[str, list[float] | None] | None:
    """Smallest, median and largest learned step size of each table; None of a table without columns, or of floats."""
    if not model.config().learns_steps:
        return None
    deltas = {part: step_sizes(model.state_.table(part)) for part in PARTS}
    return {part: None if delta is None else _spread(delta) for part, delta in deltas.items()}


def _spread(values: NDArray[np.float32]) -> list[float]:
    """Smallest, median and largest of the values."""
    return [float(figure(values)) for figure in (np.min, np.median, np.max)]
