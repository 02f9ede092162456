"""Training: the state of a run, and one epoch of it.

Everything random in epoch e is a function of (seed, e, step), so that a run that is stopped between epochs and goes on from
its state ends with the same bits.
"""

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy import float32, uint64
from numpy.typing import NDArray

from alpt_ref.config import Config
from alpt_ref.grid import Grid
from alpt_ref.inputs import Rows
from alpt_ref.kernels import cpu, group, online
from alpt_ref.optim import DIRECTIONS, Optimizer, advance_float, code_advance
from alpt_ref.packing import buffer_dtype, pack
from alpt_ref.quantizer import quantize
from alpt_ref.rng import Stream, normals, permutation, random_bits_mask
from alpt_ref.rounding import Scalar
from alpt_ref.table import CodeTable, FloatTable, Table
from alpt_ref.threads import run_ranges

INIT_BLOCK = 4096  # weights drawn at a time: no float copy of a table of codes ever exists


class TrainingDivergedError(RuntimeError):
    """Weights or logits are no longer finite."""


@dataclass
class State:
    """All that a run consists of between two epochs."""

    linear: Table
    factors: Table
    linear_optimizer: Optimizer
    factor_optimizer: Optimizer
    bias_optimizer: Optimizer
    bias: float32 = field(default_factory=lambda: float32(0))
    step: int = 0
    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes alive: codes (or float weights), step sizes, optimizer state."""
        tables = [self.linear.nbytes, self.factors.nbytes]
        optimizers = (self.linear_optimizer, self.factor_optimizer, self.bias_optimizer)
        return {
            "codes": sum(t["codes"] for t in tables),
            "steps": sum(t["steps"] for t in tables),
            "optimizer": sum(o.moments.nbytes for o in optimizers),
        }


def _initial_table(config: Config, shape: tuple[int, int], grid: Grid | None, std: float, stream: Stream) -> Table:
    """N(0, std^2), rounded stochastically onto ``grid`` whatever rule trains it: DR and SR start at the same point."""

    def block(start: int, stop: int) -> NDArray[float32]:
        n = (stop - start) * shape[1]
        draws = normals(n, seed=config.seed, stream=stream, offset=start * shape[1]) if std else np.zeros(n, float32)
        return (float32(std) * draws).reshape(stop - start, shape[1])

    if grid is None:
        return FloatTable(block(0, shape[0]))
    per_unit = 8 * np.dtype(buffer_dtype(grid.storage_bits)).itemsize // grid.storage_bits
    buffer = np.empty(-(-shape[0] * shape[1] // per_unit), buffer_dtype(grid.storage_bits))
    n_rows = max(INIT_BLOCK // max(shape[1], 1) // 4, 1) * 4  # four rows fill whole bytes at any width
    for start in range(0, shape[0], n_rows):
        stop = min(shape[0], start + n_rows)
        rows = Grid(grid.bits, grid.delta[start:stop]) if grid.per_row else grid
        offset = start * shape[1]
        codes = quantize(block(start, stop), rows, "stochastic", seed=config.seed, stream=stream, step=1, offset=offset)
        packed = pack(codes, grid.storage_bits)
        buffer[offset // per_unit : offset // per_unit + packed.size] = packed
    return CodeTable(grid, buffer, shape)


def initial_state(config: Config, n_features: int) -> State:
    """Linear weights 0, factors N(0, init_std^2), bias 0."""
    grids: tuple[Grid | None, Grid | None] = config.grids() if config.precision == "lpt" else (None, None)
    for name, grid in zip(("linear weights", "factors"), grids, strict=True):
        if grid is not None and grid.per_row and grid.delta.size != n_features:
            raise ValueError(f"delta of the {name} has {grid.delta.size} entries for {n_features} features")
    linear = _initial_table(config, (n_features, 1), grids[0], 0.0, Stream.INIT_LINEAR)
    factors = _initial_table(config, (n_features, config.k), grids[1], config.init_std, Stream.INIT_FACTORS)
    zero = partial(Optimizer.zero, config.optimizer)
    return State(linear, factors, zero(n_features), zero(n_features * config.k), zero(1))


def score(state: State, rows: Rows, batch: NDArray[np.int64], n_threads: int) -> tuple[NDArray[float32], NDArray[float32]]:
    """Logits (batch,) and factor sums (batch, k) of the examples ``batch``."""
    linear, factors = state.linear.view(), state.factors.view()
    scorer = cpu.scorer(state.linear.access, factors.k)
    most = int(cpu.widest(rows.indptr, batch))
    z = np.empty(batch.size, float32)
    sums = np.empty((batch.size, factors.k), float32)

    def work(start: int, stop: int) -> None:
        room = cpu.scratch(most, factors.k)
        cpu.score_range(scorer, rows, batch, linear, factors, state.bias, room, start, stop, z, sums)

    run_ranges(work, batch.size, n_threads)
    return z, sums


@dataclass(frozen=True)
class Stepper:
    """Runs the steps of an epoch on a state, for one configuration and data set."""

    config: Config
    rows: Rows
    y: NDArray[float32]
    n_features: int

    @cached_property
    def advance(self) -> Scalar:
        """How an entry takes a move."""
        return advance_float if self.config.precision == "fp32" else code_advance(self.config.rounding)

    @cached_property
    def draws(self) -> bool:
        """Whether a step needs random words."""
        return self.config.precision == "lpt" and self.config.rounding == "stochastic"

    @cached_property
    def boxes(self) -> tuple[tuple[float32, float32], ...]:
        """Code ranges of the two tables."""
        grids = self.config.grids() if self.config.precision == "lpt" else (Grid(2, 1.0), Grid(2, 1.0))
        return tuple((float32(grid.q_lo), float32(grid.q_hi)) for grid in grids)

    def run_epoch(self, state: State) -> None:
        """One pass in an order drawn for the epoch; ``state`` moves in place."""
        config = self.config
        n = self.y.size
        order = permutation(n, seed=config.seed, step=state.epoch)
        n_steps = -(-n // config.batch_size)
        if state.step + n_steps >= 2**32:
            raise ValueError("more than 2^32 steps do not fit the random counter: use a larger batch_size")
        if config.batch_size == 1 and config.optimizer == "sgd" and not config.dense:
            self._online_epoch(state, order)
        else:
            for start in range(0, n, config.batch_size):
                self._batch_step(state, order[start : start + config.batch_size])
        state.epoch += 1
        floats = [t.weights for t in (state.linear, state.factors) if isinstance(t, FloatTable)]
        if not all(np.isfinite(w).all() for w in (*floats, np.asarray(state.bias))):
            raise TrainingDivergedError(f"training diverged in epoch {state.epoch}: weights are not finite, lower lr")

    def _online_epoch(self, state: State, order: NDArray[np.int64]) -> None:
        c = self.config
        schedule = (float(c.lr), c.decays, float(c.l2), c.fit_intercept)
        streams = (uint64(Stream.LINEAR), uint64(Stream.FACTORS), uint64(c.seed))
        rng = (self.draws, random_bits_mask(c.random_bits), *streams)
        views = (state.linear.view(), state.factors.view())
        room = cpu.scratch(int(cpu.widest(self.rows.indptr, order)), c.k)
        steps = (state.step, state.step + order.size)
        train_range = online.trainer(state.linear.access, self.advance, c.k)
        bias = train_range(self.rows, self.y, order, *views, self.boxes, state.bias, schedule, rng, room, *steps)
        state.bias = float32(bias)
        state.step += order.size

    def _batch_step(self, state: State, batch: NDArray[np.int64]) -> None:
        c = self.config
        z, sums = score(state, self.rows, batch, c.n_threads)
        residual = np.empty(batch.size, float32)
        cpu.residuals(z, self.y, batch, residual)
        if not np.isfinite(residual).all():  # codes would saturate without a word
            raise TrainingDivergedError(f"training diverged in step {state.step + 1}: logits are not finite, lower lr")
        rows, starts, entries = self._grouped(batch)
        when = (float(c.lr), c.decays, float(c.l2), state.step + 1)
        direction = DIRECTIONS[c.optimizer]
        how = (state.linear.access, self.advance, direction)
        linear_range, factor_range = cpu.updater(*how, 1, True), cpu.updater(*how, c.k, False)
        states = [(o.moments, box) for o, box in zip((state.linear_optimizer, state.factor_optimizer), self.boxes, strict=True)]
        mask, step, seed = random_bits_mask(c.random_bits), uint64(state.step), uint64(c.seed)
        rngs = [(self.draws, mask, (step, uint64(stream), seed)) for stream in (Stream.LINEAR, Stream.FACTORS)]
        linear, factors = state.linear.view(), state.factors.view()

        def work(start: int, stop: int) -> None:
            a, b = _byte_start(rows, start), _byte_start(rows, stop)
            linear_range(entries, residual, sums, rows, starts, linear, states[0], when, rngs[0], a, b)
            if c.k:
                factor_range(entries, residual, sums, rows, starts, factors, states[1], when, rngs[1], a, b)

        run_ranges(work, rows.size, c.n_threads)
        if c.fit_intercept:
            state.bias = float32(cpu.update_bias(state.bias, residual, direction, state.bias_optimizer.moments, when))
        state.step += 1

    def _grouped(self, batch: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[Any, Any]]:
        """Rows that move, where each row's entries begin, and the entries' (position in the batch, value) by row."""
        feature, position, value = group.batch_entries(*self.rows, batch)
        by_row = group.stable_order(feature, self.n_features - 1)
        entries = (position[by_row], value[by_row])
        if not self.config.dense:
            rows, starts = group.distinct(feature[by_row])
            return rows, starts, entries
        counts = np.bincount(feature, minlength=self.n_features)
        return np.arange(self.n_features), np.concatenate(([0], np.cumsum(counts))), entries


def _byte_start(rows: NDArray[np.int64], at: int) -> int:
    """``at`` moved on to where rows[at - 1] and rows[at] share no byte: four rows fill whole bytes at any width."""
    while 0 < at < rows.size and rows[at] // 4 == rows[at - 1] // 4:
        at += 1
    return at
