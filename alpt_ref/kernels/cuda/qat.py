"""Quantization-aware training of float32 masters on a GPU: as in :mod:`alpt_ref.kernels.cpu.qat`, a thread for each weight."""

from functools import cache

from numba import cuda
from numpy import float32, int64

from alpt_ref.kernels.cuda.launch import kernel
from alpt_ref.kernels.storage import Access
from alpt_ref.scalars.optimizers import DIRECTIONS
from alpt_ref.scalars.rounding import Scalar
from alpt_ref.scalars.slopes import Slopes, master_position


@cache
def updater(access: Access, slopes: Slopes, optimizer: str, k: int) -> Scalar:
    """Kernel (rows, part, g, h, out): masters of ``rows`` make their step; their weights' slopes in the step size to ``out``.

    g, out : (n_rows * k,).
    """
    load, store, direction = access.load, access.store, DIRECTIONS[optimizer]
    slope, passes = slopes

    @kernel
    def update(rows, part, g, h, out):
        view, moments, lo, hi = part
        buffer, width, deltas, stride, _ = view
        for i in range(cuda.grid(1), g.size, cuda.gridsize(1)):
            j = int64(rows[i // k])
            place = j * k + i % k
            w = load(buffer, width, place)
            n, rest = master_position(w, deltas[j * stride], lo, hi)
            out[i] = slope(n, rest, lo, hi)
            through = g[i] if passes(n, rest, lo, hi) else float32(0)
            store(buffer, width, place, w + direction(through, w, moments, place, h))

    return update
