"""``parametrize_with_properties``: a test function of your own becomes a test for each adapter and property.

    from alpt_ref.testing import parametrize_with_properties

    @parametrize_with_properties(Naive, "mine:Compared", level="quick")
    def test_conforms(check):
        check()

It is to quantizers what scikit-learn's ``parametrize_with_checks`` is to estimators; a check knows its quantizer.
"""

import copy
import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.contract import judge
from alpt_ref.testing.ledger import Examined
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Property
from alpt_ref.testing.suite import level_of, properties_of


class WrongArgumentsError(ValueError, pytest.Collector.CollectError):
    """A ValueError that pytest tells as one sentence, without the way to it."""


class Check:
    """One property of one adapter, to be called in a test: it passes, fails with the counterexample, or skips with the reason.

    quantizer : the adapter, an object. name : that of the property.
    """

    def __init__(self, one: Examined, entry: Property) -> None:
        self._examined, self._entry = one, entry
        self.quantizer: Any = one.candidate.adapter
        self.name = entry.name

    def __call__(self) -> None:
        """Judge the property. Each is checked once in a session, whoever needs it."""
        __tracebackhide__ = True
        judge(self._examined, self._entry)

    def __repr__(self) -> str:
        return f"Check({self._examined.candidate.name}, {self.name})"

    def share(self, folder: Path) -> None:
        """Share what is found with other processes, in ``folder``."""
        self._examined.folder = folder


def parametrize_with_properties(
    *adapters: Any, level: str = "default", properties: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Any]:
    """The decorator of a test function with an argument ``check``; it becomes a test for each adapter and property, whose id is
    "Adapter-property".

    adapters : classes or objects of :mod:`alpt_ref.testing.adapter`, or texts "package.module:Name" or "file.py:Name". level :
        "quick", "default" or "thorough". properties : names; all where none are given.

    Raises ValueError for what is wrong, one sentence, which pytest shows in collecting.
    """
    try:
        chosen, effort = _properties(properties), level_of(level)
        candidates = _named([_candidate(adapter) for adapter in adapters])
    except ValueError as error:
        raise WrongArgumentsError(f"parametrize_with_properties: {error}") from None

    def decorated(function: Callable[..., Any]) -> Any:
        if not inspect.isfunction(function) or "check" not in inspect.signature(function).parameters:
            told = getattr(function, "__name__", repr(function))
            raise WrongArgumentsError(f"parametrize_with_properties: {told} must be a function with an argument check")
        checks = _checks(function, candidates, effort, chosen)
        return pytest.mark.parametrize("check", checks)(function)

    return decorated


def _candidate(adapter: Any) -> Candidate:
    if isinstance(adapter, Candidate):
        return copy.copy(adapter)
    return Candidate.load(adapter) if isinstance(adapter, str) else Candidate(adapter)


def _properties(names: Sequence[str]) -> list[Property]:
    if isinstance(names, str):
        raise ValueError(f"properties must be a sequence of names, got the text {names!r}")
    return properties_of(tuple(names))


def _named(candidates: list[Candidate]) -> dict[str, Candidate]:
    """The candidates by names that differ: where several have one, they are numbered. ValueError for none."""
    if not candidates:
        raise ValueError('an adapter is missing: a class or object, or text "package.module:Name"')
    count, seen = Counter(candidate.name for candidate in candidates), Counter[str]()
    for candidate in candidates:
        seen[candidate.name] += 1
        if count[candidate.name] > 1:
            candidate.name += f"-{seen[candidate.name]}"
    return {candidate.name: candidate for candidate in candidates}


def _checks(function: Any, candidates: dict[str, Candidate], level: Level, chosen: list[Property]) -> list[Any]:
    """The parameters: all properties of an adapter share one examination."""
    where = f"{function.__module__} {function.__qualname__} {function.__code__.co_filename}"
    examined = [Examined(candidate, level, f"{where} {name}", None) for name, candidate in candidates.items()]
    return [pytest.param(Check(one, entry), id=f"{one.candidate.name}-{entry.name}") for one in examined for entry in chosen]
