"""The looks that all figures share: colours, lines, sizes of text, a canvas and its legend."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from alpt_ref.tools.files import Record
from alpt_ref.tools.output import write_atomic

# Okabe and Ito's palette: told apart in every common colour blindness, and in grey by marker or line.
FULL, DR, SR = "#222222", "#D55E00", "#0072B2"
GREEN, PINK, ORANGE, BLACK, QUIET = "#009E73", "#CC79A7", "#E69F00", "#000000", "#777777"
SOLID, SHORT, DASHED, LONG, FINE, DOTTED = "-", (0, (3, 1.5)), (0, (4, 2)), (0, (6, 3)), (0, (1, 1)), (0, (1, 2))
COLOURS = {"float": FULL, "fp32": FULL, "nearest": DR, "stochastic": SR}


def read(path: Path, work: str = "study") -> Record:
    """The results saved at ``path``; ValueError where there are none. work : what makes them."""
    if not path.exists():
        raise ValueError(f"{path}: no such file; run the {work} first")
    try:
        results: Record = json.loads(path.read_text())
    except ValueError:
        raise ValueError(f"{path}: not the results of a {work}") from None
    return results


def canvas(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, NDArray[Any]]:
    """An empty figure of ``size`` inches, and its axes (rows, columns)."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=10)
    return figure, axes


def legend(figure: Figure, handles: Sequence[Any], columns: int, **looks: Any) -> None:
    """One legend for the whole figure, by default above the axes."""
    looks.setdefault("loc", "outside upper center")
    figure.legend(handles=handles, ncols=columns, frameon=False, **looks)


def save(figure: Figure, out: Path, dpi: int) -> None:
    """Write ``out``, in a folder that is made where there is none: a PNG, or what its suffix says."""
    kind = out.suffix[1:] or "png"
    write_atomic(out, lambda file: figure.savefig(file, format=kind, dpi=dpi))


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
