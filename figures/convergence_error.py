"""The figure of the convergence-error study, from its saved results."""

import argparse
from pathlib import Path

from alpt_ref.plots.convergence_error import draw


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/convergence"))
    parser.add_argument("--out", type=Path, default=Path("results/convergence/convergence_error.png"))
    args = parser.parse_args()
    draw(args.results, args.out)


if __name__ == "__main__":
    main()
