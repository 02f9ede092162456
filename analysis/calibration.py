"""Predicted against true click rates under nearest and stochastic rounding: measures, saves, prints."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alpt_ref.studies.calibration import run
from alpt_ref.threads import check_threads


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
    try:
        check_threads(args.threads)
        run(args.data, args.test, args.out, kind=args.format, threads=args.threads, quick=args.quick)
    except KeyboardInterrupt:
        print(f"calibration: interrupted: the same command goes on from what {args.out} holds", file=sys.stderr)
        return 130
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        print(f"calibration: error: {place}{error.strerror or error}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"calibration: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
