"""The phase diagram of rounding, and the rounding that a weight's moves speak for.

A weight's moves have a mean s, a standard deviation nu and a skewness, in cells.

    frozen      |u| < 1/2 in nearly every step: nearest rounding leaves the weight where it began (L3, L9)
    sign-like   nearly every |u| is between 1/2 and 3/2: both roundings walk alike, nearest is faster (L13)
    skewed      |skewness| > 1: nearest rounding is biased (L5, L12(d))
    dithered    the rest: noise dithers nearest rounding, whose error is then the smaller one (L10, L12)

Besides, two errors are estimated for each weight, in cells^2, from what was watched under stochastic rounding, h being the
restoring rate -Cov(q, u)/Var(q):

    SR      ( Var u + E a(1 - a) ) / (h (2 - h))
    DR      ( E R_D(u) - E u )^2 / h^2 + Var R_D(u) / (h (2 - h));   where it is frozen: (E q - q_1)^2
"""

from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.studies.phases.moves import Moves

Floats = NDArray[float64]
PHASES = ("frozen", "sign-like", "skewed", "dithered")
LEAST_STEPS, NEARLY, SKEWED, SLOWEST = 30, 0.995, 1.0, 1e-4


class Weights(NamedTuple):
    """One entry for each weight that was touched often enough, float64 (n,); phase indexes PHASES. steps : how often."""

    steps: Floats
    s: Floats
    nu: Floats
    skewness: Floats
    phase: NDArray[np.int64]
    sr: Floats
    dr: Floats


def weights_of(m: Moves) -> Weights:
    """Statistics, phase and both estimated errors of the weights that were touched in 30 steps or more."""
    some = m.n >= LEAST_STEPS
    n = m.n[some]
    s, uu, uuu, r, q = (x[some] / n for x in (m.u, m.uu, m.uuu, m.r, m.q))
    var_u, var_q = np.maximum(uu - s * s, 0.0), np.maximum(m.qq[some] / n - q * q, 0.0)
    third = uuu - 3.0 * s * uu + 2.0 * s**3
    skewness = np.divide(third, var_u**1.5, out=np.zeros_like(s), where=var_u > 0)
    small, large = m.small[some] / n, np.sqrt(uu) < 1.5
    phase = np.full(n.size, 3)
    phase[np.abs(skewness) > SKEWED] = 2
    phase[(small < 1.0 - NEARLY) & large] = 1
    phase[small > NEARLY] = 0
    pull = np.divide(s * q - m.qu[some] / n, var_q, out=np.full_like(s, SLOWEST), where=var_q > 0)
    h = np.clip(pull, SLOWEST, 1.0)
    sr = (var_u + m.spread[some] / n) / (h * (2.0 - h))
    var_r = np.maximum(m.rr[some] / n - r * r, 0.0)
    dr = ((r - s) / h) ** 2 + var_r / (h * (2.0 - h))
    frozen = phase == 0
    sr[frozen], dr[frozen] = var_q[frozen], (q[frozen] - m.first[some][frozen]) ** 2
    return Weights(n, s, np.sqrt(var_u), skewness, phase, sr, dr)


class Prediction(NamedTuple):
    """Shares of all touches.

    phases : in each of PHASES. nearest : by weights whose estimated error is smaller under nearest rounding.
    """

    phases: tuple[float, ...]
    nearest: float
    s: float  # medians over weights, each counted as often as it was touched
    nu: float
    skewness: float

    @property
    def winner(self) -> str:
        """DR or SR, by the majority of touches."""
        return "DR" if self.nearest > 0.5 else "SR"


def predict(w: Weights) -> Prediction:
    """What the weights speak for, each with as many votes as it was touched."""
    total = w.steps.sum()
    phases = tuple(float(w.steps[w.phase == i].sum() / total) for i in range(len(PHASES)))
    nearest = float(w.steps[w.dr < w.sr].sum() / total)
    return Prediction(phases, nearest, *(_median(np.abs(x), w.steps) for x in (w.s, w.nu, w.skewness)))


def _median(x: Floats, votes: Floats) -> float:
    order = np.argsort(x)
    return float(x[order][np.searchsorted(np.cumsum(votes[order]), votes.sum() / 2.0)])
