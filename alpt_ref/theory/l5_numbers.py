r"""L5, its numbers: a conjecture that is false, and reference numbers of the intercept model.  (lower, law)

One random example a step, a click with probability p, w_1 = 0, nearest rounding.

(d) *Conjecture, refuted:* with eta_t = eta/sqrt(t) the final predicted CTR, minimized over eta, is of order sqrt(p).
    It fits over the range that suggested it: at Delta = 0.05 the least CTR is 2.1 to 2.4 sqrt(p) for p from 0.003 to 0.0003.
    For p far below Delta/64 it is false. Counterexample, in the table: Delta = 0.2, p = 0.0003, eta = 20 ends at 0.0024, while
    sqrt(p) = 0.017.

    *Proof* that the least CTR is O(p log(1/p)) for fixed Delta, in a box that holds -eta/2. If the first example is no click it
    takes w to within Delta/2 of -eta/2. After it clicks alone raise w, each by at most 2 eta_t, up to the freezing at
    n = (2 eta/Delta)^2 (L3): in the mean by at most 8 p eta^2/Delta, which is eta/4 for eta = Delta/(32 p), with variance at
    most 4 p eta^2 (1 + ln n). By Chebyshev's inequality the CTR is at most p + 256 p (1 + ln n) + exp(Delta/2 - eta/8). []
    Such an eta is no cure: the prediction is set by the first step, not by the clicks.

(ref) p = 0.03, 8 bits, Delta = 0.05, after 20,000 steps.

Source: this project's statement; ``analysis/calibration.py`` minimizes over eta.
"""

import math
from dataclasses import dataclass
from functools import cache

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import click_rate, clicks
from alpt_ref.theory.claim import VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

REFERENCE, STEPS = Grid(8, 0.05), 20_000


@dataclass(frozen=True)
class FinalParams:
    """(d): one learning rate."""

    p: float
    bits: int
    delta: float
    eta: float


def _final(p: FinalParams, name: str = "") -> Instance:
    """DR's CTR once it has frozen, (2 eta/Delta)^2 steps."""

    def measure(draw: Draw) -> Measured:
        steps = int((2.0 * p.eta / p.delta) ** 2) + 1
        law = Walk(clicks(p.p), Grid(p.bits, p.delta), NEAREST, Schedule(p.eta, "sqrt"), steps).exact()
        value = law.mean(click_rate)
        return Measured(value, law.error, note=f"CTR {value:.4g}, sqrt(p) = {math.sqrt(p.p):.4g}, p = {p.p:g}")

    return Instance(f"{name}p {p.p:g}, Delta {p.delta:g}, eta {p.eta:.3g}", p, measure)


def _finals(setting: Setting) -> list[Instance]:
    near = [FinalParams(0.03, 9, 0.05, 0.65), FinalParams(0.01, 9, 0.05, 1.2)]
    if setting.full:
        near += [FinalParams(0.003, 9, 0.05, 2.1), FinalParams(0.001, 9, 0.05, 3.5)]
    return [*(_final(p) for p in near), _final(FinalParams(0.0003, 7, 0.2, 20.0), "refuted: ").expecting(VIOLATED)]


@dataclass(frozen=True)
class ReferenceParams:
    """A reference number and half a unit of its last digit."""

    eta: float
    schedule: str
    steps: int
    reference: float
    digit: float


@cache
def _ended(rule: Rule, schedule: Schedule) -> tuple[float, float, float]:
    """(gap, mean CTR, bound on their rounding errors) after 20,000 steps."""
    problem = clicks(0.03)
    law = Walk(problem, REFERENCE, rule, schedule, STEPS).exact()
    return law.mean(problem.loss) - problem.f_star, law.mean(click_rate), 7.0 * law.error


def _number(rule: Rule, schedule: Schedule, reference: float, digit: float, gap: bool = False) -> Instance:
    def measure(draw: Draw) -> Measured:
        *values, error = _ended(rule, schedule)
        return Measured(values[0] if gap else values[1], error)

    shown, quantity = "eta/sqrt(t), " if schedule.decays else "", "gap" if gap else "CTR"
    name = f"{rule.name}, {shown}eta = {schedule.eta:g}: {quantity}"
    return Instance(name, ReferenceParams(schedule.eta, schedule.decay, STEPS, reference, digit), measure)


def _numbers(setting: Setting) -> list[Instance]:
    out = []
    for eta, dr in ((0.1, 0.2506), (0.2, 0.1264), (0.5, 0.0563)):
        out.append(_number(STOCHASTIC, Schedule(eta), 0.0300, 5e-5))
        out.append(_number(NEAREST, Schedule(eta), dr, 5e-5))
    tie = float(REFERENCE.delta)  # an exact tie at w = 0, in the float32 step size too: ties to even freeze it
    out.append(_number(NEAREST, Schedule(tie), 0.5, 5e-5))
    gaps = ((0.2, 1.5e-3, 5e-5, 0.37), (0.5, 7.2e-4, 5e-6, 0.21), (1.0, 7.3e-4, 5e-6, 0.28), (3.0, 7.3e-4, 5e-6, 0.56))
    for (eta, sr, digit, dr), rate in zip(gaps, (0.39, 0.27, 0.32, 0.50), strict=True):
        decaying = Schedule(eta, "sqrt")
        out.append(_number(STOCHASTIC, decaying, sr, digit, gap=True))
        out.append(_number(NEAREST, decaying, dr, 5e-3, gap=True))
        out.append(_number(NEAREST, decaying, rate, 5e-3))
    return out


FINAL = Claim(
    "L5(d)",
    "refuted conjecture: DR's final CTR with eta/sqrt(t) is at least of order sqrt(p), here sqrt(p), for every eta",
    "lower",
    lambda p: math.sqrt(p.p),
    _finals,
)
NUMBERS = Claim(
    "L5(ref)",
    "reference numbers of the intercept model at p = 0.03, to the digits given",
    "law",
    lambda p: p.reference,
    _numbers,
    tolerance=lambda p: p.digit,
)
CLAIMS = (FINAL, NUMBERS)
