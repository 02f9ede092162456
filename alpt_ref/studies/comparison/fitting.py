"""One fit on click data, and everything it is measured by."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.compress import compressed
from alpt_ref.metrics import calibration_by_feature, evaluate, probabilities
from alpt_ref.models import FactorizationMachine, LogisticRegression
from alpt_ref.studies.click_data import ClickData
from alpt_ref.tools.files import Arrays
from alpt_ref.training.config import PARTS
from alpt_ref.training.forward import TrainingDivergedError
from alpt_ref.training.table import dead_rows, step_sizes

FIGURES = ("auc", "logloss", "calibration", "by_feature")
BYTES = ("codes", "steps", "optimizer", "factor_codes", "factor_steps", "inference")
SPEED = ("seconds", "examples_per_s", "best_epoch")
Finish = Callable[[FactorizationMachine], FactorizationMachine]


def estimator_of(arguments: dict[str, Any]) -> FactorizationMachine:
    """The model of ``arguments``; k = 0: logistic regression."""
    if arguments["k"]:
        return FactorizationMachine(**arguments)
    return LogisticRegression(**{name: value for name, value in arguments.items() if name not in ("k", "quantize")})


def fit_and_measure(data: ClickData, arguments: dict[str, Any], finish: Finish = lambda estimator: estimator) -> Arrays:
    """Train the model of ``arguments``, let ``finish`` change it, and measure what comes out.

    valid, test : float64 of FIGURES, NaN where training diverged. bytes : of BYTES, alive in training, and at last those of the
    model to deploy. speed : of SPEED. deltas : smallest, median and largest step size of both tables, float64 (2, 3), NaN where
    there is none. dead : rows of both tables that count as zero, int64 (2,), see :func:`dead_rows`.
    """
    estimator = estimator_of(arguments)
    began = time.perf_counter()
    try:
        estimator.fit(*data.train, eval_set=data.valid)
    except TrainingDivergedError:
        nothing = np.full(len(FIGURES), np.nan)
        blank = {"bytes": np.zeros(len(BYTES)), "speed": np.full(len(SPEED), np.nan), "deltas": np.full((2, 3), np.nan)}
        return {"valid": nothing, "test": nothing, "dead": np.zeros(2, int), **blank}
    seconds = time.perf_counter() - began
    held = _bytes(estimator)
    estimator = finish(estimator)
    small = estimator if estimator.config().precision == "fp32" else compressed(estimator)
    per_epoch = [record["seconds"] for record in estimator.history_]
    speed = data.train[1].size / float(np.median(per_epoch[1:] or per_epoch))  # the first epoch compiles
    return {
        "valid": _figures(estimator, *data.valid),
        "test": _figures(estimator, *data.test),
        "bytes": np.array([*held, sum(small.state_.nbytes[name] for name in ("codes", "steps"))], float64),
        "speed": np.array([seconds, speed, estimator.best_epoch_], float64),
        "deltas": np.array([_spread(estimator.state_.table(part)) for part in PARTS]),
        "dead": np.array([dead_rows(estimator.state_.table(part)) for part in PARTS]),
    }


def _figures(estimator: FactorizationMachine, X: Any, y: Any) -> NDArray[float64]:
    z = estimator.decision_function(X)
    scores = evaluate(y, z) | {"by_feature": calibration_by_feature(X, probabilities(z), y)}
    return np.array([np.nan if scores[name] is None else scores[name] for name in FIGURES], float64)


def _bytes(estimator: FactorizationMachine) -> list[int]:
    state = estimator.state_
    whole, factors = state.nbytes, state.factors.nbytes
    return [*(whole[name] for name in BYTES[:3]), factors["codes"], factors["steps"]]


def _spread(table: Any) -> NDArray[float64]:
    delta = step_sizes(table)
    if delta is None:
        return np.full(3, np.nan)
    spread: NDArray[float64] = np.quantile(delta.astype(float64), (0.0, 0.5, 1.0))
    return spread
