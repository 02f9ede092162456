"""The frame that scripts in analysis/ and figures/ share."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alpt_ref.cli import command_line
from alpt_ref.cli.outputs import check_outputs
from alpt_ref.cli.parsing import Parser, file, folder, positive
from alpt_ref.plots.output import KINDS, Drawn, save
from alpt_ref.plots.read import damaged
from alpt_ref.plots.style import drawing
from alpt_ref.tools.files import write_text


def add_study_options(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the options that every study has. out : the default of --out."""
    parser.add_argument("--out", type=folder, default=Path(out))
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument("--log-json", type=file, help="a log of the run, docs/live.md; - for standard output alone")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")


def draw_figure(name: str, explained: str | None, draw: Callable[[Any, Path], None], results: str, **several: Any) -> None:
    """Draw a figure of saved results, as the command line asks for; after an error end the process, with one sentence.

    draw : takes --results and --out. results : the default folder. several : argparse's, where --results are several folders.
    """

    def options() -> argparse.ArgumentParser:
        parser, place = Parser(description=explained), Path(results)
        parser.add_argument("--results", type=Path, **{"default": place} | several)
        parser.add_argument("--out", type=file, default=place / f"{name}.png")
        return parser

    def work(args: argparse.Namespace) -> None:
        check_outputs({"--out": args.out})
        draw(args.results, args.out)

    if code := command_line(name, options, work, None):
        sys.exit(code)


Draw = Callable[[Path], tuple[Drawn, str]]


def publish_figures(figures: dict[str, Draw], explained: str | None) -> None:
    """Draw figures of saved results, each with its caption; after an error end the process, with one sentence.

    figures : by name, a function of the folder --results that returns what it drew, and a caption. They are written to --out as
    NAME.pdf, NAME.svg and NAME.png, and the caption as NAME.md. Where some have no results, the others are drawn first.
    """

    def options() -> argparse.ArgumentParser:
        parser = Parser(description=explained)
        parser.add_argument("--results", type=Path, default=Path("results/gallery"), help="made by analysis/gallery.py")
        parser.add_argument("--out", type=folder, default=Path("results/figures"))
        return parser

    def work(args: argparse.Namespace) -> None:
        missing = []
        for name, draw in figures.items():
            try:
                with drawing("alpt"), damaged(str(args.results), name):
                    drawn, caption = draw(args.results)
            except ValueError as error:
                missing.append(str(error))
                continue
            for kind in KINDS:
                save(drawn, args.out / f"{name}.{kind}")
            write_text(args.out / f"{name}.md", caption + "\n")
            print(f"{args.out / name}.pdf, .svg, .png, .md", file=sys.stderr)
        if missing:
            raise ValueError("; ".join(missing))

    if code := command_line(next(iter(figures)) if len(figures) == 1 else "figures", options, work, None):
        sys.exit(code)
