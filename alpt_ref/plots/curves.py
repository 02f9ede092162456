"""Convergence: the gap or the mean regret of runs against the number of steps, with intervals, bounds and floors."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.plots.read import Runs, runs_of
from alpt_ref.plots.style import BOUND, DASHED, FINE, QUIET, SHORT, axes_of, colours_of, drawing
from alpt_ref.runs.run import Run
from alpt_ref.tools.checks import one_of
from alpt_ref.tools.files import Record

Floats = NDArray[float64]
Bound = str | float | Callable[[Floats], Any]
NAMES = {"gap": "$f(w_t) - f^*$", "regret": "mean regret of steps $1, \\ldots, t$"}
BELOW = 0.3  # of a mean: as far as the axis follows its interval
DECADES = 8  # that an axis reaches down from its largest value at most
# What tells runs of one label apart, in this order.
TOLD = ("rounding", "bits", "delta", "eta", "schedule", "mode", "problem", "start", "seed", "law")
FLOORS = (DASHED, FINE, SHORT)


def convergence(
    runs: Runs,
    ax: Axes | None = None,
    *,
    y: str = "gap",
    bound: Bound | None = None,
    floor: float | Mapping[str, float] | None = None,
    bands: bool = True,
    style: str | None = None,
) -> Axes:
    """Draw runs against the number of steps, both axes logarithmic: the mean over replicas, or the expectation of an exact law.

    y : "gap", f(w_t) - f*, or "regret", the mean of f_t(w_t) - f_t(w*) over the first t steps. bound : "T1" (of a regret, the
    bound that the runs know), a number, or a function of the numbers of steps; dashed. floor : a number, or several by name;
    horizontal lines. bands : intervals of a whole curve at once, at the runs' confidence; an exact run has none. The legend
    says where a run never moves, or stops. Returns the axes; ValueError, naming the argument, for what cannot be drawn.
    """
    found = runs_of(runs)
    one_of("y", y, tuple(NAMES))
    levels = _levels(floor)
    means = [_means(run, y)[1] for run in found]  # of all: nothing is drawn before a refusal
    if not any((mean > 0).any() for mean in means):
        raise ValueError(f"runs: no {y} is positive, and the axis is logarithmic")
    with drawing(style):
        ax = axes_of(ax)
        colours = colours_of([(run.method, run.label) for run in found])
        drawn = [
            _curve(ax, run, y, colour, label, bands) for run, colour, label in zip(found, colours, labels(found), strict=True)
        ]
        top, low = max(float(c.max()) for c in drawn), [float(c[c > 0].min()) for c in drawn if (c > 0).any()]
        for (name, level), line in zip(levels.items(), FLOORS * len(levels), strict=False):
            ax.axhline(level, color=QUIET, linestyle=line, linewidth=1.2, label=name, zorder=2)
            low.append(level)
        for curve in _bounds(ax, found, colours, y, bound):
            top, low = max(top, min(float(curve.max()), 10.0 * top)), [*low, float(curve.min())]
        _axes(ax, found, y, max(min(low, default=top), top * 10.0**-DECADES), top)
        ax.legend()
    return ax


def labels(runs: Sequence[Run]) -> list[str]:
    """The runs' labels, and in which of their parameters those of one label differ."""
    names = [run.label for run in runs]
    out = []
    for run in runs:
        alike = [_told_of(other) for other in runs if other.label == run.label]
        keys = [key for key in TOLD if len({str(other.get(key)) for other in alike}) > 1]
        if "bits" in keys and "delta" in keys:  # one box: the one says the other
            keys.remove("delta")
        about = _told_of(run)
        said = ", ".join(told(key, about.get(key)) for key in keys[:2] if about.get(key) is not None)
        out.append(f"{run.label}, {said}" if names.count(run.label) > 1 and said else run.label)
    return out


def _told_of(run: Run) -> Record:
    return run.params | {"law": "exact" if run.exact else "sampled"}


def told(key: str, value: Any) -> str:
    """A parameter as a label says it."""
    number = f"{value:.3g}" if isinstance(value, float) else str(value)
    signs = {"bits": f"{number} bits", "delta": f"$\\Delta$ = {number}", "eta": f"$\\eta$ = {number}", "seed": f"seed {number}"}
    return signs.get(key, number)


def stop_of(run: Run) -> int | None:
    """The number of steps after which no replica has moved any more, 0 for a run that never moves; None where one went on into
    the second half, and in full precision."""
    last = run.stopped
    return last if last is not None and run.steps[-1] >= 2 and last <= run.steps[-1] / 2 else None


