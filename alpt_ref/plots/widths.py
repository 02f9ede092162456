"""The comparison of methods on click data: a panel for each bit width, a dot and its interval for each method."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from alpt_ref.plots.read import Records, part_of, record_of
from alpt_ref.plots.style import DR, FULL, GREEN, LONG, ORANGE, PINK, QUIET, SHORT, SR, drawing, grid_of_axes
from alpt_ref.studies.comparison.methods import METHODS
from alpt_ref.tools.checks import one_of
from alpt_ref.tools.files import Record

WORK = "alpt-ref compare"
WHOLE = 2.5  # of the spread of all means: a longer interval runs out of its panel
METRICS = {"auc": "test AUC", "logloss": "test log-loss"}
# Colour, marker, whether it is filled: DR and SR in the house's colours, LPT open, ALPT filled.
LOOKS: dict[str, tuple[str, str, bool]] = {
    "lpt-dr": (DR, "D", False),
    "lpt-sr": (SR, "o", False),
    "lpt-sr-f": (SR, "s", False),
    "alpt-dr": (DR, "D", True),
    "alpt-sr": (SR, "o", True),
    "alpt-sr-f": (SR, "s", True),
    "lsq": (GREEN, "^", True),
    "pact": (PINK, "v", True),
    "ptq": (ORANGE, "X", True),
}
LEVELS = {"fp32": (FULL, SHORT), "hash": (QUIET, LONG)}  # they have no bit width


def compare(
    results: Records,
    ax: Axes | NDArray[Any] | Sequence[Axes] | None = None,
    *,
    metric: str = "auc",
    style: str | None = None,
) -> NDArray[Any]:
    """Draw the methods of a comparison, a panel for each width with an axis of its own: test AUC, and full precision as a line.

    results : the record of ``alpt-ref compare``, or its folder. ax : as many axes as there are widths. metric : "auc" or
    "logloss". Intervals are those of the difference to full precision, paired by seed, or a method's own where that is missing;
    one that runs out of its panel ends in an arrow. Returns the axes, the widest codes first; ValueError where there is nothing
    to draw.
    """
    one_of("metric", metric, tuple(METRICS))
    record = record_of(results, "compare.json", WORK)
    rows, widths, methods = _rows(record, metric), widths_of(record, metric), methods_of(record, metric)
    if not widths:
        raise ValueError(f"results have no method with a width and a finite {metric}")
    with drawing(style):
        axes = grid_of_axes(ax, 1, len(widths), (2.5, 0.9 + 0.28 * len(methods)), sharey=True)[0]
        for panel, bits in zip(axes, widths, strict=True):
            mine = {row["method"]: row for row in rows if row["bits"] == bits}
            levels = {row["method"]: row for row in rows if row["method"] in LEVELS}
            _panel(panel, methods, mine, levels, metric)
            panel.set_title(f"{bits} bits", loc="left", pad=4.0 + 11.0 * len(levels))
            panel.set_xlabel(METRICS[metric])
        axes[0].set_yticks(range(len(methods)), [METHODS[name].title for name in methods])
        axes[0].set_ylim(len(methods) - 0.4, -0.6)
        for panel in axes[1:]:
            panel.tick_params(labelleft=False)
    return np.asarray(axes)


def widths_of(record: Record, metric: str = "auc") -> list[int]:
    """The bit widths that are drawn, the widest first."""
    return sorted({row["bits"] for row in _rows(record, metric) if row["method"] in LOOKS}, reverse=True)


def methods_of(record: Record, metric: str = "auc") -> list[str]:
    """The methods that are drawn, besides those that have no width."""
    shown = {row["method"] for row in _rows(record, metric)}
    return [name for name in LOOKS if name in shown]


def _rows(record: Record, metric: str) -> list[Record]:
    """The rows with a finite value: a diverged fit has none."""
    try:
        rows: list[Record] = part_of(record, "rows", WORK)
        return [row for row in rows if row["test"][metric][0] is not None and row["method"] in (*LOOKS, *LEVELS)]
    except (AttributeError, KeyError, TypeError):
        raise ValueError(f"results: not a record of `{WORK}`") from None


def interval(row: Record, metric: str) -> tuple[float, float]:
    """Mean, and half width of its difference to full precision, or its own; 0 where there is none."""
    mean, half = row["test"][metric]
    paired = row.get("minus_fp32")
    if paired is not None:
        half = paired[metric][1]
    return float(mean), float(half) if half is not None and math.isfinite(half) else 0.0


def _panel(ax: Axes, methods: Sequence[str], mine: dict[str, Record], levels: dict[str, Record], metric: str) -> None:
    lines = {name: float(row["test"][metric][0]) for name, row in levels.items()}
    means = [interval(row, metric)[0] for row in mine.values()]
    extent = [*means, *(level for name, level in lines.items() if name == "fp32")]
    spread = max(extent) - min(extent) or 1e-3
    low, high = min(extent) - 0.15 * spread, max(extent) + 0.15 * spread
    for row in mine.values():  # an interval is shown whole where it does not dwarf the rest
        mean, half = interval(row, metric)
        low, high = (min(low, mean - 1.1 * half), max(high, mean + 1.1 * half)) if half <= WHOLE * spread else (low, high)
    for i, (name, level) in enumerate(lines.items()):
        colour, line = LEVELS[name]
        text = f"{'full precision' if name == 'fp32' else 'hashing'} {level:.4f}"
        place = (level - low) / (high - low)
        if 0.0 <= place <= 1.0:
            ax.axvline(level, color=colour, linestyle=line, linewidth=1.2, zorder=1.5)
        else:  # far from all methods: said, not drawn
            level, text = (low, f"← {text}") if place < 0.0 else (high, f"{text} →")
        side = "left" if place < 0.35 else "right" if place > 0.65 else "center"
        looks: Any = {"textcoords": "offset points", "xycoords": ("data", "axes fraction"), "fontsize": "x-small"}
        ax.annotate(text, (level, 1.0), (0, 2 + 10 * i), color=colour, ha=side, **looks)
    for place, name in enumerate(methods):
        if name not in mine:
            continue
        colour, marker, filled = LOOKS[name]
        mean, half = interval(mine[name], metric)
        ax.plot([max(low, mean - half), min(high, mean + half)], [place, place], color=colour, linewidth=1.4, zorder=2.5)
        for end, out, head in ((low, mean - half < low, "<"), (high, mean + half > high, ">")):
            if out:
                ax.plot([end], [place], head, color=colour, markersize=4, clip_on=False, linestyle="", zorder=2.5)
        face = colour if filled else "white"
        ax.plot([mean], [place], marker, color=colour, markerfacecolor=face, linestyle="", label=name, zorder=3)
    ax.set_xlim(low, high)
    ax.grid(False, axis="y")
