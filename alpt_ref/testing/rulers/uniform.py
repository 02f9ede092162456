"""The ruler of an integer grid: points delta * k, one step apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.testing.literals import literal
from alpt_ref.testing.rulers.base import Bools, Floats, Ruler, Values
from alpt_ref.testing.rulers.division import division, is_power_of_two
from alpt_ref.testing.rulers.layouts import Layout
from alpt_ref.testing.rulers.positions import thresholds


@dataclass(frozen=True)
class Uniform(Ruler):
    """The grid of ``bits`` and ``delta``: codes q of the range, and values delta * (q - zero_point).

    q_lo, q_hi : the lowest and the highest code. zero_point : None where a call has no such argument. An ordinal is q less it.
    per : "row" or a number of elements where each row or block has a step size, here all the same. direct : True where arrays
        are rows already.
    """

    bits: int
    delta: float
    q_lo: int
    q_hi: int
    zero_point: int | None = None
    returns: str = "values"
    per: str | int = "tensor"
    direct: bool = False

    kind_told = "grids with power-of-two steps"
    in_steps = " in steps"

    @property
    def zero(self) -> int:  # type: ignore[override]
        """The code of 0."""
        return self.zero_point or 0

    @property
    def box(self) -> tuple[int, int]:
        """The smallest and the largest ordinal."""
        return self.q_lo - self.zero, self.q_hi - self.zero

    @property
    def two_points(self) -> tuple[float, float]:
        """1 and -1, or the points next to them that the grid has."""
        lo, hi = self.box
        return float(min(1, hi)), float(max(-1, lo))

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return self.box[0] * self.delta, self.box[1] * self.delta

    @property
    def home(self) -> int:
        """0, or the ordinal nearest to it that has two points below and one above."""
        lo, hi = self.box
        return min(max(0, lo + 2), hi - 1)

    @property
    def width(self) -> int:
        """The number of bits of a code."""
        return self.bits

    @property
    def exact(self) -> bool:
        """True where delta is a power of two, so that x / delta is exact in float32."""
        return is_power_of_two(self.delta)

    def locate(self, x: ArrayLike) -> Floats:
        """The quotients x / delta."""
        return np.asarray(np.asarray(x).astype(float64) / self.delta)

    def slack(self, s: Any) -> Any:
        """The most by which float32 division puts s = x / delta off, in steps: 0 where delta is a power of two."""
        return division(s, self.delta)

    def value(self, s: ArrayLike) -> Floats:
        """The products s delta."""
        return np.multiply(s, self.delta, dtype=float64)

    def point(self, k: ArrayLike) -> Values:
        """The stored point float32(k delta)."""
        return np.asarray(self.value(k).astype(float32))

    def ordinals(self, values: NDArray[Any], x: Values) -> Floats:
        """The values / delta."""
        return self.locate(values)

    def decoded(self, codes: NDArray[Any]) -> Floats:
        """The codes less the zero point, times delta, float64: exact."""
        return np.asarray((codes.astype(float64) - self.zero) * self.delta)

    def step(self, x: Values) -> Values:
        """The step size, everywhere."""
        return np.full((), self.delta, float32)

    @property
    def _first(self) -> int | None:
        """The lowest of 2^bits ordinals where that is not -2^(bits-1)."""
        lowest = self.q_hi - 2**self.bits + 1 - self.zero
        return None if lowest == -(2 ** (self.bits - 1)) else lowest

    @property
    def start(self) -> int:
        """0, or the ordinal nearest to it that has eight points below and seven above."""
        lo, hi = self.box
        return min(max(0, lo + 8), hi - 7)

    @property
    def thousandth(self) -> float:
        """About 1/1000 of a step, in float32 exact from every ordinal below 8, or below 16."""
        return 1049 * 2.0**-20 if self.start == 0 else 524 * 2.0**-19

    def thresholds(self, *, few: bool = False) -> Values:
        """The values of :func:`thresholds`."""
        return thresholds(self.bits, self.delta, self._first)

    def thresholds_text(self, *, few: bool = False) -> str:
        """Python that makes them."""
        return f"thresholds({self.bits}, {self.delta!r}{'' if self._first is None else f', {self._first}'})"

    def simple(self) -> Values:
        """The thresholds, points and midpoints first, and those near 0 first."""
        x = self.thresholds()
        half_steps = 2.0 * self.locate(x)
        return np.asarray(x[np.lexsort((x < 0, np.abs(x), half_steps != np.rint(half_steps)))])

    def points(self, *, few: bool = False) -> Values:
        """The stored points, each a float32 product."""
        lo, hi = self.box
        return np.asarray(np.arange(lo, hi + 1).astype(float32) * float32(self.delta))

    @property
    def crowded(self) -> Sequence[int]:
        """Two ordinals near each end; the step up from the top one is clipped away."""
        lo, hi = self.box
        return tuple(dict.fromkeys((hi - 1, hi - 2, lo + 1, lo)))

    @property
    def cells(self) -> Sequence[int]:
        """The cells at both ends, on both sides of 0, and one in the middle of each side."""
        lo, hi = self.box
        inside = {lo, (lo // 2) | 1, -1, 0, min((hi // 2) | 1, hi - 1), hi - 1}
        return sorted(q for q in inside if lo <= q < hi)

    def alike(self, x: Values, factor: float) -> Bools:
        """True for 0 and where neither x nor its multiples are near the ends of float32."""
        size = np.abs(x)
        return np.asarray((size == 0) | ((size > 1e-30) & (size < 1e30)))

    def scaled(self, factor: float) -> "Uniform":
        """The grid of steps delta * factor."""
        return replace(self, delta=self.delta * factor)

    def scaled_told(self, factor: float) -> str:
        """The step size, in words."""
        return f", {factor:g} delta"

    @property
    def layout(self) -> Layout | None:
        """Rows, or blocks, where each has a step."""
        if self.per == "tensor" or self.direct:
            return None
        return Layout(self.per if isinstance(self.per, int) else None)

    def directly(self) -> "Uniform":
        """The ruler for arrays that are laid out already."""
        return replace(self, direct=True)

    def _steps_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the steps of rows or blocks of x of that ``shape``."""
        return shape[:1] if self.per == "row" else (shape[0], shape[1] // int(self.per))

    def arguments(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        """The step size, or one for each row or block, and the width."""
        if self.per == "tensor":
            return self.delta, self.bits
        return np.full(self._steps_shape(shape), self.delta, float32), self.bits

    def argument_texts(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Python for them."""
        if self.per == "tensor":
            return repr(self.delta), str(self.bits)
        return f"np.full({self._steps_shape(shape)}, {self.delta!r}, np.float32)", str(self.bits)

    @property
    def more(self) -> tuple[Any, ...]:
        """The zero point, where calls have one."""
        return () if self.zero_point is None else (self.zero_point,)

    def valued(self, call: str) -> str:
        """Python for the values: the call, or what its codes stand for."""
        return call if self.returns == "values" else f"(({call} - {self.zero}.0) * {self.delta!r})"

    def told(self, x: float32, got: float64) -> str:
        """The sentence that ``x`` gives ``got`` steps."""
        value = f"{got + 0.0:.9g}"  # no -0
        if self.delta == 1.0:
            return f"x = {literal(x)} gives {value}"
        return f"x = {literal(x)}, {float(x) / self.delta:.9g} steps, gives {value} steps"

    def where(self, below: float, a: float) -> str:
        """The position in steps."""
        return f"{below:g} + {a:.9g} steps"

    def at(self, below: float, a: float) -> str:
        """The position in steps, and how long they are."""
        return self.where(below, a) + ("" if self.delta == 1.0 else f" of {self.delta:.9g}")

    @property
    def on_grid(self) -> str:
        """The codes of the range, in words."""
        lo, hi = self.box
        return f"a whole number of steps in [{lo}, {hi}]"

    def neighbours(self, low: float64, high: float64) -> str:
        """The demand for a code from ``low`` to ``high``."""
        return f"a code in [{self.text(low)}, {self.text(high)}], its neighbours"

    def parts(self) -> dict[str, Any]:
        """The width, the step size and, where there is one, the zero point."""
        parts: dict[str, Any] = {"bits": self.bits, "delta": self.delta}
        return parts if self.zero_point is None else parts | {"zero_point": self.zero_point}
