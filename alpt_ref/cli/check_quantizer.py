"""``alpt-ref check-quantizer``: the conformance suite on a quantizer of anyone's."""

import argparse

from alpt_ref.cli.parsing import CommandError
from alpt_ref.studies.progress import bar
from alpt_ref.testing import report as reports
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.suite import Outcome, check_quantizer, properties_of
from alpt_ref.tools.files import check_writable, write_atomic, write_json


def run(args: argparse.Namespace) -> int:
    """Check and print; the exit code is 1 if a property fails, else 0. Raises CommandError or ValueError."""
    chosen = properties_of(args.properties)
    if args.list:
        print("\n".join(f"{entry.name:<23} {entry.statement} [{entry.source}]" for entry in chosen))
        return 0
    if not args.quantizer:
        raise CommandError("the quantizer is missing: package.module:Adapter or file.py:Adapter")
    if args.json is not None and args.json == args.junit:
        raise CommandError(f"--json and --junit must be two files, got {args.json} for both")
    for option, path in (("--json", args.json), ("--junit", args.junit)):
        if path is not None and path.is_dir():
            raise CommandError(f"{option} {path} is a folder")
        if path is not None:
            check_writable(path.parent)
    candidate = Candidate.load(args.quantizer)
    level = "quick" if args.quick else "thorough" if args.thorough else "default"
    with bar(len(chosen)) as on_part:

        def on_outcome(outcome: Outcome) -> None:
            print(reports.line(outcome), flush=True)
            on_part(outcome.entry.name)

        report = check_quantizer(candidate, *args.properties, level=level, on_outcome=on_outcome)
    print(f"\n{reports.details(report)}")
    if args.json:
        write_json(args.json, reports.record(report))
    if args.junit:
        write_atomic(args.junit, lambda file: file.write(reports.junit(report)))
    return int(not report.conforms)
