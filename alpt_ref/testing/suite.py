"""The suite: it checks every property of the contract on one candidate.

False alarms. Properties that are checked exactly have none. Each statistical property rejects a correct quantizer with
probability at most FALSE_ALARM / (number of statistical properties): its p-value is super-uniform (Ville, Bonferroni within the
property). By the union bound a whole run rejects a correct quantizer with probability at most FALSE_ALARM.
"""

import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Violation
from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.evidence import Sensitivity
from alpt_ref.testing.level import LEVELS, Level
from alpt_ref.testing.properties import BY_NAME, CONTRACT
from alpt_ref.testing.property import Finding, Property
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import check_subnormals, one_of

FALSE_ALARM = 1e-6
ALPHA = FALSE_ALARM / sum(entry.statistical for entry in CONTRACT)
PASS, FAIL, SKIP = "pass", "fail", "not applicable"


@dataclass(frozen=True)
class Outcome:
    """The outcome of one property: pass, fail or not applicable.

    note : what was tried, why it is not applicable, or the counterexample in words. recipe : Python that shows the
        counterexample.
    case : its call, where one call shows it. p, sensitivity : those of a statistical property.
    """

    entry: Property
    status: str
    note: str
    seconds: float
    recipe: str = ""
    case: Case | None = None
    p: float | None = None
    sensitivity: tuple[Sensitivity, ...] = ()

    @property
    def failed(self) -> bool:
        """True where the property fails."""
        return self.status == FAIL

    @property
    def told(self) -> str:
        """The property and its note, in one line."""
        return f"{self.entry.name}: {self.note}"


