"""The conformance suite property by property, on any executor: a worker loads the adapter by its name. Nothing is kept."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.executors import Executor
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.level import Level
from alpt_ref.testing.properties import BY_NAME
from alpt_ref.testing.property import Property
from alpt_ref.testing.search import notes_aside
from alpt_ref.testing.suite import Outcome, Report, check_quantizer, checked, level_of, properties_of
from alpt_ref.tools.extras import importing

with importing("testing", "the suite for quantizers"):
    from hypothesis.errors import HypothesisDeprecationWarning


def cells(where: str, names: Sequence[str], level: str, declared: Declaration) -> list[Cell]:
    """A cell for each property that a run on the named ones may judge, for a quantizer that is ``declared`` so."""
    wanted: dict[str, None] = {}

    def want(entry: Property) -> None:
        if entry.demanded_of(declared.rounding) and entry.asked_of(declared):
            for name in entry.needs:
                want(BY_NAME[name])
            wanted[entry.name] = None

    for entry in properties_of(names, declared):
        want(entry)
    return [
        Cell(RunSpec("property", {"name": name, "quantizer": where, "level": level}), _check, (where, name, level))
        for name in wanted
    ]


def check_on(
    executor: Executor, candidate: Candidate, names: Sequence[str], level: str, on_outcome: Callable[[Outcome], object]
) -> Report:
    """The report of :func:`alpt_ref.testing.suite.check_quantizer` on a candidate that was loaded by its name: properties are
    checked by the executor, with the same seeds and levels, and what each needs is judged here."""
    listed = cells(candidate.name, names, level, candidate.declared)
    known: dict[str, Outcome] = {}
    with closing(executor.compute(listed, lambda cell: False)) as coming:

        def check(entry: Property, candidate: Candidate, level: Level) -> Outcome:
            while entry.name not in known:
                done = next(coming)
                name = done.cell.spec.params["name"]
                known[name] = Outcome(BY_NAME[name], **done.result)
            return known[entry.name]

        return check_quantizer(candidate, *names, level=level, on_outcome=on_outcome, check=check)


def _check(where: str, name: str, level: str) -> dict[str, Any]:
    """Fields of the outcome, but for the property, whose check is a function."""
    with notes_aside(), warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)  # of threads of a worker, which draw random numbers
        outcome = checked(BY_NAME[name], Candidate.load(where), level_of(level))
    return {field: getattr(outcome, field) for field in Outcome.__dataclass_fields__ if field != "entry"}
