"""Walks on the points of a grid, a format or a window of one, their gaps, and the energy that a rounding adds to them (F1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.formats import Format
from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Floats, absolute
from alpt_ref.walks.exact import Law, Observable, exact_law, states_of
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.states import States
from alpt_ref.walks.window import Window, states_on


@dataclass(frozen=True, eq=False)
class FloatWalk:
    """LPT-SGD with constant eta on the points of a grid, a format or a window, from the point ``start``."""

    problem: FiniteProblem
    grid: Grid | Format | Window
    rule: Rule
    eta: float
    steps: int
    start: float | tuple[float, ...] = 0.0

    @property
    def states(self) -> States:
        """The points of one coordinate."""
        return states_on(self.grid)

    @property
    def points(self) -> Floats:
        """All points, (N, d)."""
        return states_of(self.problem, self.states)[0]

    @property
    def outside(self) -> float:
        """The distance of w* from the box; not positive inside."""
        line = self.states.values(self.states.ordinals)
        return float(max((line[0] - self.problem.w_star).max(), (self.problem.w_star - line[-1]).max()))

    def law(self, rule: Rule, observe: Sequence[Observable] = ()) -> Law:
        """The exact law under ``rule``."""
        return exact_law(self.problem, self.grid, rule, eta=self.eta, steps=self.steps, start=self.start, observe=observe)


def gaps(states: States) -> tuple[Floats, Floats, Floats]:
    """The points of one coordinate, and the gaps below and above each; beyond the ends those of the last cells."""
    line = states.values(states.ordinals)
    cells = np.diff(line)
    return line, np.concatenate((cells[:1], cells)), np.concatenate((cells, cells[-1:]))


def psi(states: States, w: Floats, t: Floats) -> Floats:
    """psi_w(t) for points w, of the shape of ``t``, which that of w can be broadcast to."""
    line, below, above = gaps(states)
    here = np.searchsorted(line, w)
    near = np.where(t > 0.0, above[here], below[here])
    x = w + t
    k = (np.searchsorted(line, x, side="right") - 1).clip(0, line.size - 2)
    gap = line[k + 1] - line[k]
    a = (x - line[k]) / gap
    a -= np.floor(a)  # beyond the ends, where points go on
    return np.asarray(np.where(np.abs(t) <= near, near * np.abs(t), t**2 + a * (1.0 - a) * gap**2))


def energy(walk: FloatWalk) -> Callable[[Floats], Floats]:
    """w (N, d) -> Psi(w), (N,)."""
    problem, states = walk.problem, walk.states

    def at(w: Floats) -> Floats:
        return np.asarray(problem.probabilities @ psi(states, w[None], -walk.eta * problem.gradients(w)).sum(axis=2))

    return at


def noisy_absolute(c: float, noise: float) -> FiniteProblem:
    """|w - c| with noise on its slope."""
    base, signs = absolute(1.0, c), np.array([1.0, -1.0])[:, None, None]
    return replace(
        base,
        name=f"|w - {c:.4g}|, noise {noise:g}",
        gradients=lambda w: base.gradients(w) + noise * signs,
        probabilities=np.array([0.5, 0.5]),
    )
