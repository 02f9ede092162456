"""Learning rates along a walk."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.scalars.optimizers import learning_rate
from alpt_ref.tools.checks import one_of

Floats = NDArray[float64]
DECAYS = ("constant", "sqrt", "inverse")


@dataclass(frozen=True)
class Schedule:
    """Learning rates eta_t of the steps t = 1, 2, ...: eta ("constant"), eta / sqrt(t) ("sqrt") or eta / t ("inverse").

    Raises ValueError unless eta is positive and finite.
    """

    eta: float
    decay: str = "constant"

    def __post_init__(self) -> None:
        one_of("decay", self.decay, DECAYS)
        number = isinstance(self.eta, int | float | np.number) and not isinstance(self.eta, bool)
        if not number or not 0.0 < self.eta < math.inf:
            raise ValueError(f"eta must be positive and finite, got {self.eta!r}")

    @property
    def decays(self) -> bool:
        """True for eta / sqrt(t), False for eta."""
        if self.decay == "inverse":
            raise ValueError("decay must be constant or sqrt here, got 'inverse'")
        return self.decay == "sqrt"

    def rates(self, steps: int) -> Floats:
        """eta_1, ..., eta_T, float64 (steps,)."""
        if self.decay == "inverse":
            return self.eta / np.arange(1, steps + 1, dtype=float64)
        return np.array([learning_rate(self.eta, self.decays, t) for t in range(1, steps + 1)], float64)
