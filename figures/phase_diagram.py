"""The phase diagram of rounding over mean and standard deviation of a move, with click models in it."""

from pathlib import Path

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import record_of
from alpt_ref.plots.style import panels


def draw(results: Path) -> tuple[Drawn, str]:
    """The diagram and the caption."""
    record = record_of(results / "phases.json", "phases.json", "analysis/gallery.py")
    ax = plots.phase_diagram(record, panels(1, 1, (6.6, 4.2))[0, 0], style="alpt")
    said = ", ".join(f"{row['bits']} bits: {row['winner'] or 'undecided'}" for row in record["rows"])
    caption = (
        "Who is better where, of Gaussian moves s + nu Z in cells. Blue: DR is frozen, and SR moves (L3, L9). Orange: "
        "moves are sign-like and DR is up to twice as fast (L9, L13), or noise dithers it and its error is the smaller one "
        "(L10, L12). Lines: the share of the drift that DR keeps (L10). Points: medians over the weights of "
        f"{record['model'].upper()} on {record['data']} clicks, "
        f"{record['optimizer'].upper() if record['optimizer'] == 'sgd' else 'Adam'}, each rounding as it was tuned: circle "
        f"SR, diamond DR, the two of a width joined. Better on test data: {said}."
    )
    return ax, caption


if __name__ == "__main__":
    publish_figures({"phase_diagram": draw}, __doc__)
