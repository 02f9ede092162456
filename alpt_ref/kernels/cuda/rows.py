"""Rows of a table in one step on a GPU: weights, gradients, moves, and how they are stored.

A thread has one weight, or the gradient of one. A row with many entries in the batch has a block, whose threads fetch its terms
side by side; one of them adds those of a weight in the order of the examples, as everywhere. So the bits do not depend on who
fetched what.
"""

from functools import cache
from typing import Any

from numba import cuda, int32
from numpy import float32, int64

from alpt_ref.kernels.cuda.launch import SIMULATED, THREADS, kernel
from alpt_ref.kernels.storage import Access
from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.factorization import factor_gradient
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.optimizers import DIRECTIONS
from alpt_ref.scalars.philox import word_at
from alpt_ref.scalars.rounding import Scalar

LONG = 3 if SIMULATED else 128  # rows of more entries have a block
ROUNDS = 8  # terms that a thread of a block fetches before any is added
TERMS = ROUNDS * THREADS


@kernel
def list_long(starts, listed, count):
    """Rows of more than LONG entries into ``listed``, in any order, their number into ``count`` (1,), which was 0."""
    for r in range(cuda.grid(1), starts.size - 1, cuda.gridsize(1)):
        if starts[r + 1] - starts[r] > LONG:
            listed[cuda.atomic.add(count, 0, int32(1))] = r


@cache
def weight_loader(access: Access, k: int) -> Scalar:
    """Kernel (rows, view, out): the weights of ``rows`` into ``out`` (n_rows * k,)."""
    load, weight = access.load, access.weight

    @kernel
    def load_weights(rows, view, out):
        buffer, width, deltas, stride, _ = view
        for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
            j = int64(rows[i // k])
            out[i] = weight(load(buffer, width, j * k + i % k), deltas[j * stride])

    return load_weights


@cache
def gradient_term(k: int, is_linear: bool) -> Scalar:
    """Function (entry, batch, f, v) -> what an entry of a row adds to the gradient of its weight f, which is ``v``.

    batch : (position, value, residual, sums) of entries that are sorted by row.
    """

    @jit
    def linear_term(e, batch, f, v):
        position, value, residual, _ = batch
        return times(residual[position[e]], value[e])

    @jit
    def factor_term(e, batch, f, v):
        position, value, residual, sums = batch
        b, x = int64(position[e]), value[e]
        return factor_gradient(times(residual[b], x), x, sums[b * k + f], v)

    return linear_term if is_linear else factor_term


@cache
def gradient_summer(k: int, is_linear: bool) -> Scalar:
    """Kernel (starts, batch, v, g): gradients at weights ``v`` into ``g`` (n_rows * k,), of rows of at most LONG entries."""
    term = gradient_term(k, is_linear)

    @kernel
    def sum_gradients(starts, batch, v, g):
        for i in range(cuda.grid(1), g.size, cuda.gridsize(1)):
            begin, end = starts[i // k], starts[i // k + 1]
            if end - begin <= LONG:
                total = float32(0)
                for e in range(begin, end):
                    total += term(e, batch, i % k, v[i])
                g[i] = total

    return sum_gradients


@cache
def long_gradient_summer(k: int, is_linear: bool) -> Scalar:
    """Kernel (listed, count, starts, batch, v, g): gradients of the rows ``listed``, a block each."""
    term = gradient_term(k, is_linear)
    columns = min(k, THREADS)
    at_a_time = TERMS // columns  # entries

    @kernel
    def sum_long_gradients(listed, count, starts, batch, v, g):
        terms = cuda.shared.array(TERMS, float32)
        t = cuda.threadIdx.x
        for n in range(cuda.blockIdx.x, count[0], cuda.gridDim.x):
            r = int64(listed[n])
            for first in range(0, k, columns):
                total = float32(0)
                for begin in range(starts[r], starts[r + 1], at_a_time):
                    here = min(at_a_time, starts[r + 1] - begin)
                    for i in range(t, here * columns, THREADS):
                        f = first + i % columns
                        terms[i] = term(begin + i // columns, batch, f, v[r * k + f]) if f < k else float32(0)
                    cuda.syncthreads()
                    if t < columns:
                        for e in range(here):
                            total += terms[e * columns + t]
                    cuda.syncthreads()
                if t < columns and first + t < k:
                    g[r * k + first + t] = total

    return sum_long_gradients


@kernel
def sum_in_order(x: Any, scale: Any, out: Any) -> None:
    """``scale`` times the sum of ``x`` from first to last, into ``out`` (1,); one block."""
    held = cuda.shared.array(TERMS, float32)
    total = float32(0)
    for begin in range(0, x.size, TERMS):
        here = min(TERMS, x.size - begin)
        for i in range(cuda.threadIdx.x, here, THREADS):
            held[i] = x[begin + i]
        cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            for i in range(here):
                total += held[i]
        cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        out[0] = times(scale, total)


@cache
def bias_updater(optimizer: str) -> Scalar:
    """Kernel (bias, g, moments, h): one step of the bias (1,) down its gradient g (1,)."""
    direction = DIRECTIONS[optimizer]

    @kernel
    def update_bias(bias, g, moments, h):
        if cuda.grid(1) == 0:
            bias[0] += direction(g[0], bias[0], moments, 0, h)

    return update_bias


@cache
def updater(access: Access, advance: Scalar, optimizer: str, k: int) -> Scalar:
    """Kernel (rows, part, v, g, h, noise): weights ``v`` of ``rows``, of gradients ``g`` (n_rows * k,), make their step."""
    load, store, direction = access.load, access.store, DIRECTIONS[optimizer]

    @kernel
    def update(rows, part, v, g, h, noise):
        view, moments, lo, hi = part
        buffer, width, deltas, stride, _ = view
        for i in range(cuda.grid(1), g.size, cuda.gridsize(1)):
            j = int64(rows[i // k])
            place = j * k + i % k
            d = direction(g[i], v[i], moments, place, h)
            word = word_at(place, noise.step, noise.stream, noise.seed) if noise.draws else noise.step
            entry = load(buffer, width, place)
            store(buffer, width, place, advance(entry, d, deltas[j * stride], word, noise.mask, lo, hi))

    return update
