"""The figure of the convergence-error study, from OUT/convergence.json and the cells it names."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from alpt_ref.plots import style
from alpt_ref.plots.output import save
from alpt_ref.plots.read import read
from alpt_ref.plots.style import BLACK, COLOURS, DR, FINE, FULL, LONG, SHORT, SOLID, SR, name, note
from alpt_ref.tools.files import Record, read_npz
from alpt_ref.tools.sheet import number

# Label, line, its width.
STYLE = {
    "float": ("full precision", SHORT, 1.6),
    "nearest": ("nearest (DR)", SOLID, 2.4),
    "stochastic": ("stochastic (SR), all replicas", SOLID, 2.4),
}
FLOOR: Any = {"color": BLACK, "linewidth": 1.0, "linestyle": LONG}  # of T1's floor terms
MARKERS = ("o", "s", "^", "D", "v", "P")
LEAST_GAP = 1e-9


def draw(folder: Path, out: Path) -> None:
    """Write ``out``. ValueError where ``folder`` does not hold the results of a study."""
    save(figure(folder), out, dpi=160)


def figure(folder: Path) -> Figure:
    """All panels. ValueError where ``folder`` does not hold the results of a study."""
    results = read(folder / "convergence.json")
    rows = len(results["t1"]) + 1
    drawn, axes = style.canvas(rows, 2, (10.0, 0.4 + 3.3 * rows))
    for item, pair in zip(results["t1"], axes, strict=False):
        _t1(pair[0], item, folder)
        _errors(pair[1], [row for row in results["table"] if row["problem"] == item["problem"]], item, folder)
    _floors(axes[-1, 0], results["slopes"])
    _ctr(axes[-1, 1], results["ctr"])
    handles = axes[0, 0].get_legend_handles_labels()[0]
    style.legend(drawn, handles, len(handles), fontsize=10, columnspacing=1.2)
    return drawn


def _curves(ax: Axes, cells: dict[str, str], folder: Path) -> None:
    """f(w_t) - f* of the methods, the mean of the replicas and a band over all of them."""
    for method, (label, line, width) in STYLE.items():
        cell, colour = read_npz(folder / "cells" / f"{cells[method]}.npz")[1], COLOURS[method]
        t, gaps = cell["checkpoints"] + 1.0, np.maximum(cell["gaps"], LEAST_GAP)
        above = 4 if method == "float" else 3  # thin dashes on top: SR follows full precision
        ax.plot(t, gaps.mean(axis=0), color=colour, linestyle=line, linewidth=width, label=label, zorder=above)
        if gaps.shape[0] > 1:
            ax.fill_between(t, gaps.min(axis=0), gaps.max(axis=0), color=colour, alpha=0.25, linewidth=0)
    ax.set(xscale="log", yscale="log", xlim=(1, t[-1]))
    name(ax, "", "step $t$", "$f(w_t) - f^*$")


def _t1(ax: Axes, item: Record, folder: Path) -> None:
    """The three methods at T1's learning rate, T1's bound and its floor term."""
    near, stochastic = item["methods"]["nearest"], item["methods"]["stochastic"]
    _curves(ax, {method: found["cell"] for method, found in item["methods"].items()}, folder)
    ax.axhline(item["bound"]["total"], color=BLACK, linewidth=1.3, linestyle=FINE, label="T1's bound on SR's average")
    ax.axhline(item["bound"]["floor"], **FLOOR, label="its floor term $\\Delta G_1/2$")
    at = (near["last_move"] + 1, near["gap"])
    ax.plot(*at, "o", color=DR, markersize=6, zorder=5)
    stops = f"DR stops at step {near['last_move']}" if near["last_move"] else "DR never moves"
    text = f"{stops}:\naverage gap {near['over_bound']:.2f} × bound"
    note(ax, text, at, (4, 8), DR, fontsize=9.5)
    text = f"SR: average gap {stochastic['over_bound']:.2f} × bound"
    ax.text(0.03, 0.05, text, transform=ax.transAxes, fontsize=9.5, color=SR)
    ax.set_ylim(0.3 * min(stochastic["gap"], item["bound"]["floor"]), 4 * item["first_gap"])
    name(ax, f"{item['problem']}: T1 on trial, {item['bits']} bits, $\\eta$ = {item['eta']:.2g}")


def _errors(ax: Axes, rows: list[Record], item: Record, folder: Path) -> None:
    """The three methods at the middle learning rate and bit width of the table's exact-gradient runs."""
    batch = [row for row in rows if row["mode"] == "batch"]
    etas = list(dict.fromkeys(row["eta"] for row in batch))
    widths = list(dict.fromkeys(row["bits"] for row in batch if row["bits"] is not None))
    eta, bits = etas[len(etas) // 2], widths[len(widths) // 2]
    chosen = {row["method"]: row for row in batch if row["eta"] == eta and row["bits"] in (None, bits)}
    _curves(ax, {method: row["cell"] for method, row in chosen.items()}, folder)
    ax.axhline(chosen["nearest"]["delta"] * item["G1"] / 2, **FLOOR)
    for method, text, height in (("nearest", "DR", 0.13), ("stochastic", "SR", 0.05)):  # where no curve comes
        text = f"{text}'s floor: {number(chosen[method]['floor'])}"
        ax.text(0.03, height, text, transform=ax.transAxes, fontsize=9.5, color=COLOURS[method])
    ax.set_ylim(0.05 * chosen["stochastic"]["floor"], 4 * item["first_gap"])
    name(ax, f"convergence error, {bits} bits, $\\eta$ = {eta:.2g}")


def _floors(ax: Axes, slopes: list[Record]) -> None:
    """SR's floor against delta with the fitted slope, and T1's floor term."""
    for item, marker in zip(slopes, MARKERS * len(slopes), strict=False):
        points = item["points"]
        delta, floor, half = (np.array([p[key] or 0.0 for p in points]) for key in ("delta", "floor", "floor_half"))
        label = f"{item['problem']}: slope {item['slope']:.2f} ± {item['slope_half']:.2f}"
        lower = np.minimum(half, 0.9 * floor)
        ax.errorbar(delta, floor, (lower, half), fmt=marker, color=SR, markersize=6, capsize=3, label=label)
        centre = np.exp(np.log(floor).mean() + item["slope"] * (np.log(delta) - np.log(delta).mean()))
        ax.plot(delta, centre, color=SR, linewidth=1.2, alpha=0.6)
        bound = ax.plot(delta, [p["t1_floor"] for p in points], marker, markerfacecolor="white", markersize=4, **FLOOR)[0]
    bound.set_label("T1's floor terms: slope 1")
    ax.set(xscale="log", yscale="log")
    low, high = ax.get_ylim()
    ax.set_ylim(low * 0.05 ** (1 + 0.2 * len(slopes)), high)  # room for the legend
    ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    bits = [p["bits"] for p in slopes[0]["points"]]
    x = f"step size $\\Delta$ (one box, {min(bits)} to {max(bits)} bits)"
    name(ax, "SR's floor against $\\Delta$, exact gradients: fitted slopes", x, "SR's floor of $f(w) - f^*$")
    ax.legend(fontsize=9, frameon=False, loc="lower right")


def _ctr(ax: Axes, ctr: Record) -> None:
    """Test log-loss above full precision's, DR and SR, for each model and bit width."""
    full = {row["model"]: row["logloss"] for row in ctr["rows"] if row["storage"] == "fp32"}
    rows = [row for row in ctr["rows"] if row["storage"] != "fp32" and row["logloss"] is not None]
    places = list(dict.fromkeys((row["model"], row["bits"]) for row in rows))
    for row in rows:
        y = places.index((row["model"], row["bits"]))
        excess = row["logloss"] - full[row["model"]]
        marker, below = ("D", -15) if row["storage"] == "nearest" else ("o", 9)
        ax.plot([excess], [y], marker, color=COLOURS[row["storage"]], markersize=9)
        text = f"AUC {row['auc']:.3f}" if row["auc"] is not None else ""
        label = note(ax, text, (excess, y), (0, below), COLOURS[row["storage"]], ha="center", fontsize=9)
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    ax.axvline(0, color=FULL, linestyle=SHORT, linewidth=1.5)
    ax.set_yticks(range(len(places)), [f"{model}, {bits} bits" for model, bits in places])
    ax.set_ylim(len(places) - 0.4, -0.6)
    ax.margins(x=0.12)
    name(ax, f"CTR models, {ctr['data']} data, one example a step", "test log-loss above full precision's")
