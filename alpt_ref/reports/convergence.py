"""The study's results as tables, and as one sentence."""

from typing import Any

import numpy as np
from rich.console import Console

from alpt_ref.tools.sheet import Sheet, interval, number

Record = dict[str, Any]


def gap_sheets(results: Record) -> list[Sheet]:
    """The convergence errors, a sheet a problem: one line for the three methods at one (mode, bits, eta)."""
    sheets = []
    for problem in results["problems"]:
        rows = [row for row in results["table"] if row["problem"] == problem["name"]]
        floats = {(row["mode"], row["eta"]): row for row in rows if row["method"] == "float"}
        lines = []
        for near, stochastic in zip(*([r for r in rows if r["method"] == m] for m in ("nearest", "stochastic")), strict=True):
            full = floats[near["mode"], near["eta"]]
            lines.append(
                (
                    near["mode"],
                    str(near["bits"]),
                    number(near["delta"]),
                    number(near["eta"]),
                    number(full["gap"]),
                    interval(near["gap"], near["gap_half"]),
                    interval(stochastic["gap"], stochastic["gap_half"]),
                    number(stochastic["ratio"]),
                    number(near["floor"]),
                    number(stochastic["floor"]),
                    str(near["last_move"]),
                )
            )
        columns = ("mode", "bits", "delta", "eta", "fp", "DR", "SR", "DR/SR", "DR floor", "SR floor", "DR stops")
        title = f"{problem['name']}: f(w_T) - f*, first gap {number(problem['first_gap'], 3)}, f* = {problem['f_star']:.6f}"
        sheets.append(Sheet(title, columns, lines))
    confidence, family = results["settings"]["confidence"], results["table"][0]["family"]
    replicas = results["settings"]["replicas"]
    note = (
        f"batch: exact gradients, constant eta; example: one random example a step, eta/sqrt(t). ±: Student t over {replicas} "
        f"replicas; all {family} intervals of this table (final gaps and floors, all problems) hold at once with probability "
        f"{confidence:.0%} (Bonferroni). Floor: mean gap over the last quarter. DR stops: last step at which nearest rounding "
        "moved any weight (latest replica)."
    )
    sheets[-1] = Sheet(sheets[-1].title, sheets[-1].columns, sheets[-1].rows, note)
    return sheets


def t1_sheets(results: Record) -> list[Sheet]:
    """T1's verdicts, and gradient descent with the floor's slope."""
    lines, facts = [], []
    for item, slope in zip(results["t1"], results["slopes"], strict=True):
        full, near, stochastic = (item["methods"][name] for name in ("float", "nearest", "stochastic"))
        lines.append(
            (
                item["problem"],
                str(item["bits"]),
                number(item["eta"]),
                str(item["steps"]),
                number(item["bound"]["total"], 3),
                number(full["regret"], 3),
                interval(stochastic["regret"], stochastic["regret_half"]),
                number(near["regret"], 3),
                f"{stochastic['over_bound']:.2f}",
                f"{near['over_bound']:.2f}",
                str(near["last_move"]),
                item["verdict"],
            )
        )
        facts.append(
            (
                item["problem"],
                number(item["descent"]["gap"]),
                str(item["descent"]["steps"]),
                number(stochastic["gap"]),
                number(near["gap"]),
                number(item["first_gap"]),
                number(stochastic["floor"]),
                number(item["bound"]["floor"]),
                f"{slope['slope']:.2f}±{slope['slope_half']:.2f}",
            )
        )
    head = ("problem", "bits", "eta", "T", "bound", "fp", "SR", "DR", "SR/b", "DR/b", "DR stops", "T1")
    note = (
        "Average regret R(T)/T, exact gradients, w_1 = 0. From computed constants: the fewest bits with Delta G1/2 <= gap/8; "
        "the largest eta with eta G^2/2 <= gap/8 and eta |grad f(w_1)|_inf <= 0.7 Delta; the least T with bound <= 0.49 gap, "
        "gap = f(w_1) - f*. SR/b, DR/b: over the bound, which is a theorem for SR and none for DR. "
        f"±: all intervals of the panel hold at once, {results['settings']['confidence']:.0%}. fp and DR are deterministic."
    )
    more = ("problem", "GD gap", "GD steps", "SR gap", "DR gap", "first gap", "SR floor", "T1 floor", "floor ~ Delta^")
    explained = (
        "GD: full precision, eta = 1/L. Last column: log-log slope of SR's floor against Delta over five widths of one box, "
        "eta = 1/(2L), ± 95 % (t, 3 degrees of freedom). T1's floor term is linear in Delta, an upper bound; with exact "
        "gradients of a smooth f the rounding noise shrinks with the gradient and the floor is of order Delta^2 (T4, L4(b))."
    )
    explained = explained.replace("five", str(len(results["slopes"][0]["points"])))
    explained = explained.replace("3 degrees", f"{len(results['slopes'][0]['points']) - 2} degrees")
    return [
        Sheet("T1: SR's average regret against its bound", head, lines, note),
        Sheet("Convergence errors at the same eta and T, and the order of SR's floor", more, facts, explained),
    ]


