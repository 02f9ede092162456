"""Generated click-through data: skewed one-hot fields, and clicks of a factorization machine that is known.

They stand in where there is no file to read. Every number is a function of the seed and of its own position, so the first rows
of a longer data set have the same features. Only the bias, which meets the click rate on all rows, moves with the length.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from alpt_ref.data.dataset import Dataset, FloatCsr, one_hot
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import check_integer, check_number

# Steps of the counter, one for each thing drawn. Field f takes two: _VALUES + 2 f and the next.
_LINEAR, _FACTORS, _CLICKS, _VALUES = range(4)


@dataclass(frozen=True)
class Teacher:
    """The factorization machine, over d features with k factors each, by which the generated rows were clicked.

    bias : float; linear, the weight of each feature : float32 (d,); factors : float32 (d, k).
    """

    bias: float
    linear: NDArray[np.float32]
    factors: NDArray[np.float32]

    __repr__ = brief_repr

    def probability(self, X: FloatCsr) -> NDArray[np.float64]:
        """The click probability P(y = 1 | x) of each row of ``X``, float64 (n,). It is expit(b + <w, x> + sum over pairs i < j
        of <v_i, v_j> x_i x_j), with b the bias, w the linear weights, v_i the factors."""
        return expit(self.bias + _score(X, self.linear, self.factors))


def make_ctr(
    n_rows: int = 20_000,
    n_fields: int = 10,
    n_values: int = 1_000,
    *,
    click_rate: float = 0.2,
    k: int = 4,
    zipf: float = 1.0,
    linear_scale: float = 0.5,
    factor_scale: float = 0.3,
    seed: int = 0,
) -> tuple[Dataset, Teacher]:
    """The generated click-through data, ``n_rows`` rows of ``n_fields`` one-hot fields, and the teacher that clicked.

    n_rows, n_fields >= 1; n_values >= 2 is the size of the first field, and sizes fall geometrically from there to 2.
    zipf : the value of rank r has probability proportional to r^-zipf.
    click_rate : the mean click probability of the rows, in (0, 1); the teacher's bias meets it to 1e-9.
    k : number of factors, >= 0. linear_scale, factor_scale : standard deviations of the teacher's normal weights and factors.

    Clicks are Bernoulli draws, from uniforms of 24 bits (bias below 2^-24). The same arguments give the same data on any
    machine, up to the last bit of exp, log and cos (and of pow, unless zipf is 1), which flips a click with probability of
    about 1e-8.

    Raises ValueError, naming the argument, for a value outside of these domains.
    """
    # Imported here because it imports Numba, which the readers do without.
    from alpt_ref.rng import Stream, normals, uniforms

    for name, size, least in (("n_rows", n_rows, 1), ("n_fields", n_fields, 1), ("n_values", n_values, 2), ("k", k, 0)):
        check_integer(name, size, least)
    for name, value in (("zipf", zipf), ("linear_scale", linear_scale), ("factor_scale", factor_scale)):
        check_number(name, value, positive=False)
    check_number("click_rate", click_rate, positive=True)
    if not click_rate < 1.0:
        raise ValueError(f"click_rate must be between 0 and 1, got {click_rate}")

    sizes = np.rint(np.geomspace(n_values, 2, n_fields)).astype(np.int64)
    offsets = np.cumsum(sizes) - sizes
    n_features = int(sizes.sum())
    indices = np.empty((n_rows, n_fields), np.int32)
    for f in range(n_fields):
        # 24 bits are too coarse for the tail of a large field; two draws make 48, exactly, in float64.
        high, low = (
            uniforms(n_rows, seed=seed, step=_VALUES + 2 * f + half, stream=Stream.DATA).astype(np.float64) for half in (0, 1)
        )
        indices[:, f] = offsets[f] + _zipf_rank(high + low * 2.0**-24, int(sizes[f]), zipf)
    X = one_hot(indices, n_features)

    linear = normals(n_features, seed=seed, step=_LINEAR, stream=Stream.DATA) * np.float32(linear_scale)
    factors = normals(n_features * k, seed=seed, step=_FACTORS, stream=Stream.DATA) * np.float32(factor_scale)
    factors = factors.reshape(n_features, k)
    teacher = Teacher(_bias(_score(X, linear, factors), click_rate), linear, factors)
    clicks = uniforms(n_rows, seed=seed, step=_CLICKS, stream=Stream.DATA) < teacher.probability(X)
    return Dataset(X, clicks.astype(np.float32), n_skipped=0, n_unseen=0), teacher


def _zipf_rank(u: NDArray[np.float64], size: int, exponent: float) -> NDArray[np.int64]:
    """The rank, from 0, whose interval of the cumulated probabilities holds u in [0, 1)."""
    cumulated = np.cumsum(1.0 / np.arange(1.0, size + 1.0) ** exponent)
    return np.searchsorted(cumulated / cumulated[-1], u, side="right")


def _score(X: FloatCsr, linear: NDArray[np.float32], factors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The teacher's logits without its bias, float64 (n,); pairs add up to half of (sum v x)^2 - sum (v x)^2."""
    X64, V = X.astype(np.float64), factors.astype(np.float64)
    first = np.asarray(X64 @ linear.astype(np.float64))
    pairs = np.asarray(X64 @ V) ** 2 - np.asarray(X64.multiply(X64) @ V**2)
    score: NDArray[np.float64] = first + 0.5 * pairs.sum(axis=1)
    return score


def _bias(scores: NDArray[np.float64], click_rate: float) -> float:
    """The b at which the mean of expit(b + scores) is ``click_rate``, by bisection. The mean grows with b. At ``low`` no term
    exceeds ``click_rate`` and at ``high`` none falls short of it, so the root lies between them."""
    low = float(logit(click_rate) - scores.max())
    high = float(logit(click_rate) - scores.min())
    for _ in range(64):
        middle = 0.5 * (low + high)
        if expit(middle + scores).mean() < click_rate:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
