"""``alpt-ref compare``: methods side by side on click data."""

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

from alpt_ref.cli import resumable
from alpt_ref.cli.executors import executing
from alpt_ref.cli.notes import noting
from alpt_ref.cli.outputs import check_inputs, check_results
from alpt_ref.cli.parsing import CommandError, spell_options
from alpt_ref.cli.report import row
from alpt_ref.cli.splits import source_of, tell
from alpt_ref.data import Source
from alpt_ref.reports.comparison import report
from alpt_ref.reports.publish import PAGE, publish
from alpt_ref.studies.click_data import FORMATS, MOVIELENS, load
from alpt_ref.studies.comparison.methods import CompareSettings, methods_of
from alpt_ref.studies.comparison.run import QUICK, kinds_of
from alpt_ref.studies.comparison.run import run as compare
from alpt_ref.tools.devices import check_device
from alpt_ref.tools.files import Record


def run(args: argparse.Namespace) -> None:
    """Tune, fit, save, print. Raises CommandError or DataError before anything is written."""
    out: Path = args.out
    settings = _settings(args)
    methods = args.methods or methods_of(args.model)
    try:
        kinds_of(methods, args.bits, args.model)
        check_device(args.device)
    except ValueError as error:
        raise CommandError(spell_options(str(error), ["methods", "bits", "model", "device"])) from None
    source = _source(args)
    given, valid, test = (getattr(args, name, None) for name in ("data", "valid", "test"))
    check_inputs({"--data": given, "--valid": valid, "--test": test})

    def shown(record: Record) -> None:
        publish(report(record), out)

    with resumable(out), executing(args, out) as executor:
        check_results(out, ["compare.json", "compare.md", PAGE], [path for path in (given, valid, test) if path is not None])
        with noting():
            data = load(given, valid, test, source, quick=args.quick)
        for name, (X, y) in (("train", data.train), ("valid", data.valid), ("test", data.test)):
            tell(name, X, y)
        if data.n_skipped or data.n_unseen:
            print(f"{data.n_skipped:,} lines skipped, {data.n_unseen:,} features dropped that training lacks", file=sys.stderr)
        more = {"executor": executor, "device": args.device, "seen": args.seen}
        on_stop = None if args.dry_run else shown
        record = compare(data, args.model, methods, args.bits, out, settings, **more, on_stop=on_stop)
        if not args.dry_run:
            shown(record)
            print(row("written", f"{out / 'compare.json'}, {out / 'compare.md'}, {out / PAGE}"))


def _source(args: argparse.Namespace) -> Source | str | None:
    """Return how the files are read; MovieLens has a reader of its own, without options. ``load`` refuses unknown formats."""
    kind = getattr(args, "format", None)
    if not hasattr(args, "data") or kind is None or (kind in FORMATS and kind != MOVIELENS):
        return source_of(args, "data")
    if kind == MOVIELENS:
        for field in fields(Source):
            if field.name != "format" and hasattr(args, field.name):
                raise CommandError(f"{spell_options(field.name, [field.name])} does not apply to --format {MOVIELENS}")
    return str(kind)


def _settings(args: argparse.Namespace) -> CompareSettings:
    given = {field.name: getattr(args, field.name) for field in fields(CompareSettings) if hasattr(args, field.name)}
    if args.model == "lr" and "k" in given:
        raise CommandError("--k needs --model fm")
    try:
        return replace(QUICK, **given) if args.quick else CompareSettings(**given)
    except ValueError as error:
        raise CommandError(spell_options(str(error), list(given))) from None
