"""The ablation of ALPT on click data, one part changed at a time: measures, saves, prints."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alpt_ref.cli import command_line, resumable
from alpt_ref.cli.executors import executing
from alpt_ref.cli.parsing import Parser
from alpt_ref.cli.script import add_study_options
from alpt_ref.cli.study_options import executor_options
from alpt_ref.reports.ablation import report
from alpt_ref.reports.publish import publish
from alpt_ref.studies.click_data import load
from alpt_ref.studies.comparison.ablation import QUICK, AblationSettings, run


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__)
    parser.add_argument("--data", type=Path, help="training data, or all data, split 8:1:1; default: generated clicks")
    parser.add_argument("--valid", type=Path, help="picks the epoch that is kept")
    parser.add_argument("--test", type=Path, help="measured last")
    parser.add_argument("--format", help="libsvm, libfm, libffm, criteo, avazu, csv or movielens")
    parser.add_argument("--model", choices=("lr", "fm"), default="fm")
    add_study_options(parser, "results/alpt_ablation")
    executor_options(parser)
    return parser


def work(args: argparse.Namespace) -> None:
    """Measure, save, print."""
    settings = QUICK if args.quick else AblationSettings()
    with resumable(args.out), executing(args, args.out) as executor:
        data = load(args.data, args.valid, args.test, args.format, quick=args.quick)
        record = run(data, args.model, args.out, settings, executor=executor)
        if not args.dry_run:
            publish(report(record), args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    return command_line("alpt_ablation", options, work, argv)


if __name__ == "__main__":
    sys.exit(main())
