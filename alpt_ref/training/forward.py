"""Logits of examples, for every way of keeping the weights."""

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows
from alpt_ref.kernels.cpu.score import Scores, range_scorer, scratch, widest
from alpt_ref.kernels.cpu.threads import run_ranges
from alpt_ref.kernels.storage import Tables
from alpt_ref.training.state import State
from alpt_ref.training.table import Table

Floats = NDArray[float32]
SCORE_BLOCK = 2**16  # examples scored at a time: their factor sums are scratch


class TrainingDivergedError(RuntimeError):
    """Weights, step sizes or logits are no longer finite."""


def score(tables: tuple[Table, Table], bias: float32, rows: Rows, batch: NDArray[np.int64], n_threads: int) -> Scores:
    """Logits (batch,) and factor sums (batch, k) of the examples ``batch``; ``tables`` are linear and factors."""
    views = Tables(tables[0].view(), tables[1].view(), bias)
    k = views.factors.k
    scores = Scores(np.empty(batch.size, float32), np.empty((batch.size, k), float32))
    score_range, most = range_scorer(tables[0].access, tables[1].access, k), int(widest(rows.indptr, batch))
    run_ranges(lambda a, b: score_range(rows, batch, views, scratch(most, k), scores, a, b), batch.size, n_threads)
    return scores


def logits(state: State, rows: Rows, n_threads: int, device: str = "cpu") -> Floats:
    """Logits of all examples; ValueError where finite inputs and weights give one that is not."""
    n = rows.indptr.size - 1
    z = np.empty(n, float32)
    if device == "cuda":
        from alpt_ref.training.cuda.forward import fill_logits

        fill_logits(state, rows, z)
    else:
        for a in range(0, n, SCORE_BLOCK):
            b = min(n, a + SCORE_BLOCK)
            z[a:b] = score((state.linear, state.factors), state.bias, rows, np.arange(a, b), n_threads).z
    finite = np.isfinite(z)
    if not finite.all():
        raise ValueError(f"the logit of example {int(np.argmin(finite))} is not finite: its values are too large")
    return z
