r"""T6: ALPT, the step size moves.  (upper)

Algorithm. w_t = Delta_t q_t; x_t = w_t - eta_t g_t is rounded stochastically to the grid of Delta_{t+1}, which may depend on
all the past and on g_t, but not on the uniforms of step t.

Guarantee (upper), clipping included and whether Delta grows or shrinks:

    (a) E[||r_t||^2 | w_t, g_t, Delta_{t+1}] <= Delta_{t+1} ( eta_t ||g_t||_1 + ||q_t||_1 |Delta_{t+1} - Delta_t| ),
        and never more than d Delta_{t+1}^2 / 4

and, for a fixed w* in every box S_t, eta_t = eta/sqrt(t), D the largest diameter of a box, f_t convex and oblivious (T1),

    (b) E[R(T)]/T <= ( D^2/(2 eta) + eta G^2 )/sqrt(T)
                     + (1/T) sum_t E[ Delta_{t+1} ||g_t||_1 / 2 + Delta_{t+1} ||q_t||_1 |Delta_{t+1} - Delta_t| / (2 eta_t) ].

*Proof.* Delta_{t+1} q_t is on the new grid and P_{t+1} is non-expansive, so P_{t+1}(x_t)_i lies within
eta_t |g_i| + |q_i| |Delta_{t+1} - Delta_t| of a grid point; a(1 - a) <= min(a, 1 - a, 1/4) gives (a), and (b) follows as T1
does: P_{t+1} needs only w* in S_{t+1}. []

ALPT keeps LPT's floor if |Delta_{t+1} - Delta_t| ||q_t||_1 is of order eta_t G1: sufficient, not necessary. A grid that moves
re-randomizes the codes other than 0, unless the new grid contains the old point.

The right side of (b) is the law's own: its two expectations are taken with the exact law, together with the regret.

Source: this project's statement about Algorithm 1 of arXiv 2212.05735.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from alpt_ref.grid import Grid
from alpt_ref.problems import box, outside
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import Floats, absolute, clicks, quadratic
from alpt_ref.theory import sharp
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import between, draws
from alpt_ref.theory.shape import convex
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.moving import Path
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule


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


def terms(delta: Any, size: Floats, shift: Floats, eta: Any) -> tuple[Floats, Floats]:
    """The floor and the drift term of (b) at a step, sums over coordinates i, the last axis.

    sum_i Delta_{t+1,i} |g_{t,i}| / 2 and sum_i Delta_{t+1,i} |q_{t,i}| |Delta_{t+1,i} - Delta_{t,i}| / (2 eta_t)

    delta : Delta_{t+1}. size : |g_t|. shift : |q_t| |Delta_{t+1} - Delta_t|. eta : eta_t.
    """
    return (delta * size).sum(axis=-1) / 2.0, (delta * shift).sum(axis=-1) / (2.0 * eta)


def params(path: Path) -> Params:
    """The parameters, as far as they are known before the law is."""
    ends = [box(grid) for grid in path.grids]
    G = max(path.problem.gradient_bounds(grid).G for grid in path.grids)
    off = max(outside(grid, path.problem.w_star) for grid in path.grids)
    return Params(path.steps, path.schedule.eta, max(hi - lo for lo, hi in ends), G, off)


def _levels(bits: int, delta: float, ratio: float, count: int) -> tuple[Grid, ...]:
    return tuple(Grid(bits, delta * ratio**i) for i in range(count))


FLIPS = "|w - 2.5|, Delta flips 1 and 15/16"
SHRINKS, STAYS = "clicks at 20%, Delta shrinks by 0.9", "|w - c|, Delta stays"


def paths(full: bool, rule: Rule) -> dict[str, Path]:
    """Delta shrinks on a schedule; grows; jumps with the sign of the gradient; halves once; stays."""
    steps = 6000 if full else 1500
    clicked, cell = clicks(0.2), absolute(1.0, 0.11)
    eight, five = Schedule(8.0, "sqrt"), Schedule(5.0, "sqrt")

    def every_100(t: int, level: int, outcome: int) -> int:
        return min(t // 100, 7)

    def by_sign(t: int, level: int, outcome: int) -> int:
        return min(max(level + (1 if outcome else -1), 0), 3)

    def at_50(t: int, level: int, outcome: int) -> int:
        return int(t >= 50)

    def stays(t: int, level: int, outcome: int) -> int:
        return 0

    def turns(t: int, level: int, outcome: int) -> int:
        return 1 - level

    still = sharp.decaying(rule, False).items()
    alone = {
        name: Path(w.problem, (w.box_grid,), stays, rule, w.schedule, min(w.steps, 8000), int(w.start))  # type: ignore[arg-type]
        for name, w in still
    }
    longer = Path(absolute(1.0, 8.5), (Grid(5, 1.0), Grid(5, 63 / 64)), turns, rule, Schedule(4.0, "sqrt"), 60_000)
    out = alone | ({"|w - 8.5|, Delta flips 1 and 63/64": longer} if full else {})
    return out | {
        SHRINKS: Path(clicked, _levels(6, 0.2, 0.9, 8), every_100, rule, eight, steps),
        "clicks at 20%, Delta grows by 1.1": Path(clicked, _levels(6, 0.1, 1.1, 8), every_100, rule, eight, steps),
        "clicks at 20%, Delta follows the clicks": Path(clicked, _levels(6, 0.2, 0.8, 4), by_sign, rule, eight, steps),
        "|w - c|, Delta halves at t = 50": Path(cell, _levels(6, 0.125, 0.5, 2), at_50, rule, five, steps),
        FLIPS: Path(absolute(1.0, 2.5), (Grid(3, 1.0), Grid(3, 15 / 16)), turns, rule, Schedule(2.0, "sqrt"), 8000),
        STAYS: Path(cell, _levels(6, 0.125, 1.0, 1), stays, rule, five, steps),
    }


def _random(count: int, seed: int, rule: Rule) -> list[Instance]:
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

        first = Path(problem, grids, follow, rule, Schedule(1.0, "sqrt"), 50 + int(300 * u[7]))
        p = params(first)
        eta = between(u[6], 0.3, 3.0) * p.D / p.G
        out.append(regret_along(problem.name, replace(first, schedule=Schedule(eta, "sqrt"))))
    return out


def regret_along(name: str, path: Path) -> Instance:
    """(b) on a path: its regret, floor and drift by one exact law."""
    before = params(path)

    def measure(draw: Draw) -> Measured:
        asked, problem = Asked(), path.problem
        law = replace(path, rule=asked.of(path.rule)).exact(terms)
        p = replace(before, gradient=float(law.floor.mean()), drift=float(law.drift.mean()))
        largest = max(float(abs(problem.loss(points_of(grid))).max()) for grid in path.grids)
        shape = dict.fromkeys(check for grid in path.grids for check in convex(problem, grid))
        checks = (unbiased(asked), *shape)
        return Measured(float(law.loss.mean()) - problem.f_star, law.error * largest + 1e-14, checks, params=p)

    return Instance(name, before, measure)


@dataclass(frozen=True)
class VarianceParams:
    """(a) in one coordinate, as a ratio to the smaller of its two bounds: at most 1."""

    levels: int
    bits: int


def _variance(name: str, path: Path) -> Instance:
    def measure(draw: Draw) -> Measured:
        asked = Asked()
        largest = replace(path, rule=asked.of(path.rule)).exact(terms).variance
        return Measured(largest, 1e-9, (unbiased(asked),))

    return Instance(name, VarianceParams(len(path.grids), path.grids[0].bits), measure)


def _regrets(setting: Setting) -> list[Instance]:
    rule, family = setting.rule_or(STOCHASTIC), setting.family(20, 200)
    named = paths(setting.full, rule)
    out = [regret_along(name, path) for name, path in named.items()]
    out.append(worst_of("random paths of Delta", lambda count, seed: _random(count, seed, rule), family))
    if setting.rule is None:
        stuck = Path(absolute(1.0, 1.4), _levels(3, 0.5, 1.0, 1), named[STAYS].follow, NEAREST, Schedule(0.2, "sqrt"), 5000)
        out.append(regret_along("control, nearest: |w - 1.4|, Delta stays", stuck).expecting(VIOLATED))
    return out


def _variances(setting: Setting) -> list[Instance]:
    named = paths(setting.full, setting.rule_or(STOCHASTIC))
    out = [_variance(name, path) for name, path in named.items() if len(path.grids) > 1]
    if setting.rule is None:
        half_up = replace(named[SHRINKS], rule=Rule("half up", lambda q_floor, a: 0.5 + 0.0 * a))
        out.append(_variance("control, p_up = 1/2: clicks at 20%, Delta sh", half_up).expecting(VIOLATED))
    return out


VARIANCE = Claim(
    "T6(a)",
    "SR onto the next grid: E||r||^2 <= Delta' min(eta |g| + |q| |Delta' - Delta|, Delta'/4), as a ratio to it, d = 1",
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
    rule="unbiased",
)
CLAIMS = (VARIANCE, REGRET)
