"""``alpt-ref results``: the cells of a study as one table."""

import argparse

from alpt_ref.cli.outputs import check_outputs
from alpt_ref.cli.report import row
from alpt_ref.studies.export import write_parquet


def run(args: argparse.Namespace) -> None:
    """Read the cells, write the table. Raises ValueError where there are none, or pyarrow is not installed."""
    check_outputs({"--out": args.out})
    n = write_parquet(args.folder, args.out)
    print(row("written", f"{args.out}, {n:,} {'row' if n == 1 else 'rows'}"))
