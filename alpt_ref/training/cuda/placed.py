"""The state of a training run on a GPU, and the way back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float32

from alpt_ref.kernels.cuda.access import on_device
from alpt_ref.kernels.cuda.memory import fetch, put, put_view
from alpt_ref.kernels.storage import Access, Part
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.state import State


@dataclass
class Placed:
    """Copies of the arrays of a state on the GPU, by part; it moves there."""

    parts: dict[str, Part]
    access: dict[str, Access]
    steps: dict[str, Any]  # moments of the step sizes
    bias: Any  # (1,)
    bias_moments: Any

    @classmethod
    def of(cls, state: State, config: Config) -> "Placed":
        """Copy ``state``."""
        lo, hi = map(float32, config.box)
        parts, steps = {}, {}
        for name in PARTS:
            view, moments = put_view(state.table(name).view()), put(state.optimizers[name].moments)
            parts[name], steps[name] = Part(view, moments, lo, hi), put(state.optimizers[f"{name} steps"].moments)
        access = {name: on_device(state.table(name).access) for name in PARTS}
        return cls(parts, access, steps, put(np.array([state.bias], float32)), put(state.optimizers["bias"].moments))

    def fetch(self, state: State) -> None:
        """Copy it back into ``state``."""
        for name in PARTS:
            view, part = state.table(name).view(), self.parts[name]
            fetch(part.view.buffer, view.buffer)
            fetch(part.view.deltas, view.deltas)
            fetch(part.moments, state.optimizers[name].moments)
            fetch(self.steps[name], state.optimizers[f"{name} steps"].moments)
        fetch(self.bias_moments, state.optimizers["bias"].moments)
        state.bias = float32(self.bias.copy_to_host()[0])

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes on the GPU: codes (or float weights), step sizes, and what optimizers keep."""
        views = [part.view for part in self.parts.values()]
        kept = [*(part.moments for part in self.parts.values()), *self.steps.values(), self.bias_moments]
        return {
            "codes": sum(view.buffer.nbytes for view in views),
            "steps": sum(view.deltas.nbytes for view in views),
            "optimizer": sum(moments.nbytes for moments in kept),
        }
