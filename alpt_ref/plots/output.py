"""Figures as files, the same bytes for the same results: PDF with fonts that can be searched, SVG, PNG; and SVG for a page."""

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alpt_ref.plots.style import drawing, style_of
from alpt_ref.tools.output import write_atomic

KINDS = ("pdf", "svg", "png")
DPI = 200
# Type 42 fonts, not Type 3; ids of an SVG that do not change; no dates.
_FIXED: Any = {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.hashsalt": "alpt_ref", "svg.fonttype": "path"}
_NO_DATES: dict[str, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
Drawn = Axes | Figure | Sequence[Axes] | np.ndarray[Any, Any]


def figure_of(drawn: Drawn) -> Figure:
    """The figure that is, or has, ``drawn``. ValueError for what has none."""
    first: Any = drawn.flat[0] if isinstance(drawn, np.ndarray) else drawn
    first = first[0] if isinstance(first, list | tuple) and first else first
    found = first if isinstance(first, Figure) else getattr(first, "figure", None)
    if not isinstance(found, Figure):
        raise ValueError(f"drawn must be Axes or a Figure, got {type(drawn).__name__}")
    return found


def save(drawn: Drawn, path: str | os.PathLike[str], *, dpi: float = DPI) -> Path:
    """Write the figure of ``drawn`` to ``path``, whole or not at all, and return the path; its folder is made.

    The suffix says the format: .pdf (fonts of Type 42), .svg (text as paths) or .png (``dpi``). The same results give the same
    bytes, with one version of matplotlib. ValueError for another suffix.
    """
    path = Path(path)
    kind = kind_of(path)
    figure = figure_of(drawn)
    with drawing(style_of(figure)), mpl.rc_context(_FIXED):
        write_atomic(path, lambda file: figure.savefig(file, format=kind, dpi=dpi, metadata=_NO_DATES[kind]))
    return path


def kind_of(path: Path) -> str:
    """The format that a path's suffix says. ValueError for one that is not drawn."""
    kind = path.suffix[1:].lower()
    if kind not in KINDS:
        raise ValueError(f"{path}: a figure is .pdf, .svg or .png")
    return kind


def svg(drawn: Drawn, *, name: str = "figure", title: str = "") -> str:
    """The figure of ``drawn`` as an ``<svg>`` element for a page, the same text for the same results.

    name : begins every id, so that several figures fit into one page. title : read aloud by a screen reader. The background is
    transparent, and what is black has the page's colour of text (``currentColor``), in the dark too.
    """
    figure, out = figure_of(drawn), io.BytesIO()
    if not re.fullmatch(r"[A-Za-z][\w.-]*", name):
        raise ValueError(f"name must be a letter, then letters, digits, - _ and ., got {name!r}")
    with drawing(style_of(figure)), mpl.rc_context(_FIXED):
        figure.savefig(out, format="svg", metadata=_NO_DATES["svg"], transparent=True)
    text = out.getvalue().decode()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", text)
    text = re.sub(r"#000000|#222222", "currentColor", text)
    role = 'role="img"' + (f' aria-labelledby="{name}-title"' if title else ' aria-hidden="true"')
    text = re.sub(r"<svg\b", f'<svg {role} fill="currentColor"', text, count=1)
    if title:
        text = re.sub(r"(<svg[^>]*>)", lambda m: f'{m[1]}\n <title id="{name}-title">{escape(title)}</title>', text, count=1)
    return text + "\n"
