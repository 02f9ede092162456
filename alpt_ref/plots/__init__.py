"""Figures of runs and of saved studies, for your own axes; the only part that knows matplotlib.

    from alpt_ref import plots

    ax = plots.convergence([sr, dr], y="regret", bound="T1")
    plots.save(ax, "figure.pdf")

Results are given in memory or saved, in any mix: runs (:class:`alpt_ref.Run`, or paths of saved ones), and records of studies
(dictionaries, paths of their JSON, or of the folder that holds it). Every function draws into ``ax``, or into a new figure, and
returns what it drew into. ``style`` : None leaves all looks but colours and lines to your matplotlib, "alpt" takes this
package's. The same method has the same colour everywhere; bands are intervals; bounds are dashed.
"""

from typing import TYPE_CHECKING

from alpt_ref.tools.lazy import lazy

if TYPE_CHECKING:
    from alpt_ref.plots.curves import convergence
    from alpt_ref.plots.deltas import floors
    from alpt_ref.plots.laws import law
    from alpt_ref.plots.moves import phase_diagram
    from alpt_ref.plots.output import save, svg
    from alpt_ref.plots.rates import calibration
    from alpt_ref.plots.ratios import tightness
    from alpt_ref.plots.widths import compare

_HOMES = {
    "convergence": "plots.curves",
    "floors": "plots.deltas",
    "law": "plots.laws",
    "phase_diagram": "plots.moves",
    "calibration": "plots.rates",
    "compare": "plots.widths",
    "tightness": "plots.ratios",
    "save": "plots.output",
    "svg": "plots.output",
}
__all__ = ["calibration", "compare", "convergence", "floors", "law", "phase_diagram", "save", "svg", "tightness"]

__getattr__, __dir__ = lazy(__name__, _HOMES)
