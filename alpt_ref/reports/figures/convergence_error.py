"""The figure of the convergence-error study, from OUT/convergence.json and the cells it names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from alpt_ref.tools.files import Arrays, read_npz
from alpt_ref.tools.sheet import number

# Okabe and Ito's palette: told apart in every common colour blindness, and in grey by line style.
STYLE = {
    "float": ("full precision", "#222222", (0, (3, 1.5))),
    "nearest": ("nearest (DR)", "#D55E00", "-"),
    "stochastic": ("stochastic (SR), all replicas", "#0072B2", "-"),
}
WIDTH = {"float": 1.6, "nearest": 2.4, "stochastic": 2.4}
BOUND, FLOOR_LINE = "#000000", (0, (6, 3))
MARKERS = ("o", "s", "^", "D", "v", "P")
LEAST_GAP = 1e-9
Record = dict[str, Any]


def draw(folder: Path, out: Path) -> None:
    """Write the PNG ``out``. ValueError where ``folder`` does not hold the results of a study."""
    path = folder / "convergence.json"
    if not path.exists():
        raise ValueError(f"{path}: no such file; run the study first")
    results = json.loads(path.read_text())
    rows = len(results["t1"]) + 1
    figure = Figure(figsize=(10.0, 0.4 + 3.3 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 2, squeeze=False)
    for item, pair in zip(results["t1"], axes, strict=False):
        _t1(pair[0], item, folder)
        _errors(pair[1], [row for row in results["table"] if row["problem"] == item["problem"]], item, folder)
    _floors(axes[-1, 0], results["slopes"])
    _ctr(axes[-1, 1], results["ctr"])
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=10, columnspacing=1.2)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=160)


def _cell(folder: Path, name: str) -> Arrays:
    return read_npz(folder / "cells" / f"{name}.npz")[1]


def _curves(ax: Axes, cells: dict[str, str], folder: Path) -> None:
    """f(w_t) - f* of the methods, the mean of the replicas and a band over all of them."""
    for method, (label, colour, line) in STYLE.items():
        cell = _cell(folder, cells[method])
        t, gaps = cell["checkpoints"] + 1.0, np.maximum(cell["gaps"], LEAST_GAP)
        above = 4 if method == "float" else 3  # thin dashes on top: SR follows full precision
        ax.plot(t, gaps.mean(axis=0), color=colour, linestyle=line, linewidth=WIDTH[method], label=label, zorder=above)
        if gaps.shape[0] > 1:
            ax.fill_between(t, gaps.min(axis=0), gaps.max(axis=0), color=colour, alpha=0.25, linewidth=0)
    ax.set(xscale="log", yscale="log", xlim=(1, t[-1]))
    ax.set_xlabel("step $t$", fontsize=10.5)
    ax.set_ylabel("$f(w_t) - f^*$", fontsize=10.5)


def _t1(ax: Axes, item: Record, folder: Path) -> None:
    """The three methods at T1's learning rate, T1's bound and its floor term."""
    near, stochastic = item["methods"]["nearest"], item["methods"]["stochastic"]
    _curves(ax, {name: method["cell"] for name, method in item["methods"].items()}, folder)
    ax.axhline(item["bound"]["total"], color=BOUND, linewidth=1.3, linestyle=(0, (1, 1)), label="T1's bound on SR's average")
    ax.axhline(item["bound"]["floor"], color=BOUND, linewidth=1.0, linestyle=FLOOR_LINE, label="its floor $\\Delta G_1/2$")
    at = (near["last_move"] + 1, near["gap"])
    ax.plot(*at, "o", color=STYLE["nearest"][1], markersize=6, zorder=5)
    text = f"DR stops at step {near['last_move']}:\naverage gap {near['over_bound']:.2f} × bound"
    ax.annotate(text, at, (4, 8), textcoords="offset points", fontsize=9.5, color=STYLE["nearest"][1])
    text = f"SR: average gap {stochastic['over_bound']:.2f} × bound"
    ax.text(0.03, 0.05, text, transform=ax.transAxes, fontsize=9.5, color=STYLE["stochastic"][1])
    ax.set_ylim(0.3 * min(stochastic["gap"], item["bound"]["floor"]), 4 * item["first_gap"])
    ax.set_title(f"{item['problem']}: T1 on trial, {item['bits']} bits, $\\eta$ = {item['eta']:.2g}", fontsize=11, loc="left")


def _errors(ax: Axes, rows: list[Record], item: Record, folder: Path) -> None:
    """The three methods at the middle learning rate and bit width of the table's exact-gradient runs."""
    batch = [row for row in rows if row["mode"] == "batch"]
    etas = list(dict.fromkeys(row["eta"] for row in batch))
    widths = list(dict.fromkeys(row["bits"] for row in batch if row["bits"] is not None))
    eta, bits = etas[len(etas) // 2], widths[len(widths) // 2]
    chosen = {row["method"]: row for row in batch if row["eta"] == eta and row["bits"] in (None, bits)}
    _curves(ax, {name: row["cell"] for name, row in chosen.items()}, folder)
    ax.axhline(chosen["nearest"]["delta"] * item["G1"] / 2, color=BOUND, linewidth=1.0, linestyle=FLOOR_LINE)
    for name, text in (("nearest", "DR"), ("stochastic", "SR")):
        label = f"{text}: {number(chosen[name]['floor'])} in the last quarter"
        at, axes, offset = (1.0, chosen[name]["floor"]), ("axes fraction", "data"), (-2, -24)
        note = ax.annotate(label, at, offset, axes, "offset points", ha="right", fontsize=9.5, color=STYLE[name][1], zorder=6)
        note.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8})
    ax.set_ylim(0.05 * chosen["stochastic"]["floor"], 4 * item["first_gap"])
    ax.set_title(f"convergence error, {bits} bits, $\\eta$ = {eta:.2g}", fontsize=11, loc="left")


