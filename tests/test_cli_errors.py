"""Every mistake on the command line gets one sentence that names it, exit code 2, and touches nothing."""

import re

import numpy as np
import pytest

from alpt_ref.cli import guarded
from alpt_ref.cli.arguments import build_parser
from alpt_ref.cli.train import model_of
from alpt_ref.scalars.slopes import GRADIENT_SCALES
from alpt_ref.tools.files import write_npz
from tests.cli_support import LEARNED, error_of, run, train_arguments

pytestmark = pytest.mark.edge

FORMATS = "libsvm, libfm, libffm, criteo, avazu, csv, parquet"
METHODS = "fp32, hash, lpt-dr, lpt-sr, alpt-dr, alpt-sr, lpt-sr-f, alpt-sr-f, lsq, pact, ptq"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--bits", "17", "--precision", "lpt"], "--bits must be an integer in 2..16, got 17"),
        (["--bits", "8.5"], "--bits: must be an integer, got '8.5'"),
        (["--delta", "1,2,3"], "--delta: must be one number, or two as linear,factors, got '1,2,3'"),
        (["--delta", "wide"], "--delta: must be one number, or two as linear,factors, got 'wide'"),
        (["--precision", "alpt", "--delta", "1e-20"], "--delta must be in [2^-60, 2^60]: step sizes are learned"),
        (
            ["--delta", "1,2", "--precision", "lpt", "--model", "lr"],
            "--delta with two step sizes needs --model fm",
        ),
        (["--step", "row,table", "--precision", "lsq", "--model", "lr"], "--step with two values needs --model fm"),
        (["--precision", "fp16"], "--precision must be one of fp32, lpt, alpt, lsq, pact, got 'fp16'"),
        (["--precision", "step", "--bits", "4"], "--precision must be one of fp32, lpt, alpt, lsq, pact, got 'step'"),
        (["--random-bits", "25", "--precision", "lpt"], "--random-bits must be an integer in 1..24, got 25"),
        (["--model", "svm"], "--model: invalid choice: 'svm' (choose from 'lr', 'fm')"),
        (["--model", "lr", "--k", "4"], "--k needs --model fm"),
        (["--model", "lr", "--init-std", "1"], "--init-std needs --model fm"),
        (["--k", "-1"], "--k must be an integer of at least 0, got -1"),
        (["--init-std", "-1"], "--init-std must be a non-negative number, got -1.0"),
        (["--optimizer", "lbfgs"], "--optimizer must be one of sgd, momentum, adam, adagrad, ftrl, got 'lbfgs'"),
        (["--update", "some"], "--update must be one of touched, dense, got 'some'"),
        (["--model", "lr", "--no-linear"], "--no-linear needs --model fm"),
        (["--model", "lr", "--quantize", "factors", "--precision", "lpt"], "--quantize needs --model fm"),
        (["--quantize", "linear", "--precision", "lpt"], "--quantize must be one of all, factors, got 'linear'"),
        (["--k", "0", "--no-linear"], "--no-linear needs factors, and --k is 0: no weights would be left"),
        (["--schedule", "cosine"], "--schedule must be one of constant, sqrt, got 'cosine'"),
        (["--lr", "0"], "--lr must be a positive number, got 0.0"),
        (["--lr", "fast"], "--lr: must be a number, got 'fast'"),
        (["--l2", "inf"], "--l2 must be a non-negative number, got inf"),
        (["--step", "a,b,c"], "--step: must be one word, or two as linear,factors, got 'a,b,c'"),
        (["--step-lr", "slow"], "--step-lr: must be a number, got 'slow'"),
        (["--batch-size", "0"], "--batch-size must be an integer of at least 1, got 0"),
        (["--epochs", "0"], "--epochs must be an integer of at least 1, got 0"),
        (["--patience", "0"], "--patience must be an integer of at least 1, got 0"),
        (["--seed", "-1"], "--seed must be an integer in [0, 2^64), got -1"),
        (["--threads", "0"], "--threads: must be a positive integer, got 0"),
        (["--format", "svmlight"], f"--format must be one of {FORMATS}, got 'svmlight'"),
        (["--index-base", "2"], "--index-base must be 0 or 1, got 2"),
        (["--n-features", "0"], "--n-features must be an integer between 1 and 2147483647, got 0"),
        (["--hash-bins", "8"], "--hash-bins does not apply to --format 'libfm'"),
        (["--min-count", "0"], "--min-count must be an integer of at least 1, got 0"),
        (["--min-count", "2"], "--min-count does not apply to --format 'libfm'"),
        (["--label-column", "y"], "--label-column does not apply to --format 'libfm'"),
        (["--numeric", "a,b"], "--numeric does not apply to --format 'libfm'"),
        (["--positive-label", ""], "--positive-label must be a text that is not empty, got ''"),
        (["--on-bad-line", "warn"], "--on-bad-line must be one of 'error', 'skip', got 'warn'"),
        (["--resume", "--force"], "--force: not allowed with argument --resume"),
        (["--epoch", "3"], "unrecognized arguments: --epoch 3"),
        (["--lr"], "--lr: expected one argument"),
    ],
)
def test_train_options(tmp_path, capsys, options, sentence):
    assert error_of(capsys, *train_arguments(tmp_path, *options)) == sentence
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--step", "column"], "--step must be row or table, or a pair of them, got 'column'"),
        (["--step", "table,column"], "--step must be row or table, or a pair of them, got ('table', 'column')"),
        (["--step-lr", "-1"], "--step-lr must be a non-negative number, got -1.0"),
        (["--step-lr", "nan"], "--step-lr must be a non-negative number, got nan"),
        (["--step-l2", "inf"], "--step-l2 must be a non-negative number, got inf"),
        (["--step-scale", "2"], f"--step-scale must be one of {', '.join(GRADIENT_SCALES)}, got '2'"),
        (["--step-optimizer", "lr"], "--step-optimizer must be one of sgd, momentum, adam, adagrad, got 'lr'"),
        (["--bits", "1"], "--bits must be an integer in 2..16, got 1"),
    ],
)
@pytest.mark.parametrize("precision", LEARNED)
def test_options_of_learned_step_sizes(tmp_path, capsys, precision, options, sentence):
    if precision == "pact" and options[0] == "--step-scale":
        sentence = "--step-scale needs --precision alpt or lsq"
    assert error_of(capsys, *train_arguments(tmp_path, "--precision", precision, *options)) == sentence
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("step", "got"), [("row", "'row'"), ("table,row", "('table', 'row')")])
def test_a_clip_is_of_a_table(tmp_path, capsys, step, got):
    sentence = f"--step must be table with pact, which learns one clip for a table, got {got}"
    assert error_of(capsys, *train_arguments(tmp_path, "--precision", "pact", "--step", step)) == sentence
    assert not (tmp_path / "run").exists()


