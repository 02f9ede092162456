"""One cell of the convex study: replicas of one LPT-SGD run on one problem, saved."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import Trace
from alpt_ref.problems import LogisticProblem
from alpt_ref.quantizer import quantize
from alpt_ref.studies.cells import RunSpec, Store
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.tools.files import Arrays
from alpt_ref.walks.replicas import LptSgd

GD_BLOCK = 20  # steps between two looks at the gap
METHODS = ("float", "nearest", "stochastic")


@dataclass(frozen=True)
class WalkSpec:
    """What is run. method : "float" (full precision) or a rounding rule; start : "zero", or "nearest" grid point to w*."""

    mode: str
    method: str
    bits: int
    delta: float
    eta: float
    steps: int
    decays: bool = False
    start: str = "zero"
    regret: bool = False

    @property
    def grid(self) -> Grid | None:
        """The grid, None in full precision."""
        return None if self.method == "float" else Grid(self.bits, self.delta)

    @property
    def random(self) -> bool:
        """Whether two replicas differ."""
        return self.mode == "example" or self.method == "stochastic"

    def sgd(self, seed: int) -> LptSgd:
        """The algorithm."""
        rounding = "nearest" if self.method == "float" else self.method
        return LptSgd(self.grid, rounding, self.mode, self.eta, self.decays, seed)


@dataclass(frozen=True)
class Outcome:
    """What was measured.

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
        out: NDArray[float64] = self.gaps[:, self.checkpoints >= 0.75 * self.checkpoints[-1]].mean(axis=1)
        return out


def checkpoints(steps: int, settings: Settings) -> NDArray[int64]:
    """Steps 0 and 1, then about evenly spaced on a logarithmic axis, then evenly over the last quarter."""
    early = np.geomspace(1, max(1.0, 0.75 * steps), settings.curve_points)
    late = np.linspace(0.75 * steps, steps, settings.floor_points)
    return np.unique(np.concatenate(([0], early, late)).astype(int64))


def walk(store: Store, problem: LogisticProblem, spec: WalkSpec, settings: Settings, threads: int) -> Outcome:
    """The cell of ``spec``, computed or read back."""
    replicas = settings.replicas if spec.random else 1
    at = checkpoints(spec.steps, settings)
    params: dict[str, Any] = {"problem": problem.name, "data": problem.fingerprint, **asdict(spec)}
    params |= {"replicas": replicas, "seed": settings.seed, "points": [settings.curve_points, settings.floor_points]}
    run = RunSpec("walk", params)

    def compute() -> Arrays:
        sgd = spec.sgd(settings.seed)
        codes = np.zeros(problem.d)
        if spec.start == "nearest":
            codes = quantize(problem.solution.w, Grid(spec.bits, spec.delta)).astype(float64)
        trace = sgd.start(codes, replicas, at.size)
        sgd.advance(problem.solved_examples, trace, 0, spec.steps, at, regret=spec.regret, n_threads=threads)
        return _arrays(trace, at, problem, spec.steps)

    arrays = store.cell(run, compute)
    return Outcome(run.id, *(arrays[name] for name in ("checkpoints", "gaps", "average_regret", "last_move", "clipped")))


def _arrays(trace: Trace, at: NDArray[int64], problem: LogisticProblem, steps: int) -> Arrays:
    return {
        "checkpoints": at,
        "gaps": trace.losses - problem.solution.f,
        "average_regret": trace.regret / steps,
        "last_move": trace.last_move,
        "clipped": trace.clipped,
    }


@dataclass(frozen=True)
class Descent:
    """Gradient descent with eta = 1/L: the gap it reached, after how many steps, and whether that was the target."""

    gap: float
    steps: int
    reached: bool


def gradient_descent(store: Store, problem: LogisticProblem, settings: Settings) -> Descent:
    """Full precision from w = 0 until f(w) - f* <= ``settings.gd_gap``, looked at every 20 steps."""
    data: dict[str, Any] = {
        "problem": problem.name,
        "data": problem.fingerprint,
        "gap": settings.gd_gap,
        "steps": settings.gd_steps,
    }
    data |= {"every": GD_BLOCK}

    def compute() -> Arrays:
        sgd = LptSgd(None, "nearest", "batch", 1.0 / problem.L)
        trace = sgd.start(np.zeros(problem.d), 1, 0)
        steps, gap = 0, problem.loss(np.zeros(problem.d)) - problem.solution.f
        while gap > settings.gd_gap and steps < settings.gd_steps:
            sgd.advance(problem.examples, trace, steps, steps + GD_BLOCK)
            steps += GD_BLOCK
            gap = problem.loss(trace.codes[0]) - problem.solution.f
        return {"gap": np.array(gap), "steps": np.array(steps)}

    arrays = store.cell(RunSpec("descent", data), compute)
    gap = float(arrays["gap"])
    return Descent(gap, int(arrays["steps"]), gap <= settings.gd_gap)
