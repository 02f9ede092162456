"""The comparison's results as tables."""

from typing import Any

from rich.console import Console

from alpt_ref.studies.comparison.methods import GRIDS, METHODS
from alpt_ref.tools.sheet import Sheet, number

Record = dict[str, Any]
SHORT = {"lr": "lr", "step_lr": "step", "range": "c"}
AXES = {"lr": "learning rate", "step_lr": "learning rate of step sizes", "range": "range c of LPT"}


def sheets(results: Record) -> list[Sheet]:
    """Figures, differences to full precision, memory and speed, claims."""
    tuning = [_tuning(results, axis) for axis in AXES]
    all_of_them = [_figures(results), _differences(results), _memory(results), *tuning, _claims(results)]
    return [sheet for sheet in all_of_them if sheet.rows]


def markdown(results: Record) -> str:
    """All tables in Markdown."""
    return "\n".join(sheet.markdown() for sheet in sheets(results))


def show(results: Record, console: Console) -> None:
    """All tables on a terminal."""
    for sheet in sheets(results):
        sheet.print(console)


def _label(row: Record) -> tuple[str, str]:
    return row["method"], str(row["bits"] or 32)


def _spread(pair: list[float | None], digits: int) -> str:
    value, half = pair
    if value is None:
        return "-"
    return f"{value:.{digits}f}" + ("" if half is None else f"±{half:.{digits}f}")


def _signed(pair: list[float | None]) -> str:
    value, half = pair
    return "-" if value is None else f"{value:+.4f}" + ("" if half is None else f"±{half:.4f}")


def _figures(results: Record) -> Sheet:
    s, lines = results["settings"], []
    for row in results["rows"]:
        test = row["test"]
        shown = [_spread(test["auc"], 4), _spread(test["logloss"], 4)]
        shown += [_spread(test[name], 3) for name in ("calibration", "by_feature")]
        ends = "".join("*" for _ in row["at_end"][:1])
        tuned = ", ".join(f"{SHORT[name]} {number(value, 1)}" for name, value in row["choice"].items()) + ends
        lines.append((*_label(row), *shown, tuned))
    n_train, n_valid, n_test, n_features = results["sizes"]
    model = f"FM, k = {s['k']}" if results["model"] == "fm" else "LR"
    titles = "; ".join(f"{name}: {METHODS[name].title}" for name in dict.fromkeys(row["method"] for row in results["rows"]))
    note = (
        f"{results['data']}: {n_train:,} / {n_valid:,} / {n_test:,} rows, {n_features:,} features. Test set, means over "
        f"{s['seeds']} seeds; ±: Student, all {results['rows'][0]['family']} intervals of this table at once, "
        f"{s['confidence']:.0%}. Adam on the batch's rows, {s['batch_size']} examples a step, {s['epochs']} epochs of which "
        f"the best on validation is kept, l2 = {number(s['l2'])}. tuned: on validation AUC with seed 0 (* rounds ran "
        "out), learning rates of weights and of step sizes (pact: clips), c of LPT's delta = c / 2^(bits-1). "
        "calibration: mean prediction / mean label; by feature: summed absolute error of that, by feature (0 is right). "
        f"{titles}."
    )
    columns = ("method", "bits", "AUC", "log-loss", "calibration", "by feature", "tuned")
    return Sheet(f"{model} on {results['data']}", columns, lines, note)


def _differences(results: Record) -> Sheet:
    lines = [
        (*_label(row), *(_signed(row["minus_fp32"][name]) for name in ("auc", "logloss", "calibration", "by_feature")))
        for row in results["rows"]
        if row["minus_fp32"] is not None and row["method"] != "fp32"
    ]
    columns = ("method", "bits", "AUC", "log-loss", "calibration", "by feature")
    note = "Paired by seed; ±: as above, for this table. Descriptive: decisions are those of the claims."
    return Sheet("Minus full precision, on test", columns, lines, note)


