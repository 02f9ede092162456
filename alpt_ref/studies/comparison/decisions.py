"""Decisions on paired differences over seeds: Student's tests, equivalence (TOST), and Holm's correction of a family.

Exact for differences that are normal and independent, an approximation otherwise. A sample without spread (round-off is none),
or a single one, gives no test: p = 1.
"""

from typing import Literal

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike
from scipy.stats import ttest_1samp

ROUND_OFF = 1e-12  # part of the largest difference; equal ones computed in two ways lie so near to each other


def two_sided(d: ArrayLike) -> float:
    """p-value of mean 0."""
    return _p(d, 0.0, "two-sided")


def equivalence(d: ArrayLike, margin: float) -> float:
    """p-value of |mean| >= margin: the larger of two one-sided tests (Schuirmann 1987); small speaks for equivalence."""
    return max(_p(d, -margin, "greater"), _p(d, margin, "less"))


def beyond(d: ArrayLike, margin: float) -> float:
    """p-value of |mean| <= margin, of the side on which the mean lies; small speaks against equivalence.

    At most one side can be rejected wrongly beyond its level, as the mean is within the margin of both or outside of one.
    """
    return min(1.0, 2.0 * min(_p(d, margin, "greater"), _p(d, -margin, "less")))


def _p(d: ArrayLike, mean: float, alternative: Literal["two-sided", "less", "greater"]) -> float:
    x = np.asarray(d, float64)
    if x.size < 2 or not np.isfinite(x).all() or np.ptp(x) <= ROUND_OFF * np.abs(x).max():
        return 1.0
    return float(ttest_1samp(x, mean, alternative=alternative).pvalue)


def holm(p: ArrayLike) -> list[float]:
    """Adjusted p-values (Holm 1979): rejecting those at most alpha keeps the chance of any false rejection at most alpha."""
    p = np.asarray(p, float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    return [float(value) for value in adjusted]
