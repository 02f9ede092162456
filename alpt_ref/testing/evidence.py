"""Sequential evidence against a probability, and the smallest bias that it detects.

After k ups in n roundings, and under the hypothesis that each went up with probability p, independently,

    K_n(p) = int theta^k (1 - theta)^(n-k) dBeta(1/2, 1/2)(theta) / (p^k (1-p)^(n-k))

is a martingale of mean 1, so P(K_n(p) >= 1/alpha for any n) <= alpha (Ville 1939): looking after every batch costs nothing.
Against p in an interval its smallest value counts, that at the p nearest to k/n. Source: Robbins, *Statistical methods related
to the law of the iterated logarithm* (1970), with the mixture of Krichevsky and Trofimov (1981).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray
from scipy.signal import fftconvolve
from scipy.special import betaln, xlog1py, xlogy
from scipy.stats import binom

Floats = NDArray[float64]


def log_evidence(k: ArrayLike, n: ArrayLike, lo: ArrayLike, hi: ArrayLike) -> Floats:
    """min over p in [lo, hi] of log K_n(p): log of an e-value, whatever p in there is true. Broadcasts."""
    k, n = np.asarray(k, float64), np.asarray(n, float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.clip(np.where(n > 0, k / np.maximum(n, 1.0), lo), lo, hi)
        null = xlogy(k, p) + xlog1py(n - k, -p)
    out: Floats = betaln(k + 0.5, n - k + 0.5) - betaln(0.5, 0.5) - null
    return out


def p_value(log_e: float) -> float:
    """1 / e-value, at most 1: P(p_value <= alpha at any look) <= alpha."""
    return float(math.exp(-max(log_e, 0.0)))


class Detectable(NamedTuple):
    """The smallest biases found with the chance asked for, upwards and downwards; None where none is."""

    up: float | None
    down: float | None


def detectable(p: float, slack: float, n: int, alpha: float, power: float = 0.99) -> Detectable:
    """Biases b so that p +- b is told from [p - slack, p + slack] at level ``alpha`` with chance ``power`` after ``n`` samples.

    Looks before the last only add to the chance.
    """
    return Detectable(_above(p, slack, n, alpha, power), _above(1.0 - p, slack, n, alpha, power))


def _above(p: float, slack: float, n: int, alpha: float, power: float) -> float | None:
    hi, asked = min(p + slack, 1.0), -math.log(alpha)
    k = _first(lambda k: bool(log_evidence(k, n, 0.0, hi) >= asked), math.ceil(hi * n), n)
    if k is None or binom.sf(k - 1, n, 1.0) < power:
        return None
    a, b = 0.0, 1.0 - p
    for _ in range(60):
        middle = (a + b) / 2.0
        a, b = (a, middle) if binom.sf(k - 1, n, p + middle) >= power else (middle, b)
    return b


def _first(reached: Callable[[int], bool], a: int, b: int) -> int | None:
    """The first integer in [a, b] at which ``reached``, true from there on; None if there is none."""
    if not reached(b):
        return None
    while a < b:
        middle = (a + b) // 2
        a, b = (a, middle) if reached(middle) else (middle + 1, b)
    return a


def agreement(first: NDArray[np.bool_], second: NDArray[np.bool_], *, same: bool) -> tuple[float, int, int, int]:
    """Whether two vectors of n fair bits agree at some lag more or less often than independent ones would.

    Element i of one with element i + lag of the other, |lag| <= n/2 (lag > 0 where they are the ``same`` vector): exclusive
    ors of fair independent bits at one lag are fair and independent, so that agreements are Binomial(n - |lag|, 1/2).
    Returns (p-value of all lags together, the lag, agreements there, pairs there).
    """
    n = first.size
    a, b = np.where(first, 1.0, -1.0), np.where(second, 1.0, -1.0)
    products = np.rint(fftconvolve(a[::-1], b))  # at lag + n - 1
    lags = np.arange(1 if same else -(n // 2), n // 2 + 1)
    pairs = n - np.abs(lags)
    agreed = np.rint((pairs + products[lags + n - 1]) / 2.0)
    extreme = np.maximum(agreed, pairs - agreed)
    p = np.minimum(1.0, 2.0 * binom.sf(extreme - 1, pairs, 0.5))
    i = int(np.argmin(p))
    return min(1.0, float(p[i]) * lags.size), int(lags[i]), int(agreed[i]), int(pairs[i])
