"""The comparison of methods: the search, every fit against the estimator called by hand, resumption, tables, data."""

import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from scipy.special import expit
from scipy.stats import t as student_t

from alpt_ref.compress import compressed, hashed
from alpt_ref.data import DataError, Source, fit_read, split
from alpt_ref.metrics import auc, calibration_by_feature, log_loss, probabilities
from alpt_ref.models import FactorizationMachine
from alpt_ref.reports import comparison as compare_report
from alpt_ref.reports.publish import publish
from alpt_ref.scalars.jit import JIT
from alpt_ref.studies import click_data
from alpt_ref.studies.comparison import methods
from alpt_ref.studies.comparison import run as compare
from alpt_ref.studies.comparison.fitting import BYTES, FIGURES, SPEED
from alpt_ref.studies.comparison.hypotheses import pairs
from alpt_ref.studies.comparison.methods import METHODS, CompareSettings, Fit, methods_of
from alpt_ref.studies.comparison.run import kinds_of
from alpt_ref.studies.comparison.tuning import Search, tune
from alpt_ref.studies.convergence.settings import CtrSettings
from alpt_ref.studies.executors import InProcess
from alpt_ref.studies.store import Store
from alpt_ref.tools.events import open_log
from alpt_ref.tools.sheet import WIDTH, number
from alpt_ref.training.forward import TrainingDivergedError
from tests.cli_support import write_data
from tests.executors import Idle, Interrupted, after
from tests.records import fits
from tests.widths import assert_fits

pytestmark = pytest.mark.glue

TINY = CompareSettings(
    k=2, epochs=2, batch_size=40, lrs=(1e-2, 3e-2), step_lrs=(1e-3,), ranges=(0.5,), rounds=1, seeds=2, l2=1e-4
)
# Each width, and each way to train, compiles its own loops: the run as plain Python is of all.
BITS = (2,) if JIT else (8, 2)
N_ROWS = 150 if JIT else 60
RUN = ("fp32", "hash", "lpt-dr", "lpt-sr", "ptq") if JIT else tuple(METHODS)
THREE = CompareSettings(lrs=(1e-3, 3e-3, 1e-2))
TITLES = ("FM, k = 2 on synthetic", "Minus full precision, on test", "Memory and speed", "The paper's claims")
WAYS = {
    "fp32": {},
    "hash": {},
    "lpt-dr": {"precision": "lpt", "rounding": "nearest"},
    "lpt-sr": {"precision": "lpt", "rounding": "stochastic"},
    "alpt-dr": {"precision": "alpt", "rounding": "nearest"},
    "alpt-sr": {"precision": "alpt", "rounding": "stochastic"},
    "lpt-sr-f": {"precision": "lpt", "quantize": "factors"},
    "alpt-sr-f": {"precision": "alpt", "quantize": "factors"},
    "lsq": {"precision": "lsq"},
    "pact": {"precision": "pact"},
    "ptq": {},
}


def clicks():
    return click_data.synthetic(CtrSettings(n_rows=N_ROWS, n_fields=3, n_values=12, click_rate=0.4), 0)


# The search


def searched(kind, figure, settings):
    """The finished search where validation AUC is ``figure`` of what was chosen; the jobs of each round."""
    rounds = []

    def fit_all(jobs):
        rounds.append(list(jobs))
        return [{"valid": np.array([figure(dict(job.choice)), 0.0, 0.0, 0.0])} for job in jobs]

    return tune([kind], settings, fit_all)[kind], rounds


def bowl(**at):
    """Highest, 1, at the point given; falls with the logarithm of each value."""
    return lambda choice: 1.0 - sum(abs(math.log(choice[name] / value)) for name, value in at.items())


def test_the_optimum_of_a_grid_is_found_and_looked_at_more_closely():
    s = THREE
    search, rounds = searched(("alpt-sr", 4), bowl(lr=3e-3, step_lr=2e-4), s)
    assert search.choice == {"lr": 3e-3, "step_lr": 2e-4}
    assert search.at_end == []
    assert [len(jobs) for jobs in rounds] == [9, 2]
    assert [dict(job.choice) for job in rounds[1]] == [{"lr": 3e-3, "step_lr": step} for step in (6e-5, 6e-4)]
    assert {job.choice for job in rounds[0]} == {(("lr", lr), ("step_lr", step)) for lr in s.lrs for step in s.step_lrs}
    assert {(job.method, job.bits, job.seed) for job in rounds[0]} == {("alpt-sr", 4, 0)}


