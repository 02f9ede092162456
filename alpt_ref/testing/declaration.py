"""The declaration of a quantizer, as class attributes: a different but honest design is judged by what it declares.

rounding      "stochastic" or "nearest"; the only one without a default
range         "full", codes -2^(bits-1) .. 2^(bits-1) - 1, or "symmetric", without the lowest  (default: full)
ties          nearest: "even", "away" from zero, "up", "down", "zero" (towards it) or "any"      (default: even)
random_bits   stochastic: bits of its uniforms, 1 to 53; its bias may reach 2^-random_bits steps   (default: 23+)
bits          widths that it takes                                                       (default: 2 to 16)
steps         "any" step size, or "powers of two"                                         (default: any)
step_range    the smallest and the largest step that it takes, around 2^-7 .. 1           (default: 2^-40, 2^20)
nan           result for NaN: "error", "nan", "zero", "lowest", "highest"             (default: error or nan)
infinity      result for infinities: "error", "edge", "infinity", "nan", "zero"           (default: error or edge)
coupled       True: a seed gives an element of an array the same uniform whatever the values are    (default: True)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from alpt_ref.grid import MAX_BITS, MIN_BITS
from alpt_ref.tools.checks import is_integer, one_of

CHOICES = {
    "rounding": ("stochastic", "nearest"),
    "range": ("full", "symmetric"),
    "ties": ("even", "away", "up", "down", "zero", "any"),
    "steps": ("any", "powers of two"),
    "nan": (None, "error", "nan", "zero", "lowest", "highest"),
    "infinity": (None, "error", "edge", "infinity", "nan", "zero"),
    "coupled": (True, False),
}
FLOAT32_BITS = 23
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

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            one_of(name, getattr(self, name), allowed)
        if self.random_bits is not None and not (is_integer(self.random_bits) and 1 <= self.random_bits <= 53):
            raise ValueError(f"random_bits must be an integer in 1..53, got {self.random_bits!r}")
        if not self.bits or any(not is_integer(b) or not MIN_BITS <= b <= MAX_BITS for b in self.bits):
            raise ValueError(f"bits must be integers in {MIN_BITS}..{MAX_BITS}, got {self.bits!r}")
        self._check_step_range()

    def _check_step_range(self) -> None:
        given = self.step_range
        pair = isinstance(given, tuple) and len(given) == 2 and all(isinstance(step, Real) for step in given)
        if not pair or not STEP_RANGE[0] <= given[0] <= ALWAYS_TRIED[0] < ALWAYS_TRIED[1] <= given[1] <= STEP_RANGE[1]:
            raise ValueError(f"step_range must be (2^-40 .. 2^-7, 1 .. 2^20), smallest and largest step, got {given!r}")

    @classmethod
    def of(cls, adapter: Any) -> "Declaration":
        """The declaration of ``adapter``, from its attributes. ValueError, one sentence, where one is missing or wrong."""
        given = {}
        for name in cls.__dataclass_fields__:
            try:
                given[name] = getattr(adapter, name)
            except AttributeError:
                continue
            except Exception as error:
                raise ValueError(f"{name} cannot be read: {type(error).__name__}: {error}") from None
        if "rounding" not in given:
            raise ValueError("rounding must be an attribute of the quantizer, 'stochastic' or 'nearest'")
        if "bits" in given:
            bits = given["bits"]
            bits = tuple(bits) if isinstance(bits, Iterable) and not isinstance(bits, str) else (bits,)
            given["bits"] = tuple(sorted({int(b) for b in bits})) if all(map(is_integer, bits)) else bits
        if isinstance(given.get("step_range"), list):
            given["step_range"] = tuple(given["step_range"])
        if is_integer(given.get("random_bits")):
            given["random_bits"] = int(given["random_bits"])
        return cls(**given)

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
        return int(-(2 ** (bits - 1)) + (self.range == "symmetric"))

    def q_hi(self, bits: int) -> int:
        """The largest code of a grid of ``bits`` bits."""
        return int(2 ** (bits - 1)) - 1

    def box(self, bits: int) -> tuple[int, int]:
        """The smallest and the largest code of a grid of ``bits`` bits."""
        return self.q_lo(bits), self.q_hi(bits)

    def deviations(self) -> dict[str, Any]:
        """The attributes that differ from their default, beside the rounding, by name."""
        plain = Declaration(self.rounding)
        return {n: getattr(self, n) for n in self.__dataclass_fields__ if getattr(self, n) != getattr(plain, n)}
