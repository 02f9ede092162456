r"""T1: stochastic rounding converges at the rate of full-precision SGD, to a floor of order Delta.  (upper)

Problem. f_1, f_2, ... convex on the box S = [lo, hi]^d of a grid of step size Delta; w* any fixed point of S.

Algorithm. LPT with stochastic rounding: w_{t+1} = Q_S(w_t - eta_t g_t), w_1 on the grid, eta_t = eta or eta / sqrt(t).

Assumptions. E[g_t | past] is a subgradient of f_t at w_t; E||g_t||_2^2 <= G^2 and E||g_t||_1 <= G1; the uniforms are
independent of the past and of g_t; the f_t are fixed in advance or drawn independently of the roundings.

Guarantee (upper), R(T) = sum_{t <= T} f_t(w_t) - f_t(w*), D1 = ||w_1 - w*||_2, D the diameter of S:

    constant eta      E[R(T)]/T  <= D1^2 / (2 eta T)      + eta G^2 / 2       + Delta G1 / 2  + lattice
    eta / sqrt(t)     E[R(T)]/T  <= D^2 / (2 eta sqrt(T)) + eta G^2 / sqrt(T) + Delta G1 / 2  + lattice sqrt(T)
                                    transient               noise               floor

with lattice = d 2^(bits - k) Delta^2 / eta for uniforms of k random bits, and 0 for exact ones.

*Proof.* Let x_t = w_t - eta_t g_t, P the projection on S, r_t = w_{t+1} - P(x_t) and, first, exact uniforms. Rounding is
unbiased, E[r_t | x_t] = 0, so E||w_{t+1} - w*||^2 = E||P(x_t) - w*||^2 + E||r_t||^2. P is non-expansive and fixes w*: the
first term is at most ||w_t - w*||^2 - 2 eta_t <g_t, w_t - w*> + eta_t^2 ||g_t||^2. Coordinate i of r_t has variance
Delta^2 a (1 - a), a = frac(P(x_t)_i / Delta), and a (1 - a) <= min(a, 1 - a) <= |P(x_t)_i - w_{t,i}| / Delta because w_{t,i}
is a grid point: E||r_t||^2 <= Delta eta_t ||g_t||_1. Convexity gives <g_t, w_t - w*> >= f_t(w_t) - f_t(w*) in expectation.
Divide by 2 eta_t and sum over t: the distances telescope (constant eta), or sum to at most D^2 / (2 eta_T) as 1/eta_t grows,
and sum_t 1/sqrt(t) <= 2 sqrt(T).
With k bits the chance of rounding up is a + b, 0 <= b < 2^-k. Per coordinate this adds 2 b Delta (P(x)_i - w*_i) to the
cross term and b Delta^2 (1 - 2a) to E r^2: at most b Delta^2 (2 (2^bits - 1) + 1) < 2^(bits + 1 - k) Delta^2. Sum over d
coordinates, divide by 2 eta_t, average: d 2^(bits - k) Delta^2 / eta, times (1/T) sum_t sqrt(t) <= sqrt(T) if eta_t decays. []

Oblivious f_t are needed for the regret against the argmin in hindsight; for f_t chosen after seeing w_t the bound holds
against any fixed w in S only. Counterexample: f_t = g_t w, g_t = +-1, bits 2, Delta = 1, eta = 0.05, T = 300: 0.9415 > 0.825.

What it does not say. Floors are upper bounds: the slope of the measured floor against Delta can exceed 1. With exact
gradients of a smooth function it is 2 (T4, L4(b): E||r_t||^2 shrinks with the gradient); L1 has functions where it is 1.

Source: this project's statement, after the analyses of quantized training by Li et al. 2017 (*Training Quantized Nets*) and
Hou, Zhang, Kwok 2019 (*Analysis of Quantized Models*), for the algorithm of arXiv 2212.05735; the lattice term is ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import RANDOM_BITS
from alpt_ref.problems import GradientBounds, Vector, diameter, outside
from alpt_ref.theory import sharp
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Instance, Measured, Setting
from alpt_ref.theory.drawn import random_walks
from alpt_ref.theory.instances import regret_instance, sampled_walks, standard_walks, stuck_walks, tuned
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.rule import NEAREST, STOCHASTIC
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk


@dataclass(frozen=True)
class Params:
    """The numbers of the statement; ``distance`` is D1 for constant eta and D for eta / sqrt(t)."""

    steps: int
    eta: float
    decays: bool
    bits: int
    delta: float
    d: int
    G: float
    G1: float
    distance: float
    outside: float = 0.0  # how far w* lies outside S, in the maximum norm
    random_bits: int | None = None  # None: exact uniforms

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers; where one fails, T1 is not applicable."""
        return (
            Check("w* in S", self.outside, "<=", 0.0),
            Check("eta > 0", self.eta, ">", 0.0),
            Check("T >= 1", self.steps, ">=", 1),
        )


class Bound(NamedTuple):
    """T1's right side, term by term."""

    transient: float
    noise: float
    floor: float
    lattice: float

    @property
    def total(self) -> float:
        """The bound on E[R(T)]/T."""
        return sum(self)


