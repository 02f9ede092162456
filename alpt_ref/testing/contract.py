"""The contract as pytest tests, one for each property of each adapter:

pytest --pyargs alpt_ref.testing.contract --alpt-quantizer package.module:Adapter [--alpt-level quick]

An id reads ``alpt_ref.testing.contract::package.module:Adapter::unbiased``. It can be given to pytest as it is printed, and
JUnit's classname, all but the last part, names the adapter. pytest's own ids are empty in front, and so is the classname, for a
file that lies outside of the folder where it runs.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alpt_ref.testing.ledger import Examined
from alpt_ref.testing.plugin import examined
from alpt_ref.testing.properties import CONTRACT
from alpt_ref.testing.property import Property
from alpt_ref.testing.report import described
from alpt_ref.testing.suite import SKIP


class Contract(pytest.File):
    """The contract: what pytest collects in the place of this module."""

    def collect(self) -> Iterator["Adapter"]:
        """The adapters that --alpt-quantizer names."""
        for one in examined(self.config):
            yield Adapter.of(self, one)


class Adapter(pytest.Collector):
    """One adapter."""

    examined: Examined

    @classmethod
    def of(cls, parent: pytest.Collector, one: Examined) -> "Adapter":
        """The collector of the adapter ``one``."""
        made: Adapter = cls.from_parent(parent, name=one.candidate.name)
        made.examined = one
        return made

    def collect(self) -> Iterator["Judged"]:
        """Every property of the contract."""
        for entry in CONTRACT:
            yield Judged.of(self, entry)


class Judged(pytest.Item):
    """One property of one adapter, as a test."""

    examined: Examined
    entry: Property

    @classmethod
    def of(cls, parent: Adapter, entry: Property) -> "Judged":
        """The test of the property ``entry``."""
        made: Judged = cls.from_parent(parent, name=entry.name)
        made.examined, made.entry = parent.examined, entry
        return made

    def runtest(self) -> None:
        """Pass, fail with the counterexample, or skip where the property is not applicable."""
        judge(self.examined, self.entry)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The place and the words by which pytest tells of the test."""
        return self.path, None, f"{self.examined.candidate.name}: {self.entry.name}"


def judge(one: Examined, entry: Property) -> None:
    """Pass, or end the running test: failed, with the counterexample, or skipped, with the reason."""
    __tracebackhide__ = True
    try:
        one.begin()
    except ValueError as error:
        pytest.fail(str(error), pytrace=False)
    outcome, reasons = one.outcome(entry)
    if reasons:
        pytest.fail("\n".join((outcome.note, *map(described, reasons))), pytrace=False)
    if outcome.status == SKIP:
        pytest.skip(outcome.note)
    if outcome.failed:
        pytest.fail(described(outcome), pytrace=False)
