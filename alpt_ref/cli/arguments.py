"""The options of the command line, each with its default and range, and nothing of what they do.

An option that is not given is absent from the namespace, so that its default and its range have one home:
``Source`` for data, ``Config`` for training. Options are named after the fields there, and the tests hold the
help texts to the defaults there.
"""

import argparse
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from alpt_ref import __version__
from alpt_ref.cli import examples
from alpt_ref.cli.descent import DESCENT, STEPS
from alpt_ref.cli.options import plot_options
from alpt_ref.cli.parsing import Options, Parser, by_part, file, folder, integer, names, number
from alpt_ref.cli.study_options import (
    DEVICE,
    KIND,
    LOG,
    THREADS,
    add,
    check_options,
    compare_options,
    convergence_options,
    results_options,
    verify_options,
)

_DATA: Options = (
    ("--train", "FILE", Path, "training data, split if alone; features, buckets and columns found in it serve all files"),
    ("--valid", "FILE", Path, "picks the epoch whose weights are kept, by AUC"),
    ("--test", "FILE", Path, "measured once, after training"),
    ("--format", "NAME", str, "libsvm, libfm, libffm (indexed), criteo, avazu, csv or parquet (tables)"),
    ("--index-base", "0|1", integer, "indexed: the first index (default: 1 for libsvm, else 0)"),
    ("--n-features", "N", integer, "indexed: 1 to 2147483647 (default: largest training index + 1)"),
    ("--hash-bins", "N", integer, "tables: hash into N features, 1 to 2147483647 (default: no hashing)"),
    ("--min-count", "N", integer, "tables: fold together values rarer than N, 1 or more (default: 1)"),
    ("--label-column", "NAME", str, "csv, parquet: the label (default: the first of label, click, y, target)"),
    ("--numeric", "A,B", names, "csv, parquet: numbers, to be bucketed, besides I1, I2, ... (default: none)"),
    ("--indices", "global", str, "libffm: an index that stands in several fields is one feature (default: refused)"),
    ("--positive-label", "TEXT", str, "the label of a click (default: 1, with 0 or -1 for none)"),
    ("--on-bad-line", "error|skip", str, "stop at a malformed line, or skip and count it (default: error)"),
)
_MODEL: Options = (
    ("--k", "N", integer, "fm: number of factors, 0 or more (default: 8)"),
    ("--init-std", "X", number, "fm: standard deviation of the first factors, 0 or more (default: 0.01)"),
    ("--precision", "fp32|lpt|alpt|lsq|pact", str, "float32 weights; codes alone, step sizes given (lpt) or learned (alpt); "
     "float32 masters rounded in every use (default: fp32)"),
    ("--bits", "N", integer, "all but fp32: width of a code, 2 to 16 (default: 8)"),
    ("--quantize", "all|factors", str, "fm, all but fp32: factors leaves linear weights in float32 (default: all)"),
    ("--delta", "X[,Y]", by_part(float, "number"), "all but fp32: (first) step size, above 0; one, or two as "
     "linear,factors (default: 4/2^(bits-1),1/2^(bits-1) with lpt, else from the first weights)"),
    ("--rounding", "RULE", str, "lpt, alpt: stochastic, nearest, toward_zero or floor (default: stochastic)"),
    ("--random-bits", "N", integer, "lpt, alpt: bits of the numbers that round, 1 to 24 (default: 24)"),
)  # fmt: skip


def build_parser() -> ArgumentParser:
    """The parser of the whole command; it raises CommandError where argparse would exit."""
    looks: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    about = "Train, evaluate and study click models whose weights are stored in few bits."
    parser = Parser(prog="alpt-ref", description=about, epilog=examples.TOP, **looks)
    parser.add_argument("--version", action="version", version=f"alpt-ref {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary, epilog, add_options in (
        ("train", "train a model and measure it", examples.TRAIN, _train_options),
        ("evaluate", "measure a trained model on labelled data", examples.EVALUATE, _evaluate_options),
        ("predict", "print one probability per example", examples.PREDICT, _predict_options),
        ("convergence", "measure convergence errors of SR and DR", examples.CONVERGENCE, convergence_options),
        (
            "compare",
            "compare ways to train small models",
            examples.COMPARE,
            lambda command: compare_options(command, _DATA[4:]),
        ),
        ("verify", "put the statements to the test", examples.VERIFY, verify_options),
        ("check-quantizer", "put a quantizer to the test", examples.CHECK_QUANTIZER, check_options),
        ("results", "write the cells of a study as one table", examples.RESULTS, results_options),
        ("plot", "draw saved runs and results", examples.PLOT, plot_options),
    ):
        description = f"{summary.capitalize()}."
        add_options(commands.add_parser(name, help=summary, description=description, epilog=epilog, **looks))
    return parser


def _train_options(command: ArgumentParser) -> None:
    data = command.add_argument_group("data", examples.TRAIN_DATA)
    add(data, _DATA)
    data.add_argument("--no-split", dest="split", action="store_false", default=SUPPRESS, help="train on all rows of --train")
    model = command.add_argument_group("model")
    model.add_argument("--model", **KIND)
    bias: dict[str, Any] = {"dest": "fit_intercept", "action": "store_false", "default": SUPPRESS}
    model.add_argument("--no-intercept", help="leave out the bias", **bias)
    linear: dict[str, Any] = {"dest": "fit_linear", "action": "store_false", "default": SUPPRESS}
    model.add_argument("--no-linear", help="fm: leave out the linear weights", **linear)
    add(model, _MODEL)
    learned = "With --precision alpt, lsq or pact. What pact learns is the clip, 2^(bits-1)-1 step sizes."
    add(command.add_argument_group("learned step sizes", learned), STEPS)
    add(command.add_argument_group("descent"), DESCENT)
    run = command.add_argument_group("run")
    run.add_argument("--out", metavar="DIR", type=folder, required=True, help="folder of the results (required)")
    add(run, THREADS, dest="n_threads")
    add(run, LOG, default=None)
    run.add_argument("--device", **DEVICE)
    either = run.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on from DIR/checkpoint.npz if it exists")
    either.add_argument("--force", action="store_true", help="replace the results in DIR")


def _evaluate_options(command: ArgumentParser) -> None:
    _add_model_and_data(command)
    bad = "stop at a malformed line, or skip and count it (default: error)"
    command.add_argument("--on-bad-line", choices=("error", "skip"), default="error", help=bad)
    command.add_argument("--json", metavar="FILE", type=file, help="also write them to FILE; - for standard output alone")


def _predict_options(command: ArgumentParser) -> None:
    _add_model_and_data(command)
    where = "written once all is computed (default: standard output)"
    command.add_argument("--out", metavar="FILE", type=file, help=where)
    labels = "the data have no labels, or labels to ignore"
    command.add_argument("--no-labels", dest="labels", action="store_false", help=labels)


def _add_model_and_data(command: ArgumentParser) -> None:
    model = "model.npz of alpt-ref train; it knows the format of its data (required)"
    command.add_argument("--model", metavar="FILE", type=Path, required=True, help=model)
    command.add_argument("--data", metavar="FILE", type=Path, required=True, help="examples, - for standard input (required)")
