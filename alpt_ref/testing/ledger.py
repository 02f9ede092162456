"""The outcomes of a pytest session, in a folder that workers of pytest-xdist share: every property is checked by one of them.

    <adapter>/about                name, declaration and level, pickled
    <adapter>/<property>.checked   the outcome of a property by itself; the worker that finds it holds <property>.lock
    <adapter>/<property>.asked     the outcomes that its test tells; empty while it runs, and after it broke off

The folder lives as long as the session, and none but its user can enter it.
"""

import pickle
from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.level import LEVELS, Level
from alpt_ref.testing.properties import BY_NAME, CONTRACT
from alpt_ref.testing.property import Property
from alpt_ref.testing.suite import FAIL, Examination, Outcome, Report, checked
from alpt_ref.tools.locks import locked
from alpt_ref.tools.output import write_atomic

BROKE_OFF = "its test broke off, so nothing is known of it"


class Elsewhere(Candidate):
    """A candidate that another process has examined: its name and its declaration."""

    def __init__(self, name: str, declared: Declaration) -> None:
        self.adapter, self.name, self.declared = None, name, declared


class Examined:
    """A candidate under examination in a session: what one of its processes has found out the others read.

    key : tells it from others of the session, in every process. folder : the session's; None where nothing is shared.
    """

    def __init__(self, candidate: Candidate, level: Level, key: str, folder: Path | None = None) -> None:
        self.candidate, self.level, self.folder = candidate, level, folder
        self._key = blake2b(f"{key} {level.name}".encode(), digest_size=8).hexdigest()

    @cached_property
    def _examination(self) -> Examination:
        return Examination(self.candidate, self.level, self._checked)

    @cached_property
    def _place(self) -> Path | None:
        if self.folder is None:
            return None
        self.folder.mkdir(mode=0o700, exist_ok=True)
        place = self.folder / self._key
        place.mkdir(exist_ok=True)
        _write(place / "about", (self.candidate.name, self.candidate.declared, self.level.name))
        return place

    def begin(self) -> None:
        """Make the plainest call. Raises ValueError, one sentence, where it changes the arithmetic of the process."""
        _ = self._examination

    def outcome(self, entry: Property) -> tuple[Outcome, tuple[Outcome, ...]]:
        """The outcome of a property, and the failures for which it could not be judged."""
        place = self._place
        if place is not None:
            (place / f"{entry.name}.asked").touch()
        outcome, reasons = self._examination.outcome(entry), self._examination.reasons(entry)
        if place is not None:
            _write(place / f"{entry.name}.asked", [_fields(one) for one in (outcome, *reasons)])
        return outcome, reasons

    def _checked(self, entry: Property, candidate: Candidate, level: Level) -> Outcome:
        """The outcome of a property by itself, from the worker that was here first."""
        if self._place is None:
            return checked(entry, candidate, level)
        place = self._place / f"{entry.name}.checked"
        with locked(place.with_suffix(".lock")):
            if not place.exists():
                _write(place, _fields(checked(entry, candidate, level)))
        return _outcome(_read(place))


def gathered(folder: Path) -> list[Report]:
    """The reports of all candidates of a session, by name, with the properties that its tests asked for and the failures that
    kept one from being judged. A test that broke off counts as failed."""
    reports = [_report(about.parent) for about in folder.glob("*/about")]
    return sorted((report for report in reports if report.outcomes), key=lambda report: report.candidate.name)


def _report(place: Path) -> Report:
    name, declared, level = _read(place / "about")
    found: dict[str, Outcome] = {}
    for entry in CONTRACT:
        asked = place / f"{entry.name}.asked"
        if asked.exists():
            told = [_outcome(fields) for fields in _read(asked)] if asked.stat().st_size else [broke_off(entry)]
            found |= {outcome.entry.name: outcome for outcome in told if outcome.entry.name not in found}
    return Report(Elsewhere(name, declared), LEVELS[level], _ordered(found.values()))


def _ordered(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    return tuple(sorted(outcomes, key=lambda outcome: CONTRACT.index(outcome.entry)))


def broke_off(entry: Property) -> Outcome:
    """The outcome of a property whose test ended before it was judged: a crash, say."""
    return Outcome(entry, FAIL, BROKE_OFF, 0.0)


def _fields(outcome: Outcome) -> dict[str, Any]:
    """All of an outcome that can be pickled: its property, which has functions, by name."""
    return {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__} | {"entry": outcome.entry.name}


def _outcome(fields: dict[str, Any]) -> Outcome:
    return Outcome(**fields | {"entry": BY_NAME[fields["entry"]]})


def _write(path: Path, value: Any) -> None:
    write_atomic(path, lambda file: pickle.dump(value, file))


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())
