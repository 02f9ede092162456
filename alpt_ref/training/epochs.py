"""Training, epoch by epoch: validation, the best epoch, early stopping, checkpoints.

Everything random in epoch e is a function of (seed, e, step), so that a run that is stopped between epochs and goes on from
its state ends with the same bits.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.data.examples import Labelled, Rows, no_weights
from alpt_ref.kernels.cpu.online import Visits, trainer
from alpt_ref.kernels.cpu.score import scratch, widest
from alpt_ref.kernels.storage import Tables
from alpt_ref.metrics import evaluate
from alpt_ref.rng import permutation
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.interrupts import heed
from alpt_ref.training.checkpoint import Best, fingerprint, restore, save_checkpoint
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.forward import TrainingDivergedError, logits
from alpt_ref.training.state import State, initial_state
from alpt_ref.training.step import BatchStepper, Stepper, advance_of, noise_of
from alpt_ref.training.table import CodeTable

ONLINE = 2**16  # examples, one a step, between two looks at the keyboard


@dataclass(frozen=True)
class Trainer:
    """Runs the epochs of a state, for one configuration and data set."""

    config: Config
    rows: Rows
    y: NDArray[float32]
    n_features: int
    weights: NDArray[float32] = field(default_factory=no_weights)

    __repr__ = brief_repr

    @cached_property
    def step(self) -> Stepper:
        """Moves a state by one step on a minibatch."""
        if self.config.device == "cuda":
            from alpt_ref.training.cuda.step import CudaStepper

            return CudaStepper(self.config, self.rows, self.y, self.n_features, self.weights)
        return BatchStepper(self.config, self.rows, self.y, self.n_features, self.weights)

    def run_epoch(self, state: State) -> None:
        """One pass in an order drawn for the epoch; ``state`` moves in place."""
        config = self.config
        n = self.y.size
        order = permutation(n, seed=config.seed, step=state.epoch)
        n_steps = -(-n // config.batch_size)
        if state.step + n_steps >= 2**32:
            raise ValueError("more than 2^32 steps do not fit the random counter: use a larger batch_size")
        online = config.batch_size == 1 and config.device == "cpu"
        if online and config.optimizer == "sgd" and not (config.dense or config.learns_steps):
            for start in range(0, n, ONLINE):
                heed()
                self._online(state, order[start : start + ONLINE])
        else:
            self.step.begin(state)
            for start in range(0, n, config.batch_size):
                heed()
                self.step(state, order[start : start + config.batch_size])
            self.step.end(state)
        state.epoch += 1
        floats = [table.weights for table in (state.linear, state.factors) if not isinstance(table, CodeTable)]
        # Codes are finite where what moves them is no more.
        floats += [state.optimizers[part].moments for part in PARTS]
        if not all(math.isfinite(w.sum(dtype=np.float64)) for w in (*floats, np.asarray(state.bias))):
            raise TrainingDivergedError(f"training diverged in epoch {state.epoch}: weights are not finite, lower lr")

    def timed_epoch(self, state: State) -> dict[str, Any]:
        """Run one epoch; returns the record of it."""
        began = time.perf_counter()
        self.run_epoch(state)
        heed()
        return {"epoch": state.epoch, "seconds": time.perf_counter() - began}

    def _online(self, state: State, order: NDArray[np.int64]) -> None:
        c = self.config
        when = c.when(state.step + 1)
        noises = noise_of(c, "linear", state.step), noise_of(c, "factors", state.step)
        tables = Tables(state.linear.view(), state.factors.view(), state.bias)
        room = scratch(int(widest(self.rows.indptr, order)), c.k)
        train_range = trainer(state.linear.access, advance_of(c, "linear"), state.factors.access, advance_of(c, "factors"), c.k)
        ends = float32(c.box[0]), float32(c.box[1])
        bias = train_range(
            Visits(self.rows, self.y, self.weights, order), tables, ends, when, noises, room, bool(c.fit_intercept)
        )
        state.bias = float32(bias)
        state.step += order.size


def figure_of_merit(metrics: dict[str, float | None]) -> float:
    """The number whose largest value picks the best epoch: AUC, or -log-loss where there is no AUC."""
    auc = metrics["auc"]
    return auc if auc is not None else -(metrics["logloss"] or 0.0)


def fit(
    config: Config,
    train: Labelled,
    n_features: int,
    valid: Labelled | None = None,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[State, int]:
    """Train; returns the final state and the epoch whose weights it holds.

    With ``valid`` these are the weights of the epoch with the highest validation AUC (the earliest of equals), and
    training stops after ``config.patience`` epochs without a better one. ``checkpoint`` is rewritten after every epoch;
    ``resume`` goes on from it when it exists, and ends with the bits of an uninterrupted run. Raises TrainingDivergedError.
    """
    state, best = initial_state(config, n_features, valid is not None), None
    run = {} if checkpoint is None else fingerprint(config, train, valid, n_features)
    if resume and checkpoint is not None and checkpoint.exists():
        best = restore(checkpoint, config, state, run)
        _check_further(config, state, checkpoint)
    trainer = Trainer(config, train.rows, train.y, n_features, train.weights)
    while state.epoch < config.epochs and not _stale(config, state, best):
        record = trainer.timed_epoch(state)
        if valid is not None:
            record["valid"] = evaluate(valid.y, _valid_logits(state, valid.rows, config))
            figure = figure_of_merit(record["valid"])
            if best is None or figure > best.figure:
                best = Best(figure, state.epoch, state.linear.copy(), state.factors.copy(), state.bias)
        state.history.append(record)
        if checkpoint is not None:
            save_checkpoint(checkpoint, state, best, run)
        if on_epoch is not None:
            on_epoch(record)
    if best is None:
        return state, state.epoch
    state.linear, state.factors, state.bias = best.linear, best.factors, best.bias
    return state, best.epoch


def one_more(config: Config, train: Labelled, n_features: int, state: State) -> None:
    """Run one more epoch of ``state``, on any examples; the history has a record of it. Raises TrainingDivergedError."""
    state.history.append(Trainer(config, train.rows, train.y, n_features, train.weights).timed_epoch(state))


def _check_further(config: Config, state: State, checkpoint: Path) -> None:
    """ValueError where a run with the epochs and patience of ``config`` would have ended before the checkpoint."""
    if state.epoch > config.epochs:
        raise ValueError(f"{checkpoint}: has {state.epoch} epochs, resume with epochs of at least that, got {config.epochs}")
    best, at = -math.inf, 0
    for record in state.history if config.patience is not None else ():
        if at and record["epoch"] - 1 - at >= config.patience:
            said = f"went on to epoch {state.epoch}, where patience {config.patience} ends it after epoch {record['epoch'] - 1}"
            raise ValueError(f"{checkpoint}: {said}, resume with a larger patience")
        figure = figure_of_merit(record["valid"]) if "valid" in record else -math.inf
        if figure > best:
            best, at = figure, record["epoch"]


def _valid_logits(state: State, rows: Rows, config: Config) -> NDArray[float32]:
    try:
        return logits(state, rows, config.n_threads, config.device)
    except ValueError as error:
        raise TrainingDivergedError(f"training diverged in epoch {state.epoch}: in validation {error}") from None


def _stale(config: Config, state: State, best: Best | None) -> bool:
    return config.patience is not None and best is not None and state.epoch - best.epoch >= config.patience
