"""The loops again in naive NumPy and exact arithmetic: slow, short, and what every fast kernel is compared with.

Matrices are dense float64, a step is written as in the paper, and rounding decisions are made in rational numbers.
"""

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 in Python integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c0, 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def word(index: int, step: int, stream: int, seed: int) -> int:
    """The word that element ``index`` owns."""
    block = index // 4
    return philox((block % 2**32, block // 2**32, step, stream), (seed % 2**32, seed // 2**32))[index % 4]


def next_code(q: int, t: float, u: float, rounding: str, q_lo: int, q_hi: int) -> int:
    """clip(R(q + t)) for one code, in rational arithmetic."""
    s = q + Fraction(float(t))
    below = floor(s)
    a = s - below
    match rounding:
        case "nearest":
            up = a > Fraction(1, 2) or (a == Fraction(1, 2) and below % 2 == 1)
        case "stochastic":
            up = Fraction(float(u)) < a
        case "toward_zero":
            up = s < 0 and a > 0
        case _:
            up = False
    return min(max(below + up, q_lo), q_hi)


def score(X: Floats, w: Floats, V: Floats, bias: float) -> Floats:
    """Logits (n,), pair by pair: bias + X w + sum_{i<j} <v_i, v_j> x_i x_j."""
    z = bias + X @ w
    for i in range(X.shape[1]):
        for j in range(i + 1, X.shape[1]):
            z += (V[i] @ V[j]) * X[:, i] * X[:, j]
    return z


def loss(X: Floats, y: Floats, w: Floats, V: Floats, bias: float, l2: float) -> float:
    """Mean log-loss + (l2/2) (||w||^2 + ||V||^2)."""
    z = score(X, w, V, bias)
    return float(np.mean(np.logaddexp(0, z) - y * z) + l2 / 2 * (np.sum(w**2) + np.sum(V**2)))


def gradients(X: Floats, y: Floats, w: Floats, V: Floats, bias: float, l2: float) -> tuple[Floats, Floats, float]:
    """Gradient of :func:`loss` in w, V and the bias."""
    residual = (expit(score(X, w, V, bias)) - y) / len(y)
    per_factor = X @ V
    g_factors = X.T @ (residual[:, None] * per_factor) - (X**2).T @ residual[:, None] * V
    return X.T @ residual + l2 * w, g_factors + l2 * V, float(residual.sum())


def adam(g: Any, m: Any, v: Any, eta: float, t: int) -> tuple[Any, Any, Any]:
    """Adam's move and new moments at step t = 1, 2, ..."""
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return -eta * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v
