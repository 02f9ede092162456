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

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import RANDOM_BITS
from alpt_ref.problems.factorization import boxed_fm
from alpt_ref.problems.finite import FiniteProblem, Floats, quadratic, ripple
from alpt_ref.problems.joint import factor_pair
from alpt_ref.rng import Stream, normals
from alpt_ref.theory.claim import HOLDS, NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Family, Instance, Measured, Setting
from alpt_ref.theory.instances import EPS, between, draws, points_of, valley
from alpt_ref.theory.sampled import Counts, sampled_mean
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.sampling import gradient_squares


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


def _instance(
    problem: FiniteProblem,
    grid: Grid,
    rule: Rule,
    steps: int,
    eta: float,
    start: Floats | float,
    name: str = "",
    expected: str = HOLDS,
) -> Instance:
    points = points_of(grid, problem.d)
    first = float(problem.loss(np.broadcast_to(start, (1, problem.d)))[0]) - problem.f_star
    p = Params(steps, eta, problem.L, float(grid.delta), *problem.gradient_bounds(points), first)

    def squares(w: Floats) -> Floats:
        out: Floats = (problem.mean_gradient(w) ** 2).sum(axis=1)
        return out

    def measure(draw: Draw) -> Measured:
        law = exact_law(problem, grid, rule, eta=eta, steps=steps, start=start, observe=[squares])
        clip = Check("no clipping: expected clipped steps", float(law.clipped.sum()), "<=", 0.0)
        value = float(law.expectations[:-1, 0].mean())
        return Measured(value, (law.error + EPS) * float(squares(points).max()), (clip, unbiased(rule, grid)))

    return Instance(name or problem.name, p, measure, expected=expected)


def _machine(rule: Rule, steps: int) -> Instance:
    """A factorization machine on one-hot clicks, exact gradients; no replica may be clipped."""
    problem = boxed_fm(48, 3, 4, 2, 1.0, seed=1)
    grid = Grid(8, 2.0**-7)
    start = np.rint(25.0 * normals(problem.d, seed=1, stream=Stream.INIT_FACTORS)).astype(float)
    w_1 = (float(grid.delta) * start)[None]
    eta = 0.1 / problem.L
    bounds, first = problem.gradient_bounds, float(problem.loss(w_1)[0])
    lattice = 2.0**-RANDOM_BITS * float(grid.delta) * bounds.G1
    p = Params(steps, eta, problem.L, float(grid.delta), *bounds, first, lattice)

    def measure(draw: Draw) -> Measured:
        def squares(first: int, last: int) -> tuple[Floats, Counts]:
            return gradient_squares(problem, grid, rule, eta, steps, (first, last), start=start, n_threads=draw.threads)

        measured, unclipped = sampled_mean(squares, 0.0, bounds.G**2, draw)
        return replace(measured, checks=(unclipped, unbiased(rule, grid)))

    return Instance(f"FM, 48 clicks, d = {problem.d}", p, measure, "monte-carlo")


def _random(count: int, seed: int, rule: Rule) -> list[Instance]:
    """Quadratics and the ripple, started inside, 2 to 150 steps."""
    out = []
    for i, u in enumerate(draws(count, 7, seed + 5)):
        grid, c, noise, start = valley(i, u, 5, 4, 2.0**-5)
        problem = ripple(noise) if i % 2 else quadratic(between(u[4], 0.1, 10.0), c, noise)
        eta = between(u[3], 0.02, 1.0) / problem.L
        out.append(_instance(problem, grid, rule, 2 + int(150 * u[6] ** 2), eta, start))
    return out


def _instances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    fine, joint = Grid(8, 2.0**-5), Grid(6, 2.0**-5)
    pair = factor_pair(0.562, 1.0)
    opposed = np.array([0.5, -0.5])
    family = Family(400 if setting.full else 60, setting.seed)
    out = [
        _instance(ripple(), fine, rule, 100, 1 / 16, -3.0),
        _instance(ripple(0.1), fine, rule, 100, 1 / 16, 2.0),
        _instance(quadratic(1.0, 0.31, 0.1), fine, rule, 200, 0.02, 0.0),
        _instance(pair, joint, rule, 15, 0.2, opposed),
        _instance(pair, joint, rule, 24, 0.2, 0.03125, "FM pair, started near the saddle"),
        worst_of(
            lambda: CLAIM, f"worst of {family.count} random problems", lambda count, seed: _random(count, seed, rule), family
        ),
    ]
    out.append(_machine(rule, 400))
    if setting.rule is None:
        edge = replace(quadratic(1.0, 9.0), f_star=float(quadratic(1.0, 9.0).loss(np.array([[127 / 32]]))[0]))
        out.append(_instance(edge, fine, rule, 50, 0.5, 127 / 32, "control: pushed against the edge", NOT_APPLICABLE))
        out.append(_instance(ripple(), fine, NEAREST, 4000, 1 / 400, 0.75, "control, nearest: w^2 + 3 sin(w)^2", VIOLATED))
    return out


CLAIM = Claim(
    "T5",
    "SR, L-smooth, no clipping: mean E||grad f||^2 <= (f(w_1) - inf f)/(eta T) + L eta G^2/2 + L Delta G1/2",
    "upper",
    bound,
    _instances,
    Params.checks,
    rule="unbiased",
)
CLAIMS = (CLAIM,)
