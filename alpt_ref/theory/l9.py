r"""L9: what nearest rounding does to the rate.  (exact, law)

One coordinate, no clipping, s = eta |g|/Delta: E[w_{t+1} - w_t] is -eta g under SR and -rho(s) eta g under DR,

    rho(s) = R_D(s)/s:   0 for s < 1/2, 2 just above 1/2, 2/3 just below 3/2, 4/3 just above; |rho(s) - 1| <= 1/(2 s).

So DR is full-precision SGD with a learning rate multiplied by rho: its transient is up to twice as fast as SR's, or stops. C1
is therefore not true instance by instance (f = G|w - c|, eta G/Delta = 0.51: DR needs 0.51 of SR's steps); it is true where s
< 1/2 matters: small or decaying steps.

*Proof.* Definition of R_D, and Q2. []

(a) one step, (b) |rho - 1|, (c) steps to cross 2000 cells, SR's mean over DR's, against rho, (ref) against reference numbers.
The mean of SR is exact here: h(n) = 1 + p h(n - k - 1) + (1 - p) h(n - k), s = k + p, the expected number of steps to cover n
cells.

Source: this project's statement.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import slopes
from alpt_ref.theory.claim import VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.verdict import rounds_to_nearest, unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

CELLS = 2000
GRID = Grid(6, 0.25)


@dataclass(frozen=True)
class Params:
    """s = eta |g|/Delta; reference : the number that (ref) compares with."""

    s: float
    reference: float = math.nan


def rho(s: float) -> float:
    """R_D(s)/s, R_D being IEEE's rint."""
    return float(np.rint(s)) / s


def _step(name: str, s: float, rule: Rule, factor: float) -> Instance:
    """E[w_t - w_{t+1}]/Delta by the exact law of one step of g = 1 from the middle of the box, against ``factor`` s."""
    walk = Walk(slopes((1.0,), (1.0,), -8.0), GRID, rule, Schedule(s * 0.25), 1)

    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=factor != 1.0)
        law = replace(walk, rule=asked.of(rule)).exact()
        check = unbiased(asked) if factor == 1.0 else rounds_to_nearest(asked)
        return Measured(abs(-float(law.mean()[0]) / 0.25 - factor * s), law.error * 64.0, (check,))

    return Instance(f"{name}, s = {s:g}", Params(s), measure)


def crossing(s: float, rule: Rule, cells: int = CELLS) -> float:
    """Expected number of steps of s cells, rounded by ``rule`` from a grid point, to cover at least ``cells``; inf if never."""
    n = math.floor(s)
    up = float(rule.up(np.array([float(n)]), np.array([s - n]))[0])
    stay = (1.0 - up) if n == 0 else 0.0
    if stay == 1.0:
        return math.inf
    expected: NDArray[float64] = np.zeros(cells + 1)
    for left in range(1, cells + 1):
        far, near = expected[max(left - n - 1, 0)], expected[max(left - n, 0)] if n else 0.0
        expected[left] = (1.0 + up * far + (1.0 - up) * near) / (1.0 - stay)
    return float(expected[cells])


def _crossing(name: str, s: float, reference: float) -> Instance:
    def measure(draw: Draw) -> Measured:
        value = crossing(s, STOCHASTIC) / crossing(s, NEAREST)
        return Measured(value, 1e-10, note=f"rho = {rho(s):.5f}")

    return Instance(f"s = {s:g}: {name}SR's steps / DR's", Params(s, reference), measure)


def _ratios(setting: Setting) -> list[Instance]:
    return [_crossing("against rho: ", s, rho(s)) for s in (0.51, 0.9, 1.0, 1.49, 1.51, 2.4, 7.3)]


def _steps(setting: Setting) -> list[Instance]:
    ss, rule = (0.1, 0.49, 0.51, 0.9, 1.49, 1.51, 2.4, 5.7), setting.rule_or(STOCHASTIC)
    out = [_step(rule.name, s, rule, 1.0) for s in ss]
    if setting.rule is None:
        out += [_step("nearest", s, NEAREST, rho(s)) for s in ss]
        out.append(_step("control: nearest against -eta g", 0.51, NEAREST, 1.0).expecting(VIOLATED))
    return out


def _distance(draw: Draw) -> Measured:
    """The largest |rho(s) - 1| 2 s over s in (0, 20]."""
    s = np.concatenate([np.linspace(0.001, 20.0, 4001), np.arange(20) + 0.5 - 1e-9, np.arange(20) + 0.5 + 1e-9])
    return Measured(max(abs(rho(float(x)) - 1.0) * 2.0 * float(x) for x in s), 1e-9)


ONE = Claim(
    "L9(a)",
    "mean move in cells: s under SR, rho(s) s under DR: difference",
    "exact",
    lambda p: 0.0,
    _steps,
    tolerance=lambda p: 1e-10,
    rule="unbiased",
)
NEAR = Claim(
    "L9(b)",
    "|rho(s) - 1| <= 1/(2 s), as a ratio",
    "upper",
    lambda p: 1.0 + 1e-8,
    lambda setting: [Instance("s in (0, 20]", Params(20.0), _distance)],
)
RATE = Claim(
    "L9(c)",
    "steps to cross 2000 cells, SR's mean over DR's, is rho(s) but for the overshoot of a cell or two (0.2 %)",
    "law",
    lambda p: p.reference,
    _ratios,
    tolerance=lambda p: 2e-3 * p.reference,
)
NUMBERS = Claim(
    "L9(ref)",
    "reference numbers of the same, found by simulation (0.2 %)",
    "law",
    lambda p: p.reference,
    lambda setting: [
        _crossing("", *case) for case in ((0.51, 1.963), (0.9, 1.111), (1.0, 1.0), (1.49, 0.671), (1.51, 1.324), (2.4, 0.834))
    ],
    tolerance=lambda p: 2e-3 * p.reference,
)
CLAIMS = (ONE, NEAR, RATE, NUMBERS)
