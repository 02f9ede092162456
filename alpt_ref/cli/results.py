"""``alpt-ref results``: the cells of a study as one table."""

import argparse

from alpt_ref.cli.outputs import check_outputs, to_stdout
from alpt_ref.cli.report import row
from alpt_ref.studies.export import read_by, write_parquet


def run(args: argparse.Namespace) -> None:
    """Read the cells, write the table. Raises ValueError where there are none, or pyarrow is not installed."""
    check_outputs({"--out": args.out}, read_by(args.folder))
    n = write_parquet(args.folder, args.out)
    if not to_stdout(args.out):
        print(row("written", f"{args.out}, {n:,} {'row' if n == 1 else 'rows'}"))