@pytest.mark.parametrize(
    ("at", "added", "chosen", "at_end"),
    [
        (9e-2, [3e-2, 9e-2, 0.3], 9e-2, []),
        (100.0, [3e-2, 9e-2, 0.3, 0.9, 3.0, 9.0], 9.0, ["lr"]),
        (3e-2, [3e-2, 9e-2], 3e-2, []),
        (3e-4, [3e-4, 1e-4], 3e-4, []),
    ],
)
def test_a_grid_goes_on_where_the_best_lies_at_its_end(at, added, chosen, at_end):
    search, rounds = searched(("fp32", 0), bowl(lr=at), replace(THREE, rounds=6))
    assert search.choice == {"lr": chosen}
    assert search.at_end == at_end
    assert [dict(job.choice)["lr"] for jobs in rounds[1:] for job in jobs] == added


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        (("lsq", 2), {"lr": 3e-3, "step_lr": 2.0}),
        (("lpt-sr", 8), {"lr": 3e-3, "range": 80.0}),
        (("alpt-sr", 2), {"lr": 1e-2, "step_lr": 2e-5}),
        (("alpt-sr", 2), {"lr": 3e-2, "step_lr": 2e-2}),  # beyond two ends at once
        (("lpt-dr", 2), {"lr": 3e-4, "range": float(f"{1e-3 / 4:.1g}")}),
    ],
)
def test_the_search_ends_where_no_neighbour_is_better(kind, at):
    search, _ = searched(kind, bowl(**at), THREE)
    assert search.choice == at
    assert search.at_end == []
    for i in range(2):  # both neighbours along each axis were tried
        line = [values[i] for values in search.tried if values[1 - i] == search.best[1 - i]]
        assert min(line) < search.best[i] < max(line)


def test_an_optimum_between_the_values_of_a_grid():
    """Half way in the logarithm, once: neighbours of the best are at most a factor of 3.5 away in the end."""
    search, rounds = searched(("lpt-sr", 2), bowl(lr=3e-3, range=0.33), THREE)
    assert search.choice == {"lr": 3e-3, "range": 0.3}
    added = [[dict(job.choice)["range"] for job in jobs] for jobs in rounds[1:]]
    assert added == [[0.3, 2.0], [0.3, 0.3]]  # around 1, the best of the grid; with learning rates below and above
    search, _ = searched(("lpt-sr", 2), bowl(lr=1e-2, range=0.13), THREE)
    assert search.choice == {"lr": 1e-2, "range": 0.1}
    assert {values[1] for values in search.tried if values[0] == 1e-2} == {0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 4.0}


@given(st.floats(1e-8, 1e4), st.floats(1e-8, 1e4), st.integers(0, 6), st.permutations([1e-3, 3e-3, 1e-2]))
def test_what_any_search_promises(lr, c, most, lrs):
    s = CompareSettings(lrs=tuple(lrs), ranges=(0.1, 1.0), rounds=most)
    figure = bowl(lr=lr, range=c)
    search, rounds = searched(("lpt-dr", 4), figure, s)
    tried = [tuple(dict(job.choice).values()) for jobs in rounds for job in jobs]
    assert len(set(tried)) == len(tried)
    assert len(rounds) <= 1 + most
    assert all(1 <= len(jobs) <= 4 for jobs in rounds[1:])
    assert search.best == max(tried, key=lambda values: figure({"lr": values[0], "range": values[1]}))
    if search.at_end:
        assert len(rounds) == 1 + most
    else:
        assert abs(math.log(search.choice["lr"] / lr)) < math.log(10.0)
        assert abs(math.log(search.choice["range"] / c)) < math.log(10.0)
    assert s.lrs == tuple(lrs)


def test_no_number_is_the_worst_and_the_first_of_equals_wins():
    s = replace(THREE, rounds=0)
    only = {1e-3: math.nan, 3e-3: -5.0, 1e-2: math.nan}
    assert searched(("fp32", 0), lambda choice: only[choice["lr"]], s)[0].choice == {"lr": 3e-3}
    search, _ = searched(("alpt-dr", 4), lambda choice: 0.5, s)
    assert search.choice == {"lr": 1e-3, "step_lr": 2e-5}
    search, rounds = searched(("fp32", 0), lambda choice: math.nan, THREE)
    assert search.choice == {"lr": 1e-3}
    assert search.at_end == []
    assert [dict(job.choice) for job in rounds[1]] == [{"lr": 3e-4}]  # gentler, where all have diverged
    assert set(search.tried.values()) == {-math.inf}


def test_searches_go_on_side_by_side():
    s = THREE
    tops = {"fp32": bowl(lr=3e-3), "hash": bowl(lr=3e-2), "lpt-sr": bowl(lr=3e-3, range=0.1)}
    rounds = []

    def fit_all(jobs):
        rounds.append(Counter(job.method for job in jobs))
        return [{"valid": np.array([tops[job.method](dict(job.choice))])} for job in jobs]

    found = tune([("fp32", 0), ("hash", 0), ("lpt-sr", 4), ("ptq", 4)], s, fit_all)
    assert rounds == [{"fp32": 3, "hash": 3, "lpt-sr": 15}, {"hash": 1, "lpt-sr": 2}, {"hash": 1}]
    assert {kind: search.choice for kind, search in found.items()} == {
        ("fp32", 0): {"lr": 3e-3},
        ("hash", 0): {"lr": 3e-2},
        ("lpt-sr", 4): {"lr": 3e-3, "range": 0.1},
    }
    assert Search(("ptq", 4), s).grids == {}


