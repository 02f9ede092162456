"""Layouts: arrays of any shape as rows and blocks, for quantizers that have a step or a scale for each of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

FILL = 0.5  # uniform of what fills a block up


def laid(x: NDArray[float32], block: int | None = None, pin: float | None = None, fill: float = 0.0) -> NDArray[float32]:
    """The values of ``x`` as rows, (n, k), or as rows of whole blocks, whose ends are filled with ``fill``.

    pin : the first element of each block, where one is given; then the values of x are the others.
    """
    rows = x if x.ndim == 2 else x.reshape(_rows(x.shape))
    if block is None:
        return rows
    n, k = rows.shape
    room = block - (pin is not None)
    full = -(-k // room)
    if pin is None and full * room == k:
        return rows
    out = np.full((n, full, block), fill, float32)
    padded = np.full((n, full * room), fill, float32)
    padded[:, :k] = rows
    out[:, :, block - room :] = padded.reshape(n, full, room)
    if pin is not None:
        out[:, :, 0] = pin
    return out.reshape(n, full * block)


def taken(y: NDArray[Any], shape: tuple[int, ...], block: int | None = None, pin: float | None = None) -> NDArray[Any]:
    """The results, in the given shape, for the values that :func:`laid` laid out."""
    n, k = _rows(shape)
    if block is not None:
        y = y.reshape(n, -1, block) if y.size else y.reshape(n, 0, block)
        y = y[:, :, (pin is not None) :]
        y = y.reshape(n, y.shape[1] * y.shape[2])[:, :k]
    return y.reshape(shape)


def _rows(shape: tuple[int, ...]) -> tuple[int, int]:
    k = shape[-1] if shape else 1
    n = 1
    for size in shape[:-1]:
        n *= size
    return n, k


@dataclass(frozen=True)
class Layout:
    """Rows, or blocks of ``block`` elements of rows; with a ``pin`` that is the first element of each block."""

    block: int | None = None
    pin: float | None = None

    def lay(self, x: NDArray[float32]) -> NDArray[float32]:
        """The values as :func:`laid` lays them, ends filled with 0; a view where it can be one."""
        return laid(x, self.block, self.pin)

    def lay_uniforms(self, u: NDArray[float32]) -> NDArray[float32]:
        """The uniforms likewise; pins and ends have 1/2."""
        return laid(u, self.block, None if self.pin is None else FILL, FILL)

    def take(self, y: Any, shape: tuple[int, ...]) -> Any:
        """The results for ``shape``; ``y`` itself where it is no array of the laid shape."""
        if not isinstance(y, np.ndarray) or y.shape != self.shape(shape):
            return y
        return taken(y, shape, self.block, self.pin)

    def shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """The laid shape."""
        n, k = _rows(shape)
        if self.block is None:
            return n, k
        return n, -(-k // (self.block - (self.pin is not None))) * self.block

    def whole(self, n: int) -> int:
        """The number of elements, at least ``n``, that fills blocks."""
        return n if self.block is None else -(-n // self.block) * self.block

    def lay_text(self, text: str, shape: tuple[int, ...]) -> str:
        """Python that lays the array ``text``."""
        return text if self._plain(shape) else f"laid({text}{self._text})"

    def lay_uniforms_text(self, text: str, shape: tuple[int, ...]) -> str:
        """Python that lays the uniforms ``text``."""
        if self._plain(shape):
            return text
        pin = "" if self.pin is None else f", {FILL}"
        return f"laid({text}, {self.block}{pin}, fill={FILL})" if self.block else f"laid({text})"

    def take_text(self, text: str, shape: tuple[int, ...]) -> str:
        """Python that takes the results ``text`` back."""
        return text if self._plain(shape) else f"taken({text}, {shape}{self._text})"

    def _plain(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == 2 and self.shape(shape) == shape and self.pin is None

    @property
    def _text(self) -> str:
        return (f", {self.block}" if self.block else "") + (f", {self.pin!r}" if self.pin is not None else "")
