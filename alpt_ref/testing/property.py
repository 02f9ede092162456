"""What a property of the contract is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.level import Level


class Sensitivity(NamedTuple):
    """The smallest biases that would have been found at a fraction with chance 0.99, in steps; None where none would be."""

    fraction: float
    samples: int
    up: float | None
    down: float | None


@dataclass(frozen=True)
class Finding:
    """What a check found: ``note`` on what was tried; p-value, and what speaks ``against``, of a statistical property."""

    note: str
    p: float | None = None
    against: str = ""
    recipe: str = ""
    sensitivity: tuple[Sensitivity, ...] = ()


Check = Callable[[Candidate, Level, float], Finding]


@dataclass(frozen=True)
class Property:
    """One line of the contract.

    check : (candidate, level, alpha) -> Finding; alpha is what the property may spend on false alarms. rounding : of which
    quantizers it is demanded, None for both. needs : properties without which a p-value means nothing.
    """

    name: str
    statement: str
    source: str
    check: Check
    rounding: str | None = None
    statistical: bool = False
    needs: tuple[str, ...] = ()
