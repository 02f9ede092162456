"""``alpt-ref train``: data in; model.npz, metrics.json and checkpoint.npz out."""

import argparse
import sys
from pathlib import Path
from typing import Any

from alpt_ref.cli import resumable
from alpt_ref.cli.outputs import check_results
from alpt_ref.cli.parsing import CommandError, spell_options
from alpt_ref.cli.record import metrics
from alpt_ref.cli.report import progress, row, run_table
from alpt_ref.cli.splits import Splits, is_alone, load, source_of
from alpt_ref.models import FactorizationMachine, LogisticRegression
from alpt_ref.tools.files import write_json
from alpt_ref.training.forward import TrainingDivergedError

MODELS: dict[str, type[FactorizationMachine]] = {"lr": LogisticRegression, "fm": FactorizationMachine}
_FACTORS = ("k", "init_std", "quantize", "fit_linear")
_QUANTIZED = ("lpt", "alpt", "lsq", "pact")
# Options, and the precisions that do not ignore them.
_HEEDED = {
    ("bits", "delta", "quantize"): _QUANTIZED,
    ("rounding", "random_bits"): ("lpt", "alpt"),
    ("step", "step_lr", "step_optimizer", "step_l2", "step_init", "step_offset", "ends"): ("alpt", "lsq", "pact"),
    ("step_scale",): ("alpt", "lsq"),
}
_OF_OPTIMIZERS = {"momentum": "momentum", "l1": "ftrl", "beta": "ftrl"}


def run(args: argparse.Namespace) -> None:
    """Train, save, measure, print. Raises CommandError, DataError or OSError before anything is lost."""
    source, model = source_of(args), model_of(args)
    if hasattr(args, "patience") and hasattr(args, "train") and not hasattr(args, "valid") and not is_alone(args):
        raise CommandError("--patience needs --valid")
    with resumable(args.out, lambda: _way_on(args.out / "checkpoint.npz")):
        _check_results(args)
        splits = load(args, source)
        _fit(args, model, splits)
        model.save(args.out / "model.npz", feature_map=splits.feature_map.to_arrays())
        content = metrics(model, splits)
        write_json(args.out / "metrics.json", content)
    print(run_table(content))
    print(row("written", f"{args.out / 'model.npz'}, {args.out / 'metrics.json'}"))


def model_of(args: argparse.Namespace) -> FactorizationMachine:
    """The model asked for. Raises CommandError for an argument that is bad or would be ignored."""
    fields = FactorizationMachine().get_params()
    given = {name: getattr(args, name) for name in fields if hasattr(args, name)}
    _refuse_ignored(given, args.model)
    try:
        model = MODELS[args.model](**given)
        model.config()
    except ValueError as error:
        said, *reason = str(error).split(": ", 1)  # in a reason, step is a word
        raise CommandError(": ".join([spell_options(said, fields), *reason])) from None
    return model


def _refuse_ignored(given: dict[str, Any], model: str) -> None:
    """Raise CommandError for an option that the precision or the model has no use for."""
    precision = given.get("precision", "fp32")
    wanted: dict[str, str] = {}
    for names, heeding in _HEEDED.items() if precision in ("fp32", *_QUANTIZED) else ():
        if precision not in heeding:
            wanted |= dict.fromkeys(names, f"--precision {', '.join(heeding[:-1])} or {heeding[-1]}")
    wanted |= {name: f"--optimizer {one}" for name, one in _OF_OPTIMIZERS.items() if one not in _optimizers_of(given)}
    if model == "lr":
        wanted |= dict.fromkeys(_FACTORS, "--model fm")
    for name in wanted:
        if name in given:
            raise CommandError(f"{spell_options(name, [name])} needs {wanted[name]}")
    for name, values in (("delta", "step sizes"), ("step", "values")):
        if model == "lr" and isinstance(given.get(name), tuple):
            raise CommandError(f"--{name} with two {values} needs --model fm")


def _optimizers_of(given: dict[str, Any]) -> tuple[Any, Any]:
    """The optimizers of weights and step sizes, as asked for."""
    return given.get("optimizer"), given.get("step_optimizer")


def _check_results(args: argparse.Namespace) -> None:
    """Refuse to begin where results would be overwritten, or could not be written."""
    out: Path = args.out
    checkpoint = out / "checkpoint.npz"
    given = [getattr(args, name) for name in ("train", "valid", "test") if hasattr(args, name)]
    check_results(out, ["model.npz", "metrics.json", "checkpoint.npz"], given)
    if args.force or (args.resume and checkpoint.exists()):
        return
    ways_out = "--force to replace it" if args.resume else "--resume to go on, --force to replace it"
    lost = f", but no {checkpoint} to resume from" if args.resume else ""
    for path in (out / "model.npz", out / "metrics.json", checkpoint):
        if path.exists():
            raise CommandError(f"{path} exists{lost}: use {ways_out}, or another --out")


def _fit(args: argparse.Namespace, model: FactorizationMachine, splits: Splits) -> None:
    checkpoint: Path = args.out / "checkpoint.npz"
    if args.force:
        checkpoint.unlink(missing_ok=True)
    if args.resume and checkpoint.exists():
        print(f"going on from {checkpoint}", file=sys.stderr)
    train, valid = splits.train, splits.valid
    try:
        with progress(model.config().epochs, terminal=sys.stderr.isatty()) as on_epoch:
            model.fit(
                train.X,
                train.y,
                eval_set=None if valid is None else (valid.X, valid.y),
                checkpoint=checkpoint,
                resume=args.resume,
                on_epoch=on_epoch,
            )
    except TrainingDivergedError as error:
        raise CommandError(spell_options(str(error), ["lr"])) from None


def _way_on(checkpoint: Path) -> str:
    """The sentence on how an interrupted run can go on."""
    if not checkpoint.exists():
        return "no epoch had ended, so there is nothing to resume"
    return f"the same command with --resume goes on from {checkpoint}"
