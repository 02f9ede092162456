"""The ablation of ALPT as a table."""

from alpt_ref.reports.publish import Report
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import Sheet, fixed, number


def report(record: Record) -> Report:
    """The one table."""
    return Report("alpt_ablation", record, [sheet(record)])


def sheet(record: Record) -> Sheet:
    """A line for each variant at each width."""
    s, common = record["settings"], record["settings"]["common"]
    lines = [
        {"group": row["group"], "variant": row["variant"], "bits": str(row["bits"]), "AUC": fixed(row["auc"])}
        | {"minus base": "-" if row["group"] == "base" else fixed(*row["minus_base"], sign="+")}
        | {"log-loss": fixed(row["logloss"]), "step sizes": "/".join(number(delta) for delta in row["deltas"])}
        for row in record["rows"]
    ]
    minutes = sum(row["seconds"] for row in record["rows"]) / 60
    note = (
        f"{record['data']}, test set, means over {common['seeds']} seeds; ±: Student, all {len(lines) - len(s['bits'])} at "
        f"once, {common['confidence']:.0%}. Base: ALPT, stochastic rounding, Adam with lr {number(s['lr'])} on weights and "
        f"{number(s['step_lr'])} on step sizes, one step size for the linear table and one for each row of factors, the first "
        f"by LSQ's rule, g = {record['scale']}; {common['epochs']} epochs of which the best on validation is kept. "
        f"step sizes: medians at the end, linear/factors. Descriptive. {minutes:.1f} min of one core."
    )
    return Sheet.of(f"Parts of ALPT: {record['model'].upper()} on {record['data']}", lines, note)
