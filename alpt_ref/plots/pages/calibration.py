"""The figure of the calibration study, from OUT/calibration.json."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from alpt_ref.plots import style
from alpt_ref.plots.output import save
from alpt_ref.plots.rates import look_of
from alpt_ref.plots.read import read
from alpt_ref.plots.style import BLACK, DASHED, DR, FINE, LONG, SKY, SOLID, SR, name, note
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import number

TITLES = {
    "fp32": "full precision",
    "nearest": "nearest (DR)",
    "stochastic": "stochastic (SR)",
    "stochastic(4)": "SR, 4 random bits",
    "stochastic(8)": "SR, 8 random bits",
}
STYLE = {rule: (title, *look_of(rule)[1:]) for rule, title in TITLES.items()}
FORM: Any = {"linestyle": FINE, "linewidth": 1.6}  # of closed forms
TRUTH: Any = {"color": BLACK, "linestyle": LONG, "linewidth": 1.0}  # of true click rates
GRIDS = (SOLID, DASHED)
RATES = (0.02, 0.05, 0.1, 0.2, 0.5, 1)  # ticks
MEAN = "mean predicted CTR"


def draw(folder: Path, out: Path) -> None:
    """Write ``out``. ValueError where ``folder`` does not hold the results of a study."""
    save(figure(folder), out, dpi=115)


def figure(folder: Path) -> Figure:
    """All panels. ValueError where ``folder`` does not hold the results of a study."""
    results = read(folder / "calibration.json")
    rows = 3 + len(results["models"])
    drawn, axes = style.canvas(rows, 2, (10.5, 0.5 + 3.3 * rows))
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
    handles = [axes[0, 0].plot([], [], marker, color=colour, label=rule)[0] for rule, colour, marker in STYLE.values()]
    style.legend(drawn, handles, len(STYLE), fontsize=10.5)
    return drawn


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
            ax.plot(at, forms, color=colour, **FORM)
    ps = _of(rows, axis, "nearest", "p")[1]
    ax.plot(at, ps, **TRUTH, zorder=1)
    ax.set(xscale="log", yscale="log")
    low = float(np.min(ps))
    if axis == "eta":
        ax.set_ylim(0.4 * low, 1.0)
        _plain(ax, "x", (0.05, 0.1, 0.2, 0.5, 1, 2))
        _plain(ax, "y", RATES)
        for rule, text, height, offset in (
            ("nearest", "$\\Delta/(2\\eta)$", 0.15, (8, 8)),
            ("stochastic(4)", "$2^{-4}\\Delta/\\eta$", 0.55 * low, (8, 0)),
        ):
            forms = _of(rows, axis, rule, "theta")[1]
            i = int(np.argmin(np.abs(np.log(forms / height))))
            note(ax, text, (at[i], forms[i]), offset, STYLE[rule][1])
        name(ax, f"one feature, clicks at rate {ps[0]:g} (dashed): exact laws", x, MEAN)
    else:
        name(ax, "one feature: a floor, however rare clicks are", x, MEAN)


def _bits(ax: Axes, rows: Sequence[Record]) -> None:
    """SR(k) against the number of random bits, between L6's two bounds."""
    k = np.array([int(row["rule"].split("(")[1][:-1]) for row in rows])
    p, delta, ctr, form = (np.array([row[key] for row in rows]) for key in ("p", "delta", "ctr", "theta"))
    lower = np.maximum(p, np.exp(-delta) * form)
    ax.fill_between(k, lower, np.minimum(p + form, 1.0), color=SKY, alpha=0.18, linewidth=0, label="between L6's bounds")
    ax.plot(k, form, color=SKY, **FORM, label="$\\theta_k = 2^{-k}\\Delta/\\eta$")
    ax.plot(k, ctr, "^-", color=SKY, markersize=6, linewidth=0.8, label="SR, $k$ random bits")
    ax.plot(k, p, **TRUTH, label="click rate")
    ax.set(yscale="log", ylim=(0.4 * p[0], 1.0), xlim=(0.5, min(12, k.max()) + 0.5))
    _plain(ax, "x", range(2, 13, 2))
    _plain(ax, "y", RATES)
    ax.legend(fontsize=9.5, frameon=False)
    name(ax, f"few random bits, $\\eta = \\Delta$ = {number(float(delta[0]))}", "random bits $k$", MEAN)


