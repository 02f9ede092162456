"""AUC, log-loss and calibration of predictions, in float64."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from alpt_ref.scalars.logistic import log_losses


def auc(y: ArrayLike, scores: ArrayLike) -> float | None:
    """P(score of a positive > score of a negative) + P(tie) / 2; None where one class is absent. y in {0, 1}."""
    positive = np.asarray(y) == 1
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        return None
    ranks = rankdata(np.asarray(scores, dtype=np.float64))
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def log_loss(y: ArrayLike, logits: ArrayLike) -> float:
    """Mean of log(1 + e^z) - y z (natural logarithm) over the examples."""
    return float(np.mean(log_losses(logits, y)))


def calibration(y: ArrayLike, probabilities: ArrayLike) -> float | None:
    """Mean prediction over mean label; None where no label is 1."""
    mean_label = float(np.mean(np.asarray(y, dtype=np.float64)))
    return float(np.mean(np.asarray(probabilities, dtype=np.float64))) / mean_label if mean_label > 0 else None


def calibration_by_feature(X: Any, probabilities: ArrayLike, truth: ArrayLike) -> float | None:
    """sum_j |P_j - C_j| / sum_j C_j, P_j and C_j the sums of predictions and of labels (or true probabilities) over the
    examples that have feature j. 0 is right, and an intercept cannot repair it; X counts as present or absent. None without
    clicks."""
    some = (X != 0).astype(np.float64)
    clicks = some.T @ np.asarray(truth, dtype=np.float64)
    error = np.abs(some.T @ np.asarray(probabilities, dtype=np.float64) - clicks).sum()
    return float(error / clicks.sum()) if clicks.sum() > 0 else None


def probabilities(logits: ArrayLike) -> NDArray[np.float64]:
    """sigmoid(z), without overflow at any z."""
    p: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -np.asarray(logits, dtype=np.float64)))
    return p


def evaluate(y: ArrayLike, logits: ArrayLike) -> dict[str, float | None]:
    """{"auc", "logloss", "calibration"} of ``logits``."""
    z = np.asarray(logits, dtype=np.float64)
    return {"auc": auc(y, z), "logloss": log_loss(y, z), "calibration": calibration(y, probabilities(z))}
