"""The parts of a statement.

A :class:`Claim` is one inequality or equality, typed once; an :class:`Instance` is a concrete problem on which its assumptions
are checked and what it bounds is measured; a :class:`Row` is the result. How it is judged: :mod:`alpt_ref.theory.verdict`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from alpt_ref.problems import LogisticProblem
from alpt_ref.tools.checks import one_of
from alpt_ref.walks.rule import Rule

KINDS = ("upper", "lower", "exact", "law")
METHODS = ("exact", "monte-carlo", "trajectory")
RULES = ("", "any", "unbiased", "nearest")
HOLDS, VIOLATED, UNDECIDED, NOT_APPLICABLE = "holds", "violated", "undecided", "not applicable"
WEAKLY = "holds, weakly"
FALSE_ALARM = 1e-6  # of a whole table: the chance that any interval in it misses
RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "==": lambda a, b: a == b,
}


@dataclass(frozen=True)
class Check:
    """An assumption as two numbers. about : "problem", or "rule" where it speaks of the rounding rule alone."""

    name: str
    lhs: float
    relation: str
    rhs: float
    about: str = "problem"

    def __post_init__(self) -> None:
        one_of("relation", self.relation, RELATIONS)
        one_of("about", self.about, ("problem", "rule"))

    @property
    def holds(self) -> bool:
        """True where the relation holds; NaN never does."""
        return bool(RELATIONS[self.relation](self.lhs, self.rhs))


@dataclass(frozen=True)
class Setting:
    """The wishes of a run of the claims.

    full : more instances, tighter intervals. rule : put in the place of the rule that a statement is about. data : problems
    besides the built-in ones. threads, device : of Monte Carlo; no result depends on them."""

    full: bool = False
    rule: Rule | None = None
    data: tuple[LogisticProblem, ...] = ()
    threads: int = 1
    seed: int = 0
    device: str = "cpu"

    def rule_or(self, rule: Rule) -> Rule:
        """The rule asked for, else ``rule``."""
        return self.rule or rule

    def family(self, quick: int, full: int) -> "Family":
        """Instances drawn at random, as many as the run is long."""
        return Family(full if self.full else quick, self.seed)


@dataclass(frozen=True)
class Draw:
    """Aids of a measurement: the level of its interval, the bound that it is held against, threads, device, and the claim
    that is judged, for rows that judge instances of their own."""

    alpha: float
    bound: float | None
    threads: int = 1
    claim: "Claim | None" = None
    device: str = "cpu"


@dataclass(frozen=True)
class Measured:
    """A measured value.

    half : the true value lies within ``value`` +- ``half``: certainly (exact: rounding errors), or at the row's level.
    checks : assumptions that only the measurement could check. note : the worst case, or the counterexample.
    params : the instance's parameters, where measuring completed them.
    """

    value: float
    half: float = 0.0
    checks: tuple[Check, ...] = ()
    note: str = ""
    params: Any = None


@dataclass(frozen=True)
class Instance:
    """A problem on which a claim is put to the test.

    name : what tables call it. params : a frozen dataclass. measure : what the claim bounds. method : "exact" (an exact law or
    an enumeration), "monte-carlo" or "trajectory". expected : its verdict; controls expect "violated".
    """

    name: str
    params: Any
    measure: Callable[[Draw], Measured]
    method: str = "exact"
    expected: str = HOLDS

    def __post_init__(self) -> None:
        one_of("method", self.method, METHODS)
        one_of("expected", self.expected, (HOLDS, VIOLATED, UNDECIDED, NOT_APPLICABLE))

    def expecting(self, verdict: str) -> "Instance":
        """This instance as a control: something is wrong with it on purpose, and ``verdict`` has to say so."""
        return replace(self, expected=verdict)


@dataclass(frozen=True)
class Family:
    """Parameters of a row that stands for many instances drawn at random: the worst measured / bound of them, bounded by 1."""

    count: int
    seed: int


def own_checks(params: Any) -> Iterable[Check]:
    """The assumptions that parameters know themselves, by a method ``checks``; none where there is no such method."""
    return params.checks() if hasattr(params, "checks") else ()


@dataclass(frozen=True)
class Cases:
    """Parameters of a row that enumerates: the number of cases."""

    cases: int


@dataclass(frozen=True)
class Claim:
    """One statement.

    bound, checks : functions of the parameters of an instance; parameters with a method ``checks`` bring their own.
    tolerance : exact and law: how far measured may be from the bound, as a function of the parameters. rule : what it is a
    statement about, "unbiased" or "nearest" rules or "any": then ``Setting.rule`` can stand in the place of its own.
    """

    id: str
    statement: str
    kind: str
    bound: Callable[[Any], float]
    instances: Callable[[Setting], Sequence[Instance]]
    checks: Callable[[Any], Iterable[Check]] = own_checks
    tolerance: Callable[[Any], float] = lambda params: 0.0
    rule: str = ""

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        one_of("rule", self.rule, RULES)

    @property
    def group(self) -> str:
        """The statement's name without its part: L1 of L1(b)."""
        return self.id.split("(")[0]


@dataclass(frozen=True)
class Row:
    """A verdict with everything it rests on. ``ratio`` is measured / bound, None where the bound is 0 or there is none."""

    id: str
    statement: str
    kind: str
    instance: str
    method: str
    params: dict[str, Any]
    bound: float | None
    measured: float
    half: float
    confidence: float
    ratio: float | None
    verdict: str
    expected: str
    checks: tuple[Check, ...] = field(default=())
    note: str = ""

    @property
    def outcome(self) -> str:
        """The verdict, of which "holds, weakly" is a way to hold."""
        return HOLDS if self.verdict == WEAKLY else self.verdict

    @property
    def surprising(self) -> bool:
        """True where the outcome is not the expected verdict."""
        return self.outcome != self.expected

    def record(self) -> dict[str, Any]:
        """JSON values; numbers that are not finite are None."""
        plain: dict[str, Any] = _plain(asdict(self))
        for check, entry in zip(self.checks, plain["checks"], strict=True):
            entry["holds"] = check.holds
        return plain

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Row":
        """Inverse of :meth:`record`, None read as NaN in numbers that cannot be absent."""
        checks = []
        for entry in record["checks"]:
            numbers = {key: math.nan if entry[key] is None else entry[key] for key in ("lhs", "rhs")}
            checks.append(Check(**{key: value for key, value in entry.items() if key != "holds"} | numbers))
        numbers = {key: math.nan if record[key] is None else record[key] for key in ("measured", "half")}
        return cls(**record | numbers | {"checks": tuple(checks)})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else repr(value)