FTRL = "--optimizer", "ftrl"
NO_STEP = "--step-optimizer must be one of sgd, momentum, adam, adagrad where --optimizer is ftrl: it moves no step size"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--momentum", "0.5"], "--momentum needs --optimizer momentum"),
        (["--l1", "0.5", "--optimizer", "adam"], "--l1 needs --optimizer ftrl"),
        (["--beta", "0.5"], "--beta needs --optimizer ftrl"),
        (["--momentum", "1", "--optimizer", "momentum"], "--momentum must be below 1, got 1.0"),
        (["--momentum", "-0.1", "--optimizer", "momentum"], "--momentum must be a non-negative number, got -0.1"),
        (["--l1", "-1", *FTRL], "--l1 must be a non-negative number, got -1.0"),
        (["--beta", "0", *FTRL], "--beta must be a positive number, got 0.0"),
        (["--lr", "1e-35", *FTRL], "--lr must be such that ftrl's --beta / --lr + --l2 is from 1e-30 to 1e+30, got 1e-35"),
        (
            ["--schedule", "sqrt", *FTRL],
            "--schedule must be constant with ftrl: its learning rate lr / (beta + sqrt(n)) decays by itself",
        ),
        (["--precision", "alpt", *FTRL], NO_STEP),
        (["--precision", "lsq", "--step-optimizer", "ftrl", *FTRL], NO_STEP.split(" where")[0] + ", got 'ftrl'"),
        (["--precision", "lsq", "--delta", "0.1", "--step-offset", "0.2"], "--step-offset must be at most --delta, got 0.2"),
    ],
)
def test_options_of_optimizers(tmp_path, capsys, options, sentence):
    assert error_of(capsys, *train_arguments(tmp_path, *options)) == sentence
    assert not (tmp_path / "run").exists()


