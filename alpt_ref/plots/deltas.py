"""Floors: what is left of the gap in the long run, against the step size, with guides of the slopes that statements give."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.plots.read import Records, Runs, part_of, record_of, runs_of
from alpt_ref.plots.style import DASHED, DOTTED, LONG, QUIET, axes_of, colours_of, drawing, legend_beside, plain_log
from alpt_ref.tools.files import Record

Floats = NDArray[float64]
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GUIDES: dict[float, tuple[str, Any]] = {
    0.5: ("slope 1/2 (L2)", DOTTED),
    1.0: ("slope 1 (T1#)", DASHED),
    2.0: ("slope 2 (T7)", LONG),
}
METHODS = {
    "LPT, SR": ("stochastic", "SR"),
    "LPT, DR, best eta": ("nearest", "DR, best $\\eta$"),
    "float masters": ("masters", "float masters"),
}
WORK = "alpt-ref verify"


class Series(NamedTuple):
    """Floors of one method on one problem. half : of their intervals, 0 where there are none."""

    method: str
    label: str
    problem: str
    delta: Floats
    floor: Floats
    half: Floats


def floors(
    results: Runs | Records | Sequence[Mapping[str, Any]],
    ax: Axes | None = None,
    *,
    guides: Sequence[float] = (0.5, 1.0, 2.0),
    style: str | None = None,
) -> Axes:
    """Draw floors against Delta, both axes logarithmic: a colour for each method, a marker for each problem.

    results : runs of several Delta (the floor is the mean gap of the last quarter of the steps); or the record of ``alpt-ref
    verify`` or ``alpt-ref convergence``, or its folder; or a list of its rows under "floors". guides : slopes of lines that are
    drawn beside the series that are nearest to them. Returns the axes; ValueError where there is nothing to draw.
    """
    series = [one for one in map(_positive, series_of(results)) if one.delta.size]
    if not series:
        raise ValueError("results have no floor that is positive, and the axes are logarithmic")
    with drawing(style):
        ax = axes_of(ax)
        keys = list(dict.fromkeys((one.method, one.label) for one in series))
        colour = dict(zip(keys, colours_of(keys), strict=True))
        problems = list(dict.fromkeys(one.problem for one in series))
        for one in series:
            marker = MARKERS[problems.index(one.problem) % len(MARKERS)]
            looks: Any = {"color": colour[one.method, one.label], "fmt": marker, "linestyle": "-", "capsize": 2, "zorder": 3}
            half = one.half if (one.half > 0).any() else None
            lower = None if half is None else (np.minimum(half, 0.9 * one.floor), half)
            ax.errorbar(one.delta, one.floor, lower, label=f"{one.label}, {one.problem}", **looks)
        shown = [guide for guide in guides if _guide(ax, guide, series)]
        ax.set(xscale="log", yscale="log", xlabel="step size $\\Delta$", ylabel="floor of $f(w) - f^*$")
        plain_log(ax, "x")
        handles: list[Any] = [Line2D([], [], color=colour[key], label=key[1]) for key in keys]
        if len(problems) > 1:
            marks = zip(problems, MARKERS * len(problems), strict=False)
            handles += [Line2D([], [], color=QUIET, marker=mark, linestyle="", label=name) for name, mark in marks]
        handles += [Line2D([], [], color=QUIET, linestyle=_look(guide)[1], label=_look(guide)[0]) for guide in shown]
        legend_beside(ax, handles=handles)
    return ax


def series_of(results: Any) -> list[Series]:
    """The floors that ``results`` have."""
    if isinstance(results, Iterable) and not isinstance(results, str | Mapping):
        rows = list(results)
        if rows and all(isinstance(row, Mapping) and "deltas" in row for row in rows):
            return _verified(rows)
        return _traced(rows)
    if not _is_record(results):
        return _traced(results)
    record = record_of(results, ("verdicts.json", "convergence.json", "floors.json"), WORK)
    if "slopes" in record:
        return [_fitted(item) for item in record["slopes"]]
    return _verified(part_of(record, "floors", f"{WORK}` of all statements, or of `alpt-ref convergence"))


def _positive(one: Series) -> Series:
    """The part of it that a logarithmic axis shows."""
    shown = (one.floor > 0) & (one.delta > 0)
    return one._replace(delta=one.delta[shown], floor=one.floor[shown], half=one.half[shown])


def _is_record(results: Any) -> bool:
    return isinstance(results, Mapping) or (not hasattr(results, "gaps") and not str(results).endswith(".npz"))


def _verified(rows: Sequence[Record]) -> list[Series]:
    out = []
    for row in rows:
        try:
            delta, floor = np.array(row["deltas"], float64), np.array(row["gaps"], float64)
            name, problem = str(row["method"]), str(row["problem"])
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"results: not floors of `{WORK}`") from None
        if delta.ndim != 1 or delta.shape != floor.shape:
            raise ValueError(f"results: as many gaps as deltas are needed, got {floor.shape} and {delta.shape}")
        out.append(Series(*METHODS.get(name, (name, name)), problem, delta, floor, np.zeros(floor.shape)))
    return out


def _fitted(item: Record) -> Series:
    columns = [np.array([point[key] or 0.0 for point in item["points"]], float64) for key in ("delta", "floor", "floor_half")]
    return Series("stochastic", "SR", item["problem"], *columns)


def _traced(given: Any) -> list[Series]:
    """Runs by their label and problem, each group at several Delta."""
    groups: dict[tuple[str, str, str], list[tuple[float, float, float]]] = {}
    for run in runs_of(given):
        delta = run.params.get("delta")
        if delta is None:
            continue  # full precision has no Delta
        mean, half = run.floor
        key = (run.method, run.label, str(run.params.get("problem", "")))
        groups.setdefault(key, []).append((float(delta), mean, half or 0.0))
    if not groups:
        raise ValueError("runs must have a grid: full precision has no Delta")
    return [Series(*key, *np.array(sorted(rows), float64).T) for key, rows in groups.items()]


def _look(guide: float) -> tuple[str, Any]:
    return GUIDES.get(guide, (f"slope {guide:g}", DASHED))


def _guide(ax: Axes, guide: float, series: Sequence[Series]) -> bool:
    """Draw a line of that slope above the series whose own is nearest to it; False where none is within a quarter."""
    some = [one for one in series if np.unique(one.delta).size > 1]
    order = [float(np.polyfit(np.log(one.delta), np.log(one.floor), 1)[0]) for one in some]
    near = [i for i, found in enumerate(order) if abs(found - guide) <= 0.25]
    if not near:
        return False
    one = max((some[i] for i in near), key=lambda s: float(s.floor.mean()))
    at = 1.6 * float(np.max(one.floor / one.delta**guide))
    ax.plot(one.delta, at * one.delta**guide, color=QUIET, linestyle=_look(guide)[1], linewidth=1.2, zorder=2)
    return True
