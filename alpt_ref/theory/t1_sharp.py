r"""T1#: the energy identity of stochastic rounding; T1 without its noise term.  (upper, exact)

psi is the piecewise linear interpolant of s -> s^2 at the integers: psi(s) = k^2 + (2 k + 1)(s - k), k = floor(s); psi(s) = s
for 0 <= s <= 1. G_inf bounds every |g_{t,i}|. Problem, algorithm and assumptions are those of T1, with constant eta.

Guarantee. Let e_t = ||w_t - w*||^2. Then, in any dimension,

    (b) E e_{t+1} = E e_t - 2 eta E<g_t, w_t - w*> + Delta^2 sum_i E psi(eta |g_{t,i}|/Delta)       without clipping,

and <= with clipping and w* in S. Hence for convex f_t

    (a) E R(T)/T <= D1^2/(2 eta T) + (Delta^2/(2 eta)) max_t sum_i E psi(eta |g_{t,i}|/Delta),

which is D1^2/(2 eta T) + Delta G1/2 as soon as eta G_inf <= Delta: the floor is paid whatever eta is, and nothing else. For
f = G|w - c| what (a) leaves out, E|w_{T+1} - c|^2/(2 eta T), makes it an identity: it cannot be improved.

    (c) At stationarity, unclipped, eta G_inf <= Delta:  E<grad f(w), w - w*> = Delta E||g||_1/2.

*Proof.* From an integer, E R_S(s)^2 = s^2 + a (1 - a) = psi(|s|), a = frac(s), and E R_S(s) = s: the identity, coordinate by
coordinate. Clipping only shortens the distance to a w* in S. Sum over t, divide by 2 eta T, use convexity. (c): e_t has one
mean. []

    (d) The worst case over adversaries that see w_t and choose g_t in [-G, G], against a fixed w*, eta G <= Delta, by dynamic
        programming: it meets (a) to four digits, so that (a) is the best bound in (T, eta, D1, Delta, G).

So a learning rate that decays below Delta/G_inf buys nothing: it only slows the transient (L11).

Source: this project's statement.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Floats, Separate, absolute, clicks, quadratic
from alpt_ref.problems.joint import joint_quadratic, rotated
from alpt_ref.theory.adversary import worst_regret
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import random_walks
from alpt_ref.theory.instances import regret_instance, standard_walks, stuck_walks, unclipped
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import stationary_law
from alpt_ref.walks.walk import ULP, Schedule, Walk


def psi(s: Floats) -> Floats:
    """The interpolant of s^2 at the integers, s >= 0."""
    k = np.floor(s)
    return np.asarray(k**2 + (2.0 * k + 1.0) * (s - k))


def energy(problem: FiniteProblem, eta: float, delta: float) -> Callable[[Floats], Floats]:
    """w (N, d) -> sum_i E psi(eta |g_i|/Delta), (N,)."""

    def at(w: Floats) -> Floats:
        return np.asarray(problem.probabilities @ psi(eta * np.abs(problem.gradients(w)) / delta).sum(axis=2))

    return at


@dataclass(frozen=True)
class Params:
    """The numbers of (a); energy : max_t sum_i E psi(eta |g_{t,i}|/Delta), here over all points of the grid."""

    steps: int
    eta: float
    delta: float
    D1: float
    energy: float
    outside: float

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("w* in S", self.outside, "<=", 0.0), Check("eta > 0", self.eta, ">", 0.0))


def bound(p: Params) -> float:
    """(a)."""
    return p.D1**2 / (2.0 * p.eta * p.steps) + p.delta**2 * p.energy / (2.0 * p.eta)


def params(walk: Walk) -> Params:
    """The statement for a walk with constant eta."""
    assert isinstance(walk.problem, FiniteProblem | Separate)
    eta, grid = walk.schedule.eta, walk.box_grid
    most = sum(float(energy(part, eta, walk.delta)(points_of(grid, part.d)).max()) for part in walk.problem.parts)
    return Params(walk.steps, eta, walk.delta, walk.D1, most, walk.outside)


def instance(name: str, walk: Walk) -> Instance:
    """The regret of a walk."""
    return regret_instance(name, walk, params(walk), unbiased)


def _constant(walks: dict[str, Walk]) -> dict[str, Walk]:
    return {name: walk for name, walk in walks.items() if not walk.schedule.decays}


def _regrets(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)

    def members(count: int, seed: int) -> list[Instance]:
        walks = random_walks(count, seed + 1, rule)
        return [instance(walk.name, replace(walk, schedule=Schedule(walk.schedule.eta))) for walk in walks]

    out = [instance(name, walk) for name, walk in _constant(standard_walks(setting.full, rule)).items()]
    out.append(worst_of("random walks, constant eta", members, setting.family(48, 400)))
    if setting.rule is None:
        stuck = stuck_walks(NEAREST).items()
        out += [instance(f"control, nearest: {name}", walk).expecting(VIOLATED) for name, walk in stuck]
    return out


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
        return (Check("eta G_inf <= Delta", self.eta * self.G_inf, "<=", self.delta * (1.0 + 1e-12)),)


def _balance(name: str, problem: FiniteProblem, grid: Grid, eta: float, rule: Rule) -> Instance:
    points = points_of(grid, problem.d)
    g = problem.gradients(points)
    before = BalanceParams(eta, float(grid.delta), float(np.abs(g).max()))

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


def _worst(bits: int, eta: float, steps: int, start: int, star: int, rule: Rule) -> Instance:
    """(d) on a grid of Delta = 1, G = 1."""
    grid = Grid(bits, 1.0)
    p = Params(steps, eta, 1.0, abs(float(start - star)), eta, max(grid.q_lo - star, star - grid.q_hi))

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        value, shown = worst_regret(grid, asked.of(rule), eta, steps, start, star, np.linspace(-1.0, 1.0, 41))
        return Measured(value, 1e-12 * steps, (unbiased(asked),), shown)

    return Instance(f"{bits} bits, eta {eta:g} Delta/G, T = {steps}", p, measure)


def _worsts(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    cases = [
        (2, 0.1, 6000, -2, 1),
        (3, 0.5, 2000, -4, 3),
        (4, 0.05, 9000, -8, 7),
        (5, 0.9, 3000, 0, 15),
        (6, 0.3, 8000, -32, 31),
    ]
    if setting.full:
        cases += [
            (2, 0.9, 4000, 0, 0),
            (3, 0.02, 8000, 3, 0),
            (4, 1.0, 2000, 0, -3),
            (5, 0.1, 20_000, -16, 15),
            (6, 0.7, 20_000, 31, -32),
        ]
    return [_worst(*case, rule) for case in cases]


REGRET = Claim(
    "T1#(a)",
    "SR, convex, constant eta: E R(T)/T <= D1^2/(2 eta T) + Delta^2/(2 eta) max sum_i E psi(eta |g_i|/Delta)",
    "upper",
    bound,
    _regrets,
    rule="unbiased",
)
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
    tolerance=lambda p: 1e-8 * p.half,
    rule="unbiased",
)
WORST = Claim(
    "T1#(d)",
    "SR: the worst case over adversaries that see w_t is at most (a)",
    "upper",
    bound,
    _worsts,
    rule="unbiased",
)
SHARP = Claim(
    "T1#(d<)",
    "SR: the same worst case is at least 0.999 of (a)",
    "lower",
    lambda p: 0.999 * bound(p),
    _worsts,
    rule="unbiased",
)
CLAIMS = (REGRET, ENERGY, BALANCE, WORST, SHARP)
