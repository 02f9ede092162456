"""alpt-ref compare: a small run, what it hands to the study, what its help says of the defaults."""

import inspect
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from alpt_ref.cli import compare as command
from alpt_ref.studies import click_data
from alpt_ref.studies.click_data import FORMATS
from alpt_ref.studies.comparison.methods import METHODS, CompareSettings
from alpt_ref.studies.comparison.run import QUICK
from alpt_ref.studies.executors import InProcess
from tests.cli_support import run, write_data
from tests.test_cli_help import options_of
from tests.test_data_movielens import RATINGS, as_dat
from tests.test_data_movielens import write as write_movielens

pytestmark = pytest.mark.glue

PARTS = ("train", "valid", "test")


@pytest.fixture
def calls(monkeypatch):
    """What the study was called with, in the place of running it."""
    made = []
    signature = inspect.signature(command.compare)
    monkeypatch.setattr(command, "compare", lambda *args, **kwargs: made.append(signature.bind(*args, **kwargs).arguments))
    monkeypatch.setattr(command, "report", lambda record: record)
    monkeypatch.setattr(command, "publish", lambda report, out: None)
    monkeypatch.setattr(click_data, "QUICK_ROWS", 60)
    return made


def test_a_quick_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(click_data, "QUICK_ROWS", 120)
    arguments = ("compare", "--quick", "--methods", "lpt-sr,lpt-dr", "--bits", "2", "--epochs", 1, "--out", tmp_path / "o")
    assert run(*arguments) == 0
    captured = capsys.readouterr()
    record = json.loads((tmp_path / "o" / "compare.json").read_text())
    assert [(row["method"], row["bits"]) for row in record["rows"]] == [("lpt-sr", 2), ("lpt-dr", 2)]
    assert record["settings"] == json.loads(json.dumps(vars(replace(QUICK, epochs=1))))
    (claim,) = record["claims"]
    assert claim["claim"] == "C2"
    last = captured.out[captured.out.index("The paper's claims") :]
    assert re.search(rf"C2 .*lpt-sr 2 - lpt-dr 2 .*{claim['verdict']}\b", last)
    assert "### The paper's claims" in (tmp_path / "o" / "compare.md").read_text()
    features = record["sizes"][3]
    for line, name, n in zip(captured.err.splitlines(), PARTS, (120, 20, 20), strict=True):
        assert re.fullmatch(rf"{name}: {n} rows, \d+ positive, {features} features", line)
    assert captured.out.splitlines()[-1].split() == [
        "written",
        f"{tmp_path / 'o' / 'compare.json'},",
        f"{tmp_path / 'o' / 'compare.md'},",
        str(tmp_path / "o" / "report.html"),
    ]
    before = (tmp_path / "o" / "compare.json").read_bytes()
    assert run(*arguments, "--threads", 2) == 0
    assert capsys.readouterr().out == captured.out
    assert (tmp_path / "o" / "compare.json").read_bytes() == before


def test_defaults(calls, monkeypatch):
    generated = click_data.synthetic(click_data.CtrSettings(n_rows=60), 0)
    monkeypatch.setattr(command, "load", lambda *args, quick: calls.append((args, quick)) or generated)
    assert run("compare") == 0
    loaded, made = calls
    assert loaded == ((None, None, None, None), False)
    assert made["data"] is generated
    assert made["methods"] == tuple(METHODS)
    assert {name: made[name] for name in ("model", "bits", "out", "settings", "executor")} == {
        "model": "fm",
        "bits": (8, 4, 2),
        "out": Path("results/compare"),
        "settings": CompareSettings(),
        "executor": InProcess(1),
    }


