"""Nearest rounding inflates the click rate, by a known amount: exact laws and closed forms."""

from pathlib import Path

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import record_of
from alpt_ref.plots.style import legend_above, panels


def draw(results: Path) -> tuple[Drawn, str]:
    """Against the click rate and against eta; and the caption."""
    record = record_of(results / "calibration.json", "calibration.json", "analysis/gallery.py")
    axes = panels(1, 2, (8.6, 3.5))[0]
    for ax, x in zip(axes, ("p", "eta"), strict=True):
        plots.calibration(record, ax, x=x, style="alpt")
    by_p, by_eta = record["exact"]["p"][0], record["exact"]["eta"][0]
    axes[0].set_title(f"$\\eta$ = {by_p['eta']:g}, $\\Delta$ = {by_p['delta']:g}")
    axes[1].set_title(f"click rate {by_eta['p']:g}, $\\Delta$ = {by_eta['delta']:g}")
    axes[1].set_ylabel("")
    legend_above(axes[0].figure, axes[0])
    caption = (
        "Mean predicted click rate of one feature in the long run, by exact laws, against the true one and against the "
        f"learning rate; {by_p['bits']} bits, Delta = {by_p['delta']:g}, one example a step. Dashed: the truth, which SR "
        "predicts exactly (L5). Dotted: closed forms, below which an example without a click no longer lowers the weight: "
        "Delta/(2 eta) under DR (L5), 2^-k Delta/eta with k random bits (L6)."
    )
    return axes, caption


if __name__ == "__main__":
    publish_figures({"click_rate": draw}, __doc__)
