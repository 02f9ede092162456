r"""L8: progressive predictions of stochastic rounding are calibrated, whatever the data and their order.  (lower, upper)

Constant eta, SR(k) (k infinite: SR, theta_k = 0; any rule with p_up in [a, a + 2^-k]), logistic regression with one-hot
features, one example a step. For a feature i touched n_i times, with C_i = sum_t E|P(x_t)_i - x_{t,i}|/eta and M = mean over
those n_i examples of (prediction before the step - label):

    (w_{1,i} - E w_{T+1,i})/(eta n_i) - C_i/n_i  <=  E M  <=  (w_{1,i} - E w_{T+1,i})/(eta n_i) + theta_k + C_i/n_i

and |w_1 - w_{T+1}| <= (2^m - 1) Delta: calibrated at the rate (2^m - 1) Delta/(eta n_i). DR has no such bound (L5(b)).

*Proof.* Sum E[w_{t+1,i} - w_{t,i}] = -eta E[g_{t,i}] + E[P(x)_i - x_i] + bias, the bias in [0, 2^-k Delta) on touched steps
and 0 elsewhere (Q1). []

The rows give E M with every E w and C_i from the same exact law, so that for SR both sides meet up to clipping.

Source: this project's statement.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Floats, clicks
from alpt_ref.problems.joint import click_table
from alpt_ref.rng import Stream, permutation
from alpt_ref.theory.claim import (
    HOLDS,
    VIOLATED,
    Check,
    Claim,
    Instance,
    Measured,
    Setting,
)
from alpt_ref.theory.instances import draws
from alpt_ref.walks.exact import Law, exact_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule, drifts, random_bits
from alpt_ref.walks.transition import codes_of


@dataclass(frozen=True)
class Params:
    """Feature i. excess : the largest p_up - a of the rule, 2^-k for SR(k). shift : (w_1 - E w_{T+1})/(eta n). clip_term :
    C_i/n_i.
    """

    bits: int
    delta: float
    eta: float
    touched: int
    excess: float
    shift: float = math.nan
    clip_term: float = math.nan

    @property
    def theta(self) -> float:
        """theta_k, for any rule that rounds up with a chance in [a, a + excess]."""
        return self.excess * self.delta / self.eta


def lower(p: Params) -> float:
    """Left side."""
    return p.shift - p.clip_term


def upper(p: Params) -> float:
    """Right side."""
    return p.shift + p.theta + p.clip_term


@dataclass(frozen=True, eq=False)
class Ordered:
    """A problem whose example of step t is fixed: outcome ``order[t]`` with certainty."""

    problem: FiniteProblem
    order: Floats

    @property
    def oracle(self) -> FiniteProblem:
        """With probabilities (steps, k)."""
        return replace(self.problem, probabilities=np.eye(self.problem.probabilities.size)[self.order.astype(int)])


def _measure(sequence: Ordered, grid: Grid, rule: Rule, eta: float, feature: int, p: Params) -> Measured:
    """E M, and the completed parameters: expectations of every outcome's gradient and clipped part, step by step."""
    oracle, k = sequence.oracle, sequence.problem.probabilities.size
    points = float(grid.delta) * codes_of(grid, oracle.d)
    g = sequence.problem.gradients(points)[:, :, feature]  # (k, N)
    target = points[:, feature] - eta * g
    lo, hi = float(grid.delta) * grid.q_lo, float(grid.delta) * grid.q_hi
    cut = np.abs(np.clip(target, lo, hi) - target) / eta
    tables = [lambda w, row=row: row for row in (*g, *cut)]
    law: Law = exact_law(oracle, grid, rule, eta=eta, steps=sequence.order.size, observe=tables)
    at = np.arange(sequence.order.size), sequence.order.astype(int)
    residual, clipped = law.expectations[:-1, :k][at], law.expectations[:-1, k:][at]
    touched = np.abs(g).max(axis=1)[sequence.order.astype(int)] > 0
    n = int(touched.sum())
    shift = -float(law.mean()[feature]) / (eta * n)
    completed = replace(p, touched=n, shift=shift, clip_term=float(clipped.sum()) / n)
    up, down = drifts(rule, grid.q_lo, grid.q_hi)
    still = float(rule.up(codes_of(grid, 1)[:, 0], np.zeros(2**grid.bits)).max())
    off = (
        Check("rule: p_up(q, 0)", still, "<=", 0.0, "rule"),
        Check("rule: p_up >= a", -down, ">=", -1e-12, "rule"),
        Check("rule: p_up - a", up, "<=", p.excess + 1e-12, "rule"),
    )
    value = float(residual[touched].sum()) / n
    return Measured(value, law.error * (1.0 + hi / (eta * n)) + 1e-13, off, params=completed)


def _orders() -> list[tuple[str, Ordered, Grid, int]]:
    """Clicks last, clicks first, shuffled; two features in one example, shuffled and sorted by label."""
    one, grid = clicks(0.1), Grid(8, 0.05)
    labels = np.zeros(600)
    labels[:60] = 1.0
    pair = click_table([[1, 0], [0, 1], [1, 1]], [0.1, 0.3, 0.2], [0.4, 0.3, 0.3])
    drawn = np.floor(6.0 * draws(1, 200, 8)[0])
    joint = Grid(6, 0.15)
    return [
        ("clicks first", Ordered(one, labels), grid, 0),
        ("clicks last", Ordered(one, labels[::-1].copy()), grid, 0),
        ("shuffled", Ordered(one, labels[permutation(600, seed=8, stream=Stream.DATA)]), grid, 0),
        ("two features, random: 1", Ordered(pair, drawn), joint, 0),
        ("two features, sorted: 2", Ordered(pair, np.sort(drawn % 2 + 2 * (drawn // 2)) % 6), joint, 1),
    ]


def _instance(
    rule: Rule, excess: float, case: tuple[str, Ordered, Grid, int], eta: float = 0.3, expected: str = HOLDS
) -> Instance:
    name, ordered, grid, feature = case
    p = Params(grid.bits, float(grid.delta), eta, 0, excess)
    prefix = "control, nearest: " if expected == VIOLATED else f"{rule.name}: "
    return Instance(f"{prefix}{name}", p, lambda draw: _measure(ordered, grid, rule, eta, feature, p), expected=expected)


def _rows(setting: Setting, control_eta: float) -> list[Instance]:
    if setting.rule:
        return [_instance(setting.rule, drifts(setting.rule, -128, 127)[0], case) for case in _orders()]
    out = [
        _instance(rule, excess, case) for rule, excess in ((STOCHASTIC, 0.0), (random_bits(3), 2.0**-3)) for case in _orders()
    ]
    return [*out, _instance(NEAREST, 0.0, _orders()[2], control_eta, VIOLATED)]


SLACK = 1e-11  # both sides are computed
LOWER = Claim(
    "L8(<)",
    "SR(k), any data in any order: mean of (prediction - label) >= (w_1 - E w_{T+1})/(eta n) - C/n",
    "lower",
    lambda p: lower(p) - SLACK,
    lambda setting: _rows(setting, 0.3),
    rule="unbiased",
)
UPPER = Claim(
    "L8(>)",
    "the same mean <= (w_1 - E w_{T+1})/(eta n) + theta_k + C/n",
    "upper",
    lambda p: upper(p) + SLACK,
    lambda setting: _rows(setting, 0.04),
    rule="unbiased",
)
CLAIMS = (LOWER, UPPER)
