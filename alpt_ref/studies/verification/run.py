"""Verdicts on all statements: runs the claims, and saves each row as it is found.

OUT/cells/           finished rows: an interrupted run goes on from there, as long as the code is the same
OUT/<code>/cells/    fits of the CTR panel, by the version of the code

Rows of a user's rules and claims are never kept: a function has no name that tells its versions apart.
"""

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from alpt_ref.problems import LogisticProblem
from alpt_ref.scalars.diskcache import source_hash
from alpt_ref.studies.cells import RunSpec, Store
from alpt_ref.studies.click_data import synthetic
from alpt_ref.studies.convergence import ctr
from alpt_ref.studies.convergence.convex import read_problems
from alpt_ref.studies.convergence.settings import CtrSettings, Settings
from alpt_ref.studies.progress import OnStop, bar, cell_moves, leaving, refuse_other
from alpt_ref.studies.verification import directions, floors
from alpt_ref.studies.verification.blame import blamed
from alpt_ref.studies.verification.helper import second_process
from alpt_ref.studies.verification.record import about, record_of
from alpt_ref.theory.claim import FALSE_ALARM, Claim, Instance, Row, Setting
from alpt_ref.theory.registry import all_claims
from alpt_ref.theory.verdict import verify
from alpt_ref.tools.checks import check_subnormals
from alpt_ref.tools.events import tell
from alpt_ref.tools.files import Arrays, Record
from alpt_ref.tools.interrupts import heed, heeding_interrupts
from alpt_ref.tools.output import check_writable

PANEL = CtrSettings(n_rows=12_000, seeds=8)
MANY = 20  # rows that a second process is started for
Job = tuple[Claim, Instance]
OnRow = Callable[[Row, bool], object]
TOLD = ("id", "instance", "kind", "method", "verdict", "expected", "measured", "half", "bound", "ratio")  # of a row, to the log


@dataclass(frozen=True)
class Request:
    """A run that is asked for.

    claims : in order. setting : as the claims take it. complete : also C1 and C2 in both directions and the CTR panel.
    cached : whether finished rows are kept, as only those of built-in claims and rules can be. out : the folder of the cells.
    """

    claims: Sequence[Claim]
    setting: Setting
    out: Path
    complete: bool = False
    cached: bool = False
    panel: CtrSettings = field(default_factory=lambda: PANEL)

    def __post_init__(self) -> None:
        if self.cached and (self.setting.rule is not None or self.own):
            raise ValueError("rows of a rule or a claim of your own cannot be kept: cached must be False")

    @property
    def own(self) -> list[str]:
        """The claims that are not this package's, by id; a copy of one that is counts."""
        known = {id(claim) for claim in all_claims()}
        return [claim.id for claim in self.claims if id(claim) not in known]


def problems_of(paths: Sequence[Path]) -> tuple[LogisticProblem, ...]:
    """A logistic problem for each libsvm file."""
    return tuple(read_problems(paths, Settings().l2_real))


def code_version() -> str:
    """Sixteen hexadecimal digits of the package's sources: a saved row is one of this very code."""
    return source_hash()[:16]


def jobs_of(request: Request) -> list[Job]:
    """Pair every claim with each of its instances. ValueError where a claim names two instances alike, or cannot make them."""
    out = []
    for claim in request.claims:
        with blamed(claim.id):
            instances = list(claim.instances(request.setting))
            if not instances:
                raise ValueError("no instances")
            out += [(claim, instance) for instance in instances]
    names = [(claim.id, instance.name) for claim, instance in out]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{' and '.join(': '.join(name) for name in sorted(twice))}: more than one instance of that name")
    return out


def rows_of(request: Request, jobs: Sequence[Job] = ()) -> Generator[Row]:
    """All rows, in order. jobs : those of the request, where they are known.

    Monte Carlo rows share the table's false alarm rate evenly, and take all threads. Exact rows come one after the other, while
    a second process, where there are threads for one, takes them from the other end.
    """
    jobs = jobs or jobs_of(request)
    check_writable(request.out)
    alpha = level(jobs)
    sampled = [instance.method == "monte-carlo" for _, instance in jobs]
    both = request.cached and request.setting.threads > 1 and len(jobs) > MANY
    names = tuple(claim.id for claim in request.claims)
    theirs = replace(request, claims=(), setting=replace(request.setting, threads=1, device="cpu"))
    with second_process(from_the_end, names, theirs, alpha) if both else nullcontext():
        yield from _in_order(request, jobs, sampled, alpha)


def level(jobs: Sequence[Job]) -> float:
    """The level of each Monte Carlo row's interval."""
    return FALSE_ALARM / max(sum(instance.method == "monte-carlo" for _, instance in jobs), 1)


