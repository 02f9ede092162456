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
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Floats, quadratic
from alpt_ref.problems.joint import joint_quadratic, rotated
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.sampled import unclipped
from alpt_ref.theory.shape import affine
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import stationary_law
from alpt_ref.walks.walk import Walk

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


def descent(problem: FiniteProblem, w_1: Floats, eta: float, steps: int) -> Floats:
    """Gradient descent's w_2, ..., w_{T+1}, (steps, d), with the mean gradient, in full precision."""
    w, out = w_1[None], []
    for _ in range(steps):
        w = w - eta * problem.mean_gradient(w)
        out.append(w[0])
    return np.array(out)


def mean_instance(name: str, walk: Walk) -> Instance:
    """(a) on a walk."""
    problem, eta = walk.problem, walk.schedule.eta
    assert isinstance(problem, FiniteProblem)

    def measure(draw: Draw) -> Measured:
        coordinates = [lambda w, i=i: w[:, i] for i in range(problem.d)]
        asked = Asked()
        law = replace(walk, rule=asked.of(walk.rule)).exact(coordinates)
        off = np.abs(law.expectations[1:] - descent(problem, walk.w_1, eta, walk.steps)).max()
        checks = (unclipped(law), affine(problem, walk.box_grid), unbiased(asked))
        return Measured(float(off), law.error * float(np.abs(law.points).max()), checks)

    return Instance(name, MeanParams(eta, walk.steps, walk.box_grid.bits, walk.delta), measure)


def _means(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    grid, valley, noisy = Grid(6, DELTA), quadratic(1.0, 0.31), quadratic(1.0, 0.31, 0.4)
    stretched = joint_quadratic(rotated((1.0, 0.1), 0.4), (0.33, -0.2))
    walks = [
        Walk(valley, grid, rule, Schedule(0.05), 60, -16),
        Walk(quadratic(3.0, 0.31), grid, rule, Schedule(0.3), 20, -24),
        Walk(noisy, Grid(7, DELTA), rule, Schedule(0.1), 40, -16),
        Walk(stretched, Grid(5, 2.0**-3), rule, Schedule(0.3), 40, 4),
    ]
    out = [mean_instance(walk.name, walk) for walk in walks]
    if setting.rule is None:
        nearest = Walk(valley, grid, NEAREST, Schedule(0.05), 200, -16)
        out.append(mean_instance(f"control, nearest: {valley.name}", nearest).expecting(VIOLATED))
    return out


def _floor(name: str, p: FloorParams, rule: Rule) -> Instance:
    def measure(draw: Draw) -> Measured:
        grid, asked = Grid(4, p.delta), Asked()
        value, error = 0.0, 0.0
        for curvature, c in zip(p.curvatures, p.cells, strict=True):
            problem = quadratic(curvature, c * p.delta)
            law = stationary_law(problem, grid, asked.of(rule), eta=p.eta)
            value += law.mean(problem.loss) / p.delta**2
            error += law.error * value
        return Measured(value, error, (unbiased(asked),))

    return Instance(name, p, measure)


def _floors(setting: Setting) -> list[Instance]:
    rule, one, three = setting.rule_or(STOCHASTIC), (1.0,), (1.0, 0.1, 4.0)
    cases = [FloorParams(one, (0.3,), DELTA, eta) for eta in (0.01, 0.3, 1.0)]
    cases += [FloorParams(three, (0.3, -2.5, 6.71), DELTA, eta) for eta in (0.02, 0.25)]
    out = [_floor(f"lambda {', '.join(f'{x:g}' for x in p.curvatures)}; eta {p.eta:g}", p, rule) for p in cases]
    if setting.rule is None:
        out.append(_floor("control: nearest", FloorParams(one, (0.3,), DELTA, 0.3), NEAREST).expecting(VIOLATED))
        far = FloorParams(one, (0.3,), DELTA, 1.5)
        out.append(_floor("control: eta lambda = 1.5", far, rule).expecting(NOT_APPLICABLE))
    return out


MEAN = Claim(
    "L4(a)",
    "SR, quadratic, no clipping: E w_t is the gradient-descent trajectory: largest distance",
    "exact",
    lambda p: 0.0,
    _means,
    tolerance=lambda p: 1e-12 * p.delta * 2.0 ** (p.bits - 1),
    rule="unbiased",
)
FLOOR = Claim(
    "L4(b)",
    "SR, separable quadratic, eta lambda <= 1: stationary gap/Delta^2 = sum_i lambda_i a_i (1 - a_i)/2",
    "exact",
    floor,
    _floors,
    tolerance=lambda p: 1e-9,
    rule="unbiased",
)
CLAIMS = (MEAN, FLOOR)
