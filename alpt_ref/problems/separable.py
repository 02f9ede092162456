"""Weighted distances, f(w) = sum_j slopes_j |w_j - centres_j|: convex, not smooth, any number of coordinates, exact constants.

What L1's functions are in many dimensions.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike

from alpt_ref.grid import Grid
from alpt_ref.kernels.problems import Loops, Separable, absolute_gradient, absolute_loss
from alpt_ref.problems.box import Vector, box
from alpt_ref.problems.logistic import GradientBounds


@dataclass(frozen=True, eq=False)
class AbsoluteSum:
    """f of the module's first line, float64.

    slopes : (d,), finite, not negative, or one for all coordinates; centres : (d,), finite. ValueError otherwise.
    The subgradient of coordinate j is 0 at centres_j, else +-slopes_j.
    """

    slopes: Vector
    centres: Vector

    def __init__(self, slopes: ArrayLike, centres: ArrayLike) -> None:
        c = np.array(centres, float64)
        a = np.asarray(slopes, float64)
        if c.ndim != 1 or c.size == 0 or not np.isfinite(c).all():
            raise ValueError(f"centres must be a vector of finite numbers, at least one, got shape {c.shape}")
        if a.shape not in ((), c.shape) or not (np.isfinite(a) & (a >= 0.0)).all():
            raise ValueError(f"slopes must be finite and not negative, one or {c.size} of them, got shape {a.shape}")
        object.__setattr__(self, "slopes", np.array(np.broadcast_to(a, c.shape)))
        object.__setattr__(self, "centres", c)

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.centres.size)

    @property
    def w_star(self) -> Vector:
        """The minimizer: the only one where no slope is 0."""
        return self.centres

    @property
    def f_star(self) -> float:
        """f(w*) = 0."""
        return 0.0

    @cached_property
    def separable(self) -> Separable:
        """The problem as arrays."""
        return Separable(self.slopes, self.centres)

    def loops(self, mode: str = "batch", regret: bool = True) -> Loops:
        """The problem as walks read it. ValueError unless ``mode`` is "batch"."""
        _check_mode(mode)
        return Loops(self.separable, absolute_loss, absolute_gradient)

    def loss(self, w: Vector) -> float:
        """f(w)."""
        return float(absolute_loss(self.separable, w, np.empty(w.size)))

    def gradient(self, w: Vector) -> Vector:
        """A subgradient of f at w, (d,)."""
        g = np.empty(self.d)
        absolute_gradient(self.separable, w, 0, 0, np.uint64(0), False, g)
        return g

    def gradient_bounds(self, grid: Grid, mode: str = "batch") -> GradientBounds:
        """G = ||slopes||_2 and G1 = ||slopes||_1, attained wherever no coordinate is at its centre; the same on every grid."""
        _check_mode(mode)
        return GradientBounds(float(np.linalg.norm(self.slopes)), float(self.slopes.sum()))

    def loss_range(self, grid: Grid, mode: str = "batch") -> tuple[float, float]:
        """Ends of an interval that holds f(w) - f* for all w in the box of ``grid``: 0, attained where the box holds w*, and

        sum_j slopes_j max(|lo - centres_j|, |hi - centres_j|), attained at a corner, and 1e-12 of it for rounding.
        """
        lo, hi = box(grid)
        farthest = np.maximum(np.abs(lo - self.centres), np.abs(hi - self.centres))
        return 0.0, float(self.slopes @ farthest) * (1.0 + 1e-12)


def _check_mode(mode: str) -> None:
    if mode != "batch":
        raise ValueError(f"mode must be batch for a problem without examples, got {mode!r}")
