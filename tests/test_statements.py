"""Every statement: its verdicts are the expected ones, and a mutant of its bound or of an assumption turns them.

The mutants are listed in the closing summary of the test run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from alpt_ref.grid import Grid
from alpt_ref.problems.box import points_of
from alpt_ref.problems.finite import FiniteProblem, Separate, absolute, quadratic
from alpt_ref.theory import Claim, Instance, Setting, l4, l10, registry, t1, t1_sharp, t2, t3, t4, t5, t6, t6_learned, verify
from alpt_ref.theory.claim import FALSE_ALARM, Row
from alpt_ref.theory.instances import nearest_walks, standard_walks, stuck_walks
from alpt_ref.walks.rule import FLOOR, NEAREST, STOCHASTIC, Rule, random_bits
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

SQUARED = Rule("squared", lambda q, a: a**2)
ALWAYS = Rule("always", lambda q, a: 0.25 + 0.0 * a)
DOWNHILL = Rule("downhill", lambda q, a: np.where(a > 0, 1 - a, 0.0))
CLAIMS = {claim.id: claim for claim in registry.all_claims()}


LONG = ("T1", "T2", "T3", "T6", "T7", "L5", "L7")  # `make verify` measures them, too


@pytest.mark.jit
@pytest.mark.parametrize("name", [pytest.param(s, marks=pytest.mark.long if s in LONG else ()) for s in registry.STATEMENTS])
def test_verdicts(name: str) -> None:
    """All rows of the quick table. Monte Carlo rows at the level that the whole table gives them."""
    setting = Setting()
    jobs = [(claim, i) for claim in CLAIMS.values() if claim.group == name for i in claim.instances(setting)]
    assert any(i.expected != "holds" for _, i in jobs)
    for claim, instance in jobs:
        row = verify(claim, instance, FALSE_ALARM / 16)
        assert not row.surprising, row
        record = row.record()
        assert Row.from_record(record).record() == record


@dataclass(frozen=True)
class Mutant:
    """What is broken, where, and the verdict that must come of it; ``before`` is the verdict of the unbroken claim."""

    id: str
    what: str
    instance: int | Instance = 0
    bound: Callable[[Any], float] | None = None
    rule: Rule | None = None
    after: str = "violated"
    change: dict[str, Any] = field(default_factory=dict)
    jit: bool = False
    long: bool = False

    @property
    def claim(self) -> Claim:
        return CLAIMS[self.id]

    def chosen(self, setting: Setting) -> Instance:
        if isinstance(self.instance, Instance):
            return self.instance
        return self.claim.instances(setting)[self.instance]


def times(claim: str, factor: float) -> Callable[[Any], float]:
    return lambda p: factor * CLAIMS[claim].bound(p)


def plus(claim: str, term: float) -> Callable[[Any], float]:
    return lambda p: CLAIMS[claim].bound(p) + term


OFF = "not applicable"
unit = Grid(5, 2.0**-4)
short = Walk(absolute(1.0, 0.3 * 2.0**-4), unit, STOCHASTIC, Schedule(0.05 * 2.0**-4), 1500)
far = Walk(absolute(1.0, 1.5), unit, STOCHASTIC, Schedule(0.05 * 2.0**-4), 20)
noisy = Walk(quadratic(1.0, 0.31, 1.0), Grid(3, 0.5), STOCHASTIC, Schedule(1.0, "inverse"), 300)
hazy = t4.instance("hazy", t4.walk(quadratic(1.0, 0.31, 0.1), Grid(8, 2.0**-5), STOCHASTIC, 60, -32))
beyond = t4.instance("c outside", t4.walk(quadratic(1.0, 3.0), Grid(4, 0.25), STOCHASTIC, 40))
falling = t5.instance("falling", Walk(quadratic(1.0, 0.0), Grid(8, 2.0**-5), STOCHASTIC, Schedule(1.0), 1, -128))
pulled = l4.mean_instance("c outside", Walk(quadratic(1.0, 3.0), Grid(6, 2.0**-4), STOCHASTIC, Schedule(0.3), 40, 24))
downhill = replace(t6_learned.runs()[t6_learned.CORNER], step="table", eta=0.2, steps=6)
late = t6.Path(absolute(1.0, 0.3), (Grid(3, 0.5),), lambda t, i, j: 0, STOCHASTIC, Schedule(2.5, "sqrt"), 600)

MUTANTS = [
    Mutant("Q1", "a rule that moves grid points", rule=ALWAYS),
    Mutant("Q2(a)", "a rule with p_up = a^2", rule=SQUARED, jit=True),
    Mutant("Q2(b)", "the bound halved", bound=times("Q2(b)", 0.5), jit=True),
    Mutant("Q3(a)", "the variance off by 0.001", bound=plus("Q3(a)", 1e-3), jit=True),
    Mutant("Q3(b)", "the bound halved", bound=times("Q3(b)", 0.5), jit=True),
    Mutant("Q3(b)", "a rule with p_up = 1/4 everywhere", rule=ALWAYS, jit=True),
    Mutant("Q4", "the bound 1 % smaller", bound=times("Q4", 0.99), jit=True),
    Mutant("Q5", "a rule whose p_up falls with a", rule=DOWNHILL, jit=True),
    Mutant("Q6", "the bound 1 % smaller", bound=times("Q6", 0.99)),
    Mutant("T1", "the floor term left out", t1.instance("|w - c|", short),
           lambda p: sum(t1.bound(p)) - t1.bound(p).floor),
    Mutant("T1", "w* outside the box", t1.instance("c outside", far), after=OFF, change={"before": OFF}),
    Mutant("T1#(a)", "psi(s) = s^2, full precision's", t1_sharp.instance("|w - c|", short),
           lambda p: p.D1**2 / (2 * p.eta * p.steps) + p.eta / 2),
    Mutant("T1#(b)", "nearest rounding", rule=NEAREST),
    Mutant("T1#(c)", "Delta E||g||_1/2 replaced by a third", bound=times("T1#(c)", 2 / 3)),
    Mutant("T1#(d)", "1 % less", bound=times("T1#(d)", 0.99)),
    Mutant("T1#(d<)", "1 % more", bound=times("T1#(d<)", 1.01)),
    Mutant("T2", "the term of stuck coordinates left out", t2.instance("stuck", stuck_walks(NEAREST)["|w - 0.4|, stuck"]),
           lambda p: p.D1**2 / (2 * p.eta * p.steps) + 2 * p.eta * p.G**2),
    Mutant("T3", "the floor term left out", t3.instance("noisy", noisy), lambda p: t3.bound(p) - p.delta * p.G1 / 2),
    Mutant("T4", "the noise term left out", hazy,
           lambda p: t4.bound(replace(p, sigma=0.0))),
    Mutant("T4", "w* outside the box", beyond, after=OFF, change={"before": OFF}),
    Mutant("T5", "the term L eta G^2/2 left out", falling, lambda p: t5.bound(p) - p.L * p.eta * p.G**2 / 2),
    Mutant("T6(a)", "the drift of Delta left out of the bound", bound=times("T6(a)", 0.9), jit=True),
    Mutant("T6(b)", "the two expectations left out", t6.regret_along("late", late),
           lambda p: t6.bound(p) - p.gradient - p.drift),
    Mutant("T6(c)", "a twentieth of the bound", bound=times("T6(c)", 0.05), jit=True, long=True),
    Mutant("T6(d)", "1 replaced by 0.05",
           t6_learned.drift_of("downhill", replace(downhill, step_lr=0.4), span=(-1.2, 1.2)), lambda p: 0.05, jit=True),
    Mutant("T7(a)", "the bound halved", 6, times("T7(a)", 0.5), jit=True),
    Mutant("T7(b)", "a quarter of the bound", 9, times("T7(b)", 0.25), jit=True),
    Mutant("L1(a)", "the bound 1.3 times as large", 1, times("L1(a)", 1.3), jit=True),
    Mutant("L1(b)", "1/2 replaced by 0.51", bound=lambda p: 0.51),
    Mutant("L1(b)", "nearest rounding", rule=NEAREST),
    Mutant("L1(c)", "the gap of the next grid point", bound=lambda p: 1 - p.c),
    Mutant("L2", "the bound 2.1 times as large", bound=times("L2", 2.1)),
    Mutant("L2(ref)", "the reference 20 % larger", bound=times("L2(ref)", 1.2)),
    Mutant("L3(a)", "stochastic rounding", rule=STOCHASTIC),
    Mutant("L3(b)", "the bound 10 % smaller", 2, times("L3(b)", 0.9), jit=True),
    Mutant("L3(c)", "a rule with p_up = a^2", rule=SQUARED),
    Mutant("L4(a)", "nearest rounding", rule=NEAREST),
    Mutant("L4(a)", "w* outside the box", pulled, after=OFF, change={"before": OFF}),
    Mutant("L4(b)", "1 % more", bound=times("L4(b)", 1.01)),
    Mutant("L5(a)", "the clipping term left out", 3, lambda p: 1e-10),
    Mutant("L5(a)", "nearest rounding", rule=NEAREST, jit=True),
    Mutant("L5(b)", "the bound 6 % larger", bound=times("L5(b)", 1.06), jit=True),
    Mutant("L5(c)", "stochastic rounding", rule=STOCHASTIC, jit=True),
    Mutant("L5(d)", "sqrt(p) twice as large", bound=times("L5(d)", 2.0), jit=True),
    Mutant("L5(ref)", "the reference one digit up", 1, lambda p: p.reference + 3 * p.digit, jit=True),
    Mutant("L6(a)", "the bound 5 % larger", bound=times("L6(a)", 1.05)),
    Mutant("L6(b<)", "the bound 6 % larger", bound=times("L6(b<)", 1.06)),
    Mutant("L6(b>)", "theta_k left out", bound=lambda p: p.p + p.clip_term),
    Mutant("L6(c)", "the bound of the variant that is not centred, quartered", bound=lambda p: 2.0 ** -(p.k + 2), jit=True),
    Mutant("L6(ref)", "the reference one digit up", bound=lambda p: p.reference + 3 * p.digit),
    Mutant("L7", "the slack left out", 1, lambda p: 0.0, jit=True),
    Mutant("L7(near)", "a fifth of the bound", bound=times("L7(near)", 0.2), jit=True),
    Mutant("L8(<)", "0.001 more", bound=plus("L8(<)", 1e-3), jit=True),
    Mutant("L8(>)", "theta_k left out", 5, lambda p: p.shift + p.clip_term, jit=True),
    Mutant("L9(a)", "nearest rounding for stochastic", rule=NEAREST),
    Mutant("L9(b)", "the bound halved", bound=times("L9(b)", 0.5)),
    Mutant("L9(c)", "rho of the next integer", bound=times("L9(c)", 1.5)),
    Mutant("L9(ref)", "the reference 1 % larger", bound=times("L9(ref)", 1.01)),
    Mutant("L10(b)", "the reference 20 % larger", bound=times("L10(b)", 1.2)),
    Mutant("L10(c)", "no noise in the series", bound=lambda p: 0.0, jit=True),
    Mutant("L11(a)", "nearest rounding", rule=NEAREST),
    Mutant("L11(b)", "nearest rounding", rule=NEAREST),
    Mutant("L11(c)", "1e-6 more", bound=plus("L11(c)", 1e-6)),
    Mutant("L11(d)", "a third for a quarter", bound=times("L11(d)", 4 / 3)),
    Mutant("L12(a)", "1 % of the mass elsewhere", bound=lambda p: 0.01, jit=True),
    Mutant("L12(ref)", "V of full precision", 1, lambda p: (1 / 12) / (p.h * (2 - p.h)), jit=True),
    Mutant("L12(d)", "a tenth of a cell taken off", bound=lambda p: -0.1, jit=True),
    Mutant("L12(b<)", "Q left out", 5, lambda p: (p.nu**2 + 1 / 12) / (p.h * (2 - p.h))),
    Mutant("L12(b>)", "Q left out", 0, lambda p: (p.nu**2 + 1 / 6) / (p.h * (2 - p.h))),
    Mutant("L12(c)", "0.8 for 1", bound=lambda p: 0.8),
    Mutant("L12(nu)", "the reference 3 % larger", bound=times("L12(nu)", 1.03)),
    Mutant("L13(a)", "nearest rounding", rule=NEAREST),
    Mutant("L13(b)", "stochastic rounding", 3, rule=STOCHASTIC),
    Mutant("L13(c)", "1 % of the mass elsewhere", bound=lambda p: 0.01),
    Mutant("L14(a)", "the mixing time left out", bound=lambda p: p.alpha % 1 * (1 - p.alpha % 1) / p.steps),
    Mutant("L14(ref)", "one digit up", bound=lambda p: p.reference + 3 * p.digit),
    Mutant("L14(b)", "c for 1/2", bound=lambda p: p.c),
    Mutant("F1(a)", "the energy left out", bound=lambda p: p.D1**2 / (2 * p.eta * p.steps), jit=True),
    Mutant("F1(b)", "nearest rounding", rule=NEAREST),
    Mutant("F1(c)", "E Psi/eta for half of it", bound=times("F1(c)", 2.0)),
    Mutant("F1(d)", "half a gap", bound=times("F1(d)", 0.5)),
    Mutant("F2(a)", "stochastic rounding", 11, rule=STOCHASTIC),
    Mutant("F2(b)", "2^-(p+1) |w|, half of the larger gap", 4, times("F2(b)", 2.0)),
    Mutant("F2(c)", "2^-(p+2) |w|", 4, times("F2(c)", 0.5)),
    Mutant("F2(d)", "3 % more", bound=times("F2(d)", 1.03)),
    Mutant("F2(d)", "stochastic rounding", 1, rule=STOCHASTIC),
    Mutant("F3(a)", "nearest rounding", rule=NEAREST),
    Mutant("F3(b)", "nearest rounding", 3, rule=NEAREST),
]  # fmt: skip


def marks_of(mutant: Mutant) -> list[pytest.MarkDecorator]:
    return [mark for wanted, mark in ((mutant.jit, pytest.mark.jit), (mutant.long, pytest.mark.long)) if wanted]


@pytest.mark.parametrize(
    "mutant",
    [pytest.param(m, marks=marks_of(m), id=f"{m.id}-{m.what}".replace(" ", "-")) for m in MUTANTS],
)
def test_mutants_turn_the_verdict(mutant: Mutant, record_property: Callable[[str, object], None]) -> None:
    setting, claim = Setting(rule=mutant.rule), mutant.claim
    before = mutant.change.get("before", "holds")
    instance = mutant.chosen(setting)
    if mutant.rule is None and "before" not in mutant.change:
        assert verify(claim, instance, 1e-8).verdict.removesuffix(", weakly") == before
    broken = claim if mutant.bound is None else replace(claim, bound=mutant.bound)
    row = verify(broken, instance, 1e-8)
    record_property("mutant", f"{mutant.id:<8}{mutant.what:<56}{row.verdict}")
    assert row.verdict == mutant.after, row


def test_a_series_with_another_sign_is_seen(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    claim = CLAIMS["L10(a)"]
    monkeypatch.setattr(l10, "series", lambda s, nu: 2 * s - l10.normal_sum(s, nu))
    row = verify(claim, claim.instances(Setting())[0], 1e-8)
    record_property("mutant", f"{'L10(a)':<8}{'the series with the other sign':<56}{row.verdict}")
    assert row.verdict == "violated"


def largest(problem: FiniteProblem | Separate, grid: Grid) -> float:
    """The most that f - f* can be on the grid: a bound above it says nothing."""
    return sum(float(p.loss(points_of(grid, p.d)).max()) - p.f_star for p in problem.parts)


@pytest.mark.parametrize("full", [False, True])
def test_bounds_say_more_than_the_box_does(full: bool) -> None:
    for walks, bound in (
        (standard_walks(full, STOCHASTIC), lambda walk: t1.bound(t1.params(walk)).total),
        (nearest_walks(full, NEAREST), lambda walk: t2.bound(t2.params(walk))),
        (t3.walks(full, STOCHASTIC), lambda walk: t3.bound(t3.instance("", walk).params)),
    ):
        for name, walk in walks.items():
            assert bound(walk) < largest(walk.problem, walk.grid), name
    for instance in CLAIMS["T5"].instances(Setting(full))[:5]:
        p = instance.params
        assert t5.bound(p) < p.G**2, instance.name
    for name, path in t6.paths(full, STOCHASTIC).items():
        p = t6.params(path)
        most = max(largest(path.problem, grid) for grid in path.grids)
        assert t6.bound(replace(p, gradient=0.0, drift=0.0)) < most, name


@pytest.mark.jit
def test_few_bits_of_a_user_satisfy_l8() -> None:
    """L8 is about every rule that rounds up with a chance in [a, a + excess]: SR(3) under another name, but not a lower one."""
    mine, lower = Rule("mine", random_bits(3).p_up), Rule("lower", lambda q, a: np.floor(a * 8) / 8)
    for rule, verdict in ((mine, "holds"), (lower, "not applicable")):
        for claim in (CLAIMS["L8(<)"], CLAIMS["L8(>)"]):
            rows = [verify(claim, instance) for instance in claim.instances(Setting(rule=rule))]
            assert {row.verdict for row in rows} <= {verdict, "violated" if verdict != "holds" else verdict}


def test_every_claim_has_a_mutant() -> None:
    assert {m.id for m in MUTANTS} | {"L10(a)"} == set(CLAIMS)


def test_a_biased_rule_does_not_survive_t1() -> None:
    """The README's example: floor is biased; T1 is violated on the walks that it drags away, and never holds."""
    walks = (replace(short, rule=FLOOR), replace(short, rule=FLOOR, steps=400))
    rows = [verify(CLAIMS["T1"], t1.instance("", walk), 1e-8) for walk in walks]
    assert {row.verdict for row in rows} <= {"violated", "not applicable"}
    assert not next(check for check in rows[0].checks if check.about == "rule").holds
