"""The convergence study's results as tables, and as one sentence."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from alpt_ref.reports.page import Section, sections_of
from alpt_ref.reports.publish import Report
from alpt_ref.reports.wording import many
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import Sheet, fixed, interval, number


def report(results: Record) -> Report:
    """The study, T1's verdicts first; of one that is not complete the parts that there are."""
    sheets = [*t1_sheets(results)] if results["slopes"] else []
    sheets += gap_sheets(results) if results["table"] else []
    sheets += ctr_sheets(results["ctr"], results["settings"]["confidence"]) if results["ctr"] else []
    complete = results.get("complete", True)
    record = {"finding": finding(results) if complete else _unfinished(results)} | results
    title = "Convergence error of low-precision training"

    def sections(out: Path) -> list[Section]:
        from alpt_ref.reports.drawings import page_of_convergence

        figures = [Section("figure", "Figures", page_of_convergence(out))] if complete else []
        return [*figures, *sections_of(sheets)]

    return Report("convergence", record, sheets, title, sections=sections)


def gap_sheets(results: Record) -> list[Sheet]:
    """The convergence errors, a sheet a problem: one line for the three methods at one (mode, bits, eta)."""
    sheets = []
    for problem in results["problems"]:
        rows = [row for row in results["table"] if row["problem"] == problem["name"]]
        floats = {(row["mode"], row["eta"]): row for row in rows if row["method"] == "float"}
        both = ([row for row in rows if row["method"] == method] for method in ("nearest", "stochastic"))
        lines = [
            {"mode": near["mode"], "bits": str(near["bits"]), "delta": number(near["delta"]), "eta": number(near["eta"])}
            | {"fp": number(floats[near["mode"], near["eta"]]["gap"])}
            | {"DR": interval(near["gap"], near["gap_half"]), "SR": interval(stochastic["gap"], stochastic["gap_half"])}
            | {"DR/SR": number(stochastic["ratio"])}
            | {"DR floor": number(near["floor"]), "SR floor": number(stochastic["floor"]), "DR stops": str(near["last_move"])}
            for near, stochastic in zip(*both, strict=True)
        ]
        title = f"{problem['name']}: f(w_T) - f*, first gap {number(problem['first_gap'], 3)}, f* = {problem['f_star']:.6f}"
        sheets.append(Sheet.of(title, lines))
    s, family = results["settings"], results["table"][0]["family"]
    note = (
        "batch: exact gradients, constant eta; example: one random example a step, eta/sqrt(t). ±: Student t over "
        f"{s['replicas']} replicas; all {family} intervals of this table (final gaps and floors, all problems) hold at once "
        f"with probability {s['confidence']:.0%} (Bonferroni). Floor: mean gap over the last quarter. DR stops: last step at "
        "which nearest rounding moved any weight (latest replica)."
    )
    return [*sheets[:-1], replace(sheets[-1], note=note)]


def t1_sheets(results: Record) -> list[Sheet]:
    """T1's verdicts, and gradient descent with the floor's slope."""
    lines, facts = [], []
    for item, slope in zip(results["t1"], results["slopes"], strict=results.get("complete", True)):
        full, near, stochastic = (item["methods"][name] for name in ("float", "nearest", "stochastic"))
        lines.append(
            {"problem": item["problem"], "bits": str(item["bits"]), "eta": number(item["eta"]), "T": str(item["steps"])}
            | {"bound": number(item["bound"]["total"], 3), "fp": number(full["regret"], 3)}
            | {"SR": interval(stochastic["regret"], stochastic["regret_half"]), "DR": number(near["regret"], 3)}
            | {"SR/b": fixed(stochastic["over_bound"], digits=2), "DR/b": fixed(near["over_bound"], digits=2)}
            | {"DR stops": str(near["last_move"]), "T1": item["verdict"]}
        )
        descent = item["descent"]
        facts.append(
            {"problem": item["problem"], "GD gap": number(descent["gap"]), "GD steps": str(descent["steps"])}
            | {"SR gap": number(stochastic["gap"]), "DR gap": number(near["gap"]), "first gap": number(item["first_gap"])}
            | {"SR floor": number(stochastic["floor"]), "T1 floor": number(item["bound"]["floor"])}
            | {"floor ~ Delta^": fixed(slope["slope"], slope["slope_half"], digits=2)}
        )
    note = (
        "Average regret R(T)/T, exact gradients, w_1 = 0. From computed constants: the fewest bits with Delta G1/2 <= gap/8; "
        "the largest eta with eta G^2/2 <= gap/8 and eta |grad f(w_1)|_inf <= 0.7 Delta; the least T with bound <= 0.49 gap, "
        "gap = f(w_1) - f*. SR/b, DR/b: over the bound, which is a theorem for SR and none for DR. fp: full precision. "
        f"±: all intervals of the panel hold at once, {results['settings']['confidence']:.0%}. fp and DR are deterministic."
    )
    widths = len(results["slopes"][0]["points"])
    explained = (
        f"GD: full precision, eta = 1/L. Last column: log-log slope of SR's floor against Delta over {widths} widths of one "
        f"box, eta = 1/(2L), ± 95 % (t, {many(widths - 2, 'degree')} of freedom). T1's floor term is linear in Delta, an upper "
        "bound; with exact gradients of a smooth f the rounding noise shrinks with the gradient and the floor is of order "
        "Delta^2 (T4, L4(b))."
    )
    return [
        Sheet.of("T1: SR's average regret against its bound", lines, note),
        Sheet.of("Convergence errors at the same eta and T, and the order of SR's floor", facts, explained),
    ]