def _floors(ax: Axes, slopes: list[Record]) -> None:
    """SR's floor against delta with the fitted slope, and T1's floor term."""
    for item, marker in zip(slopes, MARKERS * len(slopes), strict=False):
        points = item["points"]
        delta, floor, half = (np.array([p[name] or 0.0 for p in points]) for name in ("delta", "floor", "floor_half"))
        label = f"{item['problem']}: slope {item['slope']:.2f} ± {item['slope_half']:.2f}"
        lower = np.minimum(half, 0.9 * floor)
        ax.errorbar(delta, floor, (lower, half), fmt=marker, color=STYLE["stochastic"][1], markersize=6, capsize=3, label=label)
        centre = np.exp(np.log(floor).mean() + item["slope"] * (np.log(delta) - np.log(delta).mean()))
        ax.plot(delta, centre, color=STYLE["stochastic"][1], linewidth=1.2, alpha=0.6)
        bound = ax.plot(delta, [p["t1_floor"] for p in points], color=BOUND, linewidth=1.0, linestyle=FLOOR_LINE)[0]
    bound.set_label("T1's floor terms: slope 1")
    ax.set(xscale="log", yscale="log")
    low, high = ax.get_ylim()
    ax.set_ylim(low * 0.05 ** (1 + 0.2 * len(slopes)), high)  # room for the legend
    ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(f"step size $\\Delta$ (one box, {_range(slopes)} bits)", fontsize=10.5)
    ax.set_ylabel("SR's floor of $f(w) - f^*$", fontsize=10.5)
    ax.set_title("SR's floor against $\\Delta$, exact gradients: fitted slopes", fontsize=11, loc="left")
    ax.legend(fontsize=9, frameon=False, loc="lower right")


def _range(slopes: list[Record]) -> str:
    bits = [p["bits"] for p in slopes[0]["points"]]
    return f"{min(bits)} to {max(bits)}"


def _ctr(ax: Axes, ctr: Record) -> None:
    """Test log-loss above full precision's, DR and SR, for each model and bit width."""
    full = {row["model"]: row["logloss"] for row in ctr["rows"] if row["storage"] == "fp32"}
    rows = [row for row in ctr["rows"] if row["storage"] != "fp32" and row["logloss"] is not None]
    places = list(dict.fromkeys((row["model"], row["bits"]) for row in rows))
    for row in rows:
        y = places.index((row["model"], row["bits"]))
        excess = row["logloss"] - full[row["model"]]
        _, colour, _ = STYLE[row["storage"]]
        ax.plot([excess], [y], "o" if row["storage"] == "stochastic" else "D", color=colour, markersize=9)
        below = row["storage"] == "nearest"
        label = f"AUC {row['auc']:.3f}" if row["auc"] is not None else ""
        offset = (0, -15 if below else 9)
        note = ax.annotate(label, (excess, y), offset, textcoords="offset points", ha="center", fontsize=9, color=colour)
        note.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    ax.axvline(0, color=STYLE["float"][1], linestyle=STYLE["float"][2], linewidth=1.5)
    ax.set_yticks(range(len(places)), [f"{model}, {bits} bits" for model, bits in places])
    ax.set_ylim(len(places) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.set_xlabel("test log-loss above full precision's", fontsize=10.5)
    ax.set_title(f"CTR models, {ctr['data']} data, one example a step", fontsize=11, loc="left")
