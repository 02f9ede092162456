r"""L12: symmetric gradient noise reverses C2: nearest rounding has the smaller error.  (exact, upper, lower, law)

f = lambda (w - c)^2/2, h = eta lambda, gradients with noise, which moves a target by noise of its own, in cells; no box.
V = E(w - c)^2/Delta^2 at stationarity, alpha = frac(c/Delta).

(a) Noise uniform on one cell, h <= 1: DR on noisy gradients *is* SR on exact ones, so that V_DR = alpha (1 - alpha), while
    V_SR = (1/4)/(h (2 - h)), and full precision has (1/12)/(h (2 - h)). The ratio of SR to DR is unbounded, at one and the same
    mean trajectory.
(b) Gaussian noise of nu cells, Q = sum_k exp(-2 pi^2 k^2 nu^2), 4 (1 - h) Q < 2 - h:
        V_DR <= ( nu^2 + 1/12 + Q (4 nu^2 + 1/pi^2) ) / ( h (2 - h) - 4 h (1 - h) Q )
        V_SR >= ( nu^2 + 1/6 - Q/pi^2 ) / ( h (2 - h) )
    So V_DR < V_SR for every nu >= 0.4, h <= 1 and c.
(c) Skewed noise turns it round. Noise of mean 0 that is rare and large, or frequent and small, biases DR; SR has no bias.

*Proof.* (a): P(R_D(n + a + U) = n + 1) = a. For SR, the noise adds 1/12, and rounding E a (1 - a) = 1/6 with a uniform.
(b): with y = R_D(x) - x and m = w + h (c - w), E[(x + y - c)^2 | w] = (1 - h)^2 (w - c)^2 + nu^2 + 1/12 + sum_k (-1)^k q_k
[ 2 (m - c) sin(2 pi k m)/(pi k) + 4 nu^2 cos(2 pi k m) + cos(2 pi k m)/(pi^2 k^2) ], q_k = exp(-2 pi^2 k^2 nu^2); w is an
integer, so that |sin(2 pi k m)| <= 2 pi k h |w - c|; the drift gives a finite second moment. []

How it is measured. Transition probabilities of Gaussian noise in closed form, on as many cells around c as hold all but 1e-13
of the mass; the stationary law by elimination (GTH).

Source: this project's statement. C2 on click data rests on the skewness of the gradients (L5), not on rounding noise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import ndtr

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Draw, Family, Instance, Measured, Setting
from alpt_ref.theory.verdict import worst_of
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import eliminated, stationary_law

Floats = NDArray[float64]
TAIL, LEAST = 1e-13, 1e-250  # chances that underflow are given this one: the chain stays irreducible
SLACK = 1e-8  # of bounds that are met to that as noise grows


@dataclass(frozen=True)
class Params:
    """h = eta lambda; nu : noise in cells; alpha : c in cells. reference, digit : what numbers compare with."""

    h: float
    nu: float
    alpha: float
    reference: float = math.nan
    digit: float = 0.0

    @property
    def Q(self) -> float:  # noqa: N802
        """The sum of (b)."""
        k = np.arange(1.0, 2.0 + 9.0 / self.nu)
        return float(np.exp(-2.0 * (math.pi * k * self.nu) ** 2).sum())

    def checks(self) -> Sequence[Check]:
        """The assumptions of (b)."""
        return (
            Check("h <= 1", self.h, "<=", 1.0),
            Check("4 (1 - h) Q < 2 - h", 4.0 * (1.0 - self.h) * self.Q, "<", 2.0 - self.h),
        )


def most(p: Params) -> float:
    """(b), V_DR."""
    h, square = p.h, p.nu**2
    over = square + 1.0 / 12.0 + p.Q * (4.0 * square + 1.0 / math.pi**2)
    return (1.0 + SLACK) * over / (h * (2.0 - h) - 4.0 * h * (1.0 - h) * p.Q)


def least(p: Params) -> float:
    """(b), V_SR."""
    return (1.0 - SLACK) * (p.nu**2 + 1.0 / 6.0 - p.Q / math.pi**2) / (p.h * (2.0 - p.h))


def ramp(z: Floats) -> Floats:
    """E(z - Z)^+ of a standard normal Z: z Phi(z) + phi(z); its second differences are chances of stochastic rounding."""
    return np.asarray(z * ndtr(z) + np.exp(-(z**2) / 2.0) / math.sqrt(2.0 * math.pi))


def transition_matrix(p: Params, rule: Rule, cells: Floats) -> Floats:
    """Chances of going from each of ``cells`` to each, (n, n): the target is w + h (c - w) + nu Z; the ends take all beyond.

    DR: P(k - 1/2 < x < k + 1/2). SR: E of the hat (1 - |x - k|)^+, which is a second difference of E(x - k)^+.
    """
    mean = cells + p.h * (p.alpha - cells)
    low = (cells[None, :] - 0.5 - mean[:, None]) / p.nu
    if rule is NEAREST:
        P = ndtr(low + 1.0 / p.nu) - ndtr(low)
        upper = low > 0  # differences of small numbers, in the upper tail too
        P[upper] = (ndtr(-low) - ndtr(-low - 1.0 / p.nu))[upper]
    else:
        d = (cells[None, :] - mean[:, None]) / p.nu
        P = p.nu * (ramp(-d + 1.0 / p.nu) - 2.0 * ramp(-d) + ramp(-d - 1.0 / p.nu))
        P = np.maximum(P, 0.0)
    P[:, 0] += np.maximum(1.0 - P.sum(axis=1), 0.0) * (mean < p.alpha)
    P[:, -1] += np.maximum(1.0 - P.sum(axis=1), 0.0)
    return np.asarray(P)


def second_moment(p: Params, rule: Rule) -> Measured:
    """V: the mean of (w - c)^2 in cells^2. The half width covers what lies beyond the cells, and rounding."""
    spread = math.sqrt(least(p) if p.nu >= 0.3 else (p.nu**2 + 0.5) / (p.h * (2.0 - p.h)))
    reach = math.ceil(9.0 * spread + 4.0)
    cells = np.arange(-reach, reach + 1.0)
    P = np.maximum(transition_matrix(p, rule, cells), LEAST)
    np.fill_diagonal(P, 0.0)
    law = eliminated(P)
    squares = (cells - p.alpha) ** 2
    value = float(law @ squares)
    ends = Check("mass at the ends", float(law[0] + law[-1]), "<=", TAIL)
    return Measured(value, 1e-9 * value, (ends,))


def _uniform(h_inverse: int, cells: int, outcomes: int) -> tuple[FiniteProblem, FiniteProblem]:
    """The noisy quadratic, noise of one cell at the midpoints of ``outcomes`` equal parts, and the exact one; Delta = 1."""
    c, u = cells / h_inverse, (np.arange(outcomes) + 0.5) / outcomes - 0.5
    noise = u * h_inverse  # of the gradient: eta = h moves the target by u cells

    def loss(w: Floats) -> Floats:
        return np.asarray((w[:, 0] - c) ** 2 / 2.0)

    star = np.array([c])
    noisy = FiniteProblem(
        "noisy", lambda w: (w - c)[None] + noise[:, None, None], np.full(outcomes, 1.0 / outcomes), loss, star, 0.0, 1.0, 1.0
    )
    return noisy, FiniteProblem("exact", lambda w: (w - c)[None], np.ones(1), loss, star, 0.0, 1.0, 1.0)


def _laws(h_inverse: int, cells: int, bits: int, rule: Rule) -> Instance:
    """(a): the L1 distance of the stationary laws of ``rule`` on noisy gradients and of SR on exact ones.

    All targets are multiples of 1/h_inverse^2, and so many midpoints make the chance of rounding up exact.
    """
    p = Params(1.0 / h_inverse, 1.0, cells / h_inverse)

    def measure(draw: Draw) -> Measured:
        noisy, exact = _uniform(h_inverse, cells, h_inverse**2)
        grid, eta = Grid(bits, 1.0), 1.0 / h_inverse
        one, other = stationary_law(noisy, grid, rule, eta=eta), stationary_law(exact, grid, STOCHASTIC, eta=eta)
        return Measured(float(np.abs(one.probability - other.probability).sum()), 1e-13)

    return Instance(f"{rule.name}: h = 1/{h_inverse}, c = {cells}/{h_inverse}", p, measure)


def _equalities(setting: Setting) -> list[Instance]:
    out = [_laws(16, 5, 4, NEAREST), _laws(8, 4, 4, NEAREST), _laws(64, 17, 3, NEAREST)]
    return [*out, replace(_laws(16, 5, 4, STOCHASTIC), name="control, stochastic on noise").expecting(VIOLATED)]


def _numbers(setting: Setting) -> list[Instance]:
    """(a), h = 1/64, c half way: V of DR and of SR on noisy gradients, in cells^2."""
    out = []
    for rule, reference, digit, bits in ((NEAREST, 0.25, 1e-9, 3), (STOCHASTIC, 8.0629921, 1e-6, 6)):
        p = Params(1.0 / 64.0, 1.0, 0.5, reference, digit)

        def measure(draw: Draw, rule: Rule = rule, bits: int = bits) -> Measured:
            noisy, _ = _uniform(64, 32, 4096 if rule is NEAREST else 512)
            law = stationary_law(noisy, Grid(bits, 1.0), rule, eta=1.0 / 64.0)
            return Measured(2.0 * law.mean(noisy.loss), 1e-10)

        out.append(Instance(f"{rule.name}: h = 1/64, c half way", p, measure))
    return out


def _name(p: Params) -> str:
    return f"nu = {p.nu:g}, h = {p.h:g}, c = {p.alpha:g}"


def _cases(full: bool) -> list[Params]:
    hs, cs = ((0.01, 0.1, 0.5, 1.0), (0.0, 0.3, 0.5)) if full else ((0.01, 0.2, 1.0), (0.0, 0.3))
    return [Params(h, nu, c) for nu in (0.35, 0.4, 0.5, 0.7, 1.0, 2.0) for h in hs for c in cs]


def _moments(setting: Setting, rule: Rule, other: Rule, control: float) -> list[Instance]:
    out = [Instance(_name(p), p, lambda draw, p=p: second_moment(p, rule)) for p in _cases(setting.full)]  # type: ignore[misc]
    p = Params(0.01, control, 0.0)
    return [
        *out,
        Instance(f"control, {other.name}: {_name(p)}"[:44], p, lambda draw: second_moment(p, other), expected=VIOLATED),
    ]


def _ratio(p: Params) -> Instance:
    def measure(draw: Draw) -> Measured:
        dr, sr = second_moment(p, NEAREST), second_moment(p, STOCHASTIC)
        value = dr.value / sr.value
        return Measured(value, 2e-9 * value, dr.checks + sr.checks)

    return Instance(_name(p), p, measure)


def _ratios(setting: Setting) -> list[Instance]:
    """V_DR/V_SR at nu >= 0.4: the worst of lattices of (h, c)."""
    hs, cs = (0.01, 0.05, 0.2, 0.5, 0.9, 1.0), (0.0, 0.25, 0.5)

    def lattice(nu: float) -> Instance:
        def members(count: int, seed: int) -> list[Instance]:
            return [_ratio(Params(h, nu, c)) for h in hs for c in cs]

        return replace(worst_of("h, c", members, Family(len(hs) * len(cs), 0)), name=f"nu = {nu:g}: worst of 6 h, 3 c")

    return [lattice(nu) for nu in (0.4, 0.5, 0.8, 1.5)]


def _references(setting: Setting) -> list[Instance]:
    numbers = ((0.2, 0.447), (0.3, 0.599), (0.4, 0.719), (0.5, 0.793), (1.0, 0.925))
    return [_ratio(Params(0.01, nu, 0.0, r, 0.01 * r)) for nu, r in numbers]


@dataclass(frozen=True)
class SkewParams:
    """Noise of mean 0: a cells up with probability share, else down."""

    h: float
    share: float
    large: float


def _skewed(p: SkewParams, rule: Rule, name: str) -> Instance:
    """|E w - c| in cells, noise of +large cells with probability share, and -large share/(1 - share) otherwise."""
    values = np.array([p.large, -p.large * p.share / (1.0 - p.share)])
    problem = FiniteProblem(
        "skewed", lambda w: w[None] - values[:, None, None] / p.h, np.array([p.share, 1.0 - p.share]),
        lambda w: w[:, 0] ** 2 / 2.0, np.zeros(1), 0.0, 1.0, 1.0,
    )  # fmt: skip

    def measure(draw: Draw) -> Measured:
        law = stationary_law(problem, Grid(9, 1.0), rule, eta=p.h)
        none = Check("no clipping: probability", law.clipped, "<=", 1e-12)
        return Measured(abs(float(law.mean()[0])), 1e-8, (none,))

    return Instance(name, p, measure)


def _skews(setting: Setting) -> list[Instance]:
    p = SkewParams(0.02, 0.03, 16.0)
    return [
        _skewed(p, STOCHASTIC, "stochastic: 3 % / 97 %"),
        _skewed(replace(p, large=-16.0), STOCHASTIC, "stochastic: 97 % / 3 %"),
        _skewed(p, NEAREST, "control, nearest: 3 % / 97 %").expecting(VIOLATED),
    ]


EQUAL = Claim(
    "L12(a)",
    "noise uniform on a cell: DR on noisy gradients has the stationary law of SR on exact ones: L1 distance",
    "exact",
    lambda p: 0.0,
    _equalities,
    tolerance=lambda p: 1e-10,
)
NUMBERS = Claim(
    "L12(ref)",
    "the same, c half way: V = 1/4 under DR, (1/4)/(h (2 - h)) under SR",
    "law",
    lambda p: p.reference,
    _numbers,
    tolerance=lambda p: p.digit,
)
UPPER = Claim(
    "L12(b<)",
    "DR, Gaussian noise of nu cells: V <= (nu^2 + 1/12 + Q(4 nu^2 + 1/pi^2))/(h(2-h) - 4h(1-h)Q)",
    "upper",
    most,
    lambda setting: _moments(setting, NEAREST, STOCHASTIC, 0.4),
)
LOWER = Claim(
    "L12(b>)",
    "SR, Gaussian noise of nu cells: V >= (nu^2 + 1/6 - Q/pi^2)/(h (2 - h))",
    "lower",
    least,
    lambda setting: _moments(setting, STOCHASTIC, NEAREST, 0.4),
)
RATIO = Claim(
    "L12(c)",
    "Gaussian noise of nu >= 0.4 cells, h <= 1, any c: V of DR < V of SR; the ratio",
    "upper",
    lambda p: 1.0,
    _ratios,
)
SHARES = Claim(
    "L12(nu)",
    "the ratio at h = 0.01, against reference numbers found by simulation (1 %)",
    "law",
    lambda p: p.reference,
    _references,
    tolerance=lambda p: p.digit,
    checks=lambda p: (),
)
SKEWED = Claim(
    "L12(skew)",
    "skewed noise of mean 0: SR's mean is c: |E w - c| in cells; DR's is not",
    "upper",
    lambda p: 1e-6,
    _skews,
)
CLAIMS = (EQUAL, NUMBERS, UPPER, LOWER, RATIO, SHARES, SKEWED)
