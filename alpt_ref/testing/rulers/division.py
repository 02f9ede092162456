"""The error of x / delta in float32."""

from typing import Any

import numpy as np

DIVISION = 2.0**-23 * (1.0 + 2.0**-20)  # of s: one float32 division, or a product with a rounded reciprocal


def is_power_of_two(delta: float) -> bool:
    """True where ``delta`` > 0 is a power of two."""
    return float(np.frexp(delta)[0]) == 0.5


def division(s: Any, delta: Any) -> Any:
    """The most by which float32 division puts s = x / delta off, in steps: 0 where delta is a power of two; of their shape."""
    return DIVISION * np.abs(s) * (np.frexp(delta)[0] != 0.5)
