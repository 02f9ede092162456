"""Predicted over true click rates of logistic regression estimators on one-hot data: SGD and Adam, batch sizes, rounding rules.

Calibration is the mean prediction over the mean label (over the mean click probability where it is known); by feature:
``metrics.calibration_by_feature``.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.data import Source, fit_read, make_ctr, read
from alpt_ref.metrics import calibration_by_feature
from alpt_ref.models import LogisticRegression
from alpt_ref.studies.calibration.exact import DR, SR
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.click_data import fingerprint
from alpt_ref.studies.store import ArraysOf
from alpt_ref.tools.files import Arrays, Record
from alpt_ref.training.forward import TrainingDivergedError
from alpt_ref.walks.rule import bits_of

Vector = NDArray[float64]


class Line(NamedTuple):
    """One way to fit, of which the table has a line. intercept : float32, not quantized. batch : examples of a step."""

    intercept: bool
    optimizer: str
    lr: float
    batch: int


@dataclass(frozen=True)
class ModelSettings:
    """Estimators. A fit takes ``epochs``, and as many more as ``min_steps`` steps need; l2 = 0, constant learning rates.

    lrs : by optimizer; with an intercept (float32, not quantized) only the last of each. bits : the box is [-4, 4).
    real_rows : rows kept of a file, evenly spaced.
    """

    n_rows: int = 8_000
    n_fields: int = 6
    n_values: int = 100
    click_rate: float = 0.05
    bits: int = 8
    rules: tuple[str, ...] = ("fp32", DR, SR, "stochastic(4)")
    lrs: tuple[tuple[str, tuple[float, ...]], ...] = (("sgd", (0.1, 1.0)), ("adam", (0.003, 0.03)))
    batches: tuple[int, ...] = (1, 16, 256, 4096)
    epochs: int = 2
    min_steps: int = 300
    seeds: int = 3
    real_rows: int = 50_000

    @property
    def lines(self) -> list[Line]:
        """All lines of the table, in order."""
        return [
            Line(intercept, optimizer, lr, batch)
            for intercept in (False, True)
            for optimizer, lrs in self.lrs
            for lr in (lrs[-1:] if intercept else lrs)
            for batch in self.batches
        ]


@dataclass(frozen=True, eq=False)
class ClicksAndTruth:
    """X, y of training; X of held-out rows, and their click probabilities (or labels), which predictions are held against."""

    name: str
    X: Any
    y: Any
    X_test: Any
    truth: Vector

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits of all of it."""
        return fingerprint(((self.X, self.y), (self.X_test, self.truth)))


def generated(s: ModelSettings, seed: int) -> ClicksAndTruth:
    """Clicks of a logistic regression on one-hot fields, and as many rows held out, of known click probability."""
    n = s.n_rows
    data, teacher = make_ctr(2 * n, s.n_fields, s.n_values, click_rate=s.click_rate, k=0, linear_scale=1.0, seed=seed)
    return ClicksAndTruth("generated", data.X[:n], data.y[:n], data.X[n:], teacher.probability(data.X[n:]))


def from_files(data: Path, test: Path | None, kind: str, rows: int) -> ClicksAndTruth:
    """A file of train and one of test in the format ``kind``; without the latter every fifth row of the former is held out."""
    train, feature_map = fit_read(data, Source(kind))
    if test is not None:
        held_out = read(test, feature_map)
        parts = ((train.X, train.y), (held_out.X, held_out.y))
    else:
        held = np.arange(train.y.size) % 5 == 4
        parts = ((train.X[~held], train.y[~held]), (train.X[held], train.y[held]))
    (X, y), (X_test, truth) = (_thinned(*part, rows) for part in parts)
    if not 0.0 < truth.mean() < 1.0 or not 0.0 < y.mean() < 1.0:
        raise ValueError(f"{data}: calibration needs clicks and non-clicks in both parts")
    return ClicksAndTruth(data.name.split(".")[0], X, y, X_test, truth.astype(float64))


def _thinned(X: Any, y: Any, rows: int) -> tuple[Any, Any]:
    keep = np.unique(np.linspace(0, y.size - 1, min(rows, y.size)).astype(np.int64))
    return X[keep], y[keep]


def cell_of(data: ClicksAndTruth, s: ModelSettings, line: Line, rule: str, seed: int) -> Cell:
    """The cell of a fit: float64 (2,): calibration and its error by feature; NaN where training diverged."""
    epochs = max(s.epochs, -(-s.min_steps // -(-data.y.size // line.batch)))
    arguments: Record = {"fit_intercept": line.intercept, "optimizer": line.optimizer, "lr": line.lr, "batch_size": line.batch}
    arguments |= {"epochs": epochs, "seed": seed, "update": "touched"}
    if rule != "fp32":
        arguments |= {"precision": "lpt", "bits": s.bits, "rounding": rule.split("(")[0]}
    if (k := bits_of(rule)) is not None:
        arguments["random_bits"] = k
    spec = RunSpec("calibration-fit", {"name": data.name, "data": data.fingerprint, **arguments})
    return Cell(spec, _fit, (arguments,), (data,))


def _fit(data: ClicksAndTruth, arguments: Record) -> Arrays:
    try:
        model = LogisticRegression(**arguments).fit(data.X, data.y)
    except TrainingDivergedError:
        return {"calibration": np.full(2, np.nan)}
    predicted = model.predict_proba(data.X_test)[:, 1]
    ratio = predicted.mean() / data.truth.mean()
    return {"calibration": np.array([ratio, calibration_by_feature(data.X_test, predicted, data.truth)], float64)}


def cells(data: ClicksAndTruth, s: ModelSettings) -> list[Cell]:
    """The cells of a table: line by line, rule by rule, seed by seed."""
    return [cell_of(data, s, line, rule, seed) for line in s.lines for rule in s.rules for seed in range(s.seeds)]


def fits(found: ArraysOf, data: ClicksAndTruth, s: ModelSettings) -> Record:
    """A line for each (intercept, optimizer, lr, batch), with the means over seeds of every rule."""
    each = [found(cell)["calibration"] for cell in cells(data, s)]
    values = np.array(each).reshape(len(s.lines), len(s.rules), s.seeds, 2)
    rows = []
    for line, of_rules in zip(s.lines, values, strict=True):
        rules = {}
        for rule, pair in zip(s.rules, of_rules, strict=True):
            seen = np.isfinite(pair).all()
            ends = {"low": float(pair[:, 0].min()), "high": float(pair[:, 0].max())} if seen else {}
            rules[rule] = {"ratio": float(pair[:, 0].mean()), "feature": float(pair[:, 1].mean()), **ends} if seen else None
        rows.append(line._asdict() | {"rules": rules})
    sizes = [int(data.y.size), int(data.truth.size), int(data.X.shape[1])]
    rate = {"label": float(data.y.mean()), "truth": float(data.truth.mean())}
    return {"data": data.name, "sizes": sizes, "seeds": s.seeds, **rate, "lines": rows}
