"""Problems as the loop of :mod:`alpt_ref.walks.engine` asks them: f and a stochastic gradient at the places of many replicas.

Replica r at step t draws its example, or its outcome, from the counter (t, r), as the compiled loops of
:mod:`alpt_ref.kernels.cpu.replicas` do: on a ``LogisticProblem`` both see the same examples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.kernels.problems import draw_example, row_gradients, row_losses
from alpt_ref.problems import LogisticProblem
from alpt_ref.problems.finite import FiniteProblem, Separate
from alpt_ref.problems.own import Problem
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.rng import Stream, uniforms
from alpt_ref.tools.checks import one_of
from alpt_ref.walks.walk import MODES

Floats = NDArray[float64]
AnyProblem = FiniteProblem | Separate | LogisticProblem | AbsoluteSum | Problem


@dataclass(frozen=True, eq=False)
class Sampler:
    """A problem that is asked for many replicas at once.

    losses : w (R, d) -> (R,), f. gradients : (w (R, d), first, step) -> (R, d) and (R,), g_t of the replicas first, first + 1,
    ... at the step (from 0), and f_t(w_t) - f_t(w*), of which E[. | w_t] = f(w_t) - f(w*).
    f_star : f(w*). random : True where two replicas at one place may be given different gradients.
    """

    losses: Callable[[Floats], Floats]
    gradients: Callable[[Floats, int, int], tuple[Floats, Floats]]
    f_star: float
    random: bool


def mode_of(problem: AnyProblem, mode: str | None) -> str:
    """The mode itself, or for None "example" where the problem has examples, else "batch"; ValueError for any other."""
    if mode is None:
        return "example" if _has_examples(problem) else "batch"
    one_of("mode", mode, MODES)
    return mode


def _has_examples(problem: AnyProblem) -> bool:
    return isinstance(problem, LogisticProblem) or (isinstance(problem, Problem) and bool(problem.examples))


def sampler_of(problem: AnyProblem, mode: str, seed: int) -> Sampler:
    """The problem as the engine asks it. mode : "example", g of one example drawn uniformly, or "batch", of f. ValueError for
    "example" where there are none."""
    if isinstance(problem, FiniteProblem):
        gradients = partial(_outcomes, problem, seed)
        return Sampler(problem.loss, gradients, problem.f_star, np.shape(problem.probabilities)[-1] > 1)
    if mode == "example" and not _has_examples(problem):
        raise ValueError("mode must be batch for a problem without examples, got 'example'")
    if isinstance(problem, Separate):
        return Sampler(partial(_sum, problem), partial(_exact, problem), problem.f_star, False)
    if isinstance(problem, Problem):
        return _own(problem, mode, seed)
    return Sampler(partial(_looped_losses, problem), partial(_looped, problem, mode, seed), problem.f_star, mode == "example")


def _own(problem: Problem, mode: str, seed: int) -> Sampler:
    best = problem.picked(np.tile(problem.w_star, (problem.n, 1)), np.arange(problem.n))[1] if mode == "example" else None

    def gradients(w: Floats, first: int, step: int) -> tuple[Floats, Floats]:
        if best is None:
            return problem.mean_gradient(w), problem.loss(w) - problem.f_star
        picks = np.array([draw_example(problem.n, first + r, step, np.uint64(seed)) for r in range(len(w))], int64)
        g, value = problem.picked(w, picks)
        return g, value - best[picks]

    return Sampler(problem.loss, gradients, problem.f_star, mode == "example")


def _outcomes(problem: FiniteProblem, seed: int, w: Floats, first: int, step: int) -> tuple[Floats, Floats]:
    p = np.atleast_2d(problem.probabilities)
    up_to = np.cumsum(p[step if len(p) > 1 else 0])
    u = uniforms(len(w), seed=seed, step=step, stream=Stream.EXAMPLE, offset=first).astype(float64) + 2.0**-25
    j = np.minimum(np.searchsorted(up_to, u * up_to[-1]), up_to.size - 1)
    return problem.gradients(w)[j, np.arange(len(w))], problem.loss(w) - problem.f_star


def _sum(problem: Separate, w: Floats) -> Floats:
    return np.asarray(sum(part.loss(w[:, i : i + 1]) for i, part in enumerate(problem.parts)))


def _exact(problem: Separate, w: Floats, first: int, step: int) -> tuple[Floats, Floats]:
    g = np.concatenate([part.mean_gradient(w[:, i : i + 1]) for i, part in enumerate(problem.parts)], axis=1)
    return g, _sum(problem, w) - problem.f_star


def _looped_losses(problem: LogisticProblem | AbsoluteSum, w: Floats) -> Floats:
    loops, out = problem.loops("batch", False), np.empty(len(w))
    row_losses(loops.loss)(loops.arrays, w, out)
    return out


def _looped(
    problem: LogisticProblem | AbsoluteSum, mode: str, seed: int, w: Floats, first: int, step: int
) -> tuple[Floats, Floats]:
    loops: Any = problem.loops(mode, True)
    g, over = np.empty_like(w), np.zeros(len(w))
    row_gradients(loops.gradient)(loops.arrays, w, first, step, np.uint64(seed), g, over)
    return g, over
