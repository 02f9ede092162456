"""Convergence of the gap under both roundings, in full precision and with float masters, at three widths."""

from pathlib import Path

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import runs_of
from alpt_ref.plots.style import legend_above, panels

BITS = (8, 6, 4)


def draw(results: Path) -> tuple[Drawn, str]:
    """A panel for each width, and the caption."""
    folder = results / "gap"
    axes = panels(1, 3, (9.6, 3.3), sharey=True)[0]
    low, high = [], []
    for ax, bits in zip(axes, BITS, strict=True):
        names = ("fp32", f"nearest_{bits}", f"masters_{bits}", f"stochastic_{bits}")
        runs = runs_of([folder / f"{name}.npz" for name in names])
        plots.convergence(runs, ax, style="alpt")
        delta = runs[1].params["delta"]
        ax.set_title(f"{bits} bits, $\\Delta$ = {delta:.3g}")
        low.append(ax.get_ylim()[0])
        high.append(ax.get_ylim()[1])
    axes[0].set_ylim(min(low), max(high))
    for ax in axes[1:]:
        ax.set_ylabel("")
    stops = {bits: _stop(ax) for bits, ax in zip(BITS, axes, strict=True)}
    legend_above(axes[0].figure, axes[0], strip=" (")
    p = runs[3].params
    caption = (
        f"Gap f(w_t) - f* of gradient descent (exact gradients, constant eta = {p['eta']:.3g}) on {p['problem']}, logistic "
        f"regression in {p['d']} coordinates, with weights of {', '.join(map(str, BITS))} bits on one box. DR: nearest "
        f"rounding; a dot marks the step after which it never moves ({_said(stops)}). SR: stochastic rounding, mean of "
        f"{p['replicas']} replicas; band: {p['confidence']:.0%} interval for the whole curve at once. Float masters: "
        "weights in full precision, of which the rounded ones are shown. Dashed: full precision."
    )
    return axes, caption


def _stop(ax: object) -> str:
    names = ax.get_legend_handles_labels()[1]  # type: ignore[attr-defined]
    said = next((name for name in names if name.startswith("DR (")), "DR (goes on)")
    return said.removeprefix("DR (").removeprefix("stops at ").rstrip(")")


def _said(stops: dict[int, str]) -> str:
    return ", ".join(f"{stop} at {bits} bits" for bits, stop in stops.items())


if __name__ == "__main__":
    publish_figures({"gap": draw}, __doc__)
