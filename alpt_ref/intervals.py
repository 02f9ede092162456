"""Confidence intervals for means over replicas, and the slope of a log-log line."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student_t

# Bets as parts of what would be lost on the worst sample, and the wealth each starts with. Half goes to the boldest: where
# samples are small, what proves that none is large is their number, and every log of wealth counts.
_BETS = 0.95 * 2.0 ** -np.arange(10.0)
_WEALTH = np.array([0.5] + [0.5 / 9.0] * 9)
_HALVINGS = 52
_SLACK = 1e-9  # more than rounding adds to a log of capital


class Estimate(NamedTuple):
    """A mean and the half width of its interval; the half width is None where there is a single, deterministic value."""

    mean: float
    half: float | None


def student(samples: ArrayLike, confidence: float, family: int = 1) -> Estimate:
    """The mean of independent replicas with the half width of Student's interval.

    ``family`` such intervals hold at once with ``confidence`` (Bonferroni). Exact for normal samples; of skewed ones see
    :func:`skewed`.
    """
    x = np.asarray(samples, np.float64)
    if x.size == 1:
        return Estimate(float(x[0]), None)
    quantile = student_t.ppf(1.0 - (1.0 - confidence) / (2.0 * family), x.size - 1)
    return Estimate(float(x.mean()), float(quantile * x.std(ddof=1) / math.sqrt(x.size)))


def skewed(samples: ArrayLike, confidence: float, family: int = 1) -> tuple[float, float]:
    """The ends of an interval for the mean of independent replicas of a skewed number, such as a gap.

    Student's interval after Hall's transformation of T = sqrt(n) (mean - mu)/s, which takes the skewness c of the n samples out
    of it: g(T) = T + a T^2/3 + a^2 T^3/27 + a/6, a = c/sqrt(n). ``family`` such intervals hold at once with ``confidence``
    (Bonferroni). An approximation: on gaps near a floor 64 at once hold with 92 to 96 % in the place of 95 %, from some 32
    replicas on, where Student's hold with 60 %. It is less where most replicas have not met a rare event yet. Fewer than 3
    samples: :func:`student`; NaN for one.

    Source: Hall, *On the Removal of Skewness by Transformation* (JRSS-B 1992).
    """
    x = np.asarray(samples, float64)
    plain = student(x, confidence, family)
    half = math.nan if plain.half is None else plain.half
    centred = x - x.mean()
    spread = math.sqrt(float((centred**2).mean()))
    if x.size < 3 or spread <= 1e-12 * abs(plain.mean):
        return plain.mean - half, plain.mean + half
    n, error = x.size, float(x.std(ddof=1)) / math.sqrt(x.size)
    skewness = float(((centred / spread) ** 3).mean()) * math.sqrt(n * (n - 1)) / (n - 2)
    a, quantile = skewness / math.sqrt(n), half / error

    def back(y: float) -> float:
        return y if abs(a) < 1e-9 else 3.0 / a * (math.cbrt(1.0 + a * (y - a / 6.0)) - 1.0)

    return plain.mean - error * back(quantile), plain.mean - error * back(-quantile)


def bounded_mean(samples: ArrayLike, low: float, high: float, alpha: float) -> Estimate:
    """The mean of samples in [low, high], with an interval that misses their expectation with probability at most ``alpha``.

    Valid for every number n of samples at once, as they are added one after the other: P(some n has the expectation outside) <=
    alpha. With mu the expectation and X_i the samples, no more is assumed than E[X_i | X_1, ..., X_{i-1}] = mu, so independence
    is enough; the interval does not depend on their order.

    *Proof.* Let x be the samples moved to [0, 1]. With bets b in (0, 1), prod_i (1 + b (x_i/m - 1)) is not negative, starts at
    1 and is a martingale where m = mu; so is the average over the bets, K(m). By Ville's inequality K(mu) ever reaches 2/alpha
    with probability at most alpha/2. Every factor falls in m, so that the m with K(m) < 2/alpha are an interval that ends at 1:
    its lower end is found by bisection, taken outwards. The upper end is the same for 1 - x. []

    The half width of the Estimate is the larger of the two sides. Raises ValueError unless there is a sample and all are in the
    range (to 1e-12 of its width), low < high, and alpha is in (0, 1).

    Source: Waudby-Smith and Ramdas, *Estimating means of bounded random variables by betting* (JRSS-B 2024): hedged capital, c
    = 0.95, with constant bets averaged over a geometric grid in the place of plug-in ones: narrower here, at every n.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be in (0, 1), got {alpha!r}")
    x, unit = _in_range(samples, low, high)
    mean = float(x.mean())
    lower = low + (high - low) * _lower_end(unit, alpha)
    upper = high - (high - low) * _lower_end(1.0 - unit, alpha)
    return Estimate(mean, max(upper - mean, mean - lower))


