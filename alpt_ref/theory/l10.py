r"""L10: gradient noise dithers nearest rounding.  (exact, law)

w on the grid, the move in cells t = s + nu Z: mean update s = -eta E g/Delta, Gaussian noise of standard deviation
nu = eta sd(g)/Delta, no clipping. Then

    (a) E R_D(s + nu Z) = s + sum_{k >= 1} ((-1)^k/(pi k)) sin(2 pi k s) exp(-2 pi^2 k^2 nu^2)

so that the mean drift of DR is (1 - 2 exp(-2 pi^2 nu^2) + o(1)) s for small s. (b) At s = 0.05: 7e-5 of it survives at nu =
0.1, 18 % at 0.2, 67 % at 0.3, 98.6 % at 0.5, 99.99 % at 0.7. Where the noise of an update exceeds about half a step DR
has SR's mean (of its variance see L12); below a tenth it is dead (for s well below 1/2).

*Proof.* Fourier series of the sawtooth R_D(x) - x; the Gaussian's characteristic function. (The small-s formula needs nu >=
0.25; below, use the series.) []

(c) An exact law meets it: noise of finitely many outcomes at the quantiles of a Gaussian, one step from a grid point.

Source: this project's statement; the effect is the dither of quantization theory, with gradient noise for the dither.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import slopes
from alpt_ref.theory.claim import VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk


@dataclass(frozen=True)
class Params:
    """s and nu in cells; reference : the share that (b) gives, tolerance : how closely."""

    s: float
    nu: float
    reference: float = math.nan
    tolerance: float = 0.0


def series(s: float, nu: float) -> float:
    """(a), right side, to below 1e-16."""
    k = np.arange(1, 2 + int(7.0 / max(nu, 1e-3)))
    terms = (-1.0) ** k / (math.pi * k) * np.sin(2.0 * math.pi * k * s) * np.exp(-2.0 * (math.pi * k * nu) ** 2)
    return s + float(terms.sum())


def normal_sum(s: float, nu: float) -> float:
    """(a), left side: sum over n of n P(n - 1/2 < s + nu Z < n + 1/2), as sum over n of P(R >= n) - P(R <= -n)."""
    n = np.arange(1, 2 + int(abs(s) + 40.0 * nu + 1))
    above = ndtr(-(n - 0.5 - s) / nu)
    below = ndtr((-n + 0.5 - s) / nu)
    return float((above - below).sum())


def _equal(nu: float) -> Instance:
    def measure(draw: Draw) -> Measured:
        ss = (0.05, 0.25, 0.4, -0.3, 0.77, 1.6)
        return Measured(max(abs(series(s, nu) - normal_sum(s, nu)) for s in ss), 1e-15)

    return Instance(f"nu = {nu:g}, s = 0.05, 0.25, 0.4, -0.3, ...", Params(0.05, nu), measure)


def _share(nu: float, reference: float, tolerance: float) -> Instance:
    """The share of the drift that survives, by normal sums."""
    p = Params(0.05, nu, reference, tolerance)
    return Instance(f"s = 0.05, nu = {nu:g}", p, lambda draw: Measured(normal_sum(p.s, nu) / p.s, 1e-14))


def drift(s: float, nu: float, rule: Rule, outcomes: int) -> float:
    """The mean move, in cells, of one step whose gradient has ``outcomes`` equally likely values at Gaussian quantiles."""
    z = ndtri((np.arange(outcomes) + 0.5) / outcomes)
    problem = slopes(tuple(-(s + nu * z)), (1.0 / outcomes,) * outcomes, -32.0)
    return float(Walk(problem, Grid(6, 1.0), rule, Schedule(1.0), 1).exact().mean()[0])


def _met(name: str, nu: float, rule: Rule) -> Instance:
    n = 20_001
    p = Params(0.25, nu, series(0.25, nu), 2.0 / n)
    return Instance(f"{name}: s = 0.25, nu = {nu:g}", p, lambda draw: Measured(drift(0.25, nu, rule, n), 1e-12))


def _laws(setting: Setting) -> list[Instance]:
    met = [_met("nearest", nu, NEAREST) for nu in (0.1, 0.3, 0.5)]
    return [*met, _met("control, stochastic", 0.1, STOCHASTIC).expecting(VIOLATED)]


SERIES = Claim(
    "L10(a)",
    "DR with Gaussian noise: E R_D(s + nu Z) is the Fourier series: largest difference (1e-10)",
    "exact",
    lambda p: 0.0,
    lambda setting: [_equal(nu) for nu in (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)],
    tolerance=lambda p: 1e-10,
)
SHARES = Claim(
    "L10(b)",
    "share of DR's drift that survives at s = 0.05, to the digits given",
    "law",
    lambda p: p.reference,
    lambda setting: [
        _share(*case)
        for case in ((0.1, 7e-5, 5e-6), (0.2, 0.18, 5e-3), (0.3, 0.67, 5e-3), (0.5, 0.986, 5e-4), (0.7, 0.9999, 5e-5))
    ],
    tolerance=lambda p: p.tolerance,
)
LAW = Claim(
    "L10(c)",
    "one step of the exact law, 20,001 outcomes at Gaussian quantiles, has the mean move of the series (1e-4)",
    "law",
    lambda p: p.reference,
    _laws,
    tolerance=lambda p: p.tolerance,
)
CLAIMS = (SERIES, SHARES, LAW)
