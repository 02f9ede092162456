"""Floors against the step size: LPT under both roundings, float masters, and L2's problem, with slopes 1, 2 and 1/2."""

from pathlib import Path

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.read import record_of
from alpt_ref.plots.style import legend_beside, panels
from alpt_ref.tools.files import Record

WORK = "analysis/gallery.py"


def draw(results: Path) -> tuple[Drawn, str]:
    """Floors under gradient noise, and those of L2's problem without noise; and the caption."""
    rows = record_of(results / "floors.json", "floors.json", WORK)["floors"]
    noisy = [row for row in rows if "L2" not in row["problem"]]
    worst = [row for row in rows if "L2" in row["problem"]]
    axes = panels(1, 2, (9.6, 3.5))[0]
    plots.floors(noisy, axes[0], style="alpt", guides=(1.0, 2.0))
    plots.floors(worst, axes[1], style="alpt", guides=(0.5, 1.0))
    axes[0].set_title("gradient noise, three problems")
    axes[1].set_title("exact gradients, L2's two slopes")
    axes[1].set_ylabel("")
    legend_beside(axes[1], handles=axes[1].get_legend().legend_handles)
    methods = dict.fromkeys(row["method"] for row in noisy)
    orders = ", ".join(f"{method.removeprefix('LPT, ')} {_range(noisy, method)}" for method in methods)
    caption = (
        "What is left of f(w) - f* in the long run, against Delta. Left: gradients with noise, mean over four places of "
        "the minimizer in a cell. SR has one stationary law for every eta <= Delta/G_inf (L11), whose gap is of first "
        "order in Delta (T1#); DR at the best eta of a grid; float masters, whose gap is of second order (T7). Fitted "
        f"orders in Delta: {orders}. Right: two absolute values of different slopes at distance 1: no constant eta makes DR "
        "better than of order Delta^(1/2) (L2), SR is of first order. Grey: lines of slopes 1/2, 1 and 2."
    )
    return axes, caption


def _range(rows: list[Record], method: str) -> str:
    orders = [row["order"] for row in rows if row["method"] == method]
    return f"{min(orders):.2f} to {max(orders):.2f}"


if __name__ == "__main__":
    publish_figures({"floors": draw}, __doc__)