def _decay(ax: Axes, grids: Sequence[Record]) -> None:
    """DR's least final CTR over eta, and SR at that eta, against the click rate."""
    for grid, line in zip(grids, GRIDS, strict=False):
        p, ctr, other = (np.array([row[key] for row in grid["rows"]]) for key in ("p", "ctr", "stochastic"))
        label = f"$\\Delta$ = {number(grid['delta'])}"
        ax.plot(p, ctr, "D", color=DR, linestyle=line, markersize=6, linewidth=1.2, label=f"DR, {label}")
        ax.plot(p, other, "o", color=SR, linestyle=line, markersize=5, linewidth=1.2, label=f"SR, {label}")
    p = np.array([row["p"] for row in grids[0]["rows"]])
    ax.plot(p, 2 * np.sqrt(p), color=DR, **FORM, label="$2\\sqrt{p}$")
    ax.plot(p, p, **TRUTH)
    ax.set(xscale="log", yscale="log")
    ax.legend(fontsize=9.5, frameon=False, loc="lower right")
    name(ax, "$\\eta/\\sqrt{t}$ at DR's best $\\eta$: DR frozen, SR after as many steps", "click rate $p$", MEAN)


def _batches(ax: Axes, rows: Sequence[Record]) -> None:
    """A rare feature in mean-reduced batches."""
    for rule in dict.fromkeys(row["rule"] for row in rows):
        _, colour, marker = STYLE[rule]
        ax.plot(*_of(rows, "batch", rule), marker, color=colour, linestyle="-", linewidth=1.2, markersize=6)
    p, frozen = rows[0]["p"], [row for row in rows if row["rule"] == "nearest" and row["start"] > 0.99]
    ax.axhline(p, **TRUTH)
    ax.set(xscale="log", yscale="log", ylim=(0.7 * p, 0.9))
    for row in frozen[:1]:
        note(ax, "DR has not moved", (row["batch"], row["ctr"]), (0, 8), DR, ha="right")
    _plain(ax, "x", [row["batch"] for row in rows if row["rule"] == "nearest"])
    _plain(ax, "y", (0.03, 0.05, 0.1, 0.2, 0.5))
    title = f"a feature in {rows[0]['share']:.0%} of the examples, batch mean, $\\eta$ = {number(rows[0]['eta'])}"
    name(ax, title, f"batch size (law after {rows[0]['steps']} steps)", MEAN)


def _groups(ax: Axes, one: Record) -> None:
    """Predicted against true click rate by groups of features, replicas."""
    labels = np.array(one["labels"])
    shown = np.flatnonzero(labels > 0)[1:]  # the first is all examples; a group without clicks has no place on the axis
    labels = labels[shown]
    etas = sorted({row["eta"] for row in one["rows"]})
    for row in one["rows"]:
        _, colour, marker = STYLE[row["rule"]]
        ctr, half = np.array(row["ctr"])[shown], np.array(row["half"])[shown]
        line = (SOLID, DASHED, FINE)[etas.index(row["eta"]) % 3]
        ax.errorbar(labels, ctr, half, fmt=marker, color=colour, linestyle=line, markersize=5, linewidth=1.2, capsize=2)
        if row["rule"] == "nearest":
            text = f"$\\eta$ = {number(row['eta'])}"
            note(ax, text, (labels[0], ctr[0]), (-8, 0), colour, ha="right", va="center", fontsize=9.5)
    ax.plot(labels, labels, **TRUTH, zorder=1)
    ax.set(xscale="log", yscale="log", xlim=(0.6 * labels.min(), 1.15 * labels.max()))
    for axis in ("x", "y"):
        _plain(ax, axis, (0.01, 0.02, 0.05, 0.1, 0.2))
    name(ax, "one-hot LR, one example a step: features by click rate", "mean label of the group's examples", MEAN)


def _fits(ax: Axes, data: Record, optimizer: str) -> None:
    """Predicted over true CTR against the batch size, without an intercept: solid at the smaller learning rate."""
    lines = [line for line in data["lines"] if line["optimizer"] == optimizer and not line["intercept"]]
    lrs = sorted({line["lr"] for line in lines})
    for lr, dash in zip(lrs, GRIDS, strict=False):
        mine = [line for line in lines if line["lr"] == lr]
        for rule in mine[0]["rules"]:
            _, colour, marker = STYLE[rule]
            some = [(line["batch"], line["rules"][rule]["ratio"]) for line in mine if line["rules"][rule]]
            ax.plot(*zip(*some, strict=True), marker, color=colour, linestyle=dash, markersize=5, linewidth=1.2)
    ax.axhline(1.0, **TRUTH, zorder=1)
    ax.set(xscale="log", yscale="log")
    _plain(ax, "x", sorted({line["batch"] for line in lines}))
    low, high = ax.get_ylim()
    _plain(ax, "y", (0.5, 1, 2, 5, 10) if high > 3 * low else (0.6, 0.8, 1, 1.2, 1.5, 2))
    shown = " and ".join(f"{lr:g}{dashed}" for lr, dashed in zip(lrs, ("", " (dashed)"), strict=False))
    title = f"{data['data']}, {'SGD' if optimizer == 'sgd' else 'Adam'}, $\\eta$ = {shown}"
    name(ax, title, f"batch size (LR without bias, click rate {data['label']:.2g})", "predicted / true CTR")
