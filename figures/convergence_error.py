"""The figure of the convergence-error study, from its saved results."""

from alpt_ref.cli.script import draw_figure
from alpt_ref.plots.pages.convergence_error import draw

if __name__ == "__main__":
    draw_figure("convergence_error", __doc__, draw, "results/convergence")
