"""LPT-SGD exactly as the theorems analyse it: float64, one replica after the other.

    w_t = delta q_t,   g_t at w_t,   q_{t+1} = clip(q_t + R(-eta_t g_t / delta)),   t = 1, 2, ...

Codes are integers held in float64. Full precision is the same loop with delta = 1 and ``shift`` for ``move``: q is then w
itself. Everything random is a counter: coordinate j of replica r at step t rounds with the word (t, r d + j) of
``Stream.LINEAR`` (24 bits), and draws its example with the words (t, 2 r) and (t, 2 r + 1) of ``Stream.EXAMPLE``, so that
all methods see the same examples and no result depends on threads or on where a run was interrupted.

A problem is a record of arrays, a loss and a gradient that read it: :class:`alpt_ref.kernels.problems.Loops`.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64, uint32, uint64
from numpy.typing import NDArray

from alpt_ref.kernels.cpu.words import fill_words
from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit, kernel
from alpt_ref.scalars.optimizers import learning_rate
from alpt_ref.scalars.philox import Stream, centred_uniform, random_bits_mask
from alpt_ref.scalars.rounding import FLOAT64, Scalar, mover

_LINEAR = uint64(Stream.LINEAR)
RANDOM_BITS = 24
_MASK = random_bits_mask(RANDOM_BITS)


class WalkArguments(NamedTuple):
    """The numbers of one run."""

    delta: float  # 1 in full precision
    lo: float  # smallest code, -inf in full precision
    hi: float
    eta: float
    decays: bool  # eta_t = eta / sqrt(t)
    draws: bool  # whether rounding uses random words
    seed: uint64


class Span(NamedTuple):
    """Steps start .. stop - 1 (the first step ever is 0) of the rows first .. last - 1 of a trace."""

    start: int
    stop: int
    first: int
    last: int


class Trace(NamedTuple):
    """The places of replicas, and the records of them; written in place."""

    codes: NDArray[float64]  # (n_replicas, d)
    checkpoints: NDArray[int64]  # (n_checkpoints,), increasing: numbers of steps
    losses: NDArray[float64]  # (n_replicas, n_checkpoints): f(w) after checkpoints[c] steps
    regret: NDArray[float64]  # (n_replicas,): sum of f_t(w_t) - f_t(w*)
    last_move: NDArray[int64]  # (n_replicas,): the last step that changed a code, counted from 1; 0 if none has
    clipped: NDArray[int64]  # (n_replicas,): coordinate-steps whose target was outside the box
    first: int  # row r is replica first + r: what its random words depend on


@jit
def outcome(q: Any, t: Any, after: Any, lo: Any, hi: Any) -> Any:
    """(whether q + t is outside the box, whether code q moved)."""
    s = q + t
    return int64(s < lo) + int64(s > hi), int64(after != q)


@jit
def shift(q: Any, t: Any, v: Any, lo: Any, hi: Any) -> Any:
    """The move of full precision: neither rounded nor clipped."""
    return q + t


@jit
def _count(q: Any, g: Any, scale: Any, walk: Any, after: Any) -> Any:
    """The numbers of targets outside the box and of codes that moved."""
    outside, moved = int64(0), int64(0)
    for j in range(q.size):
        out, other = outcome(q[j], times(scale, g[j]), after[j], walk.lo, walk.hi)
        outside += out
        moved += other
    return outside, moved


@jit
def _to_weights(q: Any, delta: Any, w: Any) -> None:
    for j in range(w.size):
        w[j] = times(delta, q[j])


@cache
def walker(loss: Scalar, gradient: Scalar, rounding: str | None) -> Scalar:
    """Function (problem, walk, trace, with_loss, span): take the steps and rows of ``span`` in ``trace``, in place.

    loss, gradient : those of a ``Loops``. rounding : a rule of :mod:`alpt_ref.scalars.rounding`; None in full precision.
    problem : the arrays of the ``Loops``; out of a tuple with others they would cost 8 % in reference counts.
    Checkpoints in [start, stop] have f evaluated; ``with_loss`` accumulates the regret.
    One pass for each thing, over arrays that nothing else is stored to meanwhile: the passes vectorize.
    """
    move = shift if rounding is None else mover(FLOAT64, rounding)

    @jit
    def round_codes(q, g, scale, words, walk, out):
        for j in range(q.size):
            out[j] = move(q[j], times(scale, g[j]), float64(centred_uniform(words[j], _MASK)), walk.lo, walk.hi)

    @kernel
    def walk_range(problem, walk, trace, with_loss, span):
        checkpoints = trace.checkpoints
        d = trace.codes.shape[1]
        w = np.empty(d, float64)
        g = np.empty(d, float64)
        words = np.zeros(d, uint32)
        q = np.empty(d, float64)
        after = np.empty(d, float64)
        start, stop, first, last = span
        for r in range(first, last):
            q[:] = trace.codes[r]
            check = np.searchsorted(checkpoints, start)
            for t in range(start, stop + 1):
                _to_weights(q, walk.delta, w)
                if check < checkpoints.size and checkpoints[check] == t:
                    trace.losses[r, check] = loss(problem, w, g)
                    check += 1
                if t == stop:
                    break
                trace.regret[r] += gradient(problem, w, trace.first + r, t, walk.seed, with_loss, g)
                scale = -learning_rate(walk.eta, walk.decays, t + 1) / walk.delta
                if walk.draws:
                    fill_words(words, (trace.first + r) * d, uint64(t), _LINEAR, walk.seed)
                round_codes(q, g, scale, words, walk, after)
                outside, moved = _count(q, g, scale, walk, after)
                trace.clipped[r] += outside
                if moved > 0:
                    trace.last_move[r] = t + 1
                q, after = after, q
            trace.codes[r] = q

    return walk_range
