"""The figure of the calibration study, from OUT/calibration.json."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from alpt_ref.tools.sheet import number

# Okabe and Ito's palette: told apart in every common colour blindness, and in grey by marker.
STYLE = {
    "fp32": ("full precision", "#222222", "s"),
    "nearest": ("nearest (DR)", "#D55E00", "D"),
    "stochastic": ("stochastic (SR)", "#0072B2", "o"),
    "stochastic(4)": ("SR, 4 random bits", "#009E73", "^"),
    "stochastic(8)": ("SR, 8 random bits", "#CC79A7", "v"),
}
FORM, TRUTH = (0, (1, 1)), (0, (6, 3))
GRIDS = ("-", (0, (4, 2)))
Record = dict[str, Any]


def draw(folder: Path, out: Path) -> None:
    """Write the PNG ``out``. ValueError where ``folder`` does not hold the results of a study."""
    path = folder / "calibration.json"
    if not path.exists():
        raise ValueError(f"{path}: no such file; run the study first")
    results = json.loads(path.read_text())
    rows = 3 + len(results["models"])
    figure = Figure(figsize=(10.5, 0.5 + 3.3 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 2, squeeze=False)
    exact = results["exact"]
    _sweep(axes[0, 0], exact["eta"], "eta", f"learning rate $\\eta$ ($\\Delta$ = {number(exact['eta'][0]['delta'])})")
    _bits(axes[0, 1], exact["k"])
    _sweep(axes[1, 0], exact["p"], "p", f"click rate $p$ ($\\eta$ = {number(exact['p'][0]['eta'])})")
    _decay(axes[1, 1], results["decay"])
    _batches(axes[2, 0], exact["rare"])
    _groups(axes[2, 1], results["one_hot"])
    for pair, data in zip(axes[3:], results["models"], strict=True):
        for ax, optimizer in zip(pair, ("sgd", "adam"), strict=True):
            _fits(ax, data, optimizer)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=10)
    handles = [figure.axes[0].plot([], [], marker, color=c, label=name)[0] for name, c, marker in STYLE.values()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(STYLE), frameon=False, fontsize=10.5)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=115)


def _title(ax: Axes, title: str, x: str, y: str) -> None:
    ax.set_title(title, fontsize=11, loc="left")
    ax.set_xlabel(x, fontsize=10.5)
    ax.set_ylabel(y, fontsize=10.5)


def _plain(ax: Axes, axis: str, ticks: Sequence[float]) -> None:
    """Ticks at these places of a logarithmic axis, written as plain numbers."""
    of = getattr(ax, f"{axis}axis")
    of.set_major_locator(FixedLocator(list(ticks)))
    of.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    of.set_minor_formatter(NullFormatter())


def _of(rows: Sequence[Record], axis: str, rule: str, value: str = "ctr") -> tuple[Any, Any]:
    mine = [row for row in rows if row["rule"] == rule]
    return np.array([row[axis] for row in mine]), np.array([row[value] for row in mine])


def _sweep(ax: Axes, rows: Sequence[Record], axis: str, x: str) -> None:
    """The rules' stationary CTR against ``axis``: points; their closed forms: dotted."""
    for rule in dict.fromkeys(row["rule"] for row in rows):
        _, colour, marker = STYLE[rule]
        at, ctr = _of(rows, axis, rule)
        forms = _of(rows, axis, rule, "theta")[1]
        ax.plot(at, ctr, marker, color=colour, markersize=6, zorder=3, linestyle="-", linewidth=0.8)
        if rule in ("nearest", "stochastic(4)"):
            ax.plot(at, forms, color=colour, linestyle=FORM, linewidth=1.6)
    ps = _of(rows, axis, "nearest", "p")[1]
    ax.plot(at, ps, color="#000000", linestyle=TRUTH, linewidth=1.0, zorder=1)
    ax.set(xscale="log", yscale="log")
    low = float(np.min(ps))
    if axis == "eta":
        ax.set_ylim(0.4 * low, 1.0)
        _plain(ax, "x", (0.05, 0.1, 0.2, 0.5, 1, 2))
        _plain(ax, "y", (0.02, 0.05, 0.1, 0.2, 0.5, 1))
        forms = _of(rows, axis, "nearest", "theta")[1]
        i = int(np.argmin(np.abs(np.log(forms / 0.15))))
        ax.annotate("$\\Delta/(2\\eta)$", (at[i], forms[i]), (8, 8), textcoords="offset points", color=STYLE["nearest"][1])
        forms = _of(rows, axis, "stochastic(4)", "theta")[1]
        i = int(np.argmin(np.abs(np.log(forms / (0.55 * low)))))
        place = (at[i], forms[i])
        ax.annotate("$2^{-4}\\Delta/\\eta$", place, (8, 0), textcoords="offset points", color=STYLE["stochastic(4)"][1])
        _title(ax, f"one feature, clicks at rate {ps[0]:g} (dashed): exact laws", x, "mean predicted CTR")
    else:
        _title(ax, "one feature: a floor, however rare clicks are", x, "mean predicted CTR")


