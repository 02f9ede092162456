"""Update rules: which way a weight moves (SGD, Adam, AdaGrad) and how the move is stored (float32, or codes under a rounding).

    SGD     d = -eta_t g
    Adam    m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  d = -eta_t (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
    AdaGrad v = v + g^2,  d = -eta_t g / (sqrt(v) + eps)
    float   w <- w + d
    LPT     q <- clip(q + R(d / delta)),  w = delta q            no float32 copy of w exists
    ALPT    q <- clip(q + R((d + q (delta - delta')) / delta'))  onto the grid of the next step size delta'
    eta_t   eta, or eta / sqrt(t) with t = 1, 2, ... counted in steps

Adam: Kingma and Ba, arXiv 1412.6980, Algorithm 1. AdaGrad: Duchi et al., JMLR 12 (2011), 2121-2159, with diagonal matrices.
With ``update="touched"`` the moments of a row move only in steps that touch it, while t counts all steps.
"""

import math
from functools import cache
from typing import Any, NamedTuple

from numpy import float32

from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit, kernel
from alpt_ref.scalars.philox import centred_uniform
from alpt_ref.scalars.rounding import FLOAT32, Scalar, mover
from alpt_ref.scalars.slopes import next_delta

ADAM_BETA_1, ADAM_BETA_2, ADAM_EPS = 0.9, 0.999, 1e-8
ADAGRAD_EPS = 1e-10
_ADAGRAD_EPS = float32(ADAGRAD_EPS)


class When(NamedTuple):
    """The settings of one step: learning rate, whether it decays, l2 and t = 1, 2, ..."""

    lr: float
    decays: bool
    l2: float
    t: int


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
    )


@jit
def sgd_hyper(when: When, t: int) -> Hyper:
    """The scalars of step t, not ``when.t``, as far as SGD reads them: eta_t and l2."""
    zero = float32(0)
    eta = float32(learning_rate(when.lr, when.decays, t))
    return Hyper(eta, zero, zero, zero, zero, zero, zero, zero, float32(when.l2))


@jit
def sgd(g: Any, moments: Any, i: Any, h: Any) -> Any:
    """d = -eta_t g; keeps no state."""
    return -times(h.lr, g)


@jit
def adam(g: Any, moments: Any, i: Any, h: Any) -> Any:
    """d from the moments of weight i, which are updated: ``moments`` (2, n) float32."""
    m = times(h.beta_1, moments[0, i]) + times(h.rest_1, g)
    v = times(h.beta_2, moments[1, i]) + times(h.rest_2, times(g, g))
    moments[0, i] = m
    moments[1, i] = v
    return -times(h.lr, m / h.bias_1) / (float32(math.sqrt(v / h.bias_2)) + h.eps)


@jit
def adagrad(g: Any, moments: Any, i: Any, h: Any) -> Any:
    """d from the sum of squared gradients of weight i, which is updated: ``moments`` (1, n) float32."""
    v = moments[0, i] + times(g, g)
    moments[0, i] = v
    return -times(h.lr, g) / (float32(math.sqrt(v)) + _ADAGRAD_EPS)


@jit
def reverse_nothing(moments: Any, i: Any) -> None:
    """Leave the moments: none of them has a sign."""


@jit
def reverse_mean(moments: Any, i: Any) -> None:
    """Change the sign of Adam's m."""
    moments[0, i] = -moments[0, i]


DIRECTIONS: dict[str, Scalar] = {"sgd": sgd, "adam": adam, "adagrad": adagrad}
# What happens to the moments of a parameter that is replaced by its negative.
REVERSALS: dict[str, Scalar] = {"sgd": reverse_nothing, "adam": reverse_mean, "adagrad": reverse_nothing}
N_MOMENTS = {"sgd": 0, "adam": 2, "adagrad": 1}  # float32 numbers kept for each weight


@jit
def advance_float(entry: Any, d: Any, delta: Any, word: Any, mask: Any, lo: Any, hi: Any) -> Any:
    """w + d."""
    return entry + d


@cache
def code_advance(rounding: str) -> Scalar:
    """Function (entry, d, delta, word, mask, lo, hi) -> clip(q + R(d / delta)), a code; ``word`` has the bits of u."""
    move = mover(FLOAT32, rounding)

    @jit
    def advance_code(entry: Any, d: Any, delta: Any, word: Any, mask: Any, lo: Any, hi: Any) -> Any:
        return move(entry, d / delta, centred_uniform(word, mask), lo, hi)

    return advance_code


@cache
def code_regrid(rounding: str) -> Scalar:
    """Function (entry, d, old, new, word, mask, lo, hi) -> clip(R((old q + d) / new)), a code of the grid of step ``new``."""
    move = mover(FLOAT32, rounding)

    @jit
    def regrid_code(entry: Any, d: Any, old: Any, new: Any, word: Any, mask: Any, lo: Any, hi: Any) -> Any:
        t = (d + times(entry, old - new)) / new
        return move(entry, t, centred_uniform(word, mask), lo, hi)

    return regrid_code


@cache
def delta_step(optimizer: str) -> Scalar:
    """Function (delta, g, moments, i, h) -> the step size after a step down its gradient g, with number i of ``moments``."""
    direction, reverse = DIRECTIONS[optimizer], REVERSALS[optimizer]

    @jit
    def step(delta: Any, g: Any, moments: Any, i: Any, h: Any) -> Any:
        new, through_zero = next_delta(delta, direction(g + times(h.l2, delta), moments, i, h))
        if through_zero:
            reverse(moments, i)
        return new

    return step
