"""How a verdict is reached; claims and rules of a user's; the registry."""

import json
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import quadratic
from alpt_ref.theory import Check, Claim, Instance, Measured, Setting, all_claims, registry, t1, t2, t3, t4, verify
from alpt_ref.theory.claim import Family, Row
from alpt_ref.theory.verdict import judge, rounds_to_nearest, unbiased, worst_of
from alpt_ref.walks.asked import blocks, enumerated
from alpt_ref.walks.rule import FLOOR, NEAREST, STOCHASTIC, Rule, centred_bits, random_bits
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

pytestmark = pytest.mark.glue


@dataclass(frozen=True)
class Params:
    size: float


def claim_of(kind: str = "upper", tolerance: float = 0.0, checks=()) -> Claim:
    return Claim("X(a)", "x <= size", kind, lambda p: p.size, lambda s: [], lambda p: checks, lambda p: tolerance)


@pytest.mark.parametrize(
    ("kind", "measured", "half", "bound", "tolerance", "verdict"),
    [
        ("upper", 1.0, 0.5, 1.5, 0, "holds, weakly"),
        ("upper", 1.4, 0.1, 1.5, 0, "holds"),
        ("upper", 1.0, 0.6, 1.5, 0, "undecided"),
        ("upper", 2.2, 0.6, 1.5, 0, "violated"),
        ("lower", 1.0, 0.5, 0.5, 0, "holds, weakly"),
        ("lower", 1.0, 0.05, 0.5, 0, "holds"),
        ("lower", 1.0, 0.6, 0.5, 0, "undecided"),
        ("lower", 1.0, 0.4, 1.5, 0, "violated"),
        ("exact", 1.0, 0.0, 1.0, 0, "holds"),
        ("exact", 0.9, 0.05, 1.0, 0.2, "holds"),
        ("exact", 0.9, 0.15, 1.0, 0.2, "undecided"),
        ("law", 0.5, 0.1, 1.0, 0.2, "violated"),
        ("upper", math.nan, 0.0, 1.0, 0, "undecided"),
        ("lower", 1.0, math.nan, 0.5, 0, "undecided"),
        ("upper", 1.5, -1.0, 1.0, 0, "undecided"),
        ("upper", 1.5, 0.0, math.inf, 0, "undecided"),
    ],
)
def test_judge(kind, measured, half, bound, tolerance, verdict):
    assert judge(kind, measured, half, bound, tolerance) == verdict


def row_of(claim, value=1.0, half=0.0, checks=(), size=2.0, **more) -> Row:
    instance = Instance("i", Params(size), lambda draw: Measured(value, half, checks), **more)
    return verify(claim, instance, 1e-8)


BAD = Check("c in the box", 2.0, "<=", 1.0)
BIASED = Check("unbiased", 0.5, "<=", 0.0, "rule")


@pytest.mark.parametrize(
    ("value", "checks", "verdict"),
    [
        (1.0, (), "holds"),
        (3.0, (), "violated"),
        (1.0, (BAD,), "not applicable"),
        (3.0, (BAD,), "not applicable"),
        (1.0, (BIASED,), "not applicable"),
        (3.0, (BIASED,), "violated"),
        (3.0, (BIASED, BAD), "not applicable"),
        (1.0, (Check("nan", math.nan, "<=", 1.0),), "not applicable"),
    ],
)
def test_a_failed_assumption_never_holds(value, checks, verdict):
    assert row_of(claim_of(), value, checks=checks).verdict == verdict
    row = row_of(claim_of(checks=checks), value)
    assert row.verdict == ("not applicable" if checks else verdict)
    assert (row.bound is None) == bool(checks)


def test_a_row():
    row = row_of(claim_of(), 1.0, 0.25, (BIASED,), method="monte-carlo", expected="not applicable")
    assert (row.ratio, row.confidence, row.surprising) == (0.5, 1 - 1e-8, False)
    assert row_of(claim_of(), size=0.0).ratio is None
    again = Row.from_record(json.loads(json.dumps(row.record())))
    assert again == row
    odd = replace(row, measured=math.nan, half=math.inf)
    record = odd.record()
    assert (record["measured"], record["half"]) == (None, None)
    assert math.isnan(Row.from_record(record).measured)
    assert record["checks"][0]["holds"] is False
    assert row_of(claim_of()).surprising is False


