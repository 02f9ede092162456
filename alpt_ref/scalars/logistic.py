"""The logistic loss and its derivative: the only copy, as scalar functions shared by every loop, and the loss on arrays.

    sigmoid(z)     = 1 / (1 + e^-z)
    log_loss(z, y) = log(1 + e^z) - y z           y in {0, 1}, or a probability
    residual(z, y) = d log_loss / dz = sigmoid(z) - y
    share(z, y, s, b) = s residual(z, y) / b      dL / dz_i of a batch of b examples: L = (1/b) sum_i s_i log_loss(z_i, y_i)

All use e = exp(-|z|) <= 1, so that nothing overflows at any z: sigmoid is 1/(1 + e) or e/(1 + e), and
log(1 + e^z) = max(z, 0) + log1p(e). exp and log1p are our own (:mod:`alpt_ref.scalars.elementary`), to give the same bits on a
GPU. Accuracy: sigmoid within 2 units in the last place; the loss within 2 of the larger of |z| and 1.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.scalars import elementary
from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.rounding import Scalar


class Logistic(NamedTuple):
    """The functions in one floating-point type."""

    sigmoid: Scalar
    log_loss: Scalar
    residual: Scalar
    share: Scalar


def _define(real: type, functions: elementary.Elementary) -> Logistic:
    zero, one = real(0), real(1)
    exp_negative, log1p = functions

    @jit
    def sigmoid(z: Any) -> Any:
        e = exp_negative(-abs(z))
        return (one if z >= zero else e) / (one + e)

    @jit
    def log_loss(z: Any, y: Any) -> Any:
        return max(z, zero) - times(y, z) + log1p(exp_negative(-abs(z)))

    @jit
    def residual(z: Any, y: Any) -> Any:
        return sigmoid(z) - y

    @jit
    def share(z: Any, y: Any, s: Any, b: Any) -> Any:
        return times(s, residual(z, y)) / b

    return Logistic(sigmoid, log_loss, residual, share)


FLOAT32 = _define(float32, elementary.FLOAT32)
FLOAT64 = _define(float64, elementary.FLOAT64)


@jit
def example_weight(weights: Any, i: Any) -> Any:
    """s_i: weights[i], or 1 where examples have no weights, and the array is empty."""
    return weights[i] if weights.size else float32(1)


def log_losses(z: ArrayLike, y: ArrayLike) -> NDArray[float64]:
    """log_loss of every pair, float64; shapes as NumPy broadcasts them."""
    z, y = np.asarray(z, float64), np.asarray(y, float64)
    out: NDArray[float64] = np.logaddexp(0.0, z) - y * z
    return out
