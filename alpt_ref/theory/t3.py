r"""T3: stochastic rounding on strongly convex functions.  (upper)

Problem. f mu-strongly convex on the box S, with stochastic gradients (or every f_t mu-strongly convex); w* a point of S.

Algorithm. LPT with stochastic rounding, w_1 on the grid, eta_t = 1 / (mu t).

Assumptions. E[g_t | past] is a gradient of f (of f_t) at w_t; E||g_t||_2^2 <= G^2, E||g_t||_1 <= G1; obliviousness as in T1.

Guarantee (upper).  E[R(T)]/T <= G^2 (1 + ln T) / (2 mu T) + Delta G1 / 2.

*Proof.* As for T1, E||w_{t+1} - w*||^2 <= E||w_t - w*||^2 - 2 eta_t <g_t, w_t - w*> + eta_t^2 G^2 + Delta eta_t G1, and strong
convexity gives <g_t, w_t - w*> >= f_t(w_t) - f_t(w*) + (mu/2) ||w_t - w*||^2. Divide by 2 eta_t = 2/(mu t): the distances
have the factors mu t/2 - mu/2 and -mu t/2, and telescope to something negative. sum_t eta_t <= (1 + ln T)/mu. []

Source: this project's statement, after Hou, Zhang, Kwok 2019 (*Analysis of Quantized Models*).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Separate, clicks, quadratic
from alpt_ref.problems.joint import finite_logistic, joint_quadratic, rotated, small_logistic
from alpt_ref.theory import sharp
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Instance, Setting
from alpt_ref.theory.drawn import between, draws
from alpt_ref.theory.instances import regret_instance
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.rule import FLOOR, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

NOISY = "(w - c)^2/2, noise 0.5"


@dataclass(frozen=True)
class Params:
    """The numbers of the statement; eta_t = eta / t."""

    steps: int
    eta: float
    mu: float
    delta: float
    G: float
    G1: float
    outside: float

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (
            Check("w* in S", self.outside, "<=", 0.0),
            Check("mu > 0", self.mu, ">", 0.0),
            Check("|eta mu - 1|", abs(self.eta * self.mu - 1.0), "<=", 1e-12),
        )


def bound(p: Params) -> float:
    """The guarantee."""
    return p.G**2 * (1.0 + math.log(p.steps)) / (2.0 * p.mu * p.steps) + p.delta * p.G1 / 2.0


def instance(name: str, walk: Walk) -> Instance:
    """The regret of a walk with eta_t = eta / t."""
    assert isinstance(walk.problem, FiniteProblem | Separate)
    mu, G, G1 = walk.problem.mu, *walk.bounds
    p = Params(walk.steps, walk.schedule.eta, mu, walk.delta, G, G1, walk.outside)
    return regret_instance(name, walk, p, unbiased, mu=True)


def walks(full: bool, rule: Rule) -> dict[str, Walk]:
    """Strongly convex problems of one coordinate, of several independently, and of two jointly, by name."""
    steps = 20_000 if full else 2000
    grid, four, one, twenty = Grid(5, 2.0**-4), Grid(4, 0.25), Schedule(1.0, "inverse"), Schedule(20.0, "inverse")
    product = Separate(tuple(quadratic(1.0, c) for c in (0.31, -0.47, 0.03, 0.72)))
    logistic = finite_logistic(small_logistic(0.2), "example")
    stretched = joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2), 0.2)
    return {
        "(w - c)^2/2": Walk(quadratic(1.0, 0.31), grid, rule, one, steps, -16),
        NOISY: Walk(quadratic(1.0, 0.31, 0.5), grid, rule, one, steps, -16),
        "clicks at 3%, l2 0.05": Walk(clicks(0.03, 1, 0.05), Grid(7, 0.05), rule, twenty, steps),
        "4 (w_i - c_i)^2/2": Walk(product, grid, rule, one, steps, -16),
        "logistic, d = 2, example": Walk(logistic, four, rule, Schedule(5.0, "inverse"), steps // 8),
        "quadratic, d = 2, cond 20": Walk(stretched, Grid(4, 2.0**-3), rule, twenty, steps // 8),
    }


def random_walks(count: int, seed: int, rule: Rule) -> list[Walk]:
    """Quadratics with noise, and clicks with l2, eta_t = 1/(mu t)."""
    out = []
    for i, u in enumerate(draws(count, 8, seed + 3)):
        grid = Grid(2 + int(5 * u[0]), between(u[1], 0.01, 1.0))
        c = float(grid.delta) * (grid.q_lo + u[2] * (2**grid.bits - 1))
        curvature = between(u[3], 0.1, 10.0)
        problem = quadratic(curvature, c, 2.0 * u[4]) if i % 2 else clicks(0.02 + 0.96 * u[2], 1, curvature / 10.0)
        start = grid.q_lo + int(u[6] * 2**grid.bits)
        out.append(Walk(problem, grid, rule, Schedule(1.0 / problem.mu, "inverse"), 20 + int(600 * u[7]), start))
    return out


def _instances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)

    def members(count: int, seed: int) -> list[Instance]:
        return [instance(walk.name, walk) for walk in random_walks(count, seed, rule)]

    named = walks(setting.full, rule) | sharp.of_t3(rule, setting.full)
    out = [instance(name, walk) for name, walk in named.items()]
    out.append(worst_of("random walks", members, setting.family(48, 400)))
    if setting.rule is None:
        out.append(instance(f"control, floor: {NOISY}", replace(named[NOISY], rule=FLOOR)).expecting(VIOLATED))
        halved = replace(named["(w - c)^2/2"], schedule=Schedule(0.5, "inverse"))
        out.append(instance("control: eta = 1/(2 mu)", halved).expecting(NOT_APPLICABLE))
    return out


CLAIM = Claim(
    "T3",
    "SR, mu-strongly convex, eta_t = 1/(mu t): E R(T)/T <= G^2 (1 + ln T)/(2 mu T) + Delta G1/2",
    "upper",
    bound,
    _instances,
    rule="unbiased",
)
CLAIMS = (CLAIM,)
