r"""T4: stochastic rounding on smooth PL functions: a linear rate to a floor of order Delta^2.  (upper)

Problem. f L-smooth with ||grad f||^2 / 2 >= mu (f - f*) (Polyak-Lojasiewicz; mu-strong convexity implies it), f* = inf f.

Algorithm. LPT with stochastic rounding, eta <= 1/(2 L), E[g | past] = grad f, E||g - grad f||^2 <= sigma^2.

Assumptions. No clipping: x_t lies in the box with probability 1. It is checked: the exact probability of a clip must be 0.

Guarantee (upper), d coordinates:

    E f(w_T) - f* <= (1 - eta mu)^(T-1) (f(w_1) - f*) + L^2 Delta^2 d/(4 mu) + (L/(2 mu)) ( eta sigma^2 + Delta sqrt(d) sigma )

*Proof.* Descent lemma for w_{t+1} = w_t - eta g_t + r_t, E r_t = 0 given x_t: E f(w_{t+1}) <= f(w_t) - eta (1 - eta L/2)
||grad f||^2 + (L/2) eta^2 sigma^2 + (L/2) E||r_t||^2. By Q3 E||r_t||^2 <= eta Delta E||g||_1 <= eta Delta sqrt(d) (||grad f||
+ sigma), and (L/2) eta Delta sqrt(d) ||grad f|| <= (eta/4) ||grad f||^2 + eta L^2 Delta^2 d/4. With eta L <= 1/2 the gradient
terms sum to at most -(eta/2) ||grad f||^2 <= -eta mu (f - f*). Unroll; the geometric series is at most 1/(eta mu). []

With k random bits the chance of rounding a coordinate up is off by less than 2^-k, which changes E f(w_{t+1}) by at most
2^-k Delta sup|d_i f|, 2^-k Delta G1 for all coordinates: 2^-k Delta G1/(eta mu) in all, for the rows that are sampled. There
"no clipping" is known of the replicas alone.

PL is used at the iterates alone: on a grid its constant is the least ratio over the grid's points, computed at each.

Source: this project's statement; PL after Karimi, Nutini, Schmidt 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import RANDOM_BITS
from alpt_ref.problems import LogisticProblem, grid_of
from alpt_ref.problems.finite import FiniteProblem, Floats, quadratic, ripple
from alpt_ref.problems.joint import finite_logistic, joint_quadratic, rotated, small_logistic
from alpt_ref.theory import sharp
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import between, draws, valley
from alpt_ref.theory.instances import logistic_problems, sampled_instance
from alpt_ref.theory.sampled import Counts, unclipped
from alpt_ref.theory.shape import smooth
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import ULP, Walk


@dataclass(frozen=True)
class Params:
    """The numbers of the statement; lattice = 2^-k Delta G1 for uniforms of k random bits, 0 for exact ones."""

    steps: int
    eta: float
    mu: float
    L: float
    delta: float
    d: int
    sigma: float
    first_gap: float
    lattice: float = 0.0

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("eta <= 1/(2L)", self.eta, "<=", 0.5 / self.L), Check("mu > 0", self.mu, ">", 0.0))


def bound(p: Params) -> float:
    """The guarantee."""
    transient = (1.0 - p.eta * p.mu) ** (p.steps - 1) * p.first_gap
    noise = p.L / (2.0 * p.mu) * (p.eta * p.sigma**2 + p.delta * p.d**0.5 * p.sigma)
    return float(transient + p.L**2 * p.delta**2 * p.d / (4.0 * p.mu) + noise + p.lattice / (p.eta * p.mu))


def instance(name: str, walk: Walk) -> Instance:
    """E f(w_T) - f* by the exact law of a walk of T - 1 steps."""
    problem, grid = walk.problem, walk.box_grid
    assert isinstance(problem, FiniteProblem)
    first = float(problem.loss(walk.w_1[None])[0]) - problem.f_star
    eta, mu, sigma = walk.schedule.eta, problem.pl(grid), problem.noise(grid)
    p = Params(walk.steps + 1, eta, mu, problem.L, walk.delta, problem.d, sigma, first)

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = replace(walk, rule=asked.of(walk.rule)).exact()
        scale = float(np.abs(problem.loss(law.points)).max())
        checks = (unclipped(law), unbiased(asked), *smooth(problem, grid))
        return Measured(law.mean(problem.loss) - problem.f_star, (law.error + ULP) * scale, checks)

    return Instance(name, p, measure)


def walk(problem: FiniteProblem, grid: Grid, rule: Rule, T: int, start: ArrayLike = 0.0, eta_l: float = 0.5) -> Walk:
    """From code ``start`` to w_T, eta = eta_l / L."""
    return Walk(problem, grid, rule, Schedule(eta_l / problem.L), T - 1, start)


def _sampled(problem: LogisticProblem, rule: Rule, T: int) -> Instance:
    """Exact gradients of a logistic problem, whose mu is l2; no replica may be clipped."""
    grid, eta = grid_of(problem, 4), 0.5 / problem.L
    run = Walk(problem, grid, rule, Schedule(eta), T - 1)
    first = problem.loss(run.w_1) - problem.f_star
    lattice = 2.0**-RANDOM_BITS * run.delta * run.bounds.G1
    p = Params(T, eta, problem.mu, problem.L, run.delta, problem.d, 0.0, first, lattice)

    def gaps(heard: Walk, first: int, last: int, n_threads: int) -> tuple[Floats, Counts]:
        samples = heard.sampled(first, last, n_threads)
        return samples.gap, samples.clipped

    return sampled_instance(f"{problem.name}, exact gradients", run, p, gaps, run.loss_range, most=65_536)


def _random(count: int, seed: int, rule: Rule) -> list[Instance]:
    """Quadratics and the ripple, with and without noise, 4 to 8 bits, 2 to 200 steps."""
    out = []
    for i, u in enumerate(draws(count, 7, seed + 4)):
        grid, c, noise, start = valley(i, u, 4, 5, 2.0**-6)
        problem = ripple(noise) if i % 4 == 3 else quadratic(between(u[4], 0.1, 10.0), c, noise)
        one = walk(problem, grid, rule, 2 + int(200 * u[6] ** 2), start, 0.5 * (1.0 - 0.9 * u[3]))
        out.append(instance(problem.name, one))
    return out


def _instances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    fine, coarse, joint = Grid(8, 2.0**-5), Grid(4, 0.25), Grid(5, 2.0**-3)
    valley, logistic = quadratic(1.0, 0.31), finite_logistic(small_logistic(), "batch")
    stretched = joint_quadratic(rotated((1.0, 0.05), 0.6), (0.33, -0.2))
    flat = joint_quadratic([[1.0, -1.0], [-1.0, 1.0]], [0.0, 0.0])
    walks = [
        walk(valley, coarse, rule, 100),
        walk(quadratic(1.0, 0.31, 0.1), fine, rule, 200, -32),
        walk(ripple(), fine, rule, 200, -96),
        walk(ripple(0.1), fine, rule, 200, 64),
        walk(stretched, joint, rule, 200, 8),
    ]
    out = [instance(one.name, one) for one in walks]
    out += [instance(name, one) for name, one in sharp.of_t4(rule).items()]
    out.append(instance("(w_1 - w_2)^2/2: PL, not strongly convex", walk(flat, joint, rule, 60, (-8, 4))))
    out.append(instance(logistic.name, walk(logistic, coarse, rule, 100, -4)))
    family = setting.family(60, 400)
    out.append(worst_of("random problems", lambda count, seed: _random(count, seed, rule), family))
    if setting.full:  # its losses have a range of 130 times the bound
        out.append(_sampled(logistic_problems()[0], rule, 60))
    if setting.rule is None:
        stuck = walk(valley, fine, NEAREST, 400, -32, 0.02)
        out.append(instance(f"control, nearest: {valley.name}", stuck).expecting(VIOLATED))
        out.append(instance("control: eta = 1/L", walk(valley, coarse, rule, 100, eta_l=1.0)).expecting(NOT_APPLICABLE))
        edge = walk(quadratic(1.0, 3.0), coarse, rule, 100)
        out.append(instance("control: w* outside the box", edge).expecting(NOT_APPLICABLE))
    return out


CLAIM = Claim(
    "T4",
    "SR, smooth PL, eta <= 1/(2L): linear rate to L^2 Delta^2 d/(4 mu) + (L/2 mu)(eta sigma^2 + Delta sqrt(d) sigma)",
    "upper",
    bound,
    _instances,
    rule="unbiased",
)
CLAIMS = (CLAIM,)
