"""Predicted against true click rates under nearest and stochastic rounding: measures, saves, prints."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alpt_ref.cli import command_line, resumable
from alpt_ref.cli.executors import executing
from alpt_ref.cli.parsing import Parser
from alpt_ref.cli.script import add_study_options
from alpt_ref.cli.study_options import executor_options
from alpt_ref.reports.calibration import report
from alpt_ref.reports.publish import publish
from alpt_ref.studies.calibration.run import QUICK, CalibrationSettings, run


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__)
    parser.add_argument("--data", type=Path, help="click data to train on, for one more table")
    parser.add_argument("--test", type=Path, help="click data to predict; default: every fifth row of --data, held out")
    parser.add_argument("--format", default="libfm", help="of both files: libfm (default), libsvm, libffm, criteo, avazu")
    add_study_options(parser, "results/calibration")
    executor_options(parser)
    return parser


def work(args: argparse.Namespace) -> None:
    """Measure, save, print."""
    settings = QUICK if args.quick else CalibrationSettings()
    with resumable(args.out), executing(args, args.out) as executor:
        record = run(args.data, args.test, args.format, args.out, settings, executor=executor)
        if not args.dry_run:
            publish(report(record), args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    return command_line("calibration", options, work, argv)


if __name__ == "__main__":
    sys.exit(main())