def _bits(ax: Axes, rows: Sequence[Record]) -> None:
    """SR(k) against the number of random bits, between L6's two bounds."""
    k = np.array([int(row["rule"].split("(")[1][:-1]) for row in rows])
    p, delta, ctr, form = (np.array([row[name] for row in rows]) for name in ("p", "delta", "ctr", "theta"))
    lower = np.maximum(p, np.exp(-delta) * form)
    ax.fill_between(k, lower, np.minimum(p + form, 1.0), color="#009E73", alpha=0.18, linewidth=0, label="between L6's bounds")
    ax.plot(k, form, color="#009E73", linestyle=FORM, linewidth=1.6, label="$\\theta_k = 2^{-k}\\Delta/\\eta$")
    ax.plot(k, ctr, "^-", color="#009E73", markersize=6, linewidth=0.8, label="SR, $k$ random bits")
    ax.plot(k, p, color="#000000", linestyle=TRUTH, linewidth=1.0, label="click rate")
    ax.set(yscale="log", ylim=(0.4 * p[0], 1.0), xlim=(0.5, min(12, k.max()) + 0.5))
    _plain(ax, "x", range(2, 13, 2))
    _plain(ax, "y", (0.02, 0.05, 0.1, 0.2, 0.5, 1))
    ax.legend(fontsize=9.5, frameon=False)
    _title(ax, f"few random bits, $\\eta = \\Delta$ = {number(float(delta[0]))}", "random bits $k$", "mean predicted CTR")


def _decay(ax: Axes, grids: Sequence[Record]) -> None:
    """DR's least final CTR over eta, and SR at that eta, against the click rate."""
    for grid, line in zip(grids, GRIDS, strict=False):
        p, ctr, other = (np.array([row[name] for row in grid["rows"]]) for name in ("p", "ctr", "stochastic"))
        label = f"$\\Delta$ = {number(grid['delta'])}"
        ax.plot(p, ctr, "D", color=STYLE["nearest"][1], linestyle=line, markersize=6, linewidth=1.2, label=f"DR, {label}")
        ax.plot(p, other, "o", color=STYLE["stochastic"][1], linestyle=line, markersize=5, linewidth=1.2, label=f"SR, {label}")
    p = np.array([row["p"] for row in grids[0]["rows"]])
    ax.plot(p, 2 * np.sqrt(p), color=STYLE["nearest"][1], linestyle=FORM, linewidth=1.6, label="$2\\sqrt{p}$")
    ax.plot(p, p, color="#000000", linestyle=TRUTH, linewidth=1.0)
    ax.set(xscale="log", yscale="log")
    ax.legend(fontsize=9.5, frameon=False, loc="lower right")
    _title(
        ax, "$\\eta/\\sqrt{t}$ at DR's best $\\eta$: DR frozen, SR after as many steps", "click rate $p$", "mean predicted CTR"
    )


