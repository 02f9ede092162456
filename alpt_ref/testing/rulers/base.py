"""The ruler of a grid: all that the suite knows of where its points lie, how a call names them, and how they are told."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.testing.literals import literal
from alpt_ref.testing.rulers.calling import Calling

Floats = NDArray[float64]
Values = NDArray[float32]
Bools = NDArray[np.bool_]
TINY = (0.0, -0.0, 2.0**-149, -(2.0**-149), 1e-42, -1e-42, 2.0**-126, -(2.0**-126), 1e-30, -1e-30)
HUGE = (1e6, -1e6, 2.0**31, -(2.0**31), 3e9, -3e9, 2.0**63, -(2.0**63), 1e30, -1e30, 3.4028235e38, -3.4028235e38)
LARGEST = float(np.finfo(float32).max)
BEYOND = 6  # half steps beyond each edge


class Ruler(Calling, ABC):
    """The points of one grid, by ordinal; frozen, and the same in every process."""

    unit = "steps"  # what a distance of one ordinal is called
    zero = 0  # the code of 0, which an ordinal is less
    kind_told = "grids"  # what such exact grids are called
    in_steps = ""  # what follows a number of steps
    factors: Sequence[float] = (2.0**-4, 2.0**3)  # by which x is scaled

    @property
    @abstractmethod
    def box(self) -> tuple[int, int]:
        """The ordinals of the lowest and of the highest point, to which positions are clipped."""

    @property
    @abstractmethod
    def two_points(self) -> tuple[float, float]:
        """The ordinals of two points inside, of both signs where there are."""

    @property
    @abstractmethod
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number."""

    @property
    @abstractmethod
    def home(self) -> int:
        """The ordinal of the point near which plain calls are made."""

    @property
    @abstractmethod
    def width(self) -> int:
        """The number of bits of a code."""

    @property
    def exact(self) -> bool:
        """True where float32 finds the position of x without an error."""
        return True

    @abstractmethod
    def locate(self, x: ArrayLike) -> Floats:
        """The positions of finite ``x``, not clipped, float64; exact where the ruler is."""

    def position(self, x: ArrayLike) -> Floats:
        """The positions of finite ``x``, clipped to the box."""
        return np.asarray(np.clip(self.locate(x), *self.box))

    def slack(self, s: Any) -> Any:
        """The most by which float32 arithmetic puts a position ``s`` off; 0 where the ruler is exact."""
        return 0.0 * s

    @abstractmethod
    def value(self, s: ArrayLike) -> Floats:
        """The numbers at positions ``s``, float64: the inverse of :meth:`locate`."""

    @abstractmethod
    def point(self, k: ArrayLike) -> Values:
        """The float32 that the point of ordinal ``k`` is handed back as."""

    @abstractmethod
    def ordinals(self, values: NDArray[Any], x: Values) -> Floats:
        """The ordinals of what ``x`` became; fractions for what is not on the grid, or else infinite or NaN."""

    def read(self, out: NDArray[Any]) -> NDArray[Any]:
        """The values that the quantizer's result stands for; ValueError, a few words, where it is none that it may return."""
        codes = self.returns == "codes"
        if not np.issubdtype(out.dtype, np.integer if codes else np.floating):
            raise ValueError(f"returns {out.dtype}, not {'integer codes' if codes else 'float32'}")
        if not codes:
            return out
        try:
            return self.decoded(out)
        except ValueError as error:
            raise ValueError(f"returns what is no code: {error}") from None

    @abstractmethod
    def decoded(self, codes: NDArray[Any]) -> Floats:
        """The values of integer codes."""

    @abstractmethod
    def step(self, x: Values) -> Values:
        """The gap between the points around ``x``, float32."""

    @property
    def limit(self) -> float:
        """The largest number that a call may hold."""
        return LARGEST

    def of_element(self, i: int, shape: tuple[int, ...]) -> "tuple[Ruler, str]":
        """The ruler of element ``i`` (flat) of an array of that ``shape``, and its place in words, if that has one of its
        own."""
        return self, ""

    def together(self, size: int, place: int) -> Bools:
        """True for the elements of a vector that share what an element at ``place`` decides: itself alone."""
        return np.asarray(np.arange(size) == place)

    def near(self, a: float) -> float:
        """The number ``a`` steps from home; on a format with the sign of ``a``, and |a| gaps further from zero."""
        return float(self.value(self.home + a))

    @property
    def start(self) -> int:
        """The ordinal of the point at which small updates start."""
        return self.home

    @property
    @abstractmethod
    def thousandth(self) -> float:
        """About 1/1000 of a step, which float32 adds exactly near the start."""

    def same_gap(self, w: Values, sign: float) -> Bools:
        """True for the points ``w`` next to which, towards ``sign``, the gap is that at the start."""
        return np.ones(w.shape, bool)

    @abstractmethod
    def thresholds(self, *, few: bool = False) -> Values:
        """The values next to which rounding decides: points and midpoints, with their float32 neighbours, tiny and huge values.
        few : those of a part of the points, where there are many of many scales."""

    @abstractmethod
    def thresholds_text(self, *, few: bool = False) -> str:
        """Python that makes them."""

    @abstractmethod
    def simple(self) -> Values:
        """Some of them, the simplest first, for a counterexample."""

    @abstractmethod
    def points(self, *, few: bool = False) -> Values:
        """All points that have a number, as float32."""

    @property
    @abstractmethod
    def crowded(self) -> Sequence[int]:
        """The ordinals of points near which a float32 has least room for a fraction, even and odd, away from the top."""

    @property
    @abstractmethod
    def cells(self) -> Sequence[int]:
        """The ordinals below cells that differ in kind, in which every fraction is tried."""

    @property
    def deep_cells(self) -> Sequence[int]:
        """The cells among them that are sampled most."""
        return self.cells

    @property
    def binades(self) -> Sequence[int]:
        """The ordinals below one cell of every binade of both signs; none where all gaps are the same."""
        return ()

    @abstractmethod
    def alike(self, x: Values, factor: float) -> Bools:
        """True where the grid around x times ``factor``, a power of two, is that around x times it."""

    @abstractmethod
    def scaled(self, factor: float) -> "Ruler":
        """The ruler for x times ``factor``."""

    def scaled_told(self, factor: float) -> str:
        """The words for all else that is multiplied by ``factor``."""
        return ""

    def shift(self, x: Values, factor: float) -> Floats:
        """The change of ordinals where x is multiplied by ``factor``."""
        return np.zeros(x.shape)

    # Of how numbers are told.

    def above(self, call: str, below: float) -> str:
        """Python that is true where a call returns the point above the one of ordinal ``below``."""
        return f"{self.valued(call)} > {float(self.value(below + 0.5))!r}"

    @abstractmethod
    def told(self, x: float32, got: float64) -> str:
        """The sentence that ``x`` gives the number of ordinal ``got``."""

    def text(self, number: Any) -> str:
        """A number for a message: an ordinal, float64, as the grid tells it; a float32 as it is."""
        return literal(number)

    @abstractmethod
    def where(self, below: float, a: float) -> str:
        """The position below + a in words."""

    def at(self, below: float, a: float) -> str:
        """The position below + a in words, with the length of a step where it is not 1."""
        return self.where(below, a)

    @property
    @abstractmethod
    def on_grid(self) -> str:
        """The words for all that is on the grid."""

    @abstractmethod
    def neighbours(self, low: float64, high: float64) -> str:
        """The demand for the points of ordinals ``low`` and ``high``, and all between, in words."""

    def one_of(self, low: float64, high: float64) -> str:
        """The demand for one of two neighbours, in words."""
        return f"{self.text(low)} or {self.text(high)}, its neighbours"

    @abstractmethod
    def parts(self) -> dict[str, Any]:
        """The keys of the grid in a record for JSON."""
