"""Every mistake on the command line gets one sentence that names it, exit code 2, and touches nothing."""

import numpy as np
import pytest

from alpt_ref.files import write_npz
from tests.cli_support import error_of, run, train_arguments

FORMATS = "libsvm, libfm, libffm, criteo, avazu, csv"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--bits", "17", "--precision", "lpt"], "--bits must be an integer in 2..16, got 17"),
        (["--bits", "8.5"], "--bits: must be an integer, got '8.5'"),
        (["--bits", "4"], "--bits needs --precision lpt"),
        (["--rounding", "floor"], "--rounding needs --precision lpt"),
        (["--random-bits", "8"], "--random-bits needs --precision lpt"),
        (["--delta", "0.1"], "--delta needs --precision lpt"),
        (["--delta", "1,2,3"], "--delta: must be one number, or two as linear,factors, got '1,2,3'"),
        (["--delta", "wide"], "--delta: must be one number, or two as linear,factors, got 'wide'"),
        (
            ["--delta", "1,2", "--precision", "lpt", "--model", "lr"],
            "--delta with two step sizes needs --model fm",
        ),
        (["--precision", "fp16"], "--precision must be one of fp32, lpt, got 'fp16'"),
        (["--random-bits", "25", "--precision", "lpt"], "--random-bits must be an integer in 1..24, got 25"),
        (["--model", "svm"], "--model: invalid choice: 'svm' (choose from 'lr', 'fm')"),
        (["--model", "lr", "--k", "4"], "--k needs --model fm"),
        (["--model", "lr", "--init-std", "1"], "--init-std needs --model fm"),
        (["--k", "-1"], "--k must be an integer of at least 0, got -1"),
        (["--init-std", "-1"], "--init-std must be a non-negative number, got -1.0"),
        (["--optimizer", "lbfgs"], "--optimizer must be one of sgd, adam, got 'lbfgs'"),
        (["--update", "some"], "--update must be one of touched, dense, got 'some'"),
        (["--schedule", "cosine"], "--schedule must be one of constant, sqrt, got 'cosine'"),
        (["--lr", "0"], "--lr must be a positive number, got 0.0"),
        (["--lr", "fast"], "--lr: must be a number, got 'fast'"),
        (["--l2", "inf"], "--l2 must be a non-negative number, got inf"),
        (["--batch-size", "0"], "--batch-size must be an integer of at least 1, got 0"),
        (["--epochs", "0"], "--epochs must be an integer of at least 1, got 0"),
        (["--patience", "0"], "--patience must be an integer of at least 1, got 0"),
        (["--seed", "-1"], "--seed must be an integer in [0, 2^64), got -1"),
        (["--threads", "0"], "--threads must be a positive integer, got 0"),
        (["--format", "svmlight"], f"--format must be one of {FORMATS}, got 'svmlight'"),
        (["--index-base", "2"], "--index-base must be 0 or 1, got 2"),
        (["--n-features", "0"], "--n-features must be between 1 and 2147483647, got 0"),
        (["--hash-bins", "8"], "--hash-bins does not apply to --format 'libfm'"),
        (["--min-count", "0"], "--min-count must be at least 1, got 0"),
        (["--min-count", "2"], "--min-count does not apply to --format 'libfm'"),
        (["--label-column", "y"], "--label-column does not apply to --format 'libfm'"),
        (["--numeric", "a,b"], "--numeric does not apply to --format 'libfm'"),
        (["--positive-label", ""], "--positive-label must not be empty"),
        (["--on-bad-line", "warn"], "--on-bad-line must be 'error' or 'skip', got 'warn'"),
        (["--resume", "--force"], "--force: not allowed with argument --resume"),
        (["--epoch", "3"], "unrecognized arguments: --epoch 3"),
        (["--lr"], "--lr: expected one argument"),
    ],
)
def test_train_options(tmp_path, capsys, options, sentence):
    assert error_of(capsys, *train_arguments(tmp_path, *options)) == sentence
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("delta", ["0", "nan", "1e-60", "0.1,0"])
def test_delta_off_its_range(tmp_path, capsys, delta):
    sentence = error_of(capsys, *train_arguments(tmp_path, "--precision", "lpt", "--delta", delta))
    assert sentence.startswith("--delta must be positive, and its grid finite, in float32, got ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (
            ["fit"],
            "COMMAND: invalid choice: 'fit' (choose from 'train', 'evaluate', 'predict', 'convergence', 'verify')",
        ),
        (["train"], "the following arguments are required: --out"),
        (["train", "--out", "o", "--valid", "f"], "--valid needs --train"),
        (["train", "--out", "o", "--test", "f"], "--test needs --train"),
        (["train", "--out", "o", "--format", "csv"], "--format needs --train"),
        (["train", "--out", "o", "--hash-bins", "8"], "--hash-bins needs --train"),
        (["train", "--out", "o", "--train", "f"], "--train needs --format"),
        (
            ["train", "--out", "o", "--train", "f", "--format", "csv", "--patience", "2"],
            "--patience needs --valid",
        ),
        (
            ["train", "--out", "o", "--train", "f", "--format", "csv"],
            "f: cannot be read: No such file or directory",
        ),
        (["evaluate", "--data", "f"], "the following arguments are required: --model"),
        (["evaluate", "--model", "m", "--data", "f"], "m: no such file"),
        (["predict", "--model", "m", "--data", "f"], "m: no such file"),
        (["convergence", "--threads", "0"], "--threads must be a positive integer, got 0"),
        (["convergence", "--ctr-test", "f"], "--ctr-train, --ctr-valid and --ctr-test go together"),
    ],
)
def test_commands(tmp_path, capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert error_of(capsys, *arguments) == sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "text", "place"),
    [
        ("libsvm", "1 1:1\n1 0:1\n", "2:3: expected index to be an integer from 1 to 2147483647, got '0'"),
        ("libfm", "2 0:1\n", "1:1: expected a label 0, 1 or -1, got '2'"),
        ("csv", "label,a\n1,x\n0\n", "3:2: expected 2 columns, got 1 in '0'"),
        ("avazu", "id,click,hour\n1,0,14102199\n", "2:5: expected an hour YYMMDDHH, got '14102199'"),
        ("criteo", "1\t2\n", "1:4: expected 40 columns, got 2 in '1\\t2'"),
    ],
)
def test_malformed_lines(tmp_path, capsys, form, text, place):
    file = tmp_path / "data"
    file.write_text(text)
    arguments = ("train", "--train", file, "--format", form, "--out", tmp_path / "run")
    assert error_of(capsys, *arguments) == f"{file}:{place}"
    assert not (tmp_path / "run").exists()


