r"""L13: sign-like steps, Adam's limit: nearest and stochastic rounding have one error, and nearest rounding is faster.  (exact)

One coordinate, |g| in {0, 1}, learning rate lr, from a point of the grid; clipping included.

(a) SR, lr <= Delta: its chain is the one of lr = Delta made lazy, P_lr = (1 - lr/Delta) I + (lr/Delta) P_Delta.
(b) DR is frozen for lr < Delta/2, and one and the same chain, P_Delta, for every lr in (Delta/2, 3 Delta/2).
(c) So both have the same stationary law: C2 is an equality there, and DR needs lr/Delta of SR's steps.

*Proof.* (a): L11. (b): R_D(lr/Delta) is 0 below 1/2, and 1 between 1/2 and 3/2. (c): a chain and its lazy version have one
stationary law; a lazy step is a step with probability lr/Delta, so that as many take Delta/lr times as long. []

It explains why nearest rounding, tuned under Adam at 4 and 2 bits, ends with a learning rate just above half a step.

Source: this project's statement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Floats, clicks, quadratic, slopes
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.verdict import rounds_to_nearest, unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import stationary_law

GRID, STEPS = Grid(5, 0.25), 60


def signed(problem: FiniteProblem) -> FiniteProblem:
    """The problem with the signs of its gradients in their place, as sign-SGD and, nearly, Adam move."""
    return replace(problem, name=f"sign, {problem.name}", gradients=lambda w: np.sign(problem.gradients(w)))


PROBLEMS = {
    "clicks at 30%": signed(clicks(0.3)),
    "(w - c)^2/2, noise 0.5": signed(quadratic(1.0, 0.31, 0.5)),
    "slopes 1, 0, -1": slopes((1.0, 0.0, -1.0), (0.5, 0.2, 0.3), -4.0),
}


@dataclass(frozen=True)
class Params:
    """cells : lr/Delta, which lies in the open interval (low, high). sizes : the largest distance of |g| from {0, 1}."""

    cells: float
    sizes: float
    low: float
    high: float

    def checks(self) -> Sequence[Check]:
        """The assumptions."""
        return (
            Check("|g| in {0, 1}", self.sizes, "<=", 0.0),
            Check("lr/Delta", self.cells, ">", self.low),
            Check("lr/Delta", self.cells, "<", self.high),
        )


def params(problem: FiniteProblem, cells: float, low: float, high: float) -> Params:
    """The statement on a problem."""
    g = np.abs(problem.gradients(points_of(GRID)))
    return Params(cells, float(np.minimum(g, np.abs(g - 1.0)).max()), low, high)


def after(problem: FiniteProblem, rule: Rule, cells: float, steps: int) -> Floats:
    """The law after ``steps`` at lr = cells Delta, from 0."""
    return exact_law(problem, GRID, rule, eta=cells * float(GRID.delta), steps=steps).probability


def lazy(problem: FiniteProblem, cells: float, steps: int) -> Floats:
    """The mixture of the laws after n steps of lr = Delta, n binomial: ``steps`` trials of probability ``cells``."""
    weights = binom.pmf(np.arange(steps + 1), steps, cells)
    laws = [after(problem, STOCHASTIC, 1.0, n) for n in range(steps + 1)]
    return np.asarray(weights @ np.array(laws))


def _compare(
    name: str, p: Params, one: Callable[[Asked], Floats], other: Callable[[], Floats], check: Callable[[Asked], Check]
) -> Instance:
    """The L1 distance of two laws."""

    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=check is rounds_to_nearest)
        distance = float(np.abs(one(asked) - other()).sum())
        return Measured(distance, 0.0, (check(asked),))

    return Instance(name, p, measure)


def _lazy_rows(setting: Setting) -> list[Instance]:
    rule, out = setting.rule_or(STOCHASTIC), []

    def row(name: str, problem: FiniteProblem, cells: float, rule: Rule) -> Instance:
        p = params(problem, cells, 0.0, 1.0 + 1e-12)
        return _compare(
            f"{name}, lr = {cells:g} Delta",
            p,
            lambda asked: after(problem, asked.of(rule), cells, STEPS),
            lambda: lazy(problem, cells, STEPS),
            unbiased,
        )

    out = [row(name, problem, cells, rule) for name, problem in PROBLEMS.items() for cells in (0.1, 0.6, 0.95)]
    if setting.rule is None:
        out.append(row("control, nearest: clicks", PROBLEMS["clicks at 30%"], 0.6, NEAREST).expecting(VIOLATED))
        out.append(row("control: no signs", clicks(0.3), 0.6, rule).expecting(NOT_APPLICABLE))
    return out


def _same_rows(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(NEAREST)

    def row(name: str, problem: FiniteProblem, cells: float, rule: Rule) -> Instance:
        frozen = cells < 0.5
        p = params(problem, cells, 0.0 if frozen else 0.5, 0.5 if frozen else 1.5)
        return _compare(
            f"{name}, lr = {cells:g} Delta",
            p,
            lambda asked: after(problem, asked.of(rule), cells, STEPS),
            lambda: after(problem, STOCHASTIC, 1.0, 0 if frozen else STEPS),
            rounds_to_nearest,
        )

    lrs = (0.3, 0.49, 0.51, 0.8, 1.2, 1.49)
    out = [row(name, problem, cells, rule) for name, problem in PROBLEMS.items() for cells in lrs]
    if setting.rule is None:
        out.append(row("control, stochastic: clicks", PROBLEMS["clicks at 30%"], 0.8, STOCHASTIC).expecting(VIOLATED))
        out.append(row("control: beyond 3/2, clicks", PROBLEMS["clicks at 30%"], 1.6, rule).expecting(NOT_APPLICABLE))
    return out


def _equal_rows(setting: Setting) -> list[Instance]:
    """The stationary laws of SR at one learning rate and of DR at another."""

    def row(name: str, problem: FiniteProblem, sr: float, dr: float) -> Instance:
        delta = float(GRID.delta)
        p = params(problem, dr, 0.5, 1.5)
        return _compare(
            f"{name}: {sr:g}, {dr:g}",
            p,
            lambda asked: stationary_law(problem, GRID, asked.of(NEAREST), eta=dr * delta).probability,
            lambda: stationary_law(problem, GRID, STOCHASTIC, eta=sr * delta).probability,
            rounds_to_nearest,
        )

    out = [row(name, problem, sr, dr) for name, problem in PROBLEMS.items() for sr, dr in ((0.05, 0.51), (0.7, 1.4))]
    frozen = row("control: DR frozen", PROBLEMS["clicks at 30%"], 0.05, 0.49).expecting(NOT_APPLICABLE)
    return [*out, frozen]


LAZY = Claim(
    "L13(a)",
    "SR, |g| in {0, 1}, lr <= Delta: the law is that of lr = Delta after a binomial number of steps: L1 distance",
    "exact",
    lambda p: 0.0,
    _lazy_rows,
    tolerance=lambda p: 1e-12,
    rule="unbiased",
)
SAME = Claim(
    "L13(b)",
    "DR, |g| in {0, 1}: frozen below Delta/2, one chain for every lr in (Delta/2, 3 Delta/2): L1 distance",
    "exact",
    lambda p: 0.0,
    _same_rows,
    tolerance=lambda p: 1e-12,
    rule="nearest",
)
EQUAL = Claim(
    "L13(c)",
    "SR at one lr/Delta and DR at another, |g| in {0, 1}: one stationary law: L1 distance",
    "exact",
    lambda p: 0.0,
    _equal_rows,
    tolerance=lambda p: 1e-11,
)
CLAIMS = (LAZY, SAME, EQUAL)