# Methods


def test_kinds():
    assert kinds_of(("ptq", "fp32", "ptq"), (8, 2, 8), "lr") == [("ptq", 8), ("ptq", 2), ("fp32", 0)]
    assert len(kinds_of(methods_of("fm"), (8, 4, 2), "fm")) == 2 + 3 * 9
    assert len(kinds_of(methods_of("lr"), (8, 4, 2), "lr")) == 2 + 3 * 7
    with pytest.raises(ValueError, match=r"methods must be of .* ptq for model lr, got 'alpt-sr-f'"):
        kinds_of(("alpt-sr-f",), (8,), "lr")
    for names, bits, message in (
        (("fp16",), (8,), "methods must be of fp32, hash, .* ptq for model fm, got 'fp16'"),
        (("fp32",), (1,), r"bits must be an integer in 2\.\.16, got 1"),
        ((), (8,), "methods and bits must not be empty"),
        (("lsq",), (), "methods and bits must not be empty"),
    ):
        with pytest.raises(ValueError, match=message):
            kinds_of(names, bits, "fm")


def test_settings_off_their_range():
    for change in ({"seeds": 0}, {"seeds": 1.0}, {"k": 0}, {"epochs": 0}, {"batch_size": 0}, {"l2": -1.0}):
        (name,) = change
        with pytest.raises(ValueError, match=f"^{name} must be "):
            CompareSettings(**change)


def test_a_cell_is_all_that_its_result_depends_on():
    data = clicks()
    fit = Fit("lpt-sr", 4, (("lr", 0.01), ("range", 1.0)), 0)
    same = Fit("lpt-sr", 4, (("lr", 0.01), ("range", 1.0)), 0)
    base = fit.spec(data, "fm", TINY)
    assert base.id == same.spec(clicks(), "fm", replace(TINY, seeds=9, lrs=(1.0,), margin=0.5, rounds=7)).id
    others = [replace(fit, method="lpt-dr"), replace(fit, bits=2), replace(fit, seed=1), replace(fit, choice=(("lr", 0.01),))]
    specs = [other.spec(data, "fm", TINY) for other in others]
    specs += [fit.spec(data, "fm", replace(TINY, **c)) for c in ({"k": 3}, {"epochs": 3}, {"batch_size": 9}, {"l2": 0.0})]
    specs += [fit.spec(data, "lr", TINY), fit.spec(replace(data, test=data.valid), "fm", TINY)]
    assert len({spec.id for spec in (base, *specs)}) == 1 + len(specs)


# The study


