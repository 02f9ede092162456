"""alpt-ref verify: what it hands on, what it prints, its exit codes, its refusals."""

import json
import multiprocessing

import pytest

from alpt_ref.cli import verify
from alpt_ref.studies.verification import run as verification
from alpt_ref.theory import all_claims
from tests.cli_support import error_of, run

pytestmark = pytest.mark.glue


@pytest.fixture
def calls(monkeypatch):
    """The requests, in the place of running them."""
    made = []

    def record(request, on_row, on_stop):
        made.append(request)
        return {"rows": []}

    monkeypatch.setattr(verify, "verify", record)
    monkeypatch.setattr(verify, "report", lambda record, seconds, rule: record)
    monkeypatch.setattr(verify, "publish", lambda report, out, shown: None)
    return made


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "my_rules.py").write_text(
        "from dataclasses import replace\n"
        "from alpt_ref.theory import Rule\n"
        "from alpt_ref.theory.q6 import CLAIMS\n"
        "fair = Rule('fair', lambda q, a: a)\n"
        "floor = Rule('floor', lambda q, a: 0 * a)\n"
        "high = Rule('high', lambda q, a: a + 0.5)\n"
        "claim = replace(CLAIMS[0], id='MINE')\n"
        "taken = CLAIMS\n"
        "empty = replace(claim, id='EMPTY', instances=lambda setting: [])\n"
        "ruled = replace(claim, rule='unbiased')\n"
        "class P:\n"
        "    __hash__ = None\n"
        "    def __call__(self, q, a):\n"
        "        return a\n"
        "called = Rule('called', P())\n"
    )
    (tmp_path / "my_typo.py").write_text("def\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults(calls):
    assert run("verify") == 0
    (request,) = calls
    assert list(request.claims) == all_claims()
    assert request.complete
    assert request.cached
    assert (request.setting.full, request.setting.rule, request.setting.data, request.setting.threads) == (False, None, (), 1)
    assert str(request.out) == "results/verify"


def test_some_in_full(calls):
    assert run("verify", "T1", "L5(a)", "--full", "--threads", 2, "--out", "o") == 0
    (request,) = calls
    assert [claim.id for claim in request.claims] == ["T1", "L5(a)"]
    assert (request.complete, request.setting.full, request.setting.threads) == (False, True, 2)


def test_list(capsys):
    assert run("verify", "--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(all_claims())
    assert lines[0].startswith("Q1      exact  Grid points are fixed")
    assert max(map(len, lines)) <= 150


def test_a_users_rule(calls, mine):
    assert run("verify", "--rule", "my_rules:fair", "T1", "T2", "L10") == 0
    (request,) = calls
    assert request.setting.rule.name == "fair"
    assert [claim.id for claim in request.claims] == ["T1", "T2"]
    assert not request.complete
    assert not request.cached


def test_a_users_claim(calls, mine):
    assert run("verify", "--claim", "my_rules.py:claim") == 0
    assert run("verify", "--claim", "my_rules.py:claim", "Q6") == 0
    assert [[claim.id for claim in request.claims] for request in calls] == [["MINE"], ["Q6", "MINE"]]
    assert not any(request.complete or request.cached for request in calls)


@pytest.mark.jit
def test_a_rule_is_tried_where_it_fits(calls, mine):
    """The parts of a named statement that are about such rules; another where it is named itself."""
    for ids, chosen in ((["L3"], ["L3(c)"]), (["L3(a)"], ["L3(a)"]), (["T2", "L1"], ["T2", "L1(a)", "L1(b)"])):
        assert run("verify", "--rule", "my_rules:called", *ids) == 0
        assert [claim.id for claim in calls.pop().claims] == chosen
    assert run("verify", "--rule", "alpt_ref.walks.rule:NEAREST") == 0
    assert {claim.rule for claim in calls.pop().claims} == {"any", "nearest"}
    assert run("verify", "--rule", "my_rules:fair", "--claim", "my_rules:ruled") == 0
    assert [claim.id for claim in calls.pop().claims] == ["MINE"]


def test_exit_codes(tmp_path, capsys, mine):
    """0 as expected; 1 where a rule does not survive."""
    assert run("verify", "Q6", "--out", tmp_path / "a") == 0
    assert run("verify", "--rule", "my_rules:fair", "Q2", "L1(b)", "--out", tmp_path / "b") == 0
    assert run("verify", "--rule", "my_rules.py:floor", "L1(b)", "--out", tmp_path / "c") == 1
    rows = json.loads((tmp_path / "c" / "verdicts.json").read_text())["rows"]
    # Moves of a whole cell ask for no rounding: there floor is as good as any.
    held = [row["instance"] for row in rows if row["verdict"] not in ("violated", "not applicable")]
    assert held == ["c = 0.3 Delta, eta = 1 Delta/G"]
    assert "The rule floor breaks L1(b)" in capsys.readouterr().out


def test_ctrl_c(capsys, monkeypatch):
    def interrupt(request, on_row, on_stop):
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "verify", interrupt)
    assert run("verify", "--out", "o") == 130
    assert capsys.readouterr().err == "alpt-ref: interrupted: nothing was finished yet, and nothing is kept\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("T9",), "unknown statement 'T9'; one of Q1, "),
        (("--threads", 0), "--threads: must be a positive integer, got 0"),
        (("--rule", "my_rules:high"), "rule high: p_up must be in [0, 1], got 1"),
        (("--rule", "my_rules:nothing"), "rule my_rules:nothing: my_rules has no nothing"),
        (("--rule", "my_rules:claim"), "rule my_rules:claim: must be an alpt_ref.theory.Rule, got Claim"),
        (("--rule", "my_typo:rule"), "rule my_typo:rule: my_typo does not import: SyntaxError"),
        (("--rule", "no_such_module:rule"), "rule no_such_module:rule: no_such_module does not import"),
        (("--rule", "rule"), "rule must be module:name or file.py:name, got 'rule'"),
        (("--rule", "my_rules:fair", "Q6"), "--rule: Q6 has no rounding rule that another could replace"),
        (("--claim", "my_rules:taken"), "--claim: Q6 is a statement of alpt_ref, give yours another id"),
        (("--claim", "my_rules:empty"), "EMPTY: no instances"),
        (("--claim", "my_rules:fair"), "claim my_rules:fair: must be an alpt_ref.theory.Claim or a sequence of them, got Rule"),
        (("--data", "no.txt"), "no.txt: "),
        (("--rule", "my_rules:fair", "--resume"), "--resume: with --rule or --claim no rows are kept"),
        (("--quick", "--full"), "--full: not allowed with argument --quick"),
    ],
)
def test_refusals(capsys, mine, arguments, sentence):
    assert error_of(capsys, "verify", *arguments).startswith(sentence)
    assert not (mine / "results").exists()


def test_a_daemon_verifies_by_itself(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    monkeypatch.setattr(verification, "MANY", 0)
    monkeypatch.setattr(multiprocessing, "get_context", None)
    assert run("verify", "Q6", "--threads", "2", "--out", tmp_path / "d") == 0
