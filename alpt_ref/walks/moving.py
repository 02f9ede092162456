"""The law of LPT in one coordinate while the step size moves (ALPT): codes of one grid are rounded onto the next."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.walks.exact import Oracle, gradients_at
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.transition import EPS, Floats, Step, codes_of, push, transitions

Follow = Callable[[int, int, int], int]


class MovingLaw(NamedTuple):
    """Expectations along the way, each an array over the steps.

    loss : E f(w_t). clip : chance that a target left its box. error : bound on rounding errors of a law.
    gradient : E[Delta_{t+1} |g_t|] / 2. drift : E[Delta_{t+1} |q_t| |Delta_{t+1} - Delta_t|] / (2 eta_t).
    variance : the largest E||r_t||^2 / (Delta_{t+1} (eta_t |g_t| + |q_t| |Delta_{t+1} - Delta_t|)) of any state and outcome.
    """

    loss: Floats
    gradient: Floats
    drift: Floats
    clip: Floats
    variance: float
    error: float


def moving_law(
    oracle: Oracle,
    loss: Callable[[Floats], Floats],
    grids: Sequence[Grid],
    follow: Follow,
    rule: Rule,
    eta: Floats,
    code: int,
) -> MovingLaw:
    """LPT from code ``code`` of ``grids[0]``; after step t = 1, 2, ... from level l with outcome j comes level follow(t, l, j).

    oracle : one coordinate, probabilities (k,). grids : the levels, of one bit width. eta : (steps,).
    """
    n = 2 ** grids[0].bits
    codes = codes_of(grids[0], 1)
    points = [float(grid.delta) * codes for grid in grids]
    g = [gradients_at(oracle, w) for w in points]
    p = np.asarray(oracle.probabilities, float)
    law = np.zeros((len(grids), n))
    law[0, code - grids[0].q_lo] = 1.0
    record = np.zeros((4, eta.size))
    variance, error = 0.0, 0.0
    for t, rate in enumerate(eta):
        after = np.zeros_like(law)
        degree = 0.0
        for level, here in enumerate(grids):
            if not law[level].any():
                continue
            record[0, t] += float(loss(points[level]) @ law[level])
            for j in range(p.size):
                to = follow(t + 1, level, j)
                delta = float(grids[to].delta)
                move = (points[level] - rate * g[level][j])[None] / delta
                step = transitions(np.zeros((n, 1)), move, grids[to], rule)
                chance = p[j]
                push(law[level], np.array([chance]), step.target, step.chance, 0, n, after[to])
                size = np.abs(g[level][j][:, 0])
                shift = np.abs(codes[:, 0]) * abs(delta - float(here.delta))
                record[1, t] += chance * delta * float(size @ law[level]) / 2.0
                record[2, t] += chance * delta * float(shift @ law[level]) / (2.0 * rate)
                record[3, t] += chance * float(step.outside[0] @ law[level])
                variance = max(variance, _variance(move[0, :, 0], step, grids[to], rate * size + shift))
                degree = max(degree, step.rounding)
        law = after
        error += EPS * degree * p.size * len(grids)
    return MovingLaw(record[0], record[1], record[2], record[3], variance, error)


def _variance(target: Floats, step: Step, grid: Grid, allowed: Floats) -> float:
    """The largest E||r||^2 / (Delta allowed), r measured in the new grid from the clipped target."""
    s = np.clip(target, grid.q_lo, grid.q_hi)
    ends = step.target.astype(float) + grid.q_lo
    squares = (step.chance * (ends - s) ** 2).sum(axis=0) * float(grid.delta) ** 2
    some = allowed > 1e-12 * float(grid.delta)
    return float((squares[some] / (float(grid.delta) * allowed[some])).max(initial=0.0))
