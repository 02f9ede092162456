"""alpt-ref evaluate and predict."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from alpt_ref.data import Source, fit_read
from alpt_ref.metrics import evaluate
from alpt_ref.models import LogisticRegression, load_model
from alpt_ref.tools.output import ReaderGoneError
from tests.cli_support import LEARNED, N_ROWS, error_of, run, train_arguments

pytestmark = pytest.mark.glue


@pytest.fixture
def trained(tmp_path, capsys):
    """A folder with data files and run/model.npz."""
    assert run(*train_arguments(tmp_path, "--epochs", 1)) == 0
    capsys.readouterr()
    return tmp_path


def evaluate_arguments(folder, *more):
    return ["evaluate", "--model", folder / "run" / "model.npz", "--data", folder / "test.libfm", *more]


def predict_arguments(folder, *more):
    return ["predict", *evaluate_arguments(folder, *more)[1:]]


def test_figures_are_those_of_python(trained, capsys):
    assert run(*evaluate_arguments(trained, "--json", trained / "figures.json")) == 0
    model, _ = load_model(trained / "run" / "model.npz")
    dataset, _ = fit_read(trained / "test.libfm", Source("libfm"))
    expected = evaluate(dataset.y, model.decision_function(dataset.X))
    figures = json.loads((trained / "figures.json").read_text())
    assert figures == {
        "model": str(trained / "run" / "model.npz"),
        "data": str(trained / "test.libfm"),
        "rows": N_ROWS,
        "positives": int(dataset.y.sum()),
        "features": dataset.X.shape[1],
        "n_skipped": 0,
        "n_unseen": 0,
        **expected,
    }
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.split()[1:] == [w for name, x in expected.items() for w in (name, f"{x:.6f}")]


@pytest.mark.parametrize("precision", LEARNED)
def test_models_with_learned_step_sizes(tmp_path, capsys, precision):
    """Read from the file, they predict what they did after training."""
    options = ("--precision", precision, "--bits", 4, "--optimizer", "adam", "--step-lr", "1e-3", "--epochs", 2)
    assert run(*train_arguments(tmp_path, *options)) == 0
    assert run(*evaluate_arguments(tmp_path, "--json", tmp_path / "figures.json")) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    expected = json.loads((tmp_path / "run" / "metrics.json").read_text())["test"]
    assert {name: figures[name] for name in expected} == expected
    capsys.readouterr()
    assert run(*predict_arguments(tmp_path)) == 0
    predictions = np.array(capsys.readouterr().out.split(), float)
    assert predictions.mean() == pytest.approx(figures["calibration"] * figures["positives"] / N_ROWS)


def test_one_class(trained, capsys):
    (trained / "test.libfm").write_text("1 0:1\n1 1:1\n")
    assert run(*evaluate_arguments(trained, "--json", trained / "figures.json")) == 0
    assert "undefined" in capsys.readouterr().out
    assert json.loads((trained / "figures.json").read_text())["auc"] is None


def test_predictions(trained, capsys):
    assert run(*predict_arguments(trained)) == 0
    printed = capsys.readouterr().out
    model, _ = load_model(trained / "run" / "model.npz")
    dataset, _ = fit_read(trained / "test.libfm", Source("libfm"))
    assert printed.splitlines() == [f"{p:.9g}" for p in model.predict_proba(dataset.X)[:, 1]]
    assert run(*predict_arguments(trained, "--out", trained / "new" / "p.txt")) == 0
    assert (trained / "new" / "p.txt").read_text() == printed
    assert capsys.readouterr().out == ""


def test_predictions_without_labels(trained, capsys):
    assert run(*predict_arguments(trained)) == 0
    printed = capsys.readouterr().out
    lines = (trained / "test.libfm").read_text().splitlines()
    (trained / "test.libfm").write_text("\n".join(line.split(" ", 1)[1] for line in lines))
    assert run(*predict_arguments(trained, "--no-labels")) == 0
    assert capsys.readouterr().out == printed
    assert error_of(capsys, *predict_arguments(trained)).startswith(f"{trained}/test.libfm:1:1: expected a label")


def test_bad_lines_and_unseen_values(trained, capsys):
    """A skipped line has no probability: predictions would stand beside other lines, so that they have no such option."""
    (trained / "test.libfm").write_text("1 0:1\n0 0:x\n0 99:1\n")
    for arguments in (evaluate_arguments(trained), predict_arguments(trained)):
        place = f"{trained}/test.libfm:2:5"
        assert error_of(capsys, *arguments) == f"{place}: expected a finite number, got 'x'"
    assert run(*evaluate_arguments(trained), "--on-bad-line", "skip") == 0
    err = capsys.readouterr().err
    assert f"{trained}/test.libfm: 1 malformed lines skipped\n" in err
    assert f"{trained}/test.libfm: 1 values unseen in training\n" in err
    assert "--on-bad-line" in error_of(capsys, *predict_arguments(trained), "--on-bad-line", "skip")


def test_inputs_are_not_overwritten(trained, capsys):
    data, model = trained / "test.libfm", trained / "run" / "model.npz"
    for output in (data, model):
        sentence = f"{output} is read by this command, write elsewhere"
        assert error_of(capsys, *evaluate_arguments(trained, "--json", output)) == sentence
        assert error_of(capsys, *predict_arguments(trained, "--out", output)) == sentence
    assert run(*evaluate_arguments(trained)) == 0


def test_model_without_a_feature_map(tmp_path, capsys):
    """One that was trained in Python does not know how its rows are written."""
    model = LogisticRegression(epochs=1).fit(np.eye(2), [0, 1])
    model.save(tmp_path / "model.npz")
    sentence = error_of(capsys, "evaluate", "--model", tmp_path / "model.npz", "--data", "clicks")
    assert sentence == f"{tmp_path}/model.npz: was saved without a feature map, so it cannot read clicks"


def test_a_reader_that_stops_early(trained):
    """As head does; written to a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "alpt_ref", *map(str, predict_arguments(trained))]
    with os.fdopen(writing, "wb") as pipe:
        ended = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ReaderGoneError(), 141, ""),
        (OSError(28, "No space left on device"), 2, "alpt-ref: error: No space left on device\n"),
        (PermissionError(13, "Permission denied", "p.txt"), 2, "alpt-ref: error: p.txt: Permission denied\n"),
        (MemoryError("1 TiB for a table"), 2, "alpt-ref: error: not enough memory: 1 TiB for a table\n"),
    ],
)
def test_errors_of_the_system(capfd, monkeypatch, error, code, said):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("alpt_ref.cli.predict.load", fail)
    assert run("predict", "--model", "m", "--data", "d") == code
    assert capfd.readouterr().err == said
