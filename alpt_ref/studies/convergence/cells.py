"""One cell of the convex study: replicas of one LPT-SGD run on one problem, saved."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import LogisticProblem
from alpt_ref.quantizer import quantize
from alpt_ref.runs.run import checkpoints, late_means
from alpt_ref.studies.cells import RunSpec, Store
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.tools.files import Arrays
from alpt_ref.walks.rule import NEAREST, as_rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

GD_BLOCK = 20  # steps between two looks at the gap
METHODS = ("float", "nearest", "stochastic")


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


def outcome_of(
    store: Store,
    walk: Walk,
    settings: Settings,
    threads: int,
    *,
    nearest: bool = False,
    regret: bool = False,
    beside: Grid | None = None,
) -> Outcome:
    """The cell of ``walk``, computed or read back.

    nearest : start at the grid point nearest to w* in the place of ``walk.start``, 0. regret : record the regret too.
    beside : for full precision, the grid of the walks that it is shown beside: the cell is named by it.
    """
    problem, grid = walk.problem, walk.grid or beside
    assert isinstance(problem, LogisticProblem)
    replicas = settings.replicas if walk.random else 1
    at = checkpoints(walk.steps, settings.curve_points, settings.floor_points)
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
        "replicas": replicas,
        "seed": settings.seed,
        "points": [settings.curve_points, settings.floor_points],
    }
    run = RunSpec("walk", params)

    def compute() -> Arrays:
        begun = replace(walk, start=quantize(problem.w_star, walk.box_grid)) if nearest else walk
        trace = begun.trace(replicas, at)
        begun.advance(trace, 0, walk.steps, regret=regret, n_threads=threads)
        return {
            "checkpoints": at,
            "gaps": trace.losses - problem.f_star,
            "average_regret": trace.regret / walk.steps,
            "last_move": trace.last_move,
            "clipped": trace.clipped,
        }

    arrays = store.cell(run, compute)
    return Outcome(run.id, *(arrays[name] for name in ("checkpoints", "gaps", "average_regret", "last_move", "clipped")))


@dataclass(frozen=True)
class Descent:
    """Gradient descent with eta = 1/L: the gap it reached, after how many steps, and whether that was the target."""

    gap: float
    steps: int
    reached: bool


def gradient_descent(store: Store, problem: LogisticProblem, settings: Settings) -> Descent:
    """Full precision from w = 0 until f(w) - f* <= ``settings.gd_gap``, looked at every 20 steps."""
    data = {"problem": problem.name, "data": problem.fingerprint, "every": GD_BLOCK}
    data |= {"gap": settings.gd_gap, "steps": settings.gd_steps}

    def compute() -> Arrays:
        walk = Walk(problem, None, NEAREST, Schedule(1.0 / problem.L), settings.gd_steps)
        trace = walk.trace()
        steps, gap = 0, problem.loss(np.zeros(problem.d)) - problem.solution.f
        while gap > settings.gd_gap and steps < settings.gd_steps:
            walk.advance(trace, steps, steps + GD_BLOCK)
            steps += GD_BLOCK
            gap = problem.loss(trace.codes[0]) - problem.solution.f
        return {"gap": np.array(gap), "steps": np.array(steps)}

    arrays = store.cell(RunSpec("descent", data), compute)
    gap = float(arrays["gap"])
    return Descent(gap, int(arrays["steps"]), gap <= settings.gd_gap)
