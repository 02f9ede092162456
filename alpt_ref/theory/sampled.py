"""Regrets by Monte Carlo, where no exact law reaches: logistic regression on data, many coordinates at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import GradientBounds, LogisticProblem, Vector, gaussian_logistic, grid_of, one_hot_logistic
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.theory.claim import HOLDS, Check, Draw, Instance, Measured
from alpt_ref.walks.rule import BUILT_IN, STOCHASTIC, Rule
from alpt_ref.walks.sampling import Run, decide

Floats = NDArray[float64]
Counts = NDArray[int64]


@dataclass(frozen=True, eq=False)
class Sampled:
    """A run to be sampled, w_1 = 0. most : replicas at the most."""

    name: str
    problem: LogisticProblem | AbsoluteSum
    grid: Grid
    mode: str
    eta: float
    steps: int
    decays: bool = False
    most: int = 8192

    @property
    def w_star(self) -> Vector:
        """The minimizer, (d,)."""
        return self.problem.w_star if isinstance(self.problem, AbsoluteSum) else self.problem.solution.w

    @property
    def bounds(self) -> GradientBounds:
        """G and G1 over the box."""
        return self.problem.gradient_bounds(self.grid, self.mode)

    def instance(
        self, rule: Rule, params: Any, check: Callable[[Rule, Grid], Check], name: str = "", expected: str = HOLDS
    ) -> Instance:
        """E[R(T)]/T under ``rule``: as many replicas as the comparison with the bound takes; one where nothing is random."""
        run = Run(self.problem, self.grid, rule, self.mode, self.eta, self.steps, self.decays)
        certain = self.mode == "batch" and BUILT_IN.get(rule.name) is rule and rule is not STOCHASTIC
        low, high = self.problem.loss_range(self.grid, self.mode)

        def measure(draw: Draw) -> Measured:
            if certain:
                return Measured(float(run.samples(0, 1).regret[0]), 1e-12 * high, (check(rule, self.grid),))

            def regrets(first: int, last: int) -> tuple[Floats, Counts]:
                samples = run.samples(first, last, draw.threads)
                return samples.regret, samples.clipped

            measured, _ = sampled_mean(regrets, low, high, draw, self.most)
            return replace(measured, checks=(check(rule, self.grid),))

        method = "trajectory" if certain else "monte-carlo"
        return Instance(name or self.name, params, measure, method, expected)


def sampled_mean(
    sample: Callable[[int, int], tuple[Floats, Counts]], low: float, high: float, draw: Draw, most: int = 8192
) -> tuple[Measured, Check]:
    """The mean of as many replicas as the comparison with the bound takes, and the check that no update of them was clipped.

    sample : (first, last) -> values in [low, high] and counts of clipped updates, one of each for a replica.
    """
    clipped = 0

    def values(first: int, last: int) -> Floats:
        nonlocal clipped
        out, cut = sample(first, last)
        clipped += int(cut.sum())
        return out

    estimate, n = decide(values, low, high, draw.bound, draw.alpha, most=most)
    assert estimate.half is not None
    note = f"{n} replicas, each within [{low:.3g}, {high:.3g}]"
    unclipped = Check("no clipping: clipped updates of the replicas", clipped, "<=", 0.0)
    return Measured(estimate.mean, estimate.half, (), note), unclipped


def sampled_walks(full: bool, data: Sequence[LogisticProblem]) -> list[Sampled]:
    """Generated logistic problems with exact and random gradients, 1024 absolute values, and the data given."""
    gaussian, one_hot = logistic_problems()
    longer = 4 if full else 1
    centres = 0.8 * (np.arange(1024) * 0.618 % 1.0 - 0.5)
    many = AbsoluteSum(1.0 / 32.0, centres)
    unit = Grid(5, 2.0**-4)
    most = 32_768 if full else 8192
    out = [
        _tuned("gaussian 60 x 5, exact gradients", gaussian, 8, "batch", 200 * longer, most),
        _tuned("gaussian 60 x 5, one example a step", gaussian, 8, "example", 1000 * longer, most),
        _tuned("one-hot 120 x 15, exact gradients", one_hot, 8, "batch", 200 * longer, most),
        Sampled("1024 |w_i - c_i|", many, unit, "batch", 0.2 * float(unit.delta) * 32.0, 300, most=most),
    ]
    out += [_tuned(f"{problem.name}, one example a step", problem, 10, "example", 4000, 4 * most) for problem in data]
    return out


def logistic_problems() -> tuple[LogisticProblem, LogisticProblem]:
    """60 dense examples of 5 features, and 120 of 3 one-hot fields with 5 values each."""
    return gaussian_logistic(60, 5, l2=0.2, scale=0.7, seed=1), one_hot_logistic(120, 3, 5, l2=0.05, seed=1)


def _tuned(name: str, problem: LogisticProblem, bits: int, mode: str, steps: int, most: int) -> Sampled:
    """eta = ||w*|| / (G sqrt(T)), which makes T1's two vanishing terms equal."""
    grid = grid_of(problem, bits)
    G = problem.gradient_bounds(grid, mode).G
    eta = float(np.linalg.norm(problem.solution.w)) / (G * steps**0.5)
    return Sampled(name, problem, grid, mode, eta, steps, most=most)