def bounded_mean_p(samples: ArrayLike, low: float, high: float, mean: float) -> float:
    """The p-value of the hypothesis that samples in [low, high] have the expectation ``mean``, strictly inside.

    Where the hypothesis is true, the p-value is at most alpha, at any number of samples, with probability at most alpha. It
    comes from the capital of :func:`bounded_mean`, under the same assumptions, and raises the same errors.
    """
    if not low < mean < high:
        raise ValueError(f"mean must be inside of ({low!r}, {high!r}), got {mean!r}")
    _, unit = _in_range(samples, low, high)
    m = (mean - low) / (high - low)
    log_capital = max(_log_capital(*_counted(x), at) for x, at in ((unit, m), (1.0 - unit, 1.0 - m)))
    return min(1.0, 2.0 * math.exp(_SLACK - max(log_capital, 0.0)))


def _in_range(samples: ArrayLike, low: float, high: float) -> tuple[NDArray[float64], NDArray[float64]]:
    """The samples as a vector, and moved to [0, 1]. ValueError unless there is one and all are in [low, high]."""
    x = np.ravel(np.asarray(samples, float64))
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"low must be below high, both finite, got {low!r} and {high!r}")
    slack = 1e-12 * (high - low)
    if x.size == 0 or not ((x >= low - slack) & (x <= high + slack)).all():
        raise ValueError(f"samples must be in [{low!r}, {high!r}], and at least one")
    return x, np.clip((x - low) / (high - low), 0.0, 1.0)


def _counted(x: NDArray[float64]) -> tuple[NDArray[float64], NDArray[Any]]:
    values, counts = np.unique(x, return_counts=True)
    return values, counts


def _lower_end(x: NDArray[float64], alpha: float) -> float:
    """The largest m that was found with K(m) >= 2/alpha, 0 if there is none; x in [0, 1]."""
    values, counts = _counted(x)
    asked = math.log(2.0 / alpha) + _SLACK
    ruled_out, kept = 0.0, 1.0
    for _ in range(_HALVINGS):
        m = (ruled_out + kept) / 2.0
        if _log_capital(values, counts, m) >= asked:
            ruled_out = m
        else:
            kept = m
    return ruled_out


def _log_capital(values: NDArray[float64], counts: NDArray[Any], m: float) -> float:
    """The logarithm of K(m) for ``values`` in [0, 1] of which each came ``counts`` times."""
    logs = np.log1p(_BETS[:, None] * (values / m - 1.0)) @ counts
    top = logs.max()
    return float(top + np.log(_WEALTH @ np.exp(logs - top)))


def loglog_slope(x: ArrayLike, y: ArrayLike, confidence: float) -> Estimate:
    """The least-squares slope of log y against log x, with the half width of its interval. The interval is Student's, from the
    residuals of the n points, with n - 2 degrees of freedom; x and y are positive."""
    a, b = np.log(np.asarray(x, np.float64)), np.log(np.asarray(y, np.float64))
    centred = a - a.mean()
    spread = float(centred @ centred)
    slope = float(centred @ b) / spread
    residual = b - b.mean() - slope * centred
    error = math.sqrt(float(residual @ residual) / (a.size - 2) / spread)
    return Estimate(slope, float(student_t.ppf(0.5 + confidence / 2.0, a.size - 2)) * error)
