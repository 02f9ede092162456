"""Formats and numbers with which tests of formats are hard: their points, midpoints, ends, and the neighbours of these."""

from dataclasses import replace
from functools import cache

import ml_dtypes
import numpy as np

from alpt_ref.formats import FORMATS, Format
from alpt_ref.formats import points as pt

NAMES = tuple(FORMATS)
EIGHT_BITS = tuple(name for name, kind in FORMATS.items() if kind.bits <= 8)
# Without subnormals, of the shortest mantissa or exponent, of other overflows, and with gaps at 0 as large as they may be.
ODD = (
    replace(FORMATS["float8_e4m3fn"], name="e4m3fn flushed", subnormals=False),
    replace(FORMATS["bfloat16"], name="bfloat16 flushed", subnormals=False),
    replace(FORMATS["float8_e5m2fnuz"], name="e5m2fnuz flushed, saturating", subnormals=False, overflow="saturate"),
    replace(FORMATS["float8_e5m2"], name="e5m2 to NaN", overflow="nan"),
    replace(FORMATS["float8_e4m3"], name="e4m3 saturating", overflow="saturate"),
    Format("e2m1 of IEEE", 2, 1, 1),
    Format("e3m10 up", 3, 10, 1, subnormals=False),
    Format("e5m10 low", 5, 10, 127),
    Format("e4m1 low", 4, 1, 127, "top", infinities=False, overflow="saturate"),
)
KINDS = (*FORMATS.values(), *ODD)
LAST_U = 1 - 2.0**-24


def dtype_of(name):
    """ml_dtypes' type of that name; NumPy's for float16."""
    return np.dtype(np.float16 if name == "float16" else getattr(ml_dtypes, name))


def cast(x, name):
    """The codes that ml_dtypes' cast gives."""
    with np.errstate(all="ignore"):
        found = np.asarray(x).astype(dtype_of(name))
    return found.view(FORMATS[name].code_dtype)


@cache
def hard(kind: Format, dtype: type, ordinals: int = 12) -> np.ndarray:
    """Finite numbers of ``dtype``, either sign: zeros, the ends, points and midpoints at random places of every part of the
    range, and what is next to each; then tiny and huge ones."""
    rng = np.random.default_rng(kind.largest)
    p = kind.mantissa_bits
    low = np.arange(min(4, kind.largest))
    binades = (np.arange(1, kind.largest >> p) << p)[:: max(1, (kind.largest >> p) // 6)]
    top = kind.largest - np.arange(min(4, kind.largest))
    k = np.unique(np.concatenate([low, binades - 1, binades, top, rng.integers(0, kind.largest, ordinals)]))
    at, gap = pt.values(kind, k), pt.values(kind, k + 1) - pt.values(kind, k)
    beyond = pt.values(kind, kind.largest + 1) * np.array([1.0, 1.125, 2.0])
    inside = (at[:, None] + gap[:, None] * np.array([0.0, 0.25, 0.5, 0.75, rng.random()])).reshape(-1)
    tiny = np.array([2.0**-149, 2.0**-126, 1e-42, kind.smallest / 4, kind.smallest_normal / 2, kind.smallest_normal])
    size = np.concatenate([inside, beyond, tiny, [np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal]])
    with np.errstate(over="ignore", under="ignore"):
        x = size.astype(dtype)
        x = np.concatenate([x, np.nextafter(x, dtype(np.inf)), np.nextafter(x, dtype(-np.inf))])
    x = np.unique(x[np.isfinite(x)])
    return np.concatenate([x, -x])
