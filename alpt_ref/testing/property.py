"""One property of the contract, and the results of checking it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.evidence import Sensitivity
from alpt_ref.testing.level import Level
from alpt_ref.testing.statements import OF_FORMATS


@dataclass(frozen=True)
class Finding:
    """The result of a check that found no counterexample.

    note : what was tried. p : p-value of a statistical property; ``against`` is what it speaks against, ``recipe`` Python that
        shows it. sensitivity : the smallest biases that would have been found.
    """

    note: str
    p: float | None = None
    against: str = ""
    recipe: str = ""
    sensitivity: tuple[Sensitivity, ...] = ()


class Trial(NamedTuple):
    """One test of a statistical property: its p-value, what it speaks against the property, and Python that shows it."""

    p: float
    against: str
    recipe: str


def least_likely(trials: Iterable[Trial], tests: int, note: str, sensitivity: tuple[Sensitivity, ...] = ()) -> Finding:
    """The Finding of the smallest p-value among ``trials``, which is one of ``tests`` (Bonferroni)."""
    worst = min(trials, key=lambda trial: trial.p)
    return Finding(note, min(1.0, tests * worst.p), worst.against, worst.recipe, sensitivity)


Check = Callable[[Candidate, Level, float], Finding]


@dataclass(frozen=True)
class Property:
    """One line of the contract: a statement, its source, and the check that judges a quantizer by it.

    check : (candidate, level, alpha) -> Finding; alpha is what the property may spend on false alarms. It raises Violation
        where the property does not hold and NotApplicable where it cannot be judged.
    rounding : "stochastic" or "nearest" where it is demanded of such quantizers alone, None where of both.
    grids : "integer grids", "formats", "steps of rows" or "blocks" where it is about these alone.
    needs : properties without which a p-value means nothing.
    """

    name: str
    statement: str
    source: str
    check: Check
    rounding: str | None = None
    statistical: bool = False
    needs: tuple[str, ...] = ()
    grids: str | None = None

    def asked_of(self, declared: Declaration) -> bool:
        """True where the property is about grids like that of the quantizer."""
        return self.grids is None or self.grids in declared.kinds

    def told_of(self, declared: Declaration) -> str:
        """The statement, for the quantizer's kind of grid."""
        return self.statement if declared.format is None else OF_FORMATS.get(self.name, self.statement)

    def demanded_of(self, rounding: str) -> bool:
        """True where the property is demanded of quantizers with that rounding."""
        return self.rounding in (None, rounding)
