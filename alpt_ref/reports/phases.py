"""The phase diagram on real clicks as two sheets and one sentence."""

from pathlib import Path

from alpt_ref.reports.page import Section, sections_of
from alpt_ref.reports.publish import Report
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import Sheet, fixed, number


def report(record: Record) -> Report:
    """A run on one comparison: where its weights lie, and what that predicts beside what was found."""
    model = {"lr": "LR", "fm": "FM, factors"}[record["model"]]
    of = f"{model}, {record['data']}, {record['optimizer']}"
    finding = (
        f"Of {record['decided']} decided verdicts on C2 the phases predicted {record['by_phase']}, predicted errors "
        f"{record['by_error']} ({of})."
    )
    where, what = [], []
    for row in record["rows"]:
        for rounding in ("sr", "dr"):
            s, nu, skewness = row[rounding]
            line = {"bits": str(row["bits"]), "run": rounding.upper()}
            line |= {"|s|": number(s), "nu": number(nu), "|skewness|": number(skewness)}
            shares = zip(record["phases"], row[f"{rounding}_phases"], strict=True)
            where.append(line | {name: f"{share:.0%}" for name, share in shares})
        line = {"bits": str(row["bits"]), "phases": row["by_phase"], "errors": row["by_error"]}
        line |= {"smaller under DR": f"{row['nearest']:.0%}", "C2": row["winner"] or "undecided"}
        what.append(line | {"AUC, SR - DR": fixed(row["mean"], row["half"], sign="+")})
    moves = (
        "Moves in cells, each weight counted as often as it was touched: medians of |mean|, standard deviation and |skewness|, "
        f"and shares of the phases. {record['warm']} epochs before, {record['epochs']} watched."
    )
    winners = (
        "The rounding that the weights of the run under DR speak for by their phases; the one under which most predicted "
        "errors are smaller, with their share under DR; and the winner on test data."
    )
    sheets = [Sheet.of(f"Phases: {of}", where, moves), Sheet.of(f"Predicted winner: {of}", what, winners)]

    def sections(out: Path) -> list[Section]:
        from alpt_ref.reports.drawings import phases

        return [Section("figure", "The phase diagram", [phases(record)]), *sections_of(sheets)]

    return Report("phases", record | {"finding": finding}, sheets, "Phases of rounding on real clicks", sections=sections)
