"""The figure of the calibration study, from its saved results."""

import argparse
import sys
from pathlib import Path

from alpt_ref.cli import guarded
from alpt_ref.reports.figures.calibration import draw


def main() -> int:
    """Command line; 2 after bad input, with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/calibration"))
    parser.add_argument("--out", type=Path, default=Path("results/calibration/calibration.png"))
    args = parser.parse_args()
    return guarded("calibration", lambda: draw(args.results, args.out))


if __name__ == "__main__":
    if code := main():
        sys.exit(code)
