"""What a training run is: every argument, its default and its range, validated once."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpt_ref.checks import is_integer
from alpt_ref.grid import Grid
from alpt_ref.rng import MAX_RANDOM_BITS, check_counter, random_bits_mask
from alpt_ref.rounding import check_rounding
from alpt_ref.threads import check_threads

# Half width of the box when no step size is given: delta = RANGE / 2^(bits - 1), for linear weights and for factors.
DEFAULT_RANGE = (4.0, 1.0)


@dataclass(frozen=True)
class Config:
    """Arguments of a run; see :class:`alpt_ref.FactorizationMachine` for their meaning. ValueError names a bad one."""

    k: int = 0
    precision: str = "fp32"
    bits: int = 8
    delta: Any = None
    rounding: str = "stochastic"
    update: str | None = None
    optimizer: str = "sgd"
    lr: float = 0.1
    schedule: str = "constant"
    batch_size: int = 256
    l2: float = 0.0
    epochs: int = 10
    patience: int | None = None
    seed: int = 0
    n_threads: int = 1
    fit_intercept: bool = True
    random_bits: int = MAX_RANDOM_BITS
    init_std: float = 0.01

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if not isinstance(getattr(self, name), str | bool | None) or getattr(self, name) not in choices:
                shown = ", ".join(str(c) for c in choices if c is not None)
                raise ValueError(f"{name} must be one of {shown}, got {getattr(self, name)!r}")
        for name, low in (("k", 0), ("batch_size", 1), ("epochs", 1)):
            _check_integer(name, getattr(self, name), low)
        if self.patience is not None:
            _check_integer("patience", self.patience, 1)
        for name, positive in (("lr", True), ("l2", False), ("init_std", False)):
            _check_number(name, getattr(self, name), positive)
        check_rounding(self.rounding)
        check_threads(self.n_threads)
        check_counter(self.seed, 0, 0)
        random_bits_mask(self.random_bits)
        if self.precision == "lpt":
            self.grids()

    def grids(self) -> tuple[Grid, Grid]:
        """Grids of the linear weights and of the factors."""
        delta = self.delta
        if delta is None:
            delta = tuple(half / 2 ** (Grid(self.bits, 1.0).bits - 1) for half in DEFAULT_RANGE)
        linear, factors = delta if isinstance(delta, tuple) and len(delta) == 2 else (delta, delta)
        return Grid(self.bits, linear), Grid(self.bits, factors)

    @property
    def dense(self) -> bool:
        """Whether every row moves in every step; by default fp32 is dense and LPT touches the batch's rows."""
        return (self.update or ("dense" if self.precision == "fp32" else "touched")) == "dense"

    @property
    def decays(self) -> bool:
        """Whether eta_t = eta / sqrt(t)."""
        return self.schedule == "sqrt"


_CHOICES: dict[str, tuple[Any, ...]] = {
    "precision": ("fp32", "lpt"),
    "update": (None, "touched", "dense"),
    "optimizer": ("sgd", "adam"),
    "schedule": ("constant", "sqrt"),
    "fit_intercept": (True, False),
}


def _check_number(name: str, value: Any, positive: bool) -> None:
    """A number that float32, in which training computes, holds as positive or not negative, and finite."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    with np.errstate(over="ignore", under="ignore"):
        single = np.float32(value) if number and abs(value) < 1e300 else np.float32(np.nan)
    if not math.isfinite(single) or value < 0 or (positive and single == 0):
        raise ValueError(f"{name} must be a {'positive' if positive else 'non-negative'} number, got {value!r}")


def _check_integer(name: str, value: Any, low: int) -> None:
    if not is_integer(value) or value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}")