def _batches(ax: Axes, rows: Sequence[Record]) -> None:
    """A rare feature in mean-reduced batches."""
    for rule in dict.fromkeys(row["rule"] for row in rows):
        _, colour, marker = STYLE[rule]
        ax.plot(*_of(rows, "batch", rule), marker, color=colour, linestyle="-", linewidth=1.2, markersize=6)
    p, frozen = rows[0]["p"], [row for row in rows if row["rule"] == "nearest" and row["start"] > 0.99]
    ax.axhline(p, color="#000000", linestyle=TRUTH, linewidth=1.0)
    ax.set(xscale="log", yscale="log", ylim=(0.7 * p, 0.9))
    for row in frozen[:1]:
        at = (row["batch"], row["ctr"])
        ax.annotate("DR has not moved", at, (0, 8), textcoords="offset points", ha="right", color=STYLE["nearest"][1])
    _plain(ax, "x", [row["batch"] for row in rows if row["rule"] == "nearest"])
    _plain(ax, "y", (0.03, 0.05, 0.1, 0.2, 0.5))
    title = f"a feature in {rows[0]['share']:.0%} of the examples, batch mean, $\\eta$ = {number(rows[0]['eta'])}"
    _title(ax, title, f"batch size (law after {rows[0]['steps']} steps)", "mean predicted CTR")


def _groups(ax: Axes, one: Record) -> None:
    """Predicted against true click rate by groups of features, replicas."""
    labels = np.array(one["labels"])
    shown = np.flatnonzero(labels > 0)[1:]  # the first is all examples; a group without clicks has no place on the axis
    labels = labels[shown]
    etas = sorted({row["eta"] for row in one["rows"]})
    for row in one["rows"]:
        _, colour, marker = STYLE[row["rule"]]
        ctr, half = np.array(row["ctr"])[shown], np.array(row["half"])[shown]
        line = ("-", (0, (4, 2)), FORM)[etas.index(row["eta"]) % 3]
        ax.errorbar(labels, ctr, half, fmt=marker, color=colour, linestyle=line, markersize=5, linewidth=1.2, capsize=2)
        if row["rule"] == "nearest":
            text = f"$\\eta$ = {number(row['eta'])}"
            at = (labels[0], ctr[0])
            ax.annotate(text, at, (-8, 0), textcoords="offset points", ha="right", va="center", fontsize=9.5, color=colour)
    ax.plot(labels, labels, color="#000000", linestyle=TRUTH, linewidth=1.0, zorder=1)
    ax.set(xscale="log", yscale="log", xlim=(0.6 * labels.min(), 1.15 * labels.max()))
    ticks = (0.01, 0.02, 0.05, 0.1, 0.2)
    _plain(ax, "x", ticks)
    _plain(ax, "y", ticks)
    title = "one-hot LR, one example a step: features by click rate"
    _title(ax, title, "mean label of the group's examples", "mean predicted CTR")


def _fits(ax: Axes, data: Record, optimizer: str) -> None:
    """Predicted over true CTR against the batch size, without an intercept: solid at the smaller learning rate."""
    lines = [line for line in data["lines"] if line["optimizer"] == optimizer and not line["intercept"]]
    lrs = sorted({line["lr"] for line in lines})
    for lr, style in zip(lrs, GRIDS, strict=False):
        mine = [line for line in lines if line["lr"] == lr]
        for rule in mine[0]["rules"]:
            _, colour, marker = STYLE[rule]
            some = [(line["batch"], line["rules"][rule]["ratio"]) for line in mine if line["rules"][rule]]
            ax.plot(*zip(*some, strict=True), marker, color=colour, linestyle=style, markersize=5, linewidth=1.2)
    ax.axhline(1.0, color="#000000", linestyle=TRUTH, linewidth=1.0, zorder=1)
    ax.set(xscale="log", yscale="log")
    _plain(ax, "x", sorted({line["batch"] for line in lines}))
    low, high = ax.get_ylim()
    _plain(ax, "y", (0.5, 1, 2, 5, 10) if high > 3 * low else (0.6, 0.8, 1, 1.2, 1.5, 2))
    shown = " and ".join(f"{lr:g}{note}" for lr, note in zip(lrs, ("", " (dashed)"), strict=False))
    title = f"{data['data']}, {'SGD' if optimizer == 'sgd' else 'Adam'}, $\\eta$ = {shown}"
    _title(ax, title, f"batch size (LR without bias, click rate {data['label']:.2g})", "predicted / true CTR")
