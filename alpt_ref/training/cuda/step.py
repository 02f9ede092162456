"""One step on a minibatch on a GPU: the phases of ``training/step``, over the loops of ``kernels/cuda``, with the same bits."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy import float32, int32, int64
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows, no_weights
from alpt_ref.kernels.cuda import alpt, group, qat
from alpt_ref.kernels.cuda import rows as loops
from alpt_ref.kernels.cuda.launch import launch, launch_blocks
from alpt_ref.kernels.cuda.memory import out_of_memory, put
from alpt_ref.kernels.cuda.score import residuals, score
from alpt_ref.kernels.cuda.workspace import Workspace
from alpt_ref.kernels.storage import FLOATS, NOTHING, View
from alpt_ref.scalars.optimizers import Hyper, When, hyper
from alpt_ref.scalars.slopes import trial_of
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.cuda.batch import Sorted, over_all, sorted_batch
from alpt_ref.training.cuda.memory import check_fits
from alpt_ref.training.cuda.placed import Placed
from alpt_ref.training.forward import Floats, TrainingDivergedError
from alpt_ref.training.state import State
from alpt_ref.training.step import advance_of, noise_of, rule_of, step_of_deltas

LONG_BLOCKS = 512  # that take the rows with many entries


def _scalars(when: When) -> Hyper:
    return Hyper(*map(float32, hyper(when)))


@dataclass
class CudaStepper:
    """Steps on minibatches of one data set, for one configuration; between ``begin`` and ``end`` the state is on the GPU."""

    config: Config
    rows: Rows
    y: Floats
    n_features: int
    weights: Floats = field(default_factory=no_weights)
    room: Workspace = field(default_factory=Workspace)

    def __post_init__(self) -> None:
        self.asked = check_fits(self.config, self.n_features, self.rows)
        with out_of_memory("training", self.asked):
            self.data, self.labelled = tuple(put(array) for array in self.rows), (put(self.y), put(self.weights))
            self.diverged, self.one = put(np.zeros(1, int64)), put(np.ones(1, float32))

    def begin(self, state: State) -> None:
        """Copy ``state`` to the GPU."""
        with out_of_memory("training", self.asked):
            self.placed = Placed.of(state, self.config)
        self.width = {name: state.table(name).shape[1] for name in PARTS}

    def end(self, state: State) -> None:
        """Copy the state back, and let go of it on the GPU. Raises TrainingDivergedError."""
        placed = self.__dict__.pop("placed")  # while the next epoch's copy is made, or scores are, this one is no more
        placed.fetch(state)
        step = int(self.diverged.copy_to_host()[0])
        if step:
            raise TrainingDivergedError(f"training diverged in step {step}: logits or gradients are not finite, lower lr")

    def __call__(self, state: State, examples: NDArray[np.int64]) -> None:
        """Take one step on the minibatch ``examples``. MemoryError."""
        with out_of_memory("training", self.asked):
            self._step(state, examples)

    def _step(self, state: State, examples: NDArray[np.int64]) -> None:
        c, size = self.config, examples.size
        batch = put(examples)
        when = c.when(state.step + 1)
        h = _scalars(when)
        views = {name: self.placed.parts[name].view for name in PARTS}
        residual, sums = self._scored(self.placed.access, views, self.data, batch, batch, state.step + 1)
        if c.fit_intercept:
            total = self.room.array("bias gradient", 1, float32)
            launch_blocks(loops.sum_in_order, 1, residual, float32(1), total)
            launch_blocks(
                loops.bias_updater(c.optimizer), 1, self.placed.bias, total, self.placed.bias_moments, _scalars(when.of_bias)
            )
        by_row = sorted_batch(self.data, batch, self.n_features, self.room, residual, sums)
        if c.precision == "alpt":
            self._alpt(state, by_row, batch, h)
        else:
            wide = over_all(by_row, self.n_features, self.room) if c.dense else by_row
            for name in PARTS:
                if self.width[name]:
                    if c.storage_of(name) == "masters":
                        self._qat(name, state, wide, h, size)
                    else:
                        self._plain(name, state, wide, h)
        state.step += 1

    def _scored(self, access: Any, views: Any, rows: Any, batch: Any, labelled: Any, step: int) -> tuple[Any, Any]:
        """Residuals and factor sums of the examples ``batch`` of ``rows``, whose labels are those of ``labelled``."""
        size, k = batch.size, self.width["factors"]
        z, residual = self.room.array("z", size, float32), self.room.array("residual", size, float32)
        sums, pairs = self.room.array("sums", size * k, float32), self.room.array("pairs", size * k, float32)
        accesses = (access["linear"], access["factors"])
        score(accesses, k, rows, batch, (views["linear"], views["factors"], self.placed.bias), (z, sums, pairs))
        launch(residuals, size, z, *self.labelled, labelled, int64(step), residual, self.diverged)
        return residual, sums

    def _gradients(self, name: str, batch: Sorted, v: Any) -> Any:
        """Gradients of the rows of the batch at weights ``v``."""
        k, n_rows = self.width[name], batch.rows.size
        g = self.room.array("gradients", n_rows * k, float32)
        launch(loops.gradient_summer(k, name == "linear"), n_rows * k, batch.starts, batch.entries, v, g)
        most = max(batch.values.size // loops.LONG, 1)
        listed, count = self.room.array("listed", most, int32), self.room.array("n listed", 1, int32)
        launch(group.fill, 1, count, int32(0))
        launch(loops.list_long, n_rows, batch.starts, listed, count)
        long = loops.long_gradient_summer(k, name == "linear")
        launch_blocks(long, min(LONG_BLOCKS, most), listed, count, batch.starts, batch.entries, v, g)
        return g

    def _weights(self, name: str, batch: Sorted, out: str = "weights") -> Any:
        """The weights of the rows of the batch, as they are now."""
        k = self.width[name]
        v = self.room.array(f"{name} {out}", batch.rows.size * k, float32)
        launch(loops.weight_loader(self.placed.access[name], k), v.size, batch.rows, self.placed.parts[name].view, v)
        return v

    def _plain(self, name: str, state: State, batch: Sorted, h: Hyper) -> None:
        """Move floats, or the codes of LPT."""
        c, k = self.config, self.width[name]
        v = self._weights(name, batch)
        g = self._gradients(name, batch, v)
        update = loops.updater(self.placed.access[name], advance_of(c, name), c.optimizer, k)
        launch(update, g.size, batch.rows, self.placed.parts[name], v, g, h, noise_of(c, name, state.step))

    def _qat(self, name: str, state: State, batch: Sorted, h: Hyper, size: int) -> None:
        """Move the masters and step sizes of LSQ and PACT."""
        c, k = self.config, self.width[name]
        g = self._gradients(name, batch, self._weights(name, batch))
        slopes = self.room.array("slopes", g.size, float32)
        update = qat.updater(self.placed.access[name], rule_of(c), c.optimizer, k)
        launch(update, g.size, batch.rows, self.placed.parts[name], g, h, slopes)
        new = self._next_deltas(name, state, batch.rows, self._slope_sums(name, g, slopes), size)
        launch(alpt.set_deltas, new.size, batch.rows, new, self.placed.parts[name].view)

    def _slope_sums(self, name: str, g: Any, slopes: Any) -> Any:
        """The loss gradient of the step size of each row that ``g`` is of."""
        gradient = self.room.array("delta gradient", g.size // self.width[name], float32)
        launch(alpt.slope_summer(self.width[name]), gradient.size, g, slopes, gradient)
        return gradient

    def _alpt(self, state: State, batch: Sorted, examples: Any, h: Hyper) -> None:
        """Algorithm 1's three stages; the bias has moved."""
        c, size = self.config, examples.size
        coded = [name for name in PARTS if c.storage_of(name) == "codes" and self.width[name]]
        wide = over_all(batch, self.n_features, self.room) if c.dense else batch
        trials = {
            name: self._tried(name, batch, h) if name in coded else self._moved(name, state, batch, wide, h) for name in PARTS
        }
        tables = {name: View(trials[name][1], 32, self.one, 0, self.width[name]) for name in PARTS}
        access = {name: FLOATS if self.width[name] else NOTHING for name in PARTS}
        small = (batch.example_starts, batch.slot, batch.values)
        numbers = self.room.array("numbers", size, int32)
        launch(group.count_up, size, numbers)
        residual, sums = self._scored(access, tables, small, numbers, examples, state.step + 1)
        batch = replace(batch, entries=(*batch.entries[:2], residual, sums))
        for name in coded:
            moves, weights, slopes = trials[name]
            gradient = self._slope_sums(name, self._gradients(name, batch, weights), slopes)
            if c.dense:
                all_of = self.room.array("all gradients", self.n_features, float32)
                launch(group.fill, self.n_features, all_of, float32(0))
                launch(alpt.spread, batch.rows.size, gradient, batch.rows, all_of)
                gradient = all_of
            new = self._next_deltas(name, state, wide.rows, gradient, size)
            self._store(name, state, batch.rows, moves, new, h)
            launch(alpt.set_deltas, new.size, wide.rows, new, self.placed.parts[name].view)

    def _tried(self, name: str, batch: Sorted, h: Hyper) -> tuple[Any, Any, Any]:
        """Stage 1 of a part whose codes are tried: moves, weights to try, their slopes."""
        k, v = self.width[name], self._weights(name, batch)
        g = self._gradients(name, batch, v)
        trial = tuple(self.room.array(f"{name} {what}", g.size, float32) for what in ("moves", "tried", "slopes"))
        attempt = alpt.trier(self.placed.access[name], trial_of(self.config.ends), self.config.optimizer, k)
        launch(attempt, g.size, batch.rows, self.placed.parts[name], v, g, h, trial)
        return trial

    def _moved(self, name: str, state: State, batch: Sorted, wide: Sorted, h: Hyper) -> tuple[None, Any, None]:
        """Stage 1 of a part of floats, which move for good, and are tried where they are."""
        if self.width[name]:
            self._plain(name, state, wide, h)
        return None, self._weights(name, batch, "tried"), None

    def _next_deltas(self, name: str, state: State, rows: Any, gradient: Any, size: int) -> Any:
        """The step sizes of ``rows`` after a step down ``gradient``: (n_rows,), or (1,) where one serves all rows."""
        view = self.placed.parts[name].view
        scale, when = step_of_deltas(self.config, view, self.n_features, size, state.step)
        launch(alpt.note_infinite, gradient.size, gradient, int64(state.step + 1), self.diverged)
        out = self.room.array(f"{name} deltas", gradient.size if view.stride else 1, float32)
        if not view.stride:
            total = self.room.array("total", 1, float32)
            launch_blocks(loops.sum_in_order, 1, gradient, float32(1), total)
            gradient = total
        step = alpt.delta_updater(self.config.step_direction)
        launch(step, out.size, gradient, rows, view, self.placed.steps[name], scale, _scalars(when), out)
        return out

    def _store(self, name: str, state: State, rows: Any, moves: Any, new: Any, h: Hyper) -> None:
        c, part, k = self.config, self.placed.parts[name], self.width[name]
        noise = noise_of(c, name, state.step)
        if part.view.stride and not c.dense:
            launch(alpt.row_storer(self.placed.access[name], c.rounding, k), moves.size, rows, moves, part, new, noise)
            return
        n = self.n_features * k
        store = alpt.table_storer(self.placed.access[name], c.rounding, k, c.optimizer if c.dense else "")
        launch(store, n, n, rows, moves, part, new, noise, h)
