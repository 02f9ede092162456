"""The figure of the calibration study, from its saved results."""

from alpt_ref.cli.script import draw_figure
from alpt_ref.plots.pages.calibration import draw

if __name__ == "__main__":
    draw_figure("calibration", __doc__, draw, "results/calibration")
