"""Test AUC of the methods at each bit width, on generated clicks."""

from pathlib import Path

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import record_of


def draw(results: Path) -> tuple[Drawn, str]:
    """A panel for each width, and the caption."""
    record = record_of(results / "compare.json", "compare.json", "analysis/gallery.py")
    axes = plots.compare(record, style="alpt")
    s = record["settings"]
    caption = (
        f"Test AUC of {'logistic regression' if record['model'] == 'lr' else 'factorization machines'} on {record['data']} "
        f"clicks, mean of {s['seeds']} seeds, each method tuned on validation data. Bars: {s['confidence']:.0%} intervals "
        "of the difference to full precision, paired by seed, all at once; one that ends in an arrow goes on. Dashed: full "
        "precision. Every width has an axis of its own. Open: step sizes given (LPT); filled: learned."
    )
    return axes, caption


if __name__ == "__main__":
    publish_figures({"auc_bits": draw}, __doc__)
