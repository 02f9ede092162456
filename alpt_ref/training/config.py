"""The arguments of a training run, their defaults and ranges, validated once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from alpt_ref.grid import Grid, delta_of_box
from alpt_ref.rng import MAX_RANDOM_BITS, check_counter, random_bits_mask
from alpt_ref.scalars.optimizers import OptimizerName, StepOptimizer, When
from alpt_ref.scalars.rounding import Rounding, check_rounding
from alpt_ref.scalars.slopes import DELTA_MAX, DELTA_MIN, Ends, FirstStep, GradientScale
from alpt_ref.tools.checks import check_integer, check_number, check_threads
from alpt_ref.tools.devices import Device, check_device

MOST = 2**31 - 1  # of what is counted
PARTS = ("linear", "factors")
# The options that are words: what an argument may be stands here alone, beside Rounding, GradientScale and Device.
Precision = Literal["fp32", "lpt", "alpt", "lsq", "pact"]
Schedule = Literal["constant", "sqrt"]
Update = Literal["touched", "dense"]
Quantized = Literal["all", "factors"]
StepUnit = Literal["row", "table"]
Delta = ArrayLike | tuple[ArrayLike, ArrayLike]
# Half width of the box when no step size is given: delta = RANGE / 2^(bits - 1), for linear weights and for factors.
DEFAULT_RANGE = (4.0, 1.0)
FTRL_STRENGTHS = (1e-30, 1e30)  # what beta / lr + l2 may be: products with weights are far from the ends of float32


@dataclass(frozen=True)
class Config:
    """Arguments of a run; see :class:`alpt_ref.FactorizationMachine` for their meaning. ValueError names a bad one."""

    k: int = 0
    precision: Precision = "fp32"
    bits: int = 8
    delta: Delta | None = None
    rounding: Rounding = "stochastic"
    update: Update | None = None
    optimizer: OptimizerName = "sgd"
    lr: float = 0.1
    schedule: Schedule = "constant"
    batch_size: int = 256
    l2: float = 0.0
    epochs: int = 10
    patience: int | None = None
    seed: int = 0
    n_threads: int = 1
    fit_intercept: bool = True
    fit_linear: bool = True
    quantize: Quantized = "all"
    random_bits: int = MAX_RANDOM_BITS
    init_std: float = 0.01
    step: StepUnit | tuple[StepUnit, StepUnit] | None = None
    step_lr: float = 2e-5
    step_scale: GradientScale = "1/sqrt(bNq)"
    step_optimizer: StepOptimizer | None = None
    step_l2: float = 0.0
    step_init: FirstStep = "1/sqrt(q)"
    step_offset: float = 0.0
    ends: Ends = "clipped"
    momentum: float = 0.9
    l1: float = 0.0
    beta: float = 1.0
    device: Device = "cpu"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if not isinstance(getattr(self, name), str | bool | None) or getattr(self, name) not in choices:
                shown = ", ".join(str(c) for c in choices if c is not None)
                raise ValueError(f"{name} must be one of {shown}, got {getattr(self, name)!r}")
        for name, low in (("k", 0), ("batch_size", 1), ("epochs", 1)):
            check_integer(name, getattr(self, name), low, MOST)
        if self.patience is not None:
            check_integer("patience", self.patience, 1, MOST)
        for name, positive in _NUMBERS:
            check_number(name, getattr(self, name), positive)
        check_rounding(self.rounding)
        check_threads(self.n_threads)
        check_device(self.device)
        check_counter(self.seed, 0, 0)
        random_bits_mask(self.random_bits)
        Grid(self.bits, 1.0)
        if self.k == 0 and self.quantize == "factors":
            raise ValueError("quantize must be all where k is 0: there are no factors")
        if self.k == 0 and not self.fit_linear:
            raise ValueError("fit_linear needs factors, and k is 0: no weights would be left")
        if np.float32(self.momentum) >= 1:
            raise ValueError(f"momentum must be below 1, got {self.momentum!r}")
        self._check_ftrl()
        for part in PARTS:
            if self.storage_of(part) != "floats":
                self._check_steps(part)

    def _check_ftrl(self) -> None:
        if self.optimizer != "ftrl":
            if self.l1:
                raise ValueError(f"l1 must be 0 unless optimizer is ftrl, got {self.l1!r}")
            return
        if self.decays:
            raise ValueError("schedule must be constant with ftrl: its learning rate lr / (beta + sqrt(n)) decays by itself")
        if self.learns_steps and self.step_optimizer is None:
            names = ", ".join(get_args(StepOptimizer))
            raise ValueError(f"step_optimizer must be one of {names} where optimizer is ftrl: it moves no step size")
        low, high = FTRL_STRENGTHS
        if self.l1 > high:
            raise ValueError(f"l1 must be at most {high}, got {self.l1!r}")
        if not low <= self.beta / self.lr + self.l2 <= high:
            raise ValueError(f"lr must be such that ftrl's beta / lr + l2 is from {low} to {high}, got {self.lr!r}")

    def _check_steps(self, part: str) -> None:
        granularity = self.steps_of(part)
        if granularity not in get_args(StepUnit):
            raise ValueError(f"step must be row or table, or a pair of them, got {self.step!r}")
        if self.precision == "pact" and granularity != "table":
            raise ValueError(f"step must be table with pact, which learns one clip for a table, got {self.step!r}")
        delta = self.delta_of(part)
        grid = None if delta is None else Grid(self.bits, delta)
        if grid is None or not self.learns_steps:
            return
        if grid.per_row and granularity == "table":
            raise ValueError("delta must be one number where step is table")
        if not ((grid.delta >= DELTA_MIN) & (grid.delta <= DELTA_MAX)).all():
            raise ValueError("delta must be in [2^-60, 2^60]: step sizes are learned")
        if (grid.delta < self.step_offset).any():
            raise ValueError(f"step_offset must be at most delta, got {self.step_offset!r}")

    def delta_of(self, part: str) -> Any:
        """The step size given for "linear" or "factors"; of lpt the default; None where a rule sets it."""
        delta = self.delta
        if delta is None:
            return delta_of_box(DEFAULT_RANGE[PARTS.index(part)], self.bits) if self.precision == "lpt" else None
        return _of_part(delta, part)

    def steps_of(self, part: str) -> Any:
        """The weights that share a learned step size: those of a "row", or of the "table"."""
        if self.step is None:
            return "row" if part == "factors" and self.precision != "pact" else "table"
        return _of_part(self.step, part)

    def storage_of(self, part: str) -> str:
        """Return the form in which training keeps a part's weights: "floats", "codes" alone, or float "masters" of codes."""
        if self.precision == "fp32" or (part == "linear" and (self.quantize == "factors" or not self.fit_linear)):
            return "floats"
        return "codes" if self.stores_codes else "masters"

    @property
    def stores_codes(self) -> bool:
        """True where tables that are quantized are kept as codes alone, without float weights."""
        return self.precision in ("lpt", "alpt")

    @property
    def learns_steps(self) -> bool:
        """True where step sizes are learned."""
        return self.precision in ("alpt", "lsq", "pact")

    @property
    def step_direction(self) -> OptimizerName:
        """The optimizer of step sizes; by default that of the weights."""
        return self.step_optimizer or self.optimizer

    @cached_property
    def box(self) -> tuple[int, int]:
        """Smallest and largest code; PACT's are symmetric. Kept, for steps on small batches ask for it several times."""
        grid = Grid(self.bits, 1.0)
        return (-grid.q_hi if self.precision == "pact" else grid.q_lo), grid.q_hi

    @property
    def dense(self) -> bool:
        """True where every row moves in every step; by default, with codes, the rows of the batch alone do."""
        return (self.update or ("touched" if self.stores_codes else "dense")) == "dense"

    @property
    def decays(self) -> bool:
        """True where eta_t = eta / sqrt(t)."""
        return self.schedule == "sqrt"

    def when(self, t: int) -> When:
        """The settings of step t = 1, 2, ... of the weights."""
        return When(float(self.lr), self.decays, float(self.l2), t, float(self.momentum), float(self.l1), float(self.beta))


_CHOICES: dict[str, tuple[Any, ...]] = {
    "precision": get_args(Precision),
    "step_scale": get_args(GradientScale),
    "step_init": get_args(FirstStep),
    "ends": get_args(Ends),
    "step_optimizer": (None, *get_args(StepOptimizer)),
    "update": (None, *get_args(Update)),
    "optimizer": get_args(OptimizerName),
    "schedule": get_args(Schedule),
    "fit_intercept": (True, False),
    "fit_linear": (True, False),
    "quantize": get_args(Quantized),
}
_NUMBERS = (
    *(("lr", True), ("l2", False), ("init_std", False), ("step_lr", False), ("step_l2", False), ("step_offset", False)),
    *(("momentum", False), ("l1", False), ("beta", True)),
)


def _of_part(value: Any, part: str) -> Any:
    """The value for a part, from a pair (linear, factors) or from one value for both."""
    return value[PARTS.index(part)] if isinstance(value, tuple) and len(value) == 2 else value
