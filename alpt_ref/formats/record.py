"""``Format``: a floating-point format as a plain record, and the numbers that follow from it.

A code is sign | exponent E | mantissa M, from the highest bit to the lowest, p = mantissa_bits. It stands for

    (-1)^sign 2^(E - bias) (1 + M 2^-p)     E > 0, a normal number
    (-1)^sign 2^(1 - bias) M 2^-p           E = 0, a subnormal number, or zero where M = 0 or the format has none

but for the codes of infinities and NaN. The code without its sign is the magnitude. Magnitudes are ordered as the numbers are.
"""

from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.tools.checks import check_integer, one_of

NANS = ("ieee", "top", "negative zero", "none")
OVERFLOWS = ("infinity", "nan", "saturate")


@dataclass(frozen=True)
class Format:
    """A floating-point format of at most 16 bits.

    name : a text, what reports call it. exponent_bits, 2 to 8; mantissa_bits, p, 1 to 10; bias, 1 to 127 : as in the table
        above. The numbers must be float32 numbers: the largest is below 2^128.
    nans : the codes of NaN. "ieee": the highest exponent with M > 0 (and the infinities have M = 0 there). "top": the highest
        magnitude alone. "negative zero": the code of -0, and so there is no -0. "none".
    infinities : True where there are. subnormals : False where E = 0 is zero whatever M is.
    overflow : what rounding beyond the largest number gives: "infinity", "nan", or "saturate" for the largest number.

    Raises ValueError, naming the argument, for what is out of range or does not fit together.
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    bias: int
    nans: str = "ieee"
    infinities: bool = True
    subnormals: bool = True
    overflow: str = "infinity"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError(f"name must be a text, got {self.name!r}")
        for flag in ("infinities", "subnormals"):
            if not isinstance(getattr(self, flag), bool | np.bool_):
                raise ValueError(f"{flag} must be True or False, got {getattr(self, flag)!r}")
            object.__setattr__(self, flag, bool(getattr(self, flag)))
        check_integer("exponent_bits", self.exponent_bits, 2, 8)
        check_integer("mantissa_bits", self.mantissa_bits, 1, 10)
        check_integer("bias", self.bias, 1, 127)
        for number in ("exponent_bits", "mantissa_bits", "bias"):  # of NumPy's they may be too narrow to be reckoned with
            object.__setattr__(self, number, int(getattr(self, number)))
        if self.exponent_bits + self.mantissa_bits > 15:
            raise ValueError(f"mantissa_bits must be at most {15 - self.exponent_bits} with {self.exponent_bits} exponent_bits")
        one_of("nans", self.nans, NANS)
        one_of("overflow", self.overflow, OVERFLOWS)
        if self.infinities != (self.nans == "ieee"):
            raise ValueError(f"infinities must be {self.nans == 'ieee'} where nans is {self.nans!r}")
        if (self.overflow == "infinity" and not self.infinities) or (self.overflow == "nan" and self.nans == "none"):
            raise ValueError(f"overflow must be something that {self.name} has, got {self.overflow!r}")
        if self.emax > 127:
            raise ValueError(f"bias must be at least {self.bias + self.emax - 127}: the numbers must be those of float32")

    @property
    def bits(self) -> int:
        """The number of bits of a code."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def code_dtype(self) -> np.dtype[np.unsignedinteger]:
        """The dtype of unpacked codes: uint8 up to 8 bits, uint16 above."""
        return np.dtype(np.uint8 if self.bits <= 8 else np.uint16)

    @property
    def emin(self) -> int:
        """The exponent of the smallest normal number, 2^emin."""
        return 1 - self.bias

    @property
    def emax(self) -> int:
        """The exponent of the largest number, which is in [2^emax, 2^(emax + 1))."""
        return (self.largest_magnitude >> self.mantissa_bits) - self.bias

    @property
    def largest_magnitude(self) -> int:
        """The magnitude (code without sign) of the largest number."""
        all_ones: int = (1 << (self.exponent_bits + self.mantissa_bits)) - 1
        return all_ones - {"ieee": 1 << self.mantissa_bits, "top": 1}.get(self.nans, 0)

    @property
    def skipped(self) -> int:
        """The number of magnitudes above 0 that are zero, too, for want of subnormals."""
        return 0 if self.subnormals else (1 << self.mantissa_bits) - 1

    @property
    def largest(self) -> int:
        """The ordinal of the largest number: how many positive numbers there are."""
        return self.largest_magnitude - self.skipped

    @property
    def max(self) -> float:
        """The largest number."""
        exponent, mantissa = divmod(self.largest_magnitude, 1 << self.mantissa_bits)
        return float(2.0 ** (exponent - self.bias) * (1.0 + mantissa * 2.0**-self.mantissa_bits))

    @property
    def smallest_normal(self) -> float:
        """The smallest positive normal number."""
        return float(2.0**self.emin)

    @property
    def smallest(self) -> float:
        """The smallest positive number."""
        return self.smallest_normal * (2.0**-self.mantissa_bits if self.subnormals else 1.0)

    @property
    def nan_code(self) -> int | None:
        """The code of NaN without sign that arithmetic makes: that of -0, else the highest exponent with the highest bit of M
        alone (a quiet NaN), or all ones where no other is NaN. None where there is none."""
        p = self.mantissa_bits
        quiet = {"ieee": self.largest_magnitude + 1 + (1 << (p - 1)), "top": self.largest_magnitude + 1}
        return quiet.get(self.nans, None if self.nans == "none" else 1 << (self.bits - 1))

    @property
    def negative_zero(self) -> bool:
        """True where -0 has a code of its own."""
        return self.nans != "negative zero"

    def saturating(self) -> "Format":
        """A copy whose rounding saturates at its largest numbers."""
        return replace(self, overflow="saturate")
