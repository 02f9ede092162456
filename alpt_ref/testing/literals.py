"""The Python text of numbers and arrays, for recipes that anyone can run."""

from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

SHORT = 16  # longest array that is written out in full


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
    if flat.size > 1 and _same(flat, np.full_like(flat, flat[0])):
        return f"np.full({flat.size if array.ndim == 1 else array.shape}, {literal(flat[0])}, np.float32)"
    if flat.size > SHORT:
        for period in range(2, SHORT + 1):
            if _same(flat, np.resize(flat[:period], flat.size)):
                return f"np.resize(np.float32({_listed(flat[:period])}), {array.shape})"
        step = float(flat[1]) - float(flat[0])
        if array.ndim == 1 and (flat == (float(flat[0]) + step * np.arange(flat.size)).astype(float32)).all():
            return f"np.float32({literal(flat[0])} + {step!r} * np.arange({flat.size}))"
        return f"<{' x '.join(map(str, array.shape))} values from {literal(flat[0])}>"
    return written_out(flat) if array.ndim == 1 else f"{written_out(flat)}.reshape({array.shape})"


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def written_out(values: NDArray[Any]) -> str:
    """The Python text of a float32 vector, with every value of it."""
    return f"np.array({_listed(values)}, np.float32)"


def _listed(values: NDArray[Any]) -> str:
    return f"[{', '.join(map(literal, values))}]"
