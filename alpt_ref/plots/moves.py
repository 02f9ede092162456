"""The phase diagram of rounding, over the mean s and the standard deviation nu of a weight's moves, in cells.

The regions are of Gaussian moves u = s + nu Z, by the definitions of :mod:`alpt_ref.studies.phases.diagram`:

    SR's    frozen: |u| < 1/2 in nearly every step, nearest rounding leaves the weight where it is (L3, L9)
    DR's    sign-like: 1/2 < |u| < 3/2 in nearly every step, both walk alike and nearest is faster (L9, L13)
    DR's    dithered: nu >= 0.4, noise dithers nearest rounding, whose error is the smaller one (L10, L12)

Between them nearest rounding keeps a part of the drift, or exaggerates it: contours of E R_D(u)/s (L9, L10).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy import float64
from numpy.typing import NDArray
from scipy.special import ndtr

from alpt_ref.plots.read import Records, part_of, record_of
from alpt_ref.plots.style import BLACK, DR, QUIET, SR, axes_of, drawing, legend_beside, lighter, plain_log
from alpt_ref.studies.phases.diagram import NEARLY
from alpt_ref.theory.l10 import normal_sum
from alpt_ref.tools.files import Record

Floats = NDArray[float64]
WORK = "analysis/skewness.py"
DITHERED = 0.4  # of a cell: from here on L12(c) says that the error of DR is the smaller one
SHARES = (0.01, 0.5, 0.9)
FROZEN_TINT, SIGN_TINT, DITHER_TINT = lighter(SR, 0.72), lighter(DR, 0.45), lighter(DR, 0.75)
BOX = ((1e-3, 20.0), (1e-2, 3.0))  # of s, and of nu


def phase_diagram(
    results: Records | Sequence[Records] = (), ax: Axes | None = None, *, style: str | None = None, **looks: Any
) -> Axes:
    """Draw where SR and where DR is the better one, over s and nu, both axes logarithmic; and measured moves in it.

    results : one or more records of ``analysis/skewness.py``, or their folders. Of each width the medians of |s| and nu are
    drawn, of the run under SR (circle) and under DR (diamond), joined by a line; filled where that rounding won on test data.
    looks : of the markers. Returns the axes.
    """
    several = [results] if isinstance(results, str | Mapping) or hasattr(results, "__fspath__") else list(results)
    records = [record_of(each, "phases.json", WORK) for each in several]
    with drawing(style):
        ax = axes_of(ax)
        most = max((row[run][1] for record in records for row in _rows(record) for run in ("sr", "dr")), default=0.0)
        nus = (BOX[1][0], max(BOX[1][1], 1.5 * most))
        ax.set(xscale="log", yscale="log", xlim=BOX[0], ylim=nus)  # before contours, whose labels turn with them
        _regions(ax, nus)
        won = [_runs(ax, record, looks) for record in records]
        plain_log(ax, "x")
        plain_log(ax, "y")
        ax.set_xlabel("mean move $s = \\eta\\,|E\\,g|/\\Delta$, in cells")
        ax.set_ylabel("its standard deviation $\\nu = \\eta\\,\\mathrm{sd}(g)/\\Delta$, in cells")
        ax.grid(False)
        _legend(ax, bool(records), any(won))
    return ax


def region(s: Floats, nu: Floats) -> NDArray[np.int64]:
    """0 where nothing is said, 1 frozen, 2 sign-like, 3 dithered: of Gaussian moves, s > 0."""

    def inside(low: float, high: float) -> Floats:
        return np.asarray(ndtr((high - s) / nu) - ndtr((low - s) / nu))

    out = np.where(nu >= DITHERED, 3, 0)
    out = np.where(inside(0.5, 1.5) + inside(-1.5, -0.5) > NEARLY, 2, out)
    return np.where(inside(-0.5, 0.5) > NEARLY, 1, out)


def _rows(record: Record) -> list[Record]:
    rows: list[Record] = part_of(record, "rows", WORK)
    return rows


def _regions(ax: Axes, nus: tuple[float, float]) -> None:
    s, nu = np.geomspace(*BOX[0], 400), np.geomspace(*nus, 300)
    S, N = np.meshgrid(s, nu)
    levels = [-0.5, 0.5, 1.5, 2.5, 3.5]
    tints = ["none", FROZEN_TINT, SIGN_TINT, DITHER_TINT]
    ax.contourf(S, N, region(S, N), levels=levels, colors=tints, zorder=0)
    few_s, few_n = s[::5], nu[::5]
    few_s = few_s[few_s < 0.3]  # beyond, the share goes up and down between 0 and 2
    share = np.array([[normal_sum(float(a), float(b)) / a for a in few_s] for b in few_n])
    lines = ax.contour(few_s, few_n, share, levels=SHARES, colors=QUIET, linewidths=0.8, zorder=1)
    at = [(4e-3, nu_of) for nu_of in (0.143, 0.265, 0.39)]
    ax.clabel(lines, SHARES, fmt=lambda share: f"{share:.0%} of the drift", fontsize="x-small", manual=at)
    place: Any = {"fontsize": "small", "zorder": 2}
    ax.text(1.4e-3, 0.022, "frozen: DR does not move (L3, L9)\nSR is better", color=SR, **place)
    ax.text(1.4e-3, 1.0, "dithered: DR has SR's mean (L10) and\nthe smaller error (L12)", color=DR, **place)
    ax.text(1.75, 0.022, "sign-like: DR\nup to twice as\nfast (L9, L13)", color=DR, **place)
    ax.text(1.75, 0.16, "alike to within\n1/(2s) (L9)", color=QUIET, **place)


def _runs(ax: Axes, record: Record, looks: Mapping[str, Any]) -> bool:
    """Draw the measured moves of a record; True where one was decided."""
    decided = False
    for row in _rows(record):
        ends = {"SR": row["sr"][:2], "DR": row["dr"][:2]}
        ax.plot(*zip(*ends.values(), strict=True), color=BLACK, linewidth=0.7, zorder=3)
        for name, colour, marker in (("SR", SR, "o"), ("DR", DR, "D")):
            face = colour if row["winner"] == name else "white"
            mine: Any = {"color": colour, "markerfacecolor": face, "markersize": 6.5, "zorder": 4} | dict(looks)
            ax.plot(*([value] for value in ends[name]), marker, linestyle="", **mine)
        ax.annotate(f"{row['bits']}", ends["SR"], (-5, 3), textcoords="offset points", fontsize="x-small", ha="right", zorder=5)
        decided |= row["winner"] is not None
    return decided


def _legend(ax: Axes, measured: bool, decided: bool) -> None:
    handles: list[Any] = [Patch(color=FROZEN_TINT, label="SR's region"), Patch(color=DITHER_TINT, label="DR's region")]
    if measured:
        handles.append(Line2D([], [], color=SR, marker="o", markerfacecolor="white", linestyle="", label="SR, by bits"))
        handles.append(Line2D([], [], color=DR, marker="D", markerfacecolor="white", linestyle="", label="DR"))
    if decided:
        handles.append(Line2D([], [], color=BLACK, marker="o", linestyle="", label="filled: it won"))
    legend_beside(ax, handles=handles)
