"""Bytes of a GPU's memory that a low-precision factorization machine takes. Needs no GPU, but the extra ``cuda``.

    python analysis/gpu_memory.py [--parameters N] [--k N] [--bits N]

Prints the bytes of codes and step sizes, as they lie on the GPU, with one step size a feature in both tables, and with the
default, one for the linear table; then the bytes of a training run at its peak: those, what the optimizer keeps (float32), the
data of a million examples of 39 fields, and the scratch of a batch of 65,536.
"""

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the checkout, from wherever this runs

import numpy as np

from alpt_ref.data.examples import Rows
from alpt_ref.training.config import Config

EXAMPLES, FIELDS, BATCH = 10**6, 39, 65_536


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Bytes of a GPU's memory that a factorization machine takes.")
    parser.add_argument("--parameters", type=int, default=10**9, help="factors of all features (default: 1,000,000,000)")
    parser.add_argument("--k", type=int, default=16, help="factors of a feature (default: 16)")
    parser.add_argument("--bits", type=int, default=4, help="width of a code (default: 4)")
    args = parser.parse_args()
    try:
        from alpt_ref.training.cuda.memory import needed, table_bytes

        row = Config(k=args.k, precision="alpt", bits=args.bits, update="touched", batch_size=BATCH, step=("row", "row"))
    except (ImportError, ValueError) as error:
        parser.error(str(error))
    if args.parameters < args.k or args.k < 1:
        parser.error("argument --parameters: must be at least --k, and --k at least 1")
    features = args.parameters // args.k
    indptr = np.arange(0, EXAMPLES * FIELDS + 1, FIELDS, dtype=np.int64)
    rows = Rows(indptr, np.zeros(EXAMPLES * FIELDS, np.int32), np.zeros(EXAMPLES * FIELDS, np.float32))
    print(f"{features:,} features, k = {args.k}, {args.bits} bits: {features * (args.k + 1):,} codes")
    for name, config in (("a step size a row", row), ("the linear table has one", replace(row, step=None))):
        print(f"codes and step sizes, {name}: {table_bytes(config, features) / 2**30:.3f} GiB")
    for optimizer in ("sgd", "adagrad", "adam"):
        peak = needed(replace(row, optimizer=optimizer, step_optimizer="sgd"), features, rows)
        print(f"a training run at its peak, {optimizer}: {peak / 2**30:.3f} GiB")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has seen enough, head for one, may go
    main()
