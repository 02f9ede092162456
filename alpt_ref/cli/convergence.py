"""``alpt-ref convergence``: the study of convergence errors."""

import argparse
import sys

from alpt_ref.cli import resumable
from alpt_ref.cli.executors import executing
from alpt_ref.cli.outputs import check_results
from alpt_ref.cli.parsing import CommandError
from alpt_ref.plots.pages.convergence_error import draw
from alpt_ref.reports.convergence import report
from alpt_ref.reports.publish import PAGE, publish
from alpt_ref.studies.convergence.run import run as measure
from alpt_ref.studies.convergence.settings import QUICK, Settings
from alpt_ref.tools.files import Record


def run(args: argparse.Namespace) -> None:
    """Run the study on generated problems and on the files given. Raises CommandError or DataError."""
    files = (args.ctr_train, args.ctr_valid, args.ctr_test)
    if None in files and any(files):
        raise CommandError("--ctr-train, --ctr-valid and --ctr-test go together")
    settings = QUICK if args.quick else Settings()
    figure = args.out / "convergence_error.png"

    def shown(record: Record) -> None:
        publish(report(record), args.out)

    with resumable(args.out), executing(args, args.out) as executor:
        check_results(args.out, ["convergence.json", "convergence.md", PAGE, figure.name], (*args.data, *filter(None, files)))
        clicks = files if all(files) else None
        record = measure(args.data, clicks, args.out, settings, executor=executor, on_stop=None if args.dry_run else shown)
        if not args.dry_run:
            shown(record)
            draw(args.out, figure)
            print(f"Figure: {figure}", file=sys.stderr)
