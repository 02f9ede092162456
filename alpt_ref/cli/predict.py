"""``alpt-ref predict``: one probability per example."""

import argparse
import sys

from alpt_ref.cli.evaluate import load, spare_inputs
from alpt_ref.tools.files import write_text


def run(args: argparse.Namespace) -> None:
    """Print P(y = 1), nine digits, one example per line. Raises CommandError or DataError."""
    spare_inputs(args, args.out)
    model, dataset = load(args, labels=args.labels)
    text = "".join(f"{p:.9g}\n" for p in model.predict_proba(dataset.X)[:, 1])
    if args.out is None:
        sys.stdout.write(text)
    else:
        write_text(args.out, text)
