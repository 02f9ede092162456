"""Calibration: predicted against true click rate under the rounding rules, with the closed forms of L5 and L6."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from alpt_ref.plots.read import Records, part_of, record_of
from alpt_ref.plots.style import BLACK, DR, FINE, FULL, LONG, SKY, SR, axes_of, drawing, lighter, plain_log
from alpt_ref.tools.checks import one_of
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import number
from alpt_ref.walks.rule import bits_of

MOST_BITS = 12  # of k on the axis: beyond them nothing changes
WORK = "analysis/calibration.py"
NAMES = {
    "p": "click rate $p$",
    "eta": "learning rate $\\eta$",
    "delta": "step size $\\Delta$",
    "k": "random bits $k$",
    "batch": "examples in a batch",
}
LOOKS = {"fp32": ("full precision", FULL, "s"), "nearest": ("DR", DR, "D"), "stochastic": ("SR", SR, "o")}
FORMS = {"nearest": "$\\Delta/(2\\eta)$ (L5)", "few": "$2^{-k}\\Delta/\\eta$ (L6)"}


def calibration(
    results: Records | Sequence[Mapping[str, Any]], ax: Axes | None = None, *, x: str = "p", style: str | None = None
) -> Axes:
    """Draw the mean predicted click rate of one feature, by exact laws, against ``x``; the truth dashed, closed forms dotted.

    results : the record of ``analysis/calibration.py`` or its folder, or a list of its rows under "exact". x : "p", the click
    rate; "eta"; "delta"; "k", the random bits of SR(k), between L6's two bounds; "batch". Returns the axes; ValueError where
    the record has no such sweep.
    """
    one_of("x", x, tuple(NAMES))
    rows = _rows(results, x)
    with drawing(style):
        ax = axes_of(ax)
        if x == "k":
            _few(ax, rows)
        else:
            _rules(ax, rows, x)
        truth = sorted({(_at(row, x), row["p"]) for row in rows})
        ax.plot(*zip(*truth, strict=True), color=BLACK, linestyle=LONG, linewidth=1.1, label="the truth", zorder=3.5)
        ax.set(xscale="linear" if x == "k" else "log", yscale="log", xlabel=NAMES[x], ylabel="mean predicted click rate")
        least = min(min(row["p"], row["ctr"]) for row in rows)
        ax.set_ylim(0.6 * least, 1.0)
        plain_log(ax, "y")
        if x != "k":
            plain_log(ax, "x")
        ax.legend()
    return ax


def _rows(results: Any, x: str) -> list[Record]:
    if isinstance(results, Sequence) and not isinstance(results, str):
        return list(results)
    exact = part_of(record_of(results, "calibration.json", WORK), "exact", WORK)
    rows: list[Record] = part_of(exact, x, WORK)
    return rows


def _at(row: Record, x: str) -> float:
    return float(bits_of(row["rule"]) or 0) if x == "k" else float(row[x])


def look_of(rule: str) -> tuple[str, str, str]:
    """Label, colour and marker of a rounding rule, or of "fp32"."""
    k = bits_of(rule)
    if k is not None:
        return f"SR({k})", lighter(SKY, 0.0 if k <= 4 else 0.35), "^" if k <= 4 else "v"
    return LOOKS.get(rule, (rule, FULL, "P"))


def _rules(ax: Axes, rows: Sequence[Record], x: str) -> None:
    for rule in dict.fromkeys(row["rule"] for row in rows):
        mine = sorted((_at(row, x), row["ctr"], row["theta"]) for row in rows if row["rule"] == rule)
        at, ctr, form = (np.array(column) for column in zip(*mine, strict=True))
        label, colour, marker = look_of(rule)
        ax.plot(at, ctr, marker, color=colour, linestyle="-", linewidth=1.0, label=label, zorder=3)
        if x != "batch" and rule != "stochastic" and (bits_of(rule) or 0) <= 4:  # of more bits it lies far below the truth
            name = FORMS["nearest"] if rule == "nearest" else FORMS["few"]
            inside = form < 1.0
            ax.plot(at[inside], form[inside], color=colour, linestyle=FINE, linewidth=1.6, label=name, zorder=2.5)


def _few(ax: Axes, rows: Sequence[Record]) -> None:
    """SR(k) against k: exact laws between L6's two bounds."""
    mine = sorted((_at(row, "k"), row["ctr"], row["theta"], row["p"], row["delta"]) for row in rows)
    k, ctr, form, p, delta = (np.array(column) for column in zip(*mine, strict=True))
    lower = np.maximum(p, np.exp(-delta) * form)
    ax.fill_between(k, lower, np.minimum(p + form, 1.0), color=SKY, alpha=0.25, linewidth=0, label="between L6's bounds")
    ax.plot(k, form, color=SKY, linestyle=FINE, linewidth=1.6, label=FORMS["few"])
    ax.plot(k, ctr, "^", color=SKY, linestyle="-", linewidth=1.0, label="SR($k$)", zorder=3)
    last = int(min(k.max(), MOST_BITS))
    ax.set_xlim(0.5, last + 0.5)
    ax.set_xticks(range(2, last + 1, 2))
    if len({*p.tolist(), *delta.tolist()}) == 2:
        values = {"click rate $p$": p[0], "$\\eta$": rows[0]["eta"], "$\\Delta$": delta[0]}
        ax.set_title(", ".join(f"{name} = {number(float(value))}" for name, value in values.items()))
