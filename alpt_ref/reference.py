"""The method, top to bottom, in naive NumPy: LPT, and ALPT, which is Algorithm 1 of Li et al. (arXiv 2212.05735).

Logistic regression and factorization machines on a dense minibatch X (b, n), y (b,) in {0, 1}. There are two tables, linear
weights (n, 1) and factors (n, k). Each is kept as integer codes q and step sizes delta (n, 1): a weight is w = delta q, and no
float copy of it is kept. (A table may be left in floats: then q are the weights, and delta = 1.) All arithmetic is float64,
but for the decision which way to round, which is made in rational numbers. Every compiled step is held to this file, code for
code (``tests/test_reference.py``).
"""

from fractions import Fraction
from math import floor, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]
Moments = tuple[Any, Any]  # Adam's m and v, each of the shape of what moves; momentum has m, AdaGrad v, FTRL z and n


class Table(NamedTuple):
    """Weights delta q, and the optimizer's moments of the weights and of the step sizes."""

    q: Floats  # (n, k), integers
    delta: Floats  # (n, 1)
    moments: Moments = (0.0, 0.0)
    delta_moments: Moments = (0.0, 0.0)


class State(NamedTuple):
    """A run after ``t`` steps."""

    linear: Table
    factors: Table
    bias: float = 0.0
    bias_moments: Moments = (0.0, 0.0)
    t: int = 0


class Settings(NamedTuple):
    """The arguments of a run; pairs are of the linear weights and the factors."""

    lr: float
    box: tuple[int, int] = (0, 0)  # smallest and largest code
    rounding: str = "stochastic"
    optimizer: str = "sgd"
    decays: bool = False  # eta_t = lr / sqrt(t), t = 1, 2, ...
    l2: float = 0.0
    momentum: float = 0.9
    l1: float = 0.0  # of FTRL, whose other numbers are lr, l2 and beta
    beta: float = 1.0
    dense: bool = False  # all rows move in each step, not those of the batch alone
    step_lr: float = 0.0  # descent on the step sizes
    step_optimizer: str = "sgd"
    step_l2: float = 0.0
    step_offset: float = 0.0  # a step size is this much more than the absolute value of its parameter
    ends: str = "clipped"  # a weight exactly at an end of the range: clipped, or inside
    codes: tuple[bool, bool] = (True, True)  # False: a table of floats
    fits: tuple[bool, bool] = (True, True)  # False: a table that is left out of the model
    scales: tuple[float, float] = (1.0, 1.0)  # of the gradients of the step sizes
    per_row: tuple[bool, bool] = (False, True)  # a step size for each row, or one for the table


def score(X: Floats, w: Floats, V: Floats, bias: float) -> Floats:
    """Logits (b,), pair by pair: z = bias + sum_j w_j x_j + sum_{i<j} <v_i, v_j> x_i x_j, with w (n,) and V (n, k)."""
    n = X.shape[1]
    z: Floats = bias + X @ w + sum((V[i] @ V[j]) * X[:, i] * X[:, j] for i in range(n) for j in range(i))
    return z


def gradients(X: Floats, y: Floats, w: Floats, V: Floats, bias: float, s: Any = 1.0) -> tuple[Floats, Floats, float]:
    """The gradient of (1/b) sum_i s_i log-loss_i, where s (b,) are weights of the examples: dz/dw_j = x_j,
    dz/dv_jf = x_j (S_f - v_jf x_j), S = X V."""
    r = s * (expit(score(X, w, V, bias)) - y) / len(y)
    g_factors = X.T @ (r[:, None] * (X @ V)) - (X**2).T @ r[:, None] * V
    return X.T @ r, g_factors, float(r.sum())


class Rates(NamedTuple):
    """The numbers of one step of an optimizer; single optimizers alone read those after l2."""

    eta: float  # eta_t
    t: int
    l2: float = 0.0
    momentum: float = 0.9
    l1: float = 0.0
    beta: float = 1.0


def direction(optimizer: str, g: Any, w: Any, moments: Moments, by: Rates, rows: Any = True) -> tuple[Any, Moments]:
    """The move of w by the gradient g of its loss, and the new moments; ``rows`` alone move.

    SGD, momentum (Polyak 1964, as torch.optim.SGD has it), AdaGrad (JMLR 12:2121), Adam (arXiv 1412.6980), or FTRL-proximal
    (McMahan et al., KDD 2013, Algorithm 1), whose penalties l1 and l2 are in its weight w* and not in its gradient.
    """
    m, v = moments
    if optimizer == "ftrl":
        z, n = moments
        sigma = (np.sqrt(n + g**2) - np.sqrt(n)) / by.eta
        z, n = np.where(rows, z + g - sigma * w, z), np.where(rows, n + g**2, n)
        w_star = -np.sign(z) * np.maximum(abs(z) - by.l1, 0.0) / ((by.beta + np.sqrt(n)) / by.eta + by.l2)
        return np.where(rows, w_star - w, 0.0), (z, n)
    g = g + by.l2 * w
    if optimizer == "sgd":
        return np.where(rows, -by.eta * g, 0.0), moments
    if optimizer == "momentum":
        m = np.where(rows, by.momentum * m + g, m)
        return np.where(rows, -by.eta * m, 0.0), (m, v)
    if optimizer == "adagrad":
        v = np.where(rows, v + g**2, v)
        return np.where(rows, -by.eta * g / (np.sqrt(v) + 1e-10), 0.0), (m, v)
    m = np.where(rows, 0.9 * m + 0.1 * g, m)
    v = np.where(rows, 0.999 * v + 0.001 * g**2, v)
    return np.where(rows, -by.eta * (m / (1 - 0.9**by.t)) / (np.sqrt(v / (1 - 0.999**by.t)) + 1e-8), 0.0), (m, v)


