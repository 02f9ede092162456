r"""L5: nearest rounding inflates the click rate; stochastic rounding does not.  (upper, lower, law)

Constant eta.

(a) Any stationary law of LPT(SR) has |E g_i| <= E[ |g_i| 1{coordinate i is clipped} ], 0 without clipping. For logistic
    regression with one-hot features and independent examples: for every feature, up to that term, the mean prediction is the
    mean label.
(b) DR, one-hot logistic regression, one example a step: an example without a click and with predicted CTR below
    theta = Delta/(2 eta) changes nothing, one with a click never lowers a weight. One feature, eta <= 4, whatever the data:
    w_t >= min( w_1, logit(theta) - Delta ), so the CTR is never below min( sigma(w_1), e^-Delta Delta/(2 eta) ).
(c) eta_t = eta/sqrt(t): theta_t = Delta sqrt(t)/(2 eta) grows; while the CTR is below 1/2 examples without a click stop acting
    first, those with one push on, then all freezes (L3).

*Proof.* (a): 0 = E[w' - w] = -eta E g + E[P(x) - x], and |P(x)_i - x_i| <= eta |g_i|, zero unless clipped. (b): w - eta
sigma(w) is non-decreasing for eta <= 4; where sigma(w) >= theta, w - eta sigma(w) >= logit(theta) - Delta/2, and rounding
loses at most Delta/2; sigma(z - Delta) >= e^-Delta sigma(z). (theta >= 1: no weight ever goes down.) (c): |residual| is sigma
< 1/2 without a click and 1 - sigma > 1/2 with one. []

For larger eta one step can jump far below (b): Delta = 0.05, 10 bits, eta = 20 goes from w = 2 to CTR 1.7e-7, theta = 1.25e-3.

(d), a refuted conjecture, and reference numbers: ``l5_numbers``.

Source: this project's statement. ``analysis/calibration.py`` studies it on models and data.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import float32
from scipy.special import expit

from alpt_ref.grid import Grid
from alpt_ref.problems.box import codes_of
from alpt_ref.problems.finite import FiniteProblem, click_rate, clicks
from alpt_ref.problems.joint import click_table
from alpt_ref.theory import l5_numbers
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.l5_numbers import REFERENCE
from alpt_ref.theory.verdict import rounds_to_nearest, unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import reachable, stationary_law
from alpt_ref.walks.transition import transitions


@dataclass(frozen=True)
class BalanceParams:
    """(a); clip_term : E[|g| 1{clipped}], which the law knows."""

    bits: int
    delta: float
    eta: float
    clip_term: float = math.nan


def _balance(name: str, problem: FiniteProblem, grid: Grid, eta: float, rule: Rule) -> Instance:
    before = BalanceParams(grid.bits, float(grid.delta), eta)

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = stationary_law(problem, grid, asked.of(rule), eta=eta)
        where = int(np.argmax(np.abs(law.gradient) - law.clip_gradient))
        p = replace(before, clip_term=float(law.clip_gradient[where]))
        scale = float(grid.delta) * 2**grid.bits / eta
        note = f"clipped with probability {law.clipped:.2g}"
        if problem.d == 1:
            note += f"; mean CTR {law.mean(click_rate):.6f}"
        return Measured(abs(float(law.gradient[where])), law.residual * scale, (unbiased(asked),), note, p)

    return Instance(name, before, measure)


def _balances(setting: Setting) -> list[Instance]:
    rule, rare = setting.rule_or(STOCHASTIC), clicks(0.03)
    pair = click_table([[1, 0], [0, 1], [1, 1]], [0.1, 0.3, 0.2], [0.4, 0.3, 0.3])
    out = [_balance(f"clicks at 3%, eta = {eta}", rare, REFERENCE, eta, rule) for eta in (0.1, 0.2, 0.5)]
    out.append(_balance("clicks at 3%, 3 bits: clipped often", rare, Grid(3, 0.25), 0.2, rule))
    out.append(_balance("clicks at 3%, batch 16", clicks(0.03, 16), REFERENCE, 0.5, rule))
    out.append(_balance("two features, three types of example", pair, Grid(6, 0.15), 0.3, rule))
    if setting.rule is None:
        out.append(_balance("control: nearest, clicks at 3%", rare, REFERENCE, 0.2, NEAREST).expecting(VIOLATED))
    return out


@dataclass(frozen=True)
class FloorParams:
    """(b), from the grid point that is nearest to w_1."""

    p: float
    bits: int
    delta: float
    eta: float
    w_1: float

    @property
    def start(self) -> float:
        """The grid point nearest to w_1."""
        delta = float(Grid(self.bits, self.delta).delta)
        return delta * round(self.w_1 / delta)

    def checks(self) -> Sequence[Check]:
        """The assumption."""
        return (Check("eta <= 4", self.eta, "<=", 4.0),)


def floor(p: FloorParams) -> float:
    """(b): min( sigma(w_1), e^-Delta theta ), or sigma(w_1) where theta >= 1: sigma(logit(theta) - Delta) is no smaller. Less
    1e-12 of it, for a walk that never falls meets it.
    """
    theta = p.delta / (2.0 * p.eta)
    start = float(expit(p.start))
    return (1.0 - 1e-12) * (start if theta >= 1.0 else min(start, math.exp(-p.delta) * theta))


def _least(p: FloorParams, rule: Rule, name: str = "") -> Instance:
    def measure(draw: Draw) -> Measured:
        grid, asked = Grid(p.bits, p.delta), Asked(nearest=True)
        points = reachable(clicks(p.p), grid, asked.of(rule), eta=p.eta, start=p.start)
        least = float(expit(points.min()))
        return Measured(least, 1e-15 * least, (rounds_to_nearest(asked),))

    return Instance(name or f"p = {p.p:g}, Delta = {p.delta:g}, eta = {p.eta:g}", p, measure)


def _floors(setting: Setting) -> list[Instance]:
    rule, d = setting.rule_or(NEAREST), float(REFERENCE.delta)
    cases = [FloorParams(0.03, 8, d, eta, 0.0) for eta in (0.1, 0.2, 0.5, 2.0, 4.0)]
    cases.append(FloorParams(1e-4, 9, d, 0.5, 1.0))
    cases += [FloorParams(0.0, 8, float(float32(0.1)), 1.0, 2.0), FloorParams(0.0, 10, float(float32(0.02)), 3.0, 2.0)]
    out = [_least(p, rule) for p in cases]
    if setting.rule is None:
        far, near = FloorParams(0.0, 10, d, 20.0, 2.0), FloorParams(0.03, 8, d, 0.2, 0.0)
        out.append(_least(far, NEAREST, "control: eta = 20 leaps below").expecting(NOT_APPLICABLE))
        out.append(_least(near, STOCHASTIC, "control: stochastic").expecting(VIOLATED))
    return out


@dataclass(frozen=True)
class FreezeParams:
    """(c)."""

    p: float
    delta: float
    eta: float


def _order(name: str, p: float, eta: float, rule: Rule) -> Instance:
    """States of CTR below 1/2, at 400 steps, where (c) is wrong about which examples act."""

    def measure(draw: Draw) -> Measured:
        grid, problem, asked = Grid(9, 0.05), clicks(p), Asked(nearest=True)
        delta = float(grid.delta)
        codes = codes_of(grid)
        codes = codes[codes[:, 0] < 0]  # the states with CTR below 1/2
        sigma, bad = expit(delta * codes[:, 0]), 0
        horizon = int((2 * eta / delta) ** 2) + 2
        rates = Schedule(eta, "sqrt").rates(horizon)
        for rate in rates[:: max(horizon // 400, 1)]:
            theta = delta / (2.0 * rate)
            moves = transitions(codes, -rate * problem.gradients(delta * codes) / delta, grid, asked.of(rule))
            still = moves.target.reshape(2, 2, -1) == np.arange(codes.size)
            stays = (still * moves.chance.reshape(2, 2, -1)).sum(axis=1)
            untied = np.abs(sigma - theta) > 1e-9
            inner = untied & (codes[:, 0] > grid.q_lo)
            bad += int((stays[0] != (sigma < theta))[inner].sum()) + int(((stays[0] < 1) & (stays[1] == 1))[untied].sum())
        return Measured(bad, 0.0, (rounds_to_nearest(asked),))

    return Instance(f"{name}p = {p:g}, eta = {eta:g}", FreezeParams(p, 0.05, eta), measure)


def _orders(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(NEAREST)
    out = [_order("", 0.03, eta, rule) for eta in (0.2, 1.0, 3.0)]
    return out if setting.rule else [*out, _order("control, stochastic: ", 0.03, 1.0, STOCHASTIC).expecting(VIOLATED)]


BALANCE = Claim(
    "L5(a)",
    "SR, stationary: |E g| <= E[|g| 1{clipped}], so that mean CTR is the click rate up to clipping (to 1e-10)",
    "upper",
    lambda p: p.clip_term + 1e-10,
    _balances,
    rule="unbiased",
)
FLOOR = Claim(
    "L5(b)",
    "DR, intercept, eta <= 4, any data: CTR >= min(sigma(w_1), e^-Delta Delta/(2 eta)), here the least reachable",
    "lower",
    floor,
    _floors,
    rule="nearest",
)
ORDER = Claim(
    "L5(c)",
    "DR, eta/sqrt(t), CTR < 1/2: examples without a click stop acting first, below theta_t: exceptions",
    "exact",
    lambda p: 0.0,
    _orders,
    rule="nearest",
)
CLAIMS = (BALANCE, FLOOR, ORDER, *l5_numbers.CLAIMS)
