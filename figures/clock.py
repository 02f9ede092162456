"""L11: under stochastic rounding a schedule is only a clock; full precision can be annealed."""

from pathlib import Path

import numpy as np

from alpt_ref import Run
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import runs_of
from alpt_ref.plots.style import BLACK, FULL, LONG, SHORT, SR, legend_above, lighter, panels
from alpt_ref.walks.schedule import Schedule

LABELS = {"largest": "$\\eta = \\Delta/G_\\infty$", "quarter": "a quarter of it", "sqrt": "$\\eta/\\sqrt{t}$"}
SHADES = {"largest": 0.0, "quarter": 0.35, "sqrt": 0.6}


def clock(run: Run) -> np.ndarray:
    """The sum of eta_t over the largest eta, after each of the run's steps."""
    rates = Schedule(run.params["eta"], run.params["schedule"]).rates(int(run.steps[-1]))
    return np.concatenate(([0.0], np.cumsum(rates)))[run.steps]


def draw(results: Path) -> tuple[Drawn, str]:
    """The gap against the steps, and against the clock; and the caption."""
    folder = results / "clock"
    axes = panels(1, 2, (8.6, 3.4), sharey=True)[0]
    largest = Run.load(folder / "sr_largest.npz").params["eta"]
    for name, label in LABELS.items():
        sr, full = runs_of([folder / f"sr_{name}.npz", folder / f"fp32_{name}.npz"])
        for run, colour, line, who in ((full, FULL, SHORT, "full precision"), (sr, SR, "-", "SR")):
            looks = {"color": lighter(colour, SHADES[name]), "linestyle": line, "label": f"{who}, {label}"}
            for ax, at in ((axes[0], run.steps), (axes[1], clock(run) / largest)):
                ax.plot(at[1:], run.gap[1:], **looks)
                if run is full:
                    low, high = np.maximum(run.gap_interval, 1e-12)
                    ax.fill_between(at[1:], low[1:], high[1:], color=looks["color"], alpha=0.15, linewidth=0)
    floor = float(sr.params["delta"]) * 0.5 / 4.0
    for ax, x in zip(axes, ("step $t$", "clock $\\sum \\eta_s/\\eta_{max}$"), strict=True):
        ax.axhline(floor, color=BLACK, linestyle=LONG, linewidth=1.1, label="$\\Delta\\sigma/4$ (L11d)")
        ax.set(xscale="log", yscale="log", xlabel=x, xlim=(1, None))
    axes[0].set_ylabel("$E f(w_t) - f^*$")
    axes[0].set_title("against steps")
    axes[1].set_title("against the clock: SR's curves are one")
    legend_above(axes[0].figure, axes[0])
    p = sr.params
    caption = (
        f"L11 on {p['problem']}, {p['bits']} bits, Delta = {p['delta']:g}, from w = -2. Three schedules whose eta_t never "
        f"exceed Delta/G_inf = {largest:.3g}. SR (solid, exact laws): the law is that of a random number of steps of the "
        "largest eta, so that against the clock the three are one curve, and its floor Delta sigma/4 cannot be annealed. "
        f"Full precision (dashed, mean of {full.params['replicas']} replicas, bands: {full.params['confidence']:.0%} for a "
        "whole curve) goes on down as eta_t falls."
    )
    return axes, caption


if __name__ == "__main__":
    publish_figures({"clock": draw}, __doc__)
