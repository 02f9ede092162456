"""Tightness: measured over bound of every row that holds, by statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from alpt_ref.plots.read import Records, part_of, record_of
from alpt_ref.plots.style import BLACK, DR, LONG, ORANGE, SR, axes_of, drawing
from alpt_ref.theory.claim import HOLDS, VIOLATED, Row
from alpt_ref.tools.files import Record

LEAST, MOST = 1e-4, 1e3  # ratios beyond stand at the axis's ends
COLOURS = {"upper": SR, "lower": ORANGE}
WORK = "alpt-ref verify"


def tightness(
    results: Records | Sequence[Mapping[str, Any]], ax: Axes | None = None, *, controls: bool = False, style: str | None = None
) -> Axes:
    """Draw measured/bound of every row with an upper bound that holds, bound/measured of a lower one: 1 is a bound that is met.

    results : the record of ``alpt-ref verify`` or its folder, or its rows. A line for each claim, the tightest on top; the
    tightest row of each is filled. controls : also rows that are violated, as they were expected to be, by crosses beyond 1.
    Returns the axes; ValueError where no row has a bound.
    """
    claims = ratios_of(results, controls)
    order = sorted(claims, key=lambda name: (_best(claims[name]), name))
    with drawing(style):
        ax = axes_of(ax, figsize=(6.2, 1.2 + 0.17 * len(order)))
        for place, name in enumerate(order):
            for ratio, kind, outcome in claims[name]:
                at, inside = min(max(ratio, LEAST), MOST), outcome == HOLDS
                looks: Any = {"color": COLOURS[kind] if inside else DR, "markersize": 4, "clip_on": False, "zorder": 3}
                best = inside and ratio == _best(claims[name])
                looks |= {"markerfacecolor": looks["color"] if best else "none", "markersize": 6 if best else 4}
                ax.plot([at], [place], "o" if inside else "x", linestyle="", **looks)
        ax.axvline(1.0, color=BLACK, linestyle=LONG, linewidth=1.1, zorder=2)
        ax.set_xscale("log")
        far = max((ratio for rows in claims.values() for ratio, _, _ in rows), default=1.0)
        ax.set_xlim(LEAST / 1.3, max(1.25, 1.1 * min(far, MOST)))
        ax.set_ylim(-0.7, len(order) - 0.3)
        ax.grid(True, axis="y")
        ax.set_yticks(range(len(order)), order)
        ax.xaxis.set_major_formatter(FuncFormatter(_told))
        ax.set_xlabel("measured / bound (bound / measured of a lower bound)")
        _legend(ax, claims)
    return ax


def _told(value: float, place: int | None = None) -> str:
    sign = "≤ " if value <= LEAST else "≥ " if value >= MOST else ""
    return f"{sign}{value:g}"


def ratios_of(results: Any, controls: bool) -> dict[str, list[tuple[float, str, str]]]:
    """(ratio, kind, outcome) of the rows with bounds, by claim."""
    if isinstance(results, Sequence) and not isinstance(results, str):
        rows = list(results)
    else:
        rows = part_of(record_of(results, "verdicts.json", WORK), "rows", WORK)
    out: dict[str, list[tuple[float, str, str]]] = {}
    for given in rows:
        row = given if isinstance(given, Row) else _row(given)
        wanted = row.outcome == HOLDS == row.expected or (controls and row.outcome == VIOLATED == row.expected)
        if wanted and row.kind in COLOURS and row.ratio is not None and row.ratio > 0 and (row.bound or 0) > 0:
            ratio = row.ratio if row.kind == "upper" else 1.0 / row.ratio
            out.setdefault(row.id, []).append((ratio, row.kind, row.outcome))
    out = {name: rows for name, rows in out.items() if any(outcome == HOLDS for _, _, outcome in rows)}
    if not out:
        raise ValueError("results have no row with a bound that holds")
    return out


def _row(record: Record) -> Row:
    try:
        return Row.from_record(record)
    except (KeyError, TypeError):
        raise ValueError(f"results: not rows of `{WORK}`") from None


def _best(rows: Sequence[tuple[float, str, str]]) -> float:
    return max(ratio for ratio, _, outcome in rows if outcome == HOLDS)


def _legend(ax: Axes, claims: Mapping[str, Sequence[tuple[float, str, str]]]) -> None:
    kinds = {(kind, outcome) for rows in claims.values() for _, kind, outcome in rows}
    handles = [
        ax.plot([], [], "o", linestyle="", color=colour, markersize=6, label=f"{kind} bound")[0]
        for kind, colour in COLOURS.items()
        if (kind, HOLDS) in kinds
    ]
    if any(outcome == VIOLATED for _, outcome in kinds):
        handles += ax.plot([], [], "x", linestyle="", color=DR, label="control: violated, as expected")
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
