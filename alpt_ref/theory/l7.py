r"""L7: decaying steps, nearest rounding ends at the worst point of the box for every eta.  (upper)

S = [lo, lo + D], f_t(w) = g_t w, g_t independent: a with probability 1 - p, -rho a with probability p; rho p < 1 - p, so that
mu = E g_t > 0 and lo is the best fixed point; p rho (rho - sqrt(2)) >= 6; w_1 = lo + D. For every eta > 0, DR with
eta_t = eta/sqrt(t) has

    E[w_t - lo] >= D - (rho + 1) Delta/4          for all t > (2 eta rho a/Delta)^2,

that is, E w_t is at most (rho + 1) Delta/4 from the worst point of the box, which is what the rows measure; hence liminf
E[R(T)]/T >= mu ( D - (rho + 1) Delta/4 ), of the order of the worst possible. SR with any eta has the floor Delta G1/2: with
rho = 16, p = 1/32 the ratio of the errors is about 0.64 D/Delta, 163 at 8 bits. For T -> infinity at fixed eta; an eta tuned
to T does better, and for it L2 is the statement.

*Proof.* tau = (2 eta a/Delta)^2. For t <= tau each down-move is Delta R_D(eta_t a/Delta) <= 2 eta_t a, so the distance H to
the top is at most A = 4 eta a sqrt(tau) = 2 tau Delta when that phase ends (tau < 1: A = 0). For tau < t < rho^2 tau
down-moves are 0 and up-moves still >= (2/3) eta_t rho a, so H_end <= (A - U)^+, U a sum of independent terms (ties taken at
their smaller value), E U >= (2/3) p eta rho a 2 sqrt(tau) (rho - sqrt 2) = (2/3) p rho (rho - sqrt 2) tau Delta >= 2A. As
(EU/2 - U)^+ <= (U - EU)^2/(2 EU) and Var U <= max step x EU with max step <= Delta (rho + 1)/2, E H_end <= Delta (rho + 1)/4.
Then all is frozen. []

Where it really starts. In the mean all down-moves add up to (1 - p) 2 eta a sqrt(tau), all up-moves to p rho^2 times
2 eta a sqrt(tau): for large eta the walk ends at the top iff p rho^2 > 1 - p. The condition with 6 is what the proof of the
constant needs; L7(near) asks for less.

Source: this project's statement: claim C2, two-sided, for the schedule of the analysis.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems import box
from alpt_ref.problems.finite import slopes
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.drawn import between, draws
from alpt_ref.theory.verdict import rounds_to_nearest, worst_of
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk


@dataclass(frozen=True)
class Params:
    """a = 1; eta in units of Delta."""

    rho: float
    p: float
    bits: int
    delta: float
    eta: float

    def checks(self) -> Sequence[Check]:
        """The assumptions."""
        return (
            Check("rho p < 1 - p", self.rho * self.p, "<", 1.0 - self.p),
            Check("p rho (rho - sqrt 2) >= 6", self.p * self.rho * (self.rho - math.sqrt(2.0)), ">=", 6.0),
        )

    @property
    def grid(self) -> Grid:
        """The grid."""
        return Grid(self.bits, self.delta)

    @property
    def frozen(self) -> int:
        """The first t of which the statement speaks."""
        return int((2.0 * self.eta * self.rho) ** 2) + 1


def bound(p: Params) -> float:
    """(rho + 1)/4: how far E w_t may be from the top of the box, in steps of Delta."""
    return (p.rho + 1.0) / 4.0


def _instance(p: Params, rule: Rule, name: str = "") -> Instance:
    """E[lo + D - w_t]/Delta at the first t of which the statement speaks, from the top."""
    grid = p.grid
    problem = slopes((1.0, -p.rho), (1.0 - p.p, p.p), box(grid)[0])
    schedule = Schedule(p.eta * float(grid.delta), "sqrt")

    def measure(draw: Draw) -> Measured:
        asked, n = Asked(nearest=True), 2**p.bits
        law = Walk(problem, grid, asked.of(rule), schedule, p.frozen, grid.q_hi).exact()
        depth = float(law.probability @ np.arange(n)[::-1])
        return Measured(depth, law.error * n, (rounds_to_nearest(asked),))

    return Instance(name or f"rho {p.rho:.3g}, p {p.p:.3g}, {p.bits} bits, eta {p.eta:.3g} Delta", p, measure)


def _random(count: int, seed: int, rule: Rule) -> list[Instance]:
    """rho, p, bits and eta at random within the assumptions, p near its least value half of the time."""
    out = []
    for i, u in enumerate(draws(count, 5, seed + 7)):
        rho = between(u[0], 9.0, 40.0)
        least = 6.0 / (rho * (rho - math.sqrt(2.0)))
        p = least + (1.0 / (1.0 + rho) - least) * (0.999 * u[1] if i % 2 else 0.02 * u[1]) + 1e-12
        eta = between(u[2], 0.05, 60.0 / rho)
        out.append(_instance(Params(rho, p, 3 + int(8 * u[3]), 0.1, eta), rule))
    return out


def _instances(setting: Setting) -> list[Instance]:
    rule, family = setting.rule_or(NEAREST), setting.family(12, 400)
    cases = ((8, 0.2), (8, 0.9), (8, 2.0), (5, 1.3), (10, 3.0))
    out = [_instance(Params(16.0, 1 / 32, bits, 0.05, eta), rule) for bits, eta in cases]
    kind = "random (rho, p, bits, eta)"
    out.append(worst_of(kind, lambda count, seed: _random(count, seed, rule), family))
    if setting.rule is None:
        classic, light = (Params(16.0, p, 8, 0.05, 2.0) for p in (1 / 32, 1 / 64))
        out.append(_instance(classic, STOCHASTIC, "control: stochastic leaves the top").expecting(VIOLATED))
        out.append(_instance(light, rule, "control: p rho (rho - sqrt 2) < 6").expecting(NOT_APPLICABLE))
    return out


def _near(setting: Setting) -> list[Instance]:
    """rho = 16, several eta: the most that E H/Delta is, at p rho^2 above and below 1."""

    def row(light: float) -> Instance:
        cases = [Params(16.0, light / 256.0, 8, 0.05, eta) for eta in (0.5, 1.3, 3.0)]

        def measure(draw: Draw) -> Measured:
            found = [_instance(p, NEAREST).measure(draw) for p in cases]
            worst = max(found, key=lambda measured: measured.value)
            eta = cases[found.index(worst)].eta
            return Measured(worst.value, worst.half, worst.checks, f"at eta = {eta:g} Delta")

        name = "control: " if light < 1.0 else ""
        return Instance(f"{name}p rho^2 = {light:g}, worst of {len(cases)} eta", cases[0], measure)

    return [*(row(light) for light in ((1.1, 3.0) if setting.full else (1.1,))), row(0.7).expecting(VIOLATED)]


CLAIM = Claim(
    "L7",
    "DR, eta/sqrt(t), rare large gradients: once frozen, E w_t is within (rho + 1) Delta/4 of the worst point (cells)",
    "upper",
    bound,
    _instances,
    rule="nearest",
)
NEAR = Claim(
    "L7(near)",
    "asked: the same where p rho^2 is little above 1 - p; not a theorem, whose proof wants p rho (rho - sqrt 2) >= 6",
    "upper",
    bound,
    _near,
    checks=lambda p: (),
)
CLAIMS = (CLAIM, NEAR)
