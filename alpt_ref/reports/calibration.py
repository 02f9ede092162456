"""The calibration study's results as tables, and as one sentence."""

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from alpt_ref.studies.calibration.exact import DR, SR, Record
from alpt_ref.tools.sheet import Sheet, interval, number

SHORT = {"fp32": "fp32", DR: "DR", SR: "SR"}


def short(rule: str) -> str:
    """DR, SR, SR(4)."""
    return SHORT.get(rule) or rule.replace("stochastic", "SR")


def within(row: Record) -> bool:
    """Whether a stationary mean CTR obeys L5(b) (DR: from below) or L6 (SR(k): from both sides), up to 1e-9.

    DR : >= min(1/2, e^-Delta theta). SR(k), SR : max(p, e^-Delta theta_k) <= CTR <= p + theta_k, where w_1 = 0 allows it.
    """
    floor = math.exp(-row["delta"]) * row["theta"]
    if row["rule"] == DR:
        return bool(row["ctr"] >= min(0.5, floor) - 1e-9)
    return bool(max(row["p"], floor) - 1e-9 <= row["ctr"] <= row["p"] + row["theta"] + 1e-9)


def _rows(rows: Sequence[Record], *axes: str) -> list[dict[str, Record]]:
    """``rows`` by rule, one dictionary for each value of ``axes``, in order."""
    found: dict[tuple[Any, ...], dict[str, Record]] = {}
    for row in rows:
        found.setdefault(tuple(row[axis] for axis in axes), {})[row["rule"]] = row
    return list(found.values())


def _sweep(results: Record, axis: str, title: str, note: str = "") -> Sheet:
    lines = []
    for rules in _rows(results["exact"][axis], axis):
        few = [rule for rule in rules if rule not in (DR, SR)]
        first, second = rules[DR], rules[SR]
        line = [number(first[axis]), number(first["theta"], 3), number(first["ctr"], 3), number(second["ctr"], 4)]
        for rule in few:
            line += [number(rules[rule]["theta"], 3), number(rules[rule]["ctr"], 3)]
        lines.append(tuple(line))
    head = [axis if axis != "delta" else "Delta", "theta", "DR", "SR"]
    return Sheet(title, tuple(head + [name for rule in few for name in ("theta_k", short(rule))]), lines, note)


def exact_sheets(results: Record) -> list[Sheet]:
    """The sweeps of one feature."""
    s, exact = results["settings"]["exact"], results["exact"]
    delta = number(exact["eta"][0]["delta"])
    note = (
        "One feature, stationary laws, one example a step, w_1 = 0. theta: Delta/(2 eta) for DR, 2^-k Delta/eta for SR(k). "
        "DR with eta <= Delta never moves from 1/2."
    )
    sheets = [
        _sweep(results, "eta", f"Predicted CTR over eta: p = {s['p']:g}, Delta = {delta}", note),
        _sweep(results, "delta", f"Over Delta: p = {s['p']:g}, eta = {number(s['widths_eta'])}"),
        _sweep(results, "p", f"Over the click rate: Delta = {delta}, eta = {number(s['eta'])}"),
    ]
    lines = [
        (
            short(row["rule"]),
            number(row["theta"], 3),
            number(max(row["p"], math.exp(-row["delta"]) * row["theta"]), 3),
            number(row["ctr"], 4),
            number(row["p"] + row["theta"], 3),
            "yes" if within(row) else "NO",
        )
        for row in exact["k"]
    ]
    title = f"Over random bits: p = {s['p']:g}, Delta = {delta}, eta = {number(s['ks_eta'])}"
    sheets.append(Sheet(title, ("rule", "theta_k", "L6 low", "CTR", "L6 high", "L6 holds"), lines))
    pairs = zip(_rows(exact["batch"], "batch"), _rows(exact["rare"], "batch"), strict=True)
    batches: list[tuple[str, ...]] = [
        (
            str(one[DR]["batch"]),
            *(number(row["ctr"], 3) for row in one.values()),
            *(number(row["ctr"], 3) for row in rare.values()),
            f"{rare[DR]['start']:.4f}",
        )
        for one, rare in pairs
    ]
    names = [short(rule) for rule in _rows(exact["batch"], "batch")[0]]
    note = (
        f"Laws after {s['batch_steps']} steps from w = 0. Left: the feature is in every example, eta = {number(s['eta'])}. "
        f"Right: in {s['share']:.0%} of the examples, eta = {number(s['share_eta'])}; its update is divided by the whole "
        "batch. Last: the chance that DR still stands where it started."
    )
    head = ("batch", *names, *(f"rare {name}" for name in names), "DR frozen")
    return [*sheets, Sheet(f"Over the batch size: p = {s['p']:g}, Delta = {delta}", head, batches, note)]


def decay_sheets(results: Record) -> list[Sheet]:
    """The least final CTR of DR by click rate."""
    lines = []
    for grid in results["decay"]:
        for row in grid["rows"]:
            ratio = number(row["ctr"] / math.sqrt(row["p"]), 3)
            values = (number(row["eta"], 3), number(row["ctr"], 3), ratio, number(row["stochastic"], 3))
            lines.append((number(grid["delta"]), number(row["p"]), *values))
    slopes = ", ".join(f"{g['slope']:.2f} ± {g['slope_half']:.2f} (Delta = {number(g['delta'])})" for g in results["decay"])
    note = f"w_1 = 0, laws taken when DR has stopped (L3). Log-log slopes of DR in p, 95 % Student: {slopes}."
    head = ("Delta", "p", "best eta", "DR", "DR / sqrt(p)", "SR, same eta")
    return [Sheet("Decaying schedule: DR's least final CTR over eta", head, lines, note)]


