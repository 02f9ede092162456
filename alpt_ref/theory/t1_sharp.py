r"""T1#: the energy identity of stochastic rounding; T1 without its noise term.  (upper, exact)

psi is the piecewise linear interpolant of s -> s^2 at the integers: psi(s) = k^2 + (2 k + 1)(s - k), k = floor(s); psi(s) = s
for 0 <= s <= 1. G_inf bounds every |g_{t,i}|. Problem, algorithm and assumptions are those of T1, with constant eta.

Guarantee. Let e_t = ||w_t - w*||^2. Then, in any dimension,

    (b) E e_{t+1} = E e_t - 2 eta E<g_t, w_t - w*> + Delta^2 sum_i E psi(eta |g_{t,i}|/Delta)       without clipping,

and <= with clipping and w* in S. Hence for convex f_t

    (a) E R(T)/T <= D1^2/(2 eta T) + (Delta^2/(2 eta)) max_t sum_i E psi(eta |g_{t,i}|/Delta),

which is D1^2/(2 eta T) + Delta G1/2 as soon as eta G_inf <= Delta: the floor is paid whatever eta is, and nothing else. For
f = G|w - c| what (a) leaves out, E|w_{T+1} - c|^2/(2 eta T), makes it an identity: it cannot be improved.

    (c) At stationarity, unclipped, eta G_inf <= Delta:  E<grad f(w), w - w*> = Delta E||g||_1/2.

*Proof.* From an integer, E R_S(s)^2 = s^2 + a (1 - a) = psi(|s|), a = frac(s), and E R_S(s) = s: the identity, coordinate by
coordinate. Clipping only shortens the distance to a w* in S. Sum over t, divide by 2 eta T, use convexity. (c): e_t has one
mean. []

(b) and (c) are put to the test in ``t1_energy``; (d), the worst case over adversaries, in ``t1_worst``. So a learning rate
that decays below Delta/G_inf buys nothing: it only slows the transient (L11).

Source: this project's statement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Floats, Separate
from alpt_ref.theory.claim import VIOLATED, Check, Claim, Instance, Setting
from alpt_ref.theory.drawn import random_walks
from alpt_ref.theory.instances import regret_instance, standard_walks, stuck_walks
from alpt_ref.theory.verdict import unbiased, worst_of
from alpt_ref.walks.rule import NEAREST, STOCHASTIC
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk


def psi(s: Floats) -> Floats:
    """The interpolant of s^2 at the integers, s >= 0."""
    k = np.floor(s)
    return np.asarray(k**2 + (2.0 * k + 1.0) * (s - k))


def energy(problem: FiniteProblem, eta: float, delta: float) -> Callable[[Floats], Floats]:
    """w (N, d) -> sum_i E psi(eta |g_i|/Delta), (N,)."""

    def at(w: Floats) -> Floats:
        return np.asarray(problem.probabilities @ psi(eta * np.abs(problem.gradients(w)) / delta).sum(axis=2))

    return at


@dataclass(frozen=True)
class Params:
    """The numbers of (a); energy : max_t sum_i E psi(eta |g_{t,i}|/Delta), here over all points of the grid."""

    steps: int
    eta: float
    delta: float
    D1: float
    energy: float
    outside: float

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        return (Check("w* in S", self.outside, "<=", 0.0), Check("eta > 0", self.eta, ">", 0.0))


def of_a_cell(eta: float, G_inf: float, delta: float) -> Check:
    """The assumption that no move is longer than a cell."""
    return Check("eta G_inf <= Delta", eta * G_inf, "<=", delta * (1.0 + 1e-12))


def bound(p: Params) -> float:
    """(a)."""
    return p.D1**2 / (2.0 * p.eta * p.steps) + p.delta**2 * p.energy / (2.0 * p.eta)


def params(walk: Walk) -> Params:
    """The statement for a walk with constant eta."""
    assert isinstance(walk.problem, FiniteProblem | Separate)
    eta, grid = walk.schedule.eta, walk.box_grid
    most = sum(float(energy(part, eta, walk.delta)(points_of(grid, part.d)).max()) for part in walk.problem.parts)
    return Params(walk.steps, eta, walk.delta, walk.D1, most, walk.outside)


def instance(name: str, walk: Walk) -> Instance:
    """The regret of a walk."""
    return regret_instance(name, walk, params(walk), unbiased)


def _constant(walks: dict[str, Walk]) -> dict[str, Walk]:
    return {name: walk for name, walk in walks.items() if not walk.schedule.decays}


def _regrets(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)

    def members(count: int, seed: int) -> list[Instance]:
        walks = random_walks(count, seed + 1, rule)
        return [instance(walk.name, replace(walk, schedule=Schedule(walk.schedule.eta))) for walk in walks]

    out = [instance(name, walk) for name, walk in _constant(standard_walks(setting.full, rule)).items()]
    out.append(worst_of("random walks, constant eta", members, setting.family(48, 400)))
    if setting.rule is None:
        stuck = stuck_walks(NEAREST).items()
        out += [instance(f"control, nearest: {name}", walk).expecting(VIOLATED) for name, walk in stuck]
    return out


REGRET = Claim(
    "T1#(a)",
    "SR, convex, constant eta: E R(T)/T <= D1^2/(2 eta T) + Delta^2/(2 eta) max sum_i E psi(eta |g_i|/Delta)",
    "upper",
    bound,
    _regrets,
    rule="unbiased",
)
CLAIMS = (REGRET,)
