"""The moving distribution of a weight as small multiples: a row for each run, a column for each number of steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from alpt_ref.plots.curves import labels
from alpt_ref.plots.read import Runs, runs_of
from alpt_ref.plots.style import BLACK, LONG, colours_of, drawing, grid_of_axes
from alpt_ref.runs.run import Run
from alpt_ref.tools.checks import is_integer

COLUMNS = 5  # at most, where nobody says which
REST = 1e-4  # of the mass may lie outside of what is shown


def law(
    runs: Runs,
    ax: Axes | NDArray[Any] | Sequence[Axes] | None = None,
    *,
    steps: Sequence[int] | None = None,
    w_star: float | None = None,
    style: str | None = None,
) -> NDArray[Any]:
    """Draw the law of w after several numbers of steps, of one or more runs whose exact laws were kept (d = 1).

    ax : as many axes as there are panels, a row for each run. steps : some of the runs' ``law_steps``; by default up to five,
    the first and the last among them. w_star : the minimizer, a dashed line. Returns the axes, (runs, steps); ValueError where
    a run has no such law.
    """
    found = runs_of(runs)
    chosen = _steps(found, steps)
    with drawing(style):
        axes = grid_of_axes(ax, len(found), len(chosen), (1.75, 1.5), sharex=True, sharey="row")
        colours = colours_of([(run.method, run.label) for run in found])
        low, high = _range(found, chosen)
        for panel, step in zip(axes[0], chosen, strict=True):
            panel.set_title(f"$t$ = {step}", loc="center")
        for row, run, colour, label in zip(axes, found, colours, labels(found), strict=True):
            shown = [_law(run, step) for step in chosen]
            points = run.points[:, 0]
            for panel, law in zip(row, shown, strict=True):
                some = law > 0.0
                panel.vlines(points[some], 0.0, law[some], color=colour, linewidth=_width(points, low, high))
                if w_star is not None:
                    panel.axvline(w_star, color=BLACK, linestyle=LONG, linewidth=0.9, zorder=1)
                panel.set(xlim=(low, high), ylim=(0.0, 1.08 * max(float(each.max()) for each in shown)))
            row[0].set_ylabel(label)
        for panel in axes[-1]:
            panel.set_xlabel("$w$")
        for panel in axes[:, 1:].flat:
            panel.tick_params(labelleft=False)
    return axes


def _steps(runs: Sequence[Run], steps: Sequence[int] | None) -> list[int]:
    for run in runs:
        if run.laws.size == 0:
            raise ValueError(f"runs: {run.label} has no moving law: it takes an exact run with d = 1")
    known = [int(step) for step in runs[0].law_steps if all(step in run.law_steps for run in runs)]
    if steps is None:
        places = np.linspace(0, len(known) - 1, min(COLUMNS, len(known))).round().astype(int)
        chosen = [known[i] for i in dict.fromkeys(places.tolist())]
    else:
        given: list[Any] = np.atleast_1d(np.asarray(steps)).tolist()
        if not all(is_integer(step) for step in given):
            raise ValueError(f"steps must be integers, got {steps!r}")
        chosen = [int(step) for step in given]
    missing = [step for step in chosen if step not in known]
    if missing or not chosen:
        shown = ", ".join(map(str, known)) or "none in common"
        raise ValueError(f"steps must be some of the runs' law_steps ({shown}), got {missing or chosen}")
    return chosen


def _law(run: Run, step: int) -> NDArray[Any]:
    return np.asarray(run.laws[int(np.flatnonzero(run.law_steps == step)[0])])


def _range(runs: Sequence[Run], steps: Sequence[int]) -> tuple[float, float]:
    """Ends of an axis that leaves out no more than a little of any law that is shown."""
    ends = []
    for run in runs:
        points = run.points[:, 0]
        for step in steps:
            mass = np.cumsum(_law(run, step))
            inside = points[(mass > REST / 2) & (np.concatenate(([0.0], mass[:-1])) < 1.0 - REST / 2)]
            ends += [inside.min(), inside.max()]
    low, high = float(min(ends)), float(max(ends))
    room = 0.06 * (high - low) + float(np.diff(runs[0].points[:2, 0])[0])
    return low - room, high + room


def _width(points: NDArray[Any], low: float, high: float) -> float:
    """The width of a bar in points, on a panel of about 100."""
    return float(np.clip(100.0 * 0.7 * abs(points[1] - points[0]) / (high - low), 0.6, 6.0))
