"""How tight every bound is: measured over bound of each row of alpt-ref verify. Run that first."""

from pathlib import Path

from alpt_ref import plots
from alpt_ref.cli.script import publish_figures
from alpt_ref.plots.output import Drawn
from alpt_ref.plots.ratios import ratios_of
from alpt_ref.plots.read import record_of


def draw(results: Path) -> tuple[Drawn, str]:
    """A line for each claim, and the caption. results : its verdicts, or those of results/verify beside it."""
    own = results / "verdicts.json"
    record = record_of(own if own.exists() else results.parent / "verify", "verdicts.json", "alpt-ref verify")
    ax = plots.tightness(record, controls=True, style="alpt")
    claims = ratios_of(record, controls=False)
    rows = sum(map(len, claims.values()))
    tight = sum(max(ratio for ratio, _, _ in found) >= 0.9 for found in claims.values())
    caption = (
        f"Measured value over bound (bound over measured for lower bounds) of {rows} instances of {len(claims)} claims, the "
        f"tightest claim on top; filled: the tightest instance of each. 1 is a bound that is met: {tight} claims come "
        "within a tenth of it. Crosses: controls, which are broken on purpose and violate their bound as they should."
    )
    return ax, caption


if __name__ == "__main__":
    publish_figures({"tightness": draw}, __doc__)
