"""ALPT's step sizes over training, at three widths."""

from pathlib import Path

import numpy as np

from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import record_of
from alpt_ref.plots.style import GREEN, ORANGE, SR, panels


def draw(results: Path) -> tuple[Drawn, str]:
    """Step sizes of the rows of factors and of the table of linear weights, and the caption."""
    record = record_of(results / "steps.json", "steps.json", "analysis/gallery.py")
    axes = panels(1, 2, (8.6, 3.3))[0]
    for row, colour in zip(record["rows"], (SR, GREEN, ORANGE), strict=True):
        low, middle, high = np.array(row["factors"]).T
        epochs, label = np.arange(len(middle)), f"{row['bits']} bits"
        axes[0].plot(epochs, middle, color=colour, label=label)
        axes[0].fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
        axes[1].plot(epochs, row["linear"], color=colour, label=label)
    for ax, title in zip(axes, ("factors, a step size for each row", "linear weights, one for the table"), strict=True):
        ax.set(yscale="log", xlabel="epoch", title=title)
        ax.set_xlim(0, record["epochs"])
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylabel("learned step size $\\Delta$")
    axes[1].legend()
    caption = (
        "Step sizes that ALPT learns, over training: a factorization machine of 8 factors on generated clicks, Adam, lr = "
        f"{record['lr']:g}, step sizes' lr = {record['step_lr']:g}, batches of 256. Left: median over the rows of factors; "
        "band: from the tenth to the ninetieth percentile. Right: the one step size of the linear weights. Fewer bits take "
        "larger steps."
    )
    return axes, caption


if __name__ == "__main__":
    publish_figures({"step_sizes": draw}, __doc__)
