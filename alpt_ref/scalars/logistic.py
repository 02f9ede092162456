"""The logistic loss and its derivative: the only copy, as scalar functions shared by every loop, and the loss on arrays.

    sigmoid(z)     = 1 / (1 + e^-z)
    log_loss(z, y) = log(1 + e^z) - y z           y in {0, 1}, or a probability
    residual(z, y) = d log_loss / dz = sigmoid(z) - y

All use e = exp(-|z|) <= 1, so that nothing overflows at any z: sigmoid is 1/(1 + e) or e/(1 + e), and
log(1 + e^z) = max(z, 0) + log1p(e). Accuracy: a few units in the last place of the type, absolute in the residual.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.rounding import Scalar


class Logistic(NamedTuple):
    """The functions in one floating-point type."""

    sigmoid: Scalar
    log_loss: Scalar
    residual: Scalar


def _define(real: type) -> Logistic:
    zero, one = real(0), real(1)

    @jit
    def sigmoid(z: Any) -> Any:
        e = real(math.exp(-abs(z)))
        return (one if z >= zero else e) / (one + e)

    @jit
    def log_loss(z: Any, y: Any) -> Any:
        return max(z, zero) - y * z + real(math.log1p(real(math.exp(-abs(z)))))

    @jit
    def residual(z: Any, y: Any) -> Any:
        return sigmoid(z) - y

    return Logistic(sigmoid, log_loss, residual)


FLOAT32 = _define(float32)
FLOAT64 = _define(float64)


def log_losses(z: ArrayLike, y: ArrayLike) -> NDArray[float64]:
    """log_loss of every pair, float64; shapes as NumPy broadcasts them."""
    z, y = np.asarray(z, float64), np.asarray(y, float64)
    out: NDArray[float64] = np.logaddexp(0.0, z) - y * z
    return out
