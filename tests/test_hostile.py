"""What a user's code may do to the verifier: write into its arguments, leave the process, fail in the middle, be wrong."""

import json
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest

from alpt_ref.cli import main
from alpt_ref.grid import Grid
from alpt_ref.problems.finite import absolute, quadratic
from alpt_ref.studies.verification.run import Request
from alpt_ref.theory import l1, l4, l11_gaps, t1, t4
from alpt_ref.theory.claim import Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.registry import all_claims
from alpt_ref.theory.sampled import judged_by
from alpt_ref.theory.verdict import unbiased, verify
from alpt_ref.walks.asked import Asked, enumerated
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

pytestmark = pytest.mark.glue


def drops_in_place(q, a):
    a.flags.writeable = True
    a[a < 2.0**-8] = 0.0
    return a


def drops_at_the_base(q, a):
    base = a if a.base is None else a.base
    base.flags.writeable = True
    base[base < 2.0**-8] = 0.0
    return a


@pytest.mark.parametrize("p_up", [drops_in_place, drops_at_the_base])
def test_a_rule_that_writes_into_its_arguments_is_found_out(p_up):
    rule = Rule("sneaky", p_up)
    assert not unbiased(enumerated(rule)).holds
    row = verify(l1.CELL, l1._cell("tiny", 0.3, 0.001, rule, unbiased))
    assert row.verdict == "violated"
    assert not row.checks[-1].holds


def test_chances_of_up_and_down_add_up():
    halves = Rule("halves", lambda q, a: a, lambda q, rest: rest / 2)
    with pytest.raises(ValueError, match="rule halves: p_up \\+ p_down must be 1"):
        enumerated(halves)
    late = Rule("late", lambda q, a: a, lambda q, rest: rest)
    assert unbiased(enumerated(late)).holds


def test_a_rule_that_leaves_points_of_the_grid_is_not_unbiased():
    rule = Rule("restless", lambda q, a: np.minimum(a + 2.0**-52, 1.0))
    check = unbiased(enumerated(rule))
    assert not check.holds
    assert "leave a grid point" in check.name


def test_chances_of_a_rule_are_not_taken_for_better_than_they_are():
    """1 - (1 - a) has lost some of 1e-13, and all of 3e-17: it is as good as unbiased where moves are longer."""
    loses = Rule("loses", lambda q, a: 1 - (1 - a), lambda q, rest: rest)
    for eta, verdict in ((0.1, "holds"), (3e-17, "violated")):
        row = verify(l1.CELL, l1._cell("tiny", 0.3, eta, loses, unbiased))
        assert row.verdict == verdict
        assert row.checks[-1].holds == (verdict == "holds")
    assert verify(l1.CELL, l1._cell("tiny", 0.3, 1e-13, loses, unbiased)).verdict != "violated"


def honest_rows(groups):
    setting = Setting(rule=Rule("honest", lambda q, a: a * 1.0))
    for claim in (claim for claim in all_claims() if claim.group in groups and claim.rule == "unbiased"):
        for instance in claim.instances(setting):
            yield verify(claim, instance, rule=setting.rule)


@pytest.mark.long
def test_an_honest_rule_survives():
    """Rules whose p_up is computed, not handed back: chances are known to 2^-53 of 1 alone, and rows allow for it."""
    for row in honest_rows(("T1#", "L11")):
        assert row.verdict == row.expected, (row.id, row.instance, row.measured, row.half)


def test_a_wrong_bound_is_not_judged_by_stopped_sums():
    """Rare, large sums: stopped at 1.2 times a bound that is wrong, their mean is small."""
    delta = float(Grid(5, 2.0**-4).delta)
    walk = Walk(absolute(1.0, 1e-6 * delta), Grid(5, 2.0**-4), STOCHASTIC, Schedule(2e-7 * delta), 300)
    mine = replace(t1.CLAIM, id="MINE", bound=lambda p: 2e-6 * p.delta)
    assert judged_by(t1.total, Draw(1e-6, 1.0, claim=t1.CLAIM))
    assert not judged_by(t1.total, Draw(1e-6, 1.0, claim=mine))
    assert not judged_by(None, Draw(1e-6, 1.0, claim=mine))
    assert verify(mine, t1.instance("exact", walk)).verdict == "violated"


@dataclass(frozen=True)
class One:
    x: object = 1.0


def claim_of(*measures, rule=""):
    instances = [Instance(f"row {i}", One(), measure) for i, measure in enumerate(measures)]
    return Claim("MINE", "mine", "upper", lambda p: 1.0, lambda setting: instances, rule=rule)


