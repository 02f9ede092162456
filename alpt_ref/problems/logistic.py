"""l2-regularized logistic regression that knows its constants: what a theorem needs, computed and not sampled.

f(w) = (1/n) sum_i log_loss(<w, x_i>, y_i) + (l2/2) ||w||^2,     y_i in {0, 1},  no intercept,  l2 > 0
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from numpy import float64
from numpy.typing import ArrayLike
from scipy.special import expit

from alpt_ref.grid import Grid, delta_of_box
from alpt_ref.kernels.problems import Examples, Loops, batch_gradient, example_gradient, example_losses, mean_loss
from alpt_ref.problems.box import Vector, box
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import as_labels
from alpt_ref.tools.files import checksum
from alpt_ref.tools.memory import check_fits
from alpt_ref.tools.sparse import canonical

TOLERANCE, MAX_NEWTON_STEPS = 1e-12, 100


class Solution(NamedTuple):
    """The minimizer over R^d, f there, and the gradient norm reached."""

    w: Vector
    f: float
    gradient_norm: float

    def __repr__(self) -> str:
        return brief_repr(self)


class GradientBounds(NamedTuple):
    """Over all w in the box: E||g||_2^2 <= G^2 and E||g||_1 <= G1."""

    G: float
    G1: float


@dataclass(frozen=True, eq=False)
class LogisticProblem:
    """f of the module's first lines, float64.

    X : csr_array float64 (n, d), canonical; y : float64 (n,) in {0, 1}; l2 > 0. Build it with :func:`from_dataset`.
    """

    name: str
    X: Any
    y: Vector
    l2: float

    __repr__ = brief_repr

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])

    @cached_property
    def examples(self) -> Examples:
        """The arrays that loops read; regret counted from 0."""
        rows = (self.X.indptr.astype(np.int64), self.X.indices.astype(np.int32), self.X.data)
        return Examples(*rows, self.y, float(self.l2), np.zeros(self.y.size), 0.0)

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell data sets and l2 apart."""
        return f"{checksum((*self.examples[:4], np.array(self.l2))):08x}"

    def loss(self, w: Vector) -> float:
        """f(w)."""
        return float(mean_loss(self.examples, w, w))

    def gradient(self, w: Vector) -> Vector:
        """grad f(w), (d,)."""
        g = np.empty(self.d)
        batch_gradient(self.examples, w, 0, 0, np.uint64(0), False, g)
        return g

    def _check_dense(self) -> None:
        """MemoryError where a Hessian, a copy and a factor of it cannot be held."""
        check_fits(f"{self.name}: the Hessian of {self.d:,} features", 3 * 8 * self.d**2)

    def hessian(self, w: Vector) -> Vector:
        """(1/n) X^T diag(p (1 - p)) X + l2 I, dense (d, d)."""
        p = expit(self.X @ w)
        weighted = self.X.multiply((p * (1.0 - p) / self.y.size)[:, None])
        return np.asarray((self.X.T @ weighted).toarray() + self.l2 * np.eye(self.d))

    @cached_property
    def solution(self) -> Solution:
        """The minimizer, by Newton's method to a gradient norm of 1e-12; ValueError where that is not reached.

        A step is halved until f falls by Armijo's rule or, where f no longer resolves the progress, until the gradient
        norm falls. f is strongly convex, so ||w - w*|| <= ||grad f(w)|| / mu and f(w) - f* <= ||grad f(w)||^2 / (2 mu).
        """
        self._check_dense()
        w = np.zeros(self.d)
        f, g = self.loss(w), self.gradient(w)
        for _ in range(MAX_NEWTON_STEPS):
            norm = float(np.linalg.norm(g))
            if norm <= TOLERANCE:
                return Solution(w, f, norm)
            direction = np.linalg.solve(self.hessian(w), -g)
            slope, scale = float(g @ direction), 1.0
            while scale > 1e-10:
                trial = w + scale * direction
                f_trial, g_trial = self.loss(trial), self.gradient(trial)
                if f_trial <= f + 1e-4 * scale * slope or np.linalg.norm(g_trial) < 0.5 * norm:
                    break
                scale *= 0.5
            w, f, g = trial, f_trial, g_trial
        raise ValueError(f"{self.name}: Newton's method ended at gradient norm {np.linalg.norm(g):.3g}, not {TOLERANCE:g}")

    @property
    def w_star(self) -> Vector:
        """The minimizer over R^d, (d,)."""
        return self.solution.w

    @property
    def f_star(self) -> float:
        """f(w*)."""
        return self.solution.f

    @cached_property
    def solved_examples(self) -> Examples:
        """``examples`` with the regret counted from w*."""
        best = np.empty(self.y.size)
        example_losses(self.examples, self.solution.w, best)
        return self.examples._replace(best=best, best_mean=self.solution.f)

    def loops(self, mode: str, regret: bool) -> Loops:
        """The problem as walks read it; w* is needed, and solved for, only where ``regret`` is counted."""
        arrays = self.solved_examples if regret else self.examples
        return Loops(arrays, mean_loss, batch_gradient if mode == "batch" else example_gradient)

    @cached_property
    def L(self) -> float:  # noqa: N802
        """Smoothness: lambda_max(X^T X) / (4n) + l2.

        *Proof.* The Hessian is (1/n) X^T diag(p_i (1 - p_i)) X + l2 I, and p (1 - p) <= 1/4.
        """
        self._check_dense()
        top = scipy.linalg.eigh((self.X.T @ self.X).toarray(), eigvals_only=True, subset_by_index=[self.d - 1] * 2)[0]
        return float(top) / (4.0 * self.y.size) + self.l2

    @property
    def mu(self) -> float:
        """Strong convexity: l2, for the first term of the Hessian is positive semidefinite."""
        return self.l2

    @cached_property
    def L_example(self) -> float:  # noqa: N802
        """Smoothness of every f_i: max_i ||x_i||_2^2 / 4 + l2, for its Hessian is p (1 - p) x_i x_i^T + l2 I."""
        return float(np.max(self.X.multiply(self.X).sum(axis=1))) / 4.0 + self.l2

    def gradient_bounds(self, grid: Grid, mode: str) -> GradientBounds:
        """G and G1 over the box of ``grid``, for g = grad f ("batch") or grad f_i of a random example ("example").

        *Proof.* The residual p_i - y_i lies in (0, 1) where y_i = 0 and in (-1, 0) where y_i = 1, so that
        (p_i - y_i) x_ij lies between 0 and a_ij = (1 - 2 y_i) x_ij, and l2 w_j in l2 [lo, hi]. Coordinate j of g is thus in
        [m_j + l2 lo, M_j + l2 hi] with m_j, M_j the sums over i of min(a_ij, 0)/n, max(a_ij, 0)/n (batch), or those two
        themselves (example i): its absolute value is at most the larger end's, b_j or b_ij. Batch: G^2 = sum_j b_j^2 and
        G1 = sum_j b_j. Example: the means over i of sum_j b_ij^2 and of sum_j b_ij, which bound the expectations at every w.
        Attained in the limit by one-hot data whose labels agree within each feature; in general an upper bound.
        """
        lo, hi = (self.l2 * end for end in box(grid))
        outside = max(abs(lo), abs(hi))

        def larger(low: Vector, high: Vector) -> Vector:
            return np.maximum(np.abs(low + lo), np.abs(high + hi))

        signed = self.X.multiply((1.0 - 2.0 * self.y)[:, None]).tocsr()
        n = self.y.size
        if mode == "batch":
            low, high = (np.asarray(part.sum(axis=0)).ravel() / n for part in (signed.minimum(0), signed.maximum(0)))
            b = larger(low, high)
            return GradientBounds(float(np.linalg.norm(b)), float(b.sum()))
        b = larger(np.minimum(signed.data, 0.0), np.maximum(signed.data, 0.0))
        zeros = n * self.d - b.size
        squares = float(np.dot(b, b)) + zeros * outside**2
        return GradientBounds(float(np.sqrt(squares / n)), (float(b.sum()) + zeros * outside) / n)

    def loss_range(self, grid: Grid, mode: str) -> tuple[float, float]:
        """Ends of an interval that holds, for all w in the box of ``grid``, f(w) - f(w*) ("batch"), or f_i(w) - f_i(w*) for
        every example i ("example").

        *Proof.* With a_ij = (1 - 2 y_i) x_ij the log-loss of example i is log(1 + exp <a_i, w>), which grows in the margin, and
        <a_i, w> <= sum_j max(lo a_ij, hi a_ij) =: m_i; w_j^2 <= max(lo^2, hi^2) =: s. So f_i(w) <= log(1 + e^m_i) + d l2 s / 2
        =: B_i and f(w) <= mean B_i. From below f(w) >= f(w*), w* being the minimizer over R^d, and f_i(w) >= 0. The interval
        is [0, mean B_i - f(w*)], or [-max_i f_i(w*), max_i (B_i - f_i(w*))]. All ends are computed to 1e-12 of the width.
        """
        lo, hi = box(grid)
        signed = self.X.multiply((1.0 - 2.0 * self.y)[:, None]).tocsr()
        low, high = (np.asarray(part.sum(axis=1)).ravel() for part in (signed.minimum(0), signed.maximum(0)))
        most = np.logaddexp(0.0, lo * low + hi * high) + self.d * self.l2 / 2.0 * max(lo**2, hi**2)
        if mode == "batch":
            return 0.0, float(most.mean()) - self.solution.f
        best = self.solved_examples.best
        return -float(best.max()), float((most - best).max())


