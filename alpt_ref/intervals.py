"""Confidence intervals over replicas, and the slope of a log-log line."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student_t


class Estimate(NamedTuple):
    """A mean and the half width of its interval; None where there is a single, deterministic value."""

    mean: float
    half: float | None


def student(samples: ArrayLike, confidence: float, family: int = 1) -> Estimate:
    """Mean of independent replicas with Student's interval; ``family`` intervals hold at once with ``confidence`` (Bonferroni).

    Exact for normal samples; for the skewed, non-negative gaps measured here an approximation that 16 replicas make good.
    """
    x = np.asarray(samples, np.float64)
    if x.size == 1:
        return Estimate(float(x[0]), None)
    quantile = student_t.ppf(1.0 - (1.0 - confidence) / (2.0 * family), x.size - 1)
    return Estimate(float(x.mean()), float(quantile * x.std(ddof=1) / math.sqrt(x.size)))


def loglog_slope(x: ArrayLike, y: ArrayLike, confidence: float) -> Estimate:
    """Least-squares slope of log y against log x, with Student's interval from the residuals (n - 2 degrees of freedom)."""
    a, b = np.log(np.asarray(x, np.float64)), np.log(np.asarray(y, np.float64))
    centred = a - a.mean()
    spread = float(centred @ centred)
    slope = float(centred @ b) / spread
    residual = b - b.mean() - slope * centred
    error = math.sqrt(float(residual @ residual) / (a.size - 2) / spread)
    return Estimate(slope, float(student_t.ppf(0.5 + confidence / 2.0, a.size - 2)) * error)
