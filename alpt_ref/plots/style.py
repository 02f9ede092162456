"""The looks that all figures share: colours, lines, sizes of text, a canvas and its legend."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from alpt_ref.tools.checks import one_of

# Okabe and Ito's palette: told apart in every common colour blindness, and in grey by marker or line.
FULL, DR, SR = "#222222", "#D55E00", "#0072B2"
GREEN, PINK, ORANGE, SKY, BLACK, QUIET = "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#777777"
SOLID, SHORT, DASHED, LONG, FINE, DOTTED = "-", (0, (3, 1.5)), (0, (4, 2)), (0, (6, 3)), (0, (1, 1)), (0, (1, 2))
COLOURS = {"float": FULL, "fp32": FULL, "nearest": DR, "stochastic": SR, "masters": GREEN, "float masters": GREEN}
OTHERS = (PINK, ORANGE, GREEN, SKY)  # of updates and rules of one's own, in the order in which they come
BOUND: Any = {"color": BLACK, "linestyle": LONG, "linewidth": 1.2}

# The style "alpt". Fonts are those that come with matplotlib, so that a figure is the same everywhere.
RC: Any = {
    "figure.figsize": (5.2, 3.6),
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#808080",  # seen on a dark page, too
    "grid.alpha": 0.22,
    "grid.linewidth": 0.6,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.7,
    "lines.markersize": 5,
}

_UNSEEN: ContextVar[bool] = ContextVar("_UNSEEN", default=False)
_STYLE: ContextVar[str | None] = ContextVar("_STYLE", default=None)


@contextmanager
def drawing(style: str | None) -> Iterator[None]:
    """Looks of a figure while it is drawn: "alpt", whatever the user's matplotlib is set to, or None for those that it has.
    ValueError for another ``style``."""
    if style is None:
        yield
        return
    one_of("style", style, ("alpt",))
    token = _STYLE.set(style)
    try:
        with mpl.style.context(["default", RC]):
            yield
    finally:
        _STYLE.reset(token)


def style_of(figure: Figure) -> str | None:
    """The style that a figure was made in: ticks are made as late as a file is written."""
    return getattr(figure, "alpt_ref_style", None)


@contextmanager
def unseen() -> Iterator[None]:
    """New figures are the caller's alone, even where pyplot is in use: nobody has to close them."""
    token = _UNSEEN.set(True)
    try:
        yield
    finally:
        _UNSEEN.reset(token)


def panels(rows: int, columns: int, size: tuple[float, float], **shared: Any) -> NDArray[Any]:
    """The axes (rows, columns) of a new figure of ``size`` inches in the style "alpt"."""
    with drawing("alpt"):
        return np.asarray(new_figure(figsize=size).subplots(rows, columns, squeeze=False, **shared))


def axes_of(ax: Axes | None, **looks: Any) -> Axes:
    """``ax``, or that of a new figure. ValueError for what is no Axes."""
    if ax is None:
        return new_figure(**looks).subplots()
    if not isinstance(ax, Axes):
        raise ValueError(f"ax must be Axes, or None for a new figure, got {type(ax).__name__}")
    return ax


def grid_of_axes(axes: Any, rows: int, columns: int, size: tuple[float, float], **shared: Any) -> NDArray[Any]:
    """``axes`` as an array (rows, columns), or those of a new figure, ``size`` inches each. ValueError for another number."""
    if axes is None:
        figure = new_figure(figsize=(0.7 + columns * size[0], 0.6 + rows * size[1]))
        return np.asarray(figure.subplots(rows, columns, squeeze=False, **shared))
    given = np.atleast_1d(np.asarray(axes, dtype=object))
    if given.size != rows * columns:
        raise ValueError(f"axes must be {rows * columns}, {rows} by {columns}, got {given.size}")
    for ax in given.flat:
        axes_of(ax)
    return given.reshape(rows, columns)


def new_figure(**looks: Any) -> Figure:
    """An empty figure: of pyplot where that is in use, so that ``plt.show()`` shows it, else one that nobody keeps."""
    looks.setdefault("layout", "constrained")
    pyplot = None if _UNSEEN.get() else sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        figure: Figure = pyplot.figure(**looks)
    else:
        figure = Figure(**looks)
        FigureCanvasAgg(figure)
    figure.alpt_ref_style = _STYLE.get()  # type: ignore[attr-defined]
    return figure


def plain_log(ax: Axes, axis: str) -> None:
    """A logarithmic axis with plain numbers, at 1, 2 and 5 of each decade where there are few of them."""
    low, high = ax.get_xlim() if axis == "x" else ax.get_ylim()
    decades = np.log10(high / low)
    of = ax.xaxis if axis == "x" else ax.yaxis
    of.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.8 else (1,), numticks=99))
    of.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
    of.set_minor_formatter(NullFormatter())


def legend_beside(ax: Axes, **looks: Any) -> None:
    """A legend at the right of the axes, where nothing is drawn."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, **looks)


def legend_above(figure: Any, ax: Axes, *, strip: str = "") -> None:
    """One legend above a figure, in the place of those of its axes: that of ``ax``, its labels up to ``strip``."""
    handles, names = ax.get_legend_handles_labels()
    for other in figure.axes:
        if other.get_legend() is not None:
            other.get_legend().remove()
    names = [name.split(strip)[0] if strip else name for name in names]
    with drawing("alpt"):
        figure.legend(handles, names, loc="outside upper center", ncols=min(len(names), 4))


def colours_of(methods: Sequence[tuple[str, str]]) -> list[str]:
    """A colour for each (method, label): the method's own; of methods of one's own one for each label. Where several have one
    colour, they get lighter from the first to the last."""
    own = list(dict.fromkeys(label for method, label in methods if _known(method, label) is None))
    base = [_known(method, label) or OTHERS[own.index(label) % len(OTHERS)] for method, label in methods]
    out = []
    for i, colour in enumerate(base):
        many, place = base.count(colour), base[:i].count(colour)
        out.append(lighter(colour, 0.55 * place / (many - 1)) if place else colour)
    return out


def _known(method: str, label: str) -> str | None:
    return COLOURS.get(label if method == "update" else method, SKY if method.startswith("stochastic(") else None)


def lighter(colour: str, share: float) -> str:
    """``colour`` mixed with that share of white."""
    r, g, b = ((1.0 - share) * part + share for part in to_rgb(colour))
    return to_hex((r, g, b))


def canvas(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, NDArray[Any]]:
    """An empty figure of ``size`` inches, and its axes (rows, columns)."""
    with unseen():
        figure = new_figure(figsize=size)
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=10)
    return figure, axes


def legend(figure: Figure, handles: Sequence[Any], columns: int, **looks: Any) -> None:
    """One legend for the whole figure, by default above the axes."""
    looks.setdefault("loc", "outside upper center")
    figure.legend(handles=handles, ncols=columns, frameon=False, **looks)


def name(ax: Axes, title: str, x: str = "", y: str = "") -> None:
    """Title and names of the two axes; an empty one stays as it is."""
    ax.set_title(title, fontsize=11, loc="left")
    if x:
        ax.set_xlabel(x, fontsize=10.5)
    if y:
        ax.set_ylabel(y, fontsize=10.5)


def note(ax: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], colour: str, **looks: Any) -> Any:
    """A note ``offset`` points away from the place ``at``."""
    return ax.annotate(text, at, offset, textcoords="offset points", color=colour, **looks)