def test_out_is_a_file(tmp_path, capsys):
    arguments = train_arguments(tmp_path)
    (tmp_path / "run").write_text("mine")
    assert error_of(capsys, *arguments) == f"--out {tmp_path}/run is not a folder"
    assert error_of(capsys, *arguments, "--out", tmp_path / "run" / "in").startswith(f"{tmp_path}/run")
    assert (tmp_path / "run").read_text() == "mine"


def test_files_that_are_no_models(tmp_path, capsys):
    assert run(*train_arguments(tmp_path, "--epochs", 1)) == 0
    capsys.readouterr()
    whole = (tmp_path / "run" / "model.npz").read_bytes()
    file = tmp_path / "file"
    evaluate = ("evaluate", "--model", file, "--data", tmp_path / "test.libfm")
    for content in (b"", b"hello", whole[:100], whole[: len(whole) // 2]):
        file.write_bytes(content)
        assert error_of(capsys, *evaluate).startswith(f"{file}: not a readable alpt_ref file (")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    file.write_bytes((tmp_path / "other.npz").read_bytes())
    assert error_of(capsys, *evaluate).startswith(f"{file}: not a readable alpt_ref file (")
    write_npz(file, {"hello": 1}, {})
    assert error_of(capsys, *evaluate) == f"{file}: not a model of format version 1"
    file.write_bytes((tmp_path / "run" / "checkpoint.npz").read_bytes())
    assert error_of(capsys, *evaluate) == f"{file}: not a model of format version 1"
    assert error_of(capsys, "evaluate", "--model", tmp_path, "--data", file).startswith(f"{tmp_path}: not a readable")
