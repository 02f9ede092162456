r"""L11: under stochastic rounding a learning-rate schedule is only a clock.  (exact, law)

One coordinate, or at most one coordinate with a gradient in each step; outcomes of the gradient independent and identically
distributed; eta_t G_inf <= Delta; clipping included. The transition matrix is P_eta = I + (eta/Delta) A, A free of eta. So

(a) the law after steps of any eta_1, ..., eta_T is that of a random number of steps of eta_max: with a_t = eta_t/eta_max it is
    E law_1 P_max^N, N a sum of independent Bernoulli(a_t);
(b) every constant eta <= Delta/G_inf has the same stationary law pi, of one coordinate:
    pi(q + 1) E g^{+}(Delta (q + 1)) = pi(q) E g^{-}(Delta q);
(c) with eta_t -> 0 and sum eta_t = infinity the law of w_t tends to that pi: SR's error cannot be annealed, while full
    precision's can;
(d) for f = lambda (w - c)^2/2 with noise +-sigma, |lambda (w - c)| <= sigma on the support, unclipped, the gap is
    Delta sigma/4.

*Proof.* From a grid point a move of t cells, |t| <= 1, goes one cell with probability |t|: entries off the diagonal are linear
in eta. A chain between neighbours is reversible, which gives pi. P_t = (1 - a_t) I + a_t P_max, so law_T = E law_1 P_max^N, and
N tends to infinity iff sum a_t does (take eta_max at half its limit: aperiodic). (d): E|g| = sigma in
T1#(c): E lambda (w - c)^2 = Delta sigma/2. []

Source: this project's statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Floats, clicks, quadratic, slopes
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import between, draws
from alpt_ref.theory.t1_sharp import of_a_cell
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import stationary_law

CLICKS, COARSE = clicks(0.03), Grid(8, 0.05)
NOISY = quadratic(1.0, 0.31, 0.5)


@dataclass(frozen=True)
class Params:
    """eta : the largest learning rate. reference, digit : what (c) and (d) compare with, and how closely."""

    eta: float
    G_inf: float
    delta: float
    bits: int
    reference: float = 0.0
    digit: float = 0.0

    def checks(self) -> Sequence[Check]:
        """The assumption."""
        return (of_a_cell(self.eta, self.G_inf, self.delta),)


def params(problem: FiniteProblem, grid: Grid, eta: float, reference: float = 0.0, digit: float = 0.0) -> Params:
    """The statement on a grid, G_inf over its points."""
    return Params(eta, problem.largest_component(grid), float(grid.delta), grid.bits, reference, digit)


def closed_form(problem: FiniteProblem, grid: Grid) -> Floats:
    """(b): pi from the ratios of neighbours, (2^bits,), for a convex f: nothing leaves the points between the last that is
    never moved down and the first that is never moved up.
    """
    g, p = problem.gradients(points_of(grid))[:, :, 0], problem.probabilities
    up, down = p @ np.maximum(-g, 0.0), p @ np.maximum(g, 0.0)  # E g^- and E g^+
    first = int(np.flatnonzero(down == 0.0).max(initial=0))
    last = int(np.flatnonzero(up == 0.0).min(initial=up.size - 1))
    logs = np.cumsum(np.log(up[first:last] / down[first + 1 : last + 1]))
    weights = np.exp(np.concatenate(([0.0], logs)) - logs.max(initial=0.0))
    pi = np.zeros(up.size)
    pi[first : last + 1] = weights / weights.sum()
    return pi


def mixed(problem: FiniteProblem, grid: Grid, etas: Floats, start: int) -> Floats:
    """(a), right side, by dense matrices: each step is one of eta_max with probability eta_t/eta_max, else none."""
    n, delta, most = 2**grid.bits, float(grid.delta), float(etas.max())
    g, p = problem.gradients(points_of(grid))[:, :, 0], problem.probabilities
    P = np.zeros((n, n))
    for j, chance in enumerate(p):
        for i in range(n):
            move = -most * g[j, i] / delta
            to = min(max(i + (1 if move > 0 else -1), 0), n - 1)
            P[i, to] += chance * abs(move)
            P[i, i] += chance * (1.0 - abs(move))
    law = np.zeros(n)
    law[start - grid.q_lo] = 1.0
    for a in etas / most:
        law = (1.0 - a) * law + a * (law @ P)
    return law


def _clock(name: str, problem: FiniteProblem, grid: Grid, etas: Floats, start: int, rule: Rule) -> Instance:
    def measure(draw: Draw) -> Measured:
        asked = Asked()
        at = float(grid.delta) * start
        law = exact_law(problem, grid, asked.of(rule), eta=etas, steps=etas.size, start=at)
        return Measured(float(np.abs(law.probability - mixed(problem, grid, etas, start)).sum()), 0.0, (unbiased(asked),))

    return Instance(name, params(problem, grid, float(etas.max())), measure)


def _clocks(setting: Setting) -> list[Instance]:
    rule, u = setting.rule_or(STOCHASTIC), draws(1, 200, 11)[0]
    fall = 0.049 / np.sqrt(np.arange(1.0, 301.0))
    leaps = slopes((1.0, -3.0), (0.8, 0.2), -8.0)
    out = [
        _clock("clicks at 3%, 200 random eta_t", CLICKS, COARSE, 0.049 * u, -4, rule),
        _clock("clicks at 3%, eta/sqrt(t)", CLICKS, COARSE, fall, 4, rule),
        _clock("(w - c)^2/2, noise 0.5, random eta_t", NOISY, Grid(6, 0.1), 0.02 * u, -3, rule),
        _clock("g_t w, clipped at both ends, random eta_t", leaps, Grid(3, 1.0), u / 3.0, 0, rule),
    ]
    if setting.rule is None:
        out.append(_clock("control, nearest: clicks, random eta_t", CLICKS, COARSE, 0.049 * u, 4, NEAREST).expecting(VIOLATED))
        out.append(_clock("control: eta G_inf > Delta", CLICKS, COARSE, 0.5 * u, 4, rule).expecting(NOT_APPLICABLE))
    return out


def _same(name: str, problem: FiniteProblem, grid: Grid, eta: float, rule: Rule) -> Instance:
    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = stationary_law(problem, grid, asked.of(rule), eta=eta)
        off = float(np.abs(law.probability - closed_form(problem, grid)).sum())
        return Measured(off, law.error, (unbiased(asked),))

    return Instance(name, params(problem, grid, eta), measure)


def _random(i: int, u: Floats) -> tuple[FiniteProblem, Grid]:
    """Clicks, quadratics with noise, and slopes of several values, 3 to 7 bits."""
    grid = Grid(3 + int(5 * u[0]), between(u[1], 0.05, 0.5))
    rate, noise = float(0.01 + 0.98 * u[2]), between(u[3], 0.5, 4.0)
    problem = (clicks(rate), clicks(rate, 1 + int(8 * u[4])), quadratic(1.0, 0.3 * (u[2] - 0.5), noise))[i % 3]
    return problem, grid


def _laws(setting: Setting) -> list[Instance]:
    rule, count = setting.rule_or(STOCHASTIC), 100 if setting.full else 30
    out = []
    for eta in (0.0005, 0.005, 0.049):
        out.append(_same(f"clicks at 3%, eta = {eta:g}", CLICKS, COARSE, eta, rule))
    for i, u in enumerate(draws(count, 6, 12)):
        problem, grid = _random(i, u)
        eta = float(grid.delta) / problem.largest_component(grid) * (0.02 + 0.97 * u[5])
        out.append(_same(f"{i}: {problem.name}"[:44], problem, grid, eta, rule))
    if setting.rule is None:
        out.append(_same("control, nearest: clicks at 3%", CLICKS, COARSE, 0.049, NEAREST).expecting(VIOLATED))
    return out


CLOCK = Claim(
    "L11(a)",
    "SR, any eta_t with eta_t G_inf <= Delta: the law is that of a random number of steps of eta_max: L1 distance",
    "exact",
    lambda p: 0.0,
    _clocks,
    tolerance=lambda p: 1e-12,
    rule="unbiased",
)
SAME = Claim(
    "L11(b)",
    "SR: every constant eta <= Delta/G_inf has one stationary law, in closed form: L1 distance",
    "exact",
    lambda p: 0.0,
    _laws,
    tolerance=lambda p: 1e-8,  # of which a slow chain's law may be off by half, though measured it is 1e-13
    rule="unbiased",
)
CLAIMS = (CLOCK, SAME)
