"""The phase diagram of rounding, and the rounding that the moves of a model's weights speak for.

A weight's moves have a mean s, a standard deviation nu and a skewness, in cells. Its phase:

    frozen      |u| < 1/2 in nearly every step: nearest rounding leaves the weight where it is (L3, L9)      for SR
    sign-like   1/2 < |u| < 3/2 in nearly every step: both roundings walk alike, nearest faster (L13)        for DR
    skewed      |skewness| > 1: nearest rounding is biased (L5, L12(d))                                      for SR
    dithered    the rest: noise dithers nearest rounding, whose error is then the smaller one (L10, L12)     for DR

The first prediction is that of the phases in the run under nearest rounding, the second that of errors. An error, in cells^2,
is predicted from the moves of a run, h being the restoring rate -Cov(q, u)/Var(q):

    SR      ( Var u + E a(1 - a) ) / (h (2 - h))
    DR      ( E R_D(u) - E u )^2 / h^2 + Var R_D(u) / (h (2 - h))
    DR, of a frozen weight: its squared distance from the mean under SR
"""

from typing import NamedTuple

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from alpt_ref.studies.phases.moves import Moves

Floats = NDArray[float64]
PHASES = ("frozen", "sign-like", "skewed", "dithered")
FOR_DR = ("sign-like", "dithered")
LEAST_STEPS, NEARLY, SKEWED, SLOWEST = 30, 0.995, 1.0, 1e-4


class Weights(NamedTuple):
    """Statistics of each weight, (n, k) each. seen : touched in 30 steps or more; elsewhere the numbers mean nothing.

    steps : how often touched. q : mean code. phase indexes PHASES. error : predicted, in cells^2.
    """

    seen: NDArray[bool_]
    steps: Floats
    q: Floats
    s: Floats
    nu: Floats
    skewness: Floats
    phase: NDArray[int64]
    error: Floats


def weights_of(m: Moves, rounding: str) -> Weights:
    """Statistics, phase and predicted error of the weights of a run under ``rounding``, "nearest" or "stochastic"."""
    seen, n = m.n >= LEAST_STEPS, np.maximum(m.n, 1.0)
    s, uu, r, q = m.u / n, m.uu / n, m.r / n, m.q / n
    var_u, var_q, var_r = (np.maximum(x, 0.0) for x in (uu - s * s, m.qq / n - q * q, m.rr / n - r * r))
    third = m.uuu / n - 3.0 * s * uu + 2.0 * s**3
    skewness = np.divide(third, var_u**1.5, out=np.zeros_like(s), where=var_u > 0)
    phase = np.full(s.shape, PHASES.index("dithered"))
    phase[np.abs(skewness) > SKEWED] = PHASES.index("skewed")
    phase[m.middle / n > NEARLY] = PHASES.index("sign-like")
    phase[m.small / n > NEARLY] = PHASES.index("frozen")
    pull = np.divide(s * q - m.qu / n, var_q, out=np.full_like(s, SLOWEST), where=var_q > 0)
    h = np.clip(pull, SLOWEST, 1.0)
    if rounding == "stochastic":
        error = (var_u + m.spread / n) / (h * (2.0 - h))
    else:
        error = ((r - s) / h) ** 2 + var_r / (h * (2.0 - h))
    return Weights(seen, m.n, q, s, np.sqrt(var_u), skewness, phase, error)


class Prediction(NamedTuple):
    """Each weight has as many votes as it was touched; more than half of them decide.

    sr_phases, dr_phases : shares in each of PHASES, in the two runs. nearest : share of those whose predicted error is smaller
    under nearest rounding. ratio : the sum of DR's predicted errors over that of SR's, which few weights with little pull may
    decide; it predicts nothing. sr, dr : medians of |s|, nu and |skewness| in the two runs.
    """

    sr_phases: tuple[float, ...]
    dr_phases: tuple[float, ...]
    nearest: float
    ratio: float
    sr: tuple[float, float, float]
    dr: tuple[float, float, float]

    @property
    def by_phase(self) -> str:
        """DR or SR: what most weights' phases under nearest rounding say."""
        return _winner(sum(share for phase, share in zip(PHASES, self.dr_phases, strict=True) if phase in FOR_DR))

    @property
    def by_error(self) -> str:
        """DR or SR: which of them most weights' predicted errors are smaller under."""
        return _winner(self.nearest)


def predict(sr: Weights, sr_delta: float, dr: Weights, dr_delta: float) -> Prediction:
    """The rounding that the weights of a run under each speak for; errors are compared in units of the weights."""
    both = sr.seen & dr.seen
    votes = sr.steps[both]
    away = (dr.q * dr_delta - sr.q * sr_delta) ** 2
    of_dr = np.where(dr.phase == PHASES.index("frozen"), away, dr.error * dr_delta**2)
    of_sr = sr.error * sr_delta**2
    nearest = float(votes[(of_dr < of_sr)[both]].sum() / votes.sum())
    ratio = float(votes @ of_dr[both] / (votes @ of_sr[both]))
    phases = [tuple(float(votes[(w.phase == i)[both]].sum() / votes.sum()) for i in range(len(PHASES))) for w in (sr, dr)]
    medians = [tuple(_median(np.abs(x[both]), votes) for x in (w.s, w.nu, w.skewness)) for w in (sr, dr)]
    return Prediction(phases[0], phases[1], nearest, ratio, *medians)  # type: ignore[arg-type]


def _winner(for_nearest: float) -> str:
    return "DR" if for_nearest > 0.5 else "SR"


def _median(x: Floats, votes: Floats) -> float:
    order = np.argsort(x)
    return float(x[order][np.searchsorted(np.cumsum(votes[order]), votes.sum() / 2.0)])