def ctr_sheets(results: Record) -> list[Sheet]:
    """Test metrics of LR and FM, and the paired differences."""
    ctr = results["ctr"]
    rows = [
        (
            row["model"],
            row["storage"],
            str(row["bits"]),
            number(row["lr"]),
            "-" if row["half_width"] is None else number(row["half_width"][0]),
            f"{_show(row['auc'], 4)}",
            f"{_show(row['logloss'], 4)}",
            f"{_show(row['calibration'], 3)}",
        )
        for row in ctr["rows"]
    ]
    p = ctr["protocol"]
    note = (
        f"Test set; means over {p['seeds']} seeds. SGD, one example a step, {p['epochs']} epochs, FM with k = {p['k']}; every "
        f"line's learning rate (of {', '.join(map(str, p['lrs']))}) and box (half width for the linear weights, of "
        f"{', '.join(number(h[0]) for h in p['half_widths'])}; smaller for factors) are picked by validation log-loss, seed 0. "
        "Calibration: mean prediction over mean label, 1 is right."
    )
    names = ("auc", "logloss", "calibration")
    pairs = [
        (x["model"], str(x["bits"]), *(f"{_show(x[n], 4, '+')}±{_show(x[f'{n}_half'], 4)}" for n in names))
        for x in ctr["pairs"]
    ]
    paired = f"Paired by seed; all {p['family']} intervals at once, {results['settings']['confidence']:.0%}, Student t."
    return [
        Sheet(
            f"CTR models, {ctr['data']} data",
            ("model", "storage", "bits", "lr", "box", "AUC", "log-loss", "calibration"),
            rows,
            note,
        ),
        Sheet("DR - SR on test", ("model", "bits", "AUC", "log-loss", "calibration"), pairs, paired),
    ]


def _show(value: float | None, digits: int, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.{digits}f}"


def ctr_wins(pairs: list[Record]) -> tuple[int, int]:
    """Tuned comparisons in which SR, and in which DR, has the lower test log-loss; the rest is undecided."""
    decided = [x["logloss"] > 0 for x in pairs if x["logloss"] is not None and abs(x["logloss"]) > x["logloss_half"]]
    return sum(decided), len(decided) - sum(decided)


def finding(results: Record) -> str:
    """What was found, in one sentence made of the numbers."""
    t1, pairs = results["t1"], results["ctr"]["pairs"]
    held = sum(item["verdict"] == "holds" for item in t1)
    highest = max(item["methods"]["stochastic"]["over_bound"] for item in t1)
    dr = [item["methods"]["nearest"] for item in t1]
    over = sum(item["over_bound"] > 1 for item in dr)
    slopes = [item["slope"] for item in results["slopes"]]
    ratios = np.array([row["ratio"] for row in results["table"] if row["ratio"] is not None])
    sr_wins, dr_wins = ctr_wins(pairs)
    return (
        f"SR's average regret stayed below T1's bound on {held} of {len(t1)} problems (at most {highest:.0%} of it) and DR's "
        f"at the same learning rate rose above it on {over} (last move at step {min(x['last_move'] for x in dr)} to "
        f"{max(x['last_move'] for x in dr)}); SR's floor falls as Delta^{min(slopes):.2f} to Delta^{max(slopes):.2f}; DR ends "
        f"with the larger gap in {int((ratios > 1).sum())} of {ratios.size} convex settings (median ratio "
        f"{number(float(np.median(ratios)))}); of {len(pairs)} tuned CTR comparisons SR has the lower test log-loss in "
        f"{sr_wins}, DR in {dr_wins}, the rest undecided."
    )


def sheets(results: Record) -> list[Sheet]:
    """All tables in order."""
    return [*t1_sheets(results), *gap_sheets(results), *ctr_sheets(results)]


def markdown(results: Record) -> str:
    """The report as Markdown."""
    return "\n".join(
        ["# Convergence error of low-precision training", "", results["finding"], ""] + [s.markdown() for s in sheets(results)]
    )


def show(results: Record, console: Console) -> None:
    """Print the tables, and last the finding."""
    for sheet in sheets(results):
        sheet.print(console)
    console.print(results["finding"], highlight=False)
