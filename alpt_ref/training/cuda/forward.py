"""Logits of examples on a GPU."""

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.data.examples import Rows
from alpt_ref.kernels.cuda.access import on_device
from alpt_ref.kernels.cuda.memory import out_of_memory, put, put_view
from alpt_ref.kernels.cuda.score import score
from alpt_ref.kernels.cuda.workspace import Workspace
from alpt_ref.training.state import State

BLOCK = 2**16  # examples that are on the GPU at a time


def fill_logits(state: State, rows: Rows, z: NDArray[float32]) -> None:
    """Logits of all examples into ``z`` (n,). MemoryError where the GPU has no room."""
    views, k, n = (state.linear.view(), state.factors.view()), state.factors.shape[1], min(z.size, BLOCK)
    asked = sum(view.buffer.nbytes + view.deltas.nbytes for view in views) + 8 * n * (k + 1)
    asked += 8 * int(rows.indptr[-1]) * n // max(z.size, 1)
    with out_of_memory("scoring", asked):
        tables = (*map(put_view, views), put(np.array([state.bias], float32)))
        accesses, room = (on_device(state.linear.access), on_device(state.factors.access)), Workspace()
        for a in range(0, z.size, BLOCK):
            b = min(z.size, a + BLOCK)
            first, last = rows.indptr[a], rows.indptr[b]
            held = (put(rows.indptr[a : b + 1] - first), put(rows.indices[first:last]), put(rows.values[first:last]))
            of_block = room.array("z", b - a, float32)
            sums, pairs = room.array("sums", (b - a) * k, float32), room.array("pairs", (b - a) * k, float32)
            score(accesses, k, held, put(np.arange(b - a)), tables, (of_block, sums, pairs))
            z[a:b] = of_block.copy_to_host()
