"""Stochastic rounding from few random bits: the predicted click rate against their number."""

from pathlib import Path

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import record_of


def draw(results: Path) -> tuple[Drawn, str]:
    """The curve between its bounds, and the caption."""
    record = record_of(results / "calibration.json", "calibration.json", "analysis/gallery.py")
    ax = plots.calibration(record, x="k", style="alpt")
    row = record["exact"]["k"][0]
    caption = (
        f"Mean predicted click rate in the long run under SR with k random bits, by exact laws: click rate {row['p']:g}, "
        f"eta = Delta = {row['delta']:.3g}, {row['bits']} bits. Shaded: between L6's bounds, max(p, e^-Delta theta_k) and p "
        "+ theta_k, theta_k = 2^-k Delta/eta (dotted). Dashed: the truth. Eight bits are nearly enough here."
    )
    return ax, caption


if __name__ == "__main__":
    publish_figures({"random_bits": draw}, __doc__)
