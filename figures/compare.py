"""The figure of the comparison, a panel for each folder of saved results."""

import argparse
import sys
from pathlib import Path

from alpt_ref.cli import guarded
from alpt_ref.reports.figures.compare import draw


def main() -> int:
    """Command line; 2 after bad input, with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, nargs="+", default=[Path("results/compare")], metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path("results/compare/compare.png"))
    args = parser.parse_args()
    return guarded("compare", lambda: draw(args.results, args.out))


if __name__ == "__main__":
    if code := main():
        sys.exit(code)
