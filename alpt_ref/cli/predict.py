"""``alpt-ref predict``: one probability per example."""

import argparse
from pathlib import Path

from alpt_ref.cli.evaluate import load
from alpt_ref.cli.outputs import check_outputs
from alpt_ref.cli.parsing import naming
from alpt_ref.tools.files import write_text
from alpt_ref.tools.output import STDOUT


def run(args: argparse.Namespace) -> None:
    """Print P(y = 1), nine digits, one example per line. Raises CommandError or DataError.

    A malformed line is an error: without its line, every later probability would stand beside another example.
    """
    check_outputs({"--out": Path(STDOUT) if args.out is None else args.out}, (args.model, args.data))
    model, dataset = load(args, labels=args.labels, on_bad_line="error")
    with naming(args.data):
        text = "".join(f"{p:.9g}\n" for p in model.predict_proba(dataset.X)[:, 1])
    write_text(STDOUT if args.out is None else args.out, text)
