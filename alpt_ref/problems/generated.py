"""Logistic problems made from counters: a function of sizes and seed."""

from dataclasses import replace

import numpy as np
from numpy import float64
from scipy.special import expit

from alpt_ref.problems.logistic import LogisticProblem, from_dataset
from alpt_ref.rng import Stream, normals, uniforms


def gaussian_logistic(n: int, d: int, *, l2: float = 1e-2, scale: float = 2.0, seed: int = 0) -> LogisticProblem:
    """Standard normal x, clicks with probability sigmoid(<v, x>), v normal of norm about ``scale``."""
    X = normals(n * d, seed=seed, step=0, stream=Stream.DATA).astype(float64).reshape(n, d)
    v = normals(d, seed=seed, step=1, stream=Stream.DATA).astype(float64) * (scale / np.sqrt(d))
    clicks = uniforms(n, seed=seed, step=2, stream=Stream.DATA) < expit(X @ v)
    return from_dataset(X, clicks, l2, f"gaussian-{n}x{d}")


def one_hot_logistic(
    n: int, n_fields: int, n_values: int, *, click_rate: float = 0.1, l2: float = 1e-2, seed: int = 0
) -> LogisticProblem:
    """The data of :func:`alpt_ref.data.make_ctr` with a teacher that is a logistic regression, without an intercept."""
    from alpt_ref.data import make_ctr

    dataset, _ = make_ctr(n, n_fields, n_values, click_rate=click_rate, k=0, linear_scale=1.0, seed=seed)
    return replace(from_dataset(dataset.X, dataset.y, l2), name=f"one-hot-{n}x{dataset.X.shape[1]}")
