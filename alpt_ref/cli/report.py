"""What a run tells: the progress of epochs, the table at the end, and metrics.json."""

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpt_ref import __version__
from alpt_ref.cli.splits import Splits
from alpt_ref.data import Dataset
from alpt_ref.metrics import evaluate
from alpt_ref.models import FactorizationMachine
from alpt_ref.training.config import PARTS, Config

SCHEMA = 2  # of metrics.json, described in docs/metrics.md
FIGURES = ("auc", "logloss", "calibration")
Figures = dict[str, float | None]


@contextmanager
def progress(epochs: int, *, terminal: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """What to call with each epoch's record: it moves a bar on a terminal, else prints a line, on stderr."""
    if not terminal:
        yield lambda record: print(_line(record, epochs), file=sys.stderr)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress("epoch", *columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task("", total=epochs)
        yield lambda record: bars.update(bar, completed=record["epoch"], description=_auc(record))


def _line(record: dict[str, Any], epochs: int) -> str:
    figures = [f"{name} {_shown(record['valid'][name])}" for name in FIGURES] if "valid" in record else []
    return ", ".join([f"epoch {record['epoch']}/{epochs}: {record['seconds']:.3g} s", *figures])


def _auc(record: dict[str, Any]) -> str:
    return f"auc {_shown(record['valid']['auc'])}" if "valid" in record else ""


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
    """The content of metrics.json."""
    config = {name: value for name, value in model.get_params().items() if name != "delta"}
    epochs = [{name: record.get(name) for name in ("epoch", "seconds", "valid")} for record in model.history_]
    seconds = [record["seconds"] for record in model.history_]
    steady = seconds[1:] or seconds  # the first epoch compiles
    data: dict[str, Any] = {"source": dataclasses.asdict(splits.feature_map.source) if splits.files else None}
    for name, dataset in splits.items().items():
        file = str(splits.files[name]) if name in splits.files else None
        data[name] = None if dataset is None else {"file": file, **describe(dataset)}
    return {
        "schema": SCHEMA,
        "version": __version__,
        "model": type(model).__name__,
        "config": config | {"delta": _given_deltas(model.config())},
        "learned_delta": _learned_deltas(model),
        "data": data,
        "epochs": epochs,
        "best_epoch": model.best_epoch_,
        "valid": None if splits.valid is None else measure(model, splits.valid),
        "test": None if splits.test is None else measure(model, splits.test),
        "bytes": model.state_.nbytes,
        "samples_per_s": median(splits.train.X.shape[0] / s for s in steady),
    }


def _given_deltas(config: Config) -> list[float] | None:
    """The step sizes of the two tables where they were given or set by default, None where a rule set them."""
    deltas = [config.delta_of(part) for part in PARTS] if config.precision != "fp32" else [None]
    return None if deltas[0] is None else [float(np.float32(delta)) for delta in deltas]


def _learned_deltas(model: FactorizationMachine) -> dict[str, list[float] | None] | None:
    """Smallest, median and largest learned step size of each table; None of a table without columns."""
    if not model.config().learns_steps:
        return None
    tables = {part: model.state_.table(part) for part in PARTS}
    return {part: _spread(table.view().deltas) if table.shape[1] else None for part, table in tables.items()}


def _spread(values: NDArray[np.float32]) -> list[float]:
    """Smallest, median, largest."""
    return [float(figure(values)) for figure in (np.min, np.median, np.max)]


def run_table(content: dict[str, Any]) -> str:
    """The table printed after training."""
    figures = {name: content[name] for name in ("valid", "test") if content[name] is not None}
    lines = [figure_table(figures)] if figures else []
    lines += [
        row("best epoch", f"{content['best_epoch']} of {len(content['epochs'])}"),
        row("samples/s", f"{content['samples_per_s']:,.0f}"),
        row("bytes", ", ".join(f"{name} {n:,}" for name, n in content["bytes"].items())),
    ]
    if content["learned_delta"] is not None:
        spreads = {part: spread for part, spread in content["learned_delta"].items() if spread is not None}
        lines.append(row("step sizes", ", ".join(f"{part} {_range(*spread)}" for part, spread in spreads.items())))
    read = {name: part for name, part in content["data"].items() if name != "source" and part is not None}
    for count, label in (("n_skipped", "lines skipped"), ("n_unseen", "rare, unseen")):
        if any(part[count] for part in read.values()):
            lines.append(row(label, ", ".join(f"{name} {part[count]:,}" for name, part in read.items())))
    return "\n".join(lines)


def _range(*spread: float) -> str:
    smallest, middle, largest = (f"{value:.3g}" for value in spread)
    return smallest if smallest == largest else f"{smallest} to {largest} (median {middle})"


def figure_table(columns: Mapping[str, Figures]) -> str:
    """One row per figure, one column per data set."""
    rows = [row("", " ".join(f"{name:>9}" for name in columns))]
    rows += [row(name, " ".join(f"{_shown(c[name]):>9}" for c in columns.values())) for name in FIGURES]
    return "\n".join(rows)


def row(label: str, text: str) -> str:
    """A line of a table."""
    return f"{label:<14}{text}"


def _shown(figure: float | None) -> str:
    return "undefined" if figure is None else f"{figure:.6f}"
