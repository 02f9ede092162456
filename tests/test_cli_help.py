"""Help texts: complete, true to the defaults, and quick to come by."""

import argparse
import dataclasses
import inspect
import re
import subprocess
import sys

import pytest

from alpt_ref import __version__
from alpt_ref.cli.arguments import build_parser
from alpt_ref.data import Source
from alpt_ref.data.source import MAX_FEATURES
from alpt_ref.models import FactorizationMachine
from alpt_ref.rng import MAX_RANDOM_BITS
from alpt_ref.scalars.slopes import GRADIENT_SCALES
from alpt_ref.training.config import PARTS, Config
from tests.cli_support import run

COMMANDS = ("train", "evaluate", "predict", "convergence", "compare", "verify", "check-quantizer", "results", "plot")


def options_of(command: str) -> list[argparse.Action]:
    (subparsers,) = [a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return [action for action in subparsers.choices[command]._actions if action.dest != "help"]


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"alpt-ref {__version__}\n"


def test_top_help(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert all(f"alpt-ref {command} " in out for command in COMMANDS[:3])
    assert tuple(re.findall(r"^    ([\w-]+)", out, re.MULTILINE)) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_command_help(capsys, command):
    """Every option is explained, examples parse, and lines fit a terminal."""
    assert run(command, "--help") == 0
    out = capsys.readouterr().out
    for action in options_of(command):
        assert f"  {(*action.option_strings, action.metavar)[0]}" in out
        assert action.help
    examples = re.findall(r"^ +alpt-ref (.*?)(?:  +.*| [>|].*)?$", re.sub(r" \\\n +", " ", out), re.MULTILINE)
    assert examples
    for example in examples:
        build_parser().parse_args(example.split())
    assert max(map(len, out.splitlines())) <= 110


def test_options_without_a_default_say_so():
    silent = {str((*a.option_strings, a.dest)[0]) for c in COMMANDS for a in options_of(c) if "(" not in (a.help or "")}
    assert silent == {
        "--train",
        "--valid",
        "--test",
        "--no-intercept",
        "--no-linear",
        "--no-split",
        "--seen",
        "--controls",
        "--no-bands",
        "--resume",
        "--force",
        "--json",
        "--no-labels",
        "--quick",
        "--list",
        "--full",
        "--thorough",
    }


def test_defaults_are_those_of_the_code():
    """What the help says by hand is what Config, Source and the model do."""
    signature = inspect.signature(FactorizationMachine).parameters
    defaults = {name: parameter.default for name, parameter in signature.items()}
    defaults |= {field.name: field.default for field in dataclasses.fields(Source)}
    explained = {
        "delta": "4/2^(bits-1),1/2^(bits-1) with lpt, else from the first weights",
        "step": "table with pact, else table,row",
        "step_optimizer": "that of the weights",
        "update": "touched with lpt and alpt, else dense",
        "patience": "never",
        "index_base": "1 for libsvm, else 0",
        "n_features": "largest training index + 1",
        "hash_bins": "no hashing",
        "label_column": "the first of label, click, y, target",
        "numeric": "none",
        "indices": "refused",
        "positive_label": "1, with 0 or -1 for none",
    }
    fields = {action.dest: action for action in options_of("train")}
    assert set(defaults) <= set(fields)
    for name in set(defaults) - {"format", "fit_intercept", "fit_linear"}:
        said = re.search(r"\(default: ((?:[^()]|\([^()]*\))*)\)$", fields[name].help or "")
        assert said, name
        assert said[1] == explained.get(name, str(defaults[name])), name
    half = [2.0**7 * Config(precision="lpt").delta_of(part) for part in PARTS]
    assert half == [4, 1]
    for precision in fields["precision"].metavar.split("|"):
        config = Config(precision=precision)
        assert config.dense == (precision not in ("lpt", "alpt"))
        assert [config.steps_of(part) for part in PARTS] == ["table", "table" if precision == "pact" else "row"]
        assert precision == "lpt" or config.delta_of("linear") is config.delta_of("factors") is None
    assert Config(optimizer="adam").step_direction == "adam"


def test_ranges_are_those_of_the_code():
    texts = {action.dest: action.help or "" for action in options_of("train")}
    assert f"1 to {MAX_FEATURES}" in texts["n_features"]
    assert f"1 to {MAX_FEATURES}" in texts["hash_bins"]
    assert f"1 to {MAX_RANDOM_BITS}" in texts["random_bits"]
    assert Config(bits=2, precision="lpt") != Config(bits=16, precision="lpt")
    for rule in re.findall(r"\w+", texts["rounding"].split("(")[0].removeprefix("lpt, alpt: ").replace(" or ", " ")):
        Config(rounding=rule)
    for name in ("step_optimizer", "optimizer", "schedule", "update", "quantize"):
        for choice in {action.dest: action.metavar for action in options_of("train")}[name].split("|"):
            Config(**{"k": 1, name: choice})
    assert f" {', '.join(GRADIENT_SCALES[:-1])} or {GRADIENT_SCALES[-1]};" in texts["step_scale"]
    for unit in re.findall("row|table", texts["step"].split("(")[0]):
        Config(precision="lsq", step=unit)
    for form in re.findall(r"libsvm|libfm|libffm|criteo|avazu|csv|parquet", texts["format"]):
        Source(form)


def test_help_imports_nothing_heavy():
    """This, rather than a stopwatch, is why it is quick."""
    command = "from alpt_ref.cli import main; main(['train', '--help'])"
    code = f"import sys; {command}; print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "scipy", "matplotlib", "rich"} & set(ended.stderr.split())


def test_module_is_the_command():
    for arguments, code, said in ((["--version"], 0, f"alpt-ref {__version__}\n"), (["walk"], 2, "")):
        ended = subprocess.run([sys.executable, "-m", "alpt_ref", *arguments], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (code, said)
        assert "Traceback" not in ended.stderr
