"""One step on a minibatch, for every way of keeping the weights."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, uint64
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows
from alpt_ref.kernels.cpu import alpt, group, qat
from alpt_ref.kernels.cpu import rows as update
from alpt_ref.kernels.cpu import score as cpu
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.kernels.storage import FLOATS
from alpt_ref.rng import Stream, random_bits_mask
from alpt_ref.scalars.moves import DIRECTIONS, advance_float, code_advance, code_regrid
from alpt_ref.scalars.rounding import Scalar
from alpt_ref.scalars.slopes import gradient_scale, lsq_slope, pact_slope
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.forward import TrainingDivergedError, score
from alpt_ref.training.state import State
from alpt_ref.training.table import FloatTable

STREAMS = dict(zip(PARTS, (Stream.LINEAR, Stream.FACTORS), strict=True))
Floats = NDArray[float32]


class Grouped(NamedTuple):
    """A minibatch by feature, see ``kernels.group``.

    rows : rows of the tables that move. starts : where each row's entries begin.
    entries : their (position in the batch, value).
    by_row : the order that sorts the batch's entries by feature. values : of the entries, example by example.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    entries: tuple[Any, Any]
    by_row: NDArray[np.int32]
    values: Floats


@dataclass(frozen=True)
class BatchStepper:
    """Steps on minibatches of one data set, for one configuration: ``stepper(state, batch)`` moves ``state`` in place."""

    config: Config
    rows: Rows
    y: Floats
    n_features: int

    @cached_property
    def box(self) -> tuple[float32, float32]:
        """Smallest and largest code."""
        lo, hi = self.config.box
        return float32(lo), float32(hi)

    def __call__(self, state: State, batch: NDArray[np.int64]) -> None:
        """One step on the examples ``batch``. Raises TrainingDivergedError."""
        c = self.config
        z, sums = score((state.linear, state.factors), state.bias, self.rows, batch, c.n_threads)
        residual = self._residuals(z, self.y[batch], state)
        when = (float(c.lr), c.decays, float(c.l2), state.step + 1)
        if c.fit_intercept:
            moments = state.optimizers["bias"].moments
            state.bias = float32(update.update_bias(state.bias, residual, DIRECTIONS[c.optimizer], moments, when))
        if c.precision == "alpt":
            self._alpt(state, batch, residual, sums, when)
        elif c.learns_steps:
            self._qat(state, batch, residual, sums, when)
        else:
            self._plain(state, batch, residual, sums, when)
        state.step += 1

    def _residuals(self, z: Floats, y: Floats, state: State) -> Floats:
        residual = np.empty(z.size, float32)
        cpu.residuals(z, y, residual)
        if not np.isfinite(residual).all():  # codes would saturate without a word
            raise TrainingDivergedError(f"training diverged in step {state.step + 1}: logits are not finite, lower lr")
        return residual

    def _parts(self) -> tuple[str, ...]:
        return PARTS if self.config.k else PARTS[:1]

    def _draw(self, part: str, state: State) -> tuple[bool, Any, tuple[uint64, uint64, uint64]]:
        """Whether words are drawn, how many bits of them count, and the counter."""
        c = self.config
        counter = (uint64(state.step), uint64(STREAMS[part]), uint64(c.seed))
        return c.stores_codes and c.rounding == "stochastic", random_bits_mask(c.random_bits), counter

    def _grouped(self, batch: NDArray[np.int64]) -> Grouped:
        feature, position, value = group.batch_entries(*self.rows, batch)
        by_row = group.stable_order(feature, self.n_features - 1)
        entries = (position[by_row], value[by_row])
        if not self.config.dense:
            rows, starts = group.distinct(feature[by_row])
            return Grouped(rows, starts, entries, by_row, value)
        counts = np.bincount(feature, minlength=self.n_features)
        return Grouped(np.arange(self.n_features), np.concatenate(([0], np.cumsum(counts))), entries, by_row, value)

    def _over(self, rows: NDArray[np.int64], kernel: Scalar, what: tuple[Any, ...], out: tuple[Any, ...] = ()) -> None:
        """``kernel(*what, start, stop, *out)`` on ranges of ``rows`` that share no byte."""

        def work(start: int, stop: int) -> None:
            kernel(*what, byte_start(rows, start), byte_start(rows, stop), *out)

        run_ranges(work, rows.size, self.config.n_threads)

    def _plain(self, state: State, batch: NDArray[np.int64], residual: Floats, sums: Floats, when: Any) -> None:
        """fp32 and LPT."""
        c, g = self.config, self._grouped(batch)
        advance = code_advance(c.rounding) if c.stores_codes else advance_float
        for part in self._parts():
            table = state.table(part)
            how = (table.access, advance, DIRECTIONS[c.optimizer], table.shape[1], part == "linear")
            move, moments = update.updater(*how), state.optimizers[part].moments
            what = (g.entries, residual, sums, g.rows, g.starts, table.view(), (moments, self.box), when)
            self._over(g.rows, move, (*what, self._draw(part, state)))

    def _qat(self, state: State, batch: NDArray[np.int64], residual: Floats, sums: Floats, when: Any) -> None:
        """LSQ and PACT."""
        c, g = self.config, self._grouped(batch)
        slope = lsq_slope if c.precision == "lsq" else pact_slope
        for part in self._parts():
            table = state.table(part)
            move = qat.updater(table.access, slope, DIRECTIONS[c.optimizer], table.shape[1], part == "linear")
            gradient = np.empty(g.rows.size, float32)
            state_of = (state.optimizers[part].moments, self.box)
            what = (g.entries, residual, sums, g.rows, g.starts, table.view(), state_of, when)
            self._over(g.rows, move, what, (gradient,))
            self._set_deltas(part, state, g.rows, self._next_deltas(part, state, g.rows, gradient, batch.size))

    def _alpt(self, state: State, batch: NDArray[np.int64], residual: Floats, sums: Floats, when: Any) -> None:
        """The three stages; the bias has moved."""
        c, g = self.config, self._grouped(batch)
        tried = {}
        for part in PARTS:
            table = state.table(part)
            k = table.shape[1]
            scratch = tuple(np.empty((g.rows.size, k), float32) for _ in range(3))
            if k:
                attempt = alpt.trier(table.access, DIRECTIONS[c.optimizer], k, part == "linear")
                state_of = (state.optimizers[part].moments, self.box)
                what = (g.entries, residual, sums, g.rows, g.starts, table.view(), state_of, when)
                self._over(g.rows, attempt, what, scratch)
            tried[part] = scratch
        z, sums = self._score_trial(batch, g, (tried["linear"][1], tried["factors"][1]), state)
        residual = self._residuals(z, self.y[batch], state)
        for part in self._parts():
            moves, trial, slopes = tried[part]
            gradient = np.empty(g.rows.size, float32)
            total = alpt.slope_summer(trial.shape[1], part == "linear")
            self._over(g.rows, total, (g.entries, residual, sums, g.starts, trial, slopes), (gradient,))
            new = self._next_deltas(part, state, g.rows, gradient, batch.size)
            self._store(part, state, g.rows, moves, new)
            self._set_deltas(part, state, g.rows, new)

    def _score_trial(
        self, batch: NDArray[np.int64], g: Grouped, trial: tuple[Floats, Floats], state: State
    ) -> tuple[Floats, Floats]:
        """The batch scored with its rows' trial weights: a small problem in which the rows are renumbered."""
        lengths = self.rows.indptr[batch + 1] - self.rows.indptr[batch]
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        slots = alpt.renumbered(g.by_row, g.starts)
        tables = (FloatTable(trial[0], FLOATS), FloatTable(trial[1], FLOATS))
        rows = Rows(indptr, slots, g.values)
        return score(tables, state.bias, rows, np.arange(batch.size), self.config.n_threads)

    def _next_deltas(self, part: str, state: State, rows: NDArray[np.int64], gradient: Floats, batch: int) -> Floats:
        """(rows,) or (1,)."""
        c, view, q_hi = self.config, state.table(part).view(), int(self.box[1])
        scale, per_delta = gradient_scale(c.step_scale, batch, view.k, q_hi), 1.0
        if c.precision == "pact":  # what is learned is the clip delta q_hi
            scale, per_delta = 1.0 / q_hi, float(q_hi)
        when = (float(c.step_lr) / per_delta, c.decays, float(c.step_l2) * per_delta, state.step + 1)
        moments = state.optimizers[f"{part} steps"].moments
        out = np.empty(rows.size if view.stride else 1, float32)
        how = (moments, float32(scale), when, out)
        update.next_deltas(DIRECTIONS[c.step_direction], gradient, rows, view.deltas, view.stride, *how)
        if not np.isfinite(gradient).all():
            raise TrainingDivergedError(f"training diverged in step {state.step + 1}: gradients are not finite, lower lr")
        return out

    def _store(self, part: str, state: State, rows: NDArray[np.int64], moves: Floats, new: Floats) -> None:
        c, table = self.config, state.table(part)
        view, regrid = table.view(), code_regrid(c.rounding)
        what = (rows, view, moves, new, self.box, self._draw(part, state))
        if view.stride:
            store = alpt.row_storer(table.access, regrid, view.k)
            self._over(rows, store, what)
        else:
            store = alpt.table_storer(table.access, regrid, view.k)
            run_ranges(lambda a, b: store(*what, a, b), self.n_features, c.n_threads, multiple=4)

    @staticmethod
    def _set_deltas(part: str, state: State, rows: NDArray[np.int64], new: Floats) -> None:
        view = state.table(part).view()
        view.deltas[rows if view.stride else slice(None)] = new


def byte_start(rows: NDArray[np.int64], at: int) -> int:
    """``at`` moved on to where rows[at - 1] and rows[at] share no byte: four rows fill whole bytes at any width."""
    while 0 < at < rows.size and rows[at] // 4 == rows[at - 1] // 4:
        at += 1
    return at
