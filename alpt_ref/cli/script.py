"""The frame that scripts in analysis/ and figures/ share."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alpt_ref.cli import guarded


def add_study_options(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the options that every study has. out : the default of --out."""
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="tiny sizes")


def draw_figure(name: str, explained: str | None, draw: Callable[[Any, Path], None], results: str, **several: Any) -> None:
    """Draw a figure of saved results, as the command line asks for; after an error end the process, with one sentence.

    draw : takes --results and --out. results : the default folder. several : argparse's, where --results are several folders.
    """
    parser = argparse.ArgumentParser(description=explained)
    folder = Path(results)
    parser.add_argument("--results", type=Path, **{"default": folder} | several)
    parser.add_argument("--out", type=Path, default=folder / f"{name}.png")
    args = parser.parse_args()
    if code := guarded(name, lambda: draw(args.results, args.out)):
        sys.exit(code)