def ftrl_start(w: Any, lr: float, l2: float, l1: float, beta: float) -> Moments:
    """z and n with which FTRL begins at weights w: such that w* is w."""
    return -np.sign(w) * (abs(w) * (beta / lr + l2) + l1), np.zeros_like(w)


def next_code(q: float, t: float, u: float, rounding: str, q_lo: int, q_hi: int) -> int:
    """clip(R(q + t)) for one code and a move of t cells, decided in rational numbers.

    R_D, "nearest": the nearest integer, ties to even. R_S, "stochastic": with n = floor(q + t) and a = q + t - n, n + 1 if
    u < a, else n; u is uniform on [0, 1). "toward_zero" and "floor" are biased controls.
    """
    s = Fraction(float(q)) + Fraction(float(t))
    n = floor(s)
    a = s - n
    up = {
        "nearest": a > Fraction(1, 2) or (a == Fraction(1, 2) and n % 2 == 1),
        "stochastic": Fraction(float(u)) < a,
        "toward_zero": s < 0 and a > 0,
        "floor": False,
    }[rounding]
    return min(max(n + up, q_lo), q_hi)


next_codes = np.vectorize(next_code, otypes=[float])  # of arrays that broadcast


def quantized(w: Floats, delta: Floats, lo: int, hi: int, ends: str = "clipped") -> tuple[Floats, Floats]:
    """delta clip(R_D(w / delta)), and its slope in delta (LSQ: Esser et al., arXiv 1902.08153, (3))."""
    s = w / delta
    inside = (lo < s) & (s < hi) if ends == "clipped" else (lo <= s) & (s <= hi)
    return delta * np.clip(np.rint(s), lo, hi), np.where(inside, np.rint(s) - s, np.clip(s, lo, hi))


def moved(X: Floats, y: Floats, at: State, of: Settings, s: Any = 1.0) -> tuple[list[Floats], list[Table], State, Any]:
    """The moves d of both tables' weights, the tables with new moments, the state with the next bias, and which rows move."""
    t, (w, V) = at.t + 1, (table.delta * table.q for table in (at.linear, at.factors))
    eta = of.lr / sqrt(t) if of.decays else of.lr
    by = Rates(eta, t, of.l2, of.momentum, of.l1, of.beta)
    seen = (X != 0).any(axis=0)[:, None] | of.dense
    g_w, g_V, g_bias = gradients(X, y, w[:, 0], V, at.bias, s)
    d_bias, bias_moments = direction(of.optimizer, g_bias, at.bias, at.bias_moments, by._replace(l2=0.0, l1=0.0))
    moves, tables = [], []
    for g, weights, table, fits in zip((g_w[:, None], g_V), (w, V), (at.linear, at.factors), of.fits, strict=True):
        d, moments = direction(of.optimizer, g, weights, table.moments, by, seen & fits)
        moves.append(d)
        tables.append(table._replace(moments=moments))
    return moves, tables, at._replace(bias=float(at.bias + d_bias), bias_moments=bias_moments, t=t), seen


def lpt_step(X: Floats, y: Floats, at: State, of: Settings, u: tuple[Floats, Floats], s: Any = 1.0) -> State:
    """The state after one step of LPT: q <- clip(R(q + d / delta)) in the rows that move."""
    moves, tables, after, _ = moved(X, y, at, of, s)
    out = []
    for table, d, v, codes in zip(tables, moves, u, of.codes, strict=True):
        t = d / table.delta
        out.append(table._replace(q=next_codes(table.q, t, v, of.rounding, *of.box) if codes else table.q + t))
    return after._replace(linear=out[0], factors=out[1])


def alpt_step(X: Floats, y: Floats, at: State, of: Settings, u: tuple[Floats, Floats], s: Any = 1.0) -> State:
    """The state after one step of ALPT."""
    # 1  Try: the weights move, and are rounded to nearest at the old step size.
    moves, tables, after, seen = moved(X, y, at, of, s)
    w = [table.delta * table.q + d for table, d in zip(tables, moves, strict=True)]
    tried = [quantized(w[i], tables[i].delta, *of.box, of.ends) if of.codes[i] else (w[i], 0 * w[i]) for i in (0, 1)]
    # 2  Learn: the gradient of the loss at these weights, in the step size: one number a row, or their sum for all rows.
    g_w, g_V, _ = gradients(X, y, tried[0][0][:, 0], tried[1][0], after.bias, s)
    eta, out = of.step_lr / sqrt(after.t) if of.decays else of.step_lr, []
    by = Rates(eta, after.t, of.step_l2, of.momentum)
    for i, (g, table, d) in enumerate(zip((g_w[:, None], g_V), tables, moves, strict=True)):
        if not of.codes[i]:
            out.append(table._replace(q=w[i]))
            continue
        slope, rows = (g * tried[i][1]).sum(axis=1, keepdims=True), seen
        if not of.per_row[i]:
            slope, rows = np.full_like(slope, slope.sum()), np.full_like(seen, True)
        own = table.delta - of.step_offset  # a parameter of either sign, whose absolute value makes the step size
        move, (m, v) = direction(of.step_optimizer, of.scales[i] * slope, own, table.delta_moments, by, rows)
        delta = np.clip(abs(own + move) + of.step_offset, 2.0**-60, 2.0**60)  # positive, and finite
        moments = np.where(own + move < 0, -m, m), v
        # 3  Store: w + d is rounded onto the grid of the new step size, also in rows of which nothing else has moved.
        q = next_codes(table.q, (d + table.q * (table.delta - delta)) / delta, u[i], of.rounding, *of.box)
        out.append(Table(q, delta, table.moments, moments))
    return after._replace(linear=out[0], factors=out[1])
