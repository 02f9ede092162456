"""The comparison's results as tables."""

from pathlib import Path

from alpt_ref.reports.page import Section, sections_of, table
from alpt_ref.reports.publish import Report
from alpt_ref.studies.comparison.methods import GRIDS, METHODS
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import Sheet, fixed, number
from alpt_ref.training.table import DEAD_WEIGHT

SHORT = {"lr": "lr", "step_lr": "step", "range": "c"}
CLAIMS = "The paper's claims"
AXES = {"lr": "learning rate", "step_lr": "learning rate of step sizes", "range": "range c of LPT"}
# The figures of a fit: heading, name in the record, decimals.
FIGURES = (("AUC", "auc", 4), ("log-loss", "logloss", 4), ("calibration", "calibration", 3), ("by feature", "by_feature", 3))


OPTIMIZERS = {"adam": "Adam", "sgd": "SGD"}


def report(results: Record) -> Report:
    """Figures, differences to full precision, memory and speed, tuning, and the decisions on the paper's claims."""
    tuning = [_tuning(results, axis) for axis in AXES]
    sheets = [_figures(results), _differences(results), _memory(results), *tuning, _hypotheses(results)]
    sheets = [sheet for sheet in sheets if sheet.rows]
    if not results.get("complete", True):
        kinds = f"{len(results['rows'])} of {results['asked']} methods and widths"
        said = {"finding": f"Unfinished: {kinds} are compared; claims are decided when all are."}
    else:
        said = {"finding": finding(results)} if results["claims"] else {}

    def sections(out: Path) -> list[Section]:
        from alpt_ref.reports.drawings import comparison

        first = [sheet for sheet in sheets if sheet.title == CLAIMS]  # which the text has last, where a terminal ends
        return [
            *([Section("claims", CLAIMS, [table(first[0])])] if first else []),
            Section("figure", "Methods by width", comparison(results)),
            *sections_of(sheet for sheet in sheets if sheet.title != CLAIMS),
        ]

    model = "Factorization machines" if results["model"] == "fm" else "Logistic regressions"
    title = f"{model} in few bits, compared on {results['data']}"
    return Report("compare", said | results, sheets, title, sections=sections)


def finding(results: Record) -> str:
    """One sentence: what was decided on C2 to C4, by width."""
    decided: dict[tuple[str, str], list[str]] = {}
    for claim in results["claims"]:
        name, bits = claim["this"]
        part = " (factors alone)" if name.endswith("-f") else ""
        decided.setdefault((claim["claim"] + part, claim["verdict"]), []).append(str(bits))
    words = [f"{claim} {verdict} at {_listed(widths)} bits" for (claim, verdict), widths in decided.items()]
    return f"On {results['data']}: {'; '.join(words)}."


def _listed(widths: list[str]) -> str:
    return widths[0] if len(widths) == 1 else f"{', '.join(widths[:-1])} and {widths[-1]}"


def _label(row: Record) -> dict[str, str]:
    """The first two cells of a line."""
    return {"method": row["method"], "bits": str(row["bits"] or 32)}


def _figures(results: Record) -> Sheet:
    s, lines = results["settings"], []
    for row in results["rows"]:
        shown = {title: fixed(*row["test"][name], digits=digits) for title, name, digits in FIGURES}
        tuned = ", ".join(f"{SHORT[name]} {number(value, 1)}" for name, value in row["choice"].items())
        lines.append(_label(row) | shown | {"tuned": tuned + "*" * bool(row["at_end"])})
    n_train, n_valid, n_test, n_features = results["sizes"]
    model = f"FM, k = {s['k']}" if results["model"] == "fm" else "LR"
    titles = "; ".join(f"{name}: {METHODS[name].title}" for name in dict.fromkeys(row["method"] for row in results["rows"]))
    note = (
        f"{results['data']}: {n_train:,} / {n_valid:,} / {n_test:,} rows, {n_features:,} features. Test set, means over "
        f"{s['seeds']} seeds; ±: Student, all {results['rows'][0]['family']} intervals of this table at once, "
        f"{s['confidence']:.0%}. {OPTIMIZERS[s.get('optimizer', 'adam')]} on the batch's rows, {s['batch_size']} examples a "
        f"step, {s['epochs']} epochs of which the best on validation is kept, l2 = {number(s['l2'])}. tuned: on validation "
        "AUC with seed 0 (* rounds ran out), learning rates of weights and of step sizes (pact: clips), c of LPT's delta = "
        "c / 2^(bits-1). calibration: mean prediction / mean label; by feature: summed absolute error of that, by feature (0 "
        f"is right). {titles}."
    )
    return Sheet.of(f"{model} on {results['data']}", lines, note)


