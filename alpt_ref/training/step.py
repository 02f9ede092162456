"""One step on a minibatch, for every way of keeping the weights: the phases of ``kernels/cpu``, in order."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy import float32, uint64
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows, no_weights
from alpt_ref.kernels.cpu import alpt, qat
from alpt_ref.kernels.cpu.group import Batch, batch_entries, distinct, stable_order
from alpt_ref.kernels.cpu.rows import bias_updater, delta_updater, updater
from alpt_ref.kernels.cpu.score import residuals
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.kernels.storage import Part, View
from alpt_ref.rng import Stream, random_bits_mask
from alpt_ref.scalars.moves import advance_float, code_advance
from alpt_ref.scalars.optimizers import When
from alpt_ref.scalars.philox import Noise
from alpt_ref.scalars.rounding import Scalar
from alpt_ref.scalars.slopes import Slopes, gradient_scale, slopes_of, trial_of
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.forward import Floats, TrainingDivergedError, score
from alpt_ref.training.state import State
from alpt_ref.training.table import FloatTable

STREAMS = dict(zip(PARTS, (Stream.LINEAR, Stream.FACTORS), strict=True))


def noise_of(config: Config, part: str, step: int) -> Noise:
    """The random words with which the weights of ``part`` are rounded at ``step``, counted from 0."""
    draws = config.storage_of(part) == "codes" and config.rounding == "stochastic"
    return Noise(draws, random_bits_mask(config.random_bits), uint64(step), uint64(STREAMS[part]), uint64(config.seed))


def advance_of(config: Config, part: str) -> Scalar:
    """The function that stores a moved weight of ``part`` where its step size stays."""
    return code_advance(config.rounding) if config.storage_of(part) == "codes" else advance_float


def rule_of(config: Config) -> Slopes:
    """The slopes of a quantized weight, of LSQ or PACT."""
    return slopes_of(config.precision, config.ends)


def step_of_deltas(config: Config, view: View, n_features: int, batch: int, step: int) -> tuple[float32, When]:
    """The factor on the gradients of a table's step sizes, after a ``batch`` of examples, and their learning rate."""
    q_hi = config.box[1]
    scale, per_delta = gradient_scale(config.step_scale, batch, view.k, 1 if view.stride else n_features, q_hi), 1.0
    if config.precision == "pact":  # what is learned is the clip delta q_hi
        scale, per_delta = 1.0 / q_hi, float(q_hi)
    when = When(float(config.step_lr) / per_delta, config.decays, float(config.step_l2) * per_delta, step + 1)
    return float32(scale), when._replace(momentum=float(config.momentum), offset=float(config.step_offset))


class Stepper(Protocol):
    """Takes steps on minibatches, between ``begin`` and ``end`` of an epoch."""

    def begin(self, state: State) -> None:
        """Take ``state`` to where it moves."""

    def __call__(self, state: State, examples: NDArray[np.int64]) -> None:
        """Take one step on the minibatch ``examples``."""

    def end(self, state: State) -> None:
        """Bring it back. Raises TrainingDivergedError."""


