"""The declaration of a quantizer, as class attributes: a different but honest design is judged by what it declares.

rounding      "stochastic" or "nearest"; the only one without a default
ties          nearest: "even", "away" from zero, "up", "down", "zero" (towards it), "even code" (an even code where the zero
              point is odd) or "any"                                                              (default: even)
random_bits   stochastic: bits of its uniforms, 1 to 53; its bias may reach 2^-random_bits steps   (default: 23+)
nan           result for NaN: "error", "nan", "zero", "lowest", "highest"             (default: error or nan)
infinity      result for infinities: "error", "edge", "infinity", "nan", "zero"    (default: error or edge; or as overflow)
coupled       True: a seed gives an element of an array the same uniform whatever the values are    (default: True)
returns       "values", or "codes": integers, and of a format its bit patterns                    (default: values)

Of integer grids alone:

range         "full", codes -2^(bits-1) .. 2^(bits-1) - 1, or "symmetric", without the lowest  (default: full)
bits          widths that it takes                                                       (default: 2 to 16)
steps         "any" step size, or "powers of two"                                         (default: any)
step_range    the smallest and the largest step that it takes, around 2^-7 .. 1           (default: 2^-40, 2^20)
signed        False: codes 0 .. 2^bits - 1                                                       (default: True)
zero_points   codes of 0 that are tried; calls have one more argument, the zero point        (default: none, 0)
steps_per     one step size for the "tensor", for each "row", or for blocks of that many elements  (default: tensor)

Of formats alone, which ``format`` names (a name in alpt_ref.formats, or a Format):

overflow          result beyond the largest number: "infinity", "nan", "saturate"              (default: the format's)
zeros             "signed": what becomes zero keeps its sign; or "any"        (default: signed where there is a -0)
input_subnormals  "kept", or "flushed": float32 subnormals of the input are not judged             (default: kept)
block             elements that share a power-of-two scale, which the quantizer chooses (MX)         (default: none)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from numbers import Real
from typing import Any

from alpt_ref.formats import Format
from alpt_ref.grid import MAX_BITS, MIN_BITS
from alpt_ref.testing.attributes import attributes
from alpt_ref.testing.rulers import OfBlocks, OfFormat, Ruler, Uniform
from alpt_ref.tools.checks import is_integer, one_of

CHOICES = {
    "rounding": ("stochastic", "nearest"),
    "range": ("full", "symmetric"),
    "ties": ("even", "away", "up", "down", "zero", "any", "even code"),
    "steps": ("any", "powers of two"),
    "nan": (None, "error", "nan", "zero", "lowest", "highest"),
    "infinity": (None, "error", "edge", "infinity", "nan", "zero"),
    "coupled": (True, False),
    "signed": (True, False),
    "returns": ("values", "codes"),
    "overflow": (None, "infinity", "nan", "saturate"),
    "zeros": (None, "signed", "any"),
    "input_subnormals": ("kept", "flushed"),
}
OF_GRIDS = ("range", "bits", "steps", "step_range", "signed", "zero_points", "steps_per")
OF_FORMATS = ("overflow", "zeros", "input_subnormals", "block")
LATER = ("signed", "zero_points", "returns", "steps_per")  # in records only where they are declared
FLOAT32_BITS = 23
MAX_BLOCK = 4096
STEP_RANGE = (2.0**-40, 2.0**20)
ALWAYS_TRIED = (2.0**-7, 1.0)
ALL_BITS = tuple(range(MIN_BITS, MAX_BITS + 1))


@dataclass(frozen=True)
class Declaration:
    """The attributes above, validated. Raises ValueError, one sentence, for a value that is none of those allowed."""

    rounding: str
    range: str = "full"
    ties: str = "even"
    random_bits: int | None = None
    bits: tuple[int, ...] = ALL_BITS
    steps: str = "any"
    step_range: tuple[float, float] = STEP_RANGE
    nan: str | None = None
    infinity: str | None = None
    coupled: bool = True
    signed: bool = True
    zero_points: tuple[int, ...] | None = None
    returns: str = "values"
    steps_per: str | int = "tensor"
    format: Format | None = None
    overflow: str | None = None
    zeros: str | None = None
    input_subnormals: str = "kept"
    block: int | None = None

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            one_of(name, getattr(self, name), allowed)
        if self.random_bits is not None and not (is_integer(self.random_bits) and 1 <= self.random_bits <= 53):
            raise ValueError(f"random_bits must be an integer in 1..53, got {self.random_bits!r}")
        if not self.bits or any(not is_integer(b) or not MIN_BITS <= b <= MAX_BITS for b in self.bits):
            raise ValueError(f"bits must be integers in {MIN_BITS}..{MAX_BITS}, got {self.bits!r}")
        self._check_step_range()
        self._check_kind()
        self._check_zero_points()
        self._check_block("steps_per", "tensor", "row")
        self._check_block("block", None)

    def _check_block(self, name: str, *words: str | None) -> None:
        value = getattr(self, name)
        if value not in words and not (is_integer(value) and 2 <= value <= MAX_BLOCK):
            told = " or ".join([*(repr(word) for word in words if word), f"an integer in 2..{MAX_BLOCK}"])
            raise ValueError(f"{name} must be {told}, got {value!r}")

    def _check_step_range(self) -> None:
        given = self.step_range
        pair = isinstance(given, tuple) and len(given) == 2 and all(isinstance(step, Real) for step in given)
        if not pair or not STEP_RANGE[0] <= given[0] <= ALWAYS_TRIED[0] < ALWAYS_TRIED[1] <= given[1] <= STEP_RANGE[1]:
            raise ValueError(f"step_range must be (2^-40 .. 2^-7, 1 .. 2^20), smallest and largest step, got {given!r}")

    def _check_kind(self) -> None:
        """Refuse what is of the other kind of grid, and what the format does not have."""
        for name in OF_FORMATS if self.format is None else OF_GRIDS:
            if getattr(self, name) != self.__dataclass_fields__[name].default:
                told = "formats alone, and no format" if self.format is None else "integer grids alone, and a format"
                raise ValueError(f"{name} is of {told} is declared")
        if self.format is None:
            return
        kind = self.format
        if (self.overflow == "infinity" and not kind.infinities) or (self.overflow == "nan" and kind.nans == "none"):
            raise ValueError(f"overflow must be something that {kind.name} has, got {self.overflow!r}")
        if self.zeros == "signed" and not kind.negative_zero:
            raise ValueError(f"zeros must be 'any', as {kind.name} has no -0")
        if self.returns == "codes" and self.block is not None:
            raise ValueError("returns must be 'values' where block is declared: codes do not tell the scale")

    def _check_zero_points(self) -> None:
        if self.zero_points is None:
            return
        if not self.zero_points or not all(map(is_integer, self.zero_points)):
            raise ValueError(f"zero_points must be integers, got {self.zero_points!r}")
        for bits in self.bits:
            if not self._zero_points_of(bits):
                lo, hi = self.box(bits)
                raise ValueError(f"zero_points must have one in {lo}..{hi} for {bits} bits, got {self.zero_points!r}")
        if outside := set(self.zero_points).difference(*map(self._zero_points_of, self.bits)):
            lo, hi = self.box(max(self.bits))
            raise ValueError(f"zero_points must be in {lo}..{hi}, got {min(outside)}")

    @classmethod
    def of(cls, adapter: Any) -> "Declaration":
        """The declaration of ``adapter``, from its attributes. ValueError, one sentence, where one is missing or wrong."""
        return cls(**attributes(adapter, cls.__dataclass_fields__))

    @property
    def stochastic(self) -> bool:
        """True where the quantizer draws uniforms."""
        return self.rounding == "stochastic"

    @property
    def bias(self) -> float:
        """The bias, in steps of delta, that is allowed for want of random bits. Where no number of random bits is declared,
        that of a float32 generator counts."""
        return 2.0 ** -(FLOAT32_BITS if self.random_bits is None else self.random_bits)

    def q_lo(self, bits: int) -> int:
        """The smallest code of a grid of ``bits`` bits."""
        return int(-(2 ** (bits - 1)) * self.signed + (self.range == "symmetric"))

    def q_hi(self, bits: int) -> int:
        """The largest code of a grid of ``bits`` bits."""
        return int(2 ** (bits - self.signed)) - 1

    def box(self, bits: int) -> tuple[int, int]:
        """The smallest and the largest code of a grid of ``bits`` bits."""
        return self.q_lo(bits), self.q_hi(bits)

    def _zero_points_of(self, bits: int) -> tuple[int | None, ...]:
        lo, hi = self.box(bits)
        return (None,) if self.zero_points is None else tuple(z for z in self.zero_points if lo <= z <= hi)

    def rulers(self, bits: Sequence[int], deltas: Sequence[float]) -> list[Ruler]:
        """The grids of those widths and step sizes, with each zero point; the format alone, where there is one."""
        if self.format is not None:
            overflow = self.overflow or self.format.overflow
            flushed = self.input_subnormals == "flushed"
            if self.block is not None:
                return [OfBlocks(self.format, overflow, flushed=flushed, block=self.block)]
            return [OfFormat(self.format, overflow, self.returns, flushed)]
        return [
            Uniform(width, delta, *self.box(width), zero, self.returns, self.steps_per)
            for width, delta in product(bits, deltas)
            for zero in self._zero_points_of(width)
        ]

    @property
    def plain(self) -> Ruler:
        """The narrowest grid, of step 1."""
        return self.rulers(self.bits[:1], (1.0,))[0]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of grids that the quantizer rounds to, as properties name them."""
        if self.format is None:
            return ("integer grids", "steps of rows") if self.steps_per != "tensor" else ("integer grids",)
        return ("formats", "blocks") if self.block is not None else ("formats",)

    @property
    def signed_zeros(self) -> bool:
        """True where zeros keep their sign."""
        return self.format is not None and self.zeros != "any" and self.format.negative_zero

    @property
    def usual(self) -> dict[str, tuple[str, ...]]:
        """The results for NaN and infinities that a format allows where none is declared, by attribute."""
        if self.format is None:
            return {}
        overflow = self.overflow or self.format.overflow
        beyond = "edge" if overflow == "saturate" else overflow
        nan = ("error",) if self.format.nans == "none" else ("error", "nan")
        of_scale = () if self.block is None else ("nan",)  # which is NaN in the standard where a block holds an infinity
        return {"nan": nan, "infinity": ("error", beyond, *of_scale)}

    def deviations(self) -> dict[str, Any]:
        """The attributes that differ from their default, beside the rounding, by name; of the format its name."""
        plain = Declaration(self.rounding)
        return {n: self._told(n) for n in self.__dataclass_fields__ if getattr(self, n) != getattr(plain, n)}

    def record(self) -> dict[str, Any]:
        """The attributes for JSON: those of its kind of grid, and of rare ones those that are declared."""
        other = OF_FORMATS if self.format is None else OF_GRIDS
        shown = [n for n in self.__dataclass_fields__ if n not in other and (n not in LATER or n in self.deviations())]
        return {n: self._told(n) for n in shown if n != "format" or self.format is not None}

    def _told(self, name: str) -> Any:
        return self.format.name if name == "format" and self.format is not None else getattr(self, name)