@dataclass(frozen=True)
class Report:
    """The outcomes of a run, in the order of the contract."""

    candidate: Candidate
    level: Level
    outcomes: tuple[Outcome, ...]

    __repr__ = brief_repr

    @property
    def conforms(self) -> bool:
        """True where nothing failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.failed)

    def __getitem__(self, name: str) -> Outcome:
        """The outcome of the property ``name``; KeyError where it was not checked."""
        found = [outcome for outcome in self.outcomes if outcome.entry.name == name]
        if not found:
            raise KeyError(f"{name!r} was not checked")
        return found[0]


def level_of(name: str) -> Level:
    """The level of that name; ValueError for another."""
    one_of("level", name, LEVELS, str)
    return LEVELS[name]


def properties_of(names: Sequence[str], declared: Declaration | None = None) -> list[Property]:
    """The named properties, in the order of the contract; where no names are given all, or those about grids like that of a
    quantizer that is ``declared`` so. ValueError for an unknown one."""
    for name in names:
        if not isinstance(name, str) or name not in BY_NAME:
            raise ValueError(f"unknown property {name!r}; one of {', '.join(BY_NAME)}")
    return [
        entry for entry in CONTRACT if entry.name in names or (not names and (declared is None or entry.asked_of(declared)))
    ]


def checked(entry: Property, candidate: Candidate, level: Level) -> Outcome:
    """The outcome of one property, by itself: it is judged whatever became of those that it needs."""
    began = time.perf_counter()
    try:
        with np.errstate(all="ignore"):  # what is wrong may overflow, and is told otherwise
            found = entry.check(candidate, level, ALPHA)
    except NotApplicable as why:
        return Outcome(entry, SKIP, str(why), time.perf_counter() - began)
    except Violation as bad:
        return Outcome(entry, FAIL, bad.message, time.perf_counter() - began, bad.recipe, bad.case)
    return _judged(entry, found, time.perf_counter() - began)


Checked = Callable[[Property, Candidate, Level], Outcome]


class Examination:
    """The outcomes of one candidate, each computed once, after those that it needs. Where the plainest call of all fails, that
    is told once, and nothing else is judged. check : finds the outcome of a property by itself."""

    def __init__(self, candidate: Candidate, level: Level, check: Checked = checked) -> None:
        self.candidate, self.level, self._check = candidate, level, check
        self._known: dict[str, Outcome] = {}
        self._dead = _plainest_call(candidate)

    def outcome(self, entry: Property) -> Outcome:
        """The outcome of a property. There is one whatever the candidate does, but for KeyboardInterrupt and the like."""
        if entry.name not in self._known:
            self._known[entry.name] = self._examine(entry)
        return self._known[entry.name]

    def reasons(self, entry: Property) -> tuple[Outcome, ...]:
        """The failures for which the property could not be judged; none where it was."""
        if self.outcome(entry).status != SKIP or not self._demanded(entry):
            return ()
        needed = [self.outcome(BY_NAME[name]) for name in entry.needs]
        return tuple(found for need in needed for found in ((need,) if need.failed else self.reasons(need.entry)))

    def _demanded(self, entry: Property) -> bool:
        declared = self.candidate.declared
        return entry.demanded_of(declared.rounding) and entry.asked_of(declared)

    def _examine(self, entry: Property) -> Outcome:
        declared = self.candidate.declared
        if not entry.demanded_of(declared.rounding):
            return Outcome(entry, SKIP, f"{declared.rounding} rounding", 0.0)
        if not entry.asked_of(declared):
            return Outcome(entry, SKIP, f"of {entry.grids} alone", 0.0)
        if self._dead is not None:
            if any(outcome.failed for outcome in self._known.values()):
                return Outcome(entry, SKIP, "not judged: the plainest call fails", 0.0)
            return Outcome(entry, FAIL, self._dead.message, 0.0, self._dead.recipe, self._dead.case)
        for name in entry.needs:
            need = self.outcome(BY_NAME[name])
            if need.failed or self.reasons(need.entry):
                return Outcome(entry, SKIP, f"not judged: needs {name}", 0.0)
        return self._check(entry, self.candidate, self.level)


def _plainest_call(candidate: Candidate) -> Violation | None:
    """The Violation of a call for one 0, None where it goes well."""
    try:
        candidate.values(Case(candidate.declared.plain, np.zeros(1, np.float32)))
    except Violation as found:
        return found
    finally:
        check_subnormals(f"a call of {candidate.name}")
    return None


def _judged(entry: Property, found: Finding, spent: float) -> Outcome:
    if found.p is not None and found.p <= ALPHA:
        return Outcome(entry, FAIL, found.against, spent, found.recipe, p=found.p, sensitivity=found.sensitivity)
    return Outcome(entry, PASS, found.note, spent, p=found.p, sensitivity=found.sensitivity)


def check_quantizer(
    adapter: Any,
    *names: str,
    level: str = "default",
    on_outcome: Callable[[Outcome], object] = lambda outcome: None,
    check: Checked = checked,
) -> Report:
    """The Report of ``adapter`` on the named properties, or on all where no names are given.

    A failure that keeps one of them from being judged is reported, too.

    adapter : a class or object of :mod:`alpt_ref.testing.adapter`, or a Candidate.
    level : "quick" (seconds), "default" (below a minute for a fast quantizer) or "thorough" (minutes).
    on_outcome : called with each outcome as it is known. check : finds the outcome of a property by itself, here or elsewhere.

    Raises ValueError for an unknown property or level, and where ``adapter`` is none.
    """
    candidate = adapter if isinstance(adapter, Candidate) else Candidate(adapter)
    examination = Examination(candidate, level_of(level), check)
    outcomes: dict[str, Outcome] = {}
    for entry in properties_of(names, candidate.declared):
        for outcome in (examination.outcome(entry), *examination.reasons(entry)):
            if outcome.entry.name not in outcomes:
                outcomes[outcome.entry.name] = outcome
                on_outcome(outcome)
    return Report(candidate, examination.level, tuple(outcomes.values()))


def assert_conforms(adapter: Any, *names: str, level: str = "default") -> None:
    """Raise an AssertionError that lists counterexamples, unless ``adapter`` passes the named properties. All are meant where
    no names are given. Raises ValueError as :func:`check_quantizer` does."""
    report = check_quantizer(adapter, *names, level=level)
    if not report.conforms:
        raise AssertionError("\n".join(f"{o.told}\n{textwrap.indent(o.recipe, ' ' * 4)}" for o in report.failures))
