"""A problem of one's own: a function of (w, example) and its gradient, in plain Python or compiled by Numba.

    f(w) = mean over the examples i of f_i(w),    f_i(w) = f(w, example i)

The functions are compiled where Numba can compile them and finds the same numbers, and run as Python otherwise: no result
depends on which, to the last bits of sums. Values that they read from outside of their arguments are fixed at the first call.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.optimize
from numpy import float64, int64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.logistic import GradientBounds
from alpt_ref.problems.own_loops import MOST_ARRAYS, Function, OwnLoops, loops_of
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import check_integer, check_unmasked

Floats = NDArray[float64]
MOST_POINTS = 2**24  # numbers of a gradient that a maximum over the grid may read
STATIONARY = 1e-7  # of one and of |grad f(0)|: where a minimizer that was searched for is taken to be found


@dataclass(frozen=True, eq=False)
class Problem:
    """f of the module's first lines, float64.

    f : (w (d,), *example) -> a number. gradient : the same arguments -> a (sub)gradient of it in w, (d,). Neither draws random
        numbers, or writes into its arguments.
    examples : an array of n examples, or a tuple of up to four arrays of n rows each, whose rows i are example i: (X, y) gives
        f(w, x, y). None: f(w) alone.
    d : number of coordinates. name : what tables call it.
    w_star : a minimizer over R^d, (d,); None: it is searched for, which a smooth convex f allows. f_star : f there.
    L, mu : constants of smoothness (inf: not smooth) and of strong convexity. G, G1 : E||g||_2^2 <= G^2 and E||g||_1 <= G1 on
        the box of the grid, g the gradient of a random example, or of f; None: G1 = sqrt(d) G, and G from all points of the
        grid, where these are few. A statement's verdict checks them all (:mod:`alpt_ref.theory.own`).
    Raises ValueError, naming the argument.
    """

    f: Function
    gradient: Function
    examples: Any = None
    d: int = 1
    name: str = "own"
    w_star: Any = None
    f_star: float = math.nan
    L: float = math.inf
    mu: float = 0.0
    G: float | None = None
    G1: float | None = None

    __repr__ = brief_repr

    def __post_init__(self) -> None:
        check_integer("d", self.d, 1)
        for name, function in (("f", self.f), ("gradient", self.gradient)):
            if not callable(function):
                raise ValueError(f"{name} must be a function, got {function!r}")
        for name, value in (("L", self.L), ("mu", self.mu), ("G", self.G), ("G1", self.G1)):
            known = value is not None or name in ("L", "mu")
            if known and not (isinstance(value, int | float | np.number) and value >= 0.0):
                raise ValueError(f"{name} must not be negative, got {value!r}")
        if not isinstance(self.f_star, int | float | np.number) or math.isinf(self.f_star):
            raise ValueError(f"f_star must be a finite number, got {self.f_star!r}")
        object.__setattr__(self, "examples", _arrays(self.examples))
        self._first()
        if self.w_star is not None:
            object.__setattr__(self, "w_star", _vector("w_star", self.w_star, self.d))
        else:
            object.__setattr__(self, "w_star", self._minimizer())
        if math.isnan(self.f_star):
            object.__setattr__(self, "f_star", float(self.loss(self.w_star[None])[0]))

    @property
    def n(self) -> int:
        """Number of examples, 1 where there are none."""
        return len(self.examples[0]) if self.examples else 1

    def example(self, i: int) -> tuple[Any, ...]:
        """The arguments after w of example i."""
        return tuple(array[i] for array in self.examples)

    def _first(self) -> None:
        """ValueError unless both functions answer on the first example, at w = 0 and beside it: numbers of the right shape, the
        same when asked again, and without a change of their arguments, for loops hand them views."""
        for name, function, shape in (("f", self.f, ()), ("gradient", self.gradient, (self.d,))):
            answers = []
            for at in (0.0, 0.1, 0.1):
                before = (np.full(self.d, at), *self.example(0))
                given = tuple(part.copy() for part in before)
                try:
                    answer = np.array(function(*given), float64)
                except Exception as error:
                    raise ValueError(f"{name} failed at w = {at:g}: {type(error).__name__}: {error}") from None
                if answer.shape != shape or not np.isfinite(answer).all():
                    wanted = "a finite number" if shape == () else f"{self.d} finite numbers"
                    raise ValueError(f"{name} must return {wanted}, got shape {answer.shape} at w = {at:g}")
                if not all(map(np.array_equal, given, before)):
                    raise ValueError(f"{name} must leave its arguments as they are")
                answers.append(answer)
            if not np.array_equal(answers[1], answers[2]):
                raise ValueError(f"{name} must return the same numbers for the same arguments: examples are drawn for it")

    @cached_property
    def loops(self) -> OwnLoops:
        """The loops over both functions."""
        return loops_of(self.f, self.gradient, self.d, self.examples)

    def loss(self, w: Floats) -> Floats:
        """f at each row of w, (N, d) -> (N,)."""
        out = np.empty(len(w))
        self.loops.losses(np.ascontiguousarray(w, float64), self.examples, self.n, out)
        return out

    def mean_gradient(self, w: Floats) -> Floats:
        """A subgradient of f at each row of w, (N, d)."""
        out = np.empty((len(w), self.d))
        self.loops.gradients(np.ascontiguousarray(w, float64), self.examples, self.n, out)
        return out

    def picked(self, w: Floats, picks: NDArray[int64]) -> tuple[Floats, Floats]:
        """The gradients (N, d) and values (N,) of the examples ``picks`` (N,), one at each row of w."""
        g, out = np.empty((len(w), self.d)), np.empty(len(w))
        self.loops.picked(np.ascontiguousarray(w, float64), self.examples, picks, g, out)
        return g, out

    def norms(self, w: Floats, mode: str) -> tuple[Floats, Floats]:
        """E||g||_2^2 and E||g||_1 at each row of w, (N,) each: g of a random example, or of f ("batch")."""
        if mode == "batch":
            g = self.mean_gradient(w)
            return (g**2).sum(axis=1), np.abs(g).sum(axis=1)
        squares, sums = np.empty(len(w)), np.empty(len(w))
        self.loops.norms(np.ascontiguousarray(w, float64), self.examples, self.n, squares, sums)
        return squares, sums

    def gradient_bounds(self, grid: Grid, mode: str) -> GradientBounds:
        """G and G1: those given, or the largest over the points of ``grid``; ValueError where these are too many to try."""
        if self.G is not None:
            return GradientBounds(self.G, math.sqrt(self.d) * self.G if self.G1 is None else self.G1)
        if grid.bits * self.d > 18 or 2 ** (grid.bits * self.d) * self.n * self.d > MOST_POINTS:
            raise ValueError(
                f"{self.name}: G must be given: a grid of {grid.bits} bits in {self.d} coordinates is too large to try"
            )
        squares, sums = self.norms(points_of(grid, self.d), mode)
        return GradientBounds(math.sqrt(float(squares.max())), float(sums.max()))

    def _minimizer(self) -> Floats:
        """The minimizer, by BFGS and a few steps of Newton's method; ValueError where no point is stationary enough."""

        def both(w: Floats) -> tuple[float, Floats]:
            return float(self.loss(w[None])[0]), self.mean_gradient(w[None])[0]

        with np.errstate(all="ignore"):
            found = scipy.optimize.minimize(
                both, np.zeros(self.d), jac=True, method="L-BFGS-B", options={"gtol": 1e-12, "ftol": 0.0}
            )
            w = np.asarray(found.x, float64)
            scale = 1.0 + float(np.linalg.norm(both(np.zeros(self.d))[1]))
            for _ in range(5):
                w = self._newton(w)
            norm = float(np.linalg.norm(both(w)[1]))
            steps = 1e-3 * max(1.0, float(np.abs(w).max())) * np.eye(self.d)
            around, here = self.loss(np.concatenate((w + steps, w - steps))), float(self.loss(w[None])[0])
        if not norm <= STATIONARY * scale:
            raise ValueError(f"{self.name}: w_star must be given: the search for it ended where |grad f| is {norm:.3g}")
        if (around < here - 2.0**-40 * (1.0 + abs(here))).any():
            raise ValueError(f"{self.name}: w_star must be given: the search for it ended at a point that is no minimum")
        return w

    def _newton(self, w: Floats) -> Floats:
        """A step of Newton's method, with second differences of f, where it shortens the gradient; else w."""
        h = 1e-5 * max(1.0, float(np.abs(w).max()))
        shifted = self.mean_gradient(np.concatenate((w + h * np.eye(self.d), w - h * np.eye(self.d))))
        hessian = (shifted[: self.d] - shifted[self.d :]) / (2.0 * h)
        g = self.mean_gradient(w[None])[0]
        try:
            after = w - np.linalg.solve(hessian, g)
        except np.linalg.LinAlgError:
            return w
        shorter = np.linalg.norm(self.mean_gradient(after[None])[0]) < np.linalg.norm(g)
        return after if shorter else w


def _arrays(examples: Any) -> tuple[NDArray[Any], ...]:
    """Copies of the examples: what is done to the originals later does not reach a problem that knows its minimizer."""
    given: Sequence[ArrayLike] = () if examples is None else examples if isinstance(examples, tuple) else (examples,)
    if len(given) > MOST_ARRAYS:
        raise ValueError(f"examples must be at most {MOST_ARRAYS} arrays, got {len(given)}")
    try:
        for array in given:
            check_unmasked("examples", array)
        arrays = tuple(np.array(array, order="C", ndmin=1) for array in given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"examples must be an array, or a tuple of arrays: {error}") from None
    if arrays and (len(set(map(len, arrays))) > 1 or not len(arrays[0]) or any(a.dtype.kind not in "biuf" for a in arrays)):
        raise ValueError("examples must be arrays of numbers with as many rows each, at least one")
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("examples must be finite")
    return arrays


def _vector(name: str, value: ArrayLike, d: int) -> Floats:
    try:
        vector = np.array(value, float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be {d} finite numbers, got {value!r}") from None
    if vector.shape != (d,) or not np.isfinite(vector).all():
        raise ValueError(f"{name} must be {d} finite numbers, got shape {vector.shape}")
    return vector