def bound(p: Params) -> Bound:
    """The guarantee; ValueError naming the assumption that fails."""
    for check in p.checks():
        if not check.holds:
            raise ValueError(f"T1 is not applicable: {check.name} does not hold")
    lattice = 0.0 if p.random_bits is None else p.d * 2.0 ** (p.bits - p.random_bits) * p.delta**2 / p.eta
    floor = p.delta * p.G1 / 2.0
    if p.decays:
        root = math.sqrt(p.steps)
        return Bound(p.distance**2 / (2.0 * p.eta * root), p.eta * p.G**2 / root, floor, lattice * root)
    return Bound(p.distance**2 / (2.0 * p.eta * p.steps), p.eta * p.G**2 / 2.0, floor, lattice)


def total(p: Params) -> float:
    """The guarantee as one number."""
    return bound(p).total


def params_of(
    grid: Grid, schedule: Schedule, steps: int, w_1: Vector, w_star: Vector, bounds: GradientBounds, random_bits: int | None
) -> Params:
    """The statement for ``steps`` steps from w_1, (d,), against w_star, (d,), which T1 needs in S. bounds : G and G1 on S."""
    decays, d = schedule.decays, w_star.size
    distance = diameter(grid, d) if decays else float(np.linalg.norm(w_star - w_1))
    numbers = (grid.bits, float(grid.delta), d, *bounds, distance, outside(grid, w_star), random_bits)
    return Params(steps, schedule.eta, decays, *numbers)


def params(walk: Walk) -> Params:
    """The statement for a walk, w* its problem's minimizer. Replicas draw uniforms of 24 bits."""
    lattice = None if walk.finite else RANDOM_BITS
    return params_of(walk.box_grid, walk.schedule, walk.steps, walk.w_1, walk.w_star, walk.bounds, lattice)


def instance(name: str, walk: Walk, most: int = 8192) -> Instance:
    """The regret of a walk; the note of an exact row gives the terms of the bound."""
    p = params(walk)
    terms = bound(p)._asdict() if all(check.holds for check in p.checks()) else {}
    note = ", ".join(f"{term} {value:.3g}" for term, value in terms.items())
    return regret_instance(name, walk, p, unbiased, note, most=most, proved=total)


def _instances(setting: Setting) -> list[Instance]:
    rule, most = setting.rule_or(STOCHASTIC), 32_768 if setting.full else 8192

    def members(count: int, seed: int) -> list[Instance]:
        return [instance(walk.name, walk) for walk in random_walks(count, seed, rule)]

    walks = standard_walks(setting.full, rule) | sharp.of_t1(rule, setting.full)
    out = [instance(name, walk) for name, walk in walks.items()]
    out.append(worst_of("random walks", members, setting.family(48, 400)))
    out += [instance(name, walk, most) for name, walk in sampled_walks(setting.full, rule).items()]
    for problem in setting.data:
        walk = tuned(problem, 10, rule, "example", 4000)
        out.append(instance(f"{problem.name}, one example a step", walk, 4 * most))
    if setting.rule is None:
        stuck = stuck_walks(NEAREST).items()
        out += [instance(f"control, nearest: {name}", walk).expecting(VIOLATED) for name, walk in stuck]
        out.append(_adaptive())
    return out


def _adaptive() -> Instance:
    """f_t = g_t w with g_t = +-1 chosen after seeing w_t, against the argmin in hindsight: the bound fails (see the docstring).

    The best adversary, by dynamic programming over (w_t, sum of the g's so far); min_w S w over S = [-2, 1] is -max(2 S, -S).
    """
    steps, eta, grid = 300, 0.05, Grid(2, 1.0)
    w = np.arange(-2.0, 2.0)[:, None]
    total = np.arange(-steps - 1, steps + 2)
    value = np.tile(np.maximum(2.0 * total, -total), (4, 1)).astype(float)
    for _ in range(steps):
        after = [np.roll(value, -g, axis=1) for g in (1, -1)]
        moved = [np.vstack([after[0][:1], after[0][:-1]]), np.vstack([after[1][1:], after[1][-1:]])]
        value = np.maximum(*(g * w + (1 - eta) * stay + eta * go for g, stay, go in zip((1, -1), after, moved, strict=True)))
    p = Params(steps, eta, False, grid.bits, float(grid.delta), 1, 1.0, 1.0, distance=3.0)
    note = "f_t chosen after seeing w_t, w* in hindsight: the statement needs oblivious f_t, or a fixed w*"
    measured = Measured(float(value[0, steps + 1]) / steps, 1e-12, note=note)
    return Instance("control: adaptive f_t, argmin in hindsight", p, lambda draw: measured, expected=VIOLATED)


CLAIM = Claim(
    "T1",
    "SR, convex: E R(T)/T <= D1^2/(2 eta T) + eta G^2/2 + Delta G1/2, or its eta/sqrt(t) form",
    "upper",
    total,
    _instances,
    rule="unbiased",
)
CLAIMS = (CLAIM,)
