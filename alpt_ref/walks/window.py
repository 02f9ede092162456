"""``Window``: the numbers of a floating-point format between two ends, as points that a walk lives on.

Targets are exact. w + t is taken as two numbers x and low, x the nearest float64 and low what is left (Knuth's sum, which loses
nothing), and its place in the cell [p_k, p_{k+1}] that holds it is ((x - p_k) + low)/(p_{k+1} - p_k). Both differences are
exact: neighbours of a format are within a factor of 2 of each other, or one of them is 0. So a and 1 - a are right to a few
units in the last place for every move, however short or long, down across a power of two or through zero.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.formats import Format, format_of
from alpt_ref.formats import points as of_format
from alpt_ref.grid import Grid
from alpt_ref.scalars.jit import jit, kernel
from alpt_ref.tools.checks import check_integer
from alpt_ref.walks.rule import ALMOST_ONE
from alpt_ref.walks.states import States, Targets, Uniform

Floats = NDArray[float64]
_ALMOST_ONE, _ULP, _ALL = (
    float64(ALMOST_ONE),
    float64(2.0**-53),
    float64(2.0**54),
)  # _ALL 2^-53 = 2, which no law is farther off


@dataclass(frozen=True, init=False, repr=False)
class Window:
    """The numbers of ``format`` in [lo, hi], at least two of them: a box, whose ends targets are clipped to.

    format : of :mod:`alpt_ref.formats`, or the name of one. lo, hi : numbers; replaced by the points that they include.
    Zero is one point, and its sign is not kept. What a format does beyond its largest number, which is to become infinite
    perhaps, is outside of this: a target beyond an end goes to the end, and its probability is counted as ``clipped``. Where
    ``clipped`` is 0, nothing has overflown. Raises ValueError, naming the argument.
    """

    format: Format
    lo: float
    hi: float

    def __init__(self, format: Format | str, lo: float, hi: float) -> None:
        kind = format_of(format)
        for name, value in (("lo", lo), ("hi", hi)):
            _check_finite(name, value)
        first = max(-int(of_format.floors(kind, -float(lo))), -kind.largest)
        last = min(int(of_format.floors(kind, float(hi))), kind.largest)
        if first >= last:
            raise ValueError(f"lo and hi must have two numbers of {kind.name} between them, got {lo!r} and {hi!r}")
        object.__setattr__(self, "format", kind)
        for name, ordinal in (("lo", first), ("hi", last)):
            object.__setattr__(self, name, float(of_format.values(kind, ordinal)))

    @classmethod
    def around(cls, format: Format | str, w: float, cells: int) -> "Window":
        """The numbers of ``format`` that are at most ``cells`` ordinals, 1 to 2^16, from the largest one of at most ``w``."""
        kind = format_of(format)
        _check_finite("w", w)
        check_integer("cells", cells, 1, 2**16)
        middle = int(np.clip(of_format.floors(kind, float(w)), -kind.largest, kind.largest))
        ends = np.clip([middle - int(cells), middle + int(cells)], -kind.largest, kind.largest)
        return cls(kind, *of_format.values(kind, ends).tolist())

    def __repr__(self) -> str:
        return f"Window({self.format.name!r}, {self.lo!r}, {self.hi!r})"

    @property
    def size(self) -> int:
        """The number of points."""
        return int(of_format.floors(self.format, self.hi)) - self.first + 1

    @property
    def first(self) -> int:
        """The ordinal of ``lo``."""
        return int(of_format.floors(self.format, self.lo))

    @property
    def unit(self) -> float:
        """1: moves are as they are."""
        return 1.0

    @property
    def ends(self) -> tuple[float, float]:
        """``lo`` and ``hi``."""
        return self.lo, self.hi

    @property
    def name(self) -> str:
        """The name in refusals."""
        return f"{self.format.name} in [{self.lo:g}, {self.hi:g}]"

    @property
    def points_are(self) -> str:
        """The points in words."""
        return f"a number of {self.name}"

    @property
    def ordinals(self) -> Floats:
        """The ordinals of all points, ascending, float64 (size,)."""
        return np.arange(self.first, self.first + self.size, dtype=float64)

    @cached_property
    def points(self) -> Floats:
        """All points, ascending, float64 (size,), read-only."""
        found = of_format.values(self.format, np.arange(self.first, self.first + self.size))
        found.flags.writeable = False
        return found

    def values(self, ordinals: Floats) -> Floats:
        """The points of those ordinals."""
        return np.asarray(self.points[np.asarray(ordinals, int) - self.first])

    def ordinals_of(self, numbers: Floats) -> Floats:
        """Ordinals of numbers that are points exactly, NaN for others."""
        places = np.searchsorted(self.points, numbers).clip(0, self.size - 1)
        return np.where(self.points[places] == numbers, places + float(self.first), np.nan)

    def split(self, base: Floats, move: Floats) -> Targets:
        """Targets w + move, w the points of ordinals ``base`` (N,), move (k, N), clipped to the window."""
        found = np.zeros((5, *move.shape))
        places = np.asarray(base, np.int64) - self.first
        reach = _place(self.points, places, np.ascontiguousarray(move), found)
        floors, fractions, rests, outside, doubt = found
        floors += self.first
        labels = None if self.format.subnormals else _labels(floors)
        return Targets(floors, fractions, rests, outside, float(reach), doubt, labels)


def _check_finite(name: str, value: Any) -> None:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not abs(value) <= float(np.finfo(float64).max):
        raise ValueError(f"{name} must be a finite number, got {value!r}")


def _labels(floors: Floats) -> Floats:
    """Integers in the order of the ordinals whose parity is that of the mantissa, for a format without subnormals.

    Its smallest number, of ordinal 1, has an even mantissa, as all of odd ordinals have. Between it and 0 ties go to 0: the
    floors -1 and 0 stay what they are.
    """
    return np.asarray(floors + np.where(floors > 0.0, 1.0, np.where(floors < -1.0, -1.0, 0.0)))


@jit
def _reached(x: Any, low: Any, point: Any) -> Any:
    """True where x + low, low less than half a unit in the last place of x, is at least ``point``."""
    return x > point or (x == point and low >= float64(0))


@kernel
def _place(points: Any, places: Any, move: Any, found: Any) -> Any:
    """points[places[i]] + move[j, i], clipped, between the points, into ``found`` (5, k, N). Returns the reach.

    These are floors (as places), fractions, rests, outside (0 before) and doubt of :class:`Targets`.

    A move that is off by e takes the law of Q(target) by 2 e/gap, and by twice as much where it enters a cell half as wide.
    """
    floors, fractions, rests, outside, doubt = found[0], found[1], found[2], found[3], found[4]
    last = points.size - 1
    reach = float64(0)
    for j in range(move.shape[0]):
        for i in range(move.shape[1]):
            w, t = points[places[i]], move[j, i]
            x = w + t
            part = x - w
            low = (w - (x - part)) + (t - part)  # x + low = w + t
            k, a, rest = places[i], float64(0), float64(1)
            if not _reached(x, low, points[0]):
                k, outside[j, i] = 0, float64(1)
            elif _reached(x, low, points[last]):
                k = last
                if x > points[last] or low > float64(0):
                    outside[j, i] = float64(1)
            else:
                below, above = 0, last
                if t >= float64(0) and not _reached(x, low, points[k + 1]):
                    below, above = k, k + 1
                elif t < float64(0) and _reached(x, low, points[k - 1]):
                    below, above = k - 1, k
                while above - below > 1:
                    k = (below + above) // 2
                    if _reached(x, low, points[k]):
                        below = k
                    else:
                        above = k
                k = below
            on = x == points[k] and low == float64(0)
            # The cell that a move ends in: on a point, and beyond the upper end, the one that it comes from.
            behind = k == last or (on and t > float64(0) and k > 0)
            gap = points[k] - points[k - 1] if behind else points[k + 1] - points[k]
            if outside[j, i] == float64(0) and not on:
                a = min(((x - points[k]) + low) / gap, _ALMOST_ONE)
                rest = ((points[k + 1] - x) - low) / gap
            cells = abs(t) / gap
            reach = max(reach, cells)
            floors[j, i], fractions[j, i], rests[j, i] = float64(k), a, rest
            far = outside[j, i] > float64(0) and abs(x - points[k]) > float64(8) * _ULP * abs(t)
            doubt[j, i] = float64(0) if far else min(float64(4) * cells, _ALL)
    return reach


def states_on(grid: "Grid | Format | States") -> States:
    """The points of a grid, of a whole format, or of a :class:`Window`, which is its own. ValueError for anything else."""
    if isinstance(grid, Uniform | Window):
        return grid
    if isinstance(grid, Format):
        return Window(grid, -grid.max, grid.max)
    if not isinstance(grid, Grid):
        raise ValueError(f"grid must be a Grid, a Format or a Window, got {type(grid).__name__}")
    return Uniform(grid)
