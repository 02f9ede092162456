"""Small problems in several coordinates, for exact laws on joint grids, and large ones seen as finite."""

import math

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike
from scipy.special import expit

from alpt_ref.problems.finite import FiniteProblem, Floats
from alpt_ref.problems.logistic import LogisticProblem, from_dataset
from alpt_ref.scalars.logistic import log_losses


def joint_quadratic(A: ArrayLike, c: ArrayLike, noise: float = 0.0) -> FiniteProblem:
    """f(w) = (w - c)^T A (w - c) / 2, A symmetric and positive semidefinite; exact gradients, or +-noise on each coordinate.

    L is A's largest eigenvalue, mu its least; the least positive one is f's PL constant.
    """
    matrix, centre = np.array(A, float64), np.array(c, float64)
    eigenvalues = np.linalg.eigvalsh(matrix)
    signs = np.array([1.0, -1.0]) if noise else np.zeros(1)

    def loss(w: Floats) -> Floats:
        return np.asarray(np.einsum("ni,ij,nj->n", w - centre, matrix, w - centre) / 2.0)

    return FiniteProblem(
        f"quadratic, d = {centre.size}, cond {eigenvalues[-1] / eigenvalues[eigenvalues > 1e-12][0]:.3g}"
        + (f", noise {noise:.3g}" if noise else ""),
        lambda w: ((w - centre) @ matrix)[None] + noise * signs[:, None, None],
        np.full(signs.size, 1.0 / signs.size),
        loss,
        centre,
        0.0,
        float(eigenvalues[-1]),
        max(float(eigenvalues[0]), 0.0),
    )


def rotated(eigenvalues: tuple[float, float], angle: float) -> Floats:
    """The symmetric 2 x 2 matrix with these eigenvalues, its first eigenvector at ``angle`` radians."""
    c, s = math.cos(angle), math.sin(angle)
    R = np.array([[c, -s], [s, c]])
    return np.asarray(R @ np.diag(eigenvalues) @ R.T)


def finite_logistic(problem: LogisticProblem, mode: str) -> FiniteProblem:
    """A logistic problem with the gradient of f ("batch") or of one example, each as likely ("example")."""
    X, y, n = problem.X.toarray(), problem.y, problem.y.size

    def gradients(w: Floats) -> Floats:
        residual = expit(w @ X.T) - y  # (N, n)
        batch: Floats = (residual @ X / n + problem.l2 * w)[None]
        if mode == "batch":
            return batch
        return np.asarray(residual.T[:, :, None] * X[:, None, :] + problem.l2 * w[None])

    def loss(w: Floats) -> Floats:
        z = w @ X.T
        return np.asarray(log_losses(z, y).mean(axis=1) + problem.l2 / 2.0 * (w**2).sum(axis=1))

    k = 1 if mode == "batch" else n
    solution = problem.solution
    return FiniteProblem(
        f"{problem.name}, {mode}", gradients, np.full(k, 1.0 / k), loss, solution.w, solution.f, problem.L, problem.mu
    )


def click_table(X: ArrayLike, rates: ArrayLike, shares: ArrayLike) -> FiniteProblem:
    """Logistic regression without l2 on a table of example types: type i, features X[i], comes with probability shares[i] and
    is a click with probability rates[i]. Outcomes 2 i (no click) and 2 i + 1 (click). L5, L8.
    """
    rows, rate, share = (np.array(part, float64) for part in (X, rates, shares))
    labels = np.tile([0.0, 1.0], rate.size)
    p = np.stack([share * (1.0 - rate), share * rate], axis=1).ravel()
    twice = np.repeat(rows, 2, axis=0)

    def gradients(w: Floats) -> Floats:
        residual = expit(w @ twice.T) - labels
        return np.asarray(residual.T[:, :, None] * twice[:, None, :])

    def loss(w: Floats) -> Floats:
        z = w @ twice.T
        return np.asarray(log_losses(z, labels) @ p)

    d = rows.shape[1]
    return FiniteProblem(f"clicks of {rate.size} types, d = {d}", gradients, p, loss, np.full(d, np.nan), math.nan, math.inf)


def factor_pair(p: float, radius: float) -> FiniteProblem:
    """The smallest factorization machine: two features, one factor each, logit v_1 v_2, exact gradient, clicks at rate p.

    f(v) = log(1 + e^z) - p z, z = v_1 v_2, on |v_i| <= radius. L = radius^2 / 2 + 1.
    *Proof.* The Hessian is s'(z) (v_2, v_1)(v_2, v_1)^T + (s(z) - p) [[0, 1], [1, 0]], s the sigmoid: s' <= 1/4,
    ||(v_2, v_1)||^2 <= 2 radius^2, |s - p| < 1.
    """

    def gradients(v: Floats) -> Floats:
        slope = expit(v[:, 0] * v[:, 1]) - p
        return (slope[:, None] * v[:, ::-1])[None]

    def loss(v: Floats) -> Floats:
        return log_losses(v[:, 0] * v[:, 1], p)

    least = math.nan if not 0 < p < 1 else float(-p * math.log(p) - (1 - p) * math.log(1 - p))
    return FiniteProblem(f"FM pair, p = {p:.3g}", gradients, np.ones(1), loss, np.full(2, np.nan), least, radius**2 / 2 + 1)


def small_logistic(l2: float = 0.1) -> LogisticProblem:
    """Four examples of two features: small enough for a joint law, correlated enough not to separate."""
    X = [[1.0, 0.5], [-0.5, 1.0], [1.0, -1.0], [0.5, 0.5]]
    return from_dataset(X, [1, 0, 1, 0], l2, "logistic-4x2")
