"""The figure of the comparison, a panel for each folder of saved results."""

from pathlib import Path

from alpt_ref.cli.script import draw_figure
from alpt_ref.plots.pages.compare import draw

if __name__ == "__main__":
    several = {"nargs": "+", "default": [Path("results/compare")], "metavar": "DIR"}
    draw_figure("compare", __doc__, draw, "results/compare", **several)
