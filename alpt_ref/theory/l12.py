r"""L12: symmetric gradient noise reverses C2: nearest rounding has the smaller error.  (exact, upper, lower, law)

f = lambda (w - c)^2/2, h = eta lambda, gradients with noise, which moves a target by noise of its own, in cells; no box.
V = E(w - c)^2/Delta^2 at stationarity, alpha = frac(c/Delta).

(a) Noise uniform on one cell, and (d) skewed noise: ``l12_uniform``.
(b) Gaussian noise of nu cells, Q = sum_k exp(-2 pi^2 k^2 nu^2), 4 (1 - h) Q < 2 - h:
        V_DR <= ( nu^2 + 1/12 + Q (4 nu^2 + 1/pi^2) ) / ( h (2 - h) - 4 h (1 - h) Q )
        V_SR >= ( nu^2 + 1/6 - Q/pi^2 ) / ( h (2 - h) )
    So V_DR < V_SR for every nu >= 0.4, h <= 1 and c.

*Proof of (b).* With y = R_D(x) - x and m = w + h (c - w),

    E[(x + y - c)^2 | w] = (1 - h)^2 (w - c)^2 + nu^2 + 1/12
        + sum_k (-1)^k q_k [ 2 (m - c) sin(2 pi k m)/(pi k) + 4 nu^2 cos(2 pi k m) + cos(2 pi k m)/(pi^2 k^2) ],

q_k = exp(-2 pi^2 k^2 nu^2). w is an integer, so that |sin(2 pi k m)| <= 2 pi k h |w - c|; the drift gives a finite second
moment. SR: the error of rounding has variance E a (1 - a), 1/6 less Q/pi^2 at least. []

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

from alpt_ref.theory.claim import VIOLATED, Check, Claim, Draw, Family, Instance, Measured, Setting
from alpt_ref.theory.verdict import worst_of
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import eliminated

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
CLAIMS = (UPPER, LOWER, RATIO, SHARES)
