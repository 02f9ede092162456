"""``alpt-ref plot``: a figure of saved runs, or of a study's record."""

import argparse
import sys
from typing import Any

from alpt_ref import plots
from alpt_ref.cli.options import FIGURES
from alpt_ref.cli.outputs import check_outputs
from alpt_ref.cli.parsing import CommandError
from alpt_ref.plots.output import figure_of, kind_of
from alpt_ref.plots.read import damaged

RUNS = ("convergence", "floors", "law")  # of several inputs; the others take one
OPTIONS = {name: f"--{name.replace('_', '-')}" for names in FIGURES.values() for name in names} | {"bands": "--no-bands"}


def run(args: argparse.Namespace) -> None:
    """Draw and save. Raises CommandError or ValueError."""
    kind, inputs = args.kind, args.inputs
    given = {name: getattr(args, name) for name in OPTIONS if hasattr(args, name)}
    for name in given:
        if name not in FIGURES[kind]:
            owner = next(other for other, names in FIGURES.items() if name in names)
            raise CommandError(f"{OPTIONS[name]} is an option of {owner}, not of {kind}")
    if kind != "phase_diagram" and not inputs:
        raise CommandError(f"{kind} needs {'saved runs' if kind in RUNS else 'the folder or the record of a study'}")
    if kind not in (*RUNS, "phase_diagram") and len(inputs) > 1:
        raise CommandError(f"{kind} draws one record, got {len(inputs)}")
    kind_of(args.out)
    check_outputs({"--out": args.out}, inputs)
    results: Any = inputs[0] if len(inputs) == 1 else inputs
    style = None if args.style == "matplotlib" else args.style
    with damaged(" ".join(map(str, inputs)), kind):
        drawn = getattr(plots, kind)(results, style=style, **given)
    figure = figure_of(drawn)
    if args.title:
        figure.suptitle(args.title)
    if args.size is not None:
        figure.set_size_inches(*args.size)
    print(f"Figure: {plots.save(figure, args.out)}", file=sys.stderr)
