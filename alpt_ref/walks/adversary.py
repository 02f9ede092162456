"""The worst case of LPT in one coordinate over adversaries that see w_t, by dynamic programming."""

from collections.abc import Sequence

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.box import codes_of
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.transition import Floats, transitions


def worst_regret(
    grid: Grid, rule: Rule, eta: float, steps: int, start: int, star: int, slopes: Sequence[float] | NDArray[float64]
) -> tuple[float, str]:
    """The largest E (1/T) sum_t g_t (w_t - w*), g_t one of ``slopes`` chosen after seeing w_t, w_1 and w* in codes.

    f_t = g_t w is convex, and its regret against w* is that sum: this is a lower bound on the worst case over slopes between
    the least and the largest. With V_{T+1} = 0, V_t(w) = max over g of g (w - w*) + E V_{t+1}(Q(w - eta g)). Returns the value,
    and a line on how the adversary begins.
    """
    codes, g = codes_of(grid), np.asarray(slopes, float64)
    delta = float(grid.delta)
    moves = np.broadcast_to((-eta * g / delta)[:, None, None], (g.size, codes.shape[0], 1))
    step = transitions(codes, moves, grid, rule)
    target, chance = (part.reshape(g.size, 2, -1) for part in (step.target, step.chance))
    gain = g[:, None] * delta * (codes[:, 0] - star)
    value: Floats = np.zeros(codes.shape[0])
    choice = np.zeros(codes.shape[0], int)
    for _ in range(steps):
        each = gain + (chance * value[target]).sum(axis=1)
        choice = np.argmax(each, axis=0)
        value = each.max(axis=0)
    place = start - grid.q_lo
    return float(value[place]) / steps, f"worst of {g.size} slopes; first g = {g[choice[place]]:.3g}"