def test_momentum_may_be_that_of_step_sizes(tmp_path):
    options = ["--precision", "alpt", "--step-optimizer", "momentum", "--momentum", "0.5"]
    model = model_of(build_parser().parse_args(train_arguments(tmp_path, *options)))
    assert (model.config().step_direction, model.momentum) == ("momentum", 0.5)


HEEDED = {
    "--bits 4": "lpt, alpt, lsq or pact",
    "--quantize factors": "lpt, alpt, lsq or pact",
    "--delta 0.1": "lpt, alpt, lsq or pact",
    "--rounding floor": "lpt or alpt",
    "--random-bits 8": "lpt or alpt",
    "--step table": "alpt, lsq or pact",
    "--step-lr 0.1": "alpt, lsq or pact",
    "--step-optimizer sgd": "alpt, lsq or pact",
    "--step-l2 0.1": "alpt, lsq or pact",
    "--step-scale 1": "alpt or lsq",
    "--step-init 1/sqrt(q+1)": "alpt, lsq or pact",
    "--step-offset 1e-10": "alpt, lsq or pact",
    "--ends inside": "alpt, lsq or pact",
}


@pytest.mark.parametrize("precision", [None, "fp32", "lpt", *LEARNED])
@pytest.mark.parametrize("option", HEEDED)
def test_options_that_a_precision_ignores(tmp_path, capsys, option, precision):
    name, value = option.split()
    arguments = train_arguments(tmp_path, name, value, *(["--precision", precision] if precision else []))
    if precision in re.findall(r"\w+", HEEDED[option]):
        given = model_of(build_parser().parse_args(arguments)).get_params()
        assert given["precision"] == precision
        assert str(given[name.removeprefix("--").replace("-", "_")]) == value
    else:
        assert error_of(capsys, *arguments) == f"{name} needs --precision {HEEDED[option]}"
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("precision", ["lpt", *LEARNED])
@pytest.mark.parametrize("delta", ["0", "nan", "1e-60", "0.1,0"])
def test_delta_off_its_range(tmp_path, capsys, delta, precision):
    sentence = error_of(capsys, *train_arguments(tmp_path, "--precision", precision, "--delta", delta))
    assert sentence.startswith("--delta must be positive, and its grid finite, in float32, got ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (
            ["fit"],
            "COMMAND: invalid choice: 'fit' (choose from 'train', 'evaluate', 'predict', 'convergence', 'compare', 'verify', "
            "'check-quantizer', 'results', 'plot')",
        ),
        (["train"], "the following arguments are required: --out"),
        (["train", "--out", "o", "--valid", "f"], "--valid needs --train"),
        (["train", "--out", "o", "--test", "f"], "--test needs --train"),
        (["train", "--out", "o", "--format", "csv"], "--format needs --train"),
        (["train", "--out", "o", "--hash-bins", "8"], "--hash-bins needs --train"),
        (["train", "--out", "o", "--train", "f"], "--train needs --format"),
        (
            ["train", "--out", "o", "--train", "f", "--test", "f", "--format", "csv", "--patience", "2"],
            "--patience needs --valid",
        ),
        (
            ["train", "--out", "o", "--train", "f", "--format", "csv", "--patience", "2", "--no-split"],
            "--patience needs --valid",
        ),
        (["train", "--out", "o", "--no-split"], "--no-split needs --train"),
        (
            ["train", "--out", "o", "--train", "f", "--test", "f", "--format", "csv", "--no-split"],
            "--no-split is for --train alone: with --valid or --test nothing is split",
        ),
        (
            ["train", "--out", "o", "--train", "f", "--format", "csv"],
            "f: cannot be read: No such file or directory",
        ),
        (["evaluate", "--data", "f"], "the following arguments are required: --model"),
        (["evaluate", "--model", "m", "--data", "f"], "m: no such file"),
        (["predict", "--model", "m", "--data", "f"], "m: no such file"),
        (["convergence", "--threads", "0"], "--threads: must be a positive integer, got 0"),
        (["convergence", "--ctr-test", "f"], "--ctr-train, --ctr-valid and --ctr-test go together"),
        (["compare", "--methods", "fp32,fp16"], f"--methods must be of {METHODS} for --model fm, got 'fp16'"),
        (["compare", "--methods", "fp32,"], f"--methods must be of {METHODS} for --model fm, got ''"),
        (["compare", "--bits", "1"], "--bits must be an integer in 2..16, got 1"),
        (["compare", "--bits", "8,17"], "--bits must be an integer in 2..16, got 17"),
        (["compare", "--bits", "8,four"], "--bits: must be an integer, got 'four'"),
        (["compare", "--model", "svm"], "--model: invalid choice: 'svm' (choose from 'lr', 'fm')"),
        (["compare", "--model", "lr", "--k", "4"], "--k needs --model fm"),
        (["compare", "--seeds", "0"], "--seeds must be an integer of at least 1, got 0"),
        (["compare", "--k", "0"], "--k must be an integer of at least 1, got 0"),
        (["compare", "--epochs", "0"], "--epochs must be an integer of at least 1, got 0"),
        (["compare", "--batch-size", "0", "--quick"], "--batch-size must be an integer of at least 1, got 0"),
        (["compare", "--l2", "nan"], "--l2 must be a non-negative number, got nan"),
        (["compare", "--threads", "0"], "--threads: must be a positive integer, got 0"),
        (["compare", "--format", "libfm"], "--format needs --data"),
        (["compare", "--valid", "f"], "--valid needs --data"),
        (["compare", "--test", "f"], "--test needs --data"),
        (["compare", "--data", "f"], "--data needs --format"),
        (["compare", "--data", "f", "--format", "svmlight"], f"--format must be one of {FORMATS}, movielens, got 'svmlight'"),
        (["compare", "--data", "f", "--valid", "f", "--format", "libfm"], "--valid and --test go together"),
        (["compare", "--data", "f", "--test", "f", "--format", "libfm"], "--valid and --test go together"),
        (
            ["compare", "--data", "f", "--valid", "f", "--test", "f", "--format", "movielens"],
            "--valid and --test do not apply to --format movielens, which is split at random",
        ),
        (["compare", "--data", "f", "--format", "libfm"], "f: cannot be read: No such file or directory"),
        (["compare", "--data", "f", "--format", "movielens"], "f: cannot be read: No such file or directory"),
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
    assert error_of(capsys, *evaluate) == f"{file}: not a model of format version 5"
    file.write_bytes((tmp_path / "run" / "checkpoint.npz").read_bytes())
    assert error_of(capsys, *evaluate) == f"{file}: not a model of format version 5"
    folder = error_of(capsys, "evaluate", "--model", tmp_path, "--data", file)
    assert folder.startswith(f"{tmp_path}: cannot be read: Is a directory")


def test_an_error_that_nobody_foresaw_has_a_code_of_its_own(capsys):
    """Never 1, which is a verdict."""

    def fail() -> int:
        raise TypeError("no\nsuch thing")

    assert guarded("name", fail) == 3
    said = capsys.readouterr().err
    assert said.startswith("name: a fault of this program, not of yours: TypeError: no such thing (test_cli_errors.py:")
    assert said.count("\n") == 1
