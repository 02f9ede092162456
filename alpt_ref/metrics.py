"""Measures of predictions, in float64: AUC, log-loss and calibration."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alpt_ref.scalars.logistic import log_losses
from alpt_ref.tools.checks import as_labels, check_unmasked
from alpt_ref.tools.sparse import canonical


def auc(y: ArrayLike, scores: ArrayLike) -> float | None:
    """The area under the ROC curve: P(score of a positive > score of a negative) + P(tie) / 2.

    y : (n,) in {0, 1} or {-1, 1}; scores : (n,), in any increasing scale, infinite ones too. None where one class is absent;
    NaN where a score is. Exact up to float64 rounding. Raises ValueError for other labels, and where shapes differ.
    """
    labels, values = _pairs(y, scores)
    positive = labels == 1
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        return None
    if np.isnan(values).any():
        return math.nan
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]  # of equal scores, their mean
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def log_loss(y: ArrayLike, logits: ArrayLike) -> float:
    """The mean of log(1 + e^z) - y z (natural logarithm) over the examples; y in {0, 1} or {-1, 1}, logits z, both (n,).

    An infinite z costs nothing where it is right, and makes the mean infinite where it is wrong. Raises as :func:`auc` does.
    """
    labels, z = _pairs(y, logits)
    with np.errstate(all="ignore"):
        losses = log_losses(z, labels)
        sure = np.isinf(z)  # infinity less infinity, above
        losses[sure] = np.where((z[sure] > 0) == (labels[sure] == 1), 0.0, math.inf)
        return float(np.mean(losses))


def calibration(y: ArrayLike, probabilities: ArrayLike) -> float | None:
    """The mean prediction divided by the mean label, 1 if they agree; None where no label is 1. Raises as :func:`auc` does,
    and where a prediction is outside of [0, 1]."""
    p = _in_unit("probabilities", probabilities)
    labels, _ = _pairs(y, p)
    mean_label = float(np.mean(labels))
    with np.errstate(all="ignore"):
        return float(np.mean(p)) / mean_label if mean_label > 0 else None


def _pairs(y: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Labels in {0, 1} and scores, float64 (n,) each; ValueError where they are none."""
    check_unmasked("scores", scores)
    values = np.asarray(scores)
    if values.ndim != 1 or values.dtype.kind not in "biuf":
        raise ValueError(f"scores must be a vector of real numbers, got shape {values.shape} and dtype {values.dtype}")
    if not values.size:
        raise ValueError("there are no examples")
    return as_labels(y, values.size)[0].astype(np.float64), values.astype(np.float64)


def _in_unit(name: str, values: ArrayLike, n: int | None = None) -> NDArray[np.float64]:
    """``values`` as float64 (n,), of any length where n is None; ValueError where they are not numbers in [0, 1]."""
    check_unmasked(name, values)
    p = np.asarray(values)
    if p.ndim != 1 or p.dtype.kind not in "biuf" or (n is not None and p.size != n):
        raise ValueError(f"{name} must be {'' if n is None else f'{n} '}numbers, got shape {p.shape} and dtype {p.dtype}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"{name} must lie in [0, 1], as probabilities(logits) do")
    return p.astype(np.float64)


def calibration_by_feature(X: Any, probabilities: ArrayLike, truth: ArrayLike) -> float | None:
    """The calibration error by feature, sum_j |P_j - C_j| / sum_j C_j; None without clicks.

    P_j and C_j are the sums of the predictions and of ``truth`` over the examples that have feature j; truth is labels in
    {0, 1} or true probabilities. X (n, d), sparse, counts as present or absent. 0 is right, and an intercept cannot repair an
    error. Raises ValueError where ``probabilities`` or ``truth`` are not n numbers in [0, 1].
    """
    n = np.shape(X)[0] if np.ndim(X) else 0
    p, true = _in_unit("probabilities", probabilities, n), _in_unit("truth", truth, n)
    some = canonical(X, np.float64)
    some.data = (some.data != 0).astype(np.float64)
    clicks = some.T @ true
    error = np.abs(some.T @ p - clicks).sum()
    return float(error / clicks.sum()) if clicks.sum() > 0 else None


def probabilities(logits: ArrayLike) -> NDArray[np.float64]:
    """The predicted probabilities sigmoid(z), float64, of logits z of any shape; without overflow at any z."""
    with np.errstate(all="ignore"):
        p: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -np.asarray(logits, dtype=np.float64)))
    return p


def evaluate(y: ArrayLike, logits: ArrayLike) -> dict[str, float | None]:
    """The figures {"auc", "logloss", "calibration"} of ``logits`` for labels ``y``, both (n,); None and errors as
    theirs."""
    _, z = _pairs(y, logits)
    return {"auc": auc(y, z), "logloss": log_loss(y, z), "calibration": calibration(y, probabilities(z))}
