r"""Factorization machines on a box, with constants: f is not convex, and over R^d neither smooth nor of bounded gradient.

    z_i = <w, x_i> + sum_{j < l} <V_j, V_l> x_ij x_il,      f = (1/n) sum_i log_loss(z_i, y_i),      |theta_j| <= radius

theta = (w, V), w (F,), V (F, k), in one vector of d = F + F k: w first, then V row by row. No bias, no l2. With s_f = <V_f, x>,

    dz/dw_j = x_j,      dz/dV_jf = x_j (s_f - V_jf x_j) = x_j sum_{l != j} V_lf x_l.

Constants over the box. Write a = |x_i|, A = sum_j a_j, R = radius. |z_i| <= Z_i = R A + k R^2 (A^2 - sum_j a_j^2) / 2, so
that the residual p_i - y_i has the sign of 1/2 - y_i and an absolute value of at most h_i = sigmoid(Z_i); and
|dz/dV_jf| <= R a_j (A - a_j).

G, G1. Coordinate w_j of grad f lies between the sums over i of min(c_ij, 0) and of max(c_ij, 0), where
c_ij = (1 - 2 y_i) h_i x_ij / n; coordinate V_jf is at most sum_i h_i R a_j (A - a_j) / n in absolute value. G and G1 are the
2- and 1-norm of these bounds: they hold for the gradient of f itself. Attained at the corner theta = R where x >= 0 and no
y_i is 1.

L. The Hessian of log_loss(z_i, y_i) is p (1 - p) grad z grad z^T + (p - y) hess z, p (1 - p) <= 1/4, |p - y| <= h_i;
||grad z||^2 <= sum_j a_j^2 (1 + k R^2 (A - a_j)^2); hess z is k blocks M = x x^T - diag(x^2), and zeros for w. On the
support of x, Weyl's inequalities give -max a_j^2 <= M <= sum_j a_j^2 - min a_j^2 (and M = 0 where the support is one feature):
||M|| <= the larger of the two, F' - 1 for F' >= 2 one-hot fields. L is the mean over the examples of these sums.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from alpt_ref.problems.logistic import GradientBounds
from alpt_ref.scalars.logistic import log_losses
from alpt_ref.tools.checks import as_labels

Floats = NDArray[float64]


@dataclass(frozen=True, eq=False)
class BoxedFm:
    """f of the module's first lines, for many parameter vectors at once.

    X : float64 (n, F), dense, finite; y : float64 (n,) in {0, 1}; k >= 1; radius > 0, finite. ValueError otherwise.
    Row r of a result depends on row r of theta alone, to the last bit.
    """

    X: Floats
    y: Floats
    k: int
    radius: float

    def __init__(self, X: ArrayLike, y: ArrayLike, k: int, radius: float) -> None:
        matrix = np.array(X, float64)
        if matrix.ndim != 2 or matrix.size == 0 or not np.isfinite(matrix).all():
            raise ValueError(f"X must be a finite matrix, not empty, got shape {matrix.shape}")
        labels = as_labels(y, matrix.shape[0])[0].astype(float64)
        if k < 1 or not 0.0 < radius < np.inf:
            raise ValueError(f"k must be at least 1 and radius positive and finite, got {k!r} and {radius!r}")
        for name, value in (("X", matrix), ("y", labels), ("k", int(k)), ("radius", float(radius))):
            object.__setattr__(self, name, value)

    @property
    def d(self) -> int:
        """Number of parameters, F (1 + k)."""
        return int(self.X.shape[1]) * (1 + self.k)

    @cached_property
    def _squares(self) -> Floats:
        return self.X**2

    def _scores(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """V (R, F, k), the s_f (R, n, k) and z (R, n). One product a row, so that no row depends on another."""
        features = self.X.shape[1]
        V = theta[:, features:].reshape(-1, features, self.k)
        sums = np.matmul(self.X, np.concatenate((theta[:, :features, None], V), axis=2))
        s = sums[:, :, 1:]
        own = np.matmul(self._squares, (V**2).sum(axis=2)[:, :, None])[:, :, 0]
        return V, s, sums[:, :, 0] + ((s**2).sum(axis=2) - own) / 2.0

    def loss(self, theta: Floats) -> Floats:
        """f, (R,), of each row of theta (R, d)."""
        _, _, z = self._scores(theta)
        return np.asarray(log_losses(z, self.y).mean(axis=1))

    def gradients(self, theta: Floats) -> Floats:
        """grad f, (R, d), at each row of theta (R, d)."""
        V, s, z = self._scores(theta)
        residual = ((expit(z) - self.y) / self.y.size)[:, :, None]
        both = np.matmul(self.X.T, np.concatenate((residual, residual * s), axis=2))
        factors = both[:, :, 1:] - np.matmul(self._squares.T, residual) * V
        return np.concatenate((both[:, :, 0], factors.reshape(theta.shape[0], -1)), axis=1)

    @cached_property
    def _others(self) -> Floats:
        """A - a_j, (n, F): what the other features of an example add up to."""
        a = np.abs(self.X)
        return np.asarray(a.sum(axis=1, keepdims=True) - a)

    @cached_property
    def _residuals(self) -> Floats:
        """h_i, (n,)."""
        a = np.abs(self.X)
        pairs = (a * self._others).sum(axis=1) / 2.0
        return np.asarray(expit(self.radius * a.sum(axis=1) + self.k * self.radius**2 * pairs))

    @cached_property
    def gradient_bounds(self) -> GradientBounds:
        """G and G1 over the box, for exact gradients; proof in the module's docstring."""
        share = (self._residuals / self.y.size)[:, None]
        signed = (1.0 - 2.0 * self.y)[:, None] * share * self.X
        linear = np.maximum(-np.minimum(signed, 0.0).sum(axis=0), np.maximum(signed, 0.0).sum(axis=0))
        factor = self.radius * (share * np.abs(self.X) * self._others).sum(axis=0)
        G = np.sqrt(linear @ linear + self.k * (factor @ factor))
        return GradientBounds(float(G), float(linear.sum() + self.k * factor.sum()))

    @cached_property
    def L(self) -> float:  # noqa: N802
        """Smoothness of f over the box; proof in the module's docstring."""
        slopes = (self._squares * (1.0 + self.k * self.radius**2 * self._others**2)).sum(axis=1)
        least = np.where(self._squares > 0.0, self._squares, np.inf).min(axis=1)
        bends = np.maximum(self._squares.sum(axis=1) - least, self._squares.max(axis=1))
        bends[np.count_nonzero(self.X, axis=1) < 2] = 0.0
        return float((slopes / 4.0 + self._residuals * bends).mean())


def boxed_fm(n: int, n_fields: int, n_values: int, k: int, radius: float, seed: int = 0) -> BoxedFm:
    """The problem of the one-hot data of :func:`alpt_ref.data.make_ctr`, whose teacher has k factors."""
    from alpt_ref.data import make_ctr

    dataset, _ = make_ctr(n, n_fields, n_values, k=k, seed=seed)
    return BoxedFm(dataset.X.toarray(), dataset.y, k, radius)
