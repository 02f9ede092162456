"""Click data for benchmarks, made at once as rows of indices."""

import numpy as np

from alpt_ref.data.examples import Rows
from alpt_ref.rng import Stream, normals, uniforms


def clicks(n: int, fields: int, features: int) -> tuple[Rows, np.ndarray]:
    """n rows of one-hot fields of 10 to features / 2 values, log-uniform frequencies, hashed; clicks of a linear teacher."""
    u = uniforms(n * fields, seed=1, stream=Stream.DATA).reshape(n, fields)
    values = np.exp(u * np.log(np.geomspace(10, max(features / 2, 10), fields))).astype(np.int64)
    indices = ((values * 2654435761 + np.arange(fields) * 97531) % features).astype(np.int32)
    indices.sort(axis=1)
    logits = (0.3 * normals(features, seed=2, stream=Stream.DATA))[indices].sum(axis=1) - 1
    y = (uniforms(n, seed=3, stream=Stream.DATA) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    indptr = np.arange(0, n * fields + 1, fields, dtype=np.int64)
    return Rows(indptr, indices.reshape(-1), np.ones(n * fields, np.float32)), y
