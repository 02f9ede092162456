"""Optimizers: the move d of a weight w, from the gradient g of its loss and from what is kept of its past.

    SGD       d = -eta_t f                                                      f = g + l2 w, the penalized gradient
    momentum  m <- mu m + f,  d = -eta_t m
    AdaGrad   v <- v + f^2,  d = -eta_t f / (sqrt(v) + eps)
    Adam      m <- b1 m + (1 - b1) f,  v <- b2 v + (1 - b2) f^2,  d = -eta_t (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
    FTRL      z <- z + g - w (sqrt(n + g^2) - sqrt(n)) / eta,  n <- n + g^2,  d = w* - w,
              w* = 0 where |z| <= l1, else -(z - sign(z) l1) / ((beta + sqrt(n)) / eta + l2)
    eta_t     eta, or eta / sqrt(t) with t = 1, 2, ... counted in steps

Momentum: Polyak, USSR Comput. Math. Math. Phys. 4 (1964), 1-17, as torch.optim.SGD has it. AdaGrad: Duchi et al., JMLR 12
(2011), 2121-2159, with diagonal matrices. Adam: Kingma and Ba, arXiv 1412.6980, Algorithm 1. FTRL: McMahan et al., KDD 2013,
Algorithm 1 (FTRL-proximal, per coordinate), whose alpha is eta, lambda_1 is l1 and lambda_2 is l2; z begins where w* is the
first weight. Without penalties, and where w* is stored as it is, FTRL is AdaGrad with beta for eps.

With ``update="touched"`` the moments of a row move only in steps that touch it, while t counts all steps.
"""

import math
from typing import Any, Literal, NamedTuple

from numpy import float32

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit, kernel
from alpt_ref.scalars.rounding import Scalar

OptimizerName = Literal["sgd", "momentum", "adam", "adagrad", "ftrl"]
StepOptimizer = Literal["sgd", "momentum", "adam", "adagrad"]  # of step sizes
ADAM_BETA_1, ADAM_BETA_2, ADAM_EPS = 0.9, 0.999, 1e-8
ADAGRAD_EPS = 1e-10
_ADAGRAD_EPS, _ZERO = float32(ADAGRAD_EPS), float32(0)


class When(NamedTuple):
    """The settings of one step: learning rate, whether it decays, l2 and t = 1, 2, ...; the rest is read by few."""

    lr: float
    decays: bool
    l2: float
    t: int
    momentum: float = 0.9
    l1: float = 0.0  # of FTRL, as beta is
    beta: float = 1.0
    offset: float = 0.0  # of step sizes: what they are more than the absolute value of their parameter

    @property
    def of_bias(self) -> "When":
        """As it is for the bias, on which there is no penalty."""
        return self._replace(l2=0.0, l1=0.0)


class Hyper(NamedTuple):
    """The scalars that a direction reads at one step, float32."""

    lr: float32  # eta_t
    beta_1: float32
    beta_2: float32
    rest_1: float32  # 1 - b1, rounded once: 1 - float32(b2) would be 1.3e-5 too small
    rest_2: float32
    bias_1: float32  # 1 - b1^t
    bias_2: float32  # 1 - b2^t
    eps: float32
    l2: float32
    momentum: float32
    l1: float32
    beta: float32  # of FTRL
    offset: float32  # of step sizes


@kernel
def learning_rate(lr: float, decays: bool, t: int) -> float:
    """eta_t at step t = 1, 2, ..., float64: eta, or eta / sqrt(t) when it decays."""
    return lr / math.sqrt(t) if decays else lr


@jit
def hyper(when: When) -> Hyper:
    """The scalars of a step."""
    return Hyper(
        float32(learning_rate(when.lr, when.decays, when.t)),
        float32(ADAM_BETA_1),
        float32(ADAM_BETA_2),
        float32(1 - ADAM_BETA_1),
        float32(1 - ADAM_BETA_2),
        float32(1 - ADAM_BETA_1**when.t),
        float32(1 - ADAM_BETA_2**when.t),
        float32(ADAM_EPS),
        float32(when.l2),
        float32(when.momentum),
        float32(when.l1),
        float32(when.beta),
        float32(when.offset),
    )


