r"""T1#(b), (c): the energy identity of stochastic rounding, step by step and at stationarity.  (exact)

Statement, proof and notation: ``t1_sharp``.

Source: this project's statement.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Floats, absolute, clicks, quadratic
from alpt_ref.problems.joint import joint_quadratic, rotated
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.sampled import unclipped
from alpt_ref.theory.t1_sharp import energy, of_a_cell
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import stationary_law
from alpt_ref.walks.walk import ULP, Walk


@dataclass(frozen=True)
class EnergyParams:
    """(b): scale, the largest of the terms, which differences are relative to."""

    steps: int
    eta: float
    delta: float
    scale: float = math.nan


def _identity(name: str, walk: Walk) -> Instance:
    """The largest difference of the two sides of (b), summed up to t, over all t."""
    problem, eta, delta = walk.problem, walk.schedule.eta, walk.delta
    assert isinstance(problem, FiniteProblem)
    before = EnergyParams(walk.steps, eta, delta)

    def squares(w: Floats) -> Floats:
        return np.asarray(((w - problem.w_star) ** 2).sum(axis=1))

    def inner(w: Floats) -> Floats:
        return np.asarray((problem.mean_gradient(w) * (w - problem.w_star)).sum(axis=1))

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        heard = replace(walk, rule=asked.of(walk.rule))
        law = heard.exact([squares, inner, energy(problem, eta, delta)])
        e, products, energies = law.expectations.T
        gained = np.cumsum(delta**2 * energies[:-1] - 2.0 * eta * products[:-1])
        off = np.abs(e[1:] - e[0] - gained)
        points = points_of(walk.box_grid, problem.d)
        most = float(squares(points).max())
        scale = max(float(np.abs(gained).max()), e[0])
        p = replace(before, scale=scale)
        half = law.error * (most + walk.steps * (2.0 * eta * float(np.abs(inner(points)).max()))) + walk.steps * ULP * scale
        return Measured(float(off.max()), half, (unclipped(law), unbiased(asked)), params=p)

    return Instance(name, before, measure)


def _identities(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    unit, eight = Grid(5, 2.0**-4), Grid(8, 0.05)
    delta = float(unit.delta)
    stretched = joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2), 0.2)
    walks = {
        "|w - c|, eta = Delta/3": Walk(absolute(1.0, 0.3 * delta), unit, rule, Schedule(delta / 3), 300, 8),
        "(w - c)^2/2, noise 0.5": Walk(quadratic(1.0, 0.31, 0.5), Grid(7, 2.0**-4), rule, Schedule(0.1), 40, -8),
        "the same, updates of 8 cells": Walk(quadratic(1.0, 0.31, 0.5), Grid(7, 2.0**-4), rule, Schedule(0.8), 40, -8),
        "clicks at 30%, eta = 0.2": Walk(clicks(0.3), eight, rule, Schedule(0.2), 100),
        "quadratic, d = 2, cond 20": Walk(stretched, Grid(6, 2.0**-3), rule, Schedule(0.1), 20),
    }
    out = [_identity(name, walk) for name, walk in walks.items()]
    if setting.rule is None:
        first = next(iter(walks.values()))
        out.append(_identity("control, nearest: |w - c|", replace(first, rule=NEAREST)).expecting(VIOLATED))
        edge = replace(first, problem=absolute(1.0, 0.94), start=15)
        out.append(_identity("control: clipped at the edge", edge).expecting(NOT_APPLICABLE))
    return out


@dataclass(frozen=True)
class BalanceParams:
    """(c): half = Delta E||g||_1/2, of the law."""

    eta: float
    delta: float
    G_inf: float
    half: float = math.nan

    def checks(self) -> Sequence[Check]:
        """The assumption."""
        return (of_a_cell(self.eta, self.G_inf, self.delta),)


def _balance(name: str, problem: FiniteProblem, grid: Grid, eta: float, rule: Rule) -> Instance:
    points = points_of(grid, problem.d)
    g = problem.gradients(points)
    before = BalanceParams(eta, float(grid.delta), problem.largest_component(grid))

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = stationary_law(problem, grid, asked.of(rule), eta=eta)
        inner = (problem.mean_gradient(points) * (points - problem.w_star)).sum(axis=1)
        size = problem.probabilities @ np.abs(g).sum(axis=2)
        value, half = float(law.probability @ inner), float(grid.delta) * float(law.probability @ size) / 2.0
        none = Check("no clipping: probability", law.clipped, "<=", 1e-12)
        off = law.error * (float(law.probability @ np.abs(inner)) + half) + float(np.abs(inner).max()) * 1e-12
        return Measured(value, off, (none, unbiased(asked)), params=replace(before, half=half))

    return Instance(name, before, measure)


def _balances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    noisy, grid = quadratic(1.0, 0.31, 0.5), Grid(6, 0.1)
    out = [_balance(f"(w - c)^2/2, noise 0.5, eta {eta:g}", noisy, grid, eta, rule) for eta in (0.001, 0.01, 0.024)]
    out.append(_balance("clicks at 30%, eta 0.05", clicks(0.3), Grid(8, 0.05), 0.05, rule))
    out.append(_balance("|w - c|, eta 0.03", absolute(1.0, 0.02), grid, 0.03, rule))
    if setting.rule is None:
        out.append(_balance("control, nearest: (w - c)^2/2", noisy, grid, 0.024, NEAREST).expecting(VIOLATED))
        out.append(_balance("control: eta G_inf > Delta", noisy, grid, 0.25, rule).expecting(NOT_APPLICABLE))
    return out


ENERGY = Claim(
    "T1#(b)",
    "SR, unclipped: E|w_{t+1} - w*|^2 = E|w_t - w*|^2 - 2 eta E<g, w_t - w*> + Delta^2 sum_i E psi: difference",
    "exact",
    lambda p: 0.0,
    _identities,
    tolerance=lambda p: 1e-8 * p.scale,
    rule="unbiased",
)
BALANCE = Claim(
    "T1#(c)",
    "SR, stationary, unclipped, eta G_inf <= Delta: E<grad f(w), w - w*> = Delta E||g||_1/2",
    "exact",
    lambda p: p.half,
    _balances,
    tolerance=lambda p: 1e-7 * p.half,
    rule="unbiased",
)
CLAIMS = (ENERGY, BALANCE)
