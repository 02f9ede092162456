"""The options of the commands that measure, and those that say who computes; as :mod:`alpt_ref.cli.arguments`, which has the
others, nothing of what they do."""

import argparse
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from alpt_ref.cli.parsing import Options, file, folder, integer, integers, names, number, positive
from alpt_ref.tools.devices import DEVICES

EXECUTORS = ("in-process", "dask")

_COMPARED: Options = (
    ("--data", "PATH", Path, "training data; without --valid and --test all data, split 8:1:1 at random; of movielens, the "
     "folder with ratings.dat (or ratings*.tsv), users.dat and movies.dat"),
    ("--valid", "FILE", Path, "tunes, and picks the epoch that is kept, by AUC"),
    ("--test", "FILE", Path, "measured last"),
    ("--format", "NAME", str, "libsvm, libfm, libffm (indexed), criteo, avazu, csv, parquet (tables) or movielens"),
)  # fmt: skip
_COMPARE: Options = (
    ("--seeds", "N", integer, "fits of each row, 1 or more; claims need 2 (default: 5)"),
    ("--k", "N", integer, "fm: number of factors, 1 or more (default: 16)"),
    ("--epochs", "N", integer, "passes, of which the best on validation is kept (default: 20)"),
    ("--batch-size", "N", integer, "examples of a step, 1 or more (default: 1024)"),
    ("--l2", "X", number, "adds X/2 times the squared weights to the loss, 0 or more (default: 1e-05)"),
    ("--optimizer", "adam|sgd", str, "of every method; each has a grid of learning rates of its own (default: adam)"),
)
LOG: Options = (("--log-json", "FILE", file, "write what happens to FILE, one JSON object a line (default: nowhere)"),)
THREADS: Options = (("--threads", "N", positive, "1 or more; results do not depend on it (default: 1)"),)
DEVICE: Any = {"choices": DEVICES, "default": "cpu", "help": "cpu, or cuda for a GPU; no result depends on it (default: cpu)"}
KIND: Any = {"choices": ("lr", "fm"), "default": "fm", "help": "logistic regression or factorization machine (default: fm)"}


def convergence_options(command: ArgumentParser) -> None:
    """Add the options of ``convergence``."""
    data = "libsvm files, besides the generated problems (default: none)"
    command.add_argument("--data", metavar="FILE", type=Path, nargs="+", default=[], help=data)
    for split, words in (("train", "training"), ("valid", "validation"), ("test", "test")):
        explained = f"libfm file of {words} data, in the place of generated clicks (default: generated)"
        command.add_argument(f"--ctr-{split}", metavar="FILE", type=Path, help=explained)
    _add_run(command, "results/convergence")
    command.add_argument("--quick", action="store_true", help="short runs, to see that it works")


def compare_options(command: ArgumentParser, reading: Options) -> None:
    """Add the options of ``compare``. reading : those by which its files are read."""
    add(command.add_argument_group("data", "Without --data, clicks are generated."), (*_COMPARED, *reading))
    command.add_argument("--model", **KIND)
    methods = (
        "those to compare, of fp32,hash,lpt-dr,lpt-sr,alpt-dr,alpt-sr,lpt-sr-f,alpt-sr-f,lsq,pact,ptq (default: all; -f "
        "leaves linear weights in float32, and is for fm only)"
    )
    command.add_argument("--methods", metavar="A,B", type=names, help=methods)
    widths = "widths, 2 to 16; claim C3 is decided at 4 and 2, C4 at 8, C2 at any (default: 8,4,2)"
    command.add_argument("--bits", metavar="N,M", type=integers, default=(8, 4, 2), help=widths)
    add(command, _COMPARE)
    _add_run(command, "results/compare")
    command.add_argument("--device", **DEVICE)
    command.add_argument("--quick", action="store_true", help="tiny runs and grids, to see that it works")
    command.add_argument("--seen", action="store_true", help="test results of these data are known: verdicts are descriptive")


def verify_options(command: ArgumentParser) -> None:
    """Add the options of ``verify``."""
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
    command.add_argument("--device", **DEVICE)


def check_options(command: ArgumentParser) -> None:
    """Add the options of ``check-quantizer``."""
    where = "module:name or file.py:name of its adapter, a class or an object (required, except with --list)"
    command.add_argument("quantizer", metavar="WHERE", nargs="?", help=where)
    command.add_argument("properties", metavar="PROPERTY", nargs="*", help="properties to check (default: all)")
    command.add_argument("--list", action="store_true", help="print the properties, one line each")
    size = command.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="seconds: small arrays (default: less than a minute)")
    size.add_argument("--thorough", action="store_true", help="minutes: biases down to 2^-16 of a step show")
    command.add_argument("--json", metavar="FILE", type=file, help="also write what was found to FILE (default: nowhere)")
    command.add_argument("--html", metavar="FILE", type=file, help="also write a page for a browser to FILE (default: nowhere)")
    add(command, LOG, default=None)
    executor_options(command)
    command.add_argument("--junit", metavar="FILE", type=file, help="also write JUnit XML to FILE (default: nowhere)")


def results_options(command: ArgumentParser) -> None:
    """Add the options of ``results``."""
    command.add_argument("folder", metavar="DIR", type=folder, help="--out of a study, which holds its cells (required)")
    out = "a Parquet file, a row for each cell (required)"
    command.add_argument("--out", metavar="FILE", type=file, required=True, help=out)


def executor_options(command: argparse._ActionsContainer) -> None:
    """Add the options that say who computes cells: of every command that has some."""
    who = "this process, or the workers of a Dask cluster; no result depends on it (default: in-process)"
    command.add_argument("--executor", choices=EXECUTORS, default="in-process", help=who)
    many = "dask: start N processes on this machine (default: 2)"
    command.add_argument("--workers", metavar="N", type=positive, help=many)
    where = "dask: the address of a scheduler that runs already, tcp://... (default: none, processes are started here)"
    command.add_argument("--scheduler", metavar="ADDRESS", help=where)
    dry = "list the cells, found and missing, and the time they may take; compute and write nothing (default: compute)"
    command.add_argument("--dry-run", action="store_true", help=dry)


def _add_run(command: ArgumentParser, out: str) -> None:
    default = None if " " in out else Path(out)
    command.add_argument("--out", metavar="DIR", type=folder, default=default, help=f"results (default: {out})")
    add(command, THREADS, default=1)
    executor_options(command)
    command.add_argument("--resume", action="store_true", help="go on from what DIR holds, as is done without it, too")
    add(command, LOG, default=None)


def add(group: argparse._ActionsContainer, options: Options, **more: Any) -> None:
    """Add ``options``; those that are not given are absent, unless ``more`` has a default."""
    more.setdefault("default", SUPPRESS)
    for option, metavar, parse, explained in options:
        group.add_argument(option, metavar=metavar, type=parse, help=explained, **more)
