"""The points that a coordinate of a walk lives on, and where targets lie between them: one protocol for every grid.

A point is known by its ordinal, an integer: on a uniform grid its code, on a format the ordinal of :mod:`alpt_ref.formats`,
whose parity is that of the mantissa. A target between the points n and n + 1 is n + a, a its place in that cell, in [0, 1):
so a rule, which is a table of probabilities p_up(n, a), is the same on every grid. Floating-point formats:
:mod:`alpt_ref.walks.window`.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.grid import Grid
from alpt_ref.problems.box import check_uniform, codes_of
from alpt_ref.scalars.jit import kernel
from alpt_ref.walks.rule import ALMOST_ONE

Floats = NDArray[float64]
_ALMOST_ONE = float64(ALMOST_ONE)


class Targets(NamedTuple):
    """Targets, clipped: floors + fractions, (k, N) each, never formed as a sum.

    floors : ordinals. fractions : in [0, 1). rests : 1 - fractions, to a relative error of some 2^-53 where the fraction is
    near 1, too. outside : 1 where the target left the box. reach : the longest move in cells, of the size of the one that it
    ends in.
    doubt : where cells differ in size, bounds in units of 2^-53 on what a relative error of 2^-53 of the moves does to the
    law of Q(target), in the sum of its |probability| errors; None where they are of one size: 4 reach is such a bound for all
    of them.
    labels : what a rule is told for the floors, where their parity is not that by which ties go; None: the floors.
    """

    floors: Floats
    fractions: Floats
    rests: Floats
    outside: Floats
    reach: float
    doubt: Floats | None = None
    labels: Floats | None = None


class States(Protocol):
    """The points of one coordinate.

    size : how many. first : the ordinal of the lowest. unit : what moves are counted in. ends : the lowest and the highest
    point in that unit. name : "grid of 8 bits", say. points_are : what a start has to be, in words.
    """

    @property
    def size(self) -> int: ...  # noqa: D102

    @property
    def first(self) -> int: ...  # noqa: D102

    @property
    def unit(self) -> float: ...  # noqa: D102

    @property
    def ends(self) -> tuple[float, float]: ...  # noqa: D102

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def points_are(self) -> str: ...  # noqa: D102

    @property
    def ordinals(self) -> Floats: ...  # noqa: D102

    def values(self, ordinals: Floats) -> Floats:
        """The points of those ordinals."""

    def ordinals_of(self, numbers: Floats) -> Floats:
        """The ordinals of numbers that are points; NaN, or an ordinal that no point has, for others."""

    def split(self, base: Floats, move: Floats) -> Targets:
        """Targets ``move`` (k, N), in units, away from the points of ordinals ``base`` (N,)."""


@dataclass(frozen=True)
class Uniform:
    """The points delta q of a Grid with one step size: see :class:`States`. Moves are in cells.

    Raises ValueError for a grid with a step size for each row.
    """

    grid: Grid

    def __post_init__(self) -> None:
        check_uniform(self.grid)

    @property
    def size(self) -> int:
        """2^bits."""
        return int(2**self.grid.bits)

    @property
    def first(self) -> int:
        """The lowest code."""
        return self.grid.q_lo

    @property
    def unit(self) -> float:
        """The step size."""
        return float(self.grid.delta)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest code."""
        return float(self.grid.q_lo), float(self.grid.q_hi)

    @property
    def name(self) -> str:
        """The name in refusals."""
        return f"grid of {self.grid.bits} bits"

    @property
    def points_are(self) -> str:
        """The points in words."""
        return f"{self.unit!r} times codes in [{self.grid.q_lo}, {self.grid.q_hi}]"

    @property
    def ordinals(self) -> Floats:
        """All codes, (size,)."""
        return codes_of(self.grid)[:, 0]

    def values(self, ordinals: Floats) -> Floats:
        """Delta times the codes."""
        return self.unit * ordinals

    def ordinals_of(self, numbers: Floats) -> Floats:
        """The codes of numbers that are multiples of delta to 1e-6.

        A float32 step size times an integer is seldom what one types: 0.05 is meant to be a point of Grid(8, 0.05).
        """
        codes = np.asarray(numbers / self.unit)
        near = np.abs(codes - np.rint(codes)) <= 1e-6 * np.maximum(np.abs(codes), 1.0)
        return np.where(near, np.rint(codes), np.nan)

    def split(self, base: Floats, move: Floats) -> Targets:
        """Targets base + move, in cells, clipped to the codes of the grid. base : integers (N,); move : (k, N)."""
        floors, fractions, rests = (np.empty(move.shape) for _ in range(3))
        outside = np.zeros(move.shape)
        ends = float64(self.grid.q_lo), float64(self.grid.q_hi)
        moves = np.ascontiguousarray(move)
        reach = _split(np.ascontiguousarray(base), moves, ends, floors, fractions, rests, outside)
        return Targets(floors, fractions, rests, outside, float(reach))


@kernel
def _split(base: Any, move: Any, ends: Any, floors: Any, fractions: Any, rests: Any, outside: Any) -> Any:
    """base[i] + move[j, i], clipped, as floors[j, i] + fractions[j, i]; base holds integers. Returns the longest move.

    rests[j, i] is 1 - fractions[j, i], not computed from it: for a short move down it is the move itself.
    """
    lo, hi = ends
    reach = float64(0)
    for j in range(move.shape[0]):
        for i in range(move.shape[1]):
            t = move[j, i]
            n = np.floor(t)
            a, rest = min(t - n, _ALMOST_ONE), n + float64(1) - t
            s = base[i] + n
            reach = max(reach, abs(t))
            if s < lo:
                s, a, rest, outside[j, i] = lo, float64(0), float64(1), float64(1)
            elif s > hi or (s == hi and a > float64(0)):
                s, a, rest, outside[j, i] = hi, float64(0), float64(1), float64(1)
            floors[j, i] = s
            fractions[j, i] = a
            rests[j, i] = rest
    return reach
