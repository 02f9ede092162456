"""The moves that training wants of each weight, in cells, before rounding: their moments, weight by weight.

A state that keeps codes is trained by its own rule. Before each step its weights and its optimizer's moments are copied into a
state of float weights, which takes the same step without rounding: the difference, over the step size, is the move.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.data.examples import as_rows
from alpt_ref.rng import permutation
from alpt_ref.tools.checks import as_labels
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.epochs import Trainer
from alpt_ref.training.state import State, initial_state
from alpt_ref.training.table import CodeTable, FloatTable

Floats = NDArray[float64]


@dataclass
class Moves:
    """Sums over the steps in which a weight was touched, float64 (n, k) each.

    n : steps. u, uu, uuu : moves and their powers. r, rr : moves rounded to nearest, and squared. spread : a(1 - a), the
    variance that stochastic rounding adds, a = frac(u). small, middle : steps with |u| < 1/2, and with 1/2 < |u| < 3/2.
    q, qq, qu : codes, squared, and times moves.
    """

    n: Floats
    u: Floats
    uu: Floats
    uuu: Floats
    r: Floats
    rr: Floats
    spread: Floats
    small: Floats
    middle: Floats
    q: Floats
    qq: Floats
    qu: Floats

    @classmethod
    def zero(cls, shape: tuple[int, ...]) -> "Moves":
        """Nothing seen yet."""
        return cls(**{each.name: np.zeros(shape) for each in fields(cls)})

    def see(self, rows: NDArray[Any], q: Floats, u: Floats) -> None:
        """Add one step: codes and moves of the rows that it touches, (rows, k)."""
        r, a, size = np.rint(u), u - np.floor(u), np.abs(u)
        inside = (size < 0.5, (size > 0.5) & (size < 1.5))
        seen = (1.0, u, u * u, u**3, r, r * r, a * (1.0 - a), *inside, q, q * q, q * u)
        for each, value in zip(fields(self), seen, strict=True):
            getattr(self, each.name)[rows] += value


def moves_of(config: Config, X: Any, y: Any, part: str, warm: int, epochs: int) -> Moves:
    """Train ``warm`` epochs, then watch the moves of ``part`` for ``epochs`` more. config : of LPT, updating touched rows."""
    rows, d = as_rows(X)
    labels, _ = as_labels(y, rows.indptr.size - 1)
    state = initial_state(config, d)
    trainer = Trainer(config, rows, labels, d)
    for _ in range(warm):
        trainer.run_epoch(state)
    floats = replace(config, precision="fp32", rounding="stochastic", delta=None)
    twin, watched = initial_state(floats, d), Moves.zero(_codes(state, part).shape)
    free = Trainer(floats, rows, labels, d).step
    for _ in range(epochs):
        order = permutation(labels.size, seed=config.seed, step=state.epoch)
        for start in range(0, labels.size, config.batch_size):
            batch = order[start : start + config.batch_size]
            _copy(state, twin)
            q, before = _codes(state, part), state.table(part).to_float().astype(float64)
            free(twin, batch)
            touched = np.unique(np.concatenate([rows.indices[rows.indptr[i] : rows.indptr[i + 1]] for i in batch]))
            move = (twin.table(part).to_float().astype(float64) - before) / _delta(state, part)
            watched.see(touched, q[touched], move[touched])
            trainer.step(state, batch)
        state.epoch += 1
    return watched


def _codes(state: State, part: str) -> Floats:
    table = state.table(part)
    assert isinstance(table, CodeTable)
    return table.codes().astype(float64)


def _delta(state: State, part: str) -> Floats:
    table = state.table(part)
    assert isinstance(table, CodeTable)
    return np.reshape(table.delta.astype(float64), (-1, 1))


def _copy(state: State, twin: State) -> None:
    """Weights, moments, bias and the step of ``state`` into a state of floats."""
    for part in PARTS:
        table = twin.table(part)
        assert isinstance(table, FloatTable)
        table.weights[:] = state.table(part).to_float()
    for name, optimizer in twin.optimizers.items():
        optimizer.moments[:] = state.optimizers[name].moments
    twin.bias, twin.step = state.bias, state.step