@dataclass(frozen=True)
class BatchStepper:
    """Steps on minibatches of one data set, for one configuration: ``stepper(state, batch)`` moves ``state`` in place."""

    config: Config
    rows: Rows
    y: Floats
    n_features: int
    weights: Floats = field(default_factory=no_weights)

    def begin(self, state: State) -> None:
        """Do nothing: it is in memory."""

    def end(self, state: State) -> None:
        """Do nothing."""

    def __call__(self, state: State, examples: NDArray[np.int64]) -> None:
        """Take one step on the minibatch ``examples``. Raises TrainingDivergedError."""
        c = self.config
        z, sums = score((state.linear, state.factors), state.bias, self.rows, examples, c.n_threads)
        residual = self._residuals(z, examples, state)
        when = c.when(state.step + 1)
        if c.fit_intercept:
            moments = state.optimizers["bias"].moments
            state.bias = float32(bias_updater(c.optimizer)(state.bias, residual, moments, when.of_bias))
        feature, position, value = batch_entries(*self.rows, examples)
        by_row = stable_order(feature, self.n_features - 1)
        rows, starts = distinct(feature[by_row])
        batch = Batch(rows, starts, position[by_row], value[by_row], residual, sums)
        if c.precision == "alpt":
            self._alpt(state, batch, when, self._renumbered(examples, batch, by_row, value), examples)
        else:
            batch = batch.over_all(self.n_features) if c.dense else batch
            for part in PARTS:
                if state.table(part).shape[1]:
                    (self._qat if c.storage_of(part) == "masters" else self._plain)(part, state, batch, when)
        state.step += 1

    def _residuals(self, z: Floats, examples: NDArray[np.int64], state: State) -> Floats:
        residual = np.empty(z.size, float32)
        residuals(z, self.y[examples], self.weights[examples] if self.weights.size else self.weights, residual)
        if not np.isfinite(residual).all():  # codes would saturate without a word
            raise TrainingDivergedError(f"training diverged in step {state.step + 1}: logits are not finite, lower lr")
        return residual

    def _part(self, name: str, state: State) -> Part:
        lo, hi = self.config.box
        return Part(state.table(name).view(), state.optimizers[name].moments, float32(lo), float32(hi))

    def _over(self, rows: NDArray[np.int64], kernel: Scalar, *arguments: Any) -> None:
        """Call ``kernel(*arguments, start, stop)`` on ranges of ``rows`` that share no byte."""

        def work(start: int, stop: int) -> None:
            kernel(*arguments, byte_start(rows, start), byte_start(rows, stop))

        run_ranges(work, rows.size, self.config.n_threads)

    def _plain(self, name: str, state: State, batch: Batch, when: When) -> None:
        """Move floats, or the codes of LPT."""
        c, part, access = self.config, self._part(name, state), state.table(name).access
        update = updater(access, advance_of(c, name), c.optimizer, part.view.k, name == "linear")
        self._over(batch.rows, update, batch, part, when, noise_of(c, name, state.step))

    def _qat(self, name: str, state: State, batch: Batch, when: When) -> None:
        """Move the masters and step sizes of LSQ and PACT."""
        c, part, access = self.config, self._part(name, state), state.table(name).access
        gradient = np.empty(batch.rows.size, float32)
        update = qat.updater(access, rule_of(c), c.optimizer, part.view.k, name == "linear")
        self._over(batch.rows, update, batch, part, when, gradient)
        self._set_deltas(name, state, batch.rows, self._next_deltas(name, state, batch.rows, gradient, batch.residual.size))

    def _alpt(self, state: State, batch: Batch, when: When, small: Rows, examples: NDArray[np.int64]) -> None:
        """Algorithm 1's three stages (``kernels/cpu/alpt``); the bias has moved. small : the batch, its rows renumbered."""
        c = self.config
        coded = [part for part in PARTS if c.storage_of(part) == "codes" and state.table(part).shape[1]]
        trials = {part: self._tried(part, state, batch, when, part in coded) for part in PARTS}
        tables = FloatTable(trials["linear"].weights), FloatTable(trials["factors"].weights)
        z, sums = score(tables, state.bias, small, np.arange(examples.size), c.n_threads)
        batch = batch._replace(residual=self._residuals(z, examples, state), sums=sums)
        for name in coded:
            trial, gradient = trials[name], np.empty(batch.rows.size, float32)
            total = alpt.slope_summer(trial.weights.shape[1], name == "linear")
            self._over(batch.rows, total, batch, trial, gradient)
            rows = batch.rows
            if c.dense:
                rows, gradient = np.arange(self.n_features), spread(gradient, rows, self.n_features)
            new = self._next_deltas(name, state, rows, gradient, examples.size)
            self._store(name, state, alpt.Moves(batch.rows, trial.moves), new, when)
            self._set_deltas(name, state, rows, new)

    def _tried(self, name: str, state: State, batch: Batch, when: When, coded: bool) -> alpt.Trial:
        """Stage 1 of a part on the rows of the batch. Floats move for good, and are tried where they are."""
        c, table = self.config, state.table(name)
        trial = alpt.Trial.empty(batch.rows.size, table.shape[1])
        if coded:
            attempt = alpt.trier(table.access, trial_of(c.ends), c.optimizer, table.shape[1], name == "linear")
            self._over(batch.rows, attempt, batch, self._part(name, state), when, trial)
        elif isinstance(table, FloatTable) and table.shape[1]:
            self._plain(name, state, batch.over_all(self.n_features) if c.dense else batch, when)
            trial.weights[...] = table.weights[batch.rows]
        return trial

    def _renumbered(self, examples: NDArray[np.int64], batch: Batch, by_row: NDArray[np.int32], values: Floats) -> Rows:
        """The examples with each feature's number replaced by its place among the rows of the batch."""
        lengths = self.rows.indptr[examples + 1] - self.rows.indptr[examples]
        return Rows(np.concatenate(([0], np.cumsum(lengths))), alpt.renumbered(by_row, batch.starts), values)

    def _next_deltas(self, name: str, state: State, rows: NDArray[np.int64], gradient: Floats, size: int) -> Floats:
        """The step sizes of ``rows`` after a step down ``gradient`` (n_rows,): (n_rows,), or (1,) where one serves all rows."""
        c, view = self.config, state.table(name).view()
        scale, when = step_of_deltas(c, view, self.n_features, size, state.step)
        out = np.empty(rows.size if view.stride else 1, float32)
        moments = state.optimizers[f"{name} steps"].moments
        delta_updater(c.step_direction)(gradient, rows, view, moments, scale, when, out)
        if not np.isfinite(gradient).all():
            raise TrainingDivergedError(f"training diverged in step {state.step + 1}: gradients are not finite, lower lr")
        return out

    def _store(self, name: str, state: State, moves: alpt.Moves, new: Floats, when: When) -> None:
        c, part, access = self.config, self._part(name, state), state.table(name).access
        noise = noise_of(c, name, state.step)
        if part.view.stride and not c.dense:
            self._over(moves.rows, alpt.row_storer(access, c.rounding, part.view.k), moves, part, new, noise)
            return
        store = alpt.table_storer(access, c.rounding, part.view.k, c.optimizer if c.dense else "")

        def work(start: int, stop: int) -> None:
            store(moves, part, new, noise, when, start, stop)

        run_ranges(work, self.n_features, c.n_threads, multiple=4)

    @staticmethod
    def _set_deltas(name: str, state: State, rows: NDArray[np.int64], new: Floats) -> None:
        view = state.table(name).view()
        view.deltas[rows if view.stride else slice(None)] = new


def spread(values: Floats, rows: NDArray[np.int64], n_rows: int) -> Floats:
    """The ``values`` of ``rows`` among zeros, (n_rows,)."""
    out = np.zeros(n_rows, float32)
    out[rows] = values
    return out


def byte_start(rows: NDArray[np.int64], at: int) -> int:
    """``at`` moved on to where rows[at - 1] and rows[at] share no byte: four rows fill whole bytes at any width."""
    while 0 < at < rows.size and rows[at] // 4 == rows[at - 1] // 4:
        at += 1
    return at
