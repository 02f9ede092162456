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

from alpt_ref.problems import LogisticProblem
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.click_data import synthetic
from alpt_ref.studies.convergence import ctr
from alpt_ref.studies.convergence.convex import read_problems
from alpt_ref.studies.convergence.settings import CtrSettings, Settings
from alpt_ref.studies.executors import Executor, InProcess
from alpt_ref.studies.progress import OnStop, bar, cell_moves, leaving, refuse_other
from alpt_ref.studies.store import OnCell, Store, unheard
from alpt_ref.studies.verification import rows
from alpt_ref.studies.verification.blame import blamed
from alpt_ref.studies.verification.helper import second_process
from alpt_ref.studies.verification.record import about, record_of
from alpt_ref.theory.claim import FALSE_ALARM, Claim, Instance, Row, Setting
from alpt_ref.theory.registry import all_claims
from alpt_ref.tools.events import tell
from alpt_ref.tools.files import Record
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
    cached : whether finished rows are kept, as only those of built-in claims and rules can be: others have no name by which
    another run or another process would know them. out : the folder of the cells. executor : computes them; None: this process,
    with the setting's threads.
    """

    claims: Sequence[Claim]
    setting: Setting
    out: Path
    complete: bool = False
    cached: bool = False
    panel: CtrSettings = field(default_factory=lambda: PANEL)
    executor: Executor | None = None

    def __post_init__(self) -> None:
        if self.cached and (self.setting.rule is not None or self.own):
            raise ValueError("rows of a rule or a claim of your own cannot be kept: cached must be False")

    @property
    def by(self) -> Executor:
        """The executor."""
        return self.executor or InProcess(self.setting.threads)

    def store(self, on_cell: OnCell = unheard) -> Store:
        """The store of rows, which keeps them where they are cached."""
        return Store(self.out if self.cached else None, self.by, on_cell)

    @property
    def own(self) -> list[str]:
        """The claims that are not this package's, by id; a copy of one that is counts."""
        known = {id(claim) for claim in all_claims()}
        return [claim.id for claim in self.claims if id(claim) not in known]


def problems_of(paths: Sequence[Path]) -> tuple[LogisticProblem, ...]:
    """A logistic problem for each libsvm file."""
    return tuple(read_problems(paths, Settings().l2_real))


def jobs_of(request: Request) -> list[Job]:
    """Pair every claim with each of its instances. ValueError where a claim names two instances alike, or cannot make them."""
    out = []
    for claim in request.claims:
        with blamed(claim.id):
            instances = rows.instances_of(claim, request.setting, request.cached)
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

    Monte Carlo rows share the table's false alarm rate evenly. In this process rows come one after the other, with all threads,
    while a second process, where there are threads for one, takes exact ones from the other end.
    """
    jobs = jobs or jobs_of(request)
    check_writable(request.out)
    alpha = level(jobs)
    both = request.cached and isinstance(request.by, InProcess) and request.by.threads > 1 and len(jobs) > MANY
    names = tuple(claim.id for claim in request.claims)
    theirs = replace(request, claims=(), setting=replace(request.setting, threads=1, device="cpu"), executor=None)
    with second_process(from_the_end, names, theirs, alpha) if both else nullcontext():
        yield from _in_order(request, jobs, alpha)


def level(jobs: Sequence[Job]) -> float:
    """The level of each Monte Carlo row's interval."""
    return FALSE_ALARM / max(sum(instance.method == "monte-carlo" for _, instance in jobs), 1)


def from_the_end(ids: Sequence[str], request: Request, alpha: float) -> None:
    """Save what else a complete run has, then the exact rows of the claims named, the last one first."""
    known = {claim.id: claim for claim in all_claims()}
    request = replace(request, claims=[known[name] for name in ids])
    if request.complete:
        _others(request)
    jobs = [job for job in reversed(jobs_of(request)) if job[1].method != "monte-carlo"]
    cells = [rows.cell_of(request, *job, alpha) for job in jobs]
    with request.store().wave(cells) as found:
        for cell in cells:
            found(cell)


def _in_order(request: Request, jobs: Sequence[Job], alpha: float) -> Iterator[Row]:
    cells = [rows.cell_of(request, *job, alpha) for job in jobs]
    with bar(len(jobs)) as on_part, heeding_interrupts():

        def on_cell(spec: RunSpec, seconds: float) -> None:
            on_part(f"{spec.params['id']} {spec.params['instance']}", found=seconds == 0.0)

        yield from _rows_found(request.store(on_cell), cells)


def _rows_found(store: Store, cells: Sequence[Cell]) -> Iterator[Row]:
    with store.wave(cells) as found:
        for cell in cells:
            row = rows.row_of(found(cell))
            record = row.record()
            tell("row", **{name: record[name] for name in TOLD})
            yield row
            heed()


def _others(request: Request, on_cell: OnCell = unheard) -> Record:
    """The CTR panel, C1 and C2 in both directions, and floors over Delta: saved, as rows are."""
    cells = {name: rows.part_of(name) for name in rows.PARTS}
    with request.store(on_cell).wave(list(cells.values())) as found:
        parts = {name: json.loads(str(found(cell)["json"])) for name, cell in cells.items()}
    return {"ctr": ctr_panel(request, on_cell)} | parts


def ctr_panel(request: Request, on_cell: OnCell = unheard) -> Record:
    """LR and FM on generated clicks, DR against SR, learning rates tuned on validation data; fits are kept as cells."""
    clicks = synthetic(request.panel, request.setting.seed)
    settings = Settings(seed=request.setting.seed, ctr=request.panel)
    return ctr.study(Store(request.out / rows.code_version(), request.by, on_cell), clicks, settings)


def run(request: Request, on_row: OnRow = lambda row, last: None, on_stop: OnStop | None = None) -> Record:
    """Verify; returns the record of :mod:`alpt_ref.reports.verdicts`, JSON values.

    Its directions, floors and ctr (C1 and C2 in both directions; floors over Delta; the CTR panel) are None where the request
    is not complete. Raises ValueError where OUT/verdicts.json answers another request.

    on_row : called with each row as it is found, and with whether it is the last of its claim. on_stop : where an error or a
    Ctrl-C ends the run, called with the record of the rows found so far, whose "complete" is False; not where OUT holds a
    complete one.
    """
    held = refuse_other(request.out / "verdicts.json", about(request))
    seen: list[Row] = []
    jobs = jobs_of(request)
    following = [claim.id for claim, _ in jobs[1:]] + [""]
    with leaving(held, lambda: record_of(request, seen, len(jobs)) if seen else {}, on_stop):
        with closing(rows_of(request, jobs)) as found:
            for row, after in zip(found, following, strict=True):
                seen.append(row)
                on_row(row, row.id != after)
        others = _others_shown(request) if request.complete else {}
    return record_of(request, seen, len(jobs)) | others


def _others_shown(request: Request) -> Record:
    with bar(2 + ctr.n_cells(request.panel)) as on_part:
        return _others(request, cell_moves(on_part))