def half_width(problem: LogisticProblem) -> float:
    """B: the least power of two with |w*_j| <= 0.8 B for all j. The grid of m bits has delta = B / 2^(m-1)."""
    largest = float(np.abs(problem.solution.w).max())
    return float(2.0 ** np.ceil(np.log2(largest / 0.8))) if largest > 0.0 else 1.0


def grid_of(problem: LogisticProblem, bits: int) -> Grid:
    """The grid of ``bits`` bits over [-B, B)."""
    return Grid(bits, delta_of_box(half_width(problem), bits))


def from_dataset(X: Any, y: ArrayLike, l2: float, name: str = "data") -> LogisticProblem:
    """The problem of (X, y): X (n, d) sparse or dense, y (n,) in {0, 1}. ValueError, naming the argument."""
    if len(np.shape(X)) != 2 or 0 in np.shape(X):
        raise ValueError(f"X must be a matrix, not empty, got shape {np.shape(X)}")
    matrix = canonical(X, float64).copy()
    labels = as_labels(y, matrix.shape[0])[0].astype(float64)
    if not np.isfinite(matrix.data).all():
        raise ValueError("X must be finite")
    if isinstance(l2, bool) or not 0.0 < l2 < np.inf:
        raise ValueError(f"l2 must be positive and finite, got {l2!r}")
    return LogisticProblem(name, matrix, labels, float(l2))
