r"""L4: stochastic rounding follows full-precision descent in the mean.  (exact)

(a) f quadratic, exact or unbiased gradients, no clipping with probability 1: E w_t under SR equals the gradient-descent
    trajectory from w_1, for every t. Under DR it need not.
(b) f = sum_i lambda_i (w_i - c_i)^2/2, c inside the box, exact gradients, eta lambda_i <= 1: the stationary gap of SR is
    exactly sum_i lambda_i Delta^2 a_i (1 - a_i)/2 <= tr(H) Delta^2/8, a_i = frac(c_i/Delta), whatever eta.

*Proof.* (a): E[w_{t+1} | w_t] = w_t - eta E g (Q2), which is affine in w_t. (b): x_i lies between w_i and c_i, so the walk
enters the two ends of c_i's cell and stays; its stationary mean is c_i, by (a), and a two-point law on the cell with mean c_i
has variance Delta^2 a_i (1 - a_i). []

Source: this project's statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, quadratic
from alpt_ref.problems.joint import joint_quadratic, rotated
from alpt_ref.theory.claim import HOLDS, NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.stationary import stationary_law

DELTA = 2.0**-4


@dataclass(frozen=True)
class MeanParams:
    """(a)."""

    eta: float
    steps: int
    bits: int
    delta: float


@dataclass(frozen=True)
class FloorParams:
    """(b): curvatures lambda_i and c_i in cells."""

    curvatures: tuple[float, ...]
    cells: tuple[float, ...]
    delta: float
    eta: float

    def checks(self) -> Sequence[Check]:
        """The assumptions that are numbers."""
        inside = all(-8.0 <= c <= 7.0 for c in self.cells)
        return (
            Check("eta lambda <= 1", self.eta * max(self.curvatures), "<=", 1.0),
            Check("c inside the box", float(inside), "==", 1.0),
        )


def floor(p: FloorParams) -> float:
    """(b), in units of Delta^2."""
    fractions = np.array(p.cells) % 1.0
    return float(np.dot(p.curvatures, fractions * (1.0 - fractions)) / 2.0)


def descent(problem: FiniteProblem, start: float, eta: float, steps: int) -> np.ndarray:
    """Gradient descent's w_2, ..., w_{T+1}, (steps, d), with the mean gradient, in full precision."""
    w = np.full((1, problem.d), start)
    out = []
    for _ in range(steps):
        w = w - eta * problem.mean_gradient(w)
        out.append(w[0])
    return np.array(out)


def _mean(
    problem: FiniteProblem, grid: Grid, rule: Rule, start: float, eta: float, steps: int, expected: str = HOLDS
) -> Instance:
    def measure(draw: Draw) -> Measured:
        coordinates = [lambda w, i=i: w[:, i] for i in range(problem.d)]
        law = exact_law(problem, grid, rule, eta=eta, steps=steps, start=start, observe=coordinates)
        clip = Check("no clipping: expected clipped steps", float(law.clipped.sum()), "<=", 0.0)
        off = np.abs(law.expectations[1:] - descent(problem, start, eta, steps)).max()
        return Measured(float(off), law.error * float(np.abs(law.points).max()), (clip, unbiased(rule, grid)))

    prefix = "control, nearest: " if expected == VIOLATED else ""
    name = (prefix + problem.name)[:44]
    return Instance(name, MeanParams(eta, steps, grid.bits, float(grid.delta)), measure, expected=expected)


def _means(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    grid, joint = Grid(6, DELTA), Grid(5, 2.0**-3)
    out = [
        _mean(quadratic(1.0, 0.31), grid, rule, -1.0, 0.05, 60),
        _mean(quadratic(3.0, 0.31), grid, rule, -1.5, 0.3, 20),
        _mean(quadratic(1.0, 0.31, 0.4), Grid(7, DELTA), rule, -1.0, 0.1, 40),
        _mean(joint_quadratic(rotated((1.0, 0.1), 0.4), (0.33, -0.2)), joint, rule, 0.5, 0.3, 40),
    ]
    if setting.rule is None:
        out.append(_mean(quadratic(1.0, 0.31), grid, NEAREST, -1.0, 0.05, 200, VIOLATED))
    return out


def _floor(p: FloorParams, rule: Rule, expected: str = HOLDS, name: str = "") -> Instance:
    def measure(draw: Draw) -> Measured:
        grid = Grid(4, p.delta)
        value, error = 0.0, 0.0
        for curvature, c in zip(p.curvatures, p.cells, strict=True):
            problem = quadratic(curvature, c * p.delta)
            law = stationary_law(problem, grid, rule, eta=p.eta)
            value += float(law.probability @ problem.loss(law.points)) / p.delta**2
            error += law.error * value
        return Measured(value, error, (unbiased(rule, grid),))

    shown = f"lambda {', '.join(f'{x:g}' for x in p.curvatures)}; eta {p.eta:g}"
    return Instance(name or shown, p, measure, expected=expected)


def _floors(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    out = [
        _floor(FloorParams((1.0,), (0.3,), DELTA, eta), rule) for eta in (0.01, 0.3, 1.0)
    ] + [
        _floor(FloorParams((1.0, 0.1, 4.0), (0.3, -2.5, 6.71), DELTA, eta), rule) for eta in (0.02, 0.25)
    ]  # fmt: skip
    if setting.rule is None:
        far = FloorParams((1.0,), (0.3,), DELTA, 0.3)
        out.append(_floor(far, NEAREST, VIOLATED, "control: nearest"))
        out.append(_floor(FloorParams((1.0,), (0.3,), DELTA, 1.5), rule, NOT_APPLICABLE, "control: eta lambda = 1.5"))
    return out


MEAN = Claim(
    "L4(a)",
    "SR, quadratic, no clipping: E w_t is the gradient-descent trajectory: largest distance",
    "exact",
    lambda p: 0.0,
    _means,
    tolerance=lambda p: 1e-12,
    rule="unbiased",
)
FLOOR = Claim(
    "L4(b)",
    "SR, separable quadratic, eta lambda <= 1: stationary gap/Delta^2 = sum_i lambda_i a_i (1 - a_i)/2",
    "exact",
    floor,
    _floors,
    FloorParams.checks,
    lambda p: 1e-9,
    rule="unbiased",
)
CLAIMS = (MEAN, FLOOR)
