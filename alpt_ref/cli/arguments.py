"""The options of the command line, each with its default and range, and nothing of what they do.

An option that is not given is absent from the namespace, so that its default and its range have one home:
``Source`` for data, ``Config`` for training. Options are named after the fields there, and the tests hold the
help texts to the defaults there.
"""

import argparse
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alpt_ref import __version__
from alpt_ref.cli import examples
from alpt_ref.cli.descent import DESCENT, STEPS
from alpt_ref.cli.options import plot_options
from alpt_ref.cli.parsing import Parser, by_part, file, folder, integer, integers, names, number, threads
from alpt_ref.tools.devices import DEVICES

Options = tuple[tuple[str, str, Callable[[str], Any], str], ...]

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
_COMPARED: Options = (
    ("--data", "PATH", Path, "training data; without --valid and --test all data, split 8:1:1 at random; of movielens, the "
     "folder with ratings.dat (or ratings*.tsv), users.dat and movies.dat"),
    ("--valid", "FILE", Path, "tunes, and picks the epoch that is kept, by AUC"),
    ("--test", "FILE", Path, "measured last"),
    ("--format", "NAME", str, "libsvm, libfm, libffm (indexed), criteo, avazu, csv, parquet (tables) or movielens"),
)  # fmt: skip
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
_COMPARE: Options = (
    ("--seeds", "N", integer, "fits of each row, 1 or more; claims need 2 (default: 5)"),
    ("--k", "N", integer, "fm: number of factors, 1 or more (default: 16)"),
    ("--epochs", "N", integer, "passes, of which the best on validation is kept (default: 20)"),
    ("--batch-size", "N", integer, "examples of a step, 1 or more (default: 1024)"),
    ("--l2", "X", number, "adds X/2 times the squared weights to the loss, 0 or more (default: 1e-05)"),
    ("--optimizer", "adam|sgd", str, "of every method; each has a grid of learning rates of its own (default: adam)"),
)
_LOG: Options = (("--log-json", "FILE", file, "write what happens to FILE, one JSON object a line (default: nowhere)"),)
_THREADS: Options = (("--threads", "N", threads, "1 or more; results do not depend on it (default: 1)"),)
_DEVICE: Any = {"choices": DEVICES, "default": "cpu", "help": "cpu, or cuda for a GPU; no result depends on it (default: cpu)"}
_KIND: Any = {"choices": ("lr", "fm"), "default": "fm", "help": "logistic regression or factorization machine (default: fm)"}


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
        ("convergence", "measure convergence errors of SR and DR", examples.CONVERGENCE, _convergence_options),
        ("compare", "compare ways to train small models", examples.COMPARE, _compare_options),
        ("verify", "put the statements to the test", examples.VERIFY, _verify_options),
        ("check-quantizer", "put a quantizer to the test", examples.CHECK_QUANTIZER, _check_options),
        ("plot", "draw saved runs and results", examples.PLOT, plot_options),
    ):
        description = f"{summary.capitalize()}."
        add_options(commands.add_parser(name, help=summary, description=description, epilog=epilog, **looks))
    return parser


def _train_options(command: ArgumentParser) -> None:
    data = command.add_argument_group("data", examples.TRAIN_DATA)
    _add(data, _DATA)
    data.add_argument("--no-split", dest="split", action="store_false", default=SUPPRESS, help="train on all rows of --train")
    model = command.add_argument_group("model")
    model.add_argument("--model", **_KIND)
    bias: dict[str, Any] = {"dest": "fit_intercept", "action": "store_false", "default": SUPPRESS}
    model.add_argument("--no-intercept", help="leave out the bias", **bias)
    linear: dict[str, Any] = {"dest": "fit_linear", "action": "store_false", "default": SUPPRESS}
    model.add_argument("--no-linear", help="fm: leave out the linear weights", **linear)
    _add(model, _MODEL)
    learned = "With --precision alpt, lsq or pact. What pact learns is the clip, 2^(bits-1)-1 step sizes."
    _add(command.add_argument_group("learned step sizes", learned), STEPS)
    _add(command.add_argument_group("descent"), DESCENT)
    run = command.add_argument_group("run")
    run.add_argument("--out", metavar="DIR", type=folder, required=True, help="folder of the results (required)")
    _add(run, _THREADS, dest="n_threads")
    _add(run, _LOG, default=None)
    run.add_argument("--device", **_DEVICE)
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