def _memory(results: Record) -> Sheet:
    lines = []
    full = next((row["bytes"] for row in results["rows"] if row["method"] == "fp32"), None)
    for row in results["rows"]:
        b, rates = row["bytes"], row["speed"]["examples_per_s"]
        factors = b["factor_codes"] + b["factor_steps"]
        ratio = full["factor_codes"] / factors if full is not None and full["factor_codes"] and factors else None
        weights = b["codes"] + b["steps"]
        shown = [f"{size:,}" for size in (weights, b["optimizer"], weights + b["optimizer"])]
        shown.append("-" if ratio is None else f"1/{ratio:.3g}" if ratio >= 1 else f"{1 / ratio:.3g}")
        deltas = "/".join(number(part[1], 2) for part in row["deltas"])
        ends = "-" if None in rates else "-".join(f"{rate / 1e3:,.0f}" for rate in dict.fromkeys((rates[0], rates[-1])))
        lines.append((*_label(row), *shown, f"{b['inference']:,}", ends, deltas))
    columns = ("method", "bits", "weights", "optimizer", "all", "factors", "inference", "kex/s", "step sizes")
    spent = results["seconds"]
    note = (
        "Bytes alive in training: codes (or floats) and step sizes; optimizer state; all of it. factors: bytes of codes and "
        "step sizes of the factor table, as a part of full precision's. inference: bytes of the model to deploy. kex/s: "
        "thousand examples a second in an epoch, one thread, least and most over seeds, whatever else the machine was doing "
        "(make bench compares speeds). step sizes: medians, linear/factors. "
        f"Computing: {spent['fits_tuned']} fits to tune {spent['tuning'] / 60:.1f} min, {results['fits']} fits to compare "
        f"{spent['runs'] / 60:.1f} min, of one core."
    )
    return Sheet("Memory and speed", columns, lines, note)


def _tuning(results: Record, axis: str) -> Sheet:
    """The best validation AUC at each value of ``axis``, over all that was tried with it."""
    best: dict[tuple[str, str], dict[float, float]] = {}
    for row in results["rows"]:
        if axis in row["choice"]:
            at, of_row = list(row["choice"]).index(axis), best.setdefault(_label(row), {})
            for *values, auc in row["tried"]:
                if auc is not None:
                    of_row[values[at]] = max(auc, of_row.get(values[at], 0.0))
    picked = {row["choice"][axis] for row in results["rows"] if _label(row) in best}
    values = sorted({*results["settings"][GRIDS[axis]], *picked})
    lines = [
        (*label, *(f"{of_row[value]:.4f}" if value in of_row else "-" for value in values))
        for label, of_row in best.items()
        if of_row
    ]
    note = "Best validation AUC with seed 0 over all that was tried with this value: those of the grid, and those picked."
    columns = ("method", "bits", *(number(value, 1) for value in values))
    return Sheet(f"Tuning, by {AXES[axis]}", columns, lines, note)


def _claims(results: Record) -> Sheet:
    margin = results["settings"]["margin"]
    said = {"C2": "SR is better", "C3": "learned steps are better", "C4": f"the same within {margin}"}
    lines = []
    for claim in results["claims"]:
        difference = " - ".join(f"{name} {bits or 32}" for name, bits in (claim["this"], claim["that"]))
        shown = _signed([claim["mean"], claim["half"]])
        lines.append((claim["claim"], said[claim["claim"]], difference, shown, number(claim["p"]), claim["verdict"]))
    level = results["settings"]["confidence"]
    note = (
        f"Confirmatory family of this run: paired differences of test AUC over {results['settings']['seeds']} seeds, Holm's "
        f"correction at {1 - level:.0%} (p is adjusted); C2, C3 two-sided, C4 two one-sided tests against the margin. ±: all "
        f"at once, {level:.0%}: Holm's steps may decide where they still reach 0. All speak of seeds; the test set is given."
    )
    return Sheet("The paper's claims", ("", "claim", "difference", "AUC", "p", "verdict"), lines, note)