def test_a_claim_without_a_check_is_about_its_rule_all_the_same():
    biased = Rule("biased", lambda q, a: np.sqrt(a))
    claim = claim_of(lambda draw: Measured(0.5), rule="unbiased")
    assert verify(claim, claim.instances(Setting())[0], rule=biased).verdict == "not applicable"
    assert verify(claim, claim.instances(Setting())[0], rule=STOCHASTIC).verdict == "holds"
    for rule, verdict in ((biased, "not applicable"), (STOCHASTIC, "holds")):
        rows = [verify(l1.CENTRE, i, rule=rule) for i in l1.CENTRE.instances(Setting(rule=rule))]
        assert {row.verdict for row in rows} == {verdict}


def test_rows_of_ones_own_are_not_kept(tmp_path):
    own = replace(l1.CELL, bound=lambda p: 0.9)
    for claims, rule in (([own], None), ([l1.CELL], NEAREST)):
        with pytest.raises(ValueError, match="cannot be kept"):
            Request(claims, Setting(rule=rule), tmp_path, cached=True)
    assert not Request([own], Setting(), tmp_path).cached


def test_controls_fail_for_their_own_reason():
    """The rule that a statement is about, in the place of L11(c)'s control, holds."""
    (control,) = (i for i in l11_gaps.GAP.instances(Setting()) if i.name.startswith("control"))
    p = control.params
    assert p.reference == 0.0125002
    assert verify(l11_gaps.GAP, control).verdict == "violated"


def test_pl_at_every_scale():
    for scale in (2.0**-40, 2.0**-12, 1.0, 2.0**20):
        assert quadratic(1.0, 0.0).pl(Grid(8, scale)) == pytest.approx(1.0)
    walk = Walk(quadratic(1.0, 0.31 * 2.0**-30), Grid(8, 2.0**-34), STOCHASTIC, Schedule(0.2), 50)
    assert verify(t4.CLAIM, t4.instance("tiny", walk)).verdict == "holds"


def test_l4_is_about_quadratics():
    walk = Walk(absolute(1.0, 0.3), Grid(6, 2.0**-4), STOCHASTIC, Schedule(0.05), 60, -16)
    row = verify(l4.MEAN, l4.mean_instance("absolute", walk))
    assert row.verdict == "not applicable"


MINE = """
import sys
from dataclasses import dataclass
import numpy as np
from alpt_ref.theory import Claim, Instance, Measured
@dataclass(frozen=True)
class P:
    x: object = 1.0
def claim(name, *measures, p=P()):
    rows = [Instance(f"row {i}", p, m) for i, m in enumerate(measures)]
    return Claim(name, "mine", "upper", lambda p: 1.0, lambda setting: rows)
def leave(draw): sys.exit()
def leave_said(draw): sys.exit("a message")
def runtime(draw): raise RuntimeError("user bug")
def bad(draw): return Measured(2.0)
def good(draw): return Measured(0.5)
def weak(draw): return Measured(0.5, 0.2)
def interrupts(draw): raise KeyboardInterrupt
LEAVES = claim("LEAVES", bad, leave)
SAYS = claim("SAYS", good, leave_said)
RUNTIME = claim("RUNTIME", good, runtime)
WEAK = claim("WEAK", weak)
ARRAY = claim("ARRAY", good, p=P(np.arange(3.0)))
OBJECT = claim("OBJECT", good, p=P(object))
STOPS = claim("STOPS", good, interrupts)
"""


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("LEAVES", 2, "LEAVES, row 1: SystemExit"),
        ("SAYS", 2, "SAYS, row 1: SystemExit: a message"),
        ("RUNTIME", 2, "RUNTIME, row 1: RuntimeError: user bug"),
        ("WEAK", 0, ""),
        ("ARRAY", 0, ""),
        ("OBJECT", 0, ""),
        ("STOPS", 130, "with --rule or --claim nothing is kept to go on from"),
    ],
)
def test_exit_codes(name, code, said, tmp_path, monkeypatch, capsys):
    (tmp_path / "hostile_mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("hostile_mine", None)
    out = tmp_path / "out"
    assert main(["verify", "--claim", f"hostile_mine:{name}", "--out", str(out)]) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    if code:
        kept = json.loads((out / "verdicts.json").read_text())
        assert not kept["complete"]
        assert [row["instance"] for row in kept["rows"]] == ["row 0"]


def test_a_rule_that_leaves_is_blamed(tmp_path):
    def leaves(q, a):
        raise SystemExit

    with pytest.raises(ValueError, match=r"rule leaves: p_up failed on .* pairs: SystemExit"):
        Asked().of(Rule("leaves", leaves)).up(np.zeros(2), np.array([0.1, 0.2]))


def test_a_bound_of_zero_is_violated():
    none = replace(t1.CLAIM, bound=lambda p: 0.0)
    family = next(i for i in none.instances(Setting()) if i.name.startswith("worst of"))
    assert verify(none, family).verdict == "violated"
