"""``regret_on``: the mean regret of a walk on a problem of one's own, or under an update of one's own, for a claim to judge.

Judged by T1 it is T1 on that problem. Judged by a claim of your own, it is what your bound is about. Whatever the problem says
of itself is put to the test at 256 points of the grid, among them corners, w_1 and the point nearest to w*.
"""

import math
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import RANDOM_BITS
from alpt_ref.problems import GradientBounds, LogisticProblem, box
from alpt_ref.problems.box import check_uniform, start_codes
from alpt_ref.problems.own import Problem
from alpt_ref.rng import Stream, normals, uniforms
from alpt_ref.theory import t1
from alpt_ref.theory.claim import Check, Draw, Instance, Measured
from alpt_ref.theory.sampled import judged_by, mean_of
from alpt_ref.theory.shape import on_points, slack_of
from alpt_ref.theory.verdict import unbiased
from alpt_ref.tools.checks import check_integer, one_of
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.engine import OwnUpdate, Plan, Update, Weights, walk
from alpt_ref.walks.replicas import BLOCK
from alpt_ref.walks.rule import Rule, as_rule
from alpt_ref.walks.samplers import mode_of, sampler_of
from alpt_ref.walks.schedule import DECAYS, Schedule

Floats = NDArray[float64]
TRIED, CORNERS = 256, 64
SHORT = 1e-4  # of the box's side: how far a gradient is put to the test


def regret_on(
    problem: Problem | LogisticProblem,
    grid: Grid,
    *,
    rounding: Rule | str = "stochastic",
    eta: float,
    schedule: str = "constant",
    steps: int,
    mode: str | None = None,
    start: ArrayLike = 0.0,
    seed: int = 0,
    update: Update | None = None,
    state: Any = None,
    weights: Weights | None = None,
    params: Any = None,
    name: str | None = None,
    most: int = 4096,
) -> Instance:
    """E[R(T)]/T = the mean over t <= T of E f(w_t) - f(w*), as an :class:`alpt_ref.theory.Instance`.

    Arguments as of :func:`alpt_ref.trace`; ``start`` in codes. params : of the claim that judges it; None: those of T1, made
    of the problem's own constants. most : replicas at the most; as many are taken as the comparison with the bound needs.

    The interval needs a range. With R the distance from w* to the farthest corner of the box, f(w) - f(w*) lies in [0, G R],
    for it is at most <grad f(w), w - w*>, and ||grad f(w)||_2 <= G.
    Raises ValueError, naming the argument, as where the problem does not know G.
    """
    if not isinstance(problem, Problem | LogisticProblem):
        raise ValueError(f"problem must be an alpt_ref.Problem or a LogisticProblem, got {type(problem).__name__}")
    check_uniform(grid)
    for argument, value in (("steps", steps), ("most", most)):
        check_integer(argument, value, 1)
    one_of("schedule", schedule, DECAYS[:2])
    mode = mode_of(problem, mode)
    rates, q = Schedule(eta, schedule), start_codes(grid, problem.d, start)
    own = None if update is None else OwnUpdate(update, state, weights)
    bounds, (lo, hi) = problem.gradient_bounds(grid, mode), box(grid)
    known = t1.params_of(grid, rates, steps, float(grid.delta) * q, problem.w_star, bounds, RANDOM_BITS)
    farthest = float(np.linalg.norm(np.maximum(problem.w_star - lo, hi - problem.w_star)))
    points, sampler = _points(problem, grid, q), sampler_of(problem, mode, seed)
    at = np.array([0, steps])

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        move = own or asked.of(as_rule(rounding))
        plan = Plan(sampler, grid, move, rates, q, at, seed, mean=True)

        def regrets(first: int, last: int, n_threads: int) -> tuple[Floats, None]:
            block = max(1, BLOCK // problem.d)
            parts = [walk(plan, r, min(r + block, last)).sums[:, -1] for r in range(first, last, block)]
            return np.concatenate(parts) / steps, None

        checks = _checks(problem, points, mode, bounds)
        if not all(check.holds for check in checks):
            return Measured(math.nan, 0.0, tuple(checks), "not measured: the problem is not as it says")
        measured = mean_of(regrets, (0.0, bounds.G * farthest), draw, t1.total, most)
        if own is None:
            checks.append(unbiased(asked))
        elif judged_by(t1.total, draw):
            checks.append(Check("the update is LPT's, under an unbiased rule: not known of one's own", 1.0, "<=", 0.0, "rule"))
        return Measured(measured.value, measured.half, (*checks, *measured.checks), measured.note)

    what = f"{problem.name}: " + ("own update" if own else as_rule(rounding).name)
    return Instance((name or what)[:44], known if params is None else params, measure, "monte-carlo")


def _points(problem: Problem | LogisticProblem, grid: Grid, q: Floats) -> Floats:
    """Points of the grid: corners and places drawn at random, w_1, and the one nearest to w*, (TRIED, d)."""
    delta, d = float(grid.delta), problem.d
    u = uniforms(TRIED * d, seed=0, step=1, stream=Stream.DATA).astype(float64).reshape(TRIED, d)
    codes = np.floor(grid.q_lo + u * 2.0**grid.bits)
    codes[:CORNERS] = np.where(u[:CORNERS] < 0.5, grid.q_lo, grid.q_hi)
    codes[CORNERS], codes[CORNERS + 1] = q, np.clip(np.rint(problem.w_star / delta), grid.q_lo, grid.q_hi)
    return delta * codes


def _checks(problem: Problem | LogisticProblem, points: Floats, mode: str, bounds: GradientBounds) -> list[Check]:
    """Checks at the points of all that the problem says of itself: convexity, mu, L; f*; the gradient; G and G1."""
    if isinstance(problem, LogisticProblem):  # all of it is proved
        return []
    f, g = problem.loss(points), problem.mean_gradient(points)
    slack = slack_of(f, g, points)
    squares, sums = problem.norms(points, mode)
    most = 1.0 + 2.0**-40
    return [
        *on_points(problem, points),
        Check(f"f* <= f at {TRIED} points", problem.f_star - float(f.min()), "<=", slack),
        Check("f changes by <g, v> along short v: largest excess", _excess(problem, points, f, g), "<=", 16.0 * slack),
        Check(f"G: root of the largest E||g||_2^2 of {TRIED} points", math.sqrt(float(squares.max())), "<=", bounds.G * most),
        Check(f"G1: largest E||g||_1 of {TRIED} points", float(sums.max()), "<=", bounds.G1 * most),
    ]


def _excess(problem: Problem, points: Floats, f: Floats, g: Floats) -> float:
    """The largest of <g, v> - (f(w + v) - f(w)) and f(w) - f(w - v) - <g, v>. Neither is positive where f is convex and g a
    subgradient of it; one is, to first order in v, where g is none."""
    v = normals(points.size, seed=0, step=2, stream=Stream.DATA).astype(float64).reshape(points.shape)
    v *= SHORT * np.ptp(points) / np.linalg.norm(v, axis=1, keepdims=True)
    along = (g * v).sum(axis=1)
    return float(np.maximum(along - (problem.loss(points + v) - f), f - problem.loss(points - v) - along).max())
