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
from alpt_ref.problems.finite import clicks, quadratic
from alpt_ref.problems.joint import finite_logistic, joint_quadratic, rotated, small_logistic
from alpt_ref.theory.claim import HOLDS, NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Family, Instance, Measured, Setting
from alpt_ref.theory.instances import Walk, between, draws
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.rule import FLOOR, STOCHASTIC, Rule


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


def _instance(walk: Walk, rule: Rule, name: str = "", expected: str = HOLDS) -> Instance:
    def measure(draw: Draw) -> Measured:
        return replace(walk.regret(rule), checks=(unbiased(rule, walk.grid),))

    mu = min(problem.mu for problem in walk.problems)
    p = Params(walk.steps, walk.eta, mu, float(walk.grid.delta), *walk.bounds, walk.outside)
    return Instance(name or walk.name, p, measure, expected=expected)


def _walks(full: bool) -> list[Walk]:
    steps = 20_000 if full else 2000
    grid, joint = Grid(5, 2.0**-4), small_logistic(0.2)
    product = tuple(quadratic(1.0, c) for c in (0.31, -0.47, 0.03, 0.72))
    return [
        Walk("(w - c)^2/2", (quadratic(1.0, 0.31),), grid, 1.0, steps, "inverse", -1.0),
        Walk("(w - c)^2/2, noise 0.5", (quadratic(1.0, 0.31, 0.5),), grid, 1.0, steps, "inverse", -1.0),
        Walk("clicks at 3%, l2 0.05", (clicks(0.03, 1, 0.05),), Grid(7, 0.05), 20.0, steps, "inverse"),
        Walk("4 (w_i - c_i)^2/2", product, grid, 1.0, steps, "inverse", -1.0),
        Walk("logistic, d = 2, example", (finite_logistic(joint, "example"),), Grid(4, 0.25), 5.0, steps // 8, "inverse"),
        Walk(
            "quadratic, d = 2, cond 20",
            (joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2), 0.2),),
            Grid(4, 2.0**-3),
            20.0,
            steps // 8,
            "inverse",
        ),
    ]


def random_walks(count: int, seed: int) -> list[Walk]:
    """Quadratics with noise, and clicks with l2, eta_t = 1/(mu t)."""
    out = []
    for i, u in enumerate(draws(count, 8, seed + 3)):
        grid = Grid(2 + int(5 * u[0]), between(u[1], 0.01, 1.0))
        delta = float(grid.delta)
        c = delta * (grid.q_lo + u[2] * (2**grid.bits - 1))
        curvature = between(u[3], 0.1, 10.0)
        problem = quadratic(curvature, c, 2.0 * u[4]) if i % 2 else clicks(0.02 + 0.96 * u[2], 1, curvature / 10.0)
        start = delta * (grid.q_lo + int(u[6] * 2**grid.bits))
        out.append(Walk(problem.name, (problem,), grid, 1.0 / problem.mu, 20 + int(600 * u[7]), "inverse", start))
    return out


def _instances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    family = Family(400 if setting.full else 48, setting.seed)

    def members(count: int, seed: int) -> list[Instance]:
        return [_instance(walk, rule) for walk in random_walks(count, seed)]

    walks = _walks(setting.full)
    out = [_instance(walk, rule) for walk in walks]
    out.append(worst_of(lambda: CLAIM, f"worst of {family.count} random walks", members, family))
    if setting.rule is None:
        out.append(_instance(walks[1], FLOOR, f"control, floor: {walks[1].name}", VIOLATED))
        halved = replace(walks[0], eta=0.5)
        out.append(_instance(halved, rule, "control: eta = 1/(2 mu)", NOT_APPLICABLE))
    return out


CLAIM = Claim(
    "T3",
    "SR, mu-strongly convex, eta_t = 1/(mu t): E R(T)/T <= G^2 (1 + ln T)/(2 mu T) + Delta G1/2",
    "upper",
    bound,
    _instances,
    Params.checks,
    rule="unbiased",
)
CLAIMS = (CLAIM,)
