"""All figures of the gallery: run analysis/gallery.py and alpt-ref verify first."""

import runpy
from pathlib import Path

from alpt_ref.cli.script import publish_figures

NAMES = (
    "gap",
    "floors",
    "phase_diagram",
    "clock",
    "law",
    "click_rate",
    "random_bits",
    "step_sizes",
    "auc_bits",
    "tightness",
)

if __name__ == "__main__":
    publish_figures({name: runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))["draw"] for name in NAMES}, __doc__)