def by_hand(data, name, bits, choice, seed):
    """The fitted estimator, and what it is tested on."""
    given = {
        "lr": choice["lr"],
        "seed": seed,
        "epochs": 2,
        "batch_size": 40,
        "l2": 1e-4,
        "optimizer": "adam",
        "update": "touched",
    }
    if name not in ("fp32", "hash", "ptq"):
        given |= {"bits": bits}
    if name.startswith("lpt"):
        given["delta"] = choice["range"] / {8: 128, 4: 8, 2: 2}[bits]
    elif "step_lr" in choice:
        given["step_lr"] = choice["step_lr"]
    train, valid, test = data.train, data.valid, data.test
    if name == "hash":
        train, valid, test = ((hashed(X, X.shape[1] // 2), y) for X, y in (train, valid, test))
    return FactorizationMachine(2, **given, **WAYS[name]).fit(*train, eval_set=valid), test


def study(data, model, names, bits, out, settings, **more):
    """Measure and publish, what an interrupted run has found, too; the record."""

    def shown(record):
        return publish(compare_report.report(record), out)

    return shown(compare.run(data, model, names, bits, out, settings, on_stop=shown, **more))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The record of a run, and its folder."""
    out = tmp_path_factory.mktemp("compare")
    return study(clicks(), "fm", RUN, BITS, out, TINY, executor=InProcess(2)), out


def read(out):
    return fits("compare", out / "compare.json")


def but_for_speed(record):
    rows = [{name: value for name, value in row.items() if name != "speed"} for row in record["rows"]]
    seconds = {"fits_tuned": record["seconds"]["fits_tuned"]}
    return json.loads(json.dumps(record)) | {"rows": rows, "seconds": seconds}


def test_a_row_for_every_method_and_width(finished):
    record, out = finished
    assert read(out) == json.loads(json.dumps(record, allow_nan=False))
    widths = {name: BITS if name not in ("fp32", "hash") else (0,) for name in RUN}
    assert [(row["method"], row["bits"]) for row in record["rows"]] == [(n, b) for n, bits in widths.items() for b in bits]
    assert record["sizes"] == [N_ROWS, N_ROWS // 6, N_ROWS // 6, clicks().train[0].shape[1]]
    for row in record["rows"]:
        axes = ("lr",) if row["method"] == "ptq" else METHODS[row["method"]].axes
        assert tuple(row["choice"]) == axes
        assert set(row["bytes"]) == set(BYTES)
        assert set(row["speed"]) == set(SPEED)
        assert np.shape(row["by_seed"]) == (2, 4)
        assert all(len(values) == 2 and values == sorted(values) for values in row["speed"].values())
        assert row["speed"]["seconds"][0] > 0
        assert set(row["speed"]["best_epoch"]) <= {1, 2}
    assert [(c["claim"], c["this"], c["that"]) for c in record["claims"]] == [
        (claim, list(this), list(that)) for claim, this, that in pairs(BITS) if {this[0], that[0]} <= set(RUN)
    ]


def test_every_row_is_what_the_estimator_gives_by_hand(finished):
    """All with the same seeds, so with the same first weights and order of the examples."""
    record, _ = finished
    data = clicks()
    full = record["rows"][0]["choice"]
    for row in record["rows"]:
        name, bits, choice = row["method"], row["bits"], row["choice"]
        assert name != "ptq" or choice == full
        for seed in (1, 2):
            model, (X, y) = by_hand(data, name, bits, choice, seed)
            held = model.state_.nbytes
            factors = model.state_.factors.nbytes
            model = compressed(model, bits) if name == "ptq" else model
            z = model.decision_function(X)
            p = expit(z.astype(np.float64))
            figures = [auc(y, z), log_loss(y, z), p.mean() / y.mean(dtype=np.float64), calibration_by_feature(X, p, y)]
            assert row["by_seed"][seed - 1][0] == figures[0]
            assert row["by_seed"][seed - 1] == pytest.approx(figures, rel=1e-9)
        deployed = held if name in ("fp32", "hash") else compressed(model).state_.nbytes
        codes, steps, optimizer, *of_factors, inference = row["bytes"].values()
        assert {"codes": codes, "steps": steps, "optimizer": optimizer} == held
        assert of_factors == [factors["codes"], factors["steps"]]
        assert inference == deployed["codes"] + deployed["steps"]


def test_bytes_by_arithmetic(finished):
    """d features in rows of 1 + 2 weights."""
    record, _ = finished
    d = record["sizes"][3]
    rows = {(row["method"], row["bits"]): row["bytes"] for row in record["rows"]}
    assert rows["fp32", 0]["codes"] == rows["fp32", 0]["inference"] == 12 * d
    assert rows["hash", 0]["codes"] == 12 * (d // 2)
    for b in BITS:
        alone = -(-2 * d * b // 8)
        packed = -(-d * b // 8) + alone
        by_row = 4 + 4 * d
        expected = {
            "lpt-dr": (packed, 8, packed + 8),
            "lpt-sr": (packed, 8, packed + 8),
            "alpt-dr": (packed, by_row, packed + by_row),
            "alpt-sr": (packed, by_row, packed + by_row),
            "lpt-sr-f": (4 * d + alone, 4, 4 * d + alone + 4),
            "alpt-sr-f": (4 * d + alone, 4 * d, 4 * d + alone + 4 * d),
            "lsq": (12 * d, by_row, packed + by_row),
            "pact": (12 * d, 8, packed + 8),
            "ptq": (12 * d, 0, packed + by_row),
        }
        found = {name: tuple(rows[name, b][n] for n in ("codes", "steps", "inference")) for name in RUN[2:]}
        assert found == {name: expected[name] for name in RUN[2:]}
        assert rows["lpt-sr", b]["optimizer"] == rows["fp32", 0]["optimizer"] == 2 * 12 * d + 8


def test_means_intervals_and_differences_are_those_of_the_seeds(finished):
    record, _ = finished
    full = np.array(record["rows"][0]["by_seed"])
    family = 4 * len(record["rows"])
    quantile = student_t.ppf(1 - 0.05 / (2 * family), 1)
    for row in record["rows"]:
        values = np.array(row["by_seed"])
        assert row["family"] == family
        for name, of in (("test", values), ("minus_fp32", values - full)):
            for i, figure in enumerate(FIGURES):
                mean, half = row[name][figure]
                assert mean == pytest.approx(of[:, i].mean(), abs=1e-12)
                assert half == pytest.approx(quantile * np.ptp(of[:, i]) / 2, abs=1e-9)  # two seeds
    assert record["rows"][0]["minus_fp32"]["auc"] == [0.0, 0.0]


def test_the_best_on_validation_is_chosen_and_seed_0_is_fitted_once(finished):
    record, out = finished
    data, store = clicks(), Store(out)
    cells = {path.stem for path in (out / "cells").iterdir()}
    compared, tuned = set(), {}
    for path in (out / "cells").iterdir():
        spec = json.loads(json.loads(str(np.load(path)["meta"]))["spec"])["params"]
        if spec["seed"] == 0 and spec["method"] != "ptq":
            auc = np.load(path)["valid"][0]
            tuned.setdefault((spec["method"], spec["bits"]), []).append((auc, spec["choice"]))
    for row in record["rows"]:
        kind = row["method"], row["bits"]
        compared |= {Fit(*kind, tuple(row["choice"].items()), seed).spec(data, "fm", TINY).id for seed in (1, 2)}
        if row["method"] != "ptq":
            # Two learning rates, then one beyond the best; and one to either side of what was a grid of one value.
            assert len(tuned[kind]) == {1: 3, 2: 5}[len(METHODS[row["method"]].axes)]
            best = max(auc for auc, _ in tuned[kind])
            assert row["choice"] in [choice for auc, choice in tuned[kind] if auc == best]
    assert compared <= cells
    assert record["seconds"]["fits_tuned"] == len(cells) - len(compared)
    assert record["fits"] == len(compared) == 2 * len(record["rows"])
    assert all(
        store.path(Fit("ptq", bits, tuple(record["rows"][0]["choice"].items()), 1).spec(data, "fm", TINY)).exists()
        for bits in BITS
    )


def test_a_second_run_reads_its_cells(finished):
    record, out = finished
    before = [(out / name).read_bytes() for name in ("compare.json", "compare.md")]
    assert study(clicks(), "fm", RUN, BITS, out, TINY, executor=Idle()) == record
    assert [(out / name).read_bytes() for name in ("compare.json", "compare.md")] == before


def test_an_interrupted_run_leaves_its_rows(tmp_path, monkeypatch, capsys):
    """Those whose fits are all there, with the intervals of the whole table; no claim is decided."""
    asked = pretended(monkeypatch, lambda fit: 0.7 + 0.001 * fit.seed)
    names = ("fp32", "lpt-sr", "lpt-dr")
    interrupted = Interrupted(lambda cell: (cell.spec.params["method"], cell.spec.params["seed"]) == ("lpt-dr", 2))
    with open_log(tmp_path / "log"), pytest.raises(KeyboardInterrupt):
        study(clicks(), "fm", names, (4,), tmp_path, TINY, executor=interrupted)
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(line["method"], line["bits"]) for line in told if line["event"] == "row"] == [("fp32", 0), ("lpt-sr", 4)]
    record = read(tmp_path)
    assert (record["complete"], record["asked"], record["stopped"], record["claims"]) == (False, 3, "KeyboardInterrupt", [])
    assert [row["method"] for row in record["rows"]] == ["fp32", "lpt-sr"]
    finding = "Unfinished: 2 of 3 methods and widths are compared; claims are decided when all are."
    assert finding in (tmp_path / "compare.md").read_text()
    assert " ".join(capsys.readouterr().out.split()).endswith(finding)
    with pytest.raises(ValueError, match=r"compare.json has results of other settings"):
        study(clicks(), "fm", names, (4,), tmp_path, replace(TINY, epochs=3))
    whole = study(clicks(), "fm", names, (4,), tmp_path, TINY)
    assert (whole["complete"], len(whole["rows"]), len(whole["claims"])) == (True, 3, 1)
    assert json.loads(json.dumps(whole["rows"][:2])) == record["rows"]
    for path in (tmp_path / "cells").iterdir():
        path.unlink()
    with pytest.raises(KeyboardInterrupt):
        study(clicks(), "fm", names, (4,), tmp_path, TINY, executor=interrupted)
    assert read(tmp_path) == json.loads(json.dumps(whole))
    assert asked


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.jit)])
def test_an_interrupted_run_goes_on_to_the_same_record(finished, tmp_path, threads):
    record, _ = finished
    with pytest.raises(KeyboardInterrupt):
        study(clicks(), "fm", RUN, BITS, tmp_path, TINY, executor=after(11, InProcess(threads)))
    assert {path.name for path in tmp_path.iterdir()} == {"cells", "seconds.jsonl"}
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}
    assert len(before) == 11
    again = study(clicks(), "fm", RUN, BITS, tmp_path, TINY, executor=InProcess(threads))
    assert but_for_speed(again) == but_for_speed(record)
    assert before.items() <= {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}.items()


def test_results_of_something_else_are_not_replaced(finished, tmp_path):
    _, out = finished
    before = (out / "compare.json").read_bytes()
    for arguments, message in (
        ((clicks(), "lr", RUN[:4], BITS, out, TINY), r"compare\.json has results of other model"),
        ((clicks(), "fm", RUN, BITS, out, replace(TINY, l2=0.1)), "other settings"),
        ((replace(clicks(), train=clicks().valid), "fm", RUN, BITS, out, TINY), "other fingerprint"),
        ((clicks(), "fm", RUN[1:], BITS, out, TINY), "has a row, fp32 at 32 bits, that would be lost: ask for it, too"),
    ):
        with pytest.raises(ValueError, match=message):
            study(*arguments)
    assert (out / "compare.json").read_bytes() == before
    (tmp_path / "compare.json").write_text("[]")
    with pytest.raises(ValueError, match="is not what this writes"):
        study(clicks(), "fm", RUN, BITS, tmp_path, TINY)


def tables(text):
    """Rows of cells by title."""
    found = {}
    for block in text.split("### ")[1:]:
        lines = block.splitlines()
        found[lines[0]] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return found


def labels(record):
    return [[row["method"], str(row["bits"] or 32)] for row in record["rows"]]


def test_every_table_is_written_and_printed(finished, capsys):
    record, out = finished
    written = tables((out / "compare.md").read_text())
    tuning = [title for title in written if title.startswith("Tuning")]
    axes = [axis for axis in compare_report.AXES if any(axis in row["choice"] for row in record["rows"])]
    assert tuple(written) == (*TITLES[:3], *tuning, TITLES[3])
    assert tuning == [f"Tuning, by {compare_report.AXES[axis]}" for axis in axes]
    for axis, title in zip(axes, tuning, strict=True):
        columns = dict(zip(written[title][0], range(20), strict=False))
        tuned = {
            (row["method"], str(row["bits"] or 32)): row for row in record["rows"] if row["tried"] and axis in row["choice"]
        }
        assert [(method, bits) for method, bits, *_ in written[title][2:]] == list(tuned)
        for method, bits, *cells in written[title][2:]:
            row, shown = tuned[method, bits], [float(cell) for cell in cells if cell != "-"]
            assert max(shown) == pytest.approx(max(auc for *_, auc in row["tried"]), abs=1e-4)
            at = columns[number(row["choice"][axis], 1)]
            assert float([method, bits, *cells][at]) == max(shown)  # what was picked
    assert [line[:2] for line in written[TITLES[0]][2:]] == labels(record)
    assert [line[:2] for line in written[TITLES[1]][2:]] == labels(record)[1:]
    assert [line[:2] for line in written[TITLES[2]][2:]] == labels(record)
    assert [line[0] for line in written[TITLES[3]][2:]] == [claim["claim"] for claim in record["claims"]]
    for lines in written.values():
        assert len({len(line) for line in lines}) == 1
    first = dict(zip(written[TITLES[0]][0], written[TITLES[0]][2], strict=True))
    assert first["AUC"].startswith(f"{record['rows'][0]['test']['auc'][0]:.4f}±")
    assert first["tuned"].startswith("lr 0.0")
    memory = dict(zip(written[TITLES[2]][0], written[TITLES[2]][3], strict=True))
    assert memory["method"] == "hash"
    assert memory["factors"] == f"1/{record['sizes'][3] / (record['sizes'][3] // 2):.3g}"
    sizes = record["rows"][1]["bytes"]
    assert (memory["weights"], memory["optimizer"]) == (f"{sizes['codes'] + sizes['steps']:,}", f"{sizes['optimizer']:,}")
    compare_report.report(record).show(Console(width=WIDTH))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= WIDTH
    assert "…" not in printed
    assert all(title in printed for title in TITLES)


# The study, with figures in the place of fits


def pretended(monkeypatch, figure, factors=11e6):
    """``figure`` (fit) -> test AUC stands in for every fit; returns the list of those asked for."""
    asked = []

    def measure(data, model, fit, settings, device):
        asked.append(fit)
        figures = np.array([figure(fit), 0.4, 1.01, 0.05])
        size = np.array([12_345_678 // (32 // (fit.bits or 32)), 500_000, 24_691_356, factors, 450_000, 1e6])
        return {"valid": figures, "test": figures, "bytes": size, "speed": np.array([60.0, 345_678.0, 9.0])} | {
            "deltas": np.full((2, 3), np.nan if fit.bits == 0 else 1.2e-5),
            "dead": np.array([0, 3 if fit.method == "lsq" else 0]),
        }

    monkeypatch.setattr(methods, "_measure", measure)
    return asked


def test_the_whole_comparison_fits_a_terminal(tmp_path, monkeypatch, capsys):
    """Five seeds, three widths: 29 rows, nine claims, of which each verdict comes up."""
    level = {"lpt-dr": 0.70, "lpt-sr": 0.72, "alpt-sr": 0.71, "lpt-sr-f": 0.71, "alpt-sr-f": 0.72, "fp32": 0.7102}

    def figure(fit):
        noise = 1e-4 * math.sin(7 * fit.seed + list(METHODS).index(fit.method) + fit.bits)
        return level.get(fit.method, 0.69) + noise * (300 if (fit.method, fit.bits) == ("alpt-sr", 2) else 1)

    asked = pretended(monkeypatch, figure)
    record = study(clicks(), "fm", tuple(METHODS), (8, 4, 2), tmp_path, CompareSettings(), seen=True)
    verdicts = [(claim["claim"], claim["this"][1], claim["verdict"]) for claim in record["claims"]]
    assert verdicts == [
        ("C2", 8, "holds"),
        ("C2", 4, "holds"),
        ("C2", 2, "holds"),
        ("C3", 4, "fails"),
        ("C3", 2, "undecided"),
        ("C4", 8, "holds"),
        ("C3", 4, "holds"),
        ("C3", 2, "holds"),
        ("C4", 8, "fails"),
    ]
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= WIDTH
    assert "had been seen before" in " ".join(printed.split())
    assert [line.split()[-1] for line in printed.splitlines() if line.lstrip().startswith(("C2 ", "C3 ", "C4 "))] == [
        verdict for *_, verdict in verdicts
    ]
    assert {fit.seed for fit in asked} == set(range(6))
    assert_fits(compare_report.report(record).sheets)
    assert record["rows"][-1]["test"]["auc"][0] == pytest.approx(0.69, abs=1e-3)


def test_without_full_precision_there_are_no_differences(tmp_path, monkeypatch):
    best = 3e-2
    asked = pretended(monkeypatch, lambda fit: 0.7 - abs(math.log(dict(fit.choice)["lr"] / best)) / 100)
    record = study(clicks(), "lr", ("lpt-sr", "ptq"), (4,), tmp_path, TINY)
    assert [row["minus_fp32"] for row in record["rows"]] == [None, None]
    assert [row["choice"]["lr"] for row in record["rows"]] == [best, best]
    assert {fit.choice for fit in asked if fit.method == "ptq"} == {(("lr", best),)}
    assert {fit.method for fit in asked} == {"lpt-sr", "ptq", "fp32"}
    assert {fit.seed for fit in asked if fit.method == "fp32"} == {0}  # tuned for ptq's sake only
    assert record["claims"] == []
    written = tables((tmp_path / "compare.md").read_text())
    tuning = [f"Tuning, by {compare_report.AXES[axis]}" for axis in ("lr", "range")]
    assert list(written) == ["LR on synthetic", TITLES[2], *tuning]  # no claims, either
    assert [len(lines) - 2 for lines in written.values()] == [2, 2, 1, 1]
    assert {dict(zip(written[TITLES[2]][0], line, strict=True))["factors"] for line in written[TITLES[2]][2:]} == {"-"}


def test_logistic_regression_saves_no_factors(tmp_path, monkeypatch):
    pretended(monkeypatch, lambda fit: 0.7, factors=0)
    study(clicks(), "lr", ("fp32", "lpt-sr"), (4,), tmp_path, TINY)
    written = tables((tmp_path / "compare.md").read_text())
    assert [dict(zip(written[TITLES[2]][0], line, strict=True))["factors"] for line in written[TITLES[2]][2:]] == ["-", "-"]


def test_one_seed_has_no_intervals_and_decides_nothing(tmp_path, monkeypatch):
    pretended(monkeypatch, lambda fit: 0.7 + 0.01 * (fit.method == "lpt-sr"))
    record = study(clicks(), "fm", ("fp32", "lpt-sr", "lpt-dr"), (2,), tmp_path, replace(TINY, seeds=1))
    assert [row["test"]["auc"] for row in record["rows"]] == [[0.7, None], [0.71, None], [0.7, None]]
    (claim,) = record["claims"]
    assert (claim["p"], claim["half"], claim["verdict"]) == (1.0, None, "undecided")
    assert read(tmp_path) == json.loads(json.dumps(record, allow_nan=False))


def test_a_fit_that_diverged_is_a_dash(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(FactorizationMachine, "fit", lambda *args, **kwargs: (_ for _ in ()).throw(TrainingDivergedError))
    record = study(clicks(), "fm", ("fp32", "lpt-sr", "lpt-dr"), (2,), tmp_path, TINY)
    assert read(tmp_path) == json.loads(json.dumps(record, allow_nan=False))
    assert record["rows"][1]["test"] == record["rows"][1]["minus_fp32"] == {name: [None, None] for name in FIGURES}
    assert record["rows"][0]["choice"] == {"lr": 1e-2}  # the first tried
    assert record["claims"][0]["verdict"] == "undecided"
    written = tables((tmp_path / "compare.md").read_text())
    assert written[TITLES[0]][3][2:6] == ["-"] * 4
    assert written[TITLES[1]][2][2:] == ["-"] * 4


def test_a_model_that_is_none(tmp_path):
    with pytest.raises(ValueError, match="model must be lr or fm, got 'svm'"):
        study(clicks(), "svm", ("fp32",), (8,), tmp_path, TINY)
    assert list(tmp_path.iterdir()) == []


# Data


def rows_of(*parts):
    """How often each row comes, as (label, features)."""
    found = Counter()
    for X, y in parts:
        found.update((float(label), *np.flatnonzero(row)) for label, row in zip(y, X.toarray(), strict=True))
    return found


@pytest.mark.parametrize("form", ["libfm", "csv"])
def test_one_file_is_split_in_eight_one_one(form, tmp_path):
    path = write_data(tmp_path / f"clicks.small.{form}", form)  # 60 rows
    data = click_data.from_whole(path, form)
    whole = fit_read(path, Source(form))[0]
    parts = (data.train, data.valid, data.test)
    assert data.name == "clicks"
    assert [y.size for _, y in parts] == [48, 6, 6]
    assert {X.shape[1] for X, _ in parts} == {whole.X.shape[1]}
    assert rows_of(*parts) == rows_of((whole.X, whole.y))
    for (X, y), part in zip(parts, split(whole, 0), strict=True):
        np.testing.assert_array_equal(X.toarray(), part.X.toarray())
        np.testing.assert_array_equal(y, part.y)
    assert click_data.from_whole(path, form, seed=1).fingerprint != data.fingerprint
    assert click_data.load(path, None, None, form).fingerprint == data.fingerprint


def test_other_files_are_read_as_the_training_file_taught(tmp_path):
    """Columns are those of training, whatever the order in which another file brings values; new values have none."""
    texts = {"train": "1,a,x\n0,b,x\n0,b,y\n", "valid": "0,b,y\n1,c,x\n", "test": "1,d,e\n0,a,y\n"}
    paths = []
    for name, text in texts.items():
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text(f"label,site,app\n{text}")
    data = click_data.from_files(tuple(paths), "csv")
    X = data.train[0].toarray()
    columns = (X[0] > X[1], X[1] > X[0], X[1] > X[2], X[2] > X[1])  # what tells a from b, x from y
    assert [column.sum() for column in columns] == [1] * 4
    a, b, x, y = known = [column.argmax() for column in columns]
    assert {X.shape[1] for X, _ in (data.train, data.valid, data.test)} == {X.shape[1]}
    valid, test = (
        [sorted(set(np.flatnonzero(row)) & set(known)) for row in part[0].toarray()] for part in (data.valid, data.test)
    )
    assert valid == [sorted([b, y]), [x]]
    assert test == [[], sorted([a, y])]
    assert data.test[1].tolist() == [1, 0]


def test_load(tmp_path):
    quick = click_data.load(None, None, None, None, quick=True)
    assert [y.size for _, y in (quick.train, quick.valid, quick.test)] == [1200, 200, 200]
    paths = [write_data(tmp_path / f"{name}.libfm", seed=seed) for seed, name in enumerate(("train", "valid", "test"))]
    three = click_data.load(*paths, "libfm")
    assert three.fingerprint == click_data.from_files(tuple(paths)).fingerprint
    assert [y.size for _, y in (three.train, three.valid, three.test)] == [60, 60, 60]
    one, few = tmp_path / "one.csv", tmp_path / "few.libfm"
    one.write_text("label,site\n" + "1,a\n" * 20)
    few.write_text("0 1:1\n0 2:1\n")
    for arguments, message in (
        ((None, paths[1], None, None), "--valid needs --data"),
        ((None, None, paths[1], None), "--test needs --data"),
        ((None, None, None, "csv"), "--format needs --data"),
        ((paths[0], None, None, None), "--data needs --format"),
        ((paths[0], None, None, "xml"), "--format must be one of libsvm, .*, movielens, got 'xml'"),
        ((one, None, None, "csv"), "one: the training data, 16 rows, have one class alone, and AUC compares two"),
        ((paths[0], paths[1], few, "libfm"), "the test data, 2 rows, have one class alone"),
        ((paths[0], paths[1], None, "libfm"), "--valid and --test go together"),
        ((paths[0], None, paths[1], "libfm"), "--valid and --test go together"),
        ((*paths, "movielens"), "--valid and --test do not apply to --format movielens"),
    ):
        with pytest.raises(ValueError, match=message):
            click_data.load(*arguments)
    with pytest.raises(DataError, match="none: cannot be read"):
        click_data.load(tmp_path / "none", None, None, "libfm")


# What a fit is measured by


@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 5))
def test_calibration_by_feature_against_a_naive_loop(seed, n, d):
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.5)
    X = sp.csr_array(dense)
    p, y = rng.random(n), (rng.random(n) < 0.5).astype(float)
    clicks_of = [sum(y[i] for i in range(n) if dense[i, j]) for j in range(d)]
    off = [abs(sum(p[i] for i in range(n) if dense[i, j]) - clicks_of[j]) for j in range(d)]
    expected = sum(off) / sum(clicks_of) if sum(clicks_of) else None
    assert calibration_by_feature(X, p, y) == (None if expected is None else pytest.approx(expected, rel=1e-12))
    assert calibration_by_feature(X, y, y) == (None if expected is None else 0.0)
    stored_zeros = X.copy()
    stored_zeros.data[::2] = 0.0
    without = stored_zeros.copy()
    without.eliminate_zeros()
    assert calibration_by_feature(stored_zeros, p, y) == calibration_by_feature(without, p, y)


def test_an_intercept_cannot_repair_calibration_by_feature():
    X = sp.csr_array(np.eye(2))
    assert calibration_by_feature(X, np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 1.0


def test_probabilities_at_any_logit():
    z = np.array([0.0, 1.0, -1.0, 30.0, -30.0, 700.0, -700.0, 1e4, -1e4, 1e300, -1e300])
    with np.errstate(over="raise", invalid="raise"):
        p = probabilities(z)
    np.testing.assert_allclose(p, expit(z), rtol=1e-12, atol=0)
    assert p.dtype == np.float64
    assert (p[0], p[7], p[8]) == (0.5, 1.0, 0.0)
    assert 0 < p[6] < 1e-300
    np.testing.assert_allclose(p + probabilities(-z), 1.0, rtol=1e-15)
    assert probabilities(np.float32([88.0, -88.0]))[1] == pytest.approx(math.exp(-88), rel=1e-12)