def test_everything_given(calls, tmp_path):
    files = [write_data(tmp_path / f"{name}.libsvm", "libsvm", seed) for seed, name in enumerate(PARTS)]
    data = ("--data", files[0], "--valid", files[1], "--test", files[2], "--format", "libsvm")
    sizes = ("--seeds", 3, "--k", 5, "--epochs", 7, "--batch-size", 11, "--l2", "1e-3")
    more = ("--methods", "alpt-sr,ptq", "--bits", "16,3", "--out", "o", "--threads", 2)
    assert run("compare", *data, *sizes, *more) == 0
    (made,) = calls
    assert made["data"].fingerprint == click_data.from_files(tuple(files), "libsvm").fingerprint
    assert made["settings"] == CompareSettings(seeds=3, k=5, epochs=7, batch_size=11, l2=1e-3)
    assert [made[name] for name in ("methods", "bits", "out")] == [("alpt-sr", "ptq"), (16, 3), Path("o")]
    assert made["executor"] == InProcess(2)
    assert run("compare", *data[:2], "--format", "libsvm", "--model", "lr", "--quick", "--seeds", 4) == 0
    assert calls[1]["model"] == "lr"
    assert calls[1]["settings"] == replace(QUICK, seeds=4)
    assert [y.size for _, y in (calls[1]["data"].train, calls[1]["data"].valid, calls[1]["data"].test)] == [48, 6, 6]


def test_movielens_is_a_folder(calls, tmp_path):
    folder = write_movielens(tmp_path, ratings_dat=as_dat(RATINGS * 12))  # five of RATINGS are not 3
    assert run("compare", "--data", folder, "--format", "movielens") == 0
    (made,) = calls
    assert [y.size for _, y in (made["data"].train, made["data"].valid, made["data"].test)] == [48, 6, 6]
    assert made["data"].name == tmp_path.name.split(".")[0]


def test_options_of_the_data(calls, tmp_path, capsys):
    """Those of ``alpt-ref train``, with what was skipped told."""
    path = tmp_path / "c.csv"
    path.write_text("site,liked\n" + "a,yes\nb,no\nbad\n" * 30)
    assert run("compare", "--data", path, "--format", "csv", "--label-column", "liked", "--positive-label", "yes",
               "--on-bad-line", "skip", "--hash-bins", 7, "--methods", "fp32, lpt-sr") == 0  # fmt: skip
    (made,) = calls
    assert made["data"].train[0].shape == (48, 7)
    assert made["methods"] == ("fp32", "lpt-sr")
    assert "30 lines skipped, 0 features dropped" in capsys.readouterr().err
    file = tmp_path / "file"
    file.touch()
    for options, sentence in (
        (("--hash-bins", 7), "--hash-bins needs --data"),
        (("--format", "csv"), "--format needs --data"),
        (("--data", path), "--data needs --format"),
        (("--data", path, "--format", "xml"), "--format must be one of libsvm, .*movielens, got 'xml'"),
        (("--data", path, "--format", "csv", "--index-base", 1), "--index-base does not apply to --?format 'csv'"),
        (("--data", tmp_path, "--format", "movielens", "--min-count", 2), "--min-count does not apply to --format movielens"),
        (("--data", path, "--format", "csv", "--min-count", 0), "--min-count must be an integer of at least 1, got 0"),
        (("--out", file), "--out .*file is not a folder"),
    ):
        assert run("compare", *options) == 2
        assert re.fullmatch(f"alpt-ref: error: {sentence}", capsys.readouterr().err.strip())


def test_ctrl_c(capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "compare", interrupt)
    monkeypatch.setattr(click_data, "QUICK_ROWS", 60)
    assert run("compare", "--quick", "--out", "o") == 130
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1] == "alpt-ref: interrupted: nothing was finished yet, and nothing is kept"
    assert captured.out == ""


def test_help_tells_the_defaults_of_the_code():
    options = {action.dest: action for action in options_of("compare")}
    defaults = {field.name: field.default for field in fields(CompareSettings) if field.name in options}
    assert set(defaults) == {"k", "epochs", "batch_size", "l2", "seeds", "optimizer"}
    said = {name: re.search(r"\(default: (.*)\)$", option.help or "") for name, option in options.items()}
    assert {name: said[name][1] for name in defaults} == {name: str(value) for name, value in defaults.items()}
    assert said["bits"][1] == ",".join(map(str, options["bits"].default))
    assert said["threads"][1] == str(options["threads"].default)
    assert said["model"][1] == options["model"].default
    assert said["out"][1] == str(options["out"].default)
    assert re.search(r"of (\S+) \(default: all; ", options["methods"].help)[1] == ",".join(METHODS)
    assert re.findall(r"\w+", re.sub(r"\(.*?\)| or ", " ", options["format"].help)) == list(FORMATS)