def test_measuring_may_complete_the_parameters():
    instance = Instance("i", Params(math.nan), lambda draw: Measured(1.0, params=Params(0.5)))
    row = verify(claim_of(), instance, 1e-8)
    assert (row.bound, row.verdict, row.params) == (0.5, "violated", {"size": 0.5})


def family(kind: str, *members: Instance) -> Row:
    claim = claim_of(kind)
    return verify(claim, worst_of("f", lambda count, seed: members, Family(len(members), 0)), 1e-8)


def member(name: str, value: float, half: float = 0.0, checks=(), size: float = 2.0, **more) -> Instance:
    return Instance(name, Params(size), lambda d: Measured(value, half, checks), **more)


def test_the_worst_of_a_family():
    members = [member(f"m{i}", 0.5 * i, 0.1) for i in range(4)] + [member("out", 9.0, checks=(BAD,))]
    row = family("upper", *members)
    assert (row.measured, row.half, row.bound, row.verdict) == (0.75, 0.05, 1.0, "holds")
    assert row.note == "worst: m3 (size 2); 1 not applicable"
    low = family("lower", *members)
    assert (low.measured, low.verdict, low.note[:9]) == (0.0, "violated", "worst: m0")
    alone = family("upper", members[4])
    assert (alone.verdict, alone.checks) == ("not applicable", (BAD,))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([(0.5, 0.0), (math.nan, 0.0), (0.6, 0.0)], "undecided"),
        ([(0.5, math.nan), (0.6, 0.0)], "undecided"),
        ([(2.0, 1e-9), (0.6, 0.0)], "undecided"),
        ([(2.1, 0.0), (math.nan, 0.0)], "violated"),
        ([(2.0, 0.0), (1.0, 0.1)], "holds"),
        ([(2.0, 0.0), (1.0, 0.9)], "holds, weakly"),
    ],
)
def test_a_family_is_as_bad_as_its_worst_member(values, verdict):
    assert family("upper", *(member(str(i), *v) for i, v in enumerate(values))).verdict == verdict


def test_what_an_instance_must_give():
    with pytest.raises(ValueError, match="measure must return a Measured, got float"):
        verify(claim_of(), Instance("i", Params(1.0), lambda draw: 1.0))
    with pytest.raises(ValueError, match="params must be a dataclass, got int"):
        verify(claim_of(), Instance("i", 3, lambda draw: Measured(1.0)))


def test_a_family_wants_exact_members_and_judges_those_without_a_ratio():
    with pytest.raises(ValueError, match="f: a family needs exact members"):
        family("upper", member("m", 1.0, method="monte-carlo"))
    for value, size, verdict in ((1.0, -2.0, "violated"), (1.0, 0.0, "violated"), (-3.0, -2.0, "holds"), (0.0, 0.0, "holds")):
        assert family("upper", member("m", value, size=size)).verdict == verdict
    assert family("upper", member("m", 0.0, 1.0, size=0.0)).verdict == "undecided"
    assert family("lower", member("m", -1.0, size=0.0)).verdict == "violated"
    assert family("lower", member("m", 1.0, size=0.0)).verdict == "holds"


@pytest.mark.jit
def test_what_is_checked_of_a_rule():
    far = Rule("far", lambda q, a: np.where(np.abs(q) > 128, np.minimum(1.0, 2 * a), a))
    odd = Rule("odd", lambda q, a: np.where(q % 2 == 1, a**2, a))
    drops = Rule("drops", lambda q, a: np.where(a < 5e-13, 0.0, a))
    known = np.unique(np.concatenate([fractions[:1].ravel() for _, fractions in blocks()]))
    near = lambda a: np.abs(known[np.searchsorted(known, a).clip(max=known.size - 1)] - a) < 1e-9  # noqa: E731
    spiteful = Rule("spiteful", lambda q, a: np.where(near(a), a, 0.0))
    almost = Rule("almost", lambda q, a: a * (1 - 1e-9))
    for biased in (almost, centred_bits(12), random_bits(24), far, odd, drops, spiteful):
        assert not unbiased(enumerated(biased)).holds, biased.name
    for fair in (STOCHASTIC, Rule("fair", lambda q, a: 1 - (1 - a))):
        assert unbiased(enumerated(fair)).holds
    assert rounds_to_nearest(enumerated(NEAREST)).holds
    for other in (FLOOR, Rule("late", lambda q, a: (a > 0.5000000001) * 1.0)):
        assert not rounds_to_nearest(enumerated(other)).holds


