"""``alpt-ref compare``: methods side by side on click data."""

import argparse
import sys
from dataclasses import fields, replace

from alpt_ref.cli.parsing import CommandError, spell_options
from alpt_ref.studies.click_data import load
from alpt_ref.studies.compare import QUICK, kinds_of
from alpt_ref.studies.compare import run as compare
from alpt_ref.studies.methods import METHODS, CompareSettings


def run(args: argparse.Namespace) -> None:
    """Tune, fit, save, print. Raises CommandError or DataError before anything is written."""
    if args.threads < 1:
        raise CommandError(f"--threads must be a positive integer, got {args.threads}")
    settings = _settings(args)
    methods = args.methods or tuple(METHODS)
    try:
        kinds_of(methods, args.bits)
    except ValueError as error:
        raise CommandError(spell_options(str(error), ["methods", "bits"])) from None
    data = load(args.data, args.valid, args.test, args.format, quick=args.quick)
    for name, (X, _) in (("train", data.train), ("valid", data.valid), ("test", data.test)):
        print(f"{name}: {X.shape[0]:,} rows, {X.shape[1]:,} features", file=sys.stderr)
    try:
        compare(data, args.model, methods, args.bits, args.out, settings, threads=args.threads)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same command goes on from what {args.out} holds") from None


def _settings(args: argparse.Namespace) -> CompareSettings:
    given = {field.name: getattr(args, field.name) for field in fields(CompareSettings) if hasattr(args, field.name)}
    if args.model == "lr" and "k" in given:
        raise CommandError("--k needs --model fm")
    try:
        return replace(QUICK if args.quick else CompareSettings(), **given)
    except ValueError as error:
        raise CommandError(spell_options(str(error), list(given))) from None
