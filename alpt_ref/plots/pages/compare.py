"""The figure of comparisons: a row for each OUT/compare.json, a panel for each bit width."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from alpt_ref.plots import style
from alpt_ref.plots.output import save
from alpt_ref.plots.read import read
from alpt_ref.plots.widths import compare, methods_of, widths_of
from alpt_ref.tools.files import Record


def draw(folders: Sequence[Path], out: Path) -> None:
    """Write ``out``. ValueError where one of the ``folders`` does not hold the results of a comparison."""
    save(figure(folders), out, dpi=130)


def figure(folders: Sequence[Path]) -> Figure:
    """One to four rows, in the order of the folders; the widest codes first."""
    if not 1 <= len(folders) <= 4:
        raise ValueError(f"a figure shows 1 to 4 folders, got {len(folders)}")
    records = [_read(folder / "compare.json") for folder in folders]
    columns = max(len(widths_of(record)) for record in records)
    heights = [1.5 + 0.24 * len(methods_of(record)) for record in records]
    with style.drawing("alpt"), style.unseen():
        drawn = style.new_figure(figsize=(2.2 + 2.5 * columns, sum(heights)))
        rows = drawn.subfigures(len(records), 1, squeeze=False, height_ratios=heights)[:, 0]
        for part, record in zip(rows, records, strict=True):
            shown = len(widths_of(record))
            axes = part.subplots(1, columns, squeeze=False, sharey=True)[0]
            compare(record, axes[:shown], style="alpt")
            for ax in axes[shown:]:
                ax.set_axis_off()
            part.suptitle(_title(record), x=0.01, ha="left", fontsize=10.5)
    return drawn


def _read(path: Path) -> Record:
    """The results; ValueError where they are none, or have no row with a width and an AUC."""
    results = read(path, "comparison")
    try:
        some = widths_of(results)
    except ValueError:
        raise ValueError(f"{path}: not the results of a comparison") from None
    if not some:
        raise ValueError(f"{path}: no rows with an AUC and a bit width, nothing to draw")
    return results


def _title(results: Record) -> str:
    settings, paired = results["settings"], any(row["method"] == "fp32" for row in results["rows"])
    model = f"FM, $k$ = {settings['k']}," if results["model"] == "fm" else "LR"
    what = "of the difference to full precision, " if paired else ""
    bars = f"bars: {settings['confidence']:.0%} intervals {what}all at once, {settings['seeds']} seeds"
    return f"{model} on {results['data']} ({bars if settings['seeds'] > 1 else 'one seed'})"
