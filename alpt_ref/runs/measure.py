"""The two ways to a run's numbers: the exact law, and replicas."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems import LogisticProblem
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Separate
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.walks.engine import OwnUpdate, Plan, walk
from alpt_ref.walks.exact import exact_law, weights_of
from alpt_ref.walks.rule import Rule, is_built_in, may_draw
from alpt_ref.walks.samplers import AnyProblem
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

Floats = NDArray[float64]
SNAPSHOTS = 6
NEVER = 1e-9  # of the probability that a step of an exact law moves: less is none
_NONE = np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class Found:
    """The records of a :class:`alpt_ref.runs.run.Run`; sums : of f_t(w_t) - f_t(w*) over the steps until each checkpoint.

    random : True where another replica could have come out otherwise.
    """

    gaps: Floats
    sums: Floats
    last_move: NDArray[int64]
    clipped: Floats
    points: Floats = field(default_factory=_NONE.copy)
    laws: Floats = field(default_factory=_NONE.copy)
    law_steps: NDArray[int64] = field(default_factory=lambda: np.empty(0, int64))
    random: bool = False


def by_law(
    problem: FiniteProblem | Separate, grid: Grid, rule: Rule, rates: Schedule, at: NDArray[int64], codes: Floats
) -> Found:
    """Expectations by the exact law after ``at`` steps from the ``codes`` (d,); in one coordinate snapshots of the law, too."""
    if isinstance(problem, Separate):
        alone = list(zip(problem.parts, codes.tolist(), strict=True))
        each = {one: by_law(one[0], grid, rule, rates, at, np.array([one[1]])) for one in dict.fromkeys(alone)}
        parts = [each[one] for one in alone]
        gaps, sums, clipped = (np.sum([getattr(part, name) for part in parts], axis=0) for name in ("gaps", "sums", "clipped"))
        return Found(gaps, sums, np.max([part.last_move for part in parts], axis=0), clipped)
    steps, eta = int(at[-1]), rates.rates(int(at[-1]))
    cuts = np.unique(np.geomspace(1.0, steps, SNAPSHOTS).astype(int64)) if problem.d == 1 else at[-1:]
    over, laws, clipped, last_move, begun = [], [], 0.0, 0, 0
    law: Floats = float(grid.delta) * codes
    weights = weights_of(problem, steps)
    for stop in cuts.tolist():
        part = problem if len(weights) == 1 else replace(problem, probabilities=weights[begun:stop])
        after = exact_law(part, grid, rule, eta=eta[begun:stop], steps=stop - begun, start=law, observe=[problem.loss])
        over.append(after.expectations[:-1, 0])
        clipped += float(after.clipped.sum())
        moves = np.flatnonzero(after.moved > NEVER)
        last_move = begun + int(moves[-1]) + 1 if moves.size else last_move
        law, begun = after.probability, stop
        laws.append(law)
    gaps = np.concatenate((*over, [float(after.expectations[-1, 0])])) - problem.f_star
    sums = np.concatenate(([0.0], np.cumsum(gaps[:-1])))
    found = Found(gaps[None, at], sums[None, at], np.array([last_move]), np.array([clipped]))
    if problem.d > 1:
        return found
    first = (points_of(grid)[:, 0] == float(grid.delta) * codes[0]).astype(float64)
    return replace(found, points=points_of(grid), laws=np.array([first, *laws]), law_steps=np.append(0, cuts).astype(int64))


def by_replicas(problem: AnyProblem, plan: Plan, replicas: int, mode: str, threads: int) -> Found:
    """As many replicas of the plan's walk, by compiled loops where they know problem and rule; one where nothing is random."""
    rule = plan.move
    draws = isinstance(rule, OwnUpdate) or (plan.grid is not None and may_draw(rule))
    random = draws or plan.sampler.random
    count = replicas if random else 1
    known = isinstance(rule, Rule) and (plan.grid is None or is_built_in(rule)) and plan.schedule.decay != "inverse"
    if not (known and isinstance(problem, LogisticProblem | AbsoluteSum)):
        return Found(*walk(plan, 0, count), random=random)
    assert isinstance(rule, Rule)
    path = Walk(problem, plan.grid, rule, plan.schedule, int(plan.at[-1]), plan.start, mode, plan.seed)
    told = path.trace(count, plan.at)
    sums, begun = np.zeros((count, plan.at.size)), 0
    for c, stop in enumerate(plan.at.tolist()):
        path.advance(told, begun, stop, regret=True, n_threads=threads)
        sums[:, c], begun = told.regret, stop
    return Found(told.losses - problem.f_star, sums, told.last_move, told.clipped.astype(float64), random=random)
