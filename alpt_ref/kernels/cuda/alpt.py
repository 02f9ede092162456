"""ALPT on the rows of a minibatch, on a GPU: the stages of :mod:`alpt_ref.kernels.cpu.alpt`; a thread has a weight or a row."""

from functools import cache
from typing import Any

from numba import cuda
from numpy import float32, int64

from alpt_ref.kernels.cuda.launch import kernel
from alpt_ref.kernels.storage import Access
from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.jit import jit
from alpt_ref.scalars.moves import code_regrid, delta_step
from alpt_ref.scalars.optimizers import DIRECTIONS
from alpt_ref.scalars.philox import word_at
from alpt_ref.scalars.rounding import Scalar


@cache
def trier(access: Access, tried: Scalar, optimizer: str, k: int) -> Scalar:
    """Kernel (rows, part, v, g, h, trial): stage 1 on ``rows``, whose weights are ``v`` and gradients ``g``, into ``trial``.

    tried : by ``slopes.trial_of``.
    """
    load, direction = access.load, DIRECTIONS[optimizer]

    @kernel
    def try_rows(rows, part, v, g, h, trial):
        view, moments, lo, hi = part
        buffer, width, deltas, stride, _ = view
        moves, weights, slopes = trial
        for i in range(cuda.grid(1), g.size, cuda.gridsize(1)):
            j = int64(rows[i // k])
            place = j * k + i % k
            d = direction(g[i], v[i], moments, place, h)
            moves[i] = d
            weights[i], slopes[i] = tried(load(buffer, width, place), d, deltas[j * stride], lo, hi)

    return try_rows


@cache
def slope_summer(k: int) -> Scalar:
    """Kernel (g, slopes, out): stage 2, the loss gradient of each row's step size into ``out`` (n_rows,)."""

    @kernel
    def sum_slopes(g, slopes, out):
        for r in range(cuda.grid(1), out.size, cuda.gridsize(1)):
            total = float32(0)
            for i in range(r * k, r * k + k):
                total += times(g[i], slopes[i])
            out[r] = total

    return sum_slopes


@kernel
def spread(values: Any, rows: Any, out: Any) -> None:
    """The ``values`` of ``rows`` to their places in ``out``."""
    for r in range(cuda.grid(1), rows.size, cuda.gridsize(1)):
        out[rows[r]] = values[r]


@kernel
def note_infinite(values: Any, step: Any, diverged: Any) -> None:
    """The first step where a value is not finite into ``diverged`` (1,), 0 before it."""
    for i in range(cuda.grid(1), values.size, cuda.gridsize(1)):
        if values[i] - values[i] != float32(0) and diverged[0] == 0:
            diverged[0] = step


@cache
def delta_updater(optimizer: str) -> Scalar:
    """Kernel (gradient, rows, view, moments, scale, h, out): the next step size of each of ``rows`` into ``out`` (n_rows,).

    It goes down ``scale`` times its gradient. Where one step size serves all rows, ``gradient`` and ``rows`` have one element.
    """
    step = delta_step(optimizer)

    @kernel
    def next_deltas(gradient, rows, view, moments, scale, h, out):
        for r in range(cuda.grid(1), out.size, cuda.gridsize(1)):
            j = int64(rows[r]) if view.stride else int64(0)  # there may be no rows
            out[r] = step(view.deltas[j], times(scale, gradient[r]), moments, j, h)

    return next_deltas


@kernel
def set_deltas(rows: Any, new: Any, view: Any) -> None:
    """Make ``new`` the step sizes of ``rows``, or of all."""
    for r in range(cuda.grid(1), new.size, cuda.gridsize(1)):
        view.deltas[int64(rows[r]) if view.stride else int64(0)] = new[r]


@cache
def row_storer(access: Access, rounding: str, k: int) -> Scalar:
    """Kernel (rows, moves, part, new, noise): stage 3 on ``rows``, each with its step size new[r]."""
    load, store, regrid = access.load, access.store, code_regrid(rounding)

    @kernel
    def store_rows(rows, moves, part, new, noise):
        view, _, lo, hi = part
        buffer, width, deltas, stride, _ = view
        for i in range(cuda.grid(1), moves.size, cuda.gridsize(1)):
            r = i // k
            j = int64(rows[r])
            place = j * k + i % k
            word = word_at(place, noise.step, noise.stream, noise.seed) if noise.draws else noise.step
            entry = load(buffer, width, place)
            store(buffer, width, place, regrid(entry, moves[i], deltas[j * stride], new[r], word, noise.mask, lo, hi))

    return store_rows


@jit
def _place_of(j: Any, rows: Any) -> Any:
    """The place of j in the ascending ``rows``, or of the first that is larger."""
    low, high = int64(0), int64(rows.size)
    while low < high:
        middle = (low + high) // 2
        if rows[middle] < j:
            low = middle + 1
        else:
            high = middle
    return low


@cache
def table_storer(access: Access, rounding: str, k: int, optimizer: str) -> Scalar:
    """Kernel (n, rows, moves, part, new, noise, h): stage 3 on all n weights of a table, moved to the step sizes ``new``.

    Rows that are not in ``rows`` move as a dense ``optimizer`` moves them, without a gradient; with "" they stay, and are
    rounded.
    """
    load, store, weight, regrid = access.load, access.store, access.weight, code_regrid(rounding)
    direction = DIRECTIONS[optimizer or "sgd"]

    @kernel
    def store_table(n, rows, moves, part, new, noise, h):
        view, moments, lo, hi = part
        buffer, width, deltas, stride, _ = view
        for place in range(cuda.grid(1), n, cuda.gridsize(1)):
            j = place // k
            r = _place_of(j, rows)
            old, entry, d = deltas[j * stride], load(buffer, width, place), float32(0)
            if r < rows.size and rows[r] == j:
                d = moves[r * k + place % k]
            elif optimizer:
                d = direction(float32(0), weight(entry, old), moments, place, h)
            word = word_at(place, noise.step, noise.stream, noise.seed) if noise.draws else noise.step
            store(buffer, width, place, regrid(entry, d, old, new[j * stride], word, noise.mask, lo, hi))

    return store_table