@pytest.mark.jit
def test_the_judged_bound_is_that_of_the_rows_members():
    """A third of T2's bound is broken by the worst of its random walks, as by others."""
    third = replace(t2.CLAIM, bound=lambda p: 0.3 * t2.bound(p))
    worst = next(i for i in third.instances(Setting()) if i.name.startswith("worst of"))
    assert verify(t2.CLAIM, worst).verdict == "holds"
    row = verify(third, worst)
    assert row.verdict == "violated", row
    assert row.ratio > 1.1


def test_the_verdict_of_a_wide_interval_says_so():
    assert judge("upper", 0.5, 0.11, 1.0) == judge("lower", 2.0, 0.11, 1.0) == "holds, weakly"
    assert judge("upper", 0.5, 0.1, 1.0) == judge("exact", 1.0, 0.4, 1.0, 0.5) == "holds"
    assert not verify(claim_of(), member("wide", 0.5, 0.4)).surprising
    assert verify(claim_of(), member("wide", 0.5, 0.4, expected="violated")).surprising


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({"loss": lambda w: (w[:, 0] ** 2 - 1) ** 2 / 4, "gradients": lambda w: (w**3 - w)[None]}, "f(w') >= f(w)"),
        ({"mu": 50.0}, "f(w') >= f(w)"),
        ({"L": 0.5}, "f(w') <= f(w)"),
        ({"w_star": np.array([0.5])}, "|f* - f(w*)|"),
        ({"f_star": -1.0}, "|f* - f(w*)|"),
        ({"f_star": 0.5}, "f* <= f"),
    ],
)
def test_what_a_problem_says_of_itself_is_checked(change, failed):
    """Two wells, a curvature, an L or an optimum that is not: not applicable, never violated."""
    problem = replace(quadratic(1.0, 0.25), **change)
    walk = Walk(problem, Grid(4, 0.25), STOCHASTIC, Schedule(0.1), 20)
    inverse = replace(walk, schedule=Schedule(1.0 / problem.mu, "inverse"))
    rows = [
        verify(t1.CLAIM, t1.instance("t1", walk)),
        verify(t3.CLAIM, t3.instance("t3", inverse)),
        verify(t4.CLAIM, t4.instance("t4", walk)),
    ]
    assert any(row.verdict == "not applicable" for row in rows)
    assert all(row.verdict in ("holds", "not applicable") for row in rows)
    assert any(failed in check.name for row in rows for check in row.checks if not check.holds)


@pytest.mark.parametrize(
    "make",
    [
        lambda: claim_of("about"),
        lambda: Check("c", 1.0, "=<", 2.0),
        lambda: Check("c", 1.0, "<", 2.0, "me"),
        lambda: member("m", 1.0, method="guess"),
        lambda: member("m", 1.0, expected="maybe"),
        lambda: replace(claim_of(), rule="all"),
    ],
)
def test_what_has_no_meaning_is_refused(make):
    with pytest.raises(ValueError, match="must be one of "):
        make()


def test_every_statement_has_a_file_and_says_what_it_is():
    claims = all_claims()
    assert list(dict.fromkeys(c.group for c in claims)) == list(registry.STATEMENTS)
    assert len({c.id for c in claims}) == len(claims)
    for claim in claims:
        assert claim.kind in ("upper", "lower", "exact", "law")
        assert len(claim.statement) <= 128
    for name in registry.STATEMENTS:
        file = registry.FILES.get(name, (name.lower(),))[0]
        text = __import__(f"alpt_ref.theory.{file}", fromlist=["x"]).__doc__
        assert text.startswith(f"{name}: ")
        assert "*Proof" in text


@pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.jit)])
def test_instances_are_named_once_and_fit_the_table(full):
    for claim in all_claims():
        instances = claim.instances(Setting(full))
        names = [instance.name for instance in instances]
        assert len(set(names)) == len(names), claim.id
        assert max(map(len, names)) <= 44
        for instance in instances:
            assert instance.expected in ("holds", "violated", "not applicable")
            assert (instance.expected == "holds") == (not instance.name.startswith(("control", "refuted"))), instance.name


