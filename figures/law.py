"""The exact law of one weight that learns a click rate, under both roundings, as small multiples."""

from pathlib import Path

import numpy as np
from scipy.special import expit

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import runs_of


def draw(results: Path) -> tuple[Drawn, str]:
    """The laws and the caption."""
    runs = runs_of([results / "law" / f"{name}.npz" for name in ("stochastic", "nearest")])
    rate = 0.1
    axes = plots.law(runs, w_star=float(np.log(rate / (1.0 - rate))), style="alpt")
    p = runs[0].params
    means = [float(run.laws[-1] @ expit(run.points[:, 0])) for run in runs]
    caption = (
        f"Law of the weight w of an intercept after t steps, exactly: {p['problem']}, {p['bits']} bits, Delta = "
        f"{p['delta']:g}, eta = {p['eta']:g}, one example a step, from w = 0. Dashed: the weight of the true click rate, "
        f"{rate}. SR's law moves there and spreads; DR's stops early, where an example without a click no longer moves it "
        f"(L5). Mean predicted click rate after {p['steps']} steps: SR {means[0]:.3f}, DR {means[1]:.3f}."
    )
    return axes, caption


if __name__ == "__main__":
    publish_figures({"law": draw}, __doc__)
