"""``alpt-ref convergence``: the study of convergence errors."""

import argparse
import sys

from alpt_ref.cli.parsing import CommandError
from alpt_ref.reports.figures.convergence_error import draw
from alpt_ref.studies.convergence import run as convergence_error


def run(args: argparse.Namespace) -> None:
    """Run the study on generated problems and on the files given. Raises CommandError or DataError."""
    ctr = (args.ctr_train, args.ctr_valid, args.ctr_test)
    if None in ctr and any(ctr):
        raise CommandError("--ctr-train, --ctr-valid and --ctr-test go together")
    if args.threads < 1:
        raise CommandError(f"--threads must be a positive integer, got {args.threads}")
    click_data = ctr if all(ctr) else None
    try:
        convergence_error.run(args.data, click_data, args.out, threads=args.threads, quick=args.quick)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same command goes on from what {args.out} holds") from None
    figure = args.out / "convergence_error.png"
    draw(args.out, figure)
    print(f"Figure: {figure}", file=sys.stderr)
