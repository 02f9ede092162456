"""Absolute values as the loops of :mod:`alpt_ref.kernels.cpu.replicas` read them.

f(w) = sum_j slopes_j |w_j - centres_j|,    subgradient 0 at a centre
"""

from typing import Any, NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.scalars.jit import jit


class Separable(NamedTuple):
    """The problem; its minimum is 0."""

    slopes: NDArray[float64]  # (d,), not negative
    centres: NDArray[float64]  # (d,)


@jit
def _distances(problem: Any, w: Any, out: Any) -> None:
    for j in range(w.size):
        out[j] = problem.slopes[j] * abs(w[j] - problem.centres[j])


@jit
def _add(x: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] += x[j]


@jit
def _absolute_loss(problem: Any, w: Any, scratch: Any) -> Any:
    """f(w): the second half of the terms is added to the first until one is left, which vectorizes. ``scratch`` is (d,)."""
    _distances(problem, w, scratch)
    size = w.size
    while size > 1:
        half = (size + 1) // 2
        _add(scratch[half:size], scratch[: size - half])
        size = half
    return scratch[0]


@jit
def absolute_loss(problem: Any, w: Any) -> Any:
    """f(w)."""
    return _absolute_loss(problem, w, np.empty(w.size, float64))


@jit
def absolute_gradient(problem: Any, w: Any, replica: Any, step: Any, seed: Any, with_loss: Any, g: Any) -> Any:
    """A subgradient of f into ``g``; returns f(w) - f* = f(w), or 0 without ``with_loss``."""
    loss = _absolute_loss(problem, w, g) if with_loss else float64(0)
    for j in range(w.size):
        g[j] = problem.slopes[j] * (float64(w[j] > problem.centres[j]) - float64(w[j] < problem.centres[j]))
    return loss
