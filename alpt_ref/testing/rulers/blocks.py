"""The ruler of blocks of a format that share a power of two, which the quantizer chooses by the largest of them (MX)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy import float32
from numpy.typing import ArrayLike

from alpt_ref.testing.rulers.base import Bools, Floats, Values
from alpt_ref.testing.rulers.floating import OfFormat
from alpt_ref.testing.rulers.layouts import Layout


@dataclass(frozen=True)
class OfBlocks(OfFormat):
    """The numbers of ``kind`` times ``scale``, a power of two.

    Each block of ``block`` elements begins with a pin, the power of two that its largest number is above: so the quantizer must
    choose that scale, whatever else below twice the pin there is. direct : True where arrays have their pins already.
    """

    block: int = 32
    scale: float = 1.0
    direct: bool = False

    @property
    def pin(self) -> float:
        """The first element of each block."""
        return float(2.0**self.kind.emax * self.scale)

    @property
    def limit(self) -> float:
        """The largest float32 below twice the pin."""
        return float(np.nextafter(float32(2.0 * self.pin), float32(0.0)))

    @property
    def layout(self) -> Layout | None:
        """Blocks with their pins."""
        return None if self.direct else Layout(self.block, self.pin)

    def directly(self) -> "OfBlocks":
        """The ruler for arrays that have their pins."""
        return replace(self, direct=True)

    def together(self, size: int, place: int) -> Bools:
        """True for the elements of the same block."""
        room = self.block - 1
        return np.asarray(np.arange(size) // room == place // room)

    def locate(self, x: ArrayLike) -> Floats:
        """The positions of x / scale."""
        return super().locate(np.asarray(x, np.float64) / self.scale)

    def value(self, s: ArrayLike) -> Floats:
        """The numbers at positions ``s``, times the scale."""
        return np.asarray(super().value(s) * self.scale)

    def step(self, x: Values) -> Values:
        """The gap around ``x``."""
        return np.asarray(super().step(x / float32(self.scale)) * float32(self.scale))

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number."""
        return -self.kind.max * self.scale, self.kind.max * self.scale

    def seen(self, x: Values) -> Values:
        """The values that do not change the scale."""
        return super().seen(np.asarray(x[np.abs(x) <= self.limit]))

    def alike(self, x: Values, factor: float) -> Bools:
        """True for 0 and normal numbers far from the ends of float32."""
        size = np.abs(x)
        return np.asarray((size == 0) | ((size > 1e-30) & (size < 1e30)))

    def scaled(self, factor: float) -> "OfBlocks":
        """The ruler of blocks whose pins are multiplied by ``factor``."""
        return replace(self, scale=self.scale * factor)

    def scaled_told(self, factor: float) -> str:
        """The block, in words."""
        return f" in a block {factor:g} times as large"

    def shift(self, x: Values, factor: float) -> Floats:
        """None: the scale takes it all."""
        return np.zeros(x.shape)