def _means(run: Run, y: str) -> tuple[NDArray[int64], Floats, Floats]:
    """Steps, of which the axis is logarithmic, means, ends of intervals (2, n). ValueError where there are none."""
    mean, ends = (run.gap, run.gap_interval) if y == "gap" else (run.regret, run.regret_interval)
    shown = (run.steps > 0) & np.isfinite(mean)
    if not shown.any():
        raise ValueError(f"runs: {run.label} has no {y} after its first step")
    return run.steps[shown], mean[shown], ends[:, shown]


def _curve(ax: Axes, run: Run, y: str, colour: str, label: str, bands: bool) -> Floats:
    steps, mean, (low, high) = _means(run, y)
    stop = stop_of(run)
    if stop is not None:
        label += " (never moves)" if stop == 0 else f" (stops at step {stop})"
    line: Any = {"linestyle": SHORT, "zorder": 4} if run.method == "float" else {"zorder": 3}
    tiny = float(np.finfo(float64).tiny)
    ax.plot(steps, np.maximum(mean, tiny), color=colour, label=label, **line)
    if stop is not None:
        at = max(stop, 1)
        ax.plot([at], [np.interp(at, steps, mean)], "o", color=colour, markersize=6, zorder=5)
    if not (bands and (high > low).any()):
        return np.asarray(mean)
    low = np.maximum(low, tiny)
    ax.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0, zorder=1.5)
    return np.append(mean, np.maximum(low, BELOW * mean).min())  # room for the band, but for one that goes down to 0


def _levels(floor: float | Mapping[str, float] | None) -> dict[str, float]:
    if floor is None:
        return {}
    levels = dict(floor) if isinstance(floor, Mapping) else {"floor": floor}
    for name, level in levels.items():
        if not _is_level(level):
            raise ValueError(f"floor must be positive and finite, got {level!r} for {name}")
    return {str(name): float(level) for name, level in levels.items()}


def _is_level(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(0.0 < value < math.inf)


def _bounds(ax: Axes, runs: Sequence[Run], colours: Sequence[str], y: str, bound: Bound | None) -> list[Floats]:
    """Draw the bound, or those of the runs, each once; returns what was drawn."""
    if bound is None:
        return []
    line: dict[str, Any] = BOUND | {"zorder": 2.5}
    steps = np.unique(np.concatenate([run.steps[run.steps > 0] for run in runs])).astype(float64)
    if callable(bound):
        try:
            values = np.broadcast_to(np.asarray(bound(steps), float64), steps.shape)
        except (TypeError, ValueError) as error:
            raise ValueError(f"bound must be a function of {steps.size} numbers of steps: {error}") from None
        known = _positive(values)
        ax.plot(steps, values, label="bound", **line)
        return [known]
    if not isinstance(bound, str):
        if not _is_level(bound):
            raise ValueError(f"bound must be positive and finite, got {bound!r}")
        ax.axhline(bound, label="bound", **line)
        return [np.array([float(bound)])]
    one_of("bound", bound, ("T1",))
    if y != "regret":
        raise ValueError('bound: T1 is on the mean regret, so y must be "regret"')
    known_by = [i for i, run in enumerate(runs) if run.method.startswith("stochastic") and np.isfinite(run.bound).any()]
    if not known_by:
        raise ValueError("bound: T1 is on stochastic rounding, and no such run here knows it")
    names = labels(runs)
    for i in known_by:
        looks = line if len(known_by) == 1 else line | {"color": colours[i]}
        ax.plot(runs[i].steps, runs[i].bound, label="T1's bound" if len(known_by) == 1 else f"T1's bound, {names[i]}", **looks)
    return [_positive(runs[i].bound) for i in known_by]


def _positive(values: Any) -> Floats:
    array = np.asarray(values, float64)
    array = array[np.isfinite(array) & (array > 0)]
    if not array.size:
        raise ValueError("bound must be positive somewhere")
    return array


def _axes(ax: Axes, runs: Sequence[Run], y: str, low: float, top: float) -> None:
    last = max(int(run.steps[-1]) for run in runs)
    ax.set(xscale="log", yscale="log", xlim=(1, max(last, 2)), ylim=(0.6 * low, 1.6 * top))
    ax.set_xlabel("step $t$")
    ax.set_ylabel(NAMES[y])