def test_choosing_claims():
    assert [c.id for c in registry.claims_of(["l5(A)", "T1"])] == ["T1", "L5(a)"]
    assert [c.id for c in registry.claims_of(["L9"])] == ["L9(a)", "L9(b)", "L9(c)", "L9(ref)"]
    assert registry.claims_of([]) == all_claims()
    with pytest.raises(ValueError, match="unknown statement 'T9'; one of Q1, Q2"):
        registry.claims_of(["T9"])
    with pytest.raises(ValueError, match=r"unknown statement 'L5\(z\)'; its parts are L5\(a\)"):
        registry.claims_of(["L5(z)"])


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module of a user's in the current folder."""
    (tmp_path / "mine_of_a_user.py").write_text(
        "from alpt_ref.theory import Claim, Instance, Measured, Rule\n"
        "rule = Rule('mine', lambda q, a: a)\n"
        "high = Rule('high', lambda q, a: 2 * a)\n"
        "claim = Claim('X1', 'x', 'upper', lambda p: 1.0, lambda s: [])\n"
        "claims = [claim]\n"
        "number = 3\n"
    )
    (tmp_path / "params_of_a_user.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom alpt_ref.theory import Rule\n"
        "@dataclass(frozen=True)\nclass P:\n    x: float\nrule = Rule('mine', lambda q, a: a)\n"
    )
    (tmp_path / "leaves_of_a_user.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "opens_of_a_user.py").write_text("open('no such file')\n")
    (tmp_path / "broken_of_a_user.py").write_text("import nothing_of_that_name\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_loading_what_a_user_brings(mine):
    assert registry.load_rule("mine_of_a_user:rule").name == "mine"
    assert registry.load_rule("mine_of_a_user.py:rule").name == "mine"
    assert registry.load_rule("params_of_a_user.py:rule").name == "mine"
    assert [c.id for c in registry.load_claims("mine_of_a_user:claim")] == ["X1"]
    assert [c.id for c in registry.load_claims("mine_of_a_user:claims")] == ["X1"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("mine_of_a_user", "rule must be module:name or file.py:name"),
        ("mine_of_a_user:nothing", "has no nothing"),
        ("mine_of_a_user:number", r"must be an alpt_ref.theory.Rule, got int"),
        ("mine_of_a_user:high", r"p_up must be in \[0, 1\]"),
        ("broken_of_a_user:rule", "does not import: ModuleNotFoundError"),
        ("nowhere_at_all:rule", "nowhere_at_all does not import"),
        ("nowhere.py:rule", "nowhere.py does not exist"),
        ("leaves_of_a_user:rule", "leaves_of_a_user does not import: SystemExit"),
        ("opens_of_a_user.py:rule", "opens_of_a_user.py does not import: FileNotFoundError"),
    ],
)
def test_loading_what_is_no_rule(mine, where, message):
    with pytest.raises(ValueError, match=message):
        registry.load_rule(where)


def test_loading_what_is_no_claim(mine):
    with pytest.raises(ValueError, match=r"must be an alpt_ref.theory.Claim"):
        registry.load_claims("mine_of_a_user:number")
    with pytest.raises(ValueError, match="or a sequence of them, got Rule"):
        registry.load_claims("mine_of_a_user:rule")


def test_public_names():
    import alpt_ref.theory as theory

    for name in theory.__all__:
        assert getattr(theory, name).__doc__
        assert name in dir(theory)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = theory.nothing


def test_a_user_checks_a_bound_of_theirs():
    """A sharper floor than T1's, Delta G1/4, put to the test on T1's own walks: it fails where L1(b) says that it must."""
    from alpt_ref.theory import t1

    sharper = replace(t1.CLAIM, id="MINE", bound=lambda p: t1.bound(p).total - p.delta * p.G1 / 4)
    walk = t1.CLAIM.instances(Setting())[0]
    walk = replace(walk, measure=lambda draw: Measured(0.98 * t1.bound(walk.params).total))
    assert verify(sharper, walk, 1e-8).verdict == "violated"
    assert np.isfinite(verify(sharper, walk, 1e-8).bound)
