"""Monte Carlo about walks: as many replicas as a decision takes, and what is recorded on the way of factorization machines."""

import math
from collections.abc import Callable

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.intervals import Estimate, bounded_mean
from alpt_ref.problems import box
from alpt_ref.problems.factorization import BoxedFm
from alpt_ref.walks.replicas import advance_block, in_blocks
from alpt_ref.walks.walk import Walk

Floats = NDArray[float64]


def gradient_squares(walk: Walk, first: int, last: int, n_threads: int = 1) -> tuple[Floats, NDArray[int64]]:
    """(1/T) sum over t <= T of ||grad f(w_t)||_2^2 of the replicas first .. last - 1 of a ``BoxedFm``'s walk, exact gradients,
    and how many coordinate-steps of each had a target outside the box.

    ValueError where the grid reaches beyond the problem's radius.
    """
    problem, grid = walk.problem, walk.box_grid
    assert isinstance(problem, BoxedFm)
    if max(-box(grid)[0], box(grid)[1]) > problem.radius:
        raise ValueError(f"grid must lie within the radius {problem.radius!r}, got {box(grid)}")
    trace, squares = walk.trace(last - first, first=first), np.zeros(last - first)

    def work(rows: slice) -> None:
        def gradients(w: Floats, step: int) -> Floats:
            g = problem.gradients(w)
            squares[rows] += (g**2).sum(axis=1)
            return g

        advance_block(walk.arguments, grid, walk.rule, trace, rows, range(walk.steps), gradients)

    in_blocks(work, trace, max(problem.d, problem.y.size * (1 + problem.k)), n_threads)
    return squares / walk.steps, trace.clipped


def decide(
    sample: Callable[[int, int], Floats],
    low: float,
    high: float,
    bound: float | None,
    alpha: float,
    first: int = 256,
    most: int = 8192,
    *,
    enough: float = math.inf,
) -> tuple[Estimate, int]:
    """The mean of ``sample``, with an interval at level ``alpha``, and the number of replicas that it took.

    sample : (first, last) -> one number in [low, high] for each of the replicas first .. last - 1. bound : what the mean is
    to be compared with; None asks for nothing more than the first look. enough : the half width of a mean below ``bound``.

    Looks after ``first``, 2 ``first``, 4 ``first``, ... replicas and stops where ``bound`` lies below the interval, or above it
    and the half width is at most ``enough``; or at ``most``.

    *The level needs no correction for looking.* The looks are at the same samples X_1, X_2, ..., more of them each time, and
    :func:`alpt_ref.intervals.bounded_mean` misses the mean at any n at all with probability at most alpha (Ville): so,
    whatever rule stops the looking, it misses at that n with probability at most alpha. []
    """
    n = min(first, most)
    values = np.asarray(sample(0, n), float64)
    while True:
        estimate = bounded_mean(values, low, high, alpha)
        assert estimate.half is not None
        if n >= most or bound is None or bound < estimate.mean - estimate.half:
            return estimate, n
        if bound > estimate.mean + estimate.half and estimate.half <= enough:
            return estimate, n
        more = min(2 * n, most)
        values = np.concatenate((values, np.asarray(sample(n, more), float64)))
        n = more
