"""One call of a quantizer, and the ways in which it can go wrong."""

from typing import Any, NamedTuple

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

Values = NDArray[float32]
Bools = NDArray[np.bool_]
SHORT = 16  # longest array that is written out in full


class Case(NamedTuple):
    """One call of a quantizer: float32 values ``x``, of any shape, onto the grid of ``bits`` and ``delta``.

    u : the uniforms, where they are given; otherwise ``seed`` decides. source, u_source : Python that makes x and u, if they
        are long.
    """

    bits: int
    delta: float
    x: Values
    u: Values | None = None
    seed: int = 0
    source: str = ""
    u_source: str = ""

    def only(self, i: int) -> "Case":
        """The call for element ``i`` (flat) alone."""
        return self.part(slice(i, i + 1))

    def part(self, these: slice) -> "Case":
        """The call for the elements ``these`` (flat) alone."""
        u = None if self.u is None else self.u.reshape(-1)[these]
        return self.with_x(self.x.reshape(-1)[these])._replace(u=u, u_source="")

    def copied(self) -> "Case":
        """The call on copies of its arrays, into which an adapter may write."""
        return self._replace(x=self.x.copy(), u=None if self.u is None else self.u.copy())

    def with_x(self, x: Values, source: str = "") -> "Case":
        """The call for other values under the same seed or uniforms."""
        return self._replace(x=x, source=source)

    @property
    def exact(self) -> bool:
        """True where delta is a power of two, so that x / delta is exact in float32."""
        return is_power_of_two(self.delta)

    def call(self) -> str:
        """The call in Python; short for arrays of one value or few."""
        arguments = f"{self.source or shown(self.x)}, {self.delta!r}, {self.bits}"
        if self.u is None:
            return f"quantize({arguments}, seed={self.seed})"
        return f"quantize_with_uniforms({arguments}, {self.u_source or shown(self.u)})"


class Violation(Exception):  # noqa: N818
    """A property does not hold: ``message`` tells in which way.

    case : the call that shows it, at flat index ``index``, where a single call does. recipe : Python that shows it, by default
        that call. raised : True where the call raised an error.
    """

    def __init__(
        self, message: str, case: Case | None = None, index: int = 0, recipe: str = "", *, raised: bool = False
    ) -> None:
        super().__init__(message)
        self.message, self.case, self.index, self.raised = message, case, index, raised
        self.recipe = recipe or (
            "" if case is None else case.call() + (f".flat[{index}]" if case.x.size > 1 and not raised else "")
        )


class NotApplicable(Exception):  # noqa: N818
    """The property is not demanded of this quantizer, or cannot be judged; the message says why."""


def demand(ok: Bools, case: Case, got: NDArray[float64], words: str, *wanted: NDArray[Any]) -> None:
    """Raise a Violation at the first element that is not ``ok``.

    got : the codes, in steps of delta. words : the demand in words, a format of the elements of ``wanted`` there, as text.
    """
    if (i := first_false(ok)) is not None:
        x, value = literal(case.x.flat[i]), f"{got.flat[i] + 0.0:.9g}"  # no -0
        steps = float(case.x.flat[i]) / case.delta
        told = f"x = {x} gives {value}" if case.delta == 1.0 else f"x = {x}, {steps:.9g} steps, gives {value} steps"
        told_wanted = words.format(*(literal(array.flat[i]) for array in wanted))
        raise Violation(f"{told}; demanded: {told_wanted}", case, i)


def first_false(ok: Bools) -> int | None:
    """The flat index of the first element that is false; None where all are true."""
    return None if ok.all() else int(np.argmin(ok.reshape(-1)))


def is_power_of_two(delta: float) -> bool:
    """True where ``delta`` > 0 is a power of two."""
    return float(np.frexp(delta)[0]) == 0.5


def literal(x: Any) -> str:
    """The Python text of a NumPy number, short, that gives it back; codes without a point, and no -0 among them."""
    if not np.isfinite(x):
        return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}[str(float(x))]
    if x.dtype != float32:
        return f"{x + 0:.9g}"
    return repr(float(x) if float(x).is_integer() else float(str(x)))


def shown(array: NDArray[Any]) -> str:
    """The Python text that makes a float32 array. A long array that is neither periodic nor evenly spaced is told by its shape
    and first value only."""
    flat = array.reshape(-1)
    if flat.size > 1 and (flat == flat[0]).all():
        return f"np.full({flat.size if array.ndim == 1 else array.shape}, {literal(flat[0])}, np.float32)"
    if flat.size > SHORT:
        for period in range(2, SHORT + 1):
            if (flat == np.resize(flat[:period], flat.size)).all():
                return f"np.resize(np.float32({_listed(flat[:period])}), {array.shape})"
        step = float(flat[1]) - float(flat[0])
        if array.ndim == 1 and (flat == (float(flat[0]) + step * np.arange(flat.size)).astype(float32)).all():
            return f"np.float32({literal(flat[0])} + {step!r} * np.arange({flat.size}))"
        return f"<{' x '.join(map(str, array.shape))} values from {literal(flat[0])}>"
    return written_out(flat) if array.ndim == 1 else f"{written_out(flat)}.reshape({array.shape})"


def written_out(values: NDArray[Any]) -> str:
    """The Python text of a float32 vector, with every value of it."""
    return f"np.array({_listed(values)}, np.float32)"


def _listed(values: NDArray[Any]) -> str:
    return f"[{', '.join(map(literal, values))}]"
