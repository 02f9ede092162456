r"""T2: what nearest rounding is guaranteed.  (upper)

Problem. f_1, f_2, ... convex on the box S of a grid of step size Delta, D the diameter of S; w* any point of S.

Algorithm. LPT with nearest rounding, w_1 on the grid, eta_t = eta or eta / sqrt(t).

Assumptions. E[g_t | past] is a subgradient of f_t at w_t; E||g_t||_2^2 <= G^2; f_t fixed in advance or drawn independently.

Guarantee (upper), D1 = ||w_1 - w*||, d coordinates:

    constant eta    E[R(T)]/T <= D1^2/(2 eta T) + 2 eta G^2 + D min( G, sqrt(d) Delta/(2 eta) )
    eta / sqrt(t)   E[R(T)]/T <= ( D^2/(2 eta) + 4 eta G^2 ) / sqrt(T) + (D/T) sum_t min( G, sqrt(d) Delta/(2 eta_t) )

*Proof.* ||w_{t+1} - w*||^2 <= ||x_t - w*||^2 + 2 <r_t, P(x_t) - w_t> + 2 <r_t, w_t - w*> + ||r_t||^2 with, coordinate by
coordinate, |r_t| <= min(Delta/2, eta_t |g_t|) (Q4) and |P(x_t) - w_t| <= eta_t |g_t|. So the second and the last term are at
most 3 eta_t^2 ||g_t||^2, and the third at most 2 D min(sqrt(d) Delta/2, eta_t ||g_t||). Divide by 2 eta_t, sum as in T1. []

Optimally tuned the floor is of order sqrt(Delta), against Delta for stochastic rounding (T1); L2 shows that this is real.

Source: this project's statement, after Li et al. 2017 (*Training Quantized Nets*).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems import LogisticProblem
from alpt_ref.problems.finite import absolute
from alpt_ref.theory import sharp
from alpt_ref.theory.claim import NOT_APPLICABLE, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import random_walks
from alpt_ref.theory.instances import nearest_walks, regret_instance, sampled_walks
from alpt_ref.theory.verdict import rounds_to_nearest, worst_of
from alpt_ref.walks.adversary import worst_regret
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk


@dataclass(frozen=True)
class Params:
    """The numbers of the statement."""

    steps: int
    eta: float
    schedule: str
    delta: float
    d: int
    G: float
    D: float
    D1: float
    outside: float

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("w* in S", self.outside, "<=", 0.0), Check("eta > 0", self.eta, ">", 0.0))


def bound(p: Params) -> float:
    """The guarantee."""
    eta = Schedule(p.eta, p.schedule).rates(p.steps)
    stuck = p.D * float(sum(min(p.G, math.sqrt(p.d) * p.delta / (2.0 * rate)) for rate in eta)) / p.steps
    if p.schedule == "sqrt":
        return (p.D**2 / (2.0 * p.eta) + 4.0 * p.eta * p.G**2) / math.sqrt(p.steps) + stuck
    return p.D1**2 / (2.0 * p.eta * p.steps) + 2.0 * p.eta * p.G**2 + stuck


def params(walk: Walk) -> Params:
    """The statement for a walk."""
    rates, d = walk.schedule, walk.problem.d
    return Params(walk.steps, rates.eta, rates.decay, walk.delta, d, walk.bounds.G, walk.D, walk.D1, walk.outside)


def instance(name: str, walk: Walk) -> Instance:
    """The regret of a walk."""
    return regret_instance(name, walk, params(walk), rounds_to_nearest, proved=bound)


def _adversaries(rule: Rule, full: bool) -> list[Instance]:
    """The worst case over adversaries that see w_t, against a fixed w*."""
    cases = [(2, 0.3, 2000, -2, 1), (3, 0.45, 2000, -4, 3), (4, 0.49, 2000, -8, 7), (5, 2.0, 500, -16, 15)]
    cases += [(6, 4.0, 500, -32, 31)] if full else []
    return [_adversary(*case, rule) for case in cases]


def _adversary(bits: int, eta: float, steps: int, start: int, star: int, rule: Rule) -> Instance:
    grid = Grid(bits, 1.0)
    outside = max(grid.q_lo - star, star - grid.q_hi)
    p = Params(steps, eta, "constant", 1.0, 1, 1.0, 2.0**bits - 1.0, abs(float(start - star)), outside)

    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=True)
        value, note = worst_regret(grid, asked.of(rule), eta, steps, start, star, np.linspace(-1.0, 1.0, 401))
        return Measured(value, 1e-12 * steps, (rounds_to_nearest(asked),), note)

    return Instance(f"adversary: {bits} bits, eta {eta:g} Delta/G", p, measure)


def _instances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(NEAREST)

    def members(count: int, seed: int) -> list[Instance]:
        return [instance(walk.name, walk) for walk in random_walks(count, seed, rule, bits=6)]

    walks = nearest_walks(setting.full, rule) | sharp.of_t2(rule)
    out = [instance(name, walk) for name, walk in walks.items()]
    out.append(worst_of("random walks", members, setting.family(48, 400)))
    out += _adversaries(rule, setting.full)
    sampled = sampled_walks(setting.full, rule).items()
    out += [instance(name, walk) for name, walk in sampled if isinstance(walk.problem, LogisticProblem)]
    if setting.rule is None:
        far = Walk(absolute(1.0, 9.0), Grid(5, 2.0**-4), rule, Schedule(0.02), 100)
        out.append(instance("control: w* outside the box", far).expecting(NOT_APPLICABLE))
    return out


CLAIM = Claim(
    "T2",
    "DR, convex: E R(T)/T <= D1^2/(2 eta T) + 2 eta G^2 + D min(G, sqrt(d) Delta/(2 eta)), or its eta/sqrt(t) form",
    "upper",
    bound,
    _instances,
    rule="nearest",
)
CLAIMS = (CLAIM,)
