"""One call of a quantizer, and the ways in which it can go wrong."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from alpt_ref.testing.literals import shown
from alpt_ref.testing.rulers import Ruler, Uniform

Values = NDArray[float32]
Words = Callable[..., str]
Bools = NDArray[np.bool_]


class Case(NamedTuple):
    """One call of a quantizer: float32 values ``x``, of any shape, onto the grid of ``ruler``.

    u : the uniforms, where they are given; otherwise ``seed`` decides. source, u_source : Python that makes x and u, if they
        are long.
    """

    ruler: Ruler
    x: Values
    u: Values | None = None
    seed: int = 0
    source: str = ""
    u_source: str = ""

    @property
    def bits(self) -> int:
        """The number of bits of a code."""
        return self.ruler.width

    @property
    def delta(self) -> float | None:
        """The step size of an integer grid; None of a format."""
        return self.ruler.delta if isinstance(self.ruler, Uniform) else None

    @property
    def exact(self) -> bool:
        """True where float32 finds the positions of x exactly: delta is a power of two, or the grid a format."""
        return self.ruler.exact

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

    def laid(self) -> "Case":
        """The call of the very arrays that the quantizer is to get, laid out."""
        layout = self.ruler.layout
        if layout is None:
            return self
        shape, x = self.x.shape, self.source or shown(self.x)
        laid = self._replace(ruler=self.ruler.directly(), x=layout.lay(self.x), source=layout.lay_text(x, shape))
        if self.u is None:
            return laid
        u = self.u_source or shown(self.u)
        return laid._replace(u=layout.lay_uniforms(self.u), u_source=layout.lay_uniforms_text(u, shape))

    def with_x(self, x: Values, source: str = "") -> "Case":
        """The call for other values under the same seed or uniforms."""
        return self._replace(x=x, source=source)

    def call(self) -> str:
        """The call in Python; short for arrays of one value or few."""
        x = self.source or shown(self.x)
        if self.u is None:
            return self.ruler.call(x, f"seed={self.seed}", shape=self.x.shape)
        return self.ruler.call(x, u=self.u_source or shown(self.u), shape=self.x.shape)


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


def demand(ok: Bools, case: Case, got: NDArray[float64], words: str | Words, *wanted: NDArray[Any]) -> None:
    """Raise a Violation at the first element that is not ``ok``.

    got : the ordinals. words : the demand in words, a format of the elements of ``wanted`` there, as text, or a function of
        the ruler and them. Elements of ``wanted`` are ordinals, if they are float64, or float32 values.
    """
    if (i := first_false(ok)) is not None:
        ruler, place = case.ruler.of_element(i, case.x.shape)
        there = [array.flat[i] for array in wanted]
        told_wanted = words(ruler, *there) if callable(words) else words.format(*map(ruler.text, there))
        raise Violation(f"{place}{ruler.told(case.x.flat[i], got.flat[i])}; demanded: {told_wanted}", case, i)


def neighbours(ruler: Ruler, low: float64, high: float64) -> str:
    """The words for a point from the ordinal ``low`` to ``high``."""
    return ruler.neighbours(low, high)


def one_of(ruler: Ruler, low: float64, high: float64) -> str:
    """The words for one of two points."""
    return ruler.one_of(low, high)


def first_false(ok: Bools) -> int | None:
    """The flat index of the first element that is false; None where all are true."""
    return None if ok.all() else int(np.argmin(ok.reshape(-1)))
