"""Block formats: numbers of a small floating-point format that share a scale, a power of two. OCP Microscaling (MX) v1.0.

A scale is stored as e8m0, eight bits of exponent: the code c stands for 2^(c - 127), and 255 for NaN, which makes NaN of the
whole block. The scale of a block is 2^k,

    k = floor(log2 max |x|) - emax      within [-127, 127]; -127 for a block of zeros

emax the exponent of the element's largest number, so that the largest |x| is brought into its highest binade. What is still
beyond the largest number saturates.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.formats.catalogue import FORMATS
from alpt_ref.formats.record import Format
from alpt_ref.tools.checks import check_codes, check_integer, check_unmasked, first, one_of

LOWEST, HIGHEST = -127, 127  # exponents of scales
SCALE_NAN = 255


@dataclass(frozen=True)
class BlockFormat:
    """Blocks of ``size`` consecutive numbers of the format ``element``, each with a scale in e8m0.

    Elements saturate, whatever ``element.overflow`` says. Raises ValueError, naming the argument, for what is no Format or no
    size.
    """

    element: Format
    size: int = 32

    def __post_init__(self) -> None:
        if not isinstance(self.element, Format):
            raise ValueError(f"element must be a Format, got {type(self.element).__name__}")
        check_integer("size", self.size, 1, 2**16)
        object.__setattr__(self, "size", int(self.size))
        object.__setattr__(self, "element", self.element.saturating())


def scale_numbers(codes: ArrayLike) -> NDArray[float64]:
    """The scales of e8m0 codes, integers in [0, 255]: float64 of their shape; NaN of 255. ValueError for other codes."""
    c = check_codes("codes of scales", codes, SCALE_NAN)
    return np.where(c == SCALE_NAN, np.nan, np.ldexp(1.0, c.astype(int64) + LOWEST))


def scale_codes(scales: ArrayLike) -> NDArray[np.uint8]:
    """The e8m0 codes of scales: powers of two in [2^-127, 2^127], or NaN. ValueError for the first other number."""
    check_unmasked("scales", scales)
    x = np.asarray(scales, float64)
    mantissa, exponent = np.frexp(np.where(np.isnan(x), 1.0, x))
    bad = (mantissa != 0.5) | (exponent - 1 < LOWEST) | (exponent - 1 > HIGHEST)
    if bad.any():
        raise ValueError(f"scales{first(bad)} must be a number of e8m0, got {x.flat[int(np.argmax(bad))]}")
    return np.asarray(np.where(np.isnan(x), SCALE_NAN, exponent - 1 - LOWEST), np.uint8)


MXFP8_E4M3 = BlockFormat(FORMATS["float8_e4m3fn"])
MXFP8_E5M2 = BlockFormat(FORMATS["float8_e5m2"])
MXFP6_E2M3 = BlockFormat(FORMATS["float6_e2m3fn"])
MXFP6_E3M2 = BlockFormat(FORMATS["float6_e3m2fn"])
MXFP4 = BlockFormat(FORMATS["float4_e2m1fn"])
BLOCK_FORMATS = {
    "mxfp8_e4m3": MXFP8_E4M3,
    "mxfp8_e5m2": MXFP8_E5M2,
    "mxfp6_e2m3": MXFP6_E2M3,
    "mxfp6_e3m2": MXFP6_E3M2,
    "mxfp4_e2m1": MXFP4,
}


def block_format_of(name: Any) -> BlockFormat:
    """The block format of that name, or the one that is given; ValueError for an unknown name."""
    if isinstance(name, BlockFormat):
        return name
    one_of("block format", name, BLOCK_FORMATS, str)
    return BLOCK_FORMATS[name]
