"""Monte Carlo for statements about LPT-SGD: independent replicas, as many as a decision takes, under any rounding rule.

    w_t = delta q_t,   g_t at w_t,   q_{t+1} = clip(R(q_t - eta_t g_t / delta)),   t = 1, 2, ..., T

The built-in rules run in the compiled loops of :mod:`alpt_ref.kernels.cpu.replicas`. Any other rule is asked for its p_up
here, in NumPy over many replicas at once, and rounds up where u < p_up. Its u and its examples are those of the compiled
loops, so that STOCHASTIC under another name gives the same bits. A replica's numbers depend on its index alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.intervals import Estimate, bounded_mean
from alpt_ref.kernels.cpu.problems import Examples, Separable, gradient_rows, loss_rows
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.problems import LogisticProblem, box
from alpt_ref.problems.factorization import BoxedFm
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.rng import Stream, uniforms
from alpt_ref.scalars.moves import learning_rate
from alpt_ref.scalars.rounding import MAX_MOVE
from alpt_ref.walks.replicas import LptSgd, functions_of
from alpt_ref.walks.rule import BUILT_IN, Rule
from alpt_ref.walks.transition import split_targets

Floats = NDArray[float64]
BLOCK = 2**15  # numbers in an array of the NumPy engine: a few such arrays stay in the second-level cache


class Samples(NamedTuple):
    """What became of the replicas, one entry each."""

    regret: Floats  # R(T)/T, R(T) = sum over t <= T of f_t(w_t) - f_t(w*)
    gap: Floats  # f(w_{T+1}) - f(w*)
    last_move: NDArray[int64]  # the last step that changed a code, counted from 1; 0 if none has
    clipped: NDArray[int64]  # coordinate-steps whose target was outside the box


@dataclass(frozen=True, eq=False)
class Run:
    """LPT-SGD on ``problem``: what its replicas share.

    rule : one of ``laws.rule.BUILT_IN``, compiled, or yours. mode : "batch", or "example" where the problem has examples.
    eta, decays : eta_t = eta, or eta / sqrt(t). start : codes, one for all coordinates or (d,).
    Raises ValueError, naming the argument, when samples are drawn.
    """

    problem: LogisticProblem | AbsoluteSum
    grid: Grid
    rule: Rule
    mode: str
    eta: float
    steps: int
    decays: bool = False
    seed: int = 0
    start: ArrayLike = 0.0

    @property
    def arrays(self) -> Examples | Separable:
        """The problem as the loops read it, regret counted from w*."""
        return self.problem.separable if isinstance(self.problem, AbsoluteSum) else self.problem.solved_examples

    @property
    def f_star(self) -> float:
        """f(w*)."""
        return self.problem.f_star if isinstance(self.problem, AbsoluteSum) else self.problem.solution.f

    def samples(self, first: int, last: int, n_threads: int = 1) -> Samples:
        """Of the replicas first .. last - 1. Replica r's numbers depend on no other, nor on ``n_threads``."""
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps!r}")
        if BUILT_IN.get(self.rule.name) is self.rule:
            return self._compiled(first, last, n_threads)
        return Samples(*_in_blocks(self._block, first, last, BLOCK // self.problem.d, n_threads))

    def _sgd(self, rounding: str) -> LptSgd:
        return LptSgd(self.grid, rounding, self.mode, self.eta, self.decays, self.seed)

    def _compiled(self, first: int, last: int, n_threads: int) -> Samples:
        sgd, at = self._sgd(self.rule.name), np.array([self.steps])
        trace = sgd.start(start_codes(self.grid, self.start, self.problem.d), last - first, 1, first)
        sgd.advance(self.arrays, trace, 0, self.steps, at, regret=True, n_threads=n_threads)
        return Samples(trace.regret / self.steps, trace.losses[:, 0] - self.f_star, trace.last_move, trace.clipped)

    def _block(self, first: int, last: int) -> Samples:
        arrays, sgd, seed = self.arrays, self._sgd("stochastic"), np.uint64(self.seed)
        loss, gradient = functions_of(arrays, self.mode)
        regret, losses = np.zeros(last - first), np.empty(last - first)

        def gradients(w: Floats, step: int) -> Floats:
            g = np.empty_like(w)
            gradient_rows(arrays, w, first, step, seed, gradient, g, regret)
            return g

        codes = start_codes(self.grid, self.start, self.problem.d)
        w, last_move, clipped = _walk(sgd, self.rule, codes, self.steps, first, last, gradients)
        loss_rows(arrays, w, loss, losses)
        return Samples(regret / self.steps, losses - self.f_star, last_move, clipped)


def _in_blocks(block: Callable[[int, int], tuple[Any, ...]], first: int, last: int, size: int, n_threads: int) -> list[Any]:
    """``block``'s arrays for first .. last - 1, put together from blocks of ``size``."""
    starts = range(first, last, max(1, size))
    out: list[tuple[Any, ...]] = [()] * len(starts)

    def work(begin: int, end: int) -> None:
        for i in range(begin, end):
            out[i] = block(starts[i], min(starts[i] + starts.step, last))

    run_ranges(work, len(starts), n_threads)
    return [np.concatenate(parts) for parts in zip(*out, strict=True)]


def start_codes(grid: Grid, start: ArrayLike, d: int) -> Floats:
    """``start`` as codes (d,); ValueError unless they are codes of ``grid``."""
    given = np.asarray(start, float64)
    if given.shape not in ((), (d,)) or not ((given == np.rint(given)) & (given >= grid.q_lo) & (given <= grid.q_hi)).all():
        raise ValueError(f"start must be a code in [{grid.q_lo}, {grid.q_hi}], or {d} of them, got {start!r}")
    return np.array(np.broadcast_to(given, (d,)))


def round_codes(q: Floats, t: Floats, u: NDArray[np.floating], rule: Rule, grid: Grid) -> Floats:
    """clip(R(clip(q + t))): codes after moves of t cells, all of one shape, u in [0, 1).

    Split as in an exact law; where a target is outside of the box the rule is asked about the edge itself.
    """
    n, a, _, _ = split_targets(q.ravel(), np.clip(t, -MAX_MOVE, MAX_MOVE).reshape(1, -1), grid)
    up = u.reshape(1, -1) < rule.up(n, a)
    return np.minimum(n + up, float(grid.q_hi)).reshape(q.shape)


def _walk(
    sgd: LptSgd, rule: Rule, codes: Floats, steps: int, first: int, last: int, gradients: Callable[[Floats, int], Floats]
) -> tuple[Floats, NDArray[int64], NDArray[int64]]:
    """Replicas first .. last - 1 from ``codes`` (d,): weights after the last step, last moves, clipped counts.

    gradients : (w (R, d), step from 0) -> (R, d). ``rule`` stands in the place of ``sgd.rounding``.
    """
    assert sgd.grid is not None
    delta, lo, hi = sgd.walk.delta, sgd.walk.lo, sgd.walk.hi
    q = sgd.start(codes, last - first).codes
    last_move, clipped = np.zeros(last - first, int64), np.zeros(last - first, int64)
    for step in range(steps):
        t = -learning_rate(sgd.eta, sgd.decays, step + 1) / delta * gradients(delta * q, step)
        s = q + t
        clipped += np.count_nonzero((s < lo) | (s > hi), axis=1)
        u = uniforms(q.size, seed=sgd.seed, step=step, stream=Stream.LINEAR, offset=first * codes.size).reshape(q.shape)
        after = round_codes(q, t, u, rule, sgd.grid)
        last_move[(after != q).any(axis=1)] = step + 1
        q = after
    return delta * q, last_move, clipped


def gradient_squares(
    problem: BoxedFm,
    grid: Grid,
    rule: Rule,
    eta: float,
    steps: int,
    replicas: tuple[int, int],
    seed: int = 0,
    start: ArrayLike = 0.0,
    n_threads: int = 1,
) -> tuple[Floats, NDArray[int64]]:
    """(1/T) sum over t <= T of ||grad f(w_t)||_2^2, and how many coordinate-steps had a target outside the box, with exact
    gradients, for each of the replicas replicas[0] .. replicas[1] - 1.

    start : codes, one for all coordinates or (d,). ValueError where the grid reaches beyond the problem's radius.
    """
    if max(-box(grid)[0], box(grid)[1]) > problem.radius:
        raise ValueError(f"grid must lie within the radius {problem.radius!r}, got {box(grid)}")
    sgd, codes = LptSgd(grid, "stochastic", "batch", eta, seed=seed), start_codes(grid, start, problem.d)

    def block(first: int, last: int) -> tuple[Floats, NDArray[int64]]:
        squares = np.zeros(last - first)

        def gradients(w: Floats, step: int) -> Floats:
            g = problem.gradients(w)
            np.add(squares, (g**2).sum(axis=1), out=squares)
            return g

        return squares, _walk(sgd, rule, codes, steps, first, last, gradients)[2]

    size = BLOCK // max(problem.d, problem.y.size * (1 + problem.k))
    squares, clipped = _in_blocks(block, *replicas, size, n_threads)
    return squares / steps, clipped


def decide(
    sample: Callable[[int, int], Floats],
    low: float,
    high: float,
    bound: float | None,
    alpha: float,
    first: int = 256,
    most: int = 8192,
) -> tuple[Estimate, int]:
    """The mean of ``sample``, with an interval at level ``alpha``, and the number of replicas that it took.

    sample : (first, last) -> one number in [low, high] for each of the replicas first .. last - 1. bound : what the mean is
    to be compared with; None asks for nothing more than the first look.

    Looks after ``first``, 2 ``first``, 4 ``first``, ... replicas and stops where ``bound`` lies outside of the interval, or at
    ``most``. *The level needs no correction for looking.* The looks are at the same samples X_1, X_2, ..., more of them each
    time, and :func:`alpt_ref.intervals.bounded_mean` misses the mean at any n at all with probability at most alpha (Ville):
    so, whatever rule stops the looking, it misses at that n with probability at most alpha. []
    """
    n = min(first, most)
    values = np.asarray(sample(0, n), float64)
    while True:
        estimate = bounded_mean(values, low, high, alpha)
        assert estimate.half is not None
        if n >= most or bound is None or abs(bound - estimate.mean) > estimate.half:
            return estimate, n
        more = min(2 * n, most)
        values = np.concatenate((values, np.asarray(sample(n, more), float64)))
        n = more
