"""The options of ``alpt-ref plot``, whose defaults and ranges are those of :mod:`alpt_ref.plots`."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from alpt_ref.cli.parsing import file, integers, number

# Each kind of figure with the options that it knows.
FIGURES: dict[str, tuple[str, ...]] = {
    "convergence": ("y", "bound", "floor", "bands"),
    "floors": (),
    "law": ("steps", "w_star"),
    "phase_diagram": (),
    "calibration": ("x",),
    "compare": ("metric",),
    "tightness": ("controls",),
}


def plot_options(command: ArgumentParser) -> None:
    """Add the options of ``plot``."""
    kinds = "convergence, floors, law (of saved runs), phase_diagram, calibration, compare or tightness (of studies)"
    command.add_argument("kind", metavar="KIND", choices=tuple(FIGURES), help=kinds)
    inputs = "saved runs (.npz), or the folder or the JSON record of a study; phase_diagram needs none"
    command.add_argument("inputs", metavar="INPUT", nargs="*", type=Path, help=inputs)
    command.add_argument("--out", metavar="FILE", type=file, required=True, help=".pdf, .svg or .png (required)")
    for name, metavar, parse, explained in (
        ("y", "gap|regret", str, "convergence: what is drawn (default: gap)"),
        ("bound", "T1|X", _bound, "convergence: T1's bound, on the regret, or a number (default: none)"),
        ("floor", "X", number, "convergence: a horizontal line (default: none)"),
        ("steps", "N,M", integers, "law: some of the steps that were kept (default: up to five)"),
        ("w-star", "X", number, "law: the minimizer, drawn as a line (default: none)"),
        ("x", "NAME", str, "calibration: p, eta, delta, k or batch (default: p)"),
        ("metric", "auc|logloss", str, "compare: what is drawn (default: auc)"),
    ):
        command.add_argument(f"--{name}", metavar=metavar, type=parse, default=SUPPRESS, help=explained)
    flag: dict[str, Any] = {"default": SUPPRESS}
    command.add_argument("--no-bands", dest="bands", action="store_false", help="convergence: leave out intervals", **flag)
    command.add_argument("--controls", action="store_true", help="tightness: show controls, too", **flag)
    command.add_argument("--title", metavar="TEXT", default="", help="of the figure (default: none)")
    size = "width and height in inches (default: what fits)"
    command.add_argument("--size", metavar="W,H", type=_size, help=size)
    looks = "alpt, or matplotlib for the looks of your matplotlibrc (default: alpt)"
    command.add_argument("--style", choices=("alpt", "matplotlib"), default="alpt", help=looks)


def _bound(text: str) -> str | float:
    return text if text == "T1" else number(text)


def _size(text: str) -> tuple[float, float]:
    parts = [number(part) for part in text.split(",")]
    if len(parts) != 2 or not all(1.0 <= part <= 100.0 for part in parts):
        raise ArgumentTypeError(f"must be two numbers of inches, 1 to 100, got {text!r}")
    return parts[0], parts[1]
