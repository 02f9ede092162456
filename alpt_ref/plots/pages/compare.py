"""The figure of the comparison: test AUC against the bit width, a panel for each OUT/compare.json."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator
from numpy.typing import NDArray

from alpt_ref.plots import style
from alpt_ref.plots.style import DASHED, DOTTED, DR, FULL, GREEN, LONG, ORANGE, PINK, QUIET, SOLID, SR, name, note
from alpt_ref.studies.comparison.methods import METHODS
from alpt_ref.tools.files import Record

# Colour, marker, whether it is filled, line: DR and SR in the house's colours, LPT open and dashed, ALPT filled and solid.
STYLE: dict[str, tuple[str, str, bool, Any]] = {
    "fp32": (FULL, "", True, SOLID),
    "hash": (FULL, "", True, LONG),
    "lpt-dr": (DR, "D", False, DASHED),
    "lpt-sr": (SR, "o", False, DASHED),
    "alpt-dr": (DR, "D", True, SOLID),
    "alpt-sr": (SR, "o", True, SOLID),
    "lpt-sr-f": (SR, "s", False, DOTTED),
    "alpt-sr-f": (SR, "s", True, LONG),
    "lsq": (GREEN, "^", True, SOLID),
    "pact": (PINK, "v", True, SOLID),
    "ptq": (ORANGE, "X", True, SOLID),
}
LEVELS = ("fp32", "hash")  # they have no bit width
ROOM = 0.56  # of the distance between two widths, for the methods side by side
Map = Callable[[Any], NDArray[np.float64]]


def draw(folders: Sequence[Path], out: Path) -> None:
    """Write the PNG ``out``. ValueError where one of the ``folders`` does not hold the results of a comparison."""
    style.save(figure(folders), out, 160)


def figure(folders: Sequence[Path]) -> Figure:
    """One to four panels, the axes in the order of the folders."""
    if not 1 <= len(folders) <= 4:
        raise ValueError(f"a figure shows 1 to 4 folders, got {len(folders)}")
    panels = [_read(folder / "compare.json") for folder in folders]
    columns = 2 if len(panels) == 4 else len(panels)
    rows = len(panels) // columns
    drawn, axes = style.canvas(rows, columns, ((8.0, 10.8, 13.6)[columns - 1], 0.9 + 3.7 * rows))
    for ax, results in zip(axes.flat, panels, strict=True):
        _panel(ax, results)
    for first, *others in axes:
        for ax in others:
            if ax.get_ylabel() == first.get_ylabel():
                ax.set_ylabel("")
    shown = {row["method"] for results in panels for row in results["rows"]}
    handles = [Line2D([], [], label=METHODS[method].title, **_look(method)) for method in STYLE if method in shown]
    looks: Record = {"fontsize": 9.5, "handlelength": 2.8, "columnspacing": 1.4}
    if columns == 1:
        looks["loc"] = "outside right center"
    style.legend(drawn, handles, 1 if columns == 1 else min(4, -(-len(handles) // 2)), **looks)
    return drawn


def _read(path: Path) -> Record:
    """The results, with those rows alone that have an AUC: a diverged fit has none."""
    results = style.read(path, "comparison")
    try:
        rows = [row for row in results["rows"] if row["test"]["auc"][0] is not None and row["method"] in STYLE]
    except (KeyError, TypeError):
        raise ValueError(f"{path}: not the results of a comparison") from None
    if not rows:
        raise ValueError(f"{path}: no rows with an AUC, nothing to draw")
    return results | {"rows": rows}


def _look(method: str) -> Record:
    """Arguments of a line."""
    colour, marker, filled, line = STYLE[method]
    face = colour if filled else "white"
    return {"color": colour, "marker": marker, "markersize": 6, "markerfacecolor": face, "linestyle": line, "linewidth": 1.1}


def _panel(ax: Axes, results: Record) -> None:
    """The methods of one record, side by side at each bit width."""
    rows, settings = results["rows"], results["settings"]
    paired = any(row["method"] == "fp32" for row in rows)
    levels = {row["method"]: float(row["test"]["auc"][0]) for row in rows if row["method"] in LEVELS}
    widths = sorted({row["bits"] for row in rows if row["method"] not in LEVELS})
    methods = [method for method in STYLE if any(row["method"] == method for row in rows) and method not in LEVELS]
    values = [_auc(row, paired) for row in rows]
    reference = "fp32" if "fp32" in levels else "best"
    levels = {reference: max(mean for mean, _ in values)} | levels
    _axis(ax, values, reference, levels[reference], settings["margin"] or 1e-3)
    for i, method in enumerate(methods):
        dodge = ROOM * (i - (len(methods) - 1) / 2) / len(methods)
        mine = sorted((row["bits"], *_auc(row, paired)) for row in rows if row["method"] == method)
        x = [widths.index(bits) + dodge for bits, _, _ in mine]
        half = [math.nan if half is None else half for _, _, half in mine]
        y, front = [mean for _, mean, _ in mine], 4 if STYLE[method][2] else 3
        ax.errorbar(x, y, half, label=method, elinewidth=1.1, capsize=2, zorder=front, **_look(method))
        _cut(ax, x, np.array(y), np.nan_to_num(half), STYLE[method][0])
    _levels(ax, levels)
    ax.set_xticks(range(len(widths)), [str(bits) for bits in widths])
    ax.set_xlim(-0.5, max(len(widths), 1) - 0.5)
    ax.tick_params(axis="x", length=0)
    model = f"FM, $k$ = {settings['k']}," if results["model"] == "fm" else "LR"
    what = "paired " if paired else ""
    bars = f"bars: {what}{settings['confidence']:.0%} intervals, all at once, {settings['seeds']} seeds"
    name(ax, f"{model} on {results['data']}", f"bit width ({bars if settings['seeds'] > 1 else 'one seed'})")


def _auc(row: Record, paired: bool) -> tuple[float, float | None]:
    """Mean AUC, and the half width of its difference to full precision, or of its own."""
    mean, half = row["test"]["auc"]
    return mean, (row["minus_fp32"]["auc"][1] if row["method"] != "fp32" else None) if paired else half


def _cut(ax: Axes, x: Sequence[float], y: NDArray[np.float64], half: NDArray[np.float64], colour: str) -> None:
    """Arrow heads at the panel's edge on bars that go on beyond it."""
    for edge, beyond, marker in ((0.0, y - half < ax.get_ylim()[0], "v"), (1.0, y + half > ax.get_ylim()[1], "^")):
        at = [place for place, cut in zip(x, beyond, strict=True) if cut]
        if at:
            style: Record = {"color": colour, "markersize": 4, "clip_on": False, "transform": ax.get_xaxis_transform()}
            ax.plot(at, [edge] * len(at), marker, **style)


