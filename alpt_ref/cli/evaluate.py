"""``alpt-ref evaluate``: the figures of a saved model on labelled data."""

import argparse
import dataclasses
import sys
from pathlib import Path

from alpt_ref.cli.parsing import CommandError
from alpt_ref.cli.record import describe, measure
from alpt_ref.cli.report import figure_table
from alpt_ref.data import Dataset, FeatureMap, read
from alpt_ref.models import FactorizationMachine, load_model
from alpt_ref.tools.files import write_json


def run(args: argparse.Namespace) -> None:
    """Print AUC, log-loss and calibration; write them if asked to. Raises CommandError or DataError."""
    spare_inputs(args, args.json)
    model, dataset = load(args, labels=True)
    figures = measure(model, dataset)
    if args.json is not None:
        files = {"model": str(args.model), "data": str(args.data)}
        write_json(args.json, files | describe(dataset) | figures)
    print(figure_table({"data": figures}))


def load(args: argparse.Namespace, *, labels: bool) -> tuple[FactorizationMachine, Dataset]:
    """Load --model, and --data read as its training file was. Raises CommandError or DataError."""
    model, arrays = load_model(args.model)
    if not arrays:
        raise CommandError(f"{args.model}: was saved without a feature map, so it cannot read {args.data}")
    feature_map = FeatureMap.from_arrays(arrays)
    source = dataclasses.replace(feature_map.source, on_bad_line=args.on_bad_line)
    dataset = read(args.data, dataclasses.replace(feature_map, source=source), labels=labels)
    if dataset.n_skipped:
        print(f"{args.data}: {dataset.n_skipped:,} malformed lines skipped", file=sys.stderr)
    if dataset.n_unseen:
        print(f"{args.data}: {dataset.n_unseen:,} values unseen in training", file=sys.stderr)
    return model, dataset


def spare_inputs(args: argparse.Namespace, output: Path | None) -> None:
    """Raise CommandError if ``output`` is one of the files to be read."""
    for path in (args.model, args.data):
        if output is not None and output.exists() and path.exists() and output.samefile(path):
            raise CommandError(f"{output} is read by this command, write elsewhere")
