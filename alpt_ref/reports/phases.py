"""The phase diagram on real clicks as a sheet and one sentence."""

from alpt_ref.reports.publish import Report
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import Sheet, fixed, number


def report(record: Record) -> Report:
    """A run on one comparison: a line for each width and rounding."""
    model = {"lr": "LR", "fm": "FM, factors"}[record["model"]]
    said = f"{record['hits']} of {record['decided']} decided verdicts on C2 were predicted ({model}, {record['data']})."
    lines = []
    for row in record["rows"]:
        for rounding in ("sr", "dr"):
            s, nu, skewness = row[rounding]
            line = {"bits": str(row["bits"]), "run": rounding.upper()}
            line |= {"s": number(s), "nu": number(nu), "skew": number(skewness)}
            line |= {name: f"{share:.0%}" for name, share in zip(record["phases"], row[f"{rounding}_phases"], strict=True)}
            line |= {"for DR": f"{row['nearest']:.0%}", "DR/SR": number(row["ratio"], 3), "so": row["predicted"]}
            line |= {"SR - DR": fixed(row["mean"], row["half"], sign="+"), "C2": row["winner"] or "-"}
            lines.append(line)
    note = (
        "Of the weights' moves in cells, each weight counted as often as it was touched: medians of |mean| (s), standard "
        "deviation (nu) and |skewness|; shares of the phases. for DR: share whose predicted error is smaller under DR; DR/SR: "
        "the ratio of the sums of predicted errors; so: the rounding that it speaks for. SR - DR: test AUC; C2: who won, both "
        f"by alpt-ref compare. {record['optimizer']}, {record['warm']} epochs before, {record['epochs']} watched."
    )
    return Report("phases", record | {"finding": said}, [Sheet.of(f"Phases: {model} on {record['data']}", lines, note)])
