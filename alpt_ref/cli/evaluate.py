"""``alpt-ref evaluate``: the figures of a saved model on labelled data."""

import argparse
import dataclasses
import sys

from alpt_ref.cli.outputs import check_inputs, check_outputs, to_stdout
from alpt_ref.cli.parsing import CommandError, naming
from alpt_ref.cli.record import describe, measure
from alpt_ref.cli.report import figure_table
from alpt_ref.data import Dataset, FeatureMap, read
from alpt_ref.models import FactorizationMachine, load_model
from alpt_ref.tools.files import intact, write_json


def run(args: argparse.Namespace) -> None:
    """Print AUC, log-loss and calibration; write them if asked to. Raises CommandError or DataError."""
    check_outputs({"--json": args.json}, (args.model, args.data))
    model, dataset = load(args, labels=True, on_bad_line=args.on_bad_line)
    with naming(args.data):
        figures = measure(model, dataset)
    if args.json is not None:
        files = {"model": str(args.model), "data": str(args.data)}
        write_json(args.json, files | describe(dataset) | figures)
    if not to_stdout(args.json):
        print(figure_table({"data": figures}))


def load(args: argparse.Namespace, *, labels: bool, on_bad_line: str) -> tuple[FactorizationMachine, Dataset]:
    """Load --model, and --data read as its training file was. Raises CommandError or DataError."""
    check_inputs({"--model": args.model, "--data": args.data})
    model, arrays = load_model(args.model)
    if not arrays:
        raise CommandError(f"{args.model}: was saved without a feature map, so it cannot read {args.data}")
    with intact(args.model):
        feature_map = FeatureMap.from_arrays(arrays)
        if feature_map.n_features != model.n_features_in_:
            raise ValueError(f"its feature map has {feature_map.n_features} features, its weights {model.n_features_in_}")
    source = dataclasses.replace(feature_map.source, on_bad_line=on_bad_line)
    dataset = read(args.data, dataclasses.replace(feature_map, source=source), labels=labels)
    if dataset.n_skipped:
        print(f"{args.data}: {dataset.n_skipped:,} malformed lines skipped", file=sys.stderr)
    if dataset.n_unseen:
        print(f"{args.data}: {dataset.n_unseen:,} values unseen in training", file=sys.stderr)
    return model, dataset
