"""The box S = [lo, hi]^d of a grid, where LPT's weights live, and the grid's points in it."""

from itertools import product

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid

Vector = NDArray[float64]


def box(grid: Grid) -> tuple[float, float]:
    """Ends of the interval S of one coordinate: delta q_lo and delta q_hi."""
    return float(grid.delta) * grid.q_lo, float(grid.delta) * grid.q_hi


def diameter(grid: Grid, d: int) -> float:
    """D, Euclidean diameter of S = [lo, hi]^d."""
    lo, hi = box(grid)
    return float(np.sqrt(d)) * (hi - lo)


def outside(grid: Grid, w: Vector) -> float:
    """The distance of w (d,) from S, in the maximum norm; not positive inside."""
    lo, hi = box(grid)
    return float(max((lo - w).max(), (w - hi).max()))


def codes_of(grid: Grid, d: int = 1) -> NDArray[float64]:
    """The codes of all points of the grid in d coordinates, float64 (2^(bits d), d), in C order."""
    return in_c_order(np.arange(grid.q_lo, grid.q_hi + 1, dtype=float64), d)


def in_c_order(axis: NDArray[float64], d: int) -> NDArray[float64]:
    """All vectors of d numbers of ``axis`` (n,), float64 (n^d, d), the last coordinate running fastest."""
    return axis[:, None] if d == 1 else np.array(list(product(axis, repeat=d)))


def points_of(grid: Grid, d: int = 1) -> NDArray[float64]:
    """The points themselves, delta times the codes, float64 (2^(bits d), d)."""
    return float(grid.delta) * codes_of(grid, d)


def check_uniform(grid: Grid) -> None:
    """ValueError unless ``grid`` is a Grid with one step size for all coordinates, as a walk needs."""
    if not isinstance(grid, Grid) or grid.per_row:
        raise ValueError("grid must be a Grid with one delta for all coordinates")


def start_codes(grid: Grid | None, d: int, start: ArrayLike) -> Vector:
    """The start of a walk, w_1 in codes (weights in full precision), float64 (d,), of a number or (d,). ValueError unless they
    are codes of the grid."""
    try:
        given = np.asarray(start, float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    codes = grid is None or bool(((given == np.rint(given)) & (given >= grid.q_lo) & (given <= grid.q_hi)).all())
    if given.shape not in ((), (d,)) or not np.isfinite(given).all() or not codes:
        what = "a number" if grid is None else f"a code, an integer in [{grid.q_lo}, {grid.q_hi}]"
        raise ValueError(f"start must be {what}, or {d} of them, got {start!r}")
    return np.array(np.broadcast_to(given, (d,)))
