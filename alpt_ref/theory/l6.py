r"""L6: stochastic rounding with few random bits drifts upward.  (lower, upper, law)

u uniform on {0, ..., 2^k - 1}/2^k, up when u < a: P(up) = ceil(2^k a)/2^k. From a grid point a downward update smaller than
2^-k Delta never moves, an upward one of any size moves with probability at least 2^-k. In the setting of L5(b), eta <= 4,
theta_k = 2^-k Delta/eta:

(a) w_t >= min( w_1, logit(theta_k) - Delta );
(b) any stationary law reached from w_1 >= logit(theta_k) - Delta has, up to the clipping term of L5(a),
    max( p, e^-Delta theta_k ) <= mean predicted CTR < p + theta_k;
(c) the centred variant u + 2^-(k+1) has P(up) = round(2^k a)/2^k, halves down: a bias of at most 2^-(k+1) Delta, of either
    sign, and its dead zone acts both ways.

*Proof.* The bias of a step is in [0, 2^-k Delta) (Q2), and stationarity gives eta E g = E bias. (a) is L5(b)'s proof with
theta_k: rounding down loses at most (1 - 2^-k) Delta, and eta theta_k = 2^-k Delta. Choose k with 2^k >> Delta/(eta p). []

Source: this project's statement.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import expit, logit

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import click_rate, clicks
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.walks.asked import enumerated
from alpt_ref.walks.rule import STOCHASTIC, Rule, centred_bits, random_bits
from alpt_ref.walks.stationary import reachable, stationary_law

GRID = Grid(8, 0.05)
DELTA = float(GRID.delta)


@dataclass(frozen=True)
class Params:
    """k random bits; reference : what (ref) compares with; clip_term : of the law."""

    k: int
    p: float
    eta: float
    w_1: float = 0.0
    delta: float = DELTA
    reference: float = math.nan
    digit: float = 0.0
    clip_term: float = 0.0

    @property
    def theta(self) -> float:
        """theta_k."""
        return 2.0**-self.k * self.delta / self.eta

    @property
    def name(self) -> str:
        """The instance's name."""
        return f"k = {self.k}, p = {self.p:g}, eta = {self.eta / self.delta:g} Delta"

    def checks(self) -> Sequence[Check]:
        """The assumptions of (a) and (b)."""
        edge = float(logit(self.theta)) - self.delta if self.theta < 1.0 else math.inf
        return (Check("eta <= 4", self.eta, "<=", 4.0), Check("w_1 >= logit(theta) - Delta", self.w_1, ">=", edge))


def lower(p: Params) -> float:
    """(b), left."""
    return max(p.p, math.exp(-p.delta) * p.theta) - p.clip_term


def upper(p: Params) -> float:
    """(b), right."""
    return p.p + p.theta + p.clip_term


def floor(p: Params) -> float:
    """(a), as a click rate."""
    return min(float(expit(p.w_1)), float(expit(logit(p.theta) - p.delta)))


def _mean(p: Params) -> Instance:
    """The mean CTR, its clipping term into the parameters, widened by the law's residual."""

    def measure(draw: Draw) -> Measured:
        law = stationary_law(clicks(p.p), GRID, random_bits(p.k), eta=p.eta, start=p.w_1)
        completed = replace(p, clip_term=float(law.clip_gradient[0]))
        return Measured(law.mean(click_rate), law.residual * 12.8 / p.eta, params=completed)

    return Instance(p.name, p, measure)


def _least(name: str, p: Params, rule: Rule) -> Instance:
    def measure(draw: Draw) -> Measured:
        points = reachable(clicks(p.p), GRID, rule, eta=p.eta, start=p.w_1)
        return Measured(float(expit(points.min())), 1e-15)

    return Instance(name, p, measure)


def _leasts(setting: Setting) -> list[Instance]:
    out = [_least(p.name, p, random_bits(p.k)) for p in _cases(setting) if p.k <= 8]
    p = Params(4, 0.03, 2 * DELTA)
    return [*out, _least(f"control, SR: {p.name}", p, STOCHASTIC).expecting(VIOLATED)]


def _means(setting: Setting) -> list[Instance]:
    return [_mean(p) for p in _cases(setting)]


def _cases(setting: Setting) -> list[Params]:
    ks = (1, 2, 4, 8, 16) if not setting.full else tuple(range(1, 17))
    return [Params(k, p, eta * DELTA) for p, eta in ((0.03, 2.0), (0.003, 4.0), (0.2, 1.5)) for k in ks]


def _centred(k: int) -> Instance:
    return Instance(f"centred, k = {k}", Params(k, 0.0, 1.0), lambda draw: Measured(enumerated(centred_bits(k)).bias, 1e-15))


def _references(setting: Setting) -> list[Instance]:
    numbers = ((1, 0.488, 5e-4), (2, 0.251, 5e-4), (3, 0.1263, 5e-5), (4, 0.0628, 5e-5), (5, 0.0434, 5e-5), (6, 0.0378, 5e-5),
               (8, 0.0318, 5e-5), (12, 0.0301, 5e-5), (24, 0.0300, 5e-5))  # fmt: skip
    return [_mean(Params(k, 0.03, DELTA, 0.0, DELTA, value, digit)) for k, value, digit in numbers]


LEAST = Claim(
    "L6(a)",
    "SR(k), intercept, eta <= 4: CTR >= min(sigma(w_1), sigma(logit(theta_k) - Delta)), here the least reachable",
    "lower",
    floor,
    _leasts,
)
LOWER = Claim(
    "L6(b<)",
    "SR(k), stationary: mean CTR >= max(p, e^-Delta theta_k), theta_k = 2^-k Delta/eta, up to clipping",
    "lower",
    lower,
    _means,
)
UPPER = Claim(
    "L6(b>)",
    "SR(k), stationary: mean CTR < p + theta_k, up to clipping",
    "upper",
    upper,
    _means,
)
CENTRED = Claim(
    "L6(c)",
    "SR(k) with centred uniforms: |bias| <= 2^-(k+1) Delta, in cells",
    "upper",
    lambda p: 2.0 ** -(p.k + 1) + 1e-12,
    lambda setting: [_centred(k) for k in (1, 3, 8)],
    lambda p: (),
)
NUMBERS = Claim(
    "L6(ref)",
    "reference numbers: p = 0.03, 8 bits, Delta = 0.05 = eta, stationary mean CTR, to the digits given",
    "law",
    lambda p: p.reference,
    _references,
    lambda p: (),
    tolerance=lambda p: p.digit,
)
CLAIMS = (LEAST, LOWER, UPPER, CENTRED, NUMBERS)