def _differences(results: Record) -> Sheet:
    lines = [
        _label(row) | {title: fixed(*row["minus_fp32"][name], sign="+") for title, name, _ in FIGURES}
        for row in results["rows"]
        if row["minus_fp32"] is not None and row["method"] != "fp32"
    ]
    note = "Paired by seed; ±: as above, for this table. Descriptive: decisions are those of the claims."
    return Sheet.of("Minus full precision, on test", lines, note)


def _memory(results: Record) -> Sheet:
    lines = []
    full = next((row["bytes"] for row in results["rows"] if row["method"] == "fp32"), None)
    for row in results["rows"]:
        b, rates = row["bytes"], row["speed"]["examples_per_s"]
        factors = b["factor_codes"] + b["factor_steps"]
        ratio = full["factor_codes"] / factors if full is not None and full["factor_codes"] and factors else None
        weights = b["codes"] + b["steps"]
        ends = "-" if None in rates else "-".join(f"{rate / 1e3:,.0f}" for rate in dict.fromkeys((rates[0], rates[-1])))
        lines.append(
            _label(row)
            | {"weights": f"{weights:,}", "optimizer": f"{b['optimizer']:,}"}
            | {"factors": "-" if ratio is None else f"1/{ratio:.3g}" if ratio >= 1 else f"{1 / ratio:.3g}"}
            | {"inference": f"{b['inference']:,}", "kex/s": ends}
            | {"step sizes": "/".join(number(part[1]) for part in row["deltas"])}
            | {"dead": "/".join(map(str, row["dead"])) if any(row["dead"]) else "-"}
        )
    spent, on_cpu = results["seconds"], results["device"] == "cpu"
    note = (
        "Bytes alive in training: codes (or floats) and step sizes; optimizer state. factors: bytes of codes and "
        "step sizes of the factor table, as a part of full precision's. inference: bytes of the model to deploy. kex/s: "
        f"thousand examples a second in an epoch, {'one thread' if on_cpu else 'on a GPU'}, least and most over seeds, "
        "whatever else the machine was doing (make bench compares speeds). step sizes: medians, linear/factors. dead: rows, "
        f"linear/factors, that count as zero as their weights are all below {DEAD_WEIGHT:g}, at most over seeds. "
        f"Computing: {spent['fits_tuned']} fits to tune {spent['tuning'] / 60:.1f} min, {results['fits']} fits to compare "
        f"{spent['runs'] / 60:.1f} min, of one {'core' if on_cpu else 'GPU'}."
    )
    return Sheet.of("Memory and speed", lines, note)


def _tuning(results: Record, axis: str) -> Sheet:
    """The best validation AUC at each value of ``axis``, over all that was tried with it."""
    best: dict[tuple[str, int], dict[float, float]] = {}
    for row in results["rows"]:
        if axis in row["choice"]:
            at, of_row = list(row["choice"]).index(axis), best.setdefault((row["method"], row["bits"]), {})
            for *values, auc in row["tried"]:
                if auc is not None:
                    of_row[values[at]] = max(auc, of_row.get(values[at], 0.0))
    picked = {row["choice"][axis] for row in results["rows"] if (row["method"], row["bits"]) in best}
    values = sorted({*results["settings"][GRIDS[axis]], *picked})
    lines = [
        (method, str(bits or 32), *(fixed(of_row.get(value)) for value in values))
        for (method, bits), of_row in best.items()
        if of_row
    ]
    note = "Best validation AUC with seed 0 over all that was tried with this value: those of the grid, and those picked."
    columns = ("method", "bits", *(number(value, 1) for value in values))
    return Sheet(f"Tuning, by {AXES[axis]}", columns, lines, note)


def _hypotheses(results: Record) -> Sheet:
    margin = results["settings"]["margin"]
    said = {"C2": "SR is better", "C3": "learned steps are better", "C4": f"the same within {margin}"}
    lines = []
    for claim in results["claims"]:
        lines.append(
            {"": claim["claim"], "claim": said[claim["claim"]]}
            | {"difference": " - ".join(f"{name} {bits or 32}" for name, bits in (claim["this"], claim["that"]))}
            | {"AUC": fixed(claim["mean"], claim["half"], sign="+"), "p": number(claim["p"]), "verdict": claim["verdict"]}
        )
    level = results["settings"]["confidence"]
    kind = (
        "Test results of these data had been seen before: all is descriptive. Family"
        if results["seen"]
        else "Confirmatory family"
    )
    note = (
        f"{kind} of this run: paired differences of test AUC over {results['settings']['seeds']} seeds, Holm's "
        f"correction at {1 - level:.0%} (p is adjusted); C2, C3 two-sided, C4 two one-sided tests against the margin. ±: all "
        f"at once, {level:.0%}: Holm's steps may decide where they still reach 0. All speak of seeds; the test set is given."
    )
    return Sheet.of(CLAIMS, lines, note)
