r"""L3: nearest rounding freezes.  (exact, upper)

(a) Under DR a coordinate stays where it is at step t iff eta_t |g_{t,i}| < Delta/2 (ties apart), or it sits on the edge of
    the box and is pushed outwards.
(b) With |g_{t,i}| <= G_inf and eta_t = eta/sqrt(t), DR never moves again once t > (2 eta G_inf/Delta)^2.
(c) Under SR, inside the box and for eta_t |g_{t,i}| <= Delta, it moves with probability eta_t |g_{t,i}|/Delta, with the right
    mean.

*Proof.* (a): R_D(q + t) = q iff |t| < 1/2. (b): eta_t G_inf < Delta/2 from then on. (c): Q2 from a grid point. []

Source: this project's statement.
"""

from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.box import box, codes_of
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, slopes
from alpt_ref.theory.claim import VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.verdict import rounds_to_nearest, unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.transition import transitions
from alpt_ref.walks.walk import Walk


@dataclass(frozen=True)
class Cases:
    """The number of pairs (code, move) that are enumerated."""

    bits: int
    cases: int


@dataclass(frozen=True)
class Params:
    """(b): G_inf is the largest |g| over all grid points and outcomes."""

    eta: float
    G_inf: float
    delta: float
    bits: int


MOVES = np.concatenate([np.linspace(-2.2, 2.2, 89), [-1e-12, 1e-12, 0.5 - 2.0**-40, 2.0**-40 - 0.5]])


def _stays(rule: Rule) -> Measured:
    grid, asked = Grid(5, 1.0), Asked(nearest=True)
    codes = codes_of(grid, 1)
    moves = MOVES[np.abs(np.abs(MOVES) - 0.5) > 1e-14]
    step = transitions(codes, np.broadcast_to(moves[:, None, None], (moves.size, 32, 1)), grid, asked.of(rule))
    target = step.target.reshape(moves.size, 2, 32)
    stays = ((target == np.arange(32)) * step.chance.reshape(target.shape)).sum(axis=1)
    q, t = np.meshgrid(codes[:, 0], moves)
    said = (np.abs(t) < 0.5) | ((q == -16) & (t < 0)) | ((q == 15) & (t > 0))
    return Measured(int((stays != said).sum()), 0.0, (rounds_to_nearest(asked),))


def _moves(rule: Rule) -> Measured:
    """The largest difference of P(moves) from |t|, and of the mean move from t, inside the box, |t| <= 1."""
    grid, asked = Grid(5, 1.0), Asked()
    codes = codes_of(grid, 1)[4:28]
    moves = MOVES[np.abs(MOVES) <= 1.0]
    step = transitions(codes, np.broadcast_to(moves[:, None, None], (moves.size, 24, 1)), grid, asked.of(rule))
    jump = (step.target - np.arange(4, 28)).reshape(moves.size, 2, 24)
    chance = step.chance.reshape(jump.shape)
    moved = ((jump != 0) * chance).sum(axis=1)
    mean = (jump * chance).sum(axis=1)
    worst = max(np.abs(moved - np.abs(moves)[:, None]).max(), np.abs(mean - moves[:, None]).max())
    return Measured(float(worst), 0.0, (unbiased(asked),))


def bound(p: Params) -> float:
    """(b), and 1e-12 of it, for where it is an integer t the update is half a step: a tie, which may move."""
    return (2.0 * p.eta * p.G_inf / p.delta) ** 2 * (1.0 + 1e-12)


def _last_move(name: str, problem: FiniteProblem, eta: float, rule: Rule) -> Instance:
    """The last step with a positive probability of moving, along the exact law."""
    grid = Grid(7, 0.1)
    g_inf = problem.largest_component(grid)
    p = Params(eta, g_inf, float(grid.delta), grid.bits)
    walk = Walk(problem, grid, rule, Schedule(eta, "sqrt"), int(1.5 * bound(p)) + 10)

    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=True)
        changed = np.flatnonzero(replace(walk, rule=asked.of(rule)).exact().moved > 0)
        last = int(changed[-1]) + 1 if changed.size else 0
        return Measured(last, 0.0, (rounds_to_nearest(asked),))

    return Instance(name, p, measure)


def _freeze(setting: Setting) -> list[Instance]:
    rule, rare = setting.rule_or(NEAREST), clicks(0.03)
    leaps = slopes((1.0, -16.0), (31 / 32, 1 / 32), box(Grid(7, 0.1))[0])
    cases = ((rare, 1.0), (clicks(0.5), 1.0), (absolute(1.0, 0.33), 2.0), (leaps, 0.2))
    out = [_last_move(problem.name, problem, eta, rule) for problem, eta in cases]
    if setting.rule is None:
        out.append(_last_move(f"control, stochastic: {rare.name}", rare, 1.0, STOCHASTIC).expecting(VIOLATED))
    return out


def _exact(setting: Setting) -> list[Instance]:
    rule, cases = setting.rule_or(NEAREST), Cases(5, 32 * MOVES.size)
    out = [Instance("5 bits, every code, 91 moves", cases, lambda draw: _stays(rule))]
    if setting.rule is None:
        out.append(Instance("control: stochastic", cases, lambda draw: _stays(STOCHASTIC), expected=VIOLATED))
    return out


def _chances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    return [Instance("5 bits, codes inside, moves of up to a cell", Cases(5, 24 * MOVES.size), lambda draw: _moves(rule))]


STAYS = Claim(
    "L3(a)",
    "DR: a coordinate stays iff eta_t |g| < Delta/2, or at the edge pushed outwards: exceptions",
    "exact",
    lambda p: 0.0,
    _exact,
    rule="nearest",
)
FREEZE = Claim(
    "L3(b)",
    "DR, eta/sqrt(t): the last move is at t <= (2 eta G_inf/Delta)^2",
    "upper",
    bound,
    _freeze,
    rule="nearest",
)
CHANCE = Claim(
    "L3(c)",
    "SR moves with probability eta_t |g|/Delta and the right mean: largest difference",
    "exact",
    lambda p: 0.0,
    _chances,
    tolerance=lambda p: 1e-14,
    rule="unbiased",
)
CLAIMS = (STAYS, FREEZE, CHANCE)
