"""Rulers of arrays whose rows or blocks have steps, or scales, of their own. They fit arrays of one shape alone."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy import float32, float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.testing.rulers.base import Floats, Ruler
from alpt_ref.testing.rulers.blocks import OfBlocks
from alpt_ref.testing.rulers.division import division, is_power_of_two
from alpt_ref.testing.rulers.floating import OfFormat
from alpt_ref.testing.rulers.uniform import Uniform

Steps = tuple[tuple[float, ...], ...]


def spread(steps: Steps, shape: tuple[int, ...]) -> Floats:
    """The step of each element of an array of that ``shape``, whose rows are divided evenly."""
    given = np.array(steps, float64)
    return np.repeat(given, shape[1] // given.shape[1], axis=1)


def _of(steps: Steps, i: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """The row of element ``i`` (flat) and its block within."""
    return i // shape[1], i % shape[1] // (shape[1] // len(steps[0]))


@dataclass(frozen=True)
class OwnSteps(Uniform):
    """The grids of ``steps``, one for each row, (n, 1), or for each block of each row, (n, blocks)."""

    steps: Steps = ()

    @property
    def exact(self) -> bool:
        """True where all steps are powers of two."""
        return all(is_power_of_two(step) for row in self.steps for step in row)

    def locate(self, x: ArrayLike) -> Floats:
        """The quotients of an array and the steps of its elements."""
        given = np.asarray(x, float64)
        return np.asarray(given / spread(self.steps, given.shape))

    def decoded(self, codes: NDArray[Any]) -> Floats:
        """The codes less the zero point, times the steps of their elements, float64: exact."""
        return np.asarray((codes.astype(float64) - self.zero) * spread(self.steps, codes.shape))

    def slack(self, s: Any) -> Any:
        """The error of a division, where the step of an element is no power of two."""
        return division(s, spread(self.steps, np.shape(s)))

    def arguments(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        """The steps and the width."""
        return np.array(self.steps, float32).reshape(self._steps_shape(shape)), self.bits

    def argument_texts(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Python for them."""
        steps = [row[0] for row in self.steps] if self.per == "row" else [list(row) for row in self.steps]
        return f"np.float32({steps})", str(self.bits)

    def of_element(self, i: int, shape: tuple[int, ...]) -> tuple[Ruler, str]:
        """The grid of element ``i`` (flat), and its place in words."""
        row, block = _of(self.steps, i, shape)
        alone = Uniform(self.bits, self.steps[row][block], self.q_lo, self.q_hi, self.zero_point, self.returns)
        return alone, f"row {row}, {'' if self.per == 'row' else f'block {block}, '}step {self.steps[row][block]:.9g}: "

    def parts(self) -> dict[str, Any]:
        """The width and no step size, as there are many."""
        return super().parts() | {"delta": None}


@dataclass(frozen=True)
class OwnScales(OfBlocks):
    """The numbers of a format times ``scales``, one for each block of each row: (n, blocks)."""

    scales: Steps = ()

    def locate(self, x: ArrayLike) -> Floats:
        """The positions of the quotients of an array and the scales of its elements."""
        given = np.asarray(x, float64)
        return OfFormat.locate(self, given / spread(self.scales, given.shape))

    def of_element(self, i: int, shape: tuple[int, ...]) -> tuple[Ruler, str]:
        """The numbers of the block of element ``i`` (flat), and its scale in words."""
        row, block = _of(self.scales, i, shape)
        scale = self.scales[row][block]
        alone = OfBlocks(self.kind, self.overflow, flushed=self.flushed, block=self.block, scale=scale)
        return alone, f"row {row}, block {block}, scale 2^{int(np.log2(scale))}: "

    def point(self, k: ArrayLike) -> NDArray[float32]:
        """The points of ordinals ``k``, one for each element."""
        ordinals = np.asarray(k, float64)
        alone = replace(self, scales=())
        return np.asarray((OfFormat.point(alone, ordinals) * spread(self.scales, ordinals.shape)).astype(float32))
