r"""T5: stochastic rounding on smooth functions that need not be convex: factorization machines.  (upper)

Problem. f L-smooth on the box S; inf_S f its infimum there (or anything below).

Algorithm. LPT with stochastic rounding, constant eta, g_t unbiased for grad f(w_t), E||g_t||_2^2 <= G^2, E||g_t||_1 <= G1.

Assumptions. No clipping, checked: the exact probability of a clip must be 0, and no replica may be clipped. (f = -w at the
upper edge has gradient 1 for ever and right side 0.)

Guarantee (upper).  (1/T) sum_{t <= T} E||grad f(w_t)||^2 <= (f(w_1) - inf_S f)/(eta T) + L eta G^2/2 + L Delta G1/2.

*Proof.* Descent lemma with E r_t = 0: E f(w_{t+1}) <= E f(w_t) - eta E||grad f||^2 + (L/2) E||eta g_t - r_t||^2, the cross
term vanishes and E||r_t||^2 <= Delta eta G1 (Q3). Sum and divide by eta T. []

With k random bits E f(w_{t+1}) changes by at most 2^-k Delta G1 (T4): 2^-k Delta G1/eta is added, for the row that is sampled.

Weights of LPT live in a bounded box, so that G, G1 and L of an FM over it are finite and computed.

Source: this project's statement; the descent argument is standard.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import RANDOM_BITS
from alpt_ref.problems.factorization import boxed_fm
from alpt_ref.problems.finite import FiniteProblem, Floats, quadratic, ripple
from alpt_ref.problems.joint import factor_pair
from alpt_ref.rng import Stream, normals
from alpt_ref.theory import sharp
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import between, draws, valley
from alpt_ref.theory.instances import sampled_instance
from alpt_ref.theory.sampled import unclipped
from alpt_ref.theory.shape import smooth
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.sampling import gradient_squares
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import ULP, Walk


@dataclass(frozen=True)
class Params:
    """The numbers of the statement; first_gap = f(w_1) - inf f; lattice as in T4."""

    steps: int
    eta: float
    L: float
    delta: float
    G: float
    G1: float
    first_gap: float
    lattice: float = 0.0

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("eta > 0", self.eta, ">", 0.0), Check("f is smooth: 1/L", 1.0 / self.L, ">", 0.0))


def bound(p: Params) -> float:
    """The guarantee."""
    return p.first_gap / (p.eta * p.steps) + p.L * p.eta * p.G**2 / 2.0 + p.L * p.delta * p.G1 / 2.0 + p.lattice / p.eta


def instance(name: str, walk: Walk, along: bool = False) -> Instance:
    """The mean of E||grad f(w_t)||^2 by the exact law. along : G and G1 are the largest E||g_t||_2^2 and E||g_t||_1 of any t,
    which the statement asks for, and not the largest at any point of the grid.
    """
    problem, grid = walk.problem, walk.box_grid
    assert isinstance(problem, FiniteProblem)
    first = float(problem.loss(walk.w_1[None])[0]) - problem.f_star
    p = Params(walk.steps, walk.schedule.eta, problem.L, walk.delta, *walk.bounds, first)

    def squares(w: Floats) -> Floats:
        return np.asarray((problem.mean_gradient(w) ** 2).sum(axis=1))

    sizes = [lambda w, q=q: problem.probabilities @ (np.abs(problem.gradients(w)) ** q).sum(axis=2) for q in (2, 1)]

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = replace(walk, rule=asked.of(walk.rule)).exact([squares, *sizes])
        value, scale = float(law.expectations[:-1, 0].mean()), float(squares(law.points).max())
        checks = (unclipped(law), unbiased(asked), *smooth(problem, grid))
        most = law.expectations[:-1].max(axis=0)
        completed = replace(p, G=math.sqrt(most[1]), G1=float(most[2])) if along else p
        return Measured(value, (law.error + ULP) * scale, checks, params=completed)

    return Instance(name, p, measure)


def _machine(rule: Rule, steps: int) -> Instance:
    """A factorization machine on one-hot clicks, exact gradients; no replica may be clipped."""
    problem, grid = boxed_fm(48, 3, 4, 2, 1.0, seed=1), Grid(8, 2.0**-7)
    start = np.rint(25.0 * normals(problem.d, seed=1, stream=Stream.INIT_FACTORS)).astype(float)
    walk = Walk(problem, grid, rule, Schedule(0.1 / problem.L), steps, start)
    bounds, first = problem.gradient_bounds, float(problem.loss(walk.w_1[None])[0])
    lattice = 2.0**-RANDOM_BITS * walk.delta * bounds.G1
    p = Params(steps, walk.schedule.eta, problem.L, walk.delta, *bounds, first, lattice)

    name = f"FM, 48 clicks, d = {problem.d}"
    return sampled_instance(name, walk, p, gradient_squares, (0.0, bounds.G**2), proved=bound)


def _random(count: int, seed: int, rule: Rule) -> list[Instance]:
    """Quadratics and the ripple, started inside, 2 to 150 steps."""
    out = []
    for i, u in enumerate(draws(count, 7, seed + 5)):
        grid, c, noise, start = valley(i, u, 5, 4, 2.0**-5)
        problem = ripple(noise) if i % 2 else quadratic(between(u[4], 0.1, 10.0), c, noise)
        schedule = Schedule(between(u[3], 0.02, 1.0) / problem.L)
        out.append(instance(problem.name, Walk(problem, grid, rule, schedule, 2 + int(150 * u[6] ** 2), start)))
    return out


def _instances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    fine, joint = Grid(8, 2.0**-5), Grid(6, 2.0**-5)
    pair = factor_pair(0.562, 1.0)
    walks = [
        Walk(ripple(), fine, rule, Schedule(1 / 16), 100, -96),
        Walk(ripple(0.1), fine, rule, Schedule(1 / 16), 100, 64),
        Walk(quadratic(1.0, 0.31, 0.1), fine, rule, Schedule(0.02), 200),
        Walk(pair, joint, rule, Schedule(0.2), 15, (16, -16)),
    ]
    out = [instance(walk.name, walk) for walk in walks]
    out += [instance(name, walk, along=True) for name, walk in sharp.of_t5(rule).items()]
    out.append(instance("FM pair, started near the saddle", Walk(pair, joint, rule, Schedule(0.2), 24, 1)))
    family = setting.family(60, 400)
    out.append(worst_of("random problems", lambda count, seed: _random(count, seed, rule), family))
    out.append(_machine(rule, 400))
    if setting.rule is None:
        edge = quadratic(1.0, 9.0)
        edge = replace(edge, f_star=float(edge.loss(np.array([[127 / 32]]))[0]))
        pushed = Walk(edge, fine, rule, Schedule(0.5), 50, 127)
        out.append(instance("control: pushed against the edge", pushed).expecting(NOT_APPLICABLE))
        stuck = Walk(ripple(), fine, NEAREST, Schedule(1 / 400), 4000, 24)
        out.append(instance("control, nearest: w^2 + 3 sin(w)^2", stuck).expecting(VIOLATED))
    return out


CLAIM = Claim(
    "T5",
    "SR, L-smooth, no clipping: mean E||grad f||^2 <= (f(w_1) - inf f)/(eta T) + L eta G^2/2 + L Delta G1/2",
    "upper",
    bound,
    _instances,
    rule="unbiased",
)
CLAIMS = (CLAIM,)
