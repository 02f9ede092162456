"""Memory that training takes of a GPU, asked for before it begins."""

import numpy as np

from alpt_ref.data.examples import Rows
from alpt_ref.grid import storage_bits
from alpt_ref.kernels.cuda.memory import free_bytes, gibibytes
from alpt_ref.scalars.optimizers import N_MOMENTS
from alpt_ref.training.config import PARTS, Config

PER_ENTRY = 16 * 4  # bytes of scratch for an entry of a batch: keys, places, values, and their sorted copies
GROWTH = 1.5  # of scratch that a larger batch outgrows


def table_bytes(config: Config, n_features: int) -> int:
    """Bytes of codes (or float weights) and step sizes of ``n_features`` features: what a GPU holds of a model."""
    total = 0
    for part, k in zip(PARTS, (int(config.fit_linear), config.k), strict=True):
        storage = config.storage_of(part)
        total += n_features * k * (storage_bits(config.bits) if storage == "codes" else 32) // 8
        by_row = (
            storage != "floats"
            and k
            and (np.ndim(config.delta_of(part)) or (config.learns_steps and config.steps_of(part) == "row"))
        )
        total += 4 * n_features if by_row else 4
    return total


def needed(config: Config, n_features: int, rows: Rows) -> int:
    """Bytes of a training run at its peak: the model, what optimizers keep of it, the data, and scratch of a batch."""
    weights = n_features * (config.k + int(config.fit_linear))
    kept = 4 * weights * N_MOMENTS[config.optimizer]
    if config.learns_steps:
        kept += 4 * 2 * n_features * N_MOMENTS[config.step_direction]
    data = sum(array.nbytes for array in rows) + 8 * (rows.indptr.size - 1)  # with labels, and weights of examples
    batch, widest = min(config.batch_size, rows.indptr.size - 1), int(np.diff(rows.indptr).max(initial=0))
    entries = min(batch * widest, rows.indices.size)
    of_rows = n_features if config.dense else min(entries, n_features)
    scratch = PER_ENTRY * entries + 8 * batch * (config.k + 4)
    scratch += 4 * of_rows * (config.k + 1) * (5 if config.precision == "alpt" else 3) + (8 * n_features if config.dense else 0)
    return table_bytes(config, n_features) + kept + data + int(GROWTH * scratch)


def check_fits(config: Config, n_features: int, rows: Rows) -> int:
    """Bytes that training takes; MemoryError, in one sentence, where they are more of the GPU's memory than is free."""
    asked, free = needed(config, n_features, rows), free_bytes()
    if asked > free:
        what = f"training of {n_features:,} features with {config.k} factors"
        raise MemoryError(f"{what} would take {gibibytes(asked)} of the GPU's memory, {gibibytes(free)} are free")
    return asked
