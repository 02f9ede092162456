"""The words on a format: how its numbers and positions are told, and Python for them."""

from typing import Any

import numpy as np
from numpy import float32, float64

from alpt_ref.formats import FORMATS, Format
from alpt_ref.testing.literals import literal
from alpt_ref.testing.rulers.base import Ruler


class Words(Ruler):
    """A ruler of the numbers of ``kind``, as far as it speaks of them."""

    kind: Format
    overflow: str

    @property
    def python(self) -> str:
        """Python for the format: its name, if it has one that is known."""
        known = FORMATS.get(self.kind.name)
        return repr(self.kind.name) if known and known.saturating() == self.kind.saturating() else repr(self.kind)

    def valued(self, call: str) -> str:
        """Python for the values: the call, or what its codes stand for."""
        return call if self.returns == "values" else f"decode(format_of({self.python}), {call})"

    def above(self, call: str, below: float) -> str:
        """Python that is true where a call returns the point above the one of ordinal ``below``."""
        middle = float(self.value(below + 0.5))
        if self.overflow == "nan" and below == self.kind.largest:
            return f"np.isnan({self.valued(call)})"
        return f"{self.valued(call)} > {middle!r}"

    @property
    def kind_told(self) -> str:  # type: ignore[override]
        """The name of the format."""
        return self.kind.name

    def _number(self, k: Any) -> str:
        """The text of the number of ordinal ``k``, as :meth:`ordinals` counts."""
        if not np.isfinite(k):
            return str(float(k))
        if abs(k) == self.kind.largest + 1:
            return "nan" if self.overflow == "nan" else "-inf" if k < 0 else "inf"
        return f"{float(self.value(k - np.sign(k) * (abs(k) > self.kind.largest + 1))):.9g}"

    def told(self, x: float32, got: float64) -> str:
        """The sentence that ``x`` gives the number of ordinal ``got``."""
        return f"x = {literal(x)} gives {self._number(got)}"

    def text(self, number: Any) -> str:
        """The number of an ordinal, float64; a float32 as it is."""
        return literal(number) if np.asarray(number).dtype == float32 else self._number(number)

    def where(self, below: float, a: float) -> str:
        """The position in gaps."""
        return f"{self._number(below)} + {a:.9g} gaps"

    @property
    def on_grid(self) -> str:
        """The numbers of the format, in words."""
        beyond = {"infinity": " or an infinity", "nan": " or nan for overflow", "saturate": ""}[self.overflow]
        return f"a number of {self.kind.name}{beyond}"

    def neighbours(self, low: float64, high: float64) -> str:
        """The demand for one of two numbers, or for one that x is."""
        if low == high:
            inside = abs(low) <= self.kind.largest
            return f"{self.text(low)}, {f'which {self.kind.name} has' if inside else 'as it overflows'}"
        return f"{self.text(low)} or {self.text(high)}, its neighbours in {self.kind.name}"

    def one_of(self, low: float64, high: float64) -> str:
        """The demand for one of two neighbours."""
        return self.neighbours(low, high)

    def parts(self) -> dict[str, Any]:
        """The name of the format."""
        return {"bits": None, "delta": None, "format": self.kind.name}
