"""The sizes of the arrays that quantizers get: few, for libraries that compile do so once for each shape."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTHS = (1, 8, 256, 2048)  # of vectors; longer ones stay as they are
WIDTHS = (16, 32, 72)  # of rows


def fitting(n: int, sizes: tuple[int, ...] = LENGTHS) -> int:
    """The smallest of ``sizes`` that n fits in; n where there is none."""
    return next((size for size in sizes if n <= size), n)


def padded(x: NDArray[Any]) -> NDArray[Any]:
    """The vector ``x``, from its beginning again up to one of LENGTHS."""
    return np.resize(x, fitting(x.size)) if x.size else x


def padded_text(x: str, n: int) -> str:
    """The Python of :func:`padded`, given that of a vector of n elements."""
    return x if fitting(n) == n else f"np.resize({x}, {fitting(n)})"
