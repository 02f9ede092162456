"""Loops over replicas of one walk, in parallel: compiled for the built-in rounding rules, in NumPy for any other.

The NumPy loop asks a rule for its p_up and rounds up where u < p_up. Its u and its examples are those of the compiled loops,
so that STOCHASTIC under another name gives the same bits. A replica's numbers depend on its index alone.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.replicas import Span, Trace, WalkArguments, walker
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.kernels.problems import Loops, row_gradients, row_losses
from alpt_ref.rng import Stream, uniforms
from alpt_ref.scalars.optimizers import learning_rate
from alpt_ref.scalars.rounding import MAX_MOVE
from alpt_ref.tools.interrupts import heed
from alpt_ref.walks.rule import Rule
from alpt_ref.walks.states import Uniform

Floats = NDArray[float64]
Gradients = Callable[[Floats, int], Floats]
LAUNCH = 2**33  # numbers that the gradients of one launch may read, so that a Ctrl-C is heard
BLOCK = 2**15  # numbers in an array of the NumPy loop: a few such arrays stay in the second-level cache


class Samples(NamedTuple):
    """Results of replicas, one entry each."""

    regret: Floats  # R(T)/T, R(T) = sum over t <= T of f_t(w_t) - f_t(w*)
    gap: Floats  # f(w_{T+1}) - f(w*)
    last_move: NDArray[int64]  # the last step that changed a code, counted from 1; 0 if none has
    clipped: NDArray[int64]  # coordinate-steps whose target was outside the box


def empty_trace(codes: Floats, replicas: int, checkpoints: Any = (), first: int = 0) -> Trace:
    """``replicas`` walkers at the codes (d,), nothing recorded yet: the replicas first, first + 1, ..."""
    at = np.asarray(checkpoints, int64)
    zeros = (np.zeros(replicas), np.zeros(replicas, int64), np.zeros(replicas, int64))
    return Trace(np.tile(codes, (replicas, 1)), at, np.full((replicas, at.size), np.nan), *zeros, int(first))


def advance_compiled(
    loops: Loops, walk: WalkArguments, rounding: str | None, trace: Trace, with_loss: bool, steps: range, n_threads: int
) -> None:
    """Take ``trace`` through ``steps`` under a rule of :mod:`alpt_ref.scalars.rounding`, or None: full precision."""
    walk_range = walker(loops.loss, loops.gradient, rounding)

    def work(first: int, last: int) -> None:
        walk_range(loops.arrays, walk, trace, with_loss, Span(steps.start, steps.stop, first, last))

    run_ranges(work, trace.codes.shape[0], n_threads)


def advance_on_gpu(
    loops: Loops, walk: WalkArguments, rounding: str | None, trace: Trace, with_loss: bool, steps: range
) -> None:
    """As :func:`advance_compiled`, on a GPU, with the same bits. ValueError where there are too many coordinates."""
    from numba import cuda

    from alpt_ref.kernels.cuda.launch import launch
    from alpt_ref.kernels.cuda.memory import fetch_tuple, out_of_memory, put_tuple
    from alpt_ref.kernels.cuda.replicas import MOST, local_bytes
    from alpt_ref.kernels.cuda.replicas import walker as gpu_walker

    n, d = trace.codes.shape
    if d > MOST:
        raise ValueError(f"device must be cpu for more than {MOST} coordinates, got {d}")
    walk_range = gpu_walker(loops.loss, loops.gradient, rounding, d)
    asked = sum(getattr(value, "nbytes", 0) for value in (*loops.arrays, *trace)) + local_bytes(d)
    of_a_step = max(d, *(getattr(value, "size", 0) for value in loops.arrays))  # numbers that a gradient may read
    at_a_time = max(1, LAUNCH // (n * of_a_step))
    with out_of_memory(f"walking with {n:,} replicas", asked):
        problem, placed = put_tuple(loops.arrays), put_tuple(trace)
        for start in range(steps.start, max(steps.stop, steps.start + 1), at_a_time):
            span = Span(start, min(start + at_a_time, steps.stop), 0, n)
            launch(walk_range, n, problem, walk, placed, with_loss, span)
            cuda.synchronize()  # a launch returns at once, and Ctrl-C would wait for all of them
            heed()
        fetch_tuple(placed, trace)


def in_blocks(work: Callable[[slice], object], trace: Trace, numbers: int, n_threads: int) -> None:
    """Call ``work`` with the rows of one block of ``trace`` after the other; a row takes ``numbers`` numbers of an array."""
    n = trace.codes.shape[0]
    starts = range(0, n, max(1, BLOCK // numbers))

    def blocks(begin: int, end: int) -> None:
        for start in starts[begin:end]:
            work(slice(start, min(start + starts.step, n)))

    run_ranges(blocks, len(starts), n_threads)


def round_codes(q: Floats, t: Floats, u: NDArray[np.floating], rule: Rule, grid: Grid) -> Floats:
    """clip(R(clip(q + t))): codes after moves of t cells, all of one shape, u in [0, 1).

    Split as in an exact law; where a target is outside of the box the rule is asked about the edge itself.
    """
    at = Uniform(grid).split(q.ravel(), np.clip(t, -MAX_MOVE, MAX_MOVE).reshape(1, -1))
    up = u.reshape(1, -1) < rule.up(at.floors, at.fractions)
    return np.minimum(at.floors + up, float(grid.q_hi)).reshape(q.shape)


def advance_block(
    walk: WalkArguments, grid: Grid, rule: Rule, trace: Trace, rows: slice, steps: range, gradients: Gradients
) -> Floats:
    """Take ``rows`` of ``trace`` through ``steps`` under any rule; returns their weights (R, d).

    gradients : (w (R, d), step from 0) -> (R, d).
    """
    q = trace.codes[rows]
    first_word = (trace.first + rows.start) * q.shape[1]
    for step in steps:
        t = -learning_rate(walk.eta, walk.decays, step + 1) / walk.delta * gradients(walk.delta * q, step)
        s = q + t
        trace.clipped[rows] += np.count_nonzero((s < walk.lo) | (s > walk.hi), axis=1)
        u = uniforms(q.size, seed=int(walk.seed), step=step, stream=Stream.LINEAR, offset=first_word).reshape(q.shape)
        after = round_codes(q, t, u, rule, grid)
        trace.last_move[rows][(after != q).any(axis=1)] = step + 1
        q = after
    trace.codes[rows] = q
    return walk.delta * q


def advance_rows(
    loops: Loops, walk: WalkArguments, grid: Grid, rule: Rule, trace: Trace, with_loss: bool, steps: range
) -> Callable[[slice], None]:
    """The work of :func:`in_blocks` that takes a block of ``trace`` through ``steps``, as the compiled loop does."""

    def work(rows: slice) -> None:
        regret = trace.regret[rows] if with_loss else np.zeros(rows.stop - rows.start)

        def look(w: Floats, step: int) -> None:
            for c in np.flatnonzero(trace.checkpoints == step):
                row_losses(loops.loss)(loops.arrays, w, trace.losses[rows, c])

        def gradients(w: Floats, step: int) -> Floats:
            look(w, step)
            g = np.empty_like(w)
            row_gradients(loops.gradient)(loops.arrays, w, trace.first + rows.start, step, walk.seed, g, regret)
            return g

        look(advance_block(walk, grid, rule, trace, rows, steps, gradients), steps.stop)

    return work
