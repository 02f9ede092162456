r"""L14: averaging the iterates removes the floor of stochastic rounding, off the grid, and not for |w - c|.  (exact, law)

f = lambda (w - c)^2/2, exact gradients, h = eta lambda <= 1, c inside the box (L4(b)); rho = 1 - h,
V = Delta^2 alpha (1 - alpha), alpha = frac(c/Delta). From stationarity

(a) E( (w_1 + ... + w_T)/T - c )^2 = (V/T^2) [ T (1 + rho)/(1 - rho) - 2 rho (1 - rho^T)/(1 - rho)^2 ]:

the gap of the *average* vanishes as 1/T, where that of the last iterate stays at lambda V/2; but the average is off the grid.
(b) For G|w - c|, c in the cell (0, Delta), constant eta <= Delta/G, the mean of the iterates tends to Delta/2, whatever c.

*Proof.* (a): Cov(w_t, w_{t+s}) = rho^s V, by E[w_{t+1} - c | w_t] = rho (w_t - c) (L4(a)); sum over pairs. (b): L1(b): each
end of the cell has mass 1/2. []

How it is measured. E of the square by the chain itself: the sum over pairs of sum_i pi_i (w_i - c) (P^s (w - c))_i.

Source: this project's statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, absolute, quadratic
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import stationary_law, transition_matrix

GRID = Grid(5, 0.1)
DELTA = float(GRID.delta)


@dataclass(frozen=True)
class Params:
    """h = eta lambda; alpha : c in cells, from 0; Delta = 0.1."""

    h: float
    alpha: float
    steps: int

    def checks(self) -> Sequence[Check]:
        """The assumptions."""
        return (Check("h <= 1", self.h, "<=", 1.0), Check("c inside the box", abs(self.alpha), "<=", 15.0))


def average(p: Params) -> float:
    """(a), in units of Delta^2."""
    rho, a = 1.0 - p.h, p.alpha % 1.0
    pairs = p.steps * (1.0 + rho) / p.h - 2.0 * rho * (1.0 - rho**p.steps) / p.h**2
    return a * (1.0 - a) * pairs / p.steps**2


def square_of_average(problem: FiniteProblem, rule: Rule, eta: float, steps: int) -> tuple[float, Check]:
    """E(mean of w_1 .. w_T - c)^2 from stationarity, in units of Delta^2, and the check on the rule."""
    asked = Asked()
    P = transition_matrix(problem, GRID, asked.of(rule), eta=eta)
    law = stationary_law(problem, GRID, rule, eta=eta)
    x = (law.points[:, 0] - problem.w_star[0]) / DELTA
    moved, total = x.copy(), steps * float(law.probability @ x**2)
    for s in range(1, steps):
        moved = P @ moved
        total += 2.0 * (steps - s) * float(law.probability @ (x * moved))
    return total / steps**2, unbiased(asked)


def _instance(name: str, p: Params, rule: Rule) -> Instance:
    problem = quadratic(1.0, p.alpha * DELTA)

    def measure(draw: Draw) -> Measured:
        value, check = square_of_average(problem, rule, p.h, p.steps)
        return Measured(value, 1e-11, (check,))

    return Instance(name, p, measure)


def _averages(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    cases = [Params(h, c, T) for h in (0.05, 0.2, 1.0) for c, T in ((0.24, 1000), (0.5, 7), (-2.7, 100))]
    out = [_instance(f"h = {p.h:g}, c = {p.alpha:g} Delta, T = {p.steps}", p, rule) for p in cases]
    if setting.rule is None:
        out.append(_instance("control: nearest", Params(0.2, 0.24, 1000), NEAREST).expecting(VIOLATED))
        out.append(_instance("control: h = 1.5", Params(1.5, 0.24, 100), rule).expecting(NOT_APPLICABLE))
    return out


@dataclass(frozen=True)
class ExampleParams:
    """T = 1000, Delta = 0.1, h = 0.2, lambda alpha (1 - alpha) = 1.14."""

    reference: float
    digit: float


def _examples(setting: Setting) -> list[Instance]:
    """The gap of the average, and of the last iterate: lambda = 4.75, c = 0.4 Delta, eta = h/lambda."""
    curvature, problem = 4.75, quadratic(4.75, 0.4 * DELTA)

    def of_average(draw: Draw) -> Measured:
        value, check = square_of_average(problem, STOCHASTIC, 0.2 / curvature, 1000)
        return Measured(curvature * DELTA**2 * value / 2.0, 1e-12, (check,))

    def of_last(draw: Draw) -> Measured:
        law = stationary_law(problem, GRID, STOCHASTIC, eta=0.2 / curvature)
        return Measured(law.mean(problem.loss), 1e-12)

    return [
        Instance("the average of 1000 iterates", ExampleParams(5.107e-5, 5e-9), of_average),
        Instance("the last iterate", ExampleParams(5.7e-3, 5e-5), of_last),
    ]


@dataclass(frozen=True)
class CellParams:
    """(b): c and eta in cells; G = 1."""

    c: float
    eta: float

    def checks(self) -> Sequence[Check]:
        """The assumptions."""
        return (Check("c in the cell", self.c * (1.0 - self.c), ">", 0.0), Check("eta <= Delta/G", self.eta, "<=", 1.0))


def _mean(name: str, p: CellParams, rule: Rule) -> Instance:
    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = stationary_law(absolute(1.0, p.c * DELTA), GRID, asked.of(rule), eta=p.eta * DELTA)
        return Measured(float(law.mean()[0]) / DELTA, law.error, (unbiased(asked),))

    return Instance(name, p, measure)


def _means(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    cases = [CellParams(c, eta) for c in (0.01, 0.3, 0.9) for eta in (0.01, 0.5)]
    out = [_mean(f"c = {p.c:g} Delta, eta = {p.eta:g} Delta/G", p, rule) for p in cases]
    return out if setting.rule else [*out, _mean("control: nearest", CellParams(0.3, 0.3), NEAREST).expecting(VIOLATED)]


AVERAGE = Claim(
    "L14(a)",
    "SR, quadratic, from stationarity: E(average of T iterates - c)^2/Delta^2, which falls as 1/T",
    "exact",
    average,
    _averages,
    tolerance=lambda p: 1e-9,
    rule="unbiased",
)
EXAMPLE = Claim(
    "L14(ref)",
    "T = 1000, Delta = 0.1, h = 0.2: gap of the average and of the last iterate, to the digits given",
    "law",
    lambda p: p.reference,
    _examples,
    tolerance=lambda p: p.digit,
)
MEAN = Claim(
    "L14(b)",
    "SR, G|w - c|: the iterates' mean tends to Delta/2 whatever c, in units of Delta",
    "exact",
    lambda p: 0.5,
    _means,
    tolerance=lambda p: 1e-9,
    rule="unbiased",
)
CLAIMS = (AVERAGE, EXAMPLE, MEAN)
