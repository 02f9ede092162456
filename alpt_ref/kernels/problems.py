"""Problems as the loops of :mod:`alpt_ref.kernels.cpu.replicas` read them: absolute values and logistic regression.

f(w) = sum_j slopes_j |w_j - centres_j|,    subgradient 0 at a centre
f(w) = mean of f_i(w) = log_loss(<w, x_i>, y_i) + (l2/2) ||w||^2
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64, uint64
from numpy.typing import NDArray

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit, kernel
from alpt_ref.scalars.logistic import FLOAT64
from alpt_ref.scalars.philox import Stream, integer_below
from alpt_ref.scalars.rounding import Scalar

_log_loss, _residual = FLOAT64.log_loss, FLOAT64.residual
_EXAMPLE = uint64(Stream.EXAMPLE)


class Loops(NamedTuple):
    """A problem as arrays, and the compiled functions that read them."""

    arrays: Any
    loss: Scalar  # (arrays, w, scratch (d,)) -> f(w)
    gradient: Scalar  # (arrays, w, replica, step, seed, with_loss, g) -> f_t(w) - f_t(w*); grad f_t(w) into g


class Separable(NamedTuple):
    """Absolute values; the minimum of f is 0."""

    slopes: NDArray[float64]  # (d,), not negative
    centres: NDArray[float64]  # (d,)


@jit
def _distances(problem: Any, w: Any, out: Any) -> None:
    for j in range(w.size):
        out[j] = times(problem.slopes[j], abs(w[j] - problem.centres[j]))


@jit
def _add(x: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] += x[j]


@jit
def absolute_loss(problem: Any, w: Any, scratch: Any) -> Any:
    """f(w): the second half of the terms is added to the first until one is left, which vectorizes. ``scratch`` is (d,)."""
    _distances(problem, w, scratch)
    size = w.size
    while size > 1:
        half = (size + 1) // 2
        _add(scratch[half:size], scratch[: size - half])
        size = half
    return scratch[0]


@kernel
def absolute_gradient(problem: Any, w: Any, replica: Any, step: Any, seed: Any, with_loss: Any, g: Any) -> Any:
    """A subgradient of f into ``g``; returns f(w) - f* = f(w), or 0 without ``with_loss``."""
    loss = absolute_loss(problem, w, g) if with_loss else float64(0)
    for j in range(w.size):
        sign = float64(w[j] > problem.centres[j]) - float64(w[j] < problem.centres[j])
        g[j] = times(problem.slopes[j], sign)
    return loss


class Examples(NamedTuple):
    """Logistic regression as the loops read it: n examples in compressed sparse rows."""

    indptr: NDArray[int64]  # (n + 1,)
    indices: NDArray[np.int32]  # (nnz,)
    values: NDArray[float64]  # (nnz,)
    y: NDArray[float64]  # (n,) in {0, 1}
    l2: float
    best: NDArray[float64]  # (n,): f_i(w*), what regret is counted from
    best_mean: float  # f(w*)


@jit
def _margin(examples: Any, i: Any, w: Any) -> Any:
    z = float64(0)
    for p in range(examples.indptr[i], examples.indptr[i + 1]):
        z += times(examples.values[p], w[examples.indices[p]])
    return z


@jit
def _add_example(examples: Any, i: Any, scale: Any, g: Any) -> None:
    for p in range(examples.indptr[i], examples.indptr[i + 1]):
        g[examples.indices[p]] += times(scale, examples.values[p])


@jit
def _penalty(examples: Any, w: Any) -> Any:
    squares = float64(0)
    for j in range(w.size):
        squares += times(w[j], w[j])
    return times(times(float64(0.5), examples.l2), squares)


@kernel
def mean_loss(examples: Any, w: Any, scratch: Any) -> Any:
    """f(w); ``scratch`` is not used."""
    total = float64(0)
    for i in range(examples.y.size):
        total += _log_loss(_margin(examples, i, w), examples.y[i])
    return total / float64(examples.y.size) + _penalty(examples, w)


@kernel
def example_losses(examples: Any, w: Any, out: Any) -> None:
    """f_i(w) into ``out`` (n,)."""
    penalty = _penalty(examples, w)
    for i in range(out.size):
        out[i] = _log_loss(_margin(examples, i, w), examples.y[i]) + penalty


@kernel
def draw_example(n: Any, replica: Any, step: Any, seed: Any) -> Any:
    """The index in [0, n) of the example of ``replica`` at ``step``."""
    return integer_below(n, replica, uint64(step), _EXAMPLE, seed)


@kernel
def batch_gradient(examples: Any, w: Any, replica: Any, step: Any, seed: Any, with_loss: Any, g: Any) -> Any:
    """grad f(w) into ``g``; returns f(w) - f(w*), or 0 without ``with_loss``."""
    n = float64(examples.y.size)
    for j in range(w.size):
        g[j] = times(examples.l2, w[j])
    total = float64(0)
    for i in range(examples.y.size):
        z = _margin(examples, i, w)
        if with_loss:
            total += _log_loss(z, examples.y[i])
        _add_example(examples, i, _residual(z, examples.y[i]) / n, g)
    return total / n + _penalty(examples, w) - examples.best_mean if with_loss else float64(0)


@jit
def example_gradient(examples: Any, w: Any, replica: Any, step: Any, seed: Any, with_loss: Any, g: Any) -> Any:
    """grad f_i(w) into ``g`` for the example i drawn; returns f_i(w) - f_i(w*), or 0 without ``with_loss``."""
    i = draw_example(examples.y.size, replica, step, seed)
    for j in range(w.size):
        g[j] = times(examples.l2, w[j])
    z = _margin(examples, i, w)
    _add_example(examples, i, _residual(z, examples.y[i]), g)
    return _log_loss(z, examples.y[i]) + _penalty(examples, w) - examples.best[i] if with_loss else float64(0)


@cache
def row_gradients(gradient: Scalar) -> Scalar:
    """Function (arrays, w, first, step, seed, g, losses): gradients at the rows of w (R, d), replicas first, first + 1, ...

    They go to ``g``, and f_t(w) - f_t(w*) is added to ``losses``.
    """

    @kernel
    def gradient_rows(arrays, w, first, step, seed, g, losses):
        for r in range(w.shape[0]):
            losses[r] += gradient(arrays, w[r], first + r, step, seed, True, g[r])

    return gradient_rows


@cache
def row_losses(loss: Scalar) -> Scalar:
    """Function (arrays, w, out): f at each row of w (R, d) into ``out`` (R,)."""

    @kernel
    def loss_rows(arrays, w, out):
        scratch = np.empty(w.shape[1], float64)
        for r in range(w.shape[0]):
            out[r] = loss(arrays, w[r], scratch)

    return loss_rows
