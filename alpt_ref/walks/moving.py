"""The law of LPT in one coordinate while the step size moves (ALPT): codes of one grid are rounded onto the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.problems.box import codes_of
from alpt_ref.problems.finite import FiniteProblem
from alpt_ref.tools.brief import brief_repr
from alpt_ref.walks.exact import gradients_at
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.transition import EPS, Floats, Step, push, transitions

Follow = Callable[[int, int, int], int]
Terms = Callable[[float, Floats, Floats, float], tuple[Floats, Floats]]


class MovingLaw(NamedTuple):
    """Expectations along the way, each an array over the steps.

    loss : E f(w_t). clip : chance that a target left its box. error : bound on rounding errors of a law.
    floor, drift : expectations of the two ``terms``.
    variance : the largest E||r_t||^2 / (Delta_{t+1} min(eta_t |g_t| + |q_t| |Delta_{t+1} - Delta_t|, Delta_{t+1}/4)) of any
    state and outcome.
    """

    loss: Floats
    floor: Floats
    drift: Floats
    clip: Floats
    variance: float
    error: float

    def __repr__(self) -> str:
        return brief_repr(self)


@dataclass(frozen=True, eq=False)
class Path:
    """LPT on a problem of one coordinate while the step size moves.

    grids : the levels, of one bit width. follow : after step t = 1, 2, ... from level l with outcome j of the gradient comes
    level follow(t, l, j). code : where it starts, on ``grids[0]``.
    """

    problem: FiniteProblem
    grids: tuple[Grid, ...]
    follow: Follow
    rule: Rule
    schedule: Schedule
    steps: int
    code: int = 0

    __repr__ = brief_repr

    def exact(self, terms: Terms) -> MovingLaw:
        """The exact law along the path.

        terms : (Delta_{t+1}, |g_t| (d,), |q_t| |Delta_{t+1} - Delta_t| (d,), eta_t) -> two numbers, linear in the first and in
        the two vectors: they are given expectations.
        """
        problem, grids, n = self.problem, self.grids, 2 ** self.grids[0].bits
        codes = codes_of(grids[0])
        points = [float(grid.delta) * codes for grid in grids]
        g = [gradients_at(problem, w) for w in points]
        p = np.asarray(problem.probabilities, float)
        law = np.zeros((len(grids), n))
        law[0, self.code - grids[0].q_lo] = 1.0
        loss, floor, drift, clip = np.zeros((4, self.steps))
        variance, error = 0.0, 0.0
        for t, rate in enumerate(self.schedule.rates(self.steps)):
            after = np.zeros_like(law)
            degree = 0.0
            for level, here in enumerate(grids):
                if not law[level].any():
                    continue
                loss[t] += float(problem.loss(points[level]) @ law[level])
                for j, chance in enumerate(p):
                    to = self.follow(t + 1, level, j)
                    delta = float(grids[to].delta)
                    move = (points[level] - rate * g[level][j])[None] / delta
                    step = transitions(np.zeros((n, 1)), move, grids[to], self.rule)
                    push(law[level], np.array([chance]), step.target, step.chance, 0, n, after[to])
                    size = np.abs(g[level][j][:, 0])
                    shift = np.abs(codes[:, 0]) * abs(delta - float(here.delta))
                    both = terms(chance * delta, size[None] @ law[level], shift[None] @ law[level], rate)
                    floor[t], drift[t] = floor[t] + both[0], drift[t] + both[1]
                    clip[t] += chance * float(step.outside[0] @ law[level])
                    variance = max(variance, _variance(move[0, :, 0], step, grids[to], rate * size + shift))
                    degree = max(degree, step.rounding)
            law = after
            error += EPS * degree * p.size * len(grids)
        return MovingLaw(loss, floor, drift, clip, variance, error)


def _variance(target: Floats, step: Step, grid: Grid, allowed: Floats) -> float:
    """The largest E||r||^2 / (Delta min(allowed, Delta/4)), r measured in the new grid from the clipped target."""
    s = np.clip(target, grid.q_lo, grid.q_hi)
    ends = step.target.astype(float) + grid.q_lo
    squares = (step.chance * (ends - s) ** 2).sum(axis=0) * float(grid.delta) ** 2
    some = allowed > 1e-12 * float(grid.delta)
    most = np.minimum(allowed, float(grid.delta) / 4.0)
    return float((squares[some] / (float(grid.delta) * most[some])).max(initial=0.0))
