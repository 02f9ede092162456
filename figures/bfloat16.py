"""Nearest rounding of bfloat16 weights stops where an update is below half a gap (F2); stochastic rounding goes on."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import record_of
from alpt_ref.plots.style import BLACK, DR, FULL, LONG, SHORT, SR, panels
from alpt_ref.tools.files import Record

TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8)


def draw(results: Path) -> tuple[Drawn, str]:
    """The paths, the updates beside the gaps, and the caption."""
    record = record_of(results / "bfloat16.json", "bfloat16.json", "analysis/bfloat16.py")
    left, right = panels(1, 2, (9.6, 3.9))[0]
    points, below, above = (np.array(record[name]) for name in ("points", "below", "above"))
    updates = record["rate"] * np.abs(points - record["optimum"])
    frozen = points[np.where(points > record["optimum"], below, above) >= updates]
    _paths(left, record, frozen)
    _updates(right, record, points, np.array([below, above]), updates, frozen)
    ends = {(path["rule"], path["start"]): path for path in record["paths"]}
    starts = [path["start"] for path in record["paths"][::2]]
    stops = " and ".join(_stop(ends["nearest", start]) for start in starts)
    sr = ends["stochastic", starts[0]]
    caption = (
        f"LPT on bfloat16 weights, exact laws: (w - {record['optimum']:g})^2/2, eta = {record['rate']:g}, from "
        f"{' and '.join(f'{s:g}' for s in starts)}. Left: nearest rounding (DR) stops for ever {stops}, on the edges of the "
        "shaded range, where an update is at most half of a gap (F2). Under stochastic rounding (SR) the mean is that of "
        f"float weights (dashed); band: two standard deviations, one of which is {sr['sd'][-1]:.2g} in the end. Right: the "
        "update, and half of the gap above w. An update below |w| 2^-9 never moves w, one above |w| 2^-8 always does."
    )
    return (left, right), caption


def _stop(path: Record) -> str:
    return f"at {path['mean'][-1]:.4g} after step {path['last_move']}"


def _paths(ax: Axes, record: Record, frozen: np.ndarray) -> None:
    steps = np.arange(record["steps"] + 1)
    ax.axhspan(frozen.min(), frozen.max(), color=DR, alpha=0.1, linewidth=0)
    ax.axhline(record["optimum"], color=BLACK, linestyle=LONG, linewidth=0.9)
    for path in record["paths"]:
        mean, sd = np.array(path["mean"]), np.array(path["sd"])
        first = path["start"] == record["paths"][0]["start"]
        if path["rule"] == "nearest":
            ax.plot(steps, mean, color=DR, label="DR" if first else None, zorder=3)
            if 0 < path["last_move"] < steps[-1]:
                ax.plot(path["last_move"], mean[path["last_move"]], "o", color=DR, markersize=5.5, zorder=4)
        else:
            ax.fill_between(steps, mean - 2 * sd, mean + 2 * sd, color=SR, alpha=0.22, linewidth=0)
            ax.plot(steps, mean, color=SR, label="SR, mean $\\pm$ 2 sd" if first else None)
    for i, values in enumerate(record["float"]):
        ax.plot(steps, values, color=FULL, linestyle=SHORT, linewidth=1.2, label=None if i else "float weights")
    ax.text(0.985 * steps[-1], record["optimum"] + 0.02, "$w^*$", ha="right", va="bottom")
    ax.text(0.985 * steps[-1], frozen.max() - 0.03, "no update reaches half a gap", ha="right", va="top", color=DR)
    ax.set(xlim=(0, steps[-1]), xlabel="step $t$", ylabel="weight $w_t$")
    ax.set_title("DR stops on the way, SR does not")
    ax.legend(loc="upper right")


def _updates(ax: Axes, record: Record, points: np.ndarray, halves: np.ndarray, updates: np.ndarray, frozen: np.ndarray) -> None:
    ax.axvspan(frozen.min(), frozen.max(), color=DR, alpha=0.1, linewidth=0)
    ax.fill_between(points, 1e-9, points * 2.0**-9, color="#808080", alpha=0.16, linewidth=0)
    for shift, place in ((8, (0.132, 1.15e-3)), (9, (0.17, 1.7e-4))):
        ax.plot(points, points * 2.0**-shift, color=BLACK, linestyle=LONG, linewidth=0.9)
        ax.text(*place, f"$|w|\\,2^{{-{shift}}}$", va="center")
    ax.text(3.6, 5.5e-4, "an update here\nmoves no weight", ha="center", va="center", color="#555555", linespacing=1.25)
    ax.plot(points, halves[1], color=DR, drawstyle="steps-post", label="half of the gap")
    at = int(np.searchsorted(points, record["optimum"]))
    left, right = slice(0, at), slice(at + 1, None)
    ax.plot(points[left], updates[left], color=FULL, label=f"update $\\eta\\,|w - {record['optimum']:g}|$")
    ax.plot(points[right], updates[right], color=FULL)
    ax.text(1.06, 0.1, "DR is\nstuck", color=DR, ha="center", va="top", linespacing=1.15)
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(points[0], points[-1]),
        ylim=(1e-4, 0.13),
        xlabel="weight $w$",
        ylabel="size of a move",
    )
    ax.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    ax.minorticks_off()
    ax.set_title("because gaps grow with the weight")
    ax.legend(loc="upper left")


if __name__ == "__main__":
    publish_figures({"bfloat16": draw}, __doc__)
