"""alpt-ref train: what it reads, prints and writes."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from alpt_ref.cli import splits
from alpt_ref.cli.report import FIGURES, progress
from alpt_ref.data import FeatureMap, Source, fit_read
from alpt_ref.metrics import evaluate
from alpt_ref.models import FactorizationMachine, LogisticRegression, load_model
from alpt_ref.studies import click_data
from tests.cli_support import LEARNED, N_ROWS, SIZES, assert_same_arrays, error_of, run, train_arguments, write_data
from tests.records import fits

pytestmark = pytest.mark.glue


def metrics_of(folder: Path) -> dict:
    return fits("metrics", folder / "run" / "metrics.json")


def test_absent_parts_are_null(tmp_path):
    """A run with all splits and learned step sizes has every part, one without has nulls: both fit the schema."""
    assert run(*train_arguments(tmp_path, "--epochs", 2, "--precision", "lsq")) == 0
    assert None not in (metrics_of(tmp_path)["learned_delta"], metrics_of(tmp_path)["test"])
    assert (
        run(
            "train",
            "--train",
            tmp_path / "train.libfm",
            "--format",
            "libfm",
            "--no-split",
            "--out",
            tmp_path / "run",
            "--force",
        )
        == 0
    )
    bare = metrics_of(tmp_path)
    assert bare["data"]["split"] is None
    assert bare["learned_delta"] is bare["valid"] is bare["test"] is bare["data"]["valid"] is bare["epochs"][0]["valid"] is None
    assert bare["best_epoch"] == len(bare["epochs"]) == 10


def test_metrics(tmp_path, capsys):
    assert run(*train_arguments(tmp_path, "--epochs", 3, "--l2", "1e-3")) == 0
    content = metrics_of(tmp_path)
    counts = {"rows": N_ROWS, "features": sum(SIZES), "n_skipped": 0, "n_unseen": 0}
    for name in ("train", "valid", "test"):
        part = content["data"][name]
        assert part["file"] == str(tmp_path / f"{name}.libfm")
        assert 0 < part["positives"] < N_ROWS
        assert {key: part[key] for key in counts} == counts
    assert content["schema"] == 4
    assert content["model"] == "FactorizationMachine"
    assert content["config"]["delta"] is content["config"]["step"] is content["learned_delta"] is None
    assert content["data"]["source"]["format"] == "libfm"
    assert [list(epoch) for epoch in content["epochs"]] == [["epoch", "seconds", "valid"]] * 3
    assert content["valid"] == content["epochs"][content["best_epoch"] - 1]["valid"]
    assert all(0 < content[name][figure] < math.inf for name in ("valid", "test") for figure in FIGURES)
    assert content["bytes"] == {"codes": 4 * sum(SIZES) * 9, "steps": 0, "optimizer": 0}
    steady = sorted(epoch["seconds"] for epoch in content["epochs"][1:])
    assert content["samples_per_s"] == pytest.approx(sum(N_ROWS / seconds for seconds in steady) / 2)
    captured = capsys.readouterr()
    assert captured.err.count("epoch ") == 3
    assert re.search(rf"auc +{content['valid']['auc']:.6f} +{content['test']['auc']:.6f}", captured.out)
    assert "lines skipped" not in captured.out
    assert "step sizes" not in captured.out


@pytest.mark.parametrize("form", ["libsvm", "libfm", "libffm", "criteo", "avazu", "csv"])
def test_formats_from_file_to_prediction(tmp_path, capsys, form):
    """The saved model reads the format it was trained on, and gives the figures measured after training."""
    assert run(*train_arguments(tmp_path, "--model", "lr", "--epochs", 1, form=form)) == 0
    test, model = tmp_path / f"test.{form}", tmp_path / "run" / "model.npz"
    assert run("evaluate", "--model", model, "--data", test, "--json", tmp_path / "test.json") == 0
    figures = json.loads((tmp_path / "test.json").read_text())
    assert {name: figures[name] for name in FIGURES} == metrics_of(tmp_path)["test"]
    assert figures["rows"] == N_ROWS
    capsys.readouterr()
    assert run("predict", "--model", model, "--data", test) == 0
    probabilities = np.array(capsys.readouterr().out.split(), float)
    assert probabilities.mean() == pytest.approx(figures["calibration"] * figures["positives"] / N_ROWS)


def test_generated_data(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(splits, "GENERATED_ROWS", 100)
    assert run("train", "--out", tmp_path / "run", "--epochs", 1, "--patience", 1, "--model", "lr") == 0
    assert "no --train: generated clicks" in capsys.readouterr().err
    content = metrics_of(tmp_path)
    assert content["data"]["source"] is content["data"]["train"]["file"] is None
    assert [content["data"][name]["rows"] for name in ("train", "valid", "test")] == [80, 10, 10]


def test_one_file_is_split_as_compare_splits_it(tmp_path, capsys):
    """The same rows, whatever the seed; the best epoch is picked on validation, and both AUCs are printed."""
    data = write_data(tmp_path / "clicks.csv", "csv", 3)
    data.write_text(data.read_text() + "0,1\n")
    arguments = ("train", "--train", data, "--format", "csv", "--on-bad-line", "skip", "--model", "lr", "--epochs", 3)
    assert run(*arguments, "--patience", 2, "--seed", 5, "--out", tmp_path / "run") == 0
    captured = capsys.readouterr()
    assert f"--train alone: {data} is split 8:1:1 at random into train, valid and test\n" in captured.err
    content = metrics_of(tmp_path)
    assert re.search(rf"auc +{content['valid']['auc']:.6f} +{content['test']['auc']:.6f}", captured.out)
    assert content["data"]["split"] == [8, 1, 1]
    whole, feature_map = fit_read(data, Source("csv", on_bad_line="skip"))
    compared = click_data.load(data, None, None, Source("csv", on_bad_line="skip"))
    for name, n_skipped in (("train", 1), ("valid", 0), ("test", 0)):
        y = getattr(compared, name)[1]
        assert content["data"][name] == {
            "file": str(data), "rows": y.size, "positives": y.sum(), "features": whole.X.shape[1], "n_skipped": n_skipped,
            "n_unseen": 0,
        }  # fmt: skip
    model, arrays = load_model(tmp_path / "run" / "model.npz")
    assert FeatureMap.from_arrays(arrays) == feature_map
    assert evaluate(compared.test[1], model.decision_function(compared.test[0])) == content["test"]
    alike = LogisticRegression(epochs=3, patience=2, seed=5).fit(*compared.train, eval_set=compared.valid)
    np.testing.assert_array_equal(alike.decision_function(whole.X), model.decision_function(whole.X))


@pytest.mark.parametrize(("rows", "part"), [(9, "validation data, 1 rows,"), (60, "training data, 48 rows,")])
def test_a_file_too_small_to_split(tmp_path, capsys, rows, part):
    data = tmp_path / "few.libfm"
    data.write_text("".join(f"{i % 2 if rows < 10 else 1} 0:1\n" for i in range(rows)))
    arguments = ("train", "--train", data, "--format", "libfm", "--out", tmp_path / "run")
    said = "have one class alone, and AUC compares two: give --valid or --test, or --no-split to train on all rows"
    assert error_of(capsys, *arguments) == f"{data}: the {part} {said}"
    assert not (tmp_path / "run").exists()


def test_every_option_reaches_the_model(tmp_path):
    options = {
        "k": 2, "init_std": 0.02, "precision": "alpt", "bits": 4, "quantize": "all", "rounding": "nearest", "random_bits": 16,
        "step_lr": 0.001, "step_optimizer": "sgd", "step_scale": "1/sqrt(dq)", "step_l2": 0.01,
        "step_init": "1/sqrt(q+1)", "step_offset": 0.0625, "ends": "inside", "momentum": 0.8,
        "optimizer": "momentum", "lr": 0.02, "schedule": "sqrt", "update": "touched", "l2": 0.001, "batch_size": 30,
        "epochs": 3, "patience": 1, "seed": 7,
    }  # fmt: skip
    pairs = ("--delta", "0.5,0.25", "--step", "row,table")
    given = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    assert run(*train_arguments(tmp_path, *given, "--threads", 2, "--no-intercept", "--no-linear", *pairs)) == 0
    config = metrics_of(tmp_path)["config"]
    rest = {
        "n_threads": 2,
        "fit_intercept": False,
        "fit_linear": False,
        "delta": [0.25],
        "step": ["row", "table"],
        "device": "cpu",
        "l1": 0.0,
        "beta": 1.0,
    }
    assert config == {**options, **rest}
    model, _ = load_model(tmp_path / "run" / "model.npz")
    assert isinstance(model, FactorizationMachine)
    assert model.state_.bias == 0
    assert metrics_of(tmp_path)["bytes"] == {"codes": 13, "steps": 4, "optimizer": 4 * (26 + 1)}


def test_options_of_ftrl_reach_the_model(tmp_path):
    options = ("--optimizer", "ftrl", "--l1", 0.5, "--beta", 2, "--l2", 0.25, "--lr", 0.125)
    assert run(*train_arguments(tmp_path, *options)) == 0
    config = metrics_of(tmp_path)["config"]
    assert [config[name] for name in ("optimizer", "l1", "beta", "l2", "lr")] == ["ftrl", 0.5, 2.0, 0.25, 0.125]


@pytest.mark.parametrize(("precision", "model"), [*((name, "fm") for name in LEARNED), ("lsq", "lr")])
def test_learned_step_sizes(tmp_path, capsys, precision, model):
    """Told as those of the weights that are kept, in metrics.json and in the table."""
    options = ("--precision", precision, "--bits", 4, "--optimizer", "adam", "--step-lr", "1e-3", "--epochs", 2)
    assert run(*train_arguments(tmp_path, "--model", model, *options)) == 0
    content, state = metrics_of(tmp_path), load_model(tmp_path / "run" / "model.npz")[0].state_
    assert content["config"]["delta"] is content["config"]["step"] is None
    learned = content["learned_delta"]
    linear, factors = float(state.linear.delta), state.factors.delta
    assert learned["linear"] == [linear] * 3 != [np.float32(1e-3 / 7)] * 3
    line = f"step sizes    linear {linear:.3g}"
    if model == "lr":
        assert learned["factors"] is None
    else:
        assert learned["factors"] == [factors.min(), np.median(factors), factors.max()]
        line += f", factors {factors.min():.3g}"
    if factors.ndim and model == "fm":
        assert factors.min() < np.median(factors) < factors.max()
        line += f" to {factors.max():.3g} (median {np.median(factors):.3g})"
    assert f"{line}\n" in capsys.readouterr().out


def test_logistic_regression_on_one_grid(tmp_path):
    assert run(*train_arguments(tmp_path, "--model", "lr", "--precision", "lpt", "--delta", "0.125")) == 0
    model, _ = load_model(tmp_path / "run" / "model.npz")
    assert isinstance(model, LogisticRegression)
    assert metrics_of(tmp_path)["config"]["delta"] == [0.125, 0.125]


def test_every_data_option_reaches_the_reader(tmp_path):
    lines = ["clicked,age,site", "yes,3,a", "no,30,b", "yes,31,a", "no,4", "yes,5,c"]
    (tmp_path / "train.csv").write_text("\n".join(lines))
    options = ("--label-column", "clicked", "--numeric", "age", "--positive-label", "yes", "--min-count", 2)
    arguments = (
        "train",
        "--train",
        tmp_path / "train.csv",
        "--format",
        "csv",
        "--epochs",
        1,
        "--out",
        tmp_path / "run",
    )
    assert run(*arguments, *options, "--on-bad-line", "skip", "--no-split") == 0
    content = metrics_of(tmp_path)
    assert content["data"]["source"] == {
        "format": "csv", "index_base": None, "n_features": None, "hash_bins": None, "min_count": 2,
        "label_column": "clicked", "numeric": ["age"], "indices": None, "positive_label": "yes", "on_bad_line": "skip",
    }  # fmt: skip
    assert content["data"]["train"] == {
        "file": str(tmp_path / "train.csv"), "rows": 4, "positives": 3, "features": 4,
        "n_skipped": 1, "n_unseen": 4,
    }  # fmt: skip


def test_hashing_and_index_options(tmp_path):
    assert run(*train_arguments(tmp_path, "--hash-bins", 16, "--epochs", 1, form="csv")) == 0
    assert metrics_of(tmp_path)["data"]["test"]["features"] == 16
    options = ("--index-base", 0, "--n-features", 50, "--epochs", 1, "--force")
    assert run(*train_arguments(tmp_path, *options, form="libfm")) == 0
    assert metrics_of(tmp_path)["data"]["train"]["features"] == 50


def test_skipped_lines_and_unseen_values_are_counted_at_the_end(tmp_path, capsys):
    arguments = train_arguments(tmp_path, "--on-bad-line", "skip", "--epochs", 1)
    (tmp_path / "test.libfm").write_text("1 0:1\nclick 0:1\n0 99:1 1:1\n")
    assert run(*arguments) == 0
    out = capsys.readouterr().out
    assert "lines skipped train 0, valid 0, test 1\n" in out
    assert "rare, unseen  train 0, valid 0, test 1\n" in out


def test_one_class(tmp_path, capsys):
    """AUC needs both classes, calibration a click."""
    arguments = train_arguments(tmp_path, "--epochs", 1)
    (tmp_path / "test.libfm").write_text("0 0:1\n0 1:1\n")
    assert run(*arguments) == 0
    test = metrics_of(tmp_path)["test"]
    assert test["auc"] is test["calibration"] is None
    assert test["logloss"] > 0
    assert re.search(r"auc +0\.\d{6} +undefined", capsys.readouterr().out)


def test_results_do_not_depend_on_threads(tmp_path):
    lpt = ("--precision", "lpt", "--bits", 4, "--epochs", 2)
    for n in (1, 2):
        assert run(*train_arguments(tmp_path, *lpt, "--threads", n, "--force")) == 0
        (tmp_path / "run" / "model.npz").rename(tmp_path / f"model{n}.npz")
    assert_same_arrays(tmp_path / "model1.npz", tmp_path / "model2.npz")


def test_force_begins_anew_and_leaves_no_old_checkpoint(tmp_path, capsys):
    assert run(*train_arguments(tmp_path, "--epochs", 1)) == 0
    assert run(*train_arguments(tmp_path, "--epochs", 2, "--k", 1, "--force")) == 0
    assert [epoch["epoch"] for epoch in metrics_of(tmp_path)["epochs"]] == [1, 2]
    assert metrics_of(tmp_path)["config"]["k"] == 1


def test_divergence(tmp_path, capsys):
    with np.errstate(over="ignore", invalid="ignore"):
        sentence = error_of(capsys, *train_arguments(tmp_path, "--lr", "1e38", "--l2", "1e38"))
    assert sentence == "training diverged in step 2: logits are not finite, lower --lr"
    assert not (tmp_path / "run").exists()


def test_nothing_is_made_where_data_are_bad(tmp_path, capsys):
    arguments = train_arguments(tmp_path)
    write_data(tmp_path / "test.libfm").write_text("1 0:1\n1 0\n")
    expected = f"{tmp_path}/test.libfm:2:3: expected index:value, got '0'"
    assert error_of(capsys, *arguments) == expected
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("record", [{}, {"valid": {"auc": 0.75, "logloss": 0.5, "calibration": None}}])
def test_progress_bar(capsys, monkeypatch, record):
    """On a terminal there is a bar; rich decides by its own means how much of it a captured stream gets."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress(2, terminal=True) as on_epoch:
        on_epoch({"epoch": 2, "seconds": 1.0, **record})
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2/2" in captured.err
    assert ("auc 0.750000" in captured.err) == bool(record)


@pytest.mark.jit
def test_real_data(real_data, tmp_path, capsys):
    """Half a second of Frappe: its test file as training data."""
    file = real_data / "frappe" / "frappe.test.libfm.gz"
    options = ("--model", "lr", "--optimizer", "adam", "--lr", "1e-2", "--l2", "1e-5", "--epochs", 3)
    files = ("--train", file, "--valid", file, "--format", "libfm", "--n-features", 5382)
    assert run("train", *files, *options, "--out", tmp_path / "run") == 0
    content = metrics_of(tmp_path)
    assert content["data"]["train"]["rows"] == 28_860
    assert content["valid"]["auc"] > 0.9
