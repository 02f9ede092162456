"""The cells of the convex study: replicas of one LPT-SGD run on one problem, and gradient descent."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import LogisticProblem
from alpt_ref.quantizer import quantize
from alpt_ref.runs.run import checkpoints, late_means
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.studies.store import ArraysOf
from alpt_ref.tools.files import Arrays
from alpt_ref.walks.rule import NEAREST, as_rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

GD_BLOCK = 20  # steps between two looks at the gap
METHODS = ("float", "nearest", "stochastic")
NO_GRID = Grid(8, 1.0)  # of a walk in full precision, which asks for none


def walk_of(
    problem: LogisticProblem, method: str, grid: Grid, schedule: Schedule, steps: int, mode: str, settings: Settings
) -> Walk:
    """The walk of a cell. method : "float" (full precision, whatever the grid) or a rounding rule."""
    quantized = method != "float"
    rule = as_rule(method if quantized else "nearest")
    return Walk(problem, grid if quantized else None, rule, schedule, steps, mode=mode, seed=settings.seed)


def method_of(walk: Walk) -> str:
    """One of METHODS: inverse of :func:`walk_of`."""
    return "float" if walk.grid is None else walk.rule.name


@dataclass(frozen=True)
class Outcome:
    """The measurements of one run.

    checkpoints : int64 (n_checkpoints,), numbers of steps taken; gaps : float64 (n_replicas, n_checkpoints), f(w) - f*.
    average_regret, last_move, clipped : (n_replicas,).
    """

    id: str
    checkpoints: NDArray[int64]
    gaps: NDArray[float64]
    average_regret: NDArray[float64]
    last_move: NDArray[int64]
    clipped: NDArray[int64]

    @property
    def final(self) -> NDArray[float64]:
        """Gap after the last step, by replica."""
        return self.gaps[:, -1]

    @property
    def floor(self) -> NDArray[float64]:
        """Mean gap over the checkpoints of the last quarter, by replica."""
        return late_means(self.checkpoints, self.gaps)


class Way(NamedTuple):
    """Arguments of :func:`walk_of`, and the way in which the walk is run: from the grid point nearest to w* in the place of 0;
    with the regret recorded."""

    method: str
    grid: Grid
    schedule: Schedule
    steps: int
    mode: str
    nearest: bool
    regret: bool


def walk_cell(
    walk: Walk, settings: Settings, *, nearest: bool = False, regret: bool = False, beside: Grid | None = None
) -> Cell:
    """The cell of ``walk``, which :func:`outcome_of` reads.

    nearest, regret : of :class:`Way`. beside : for full precision, the grid of the walks that it is shown beside: the cell is
    named by it.
    """
    problem, grid = walk.problem, walk.grid or beside
    assert isinstance(problem, LogisticProblem)
    params: dict[str, Any] = {
        "problem": problem.name,
        "data": problem.fingerprint,
        "mode": walk.mode,
        "method": method_of(walk),
        "bits": grid.bits if grid else 0,
        "delta": float(grid.delta) if grid else 0.0,
        "eta": walk.schedule.eta,
        "steps": walk.steps,
        "decays": walk.schedule.decays,
        "start": "nearest" if nearest else "zero",
        "regret": regret,
        "replicas": settings.replicas if walk.random else 1,
        "seed": settings.seed,
        "points": [settings.curve_points, settings.floor_points],
    }
    way = Way(method_of(walk), walk.grid or NO_GRID, walk.schedule, walk.steps, walk.mode, nearest, regret)
    return Cell(RunSpec("walk", params), _replicas, (way, settings), (problem,), wide=True)


def _replicas(problem: LogisticProblem, way: Way, settings: Settings, threads: int) -> Arrays:
    walk = walk_of(problem, way.method, way.grid, way.schedule, way.steps, way.mode, settings)
    if way.nearest:
        walk = replace(walk, start=quantize(problem.w_star, walk.box_grid))
    at = checkpoints(walk.steps, settings.curve_points, settings.floor_points)
    trace = walk.trace(settings.replicas if walk.random else 1, at)
    walk.advance(trace, 0, walk.steps, regret=way.regret, n_threads=threads)
    return {
        "checkpoints": at,
        "gaps": trace.losses - problem.f_star,
        "average_regret": trace.regret / walk.steps,
        "last_move": trace.last_move,
        "clipped": trace.clipped,
    }


def outcome_of(found: ArraysOf, cell: Cell) -> Outcome:
    """The measurements of a cell of :func:`walk_cell`."""
    arrays = found(cell)
    return Outcome(cell.spec.id, *(arrays[name] for name in ("checkpoints", "gaps", "average_regret", "last_move", "clipped")))


@dataclass(frozen=True)
class Descent:
    """Gradient descent with eta = 1/L: the gap it reached, after how many steps, and whether that was the target."""

    gap: float
    steps: int
    reached: bool


def descent_cell(problem: LogisticProblem, settings: Settings) -> Cell:
    """Full precision from w = 0 until f(w) - f* <= ``settings.gd_gap``, looked at every 20 steps."""
    data = {"problem": problem.name, "data": problem.fingerprint, "every": GD_BLOCK}
    data |= {"gap": settings.gd_gap, "steps": settings.gd_steps}
    return Cell(RunSpec("descent", data), _descend, (settings.gd_gap, settings.gd_steps), (problem,))


def _descend(problem: LogisticProblem, target: float, most: int) -> Arrays:
    walk = Walk(problem, None, NEAREST, Schedule(1.0 / problem.L), most)
    trace = walk.trace()
    steps, gap = 0, problem.loss(np.zeros(problem.d)) - problem.solution.f
    while gap > target and steps < most:
        walk.advance(trace, steps, steps + GD_BLOCK)
        steps += GD_BLOCK
        gap = problem.loss(trace.codes[0]) - problem.solution.f
    return {"gap": np.array(gap), "steps": np.array(steps)}


def descent_of(found: ArraysOf, problem: LogisticProblem, settings: Settings) -> Descent:
    """The cell of :func:`descent_cell`, read."""
    arrays = found(descent_cell(problem, settings))
    gap = float(arrays["gap"])
    return Descent(gap, int(arrays["steps"]), gap <= settings.gd_gap)
