"""One step on a minibatch on a GPU: the phases of ``training/step``, over the loops of ``kernels/cuda``, with the same bits."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy import float32, int32
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows
from alpt_ref.kernels.cuda import alpt, group, qat
from alpt_ref.kernels.cuda import rows as loops
from alpt_ref.kernels.cuda.access import on_device
from alpt_ref.kernels.cuda.launch import launch, launch_blocks
from alpt_ref.kernels.cuda.memory import fetch, put, put_view
from alpt_ref.kernels.cuda.scan import n_tiles, scan
from alpt_ref.kernels.cuda.score import residuals, score
from alpt_ref.kernels.cuda.workspace import Workspace
from alpt_ref.kernels.storage import FLOATS, NOTHING, Part, View
from alpt_ref.scalars.moves import Hyper, When, hyper
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.forward import Floats, TrainingDivergedError
from alpt_ref.training.state import State
from alpt_ref.training.step import advance_of, noise_of, slope_of, step_of_deltas

LONG_BLOCKS = 512  # that take the rows with many entries


@dataclass
class Placed:
    """The arrays of a state, on the device."""

    parts: dict[str, Part]
    steps: dict[str, Any]  # moments of the step sizes
    bias: Any
    bias_moments: Any


@dataclass
class Sorted:
    """A minibatch on the device, by feature, as ``kernels.cpu.group.Batch``."""

    rows: Any  # (n_rows,) int32
    starts: Any  # (n_rows + 1,) int32
    entries: tuple[Any, Any, Any, Any]  # position, value, residual, sums
    slot: Any  # of each entry, example by example: the place of its row
    example_starts: Any  # (batch + 1,) int32
    values: Any  # example by example


@dataclass
class CudaStepper:
    """Steps on minibatches of one data set, for one configuration; between ``begin`` and ``end`` the state is on the device."""

    config: Config
    rows: Rows
    y: Floats
    n_features: int
    room: Workspace = field(default_factory=Workspace)

    def __post_init__(self) -> None:
        self.data = tuple(put(array) for array in self.rows)
        self.labels = put(self.y)
        self.diverged = put(np.zeros(1, int32))
        self.one = put(np.ones(1, float32))

    def begin(self, state: State) -> None:
        """Copy ``state`` to the device."""
        lo, hi = map(float32, self.config.box)
        parts, steps = {}, {}
        for name in PARTS:
            moments = put(state.optimizers[name].moments)
            parts[name] = Part(put_view(state.table(name).view()), moments, lo, hi)
            steps[name] = put(state.optimizers[f"{name} steps"].moments)
        self.access = {name: on_device(state.table(name).access) for name in PARTS}
        bias, moments = put(np.array([state.bias], float32)), put(state.optimizers["bias"].moments)
        self.placed = Placed(parts, steps, bias, moments)
        self.streams = {name: state.table(name).shape[1] for name in PARTS}

    def end(self, state: State) -> None:
        """Copy the state back. Raises TrainingDivergedError."""
        for name in PARTS:
            view = state.table(name).view()
            fetch(self.placed.parts[name].view.buffer, view.buffer)
            fetch(self.placed.parts[name].view.deltas, view.deltas)
            fetch(self.placed.parts[name].moments, state.optimizers[name].moments)
            fetch(self.placed.steps[name], state.optimizers[f"{name} steps"].moments)
        fetch(self.placed.bias_moments, state.optimizers["bias"].moments)
        state.bias = float32(self.placed.bias.copy_to_host()[0])
        self._check()

    def _check(self) -> None:
        step = int(self.diverged.copy_to_host()[0])
        if step:
            raise TrainingDivergedError(f"training diverged in step {step}: logits are not finite, lower lr")

    def __call__(self, state: State, examples: NDArray[np.int64]) -> None:
        """Take one step on the minibatch ``examples``."""
        c, size, k = self.config, examples.size, self.streams["factors"]
        batch = put(examples)
        when = When(float(c.lr), c.decays, float(c.l2), state.step + 1)
        h = Hyper(*map(float32, hyper(when)))
        views = {name: self.placed.parts[name].view for name in PARTS}
        residual, sums = self._scored(self.access, views, self.data, batch, batch, state.step + 1)
        if c.fit_intercept:
            total = self.room.array("bias gradient", 1, float32)
            launch_blocks(loops.sum_in_order, 1, residual, float32(1), total)
            launch_blocks(loops.bias_updater(c.optimizer), 1, self.placed.bias, total, self.placed.bias_moments, h)
        by_row = self._sorted(batch, residual, sums)
        if c.precision == "alpt":
            self._alpt(state, by_row, batch, h, k)
        else:
            wide = self._over_all(by_row) if c.dense else by_row
            for name in PARTS:
                if self.streams[name]:
                    (self._qat if c.storage_of(name) == "masters" else self._plain)(name, state, wide, h, size)
        state.step += 1

    def _scored(self, access: Any, views: Any, rows: Any, batch: Any, labelled: Any, step: int) -> tuple[Any, Any]:
        """Residuals and factor sums of the examples ``batch`` of ``rows``, whose labels are those of ``labelled``."""
        size, k = batch.size, self.streams["factors"]
        z, residual = self.room.array("z", size, float32), self.room.array("residual", size, float32)
        sums, pairs = self.room.array("sums", size * k, float32), self.room.array("pairs", size * k, float32)
        accesses = (access["linear"], access["factors"])
        score(accesses, k, rows, batch, (views["linear"], views["factors"], self.placed.bias), (z, sums, pairs))
        launch(residuals, size, z, self.labels, labelled, int32(step), residual, self.diverged)
        return residual, sums

    def _sorted(self, batch: Any, residual: Any, sums: Any) -> Sorted:
        room, size = self.room, batch.size
        lengths = room.array("example starts", size + 1, int32)
        launch(group.batch_lengths, size, self.data[0], batch, lengths)
        scan(lengths, room.array("tile sums", n_tiles(size + 1), int32), lengths)
        n = int(lengths[size : size + 1].copy_to_host()[0])
        feature, position = room.array("feature", n, int32), room.array("position", n, int32)
        value = room.array("value", n, float32)
        launch(group.batch_entries, size, self.data, batch, lengths, feature, position, value)
        keys, order = group.sort_pairs(feature, self.n_features - 1, room)
        places, rows = room.array("places", n, int32), room.array("rows", n, int32)
        starts = room.array("starts", n + 1, int32)
        launch(group.mark_heads, n, keys, places)
        scan(places, room.array("tile sums", n_tiles(n), int32), places)
        launch(group.place_rows, n, keys, places, rows, starts)
        n_rows = int(places[n - 1 : n].copy_to_host()[0]) + 1 if n else 0
        slot = room.array("slot", n, int32)
        sorted_position, sorted_value = room.array("sorted position", n, int32), room.array("sorted value", n, float32)
        launch(group.permute, n, order, position, value, slot, places, sorted_position, sorted_value)
        entries = (sorted_position, sorted_value, residual, sums)
        return Sorted(rows[:n_rows], starts[: n_rows + 1], entries, slot, lengths, value)

    def _over_all(self, batch: Sorted) -> Sorted:
        """The batch with all rows of the tables, most of which have no entries."""
        n, room = self.n_features, self.room
        starts, rows = room.array("all starts", n + 1, int32), room.array("all rows", n, int32)
        launch(group.fill, n + 1, starts, int32(0))
        launch(group.spread_lengths, batch.rows.size, batch.rows, batch.starts, starts)
        scan(starts, room.array("tile sums", n_tiles(n + 1), int32), starts)
        launch(group.count_up, n, rows)
        return replace(batch, rows=rows, starts=starts)

    def _gradients(self, name: str, batch: Sorted, v: Any, out: str) -> Any:
        """Gradients of the rows of the batch at weights ``v``, into the array ``out``."""
        k, n_rows = self.streams[name], batch.rows.size
        g = self.room.array(out, n_rows * k, float32)
        launch(loops.gradient_summer(k, name == "linear"), n_rows * k, batch.starts, batch.entries, v, g)
        most = max(batch.values.size // loops.LONG, 1)
        listed, count = self.room.array("listed", most, int32), self.room.array("n listed", 1, int32)
        launch(group.fill, 1, count, int32(0))
        launch(loops.list_long, n_rows, batch.starts, listed, count)
        long = loops.long_gradient_summer(k, name == "linear")
        launch_blocks(long, min(LONG_BLOCKS, most), listed, count, batch.starts, batch.entries, v, g)
        return g

    def _weights(self, name: str, batch: Sorted) -> Any:
        k = self.streams[name]
        v = self.room.array(f"{name} weights", batch.rows.size * k, float32)
        launch(loops.weight_loader(self.access[name], k), v.size, batch.rows, self.placed.parts[name].view, v)
        return v

    def _plain(self, name: str, state: State, batch: Sorted, h: Hyper, size: int) -> None:
        """Move floats, or the codes of LPT."""
        c, k = self.config, self.streams[name]
        v = self._weights(name, batch)
        g = self._gradients(name, batch, v, "gradients")
        update = loops.updater(self.access[name], advance_of(c, name), c.optimizer, k)
        launch(update, g.size, batch.rows, self.placed.parts[name], v, g, h, noise_of(c, name, state.step))

    def _qat(self, name: str, state: State, batch: Sorted, h: Hyper, size: int) -> None:
        """Move the masters and step sizes of LSQ and PACT."""
        c, k = self.config, self.streams[name]
        g = self._gradients(name, batch, self._weights(name, batch), "gradients")
        slopes = self.room.array("slopes", g.size, float32)
        update = qat.updater(self.access[name], slope_of(c), c.optimizer, k)
        launch(update, g.size, batch.rows, self.placed.parts[name], g, h, slopes)
        gradient = self.room.array("delta gradient", batch.rows.size, float32)
        launch(alpt.slope_summer(k), gradient.size, g, slopes, gradient)
        new = self._next_deltas(name, state, batch.rows, gradient, size)
        launch(alpt.set_deltas, new.size, batch.rows, new, self.placed.parts[name].view)

    def _alpt(self, state: State, batch: Sorted, examples: Any, h: Hyper, k: int) -> None:
        """Algorithm 1's three stages; the bias has moved."""
        c, size = self.config, examples.size
        coded = [name for name in PARTS if c.storage_of(name) == "codes" and self.streams[name]]
        trials = {name: self._tried(name, state, batch, h, name in coded, size) for name in PARTS}
        tables = {name: View(trials[name][1], 32, self.one, 0, self.streams[name]) for name in PARTS}
        access = {name: FLOATS if self.streams[name] else NOTHING for name in PARTS}
        small = (batch.example_starts, batch.slot, batch.values)
        numbers = self.room.array("numbers", size, int32)
        launch(group.count_up, size, numbers)
        residual, sums = self._scored(access, tables, small, numbers, examples, state.step + 1)
        batch = replace(batch, entries=(*batch.entries[:2], residual, sums))
        for name in coded:
            moves, weights, slopes = trials[name]
            g = self._gradients(name, batch, weights, "gradients")
            gradient = self.room.array("delta gradient", batch.rows.size, float32)
            launch(alpt.slope_summer(self.streams[name]), gradient.size, g, slopes, gradient)
            rows = batch.rows
            if c.dense:
                rows, all_of = self._over_all(batch).rows, self.room.array("all gradients", self.n_features, float32)
                launch(group.fill, self.n_features, all_of, float32(0))
                launch(alpt.spread, batch.rows.size, gradient, batch.rows, all_of)
                gradient = all_of
            new = self._next_deltas(name, state, rows, gradient, size)
            self._store(name, state, batch.rows, moves, new, h)
            launch(alpt.set_deltas, new.size, rows, new, self.placed.parts[name].view)

    def _tried(self, name: str, state: State, batch: Sorted, h: Hyper, coded: bool, size: int) -> tuple[Any, Any, Any]:
        """Stage 1 of a part on the rows of the batch. Floats move for good, and are tried where they are."""
        c, k = self.config, self.streams[name]
        trial = tuple(self.room.array(f"{name} {what}", batch.rows.size * k, float32) for what in ("moves", "tried", "slopes"))
        if coded:
            v = self._weights(name, batch)
            g = self._gradients(name, batch, v, "gradients")
            attempt = alpt.trier(self.access[name], c.optimizer, k)
            launch(attempt, g.size, batch.rows, self.placed.parts[name], v, g, h, trial)
        elif k:
            self._plain(name, state, self._over_all(batch) if c.dense else batch, h, size)
            launch(loops.weight_loader(self.access[name], k), trial[1].size, batch.rows, self.placed.parts[name].view, trial[1])
        return trial

    def _next_deltas(self, name: str, state: State, rows: Any, gradient: Any, size: int) -> Any:
        """The step sizes of ``rows`` after a step down ``gradient``: (n_rows,), or (1,) where one serves all rows."""
        view = self.placed.parts[name].view
        scale, when = step_of_deltas(self.config, view, self.n_features, size, state.step)
        launch(alpt.note_infinite, gradient.size, gradient, int32(state.step + 1), self.diverged)
        out = self.room.array(f"{name} deltas", gradient.size if view.stride else 1, float32)
        if not view.stride:
            total = self.room.array("total", 1, float32)
            launch_blocks(loops.sum_in_order, 1, gradient, float32(1), total)
            gradient = total
        step = alpt.delta_updater(self.config.step_direction)
        launch(step, out.size, gradient, rows, view, self.placed.steps[name], scale, Hyper(*map(float32, hyper(when))), out)
        return out

    def _store(self, name: str, state: State, rows: Any, moves: Any, new: Any, h: Hyper) -> None:
        c, part, k = self.config, self.placed.parts[name], self.streams[name]
        noise = noise_of(c, name, state.step)
        if part.view.stride and not c.dense:
            launch(alpt.row_storer(self.access[name], c.rounding, k), moves.size, rows, moves, part, new, noise)
            return
        n = self.n_features * k
        store = alpt.table_storer(self.access[name], c.rounding, k, c.optimizer if c.dense else "")
        launch(store, n, n, rows, moves, part, new, noise, h)