def _convergence_options(command: ArgumentParser) -> None:
    data = "libsvm files, besides the generated problems (default: none)"
    command.add_argument("--data", metavar="FILE", type=Path, nargs="+", default=[], help=data)
    for split, words in (("train", "training"), ("valid", "validation"), ("test", "test")):
        explained = f"libfm file of {words} data, in the place of generated clicks (default: generated)"
        command.add_argument(f"--ctr-{split}", metavar="FILE", type=Path, help=explained)
    _add_run(command, "results/convergence")
    command.add_argument("--quick", action="store_true", help="short runs, to see that it works")


def _compare_options(command: ArgumentParser) -> None:
    _add(command.add_argument_group("data", "Without --data, clicks are generated."), (*_COMPARED, *_DATA[4:]))
    command.add_argument("--model", **_KIND)
    methods = (
        "those to compare, of fp32,hash,lpt-dr,lpt-sr,alpt-dr,alpt-sr,lpt-sr-f,alpt-sr-f,lsq,pact,ptq (default: all; -f "
        "leaves linear weights in float32, and is for fm only)"
    )
    command.add_argument("--methods", metavar="A,B", type=names, help=methods)
    widths = "widths, 2 to 16; claim C3 is decided at 4 and 2, C4 at 8, C2 at any (default: 8,4,2)"
    command.add_argument("--bits", metavar="N,M", type=integers, default=(8, 4, 2), help=widths)
    _add(command, _COMPARE)
    _add_run(command, "results/compare")
    command.add_argument("--device", **_DEVICE)
    command.add_argument("--quick", action="store_true", help="tiny runs and grids, to see that it works")
    command.add_argument("--seen", action="store_true", help="test results of these data are known: verdicts are descriptive")


def _verify_options(command: ArgumentParser) -> None:
    ids = "statements: T1, L5, or a part, L5(a) (default: all, and the claims C1 and C2)"
    command.add_argument("ids", metavar="ID", nargs="*", help=ids)
    command.add_argument("--list", action="store_true", help="print the statements, one line each")
    size = command.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a minute or so on two cores (this is the default)")
    size.add_argument("--full", action="store_true", help="more instances, tighter intervals: minutes")
    rule = "module:name or file.py:name of a Rule that takes the place of each statement's own (default: none)"
    command.add_argument("--rule", metavar="WHERE", help=rule)
    claim = "module:name or file.py:name of a Claim of yours, or of several (default: none)"
    command.add_argument("--claim", metavar="WHERE", help=claim)
    data = "libsvm files, as problems for T1 (default: none)"
    command.add_argument("--data", metavar="FILE", type=Path, nargs="+", default=[], help=data)
    _add_run(command, "results/verify, and results/verify_T1 for T1 alone, and so on")
    command.add_argument("--device", **_DEVICE)


def _check_options(command: ArgumentParser) -> None:
    where = "module:name or file.py:name of its adapter, a class or an object (required, except with --list)"
    command.add_argument("quantizer", metavar="WHERE", nargs="?", help=where)
    command.add_argument("properties", metavar="PROPERTY", nargs="*", help="properties to check (default: all)")
    command.add_argument("--list", action="store_true", help="print the properties, one line each")
    size = command.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="seconds: small arrays (default: less than a minute)")
    size.add_argument("--thorough", action="store_true", help="minutes: biases down to 2^-16 of a step show")
    command.add_argument("--json", metavar="FILE", type=file, help="also write what was found to FILE (default: nowhere)")
    command.add_argument("--html", metavar="FILE", type=file, help="also write a page for a browser to FILE (default: nowhere)")
    _add(command, _LOG, default=None)
    command.add_argument("--junit", metavar="FILE", type=file, help="also write JUnit XML to FILE (default: nowhere)")


def _add_run(command: ArgumentParser, out: str) -> None:
    default = None if " " in out else Path(out)
    command.add_argument("--out", metavar="DIR", type=folder, default=default, help=f"results (default: {out})")
    _add(command, _THREADS, default=1)
    command.add_argument("--resume", action="store_true", help="go on from what DIR holds, as is done without it, too")
    _add(command, _LOG, default=None)


def _add(group: argparse._ActionsContainer, options: Options, **more: Any) -> None:
    more.setdefault("default", SUPPRESS)
    for option, metavar, parse, explained in options:
        group.add_argument(option, metavar=metavar, type=parse, help=explained, **more)