def ctr_sheets(ctr: Record, confidence: float) -> list[Sheet]:
    """Test metrics of LR and FM, and the paired differences with intervals at the level ``confidence``."""
    digits = {"AUC": ("auc", 4), "log-loss": ("logloss", 4), "calibration": ("calibration", 3)}
    rows = [
        {"model": row["model"], "storage": row["storage"], "bits": str(row["bits"]), "lr": number(row["lr"])}
        | {"box": "-" if row["half_width"] is None else number(row["half_width"][0])}
        | {title: fixed(row[name], digits=n) for title, (name, n) in digits.items()}
        for row in ctr["rows"]
    ]
    pairs = [
        {"model": pair["model"], "bits": str(pair["bits"])}
        | {title: fixed(pair[name], sign="+") + f"±{fixed(pair[f'{name}_half'])}" for title, (name, _) in digits.items()}
        for pair in ctr["pairs"]
    ]
    p = ctr["protocol"]
    note = (
        f"Test set; means over {p['seeds']} seeds. SGD, one example a step, {many(p['epochs'], 'epoch')}, FM with "
        f"k = {p['k']}; every line's learning rate (of {', '.join(map(str, p['lrs']))}) and box (half width for the linear "
        f"weights, of {', '.join(number(h[0]) for h in p['half_widths'])}; smaller for factors) are picked by validation "
        "log-loss, seed 0. "
        "Calibration: mean prediction over mean label, 1 is right."
    )
    paired = f"Paired by seed; all {p['family']} intervals at once, {confidence:.0%}, Student t."
    return [Sheet.of(f"CTR models, {ctr['data']} data", rows, note), Sheet.of("DR - SR on test", pairs, paired)]


def ctr_wins(pairs: Sequence[Record]) -> tuple[int, int]:
    """Tuned comparisons in which SR, and in which DR, has the lower test log-loss; the rest is undecided."""
    decided = [x["logloss"] > 0 for x in pairs if x["logloss"] is not None and abs(x["logloss"]) > x["logloss_half"]]
    return sum(decided), len(decided) - sum(decided)


def finding(results: Record) -> str:
    """One sentence made of the numbers: T1, the order of SR's floor, the convex table, the CTR models."""
    t1, pairs = results["t1"], results["ctr"]["pairs"]
    held = sum(item["verdict"].startswith("holds") for item in t1)
    highest = max(item["methods"]["stochastic"]["over_bound"] for item in t1)
    dr = [item["methods"]["nearest"] for item in t1]
    over = sum(item["over_bound"] > 1 for item in dr)
    slopes = [item["slope"] for item in results["slopes"]]
    ratios = np.array([row["ratio"] for row in results["table"] if row["ratio"] is not None])
    sr_wins, dr_wins = ctr_wins(pairs)
    return (
        f"SR's average regret stayed below T1's bound on {held} of {len(t1)} problems (at most {highest:.0%} of it) and DR's "
        f"at the same learning rate rose above it on {over} ({_last_moves(dr)}); "
        f"SR's floor falls as Delta^{min(slopes):.2f} to Delta^{max(slopes):.2f}; DR ends "
        f"with the larger gap in {int((ratios > 1).sum())} of {ratios.size} convex settings (median ratio "
        f"{number(float(np.median(ratios)))}); of {len(pairs)} tuned CTR comparisons SR has the lower test log-loss in "
        f"{sr_wins}, DR in {dr_wins}, the rest undecided."
    )


def _last_moves(runs: Sequence[Record]) -> str:
    """Half a sentence on when these runs stop moving."""
    first, last = min(run["last_move"] for run in runs), max(run["last_move"] for run in runs)
    if first > 0:
        return f"last move at step {first} to {last}"
    return f"it never moves, or last at step {last}" if last > 0 else "it never moves"


def _unfinished(results: Record) -> str:
    n, slopes = len(results["problems"]), len(results["slopes"])
    done = [f"T1 on {len(results['t1'])} of {n} problems", f"SR's floor against Delta on {slopes}"]
    done += ["the convex table"] if results["table"] else []
    return f"Unfinished. What was found: {', '.join(done)}."