def from_the_end(ids: Sequence[str], request: Request, alpha: float) -> None:
    """Save what else a complete run has, then the exact rows of the claims named, the last one first."""
    known = {claim.id: claim for claim in all_claims()}
    request = replace(request, claims=[known[name] for name in ids])
    if request.complete:
        _others(request)
    for claim, instance in reversed(jobs_of(request)):
        if instance.method != "monte-carlo":
            _saved(request, claim, instance, alpha, 1)


def _in_order(request: Request, jobs: Sequence[Job], sampled: Sequence[bool], alpha: float) -> Iterator[Row]:
    with bar(len(jobs)) as on_part, heeding_interrupts():
        for (claim, instance), many in zip(jobs, sampled, strict=True):
            seconds: list[float] = []
            with blamed(f"{claim.id}, {instance.name}"):
                row = _saved(request, claim, instance, alpha, request.setting.threads if many else 1, seconds.append)
            on_part(f"{row.id} {row.instance}", found=seconds == [0.0])
            record = row.record()
            tell("row", **{name: record[name] for name in TOLD})
            yield row
            heed()


def _saved(
    request: Request,
    claim: Claim,
    instance: Instance,
    alpha: float,
    threads: int,
    on_cell: Callable[[float], None] = lambda seconds: None,
) -> Row:
    """The row. on_cell : called with its seconds, 0 where it was found, of a row that is kept."""
    if not request.cached:
        row = verify(claim, instance, alpha, threads, request.setting.rule, request.setting.device)
        check_subnormals("the rule or the claim")
        return row
    s = request.setting
    data = [problem.fingerprint for problem in s.data]
    spec = {"id": claim.id, "instance": instance.name, "full": s.full, "seed": s.seed, "alpha": alpha, "data": data}
    spec["code"] = code_version()

    def compute() -> Arrays:
        row = verify(claim, instance, alpha, threads, device=s.device)
        return {"row": np.array(json.dumps(row.record()))}

    arrays = Store(request.out, lambda _, seconds: on_cell(seconds)).cell(RunSpec("verdict", spec), compute)
    return Row.from_record(json.loads(str(arrays["row"])))


def _others(request: Request, on_cell: Callable[[RunSpec, float], None] | None = None) -> Record:
    """The CTR panel, C1 and C2 in both directions, and floors over Delta: saved, as rows are."""
    parts: dict[str, Callable[[], list[Record]]] = {"directions": directions.measure, "floors": floors.measure}
    store, code = Store(request.out, on_cell), code_version()

    def saved(name: str, measure: Callable[[], list[Record]]) -> list[Record]:
        spec = RunSpec("verdict", {"part": name, "code": code})
        cell = store.cell(spec, lambda: {"json": np.array(json.dumps(measure()))})
        found: list[Record] = json.loads(str(cell["json"]))
        return found

    return {"ctr": ctr_panel(request, on_cell)} | {name: saved(name, measure) for name, measure in parts.items()}


def ctr_panel(request: Request, on_cell: Callable[[RunSpec, float], None] | None = None) -> Record:
    """LR and FM on generated clicks, DR against SR, learning rates tuned on validation data; fits are kept as cells."""
    clicks = synthetic(request.panel, request.setting.seed)
    settings = Settings(seed=request.setting.seed, ctr=request.panel)
    return ctr.study(Store(request.out / code_version(), on_cell), clicks, settings, request.setting.threads)


def run(request: Request, on_row: OnRow = lambda row, last: None, on_stop: OnStop | None = None) -> Record:
    """Verify; returns the record of :mod:`alpt_ref.reports.verdicts`, JSON values.

    Its directions, floors and ctr (C1 and C2 in both directions; floors over Delta; the CTR panel) are None where the request
    is not complete. Raises ValueError where OUT/verdicts.json answers another request.

    on_row : called with each row as it is found, and with whether it is the last of its claim. on_stop : where an error or a
    Ctrl-C ends the run, called with the record of the rows found so far, whose "complete" is False; not where OUT holds a
    complete one.
    """
    held = refuse_other(request.out / "verdicts.json", about(request))
    rows: list[Row] = []
    jobs = jobs_of(request)
    following = [claim.id for claim, _ in jobs[1:]] + [""]
    with leaving(held, lambda: record_of(request, rows, len(jobs)) if rows else {}, on_stop):
        with closing(rows_of(request, jobs)) as found:
            for row, after in zip(found, following, strict=True):
                rows.append(row)
                on_row(row, row.id != after)
        others = _others_shown(request) if request.complete else {}
    return record_of(request, rows, len(jobs)) | others


def _others_shown(request: Request) -> Record:
    with bar(2 + ctr.n_cells(request.panel)) as on_part:
        return _others(request, cell_moves(on_part))
