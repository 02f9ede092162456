"""``trace``: one call that walks LPT-SGD, or an update of one's own, on a problem, and returns a :class:`Run`."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import RANDOM_BITS
from alpt_ref.problems import LogisticProblem
from alpt_ref.problems.box import check_uniform, start_codes
from alpt_ref.problems.finite import FiniteProblem, Separate
from alpt_ref.problems.own import Problem
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.rng import check_counter
from alpt_ref.runs.measure import by_law, by_replicas
from alpt_ref.runs.run import Run, checkpoints
from alpt_ref.theory import t1
from alpt_ref.tools.checks import check_integer, check_threads, one_of
from alpt_ref.tools.files import Record, finite
from alpt_ref.walks.engine import OwnUpdate, Plan, Update, Weights
from alpt_ref.walks.exact import entries_of, reaches, weights_of
from alpt_ref.walks.rule import STOCHASTIC, Own, Rule, as_rule, bits_of
from alpt_ref.walks.samplers import AnyProblem, mode_of, sampler_of
from alpt_ref.walks.schedule import DECAYS, Schedule

Floats = NDArray[float64]
POINTS = 64  # checkpoints of a run, about
LABELS = {"nearest": "DR", "stochastic": "SR"}
PROBLEMS = (FiniteProblem, Separate, LogisticProblem, AbsoluteSum, Problem)


def trace(
    problem: AnyProblem,
    grid: Grid | None,
    *,
    rounding: Rule | str = "stochastic",
    eta: float,
    schedule: str = "constant",
    steps: int,
    replicas: int = 32,
    seed: int = 0,
    mode: str | None = None,
    start: ArrayLike = 0.0,
    points: int = POINTS,
    confidence: float = 0.95,
    update: Update | None = None,
    state: Any = None,
    weights: Weights | None = None,
    exact: bool | None = None,
    label: str | None = None,
    threads: int = 1,
) -> Run:
    """Walk ``steps`` steps on ``problem`` from ``start``, and record f(w) - f(w*) on the way.

    problem : of :mod:`alpt_ref.problems`, or an :class:`alpt_ref.Problem` of your own. grid : one step size for all
        coordinates; None for full precision.
    rounding : a :class:`alpt_ref.theory.Rule`, or the name of one: "stochastic", "nearest", "toward_zero", "floor",
        "stochastic(k)" with k random bits. eta, schedule : the learning rate, eta_t = eta ("constant"), eta / sqrt(t) ("sqrt")
        or eta / t ("inverse").
    replicas : independent walks, where no exact law reaches; one where nothing is random. seed : of everything random.
    mode : "example", the gradient of one example drawn uniformly, the default where there are examples; or "batch", of f.
    start : w_1 in codes (weights in full precision), a number or (d,). points : checkpoints, about; half of them lie in the
        last quarter of the steps, of which the mean is the floor.
    update, state, weights : an update of your own in the place of LPT's, see :class:`alpt_ref.walks.engine.OwnUpdate`. It
        knows its own learning rate; ``eta`` is kept among the parameters alone.
    exact : None takes the exact law of a problem whose gradient has finitely many outcomes, on a grid that it reaches; False
        samples replicas of it; True refuses to.
    label : what plots call the run. threads : of compiled loops; no result depends on it.

    Intervals are those of :func:`alpt_ref.intervals.skewed`, ``confidence`` for a whole curve at once.
    Raises ValueError, naming the argument; and where f(w) is no finite number any more, as of a walk that diverges.
    """
    asked_for = _checked(problem, grid, steps, replicas, points, confidence)
    if update is None and (state is not None or weights is not None):
        raise ValueError("state and weights are of an update of your own: give update, too")
    if label is not None and not isinstance(label, str):
        raise ValueError(f"label must be a string, got {label!r}")
    one_of("schedule", schedule, DECAYS)
    if exact is not None and not isinstance(exact, bool):
        raise ValueError(f"exact must be True, False or None, got {exact!r}")
    check_counter(seed, 0, 0)
    check_threads(threads)
    mode = mode_of(problem, mode)
    move = as_rule(rounding) if update is None else OwnUpdate(update, state, weights)
    rates, at = Schedule(eta, schedule), checkpoints(steps, points // 2, points - points // 2)
    q = start_codes(grid, problem.d, start)
    method = "update" if isinstance(move, OwnUpdate) else "float" if grid is None else move.name
    reached = isinstance(move, Rule) and _reached(problem, grid)
    if exact and not reached:
        raise ValueError("exact must be False or None: no exact law reaches this problem on this grid")
    lawful = reached if exact is None else exact
    params = asked_for | {
        "rounding": method, "eta": rates.eta, "schedule": schedule, "seed": seed, "mode": mode, "start": finite(q),
    }  # fmt: skip
    bound = _bound(problem, grid, move, rates, at, q, (mode, lawful))
    if lawful:
        assert isinstance(grid, Grid)
        assert isinstance(move, Rule)
        assert isinstance(problem, FiniteProblem | Separate)
        found = by_law(problem, grid, move, rates, at, q)
    else:
        plan = Plan(sampler_of(problem, mode, seed), grid, move, rates, q, at, seed)
        found = by_replicas(problem, plan, replicas, mode, threads)
    lost = ~(np.isfinite(found.gaps).all(axis=0) & np.isfinite(found.sums).all(axis=0))
    if lost.any():
        step = at[np.argmax(lost)]
        raise ValueError(f"eta = {rates.eta:g} is too large, or f is at fault: f(w) is no finite number after step {step}")
    params |= {"replicas": len(found.gaps), "random": found.random}
    with np.errstate(invalid="ignore"):
        regrets = np.where(at > 0, found.sums / np.maximum(at, 1), math.nan)
    named = label or LABELS.get(method, "fp32" if method == "float" else method)
    laws = (found.points, found.laws, found.law_steps)
    return Run(named, method, params, lawful, at, found.gaps, regrets, found.last_move, found.clipped, bound, *laws)


def _checked(problem: Any, grid: Any, steps: Any, replicas: Any, points: Any, confidence: Any) -> Record:
    """The first parameters of a run; ValueError where one of these arguments is not right."""
    if not isinstance(problem, PROBLEMS):
        raise ValueError(f"problem must be one of alpt_ref.problems, or an alpt_ref.Problem, got {type(problem).__name__}")
    if grid is not None:
        check_uniform(grid)
    for name, value, least in (("steps", steps, 1), ("replicas", replicas, 1), ("points", points, 4)):
        check_integer(name, value, least)
    for part in problem.parts if isinstance(problem, FiniteProblem | Separate) else ():
        weights_of(part, steps)
    if not isinstance(confidence, int | float | np.number) or not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be in (0, 1), got {confidence!r}")
    about: Record = {"problem": getattr(problem, "name", "") or type(problem).__name__, "d": problem.d, "steps": int(steps)}
    about |= {"bits": None, "delta": None} if grid is None else {"bits": grid.bits, "delta": float(grid.delta)}
    return about | {"confidence": float(confidence)}


def _reached(problem: AnyProblem, grid: Grid | None) -> bool:
    """True where an exact law reaches the problem on the grid."""
    if grid is None or not isinstance(problem, FiniteProblem | Separate):
        return False
    return all(reaches(grid, part.d, entries_of(part)) for part in problem.parts)


def _drawn(rule: Rule | OwnUpdate, lawful: bool) -> int | None:
    """Random bits of the uniforms of stochastic rounding, None for exact ones. ValueError for what T1 is not about."""
    if not isinstance(rule, Own) or not (rule is STOCHASTIC or bits_of(rule.name)):
        raise ValueError("T1 is on stochastic rounding")
    return bits_of(rule.name) or (None if lawful else RANDOM_BITS)


def _bound(
    problem: AnyProblem,
    grid: Grid | None,
    move: Rule | OwnUpdate,
    rates: Schedule,
    at: NDArray[int64],
    q: Floats,
    lattice: tuple[str, bool],
) -> Floats:
    """T1's bound on the mean regret after ``at`` steps; NaN where it is not applicable, or its constants are not known."""
    mode, lawful = lattice
    bound = np.full(at.size, math.nan)
    large = isinstance(problem, FiniteProblem) and grid is not None and grid.bits * problem.d > 18
    if grid is None or rates.decay == "inverse" or large or not np.isfinite(problem.w_star).all():
        return bound
    try:
        random_bits = _drawn(move, lawful)
        bounds = problem.gradient_bounds(grid, mode)
    except ValueError:  # another rule, or G is not known
        return bound
    p = t1.params_of(grid, rates, 1, float(grid.delta) * q, problem.w_star, bounds, random_bits)
    if p.outside <= 0.0:
        for i in np.flatnonzero(at):
            bound[i] = t1.total(replace(p, steps=int(at[i])))
    return bound
