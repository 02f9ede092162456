"""The calibration study's results as tables, and as one sentence."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alpt_ref.reports.page import Section, sections_of
from alpt_ref.reports.publish import Report
from alpt_ref.studies.calibration.exact import DR, SR
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import Sheet, fixed, interval, number


def report(results: Record) -> Report:
    """The whole study: exact laws, the decaying schedule, replicas and estimators."""
    sheets = [*exact_sheets(results), *decay_sheets(results), *model_sheets(results)]
    title = "Predicted and true click rates of low-precision training"

    def sections(out: Path) -> list[Section]:
        from alpt_ref.reports.drawings import page_of_calibration

        return [Section("figure", "Figures", page_of_calibration(out)), *sections_of(sheets)]

    return Report("calibration", {"finding": finding(results)} | results, sheets, title, sections=sections)


def short(rule: str) -> str:
    """The rule's name in a table: fp32, DR, SR or SR(4)."""
    return "DR" if rule == DR else rule.replace("stochastic", "SR")


def floor(row: Record) -> float:
    """e^-Delta theta, below which neither DR's mean CTR (L5(b), where that is less than 1/2) nor SR(k)'s (L6) can be."""
    return math.exp(-row["delta"]) * float(row["theta"])


def within(row: Record) -> bool:
    """True where a stationary mean CTR obeys L5(b) (DR: from below) or L6 (SR(k): from both sides), up to 1e-9.

    DR : >= min(1/2, e^-Delta theta). SR(k), SR : max(p, e^-Delta theta_k) <= CTR <= p + theta_k, where w_1 = 0 allows it.
    """
    if row["rule"] == DR:
        return bool(row["ctr"] >= min(0.5, floor(row)) - 1e-9)
    return bool(max(row["p"], floor(row)) - 1e-9 <= row["ctr"] <= row["p"] + row["theta"] + 1e-9)


def _rows(rows: Sequence[Record], *axes: str) -> list[dict[str, Record]]:
    """Rows by rule, one dictionary for each value of ``axes``, in order."""
    found: dict[tuple[Any, ...], dict[str, Record]] = {}
    for row in rows:
        found.setdefault(tuple(row[axis] for axis in axes), {})[row["rule"]] = row
    return list(found.values())


def _sweep(results: Record, axis: str, title: str, note: str = "") -> Sheet:
    """The stationary laws along ``axis``: DR, SR, and every SR(k) beside its theta_k."""
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
        {"rule": short(row["rule"]), "theta_k": number(row["theta"], 3), "L6 low": number(max(row["p"], floor(row)), 3)}
        | {"CTR": number(row["ctr"], 4), "L6 high": number(row["p"] + row["theta"], 3)}
        | {"L6 holds": "yes" if within(row) else "NO"}
        for row in exact["k"]
    ]
    sheets.append(Sheet.of(f"Over random bits: p = {s['p']:g}, Delta = {delta}, eta = {number(s['ks_eta'])}", lines))
    pairs = zip(_rows(exact["batch"], "batch"), _rows(exact["rare"], "batch"), strict=True)
    batches = [
        {"batch": str(one[DR]["batch"])}
        | {short(rule): number(row["ctr"], 3) for rule, row in one.items()}
        | {f"rare {short(rule)}": number(row["ctr"], 3) for rule, row in rare.items()}
        | {"DR frozen": fixed(rare[DR]["start"])}
        for one, rare in pairs
    ]
    note = (
        f"Laws after {s['batch_steps']} steps from w = 0. Left: the feature is in every example, eta = {number(s['eta'])}. "
        f"Right: in {s['share']:.0%} of the examples, eta = {number(s['share_eta'])}; its update is divided by the whole "
        "batch. Last: the chance that DR still stands where it started."
    )
    return [*sheets, Sheet.of(f"Over the batch size: p = {s['p']:g}, Delta = {delta}", batches, note)]


def decay_sheets(results: Record) -> list[Sheet]:
    """The least final CTR of DR by click rate."""
    lines = [
        {"Delta": number(grid["delta"]), "p": number(row["p"]), "best eta": number(row["eta"], 3)}
        | {"DR": number(row["ctr"], 3), "DR / sqrt(p)": number(row["ctr"] / math.sqrt(row["p"]), 3)}
        | {"SR, same eta": number(row["stochastic"], 3)}
        for grid in results["decay"]
        for row in grid["rows"]
    ]
    slopes = ", ".join(f"{g['slope']:.2f} ± {g['slope_half']:.2f} (Delta = {number(g['delta'])})" for g in results["decay"])
    note = f"w_1 = 0, laws taken when DR has stopped (L3). Log-log slopes of DR in p, 95 % Student: {slopes}."
    return [Sheet.of("Decaying schedule: DR's least final CTR over eta", lines, note)]


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
        fits = [
            {"bias": "fp32" if line["intercept"] else "none", "optimizer": line["optimizer"]}
            | {"lr": number(line["lr"]), "batch": str(line["batch"])}
            | {short(rule): _fit(found) for rule, found in line["rules"].items()}
            for line in data["lines"]
        ]
        note = (
            f"Mean prediction over mean {'click probability' if data is results['models'][0] else 'label'} of "
            f"{data['sizes'][1]} held-out rows, mean of {data['seeds']} seeds; in brackets the error by feature. "
            f"{data['sizes'][0]} rows of training, click rate {number(data['label'], 3)}; "
            f"{results['settings']['models']['bits']} bits, box [-4, 4)."
        )
        sheets.append(Sheet.of(f"Logistic regression, {data['data']} clicks: predicted over true", fits, note))
    return sheets


def _fit(found: Record | None) -> str:
    """Predicted over true CTR, and in brackets its error by feature."""
    return "-" if found is None else f"{found['ratio']:.2f} ({found['feature']:.2f})"


def finding(results: Record) -> str:
    """One sentence made of the numbers: exact laws, the decaying schedule, replicas, estimators."""
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
