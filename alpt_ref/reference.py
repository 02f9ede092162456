"""The loops again in naive NumPy and exact arithmetic: slow, short, and what every fast kernel is compared with.

Matrices are dense float64, a step reads as Algorithm 1, and rounding decisions are made in rational numbers.
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


def fake_quantize(w: Floats, delta: Floats, lo: int, hi: int, inside: str = "lsq") -> tuple[Floats, Floats, Floats]:
    """Weights after rounding to nearest; their slopes in the step size ("lsq", or "pact": 0 inside the range) and in w."""
    s = w / delta
    low, high = s <= lo, s >= hi
    rounding = np.rint(s) - s if inside == "lsq" else np.zeros_like(s)
    slopes = np.where(low, float(lo), np.where(high, float(hi), rounding))
    return delta * np.clip(np.rint(s), lo, hi), slopes, np.where(low | high, 0.0, 1.0)


def next_steps(delta: Floats, move: Floats) -> Floats:
    """Step sizes after a move: at least half of what they were."""
    return np.clip(np.maximum(delta + move, delta / 2), 2.0**-60, 2.0**60)


def pooled(g: Floats, per_row: bool) -> Floats:
    """Gradients of the step sizes from those of the elements (n_rows, k): one for each row, or the same, their sum, for all."""
    of_rows = g.sum(axis=1, keepdims=True)
    return of_rows if per_row else np.full_like(of_rows, of_rows.sum())


def alpt_targets(
    X: Floats,
    y: Floats,
    tables: tuple[Floats, Floats],
    deltas: tuple[Floats, Floats],
    bias: float,
    box: tuple[int, int],
    lr: float,
    step_lr: float,
    scales: tuple[float, float],
    per_row: tuple[bool, bool],
) -> tuple[list[Floats], list[Floats], float]:
    """Stages 1 and 2 of ALPT by SGD: what is to be rounded (w - lr g), the next step sizes (n_rows, 1), the next bias.

    Algorithm 1 of Li et al., arXiv 2212.05735: dense matrices, tables linear (n, 1) and factors (n, k), deltas (n, 1) each.
    """
    w, V = tables
    g_w, g_V, g_b = gradients(X, y, w[:, 0], V, bias, 0.0)
    new = [w - lr * g_w[:, None], V - lr * g_V]
    bias -= lr * g_b
    trial = [fake_quantize(t, d, *box) for t, d in zip(new, deltas, strict=True)]
    g_w, g_V, _ = gradients(X, y, trial[0][0][:, 0], trial[1][0], bias, 0.0)
    steps = []
    for g, (_, slope, _), d, scale, rows in zip((g_w[:, None], g_V), trial, deltas, scales, per_row, strict=True):
        steps.append(next_steps(d, -step_lr * scale * pooled(g * slope, rows)))
    return new, steps, bias
