"""Convergence error of full precision, nearest and stochastic rounding: measures, saves, prints."""

import argparse
from pathlib import Path

from alpt_ref.studies.convergence.run import run


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="libsvm files")
    parser.add_argument("--ctr", type=Path, nargs=3, metavar=("TRAIN", "VALID", "TEST"), help="libfm files")
    parser.add_argument("--out", type=Path, default=Path("results/convergence"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    args = parser.parse_args()
    run(args.data, tuple(args.ctr) if args.ctr else None, args.out, threads=args.threads, quick=args.quick)


if __name__ == "__main__":
    main()
