"""Sequential evidence against a probability, and the smallest bias that it detects.

After k ups in n roundings, and under the hypothesis that each went up with probability p, independently,

    K_n(p) = int theta^k (1 - theta)^(n-k) dBeta(1/2, 1/2)(theta) / (p^k (1-p)^(n-k))

is a martingale of mean 1, so P(K_n(p) >= 1/alpha for any n) <= alpha (Ville 1939): looking after every batch costs nothing.

Against an interval of probabilities the smallest K_n(p) over p in it counts; that is the one at the p nearest to k/n. The
roundings may then have different p in the interval. More ups than its upper end foresees are at most as likely as if every p
were that end, and fewer than its lower end foresees likewise. Each of the two may be wrong with probability alpha / 2.

Source: Robbins, *Statistical methods related to the law of the iterated logarithm* (1970), with the mixture of Krichevsky and
Trofimov (1981).
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
SHORTEST = 64  # number of pairs at the farthest lag
FARTHEST = 256  # number of places whose tails are computed


def log_evidence(k: ArrayLike, n: ArrayLike, lo: ArrayLike, hi: ArrayLike) -> Floats:
    """The logarithm of the evidence against probabilities in [lo, hi], after ``k`` ups in ``n`` roundings; float64.

    It is min over p in [lo, hi] of log K_n(p), less log 2 where both ends can be passed. P(it ever reaches log(1/alpha)) <=
    alpha, whatever probabilities in [lo, hi] the roundings have. Arguments broadcast.
    """
    k, n = np.asarray(k, float64), np.asarray(n, float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.clip(np.where(n > 0, k / np.maximum(n, 1.0), lo), lo, hi)
        null = xlogy(k, p) + xlog1py(n - k, -p)
    two_ends = (np.asarray(lo) < hi) & (np.asarray(lo) > 0.0) & (np.asarray(hi) < 1.0)
    out: Floats = betaln(k + 0.5, n - k + 0.5) - betaln(0.5, 0.5) - null - math.log(2.0) * two_ends
    return out


def p_value(log_e: float) -> float:
    """The p-value 1 / e-value, at most 1: P(p_value <= alpha at any look) <= alpha."""
    return float(math.exp(-max(log_e, 0.0)))


class Sensitivity(NamedTuple):
    """The smallest biases, in steps, that ``samples`` roundings find, upwards and downwards; None where there is none."""

    fraction: float
    samples: int
    up: float | None
    down: float | None


def detectable(p: float, slack: float, n: int, alpha: float, power: float = 0.99) -> Sensitivity:
    """The smallest biases b so that p +- b is told from [p - slack, p + slack] after ``n`` samples.

    alpha : level of the test. power : chance of telling them apart; looks before the last only add to it.
    """
    return Sensitivity(p, n, _above(p, slack, n, alpha, power), _above(1.0 - p, slack, n, alpha, power))


def _above(p: float, slack: float, n: int, alpha: float, power: float) -> float | None:
    """The smallest bias upwards, None where none is found with chance ``power``."""
    lo, hi, asked = max(p - slack, 0.0), min(p + slack, 1.0), -math.log(alpha)
    k = _first(lambda k: bool(log_evidence(k, n, lo, hi) >= asked), math.ceil(hi * n), n)
    if k is None or binom.sf(k - 1, n, 1.0) < power:
        return None
    a, b = 0.0, 1.0 - p
    for _ in range(60):
        middle = (a + b) / 2.0
        a, b = (a, middle) if binom.sf(k - 1, n, p + middle) >= power else (middle, b)
    return b


def _first(reached: Callable[[int], bool], a: int, b: int) -> int | None:
    """The first integer in [a, b] at which ``reached``, true from there on, is true; None if there is none."""
    if not reached(b):
        return None
    while a < b:
        middle = (a + b) // 2
        a, b = (a, middle) if reached(middle) else (middle + 1, b)
    return a


class Place(NamedTuple):
    """The place where signs agree least like chance: the p-value of all places together, the place, agreements, pairs."""

    p: float
    at: int
    agreed: int
    pairs: int


def signs(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[float64]:
    """The signs of two calls: 1 where only ``one`` is true, -1 where only ``other`` is, 0 where both or none are.

    Independent bits that are true with one probability, whatever it is, give both signs equally often (von Neumann). So, given
    the places where they are not 0, the signs are fair and independent.
    """
    return one.astype(float64) - other.astype(float64)


def agreement(first: NDArray[float64], second: NDArray[float64] | None = None) -> Place:
    """The Place, among all lags, where signs i of ``first`` and i + lag of ``second`` agree least like chance.

    second : signs of the same number n, independent of the first, compared at lags -(n - SHORTEST) .. n - SHORTEST; or None,
        which compares the first with itself, at lags from 1.

    Given the places where they are not 0, products of fair independent signs at one lag are fair and independent. So the
    agreements among the pairs there are Binomial(pairs, 1/2), exactly.
    """
    n = first.size
    other = first if second is None else second
    farthest = max(n - SHORTEST, 1)
    lags = np.arange(1 if second is None else -farthest, farthest + 1)
    products = np.rint(fftconvolve(first[::-1], other))[lags + n - 1]
    pairs = np.rint(fftconvolve(np.abs(first)[::-1], np.abs(other)))[lags + n - 1]
    return _least_likely(products, pairs, lags)


def mirrored(first: NDArray[float64]) -> Place:
    """The Place, among all middles, where signs i and at - i, i < at - i, agree least like chance. Each pair counts once, so
    that products are independent again, as for :func:`agreement`."""
    present = np.abs(first)
    middle = np.zeros(2 * first.size - 1)
    middle[::2] = present
    products = (np.rint(fftconvolve(first, first)) - middle) / 2.0
    pairs = (np.rint(fftconvolve(present, present)) - middle) / 2.0
    return _least_likely(products, pairs, np.arange(middle.size))


def _least_likely(products: NDArray[float64], pairs: NDArray[float64], places: NDArray[np.int64]) -> Place:
    # The tails of those farthest off are enough, and to leave any out is on the safe side.
    """The Place of the smallest two-sided p-value, given sums of products and numbers of pairs at each of ``places``."""
    far = products**2 / np.maximum(pairs, 1.0)
    these = np.argpartition(far, -min(FARTHEST, far.size))[-FARTHEST:]
    these = these[np.lexsort((these, -far[these]))]
    agreed = np.rint((pairs[these] + products[these]) / 2.0)
    extreme = np.maximum(agreed, pairs[these] - agreed)
    p = np.minimum(1.0, 2.0 * binom.sf(extreme - 1, pairs[these], 0.5))
    i = int(np.argmin(p))
    return Place(min(1.0, float(p[i]) * places.size), int(places[these[i]]), int(agreed[i]), int(pairs[these[i]]))


def identity(bits: NDArray[np.bool_]) -> float:
    """The largest chance, over p, that independent bits of probability p are exactly ``bits``. For n bits of which half are
    true it is 2^-n."""
    n, k = bits.size, int(bits.sum())
    return float(np.exp(xlogy(k, k / n) + xlogy(n - k, (n - k) / n)))
