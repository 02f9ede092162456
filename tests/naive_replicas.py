"""``kernels.cpu.replicas`` in naive NumPy: dense matrices, whole vectors, rounding written out. The oracle of the tests."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.kernels.cpu.replicas import WalkArguments
from alpt_ref.kernels.problems import Examples
from alpt_ref.rng import Stream, uniforms, words

Vector = NDArray[float64]
ROUND: dict[str, Callable[[Vector, Vector], Vector]] = {
    "nearest": lambda s, u: np.rint(s),
    "stochastic": lambda s, u: np.floor(s) + (u < s - np.floor(s)),
    "toward_zero": lambda s, u: np.trunc(s),
    "floor": lambda s, u: np.floor(s),
}


def dense(examples: Examples) -> Vector:
    """X, float64 (n, d), d the largest feature + 1."""
    n = examples.y.size
    X = np.zeros((n, int(examples.indices.max(initial=-1)) + 1))
    for i in range(n):
        row = slice(examples.indptr[i], examples.indptr[i + 1])
        X[i, examples.indices[row]] = examples.values[row]
    return X


def losses(examples: Examples, w: Vector) -> Vector:
    """f_i(w), (n,)."""
    X = dense(examples)
    z = X @ w[: X.shape[1]]
    return np.asarray(np.logaddexp(0.0, z) - examples.y * z + 0.5 * examples.l2 * np.dot(w, w))


def gradients(examples: Examples, w: Vector) -> Vector:
    """grad f_i(w), (n, d)."""
    X = np.pad(dense(examples), ((0, 0), (0, w.size)))[:, : w.size]
    residual = 1.0 / (1.0 + np.exp(-(X @ w))) - examples.y
    return np.asarray(residual[:, None] * X + examples.l2 * w)


def example_at(n: int, replica: int, step: int, seed: int) -> int:
    """floor(64 random bits / 2^64 * n)."""
    high, low = words(2, seed=seed, step=step, stream=Stream.EXAMPLE, offset=2 * replica)
    return ((int(high) << 32) + int(low)) * n >> 64


def walk_replica(
    examples: Examples,
    walk: WalkArguments,
    mode: str,
    rounding: str | None,
    steps: range,
    replica: int,
    codes: Vector,
) -> tuple[NDArray[Any], dict[str, float]]:
    """Codes before the first and after each of ``steps``, (n_steps + 1, d), and {"regret", "last_move", "clipped"}.

    mode : "batch" or "example"; rounding : a rule's name, None for full precision.
    """
    path = [np.array(codes, float64)]
    record = {"regret": 0.0, "last_move": 0, "clipped": 0}
    for t in steps:
        q = path[-1]
        w = walk.delta * q
        f, g = losses(examples, w), gradients(examples, w)
        i = example_at(examples.y.size, replica, t, int(walk.seed))
        record["regret"] += f.mean() - examples.best_mean if mode == "batch" else f[i] - examples.best[i]
        eta = walk.eta / np.sqrt(t + 1) if walk.decays else walk.eta
        s = q - eta * (g.mean(axis=0) if mode == "batch" else g[i]) / walk.delta
        u = uniforms(q.size, seed=int(walk.seed), step=t, stream=Stream.LINEAR, offset=replica * q.size)
        new = s if rounding is None else ROUND[rounding](np.clip(s, walk.lo, walk.hi), u.astype(float64))
        record["clipped"] += int(np.sum((s < walk.lo) | (s > walk.hi)))
        if np.any(new != q):
            record["last_move"] = t + 1
        path.append(new)
    return np.array(path), record
