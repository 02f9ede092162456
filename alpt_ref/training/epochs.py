"""One epoch of training.

Everything random in epoch e is a function of (seed, e, step), so that a run that is stopped between epochs and goes on from
its state ends with the same bits.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import float32, uint64
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows
from alpt_ref.kernels.cpu import online
from alpt_ref.kernels.cpu import score as cpu
from alpt_ref.rng import Stream, permutation, random_bits_mask
from alpt_ref.scalars.moves import advance_float, code_advance
from alpt_ref.training.config import Config
from alpt_ref.training.state import State
from alpt_ref.training.step import BatchStepper, TrainingDivergedError
from alpt_ref.training.table import CodeTable


@dataclass(frozen=True)
class Stepper:
    """Runs the epochs of a state, for one configuration and data set."""

    config: Config
    rows: Rows
    y: NDArray[float32]
    n_features: int

    @cached_property
    def step(self) -> BatchStepper:
        """Moves a state by one step on a minibatch."""
        return BatchStepper(self.config, self.rows, self.y, self.n_features)

    def run_epoch(self, state: State) -> None:
        """One pass in an order drawn for the epoch; ``state`` moves in place."""
        config = self.config
        n = self.y.size
        order = permutation(n, seed=config.seed, step=state.epoch)
        n_steps = -(-n // config.batch_size)
        if state.step + n_steps >= 2**32:
            raise ValueError("more than 2^32 steps do not fit the random counter: use a larger batch_size")
        if config.batch_size == 1 and config.optimizer == "sgd" and not (config.dense or config.learns_steps):
            self._online_epoch(state, order)
        else:
            for start in range(0, n, config.batch_size):
                self.step(state, order[start : start + config.batch_size])
        state.epoch += 1
        floats = [table.weights for table in (state.linear, state.factors) if not isinstance(table, CodeTable)]
        if not all(np.isfinite(w).all() for w in (*floats, np.asarray(state.bias))):
            raise TrainingDivergedError(f"training diverged in epoch {state.epoch}: weights are not finite, lower lr")

    def _online_epoch(self, state: State, order: NDArray[np.int64]) -> None:
        c = self.config
        schedule = (float(c.lr), c.decays, float(c.l2), c.fit_intercept)
        streams = (uint64(Stream.LINEAR), uint64(Stream.FACTORS), uint64(c.seed))
        rng = (c.stores_codes and c.rounding == "stochastic", random_bits_mask(c.random_bits), *streams)
        views = (state.linear.view(), state.factors.view())
        room = cpu.scratch(int(cpu.widest(self.rows.indptr, order)), c.k)
        steps = (state.step, state.step + order.size)
        advance = code_advance(c.rounding) if c.stores_codes else advance_float
        train_range = online.trainer(state.linear.access, advance, c.k)
        bias = train_range(self.rows, self.y, order, *views, self.step.box, state.bias, schedule, rng, room, *steps)
        state.bias = float32(bias)
        state.step += order.size
