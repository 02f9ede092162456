"""Place each weight of a model in the phase diagram of rounding, and hold the prediction against the verdict on C2.

Run ``alpt-ref compare`` on the data first; its folder is --results, its data are --data, --valid and --test.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from alpt_ref.cli import command_line, resumable
from alpt_ref.cli.parsing import Parser, positive
from alpt_ref.reports.phases import report
from alpt_ref.reports.publish import publish
from alpt_ref.studies.click_data import load
from alpt_ref.studies.phases.run import Watch, run


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/compare"), help="folder of alpt-ref compare")
    parser.add_argument("--data", type=Path, help="as it was given to compare; default: generated clicks")
    parser.add_argument("--valid", type=Path)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--format", help="libsvm, libfm, libffm, criteo, avazu, csv or movielens")
    parser.add_argument("--warm", type=int, default=3, help="epochs before moves are watched")
    parser.add_argument("--epochs", type=int, default=2, help="epochs that are watched")
    parser.add_argument("--threads", type=positive, default=1)
    parser.add_argument("--quick", action="store_true", help="the tiny data of compare --quick")
    parser.add_argument("--out", type=Path, default=Path("results/skewness"))
    return parser


def work(args: argparse.Namespace) -> None:
    """Measure, save, print."""
    path = args.results / "compare.json"
    try:
        compared = json.loads(path.read_text())
    except ValueError:
        raise ValueError(f"{path} is not what alpt-ref compare writes") from None
    with resumable(args.out, lambda: "nothing is kept of it"):
        data = load(args.data, args.valid, args.test, args.format, quick=args.quick)
        publish(report(run(Watch(data, compared, args.warm, args.epochs, args.threads))), args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    return command_line("skewness", options, work, argv)


if __name__ == "__main__":
    sys.exit(main())
