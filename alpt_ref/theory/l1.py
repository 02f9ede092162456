r"""L1: the floor of stochastic rounding is real.  (lower, exact)

(a) f(w) = (G/sqrt(d)) ||w - c||_1, c at the centre of a cell of the box: ||g||_2 = G, and every grid point has
    f - f* >= sqrt(d) Delta G/2 = Delta G1/2. No method whose iterates are grid points beats T1's floor there.
(b) f(w) = G |w - c|, c in the open cell (0, Delta), w_1 in {0, Delta}, constant eta <= Delta/G: the stationary gap of SR is
    exactly Delta G/2 for every c and every such eta (in time average at eta = Delta/G, where the chain is periodic).
(c) As c -> 0, (b) is the gap to the best grid point too: T1's floor is a cost of SR, not only of the grid. DR started at 0 with
    eta G < Delta/2 stays there, with gap G c.

*Proof.* (a): |w_i - c_i| >= Delta/2 in every coordinate. (b): two states, each left with probability eta G/Delta: each has mass
1/2, and their gaps G c and G (Delta - c) have the mean G Delta/2. (c): L3. []

Source: this project's statement.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import absolute
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import stationary_law
from alpt_ref.walks.walk import Walk

DELTA = 2.0**-4
GRID = Grid(5, DELTA)


@dataclass(frozen=True)
class CentreParams:
    """(a): d coordinates."""

    G: float
    d: int
    delta: float


@dataclass(frozen=True)
class CellParams:
    """(b), (c): c in cells from 0, eta in units of Delta/G."""

    G: float
    delta: float
    c: float
    eta: float

    def checks(self) -> Sequence[Check]:
        """(b)'s assumptions."""
        return (
            Check("c in the cell", self.c * (1.0 - self.c), ">", 0.0),
            Check("eta <= Delta/G", self.eta, "<=", 1.0),
        )


def _centre(d: int, rule: Rule, steps: int) -> Instance:
    part = absolute(1.0 / math.sqrt(d), 0.5 * DELTA)
    walk = Walk(part, GRID, rule, Schedule(0.3 * DELTA * math.sqrt(d) / 8.0), steps, -5)

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        one = replace(walk, rule=asked.of(rule)).regret()
        return Measured(d * one.mean, d * (one.half or 0.0), (unbiased(asked),))

    return Instance(f"{rule.name}, d = {d}, average gap", CentreParams(1.0, d, DELTA), measure)


def _best(d: int) -> Instance:
    """The least gap over all grid points: coordinates add up."""
    points = np.arange(-16.0, 16.0) * DELTA
    least = d * float(np.abs(points - 0.5 * DELTA).min()) / math.sqrt(d)
    return Instance(f"the best grid point, d = {d}", CentreParams(1.0, d, DELTA), lambda draw: Measured(least, 0.0))


def _cell(name: str, c: float, eta: float, rule: Rule, check: Callable[[Asked], Check] | None = None) -> Instance:
    """The stationary gap from 0 in units of Delta."""
    problem = absolute(1.0, c * DELTA)

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = stationary_law(problem, GRID, asked.of(rule), eta=eta * DELTA)
        return Measured(law.mean(problem.loss) / DELTA, law.error, (check(asked),) if check else ())

    return Instance(name, CellParams(1.0, DELTA, c, eta), measure)


def _centres(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    walks = [_centre(64, rule, 4000), _centre(1024, rule, 4000)]
    return walks if setting.rule else [_best(64), *walks]


def _cells(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    cases = [(c, eta) for c in (1e-6, 0.01, 0.3, 0.5) for eta in (0.001, 0.1, 0.9)] + [(0.3, 1.0)]
    out = [_cell(f"c = {c:g} Delta, eta = {eta:g} Delta/G", c, eta, rule, unbiased) for c, eta in cases]
    if setting.rule is None:
        out.append(_cell("control: nearest", 0.3, 0.25, NEAREST, unbiased).expecting(VIOLATED))
        out.append(_cell("control: eta = 1.2 Delta/G", 0.3, 1.2, rule, unbiased).expecting(NOT_APPLICABLE))
    return out


CENTRE = Claim(
    "L1(a)",
    "(G/sqrt d)||w - c||_1, c at a cell's centre: the gap of every grid point >= sqrt(d) Delta G/2",
    "lower",
    lambda p: math.sqrt(p.d) * p.delta * p.G / 2.0 * (1.0 - 1e-12),
    _centres,
    rule="unbiased",
)
CELL = Claim(
    "L1(b)",
    "G|w - c|, SR: stationary gap/(Delta G) = 1/2 for every c in the cell and every eta <= Delta/G",
    "exact",
    lambda p: 0.5,
    _cells,
    tolerance=lambda p: 1e-9,
    rule="unbiased",
)
STAYS = Claim(
    "L1(c)",
    "the same, DR from 0 with eta G < Delta/2: gap/(Delta G) = c/Delta, which vanishes with c",
    "exact",
    lambda p: p.c,
    lambda setting: [_cell(f"nearest from 0, c = {c:g} Delta", c, 0.49, NEAREST) for c in (1e-6, 0.01, 0.3)],
    tolerance=lambda p: 1e-9,
)
CLAIMS = (CENTRE, CELL, STAYS)
