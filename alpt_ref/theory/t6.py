r"""T6: ALPT, the step size moves.  (upper)

Algorithm. w_t = Delta_t q_t; x_t = w_t - eta_t g_t is rounded stochastically to the grid of Delta_{t+1}, which may depend on
all the past and on g_t, but not on the uniforms of step t.

Guarantee (upper), clipping included and whether Delta grows or shrinks:

    (a) E[||r_t||^2 | w_t, g_t, Delta_{t+1}] <= Delta_{t+1} ( eta_t ||g_t||_1 + ||q_t||_1 |Delta_{t+1} - Delta_t| )

and, for a fixed w* in every box S_t, eta_t = eta/sqrt(t), D the largest diameter of a box, f_t convex and oblivious (T1),

    (b) E[R(T)]/T <= ( D^2/(2 eta) + eta G^2 )/sqrt(T)
                     + (1/T) sum_t E[ Delta_{t+1} ||g_t||_1 / 2 + Delta_{t+1} ||q_t||_1 |Delta_{t+1} - Delta_t| / (2 eta_t) ].

*Proof.* Delta_{t+1} q_t is on the new grid and P_{t+1} is non-expansive, so P_{t+1}(x_t)_i lies within
eta_t |g_i| + |q_i| |Delta_{t+1} - Delta_t| of a grid point; a(1 - a) <= min(a, 1 - a) gives (a), and (b) follows as T1 does:
P_{t+1} needs only w* in S_{t+1}. []

ALPT keeps LPT's floor if |Delta_{t+1} - Delta_t| ||q_t||_1 is of order eta_t G1: sufficient, not necessary. A grid that moves
re-randomizes the codes other than 0, unless the new grid contains the old point.

The right side of (b) is the law's own: its two expectations are taken with the exact law, together with the regret.

Source: this project's statement about Algorithm 1 of arXiv 2212.05735.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from alpt_ref.grid import Grid
from alpt_ref.problems import box, outside
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, quadratic
from alpt_ref.theory.claim import HOLDS, VIOLATED, Check, Claim, Draw, Family, Instance, Measured, Setting
from alpt_ref.theory.instances import between, draws, points_of, rates
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.moving import Follow, MovingLaw, moving_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule


@dataclass(frozen=True)
class Params:
    """The numbers of (b); gradient and drift are the two expectations, averaged over the steps."""

    steps: int
    eta: float
    D: float
    G: float
    outside: float
    gradient: float = math.nan
    drift: float = math.nan

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("w* in every S_t", self.outside, "<=", 0.0),)


def bound(p: Params) -> float:
    """(b)."""
    return (p.D**2 / (2.0 * p.eta) + p.eta * p.G**2) / math.sqrt(p.steps) + p.gradient + p.drift


@dataclass(frozen=True)
class Path:
    """A problem, its levels of Delta and how they follow each other."""

    name: str
    problem: FiniteProblem
    grids: tuple[Grid, ...]
    follow: Follow
    eta: float
    steps: int
    code: int = 0

    def params(self) -> Params:
        """What is known before the law is."""
        ends = [box(grid) for grid in self.grids]
        G = max(self.problem.gradient_bounds(points_of(grid)).G for grid in self.grids)
        off = max(outside(grid, self.problem.w_star) for grid in self.grids)
        return Params(self.steps, self.eta, max(hi - lo for lo, hi in ends), G, off)

    def law(self, rule: Rule) -> MovingLaw:
        """The exact law along the path."""
        eta = rates(self.eta, "sqrt", self.steps)
        return moving_law(self.problem, self.problem.loss, self.grids, self.follow, rule, eta, self.code)


def _levels(bits: int, delta: float, ratio: float, count: int) -> tuple[Grid, ...]:
    return tuple(Grid(bits, delta * ratio**i) for i in range(count))


def _paths(full: bool) -> list[Path]:
    """Delta shrinks on a schedule; grows; jumps with the sign of the gradient; halves once; stays."""
    steps = 6000 if full else 1500
    clicked, cell = clicks(0.2), absolute(1.0, 0.11)

    def shrink(t: int, level: int, outcome: int) -> int:
        return min(t // 100, 7)

    def by_sign(t: int, level: int, outcome: int) -> int:
        return min(max(level + (1 if outcome else -1), 0), 3)

    return [
        Path("clicks at 20%, Delta shrinks by 0.9", clicked, _levels(6, 0.2, 0.9, 8), shrink, 8.0, steps),
        Path("clicks at 20%, Delta grows by 1.1", clicked, _levels(6, 0.1, 1.1, 8), shrink, 8.0, steps),
        Path("clicks at 20%, Delta follows the clicks", clicked, _levels(6, 0.2, 0.8, 4), by_sign, 8.0, steps),
        Path("|w - c|, Delta halves at t = 50", cell, _levels(6, 0.125, 0.5, 2), lambda t, i, j: int(t >= 50), 5.0, steps),
        Path("|w - c|, Delta stays", cell, _levels(6, 0.125, 1.0, 1), lambda t, i, j: 0, 5.0, steps),
    ]


def _random(count: int, seed: int) -> list[Path]:
    out = []
    for i, u in enumerate(draws(count, 8, seed + 6)):
        ratio = between(u[0], 0.7, 1.4)
        grids = _levels(3 + int(3 * u[1]), between(u[2], 0.05, 0.5), ratio, 4)
        least = min(box(grid)[1] for grid in grids)
        c = 1.6 * (u[3] - 0.5) * least
        problem = (absolute(1.0, c), quadratic(1.0, c, u[4]), clicks(0.1 + 0.8 * u[3]))[i % 3]
        period = 1 + int(20 * u[5])

        def follow(t: int, level: int, outcome: int, period: int = period) -> int:
            return (level + (1 if t % period == 0 else 0) + (outcome if t % (3 * period) == 1 else 0)) % 4

        first = Path(problem.name, problem, grids, follow, 1.0, 50 + int(300 * u[7])).params()
        eta = between(u[6], 0.3, 3.0) * first.D / first.G
        out.append(Path(problem.name, problem, grids, follow, eta, first.steps))
    return out


def _regret(path: Path, rule: Rule, expected: str = HOLDS, name: str = "") -> Instance:
    def measure(draw: Draw) -> Measured:
        law = path.law(rule)
        p = replace(path.params(), gradient=float(law.gradient.mean()), drift=float(law.drift.mean()))
        largest = max(float(abs(path.problem.loss(points_of(grid))).max()) for grid in path.grids)
        value = float(law.loss.mean()) - path.problem.f_star
        return Measured(value, law.error * largest + 1e-14, (unbiased(rule, path.grids[0]),), params=p)

    return Instance(name or path.name, path.params(), measure, expected=expected)


@dataclass(frozen=True)
class VarianceParams:
    """(a) as a ratio: at most 1."""

    levels: int
    bits: int


def _variance(path: Path, rule: Rule, expected: str = HOLDS, name: str = "") -> Instance:
    def measure(draw: Draw) -> Measured:
        return Measured(path.law(rule).variance, 1e-9, (unbiased(rule, path.grids[0]),))

    return Instance(name or path.name, VarianceParams(len(path.grids), path.grids[0].bits), measure, expected=expected)


def _regrets(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    paths = _paths(setting.full)
    family = Family(200 if setting.full else 30, setting.seed)
    out = [_regret(path, rule) for path in paths]
    out.append(
        worst_of(
            lambda: REGRET,
            f"worst of {family.count} random paths of Delta",
            lambda count, seed: [_regret(path, rule) for path in _random(count, seed)],
            family,
        )
    )
    if setting.rule is None:
        stuck = replace(paths[4], problem=absolute(1.0, 1.4), grids=_levels(3, 0.5, 1.0, 1), eta=0.2, steps=10_000)
        out.append(_regret(stuck, NEAREST, VIOLATED, "control, nearest: |w - 1.4|, Delta stays"))
    return out


def _variances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    paths = _paths(setting.full)
    out = [_variance(path, rule) for path in paths[:4]]
    if setting.rule is None:
        floor_like = Rule("half up", lambda q_floor, a: 0.5 + 0.0 * a)
        out.append(_variance(paths[0], floor_like, VIOLATED, "control, p_up = 1/2: " + paths[0].name[:23]))
    return out


VARIANCE = Claim(
    "T6(a)",
    "SR onto the next grid: E||r||^2 <= Delta' (eta ||g||_1 + ||q||_1 |Delta' - Delta|), as a ratio to it",
    "upper",
    lambda p: 1.0 + 1e-9,
    _variances,
    rule="unbiased",
)
REGRET = Claim(
    "T6(b)",
    "ALPT with SR, convex, eta/sqrt(t): T1's bound, its floor taken along the path, plus the drift of Delta",
    "upper",
    bound,
    _regrets,
    Params.checks,
    rule="unbiased",
)
CLAIMS = (VARIANCE, REGRET)
