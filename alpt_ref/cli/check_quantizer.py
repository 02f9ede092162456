"""``alpt-ref check-quantizer``: the conformance suite on a quantizer of anyone's."""

import argparse
import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

from alpt_ref.cli.executors import executing
from alpt_ref.cli.outputs import check_outputs, to_stdout
from alpt_ref.cli.parsing import CommandError
from alpt_ref.reports import conformance
from alpt_ref.reports.page import render
from alpt_ref.studies.conformance import check_on
from alpt_ref.studies.executors import InProcess
from alpt_ref.studies.progress import aside, bar
from alpt_ref.testing import report as reports
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.search import notes_aside
from alpt_ref.testing.suite import Outcome, Report, check_quantizer, properties_of
from alpt_ref.tools.events import conclude, tell
from alpt_ref.tools.files import write_json, write_text
from alpt_ref.tools.origin import origin
from alpt_ref.tools.output import write_atomic


def run(args: argparse.Namespace) -> int:
    """Check and print; the exit code is 1 if a property fails, else 0. Raises CommandError or ValueError."""
    chosen = properties_of(args.properties)
    if args.list:
        print("\n".join(f"{entry.name:<23} {entry.statement} [{entry.source}]" for entry in chosen))
        return 0
    if not args.quantizer:
        raise CommandError("the quantizer is missing: package.module:Adapter or file.py:Adapter")
    source = args.quantizer.rpartition(":")[0]
    written = {"--json": args.json, "--html": args.html, "--junit": args.junit}
    check_outputs(written | {"--log-json": args.log_json}, [Path(source)] if source.endswith(".py") else [])
    talk = not any(map(to_stdout, written.values()))
    level = "quick" if args.quick else "thorough" if args.thorough else "default"
    words = nullcontext() if talk else redirect_stdout(sys.stderr)  # an adapter may print
    report: Report | None = None  # of a dry run
    with words, notes_aside(), executing(args) as executor, bar(len(chosen)) as on_part:
        candidate = Candidate.load(args.quantizer)

        def on_outcome(outcome: Outcome) -> None:
            if talk:
                with aside():
                    print(reports.line(outcome, candidate.declared), flush=True)
            on_part(outcome.entry.name)
            tell("row", property=outcome.entry.name, status=outcome.status, note=outcome.note, p=outcome.p)

        if isinstance(executor, InProcess):
            report = check_quantizer(candidate, *args.properties, level=level, on_outcome=on_outcome)
        else:
            report = check_on(executor, candidate, args.properties, level, on_outcome)
    if report is None:
        return 0
    conclude(finding=reports.verdict(report))
    if talk:
        print(f"\n{reports.details(report)}")
    if args.json:
        write_json(args.json, reports.record(report))
    if args.html:
        write_text(args.html, render(conformance.page(report), origin()))
    if args.junit:
        write_atomic(args.junit, lambda file: file.write(reports.junit(report)))
    return int(not report.conforms)
