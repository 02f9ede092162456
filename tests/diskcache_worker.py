"""Trains one small model for each variant that it is given and prints, as JSON, a digest of each and the code that it loaded.

python tests/diskcache_worker.py precision/model/optimizer/rounding/bits ... quantize/rounding ...
"""

import gc
import hashlib
import json
import sys

import numpy as np
from numba.core.dispatcher import Dispatcher

from alpt_ref import FactorizationMachine, Grid, LogisticRegression, quantize
from alpt_ref.rng import normals, uniforms
from alpt_ref.scalars.diskcache import DiskCache


def data():
    x = normals(60 * 7, seed=5, stream=6).reshape(60, 7)
    return np.where(np.abs(x) < 0.6, 0, x), (uniforms(60, seed=6, stream=6) < 0.5).astype(float)


def digest(variant):
    if variant.startswith("quantize/"):
        return hashlib.sha256(quantize(data()[0], Grid(4, 0.11), variant.split("/")[1], seed=3).tobytes()).hexdigest()
    precision, model, optimizer, rounding, bits = variant.split("/")
    more = {"k": 3} if model == "fm" else {}
    kind = FactorizationMachine if model == "fm" else LogisticRegression
    fitted = kind(
        precision=precision,
        optimizer=optimizer,
        rounding=rounding,
        bits=int(bits),
        lr=0.1,
        batch_size=1 if bits == "12" else 16,
        epochs=2,
        **more,
    ).fit(*data())
    hashed = hashlib.sha256(np.float32(fitted.state_.bias).tobytes() + fitted.decision_function(data()[0]).tobytes())
    for table in (fitted.state_.linear, fitted.state_.factors):
        for name, array in sorted(table.to_arrays().items()):
            hashed.update(name.encode() + array.tobytes())
    return hashed.hexdigest()


def kept():
    return [
        function for function in gc.get_objects() if isinstance(function, Dispatcher) and isinstance(function._cache, DiskCache)
    ]


if __name__ == "__main__":
    digests = {variant: digest(variant) for variant in sys.argv[1:]}
    functions = kept()
    counts = [sum(sum(getattr(f.stats, name).values()) for f in functions) for name in ("cache_hits", "cache_misses")]
    asked = [type(argument).__name__ for f in functions for signature in f.overloads for argument in signature]
    print(
        json.dumps(
            {"digests": digests, "loaded": counts[0], "compiled": counts[1], "functions as arguments": "Dispatcher" in asked}
        )
    )
