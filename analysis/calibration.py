"""Predicted against true click rates under nearest and stochastic rounding: measures, saves, prints."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alpt_ref.cli import guarded
from alpt_ref.studies.calibration.run import run
from alpt_ref.tools.checks import check_threads


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="click data to train on, for one more table")
    parser.add_argument("--test", type=Path, help="click data to predict; default: every fifth row of --data, held out")
    parser.add_argument("--format", default="libfm", help="of both files: libfm (default), libsvm, libffm, criteo, avazu")
    parser.add_argument("--out", type=Path, default=Path("results/calibration"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    args = parser.parse_args(argv)

    def work() -> None:
        check_threads(args.threads)
        try:
            run(args.data, args.test, args.out, kind=args.format, threads=args.threads, quick=args.quick)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"the same command goes on from what {args.out} holds") from None

    return guarded("calibration", work)


if __name__ == "__main__":
    sys.exit(main())
