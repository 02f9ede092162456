"""``alpt-ref verify``: verdicts on the statements."""

import argparse
import re
import time
from dataclasses import replace
from pathlib import Path

from alpt_ref.cli import resumable
from alpt_ref.cli.executors import executing
from alpt_ref.cli.outputs import check_results
from alpt_ref.cli.parsing import CommandError, spell_options
from alpt_ref.reports.live import LiveRows
from alpt_ref.reports.publish import PAGE, publish
from alpt_ref.reports.verdicts import report
from alpt_ref.studies.verification.run import Request, problems_of
from alpt_ref.studies.verification.run import run as verify
from alpt_ref.theory.claim import Claim, Row, Setting
from alpt_ref.theory.registry import claims_of, load_claims, load_rule
from alpt_ref.theory.verdict import rounds_to_nearest
from alpt_ref.tools.devices import check_device
from alpt_ref.tools.files import Record
from alpt_ref.walks.asked import enumerated
from alpt_ref.walks.rule import Rule


def run(args: argparse.Namespace) -> int:
    """Verify, save, print; the exit code is 1 if a verdict is not the expected one. Raises CommandError or ValueError."""
    own = load_claims(args.claim) if args.claim else []
    claims = claims_of(args.ids) if args.ids or not own else []
    taken = {claim.id for claim in claims_of([])} | {claim.group for claim in claims_of([])}
    for claim in own:
        if claim.id in taken:
            raise CommandError(f"--claim: {claim.id} is a statement of alpt_ref, give yours another id")
    claims += own
    if args.list:
        print("\n".join(f"{claim.id:<8}{claim.kind:<7}{claim.statement}" for claim in claims))
        return 0
    try:
        check_device(args.device)
    except ValueError as error:
        raise CommandError(spell_options(str(error), ["device"])) from None
    rule = load_rule(args.rule) if args.rule else None
    if rule is not None:
        claims = _about_rules(claims, rule, args.ids)
    setting = Setting(args.full, rule, problems_of(args.data), args.threads, device=args.device)
    complete = not args.ids and not own and rule is None
    out = args.out or _folder(args, rule, own)
    request = Request(claims, setting, out, complete, cached=rule is None and not own)
    if args.resume and not request.cached:
        raise CommandError("--resume: with --rule or --claim no rows are kept")
    if args.executor == "dask" and not request.cached:
        raise CommandError("--executor dask: rows of --rule or --claim are computed in this process, which alone knows them")
    began, live = time.perf_counter(), LiveRows()

    def shown(record: Record) -> None:
        publish(report(record, time.perf_counter() - began, rule), out, live.shown)

    no_way_on = "with --rule or --claim nothing is kept to go on from"
    with resumable(out, None if request.cached else lambda: no_way_on), executing(args, out) as executor:
        check_results(out, ["verdicts.json", "verdicts.md", PAGE], args.data)
        request = replace(request, executor=executor)
        if args.dry_run:
            verify(request, lambda row, last: None, None)
            return 0
        record = verify(request, live, shown)
        shown(record)
        return int(any(Row.from_record(row).surprising for row in record["rows"]))
    return 0


def _folder(args: argparse.Namespace, rule: Rule | None, own: list[Claim]) -> Path:
    """The folder of what is asked for, so that no question replaces the results of another: results/verify_T1_full, say."""
    parts = [*args.ids, *(claim.id for claim in own), *([rule.name] if rule else []), *(path.name for path in args.data)]
    words = [re.sub(r"[^A-Za-z0-9().#<>-]", "-", part) for part in parts]
    return Path("results", "_".join(["verify", *words, *(["full"] if args.full else [])]))


def _about_rules(claims: list[Claim], rule: Rule, ids: list[str]) -> list[Claim]:
    """Return the claims in which ``rule`` can take the place of their own: on nearest rounding for a rule that rounds to
    nearest, on stochastic rounding for every other; the others where they, or nothing else of their statement, are named.
    CommandError where none is left.
    """
    kind = "nearest" if rounds_to_nearest(enumerated(rule)).holds else "unbiased"
    fit = {claim.group for claim in claims if claim.rule in ("any", kind)}
    named = {name.upper() for name in ids}

    def wanted(claim: Claim) -> bool:
        asked = claim.id.upper() in named or (claim.group in named and claim.group not in fit)
        return claim.rule in ("any", kind) or (bool(claim.rule) and asked)

    chosen = [claim for claim in claims if wanted(claim)]
    if not chosen:
        raise CommandError(f"--rule: {', '.join(claim.id for claim in claims)} has no rounding rule that another could replace")
    return chosen