def _levels(ax: Axes, levels: dict[str, float]) -> None:
    """Full precision (or the best) and hashing: lines, named and valued at the right."""
    order = sorted(levels, key=levels.__getitem__)
    heights = ax.transAxes.inverted().transform(ax.transData.transform([(0.0, levels[method]) for method in order]))[:, 1]
    near = np.ptp(heights) < 0.11
    for method, lower in zip(order, (True, False), strict=False):
        mean = levels[method]
        colour, _, _, line = STYLE.get(method, (QUIET, "", True, SOLID))
        ax.axhline(mean, color=colour, linestyle=line, linewidth=1.1, zorder=2, label=method)
        side = "center" if len(order) == 1 or not near else "top" if lower else "bottom"
        text, place = f"{method}\n{mean:.4f}", ("axes fraction", "data")
        note(ax, text, (1.0, mean), (4, 0), colour, xycoords=place, va=side, fontsize=9)


def _axis(ax: Axes, values: Sequence[Sequence[float | None]], reference: str, centre: float, unit: float) -> None:
    """AUC, linear within ``unit`` of ``centre`` and logarithmic in the difference beyond, its ticks differences.

    All means are shown; an interval longer than the distance between the least and the largest of them runs out of the panel.
    """
    means = np.array([mean for mean, _ in values], dtype=np.float64)
    halves = np.array([min(half or 0.0, float(np.ptp(means))) for _, half in values])
    low, high = max(float(np.min(means - halves)), 0.0), min(float(np.max(means + halves)), 1.0)
    forward, inverse = _around(centre, unit)
    ax.set_yscale("function", functions=(forward, inverse))
    ends = forward([min(low, centre - unit), max(high, centre + unit)])
    low, high = inverse(ends + 0.06 * np.ptp(ends) * np.array([-1.0, 1.0])).tolist()
    ax.set_ylim(low, high)
    steps = [sign * unit * 10.0**power for power in range(8) for sign in (-1, 1)]
    ticks = [tick for tick in (0.0, *steps) if max(low, 0.0) <= centre + tick <= high]
    ax.yaxis.set_major_locator(FixedLocator([centre + tick for tick in ticks]))
    ax.yaxis.set_major_formatter(FixedFormatter([f"{tick:+g}".replace("-", "−") if tick else "0" for tick in ticks]))
    ax.yaxis.set_minor_locator(FixedLocator([centre + i * step for step in steps for i in range(2, 10)]))
    for edge in (centre - unit, centre + unit):
        ax.axhline(edge, color=QUIET, linestyle=DOTTED, linewidth=0.8, zorder=1)
    if low < 0.5 < high:
        ax.axhline(0.5, color=QUIET, linestyle=DOTTED, linewidth=0.8, zorder=1)
        place = ("axes fraction", "data")
        note(ax, "chance: 0.5", (1.0, 0.5), (0, 3), QUIET, xycoords=place, ha="right", fontsize=9)
    whose = "fp32's" if reference == "fp32" else "the best's"
    ax.set_ylabel(f"test AUC − {whose} (linear to ±{unit:g}, then log)", fontsize=10.5)


def _around(centre: float, unit: float) -> tuple[Map, Map]:
    """A scale and its inverse: linear within ``unit`` of ``centre``, a decade as long as ``unit`` beyond."""

    def forward(y: Any) -> NDArray[np.float64]:
        d = (np.asarray(y, dtype=np.float64) - centre) / unit
        return np.where(np.abs(d) <= 1.0, d, np.sign(d) * (1.0 + np.log10(np.maximum(np.abs(d), 1.0))))

    def inverse(s: Any) -> NDArray[np.float64]:
        s = np.asarray(s, dtype=np.float64)
        d = np.where(np.abs(s) <= 1.0, s, np.sign(s) * 10.0 ** (np.abs(s) - 1.0))
        return np.asarray(centre + unit * d)

    return forward, inverse