def model_sheets(results: Record) -> list[Sheet]:
    """Replicas, then estimators, a sheet for each data set."""
    one, s = results["one_hot"], results["settings"]["one_hot"]
    lines = [("", "labels", *(number(x, 3) for x in one["labels"]))]
    for row in one["rows"]:
        cells = (interval(ctr, half, 3) for ctr, half in zip(row["ctr"], row["half"], strict=True))
        lines.append((number(row["eta"]), short(row["rule"]), *cells))
    note = (
        f"{s['bits']} bits, Delta = {number(s['delta'])}, one example a step, l2 = {s['l2']:g}; averages over the last half of "
        f"{s['steps']} steps. Columns: features by their click rate over the overall one. ±: Student t over {s['replicas']} "
        f"replicas; all {one['family']} intervals at once, {s['confidence']:.0%}."
    )
    sheets = [Sheet(f"Replicas of {one['problem']}: mean predicted CTR", ("eta", "rule", *one["groups"]), lines, note)]
    for data in results["models"]:
        lines = []
        for line in data["lines"]:
            shown = [_fit(found) for found in line["rules"].values()]
            bias = "fp32" if line["intercept"] else "none"
            lines.append((bias, line["optimizer"], number(line["lr"]), str(line["batch"]), *shown))
        note = (
            f"Mean prediction over mean {'click probability' if data is results['models'][0] else 'label'} of "
            f"{data['sizes'][1]} held-out rows, mean of {data['seeds']} seeds; in brackets the error by feature. "
            f"{data['sizes'][0]} rows of training, click rate {number(data['label'], 3)}; 8 bits, box [-4, 4)."
        )
        note = note.replace("8 bits", f"{results['settings']['models']['bits']} bits")
        head = ("bias", "optimizer", "lr", "batch", *(short(rule) for rule in data["lines"][0]["rules"]))
        sheets.append(Sheet(f"Logistic regression, {data['data']} clicks: predicted over true", head, lines, note))
    return sheets


def _fit(found: Record | None) -> str:
    return "-" if found is None else f"{found['ratio']:.2f} ({found['feature']:.2f})"


def finding(results: Record) -> str:
    """What was found, in one sentence made of the numbers."""
    eta, exact, one = results["exact"]["eta"], results["exact"], results["one_hot"]
    worst = max([1e-15, *(abs(row["ctr"] - row["p"]) for row in eta if row["rule"] == SR)])
    high = [row["ctr"] / row["theta"] for row in eta if row["rule"] == DR and 2.0 * row["p"] <= row["theta"] < 0.5]
    bounded = [within(row) for axis in ("eta", "delta", "p", "k") for row in exact[axis] if row["rule"] != SR]
    dead = [row["batch"] for row in exact["rare"] if row["rule"] == DR and row["start"] > 0.99]
    sr = [
        abs(ctr - label) <= half
        for row in one["rows"]
        if row["rule"] == SR
        for ctr, half, label in zip(row["ctr"], row["half"], one["labels"], strict=True)
    ]
    free = [line["rules"] for line in results["models"][0]["lines"] if not line["intercept"]]
    over = {
        rule: [line[rule]["ratio"] / line["fp32"]["ratio"] for line in free if line[rule] and line["fp32"]] for rule in (DR, SR)
    }
    grid = results["decay"][0]
    frozen = f"freezes it from batches of {min(dead)} on" if dead else "freezes it at no batch size tried"
    return (
        f"At click rate {eta[0]['p']:g} SR's mean predicted CTR is the click rate to {worst:.0e} at every eta, DR's is "
        f"{min(high):.2f} to {max(high):.2f} times Delta/(2 eta) where that is below 1/2 and at least twice the click rate; "
        f"L5(b) and L6 hold in {sum(bounded)} of {len(bounded)} exact laws; on a rare feature mean reduction {frozen}; with "
        f"eta/sqrt(t) DR's least CTR falls only as p^{grid['slope']:.2f} at Delta = {number(grid['delta'])}; over replicas SR "
        f"matches {sum(sr)} of {len(sr)} click rates of feature groups; and on generated clicks without a bias DR predicts "
        f"{min(over[DR]):.2f} to {max(over[DR]):.2f} times, SR {min(over[SR]):.2f} to {max(over[SR]):.2f} times what full "
        "precision does."
    )


def sheets(results: Record) -> list[Sheet]:
    """All tables in order."""
    return [*exact_sheets(results), *decay_sheets(results), *model_sheets(results)]


def markdown(results: Record) -> str:
    """The report as Markdown."""
    title = "# Predicted and true click rates of low-precision training"
    return "\n".join([title, "", results["finding"], ""] + [sheet.markdown() for sheet in sheets(results)])


def show(results: Record, console: Console) -> None:
    """Print the tables, and last the finding."""
    for sheet in sheets(results):
        sheet.print(console)
    console.print(results["finding"], highlight=False)
