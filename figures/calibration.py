"""The figure of the calibration study, from its saved results."""

import argparse
from pathlib import Path

from alpt_ref.plots.calibration import draw


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/calibration"))
    parser.add_argument("--out", type=Path, default=Path("results/calibration/calibration.png"))
    args = parser.parse_args()
    draw(args.results, args.out)


if __name__ == "__main__":
    main()
