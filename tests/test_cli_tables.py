"""Commands on Parquet files: the models and the figures of the same table as CSV, and one container after another."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from alpt_ref.data import FeatureMap, Source, fit_read
from alpt_ref.models import load_model
from alpt_ref.studies import click_data
from tests.cli_support import assert_same_arrays, error_of, rows, run

pl = pytest.importorskip("polars")
pytest.importorskip("pyarrow")

pytestmark = pytest.mark.glue

FORMS = ("csv", "parquet")
TRAIN = ("--model", "lr", "--epochs", 2, "--batch-size", 16)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A folder with train, later.csv and the same as Parquet; the column price is one of floats."""
    for seed, name in enumerate(("train", "later")):
        labels, values = rows(n=100, seed=seed)
        site, app, price = zip(*values, strict=True)
        frame = pl.DataFrame({"label": labels, "site": [f"s{v}" for v in site], "app": app, "price": [v + 2.5 for v in price]})
        frame = frame.with_columns(pl.col("site").replace("s1", None).cast(pl.Categorical))
        frame.write_csv(tmp_path / f"{name}.csv")
        frame.write_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def trained(folder: Path, form: str, *more: object) -> Path:
    """The model of the training table, and what metrics.json says in data."""
    numeric = ("--numeric", "price") if form == "csv" else ()
    train = ("train", "--train", folder / f"train.{form}", "--format", form, *numeric, *TRAIN)
    assert run(*train, *more, "--out", folder / form) == 0
    return folder / form / "model.npz"


def test_models_are_those_of_the_csv(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv, parquet = (trained(tables, form) for form in FORMS)
    assert_same_arrays(csv, parquet)
    maps = [FeatureMap.from_arrays(load_model(path)[1]) for path in (csv, parquet)]
    assert maps[0] == maps[1]
    said = [json.loads((path.parent / "metrics.json").read_text()) for path in (csv, parquet)]
    assert [content["data"]["source"]["format"] for content in said] == list(FORMS)
    assert [content["data"]["source"]["numeric"] for content in said] == [["price"]] * 2
    assert [content["data"]["split"] for content in said] == [[8, 1, 1]] * 2
    assert said[0]["test"] == said[1]["test"]
    assert "note" not in capsys.readouterr().err


def test_a_model_reads_either_container(
    tables: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which it is, is told by its first bytes; in training, too, for the files that come after the first."""
    figures, predictions = [], []
    for model in [trained(tables, form, "--valid", tables / "later.csv", "--test", tables / "later.parquet") for form in FORMS]:
        for form in FORMS:
            capsys.readouterr()
            evaluate = ("evaluate", "--model", model, "--data", tables / f"later.{form}", "--json", tables / "out.json")
            assert run(*evaluate) == 0
            said = json.loads((tables / "out.json").read_text())
            figures.append({name: value for name, value in said.items() if name not in ("model", "data")})
            capsys.readouterr()
            assert run("predict", "--model", model, "--data", tables / f"later.{form}") == 0
            predictions.append(capsys.readouterr().out)
            with (tables / f"later.{form}").open() as file:
                monkeypatch.setattr(sys, "stdin", file)
                assert run("predict", "--model", model, "--data", "-", "--no-labels") == 0
            predictions.append(capsys.readouterr().out)
    assert all(said == figures[0] for said in figures)
    assert figures[0]["rows"] == 100
    assert all(said == predictions[0] for said in predictions)
    assert np.array(predictions[0].split(), float).shape == (100,)


def test_compare_reads_the_same_data(tables: Path) -> None:
    csv = click_data.load(tables / "train.csv", None, None, Source("csv", numeric=("price",)))
    frame = pl.read_parquet(tables / "train.parquet")
    for data in (click_data.load(tables / "train.parquet", None, None, "parquet"), click_data.from_whole(frame, "csv")):
        assert data.fingerprint == csv.fingerprint
    later = (frame, pl.read_parquet(tables / "later.parquet"), tables / "later.csv")
    assert click_data.from_files(later, "csv").test[1].size == 100
    assert click_data.from_whole(frame, "csv").name == "frame"


def test_without_pyarrow(tables: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained(tables, "csv")
    capsys.readouterr()
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    data = tables / "train.parquet"
    said = f"{data}: a Parquet file needs pyarrow: pip install 'alpt-ref[parquet]'"
    assert error_of(capsys, "train", "--train", data, "--format", "parquet", "--out", tables / "run") == said
    assert error_of(capsys, "predict", "--model", model, "--data", data) == said
    assert error_of(capsys, "compare", "--data", data, "--format", "parquet", "--out", tables / "run") == said
    assert not (tables / "run").exists()


def test_a_false_format(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ("train", "--out", tables / "run", "--train")
    said = error_of(capsys, *train, tables / "train.parquet", "--format", "csv")
    assert said == f"{tables}/train.parquet: is a Parquet file: give format 'parquet', not 'csv'"
    said = error_of(capsys, *train, tables / "train.csv", "--format", "parquet")
    assert said == f"{tables}/train.csv: is no Parquet file: give the format it has, not 'parquet'"
    said = error_of(capsys, *train, tables / "train.parquet", "--format", "parquet", "--label-column", "clicked")
    assert said == f"{tables}/train.parquet: has no label column 'clicked'"


def test_bad_rows_of_a_parquet_file(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.read_parquet(tables / "train.parquet")
    frame.with_columns(label=pl.when(pl.int_range(pl.len()) == 7).then(2).otherwise("label")).write_parquet(
        tables / "bad.parquet"
    )
    train = ("train", "--train", tables / "bad.parquet", "--format", "parquet", *TRAIN, "--out", tables / "run")
    place = "column 'label', row 7 (from 0)"
    assert error_of(capsys, *train) == f"{tables}/bad.parquet: {place}: expected a label 0, 1 or -1, got '2'"
    assert run(*train, "--on-bad-line", "skip") == 0
    assert "lines skipped train 1, valid 0, test 0\n" in capsys.readouterr().out


def test_models_hold_no_container(tables: Path) -> None:
    """Those of earlier versions say csv, and read Parquet files all the same."""
    _, arrays = load_model(trained(tables, "parquet"))
    assert json.loads(str(arrays["source"]))["format"] == "csv"
    assert fit_read(tables / "train.parquet", Source("parquet"))[1] == FeatureMap.from_arrays(arrays)