@jit
def sgd_hyper(when: When, t: int) -> Hyper:
    """The scalars of step t, not ``when.t``, as far as SGD reads them: eta_t and l2."""
    zero = float32(0)
    eta = float32(learning_rate(when.lr, when.decays, t))
    return Hyper(eta, zero, zero, zero, zero, zero, zero, zero, float32(when.l2), zero, zero, zero, zero)


@jit
def penalized(g: Any, w: Any, h: Any) -> Any:
    """g + l2 w."""
    return g + times(h.l2, w)


@jit
def sgd(g: Any, w: Any, moments: Any, i: Any, h: Any) -> Any:
    """d = -eta_t f; keeps no state."""
    return -times(h.lr, penalized(g, w, h))


@jit
def momentum(g: Any, w: Any, moments: Any, i: Any, h: Any) -> Any:
    """d from the sum of past gradients of weight i, each mu times its weight a step before: ``moments`` (1, n) float32."""
    m = times(h.momentum, moments[0, i]) + penalized(g, w, h)
    moments[0, i] = m
    return -times(h.lr, m)


@jit
def adam(g: Any, w: Any, moments: Any, i: Any, h: Any) -> Any:
    """d from the moments of weight i, which are updated: ``moments`` (2, n) float32."""
    f = penalized(g, w, h)
    m = times(h.beta_1, moments[0, i]) + times(h.rest_1, f)
    v = times(h.beta_2, moments[1, i]) + times(h.rest_2, times(f, f))
    moments[0, i] = m
    moments[1, i] = v
    return -times(h.lr, m / h.bias_1) / (float32(math.sqrt(v / h.bias_2)) + h.eps)


@jit
def adagrad(g: Any, w: Any, moments: Any, i: Any, h: Any) -> Any:
    """d from the sum of squared gradients of weight i, which is updated: ``moments`` (1, n) float32."""
    f = penalized(g, w, h)
    v = moments[0, i] + times(f, f)
    moments[0, i] = v
    return -times(h.lr, f) / (float32(math.sqrt(v)) + _ADAGRAD_EPS)


@jit
def ftrl_weight(z: Any, root: Any, h: Any) -> Any:
    """w*, for root = sqrt(n): where <z, w> + l1 |w| + ((beta + sqrt(n)) / eta + l2) w^2 / 2 is least."""
    if abs(z) <= h.l1:
        return _ZERO
    beyond = z - h.l1 if z > _ZERO else z + h.l1
    return -beyond / ((h.beta + root) / h.lr + h.l2)


@jit
def ftrl(g: Any, w: Any, moments: Any, i: Any, h: Any) -> Any:
    """d = w* - w from z and n of weight i, which are updated: ``moments`` (2, n) float32.

    Shares of w in z are differences of roots that are rounded once, so that they add up to sqrt(n) / eta as w* divides by it.
    """
    before = float32(math.sqrt(moments[1, i]))
    n = moments[1, i] + times(g, g)
    root = float32(math.sqrt(n))
    z = moments[0, i] + (g - times((root - before) / h.lr, w))
    moments[0, i] = z
    moments[1, i] = n
    return ftrl_weight(z, root, h) - w


@jit
def ftrl_start(w: Any, h: Any) -> Any:
    """z at which w* is w while n is 0: -sign(w) (|w| (beta / eta + l2) + l1)."""
    if w == _ZERO:
        return _ZERO
    size = times(abs(w), h.beta / h.lr + h.l2) + h.l1
    return -size if w > _ZERO else size


@jit
def reverse_nothing(moments: Any, i: Any) -> None:
    """Leave the moments: none of them has a sign."""


@jit
def reverse_mean(moments: Any, i: Any) -> None:
    """Change the sign of m."""
    moments[0, i] = -moments[0, i]


DIRECTIONS: dict[str, Scalar] = {"sgd": sgd, "momentum": momentum, "adam": adam, "adagrad": adagrad, "ftrl": ftrl}
N_MOMENTS = {"sgd": 0, "momentum": 1, "adam": 2, "adagrad": 1, "ftrl": 2}  # float32 numbers kept for each weight
# What happens to the moments of a parameter that is replaced by its negative: of optimizers that move step sizes, too.
REVERSALS: dict[str, Scalar] = {
    "sgd": reverse_nothing,
    "momentum": reverse_mean,
    "adam": reverse_mean,
    "adagrad": reverse_nothing,
}
