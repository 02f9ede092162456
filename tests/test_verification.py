"""The table of verdicts: saved rows, resumption, tables and their last sentence; C1 and C2 in both directions."""

import contextlib
import json
import re
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import absolute, clicks, quadratic
from alpt_ref.reports import verdicts
from alpt_ref.reports.publish import publish
from alpt_ref.studies.convergence.settings import CtrSettings
from alpt_ref.studies.verification import directions, floors, rows
from alpt_ref.studies.verification import run as verification
from alpt_ref.studies.verification.directions import case_of
from alpt_ref.studies.verification.floors import Case
from alpt_ref.studies.verification.run import Request
from alpt_ref.theory import Check, Instance, Measured, Setting, registry
from alpt_ref.theory.claim import NOT_APPLICABLE, Row
from alpt_ref.tools.sheet import WIDTH
from alpt_ref.walks.rule import STOCHASTIC, Rule
from tests.executors import Idle, after
from tests.records import fits
from tests.widths import WIDTHS, assert_fits, printed

pytestmark = pytest.mark.glue

TINY = CtrSettings(60, 2, 3, 0.3, (4,), (0.1,), ((1.0, 0.25),), 1, 2, 1)
SHORT = [Case("(w - c)^2/2, noise 0.5", lambda c: quadratic(1.0, c, 0.5), 0.8, (2, 3))]
SMALL = [
    case_of("|w - c|", "L9", s, absolute(1.0, 0.6), Grid(4, 0.25), 20) for s in (0.1, 0.9)
] + [case_of("clicks", "L5", 1.0, clicks(0.3), Grid(4, 0.25), 20, "sqrt")]  # fmt: skip


def published(request: Request) -> dict:
    def shown(record: dict) -> dict:
        return publish(verdicts.report(record, 1.0), request.out)

    return shown(verification.run(request, on_stop=shown))


def request(out: Path, *ids: str, **more) -> Request:
    return Request(registry.claims_of(ids), Setting(threads=2), out, cached=True, **more)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("verify")
    published(request(out, "Q6", "L1(b)"))
    return out


def test_what_is_written(finished):
    record = fits("verdicts", finished / "verdicts.json")
    assert {row["id"] for row in record["rows"]} == {"Q6", "L1(b)"}
    row = record["rows"][0]
    keys = ("statement", "kind", "instance", "method", "params", "bound", "measured", "half", "confidence", "ratio", "verdict")
    assert set(keys) | {"id", "expected", "checks", "note"} == set(row)
    assert row["checks"][0] == {"name": "w* in S", "lhs": 0.0, "relation": "<=", "rhs": 0.0, "about": "problem", "holds": True}
    assert record["directions"] is None
    assert record["ctr"] is None
    text = (finished / "verdicts.md").read_text()
    assert record["finding"] in text
    assert "L1(b) (exact)" in text


def test_the_same_request_reads_its_rows_back(finished):
    before = (finished / "verdicts.json").read_bytes()
    published(request(finished, "Q6", "L1(b)", executor=Idle()))
    assert (finished / "verdicts.json").read_bytes() == before


def test_an_interrupted_run_goes_on(finished, tmp_path):
    one = request(tmp_path, "Q6", "L1(b)", executor=after(3))
    with pytest.raises(KeyboardInterrupt):
        published(one)
    record = fits("verdicts", tmp_path / "verdicts.json")
    assert (record["complete"], record["asked"], len(record["rows"]), record["stopped"]) == (False, 17, 3, "KeyboardInterrupt")
    assert len(list((tmp_path / "cells").iterdir())) == 3
    with pytest.raises(ValueError, match=r"verdicts.json has results of other claims"):
        published(request(tmp_path, "Q5"))
    published(replace(one, executor=None))
    assert (tmp_path / "verdicts.json").read_bytes() == (finished / "verdicts.json").read_bytes()


def test_a_complete_record_stays_where_a_run_is_interrupted(finished, monkeypatch):
    """Of the same request, with other code: nothing is found in the cells."""
    before = [(finished / name).read_bytes() for name in ("verdicts.json", "verdicts.md")]
    monkeypatch.setattr(rows, "code_version", lambda: "11111111")
    with pytest.raises(KeyboardInterrupt):
        published(request(finished, "Q6", "L1(b)", executor=after(3)))
    assert [(finished / name).read_bytes() for name in ("verdicts.json", "verdicts.md")] == before


def test_a_lost_interrupt_is_heeded(tmp_path, monkeypatch):
    """A Ctrl-C that only the signal handler saw, as in a callback of the compiler, ends the run after the row."""

    def measure(claim, instance, *more, **others):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return row()

    monkeypatch.setattr(rows, "verify", measure)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        list(verification.rows_of(request(tmp_path, "Q6")))
    assert len(list((tmp_path / "cells").iterdir())) == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_rows_of_other_code_are_not_reused(finished, monkeypatch):
    cells = len(list((finished / "cells").iterdir()))
    monkeypatch.setattr(rows, "code_version", lambda: "00000000")
    (finished / "verdicts.json").unlink()
    published(request(finished, "Q6"))
    assert len(list((finished / "cells").iterdir())) == cells + 2


def test_results_of_another_question_are_not_replaced(finished):
    before = (finished / "verdicts.json").read_text()
    with pytest.raises(ValueError, match=r"verdicts.json has results of other claims: remove it, or choose another folder"):
        published(request(finished, "Q5"))
    assert (finished / "verdicts.json").read_text() == before


def test_rules_and_claims_of_one_name_are_told_apart(tmp_path):
    """By what the rule answers, be it at one code of 16 bits alone; a copy of a claim is not the claim."""
    claims = registry.claims_of(["Q6"])

    def asked(p_up):
        return Request(claims, Setting(rule=Rule("mine", p_up)), tmp_path)

    first = verification.about(asked(lambda q, a: a))
    assert verification.about(asked(lambda q, a: 1.0 * a)) == first
    other = verification.about(asked(lambda q, a: np.where(q == 32_000.0, a * a, a)))
    assert {key for key in first if first[key] != other[key]} == {"answers"}
    own = [replace(claim) for claim in claims]
    assert verification.about(Request(claims, Setting(), tmp_path))["own"] == []
    assert verification.about(Request(own, Setting(), tmp_path))["own"] == [claim.id for claim in claims]


def test_what_was_measured_before_an_error_is_kept(tmp_path):
    """Of a claim whose second instance fails in a way that nobody foresaw."""
    base = registry.claims_of(["Q6"])[0]
    good = base.instances(Setting())[0]

    def fail(draw):
        raise RuntimeError("no such thing")

    bad = replace(good, name="bad", measure=fail)
    with pytest.raises(ValueError, match="Q6, bad: RuntimeError: no such thing"):
        published(Request([replace(base, instances=lambda s: [good, bad])], Setting(), tmp_path))
    record = fits("verdicts", tmp_path / "verdicts.json")
    assert (record["stopped"], len(record["rows"])) == ("ValueError: Q6, bad: RuntimeError: no such thing", 1)
    assert (record["complete"], record["asked"]) == (False, 2)
    assert record["finding"] == "Unfinished, 1 of 2 rows: 1 verdict on 1 statement: 1 holds."
    assert (tmp_path / "verdicts.md").read_text().startswith("# Verdicts\n\nUnfinished, 1 of 2 rows: ")


def test_a_second_process_finds_the_same_rows(tmp_path):
    """Rows that the second process saved, from the end, are those that the first would have found."""
    ids = ("Q6", "L9", "L14")
    claims = registry.claims_of(ids)
    alone = [row.record() for row in verification.rows_of(Request(claims, Setting(), tmp_path / "a", cached=True))]
    verification.from_the_end([claim.id for claim in claims], Request((), Setting(), tmp_path / "b", cached=True), 1e-6)
    saved = len(list((tmp_path / "b" / "cells").iterdir()))
    both = [row.record() for row in verification.rows_of(Request(claims, Setting(threads=2), tmp_path / "b", cached=True))]
    assert both == alone
    assert saved == len(alone)


def test_rows_of_a_users_rule_are_not_kept(tmp_path):
    mine = Rule("mine", lambda q, a: a)
    claims = [claim for claim in registry.claims_of(["L1(b)"]) if claim.rule]
    record = published(Request(claims, Setting(rule=mine), tmp_path))
    assert not (tmp_path / "cells").exists()
    assert record["finding"] == "The rule mine survives. Of 13 rows 13 hold."


def test_the_printed_table(finished, capsys):
    capsys.readouterr()
    (finished / "verdicts.json").unlink()
    record = published(request(finished, "Q6", "L1(b)"))
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(printed.split()).endswith(record["finding"])
    assert record["finding"] == (
        "17 verdicts on 2 statements: 14 hold, 1 is violated, 2 are not applicable; all as expected: 3 are controls or refuted "
        "variants, which have to fail."
    )
    assert any(line.startswith("L1(b) (exact)") for line in lines)
    assert any("eta <= Delta/G: 1.2 <= 1 fails" in line for line in lines)


def row(**change) -> Row:
    base = Row("X", "a statement", "upper", "an instance", "exact", {}, 2.0, 1.0, 0.0, 1.0, 0.5, "holds", "holds")
    return replace(base, **change)


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_of_verdicts_fit_a_terminal(finished, width):
    """On one line or two; names are cut where there is no room, numbers never."""
    rows = [Row.from_record(entry) for entry in json.loads((finished / "verdicts.json").read_text())["rows"]]
    widest = row(
        measured=-1.2345e-10, half=2e-12, bound=-1.234e-10, ratio=-1.234e9, verdict=NOT_APPLICABLE, method="monte-carlo"
    )
    rows += [replace(widest, instance=40 * "name "), row()]
    for sheet in verdicts.sheets(rows):
        lines = printed(sheet, width)
        assert max(map(len, lines)) <= width
        words = [line.split() for line in lines]
        for name, *cells in sheet.rows:
            numbers = " ".join(cells).replace(verdicts.MARK, "").split()
            assert any(line[-len(numbers) :] == numbers for line in words)
            assert any(name[: min(len(name), 36, width - 2)].strip() in line for line in lines)
    assert_fits([verdicts.summary(rows)], [width])


def test_surprises_are_marked_and_named():
    odd = row(verdict="violated", ratio=12345.678, measured=-1e-20, method="monte-carlo", half=0.02, note="here")
    record = {"rule": None, "directions": None, "ctr": None, "false_alarm": 1e-6}
    text = verdicts.finding([row(), odd], record)
    assert text == "2 verdicts on 1 statement: 1 holds, 1 is violated; 1 not as expected, the first X, an instance: violated."
    assert verdicts.line(odd) == ("an instance", "MC", "0±0.02", "<=", "2", "12000", "violated !")
    console = Console(width=WIDTH, record=True, quiet=True)
    console.quiet = False
    with console.capture() as capture:
        results = record | {"rows": [row().record(), odd.record()]}
        said = verdicts.report(results, 1.0)
        said.show(console)
    assert said.finding == text
    assert "an instance: here" in capture.get()
    twice = [row(verdict=NOT_APPLICABLE, checks=(Check("c", 2.0, "<=", 1.0),), instance=name) for name in "ab"]
    assert next(iter(verdicts.sheets(twice))).note == "2 rows: c: 2 <= 1 fails"


def test_what_becomes_of_a_rule():
    record = {"rule": "mine", "directions": None, "ctr": None}
    biased = Check("rule is unbiased", 1.0, "<=", 0.0, "rule")
    off = row(verdict=NOT_APPLICABLE, checks=(biased,))
    bad = row(verdict="violated", checks=(biased,), ratio=2.5)
    assert verdicts.finding([off, bad], record).startswith(
        "The rule mine breaks X, by a factor of 2.5 in X on an instance. Of 2"
    )
    assert "breaks no bound, but an assumption (rule is unbiased). Of 1" in verdicts.finding([off], record)
    assert "survives" in verdicts.finding([row()], record)
    assert "is not decided" in verdicts.finding([row(verdict="undecided")], record)


def test_the_summary_has_a_line_for_each_claim():
    sheet = verdicts.summary([row(), row(ratio=0.9), row(verdict="violated", expected="violated"), row(id="Y", kind="law")])
    assert sheet.rows[0] == ("X", "upper", "3", "2", "1", "", "", "1", "0.900", "-", "")
    assert sheet.rows[1][-2:] == ("", "")
    assert verdicts.line(row(verdict=NOT_APPLICABLE, bound=None, ratio=None))[4:] == ("-", "-", "not applicable !")


def test_monte_carlo_rows_share_the_false_alarm_rate(tmp_path):
    seen = []

    def measure(draw):
        seen.append((draw.alpha, draw.threads))
        return Measured(1.0)

    claim = replace(registry.claims_of(["Q6"])[0], bound=lambda p: 2.0, checks=lambda p: ())
    instances = [
        Instance(f"i{i}", registry.claims_of(["Q6"])[0].instances(Setting())[0].params, measure, "monte-carlo")
        for i in range(4)
    ]
    claim = replace(claim, instances=lambda setting: instances)
    published(Request([claim], Setting(threads=3), tmp_path))
    assert seen == [(1e-6 / 4, 3)] * 4


def test_what_a_claim_of_a_user_gets_wrong_is_one_sentence(tmp_path):
    base = registry.claims_of(["Q6"])[0]
    good = base.instances(Setting())[0]
    wrong = {
        "X, random x and w*, d = 3: TypeError": replace(
            base, id="X", instances=lambda s: [replace(good, measure=lambda d: d + 1)]
        ),
        "X: AttributeError": replace(base, id="X", instances=lambda s: [s.nothing]),
        "X: random x and w*, d = 3: more than one": replace(base, id="X", instances=lambda s: [good, good]),
    }
    for sentence, claim in wrong.items():
        with pytest.raises(ValueError, match=re.escape(sentence)):
            published(Request([claim], Setting(), tmp_path))


def test_claims_that_share_instances_keep_their_rows(tmp_path):
    base = registry.claims_of(["Q6"])[0]
    shared = base.instances(Setting())[:1]
    claims = [
        replace(base, id=name, kind=kind, bound=lambda p: 2.0, instances=lambda s: shared)
        for name, kind in (("U1", "upper"), ("U2", "lower"))
    ]
    record = published(Request(claims, Setting(threads=2), tmp_path))
    assert [(row["id"], row["verdict"]) for row in record["rows"]] == [("U1", "holds"), ("U2", "violated")]


@pytest.mark.glue
def test_directions(monkeypatch, tmp_path):
    monkeypatch.setattr(directions, "cases", lambda: SMALL)
    monkeypatch.setattr(directions, "FLOAT_REPLICAS", 8)
    monkeypatch.setattr(floors, "cases", lambda: SHORT)
    monkeypatch.setattr(floors, "STEPS", 8)
    monkeypatch.setattr(floors, "CELLS", np.array([0.6, 2.0]))
    records = directions.measure()
    assert records[0]["C1"] in ("only SR", "neither")
    assert records[0]["DR_floor"] == pytest.approx(0.6)
    sheet = verdicts.directions_sheet(records)
    assert len(sheet.rows) == 3
    assert "of 3 settings" in verdicts.directions_finding(records)
    full = replace(request(tmp_path, "Q6"), complete=True, panel=TINY)
    record = published(full)
    assert len(record["directions"]) == 3
    assert [line["method"] for line in record["floors"]] == ["LPT, SR", "LPT, DR, best eta", "float masters"]
    assert "Floors under gradient noise" in (tmp_path / "verdicts.md").read_text()
    assert record["ctr"]["rows"]
    assert "tuned CTR comparisons" in record["finding"]
    assert_fits(sheet for sheet in verdicts.report(record, 1.0).sheets if not isinstance(sheet, verdicts.VerdictSheet))
    assert "C1 and C2" in (tmp_path / "verdicts.md").read_text()


@pytest.mark.jit
@pytest.mark.long  # and `make verify`
def test_both_directions_are_found():
    """C1 and C2 hold where updates are small, and not everywhere: the table says both."""
    records = directions.measure()
    by = {(r["problem"], r["s"]): r for r in records}
    assert by["|w - c|", 0.1]["C1"] == "only SR"
    assert by["|w - c|", 0.51]["C1"] == "DR"
    assert by["|w - c|", 0.51]["DR_steps"] == pytest.approx(0.51 * by["|w - c|", 0.51]["SR_steps"], rel=0.02)
    assert by["|w - c|", 0.51]["C2"] == "alike"
    assert by["clicks at 3%", 60.0]["C2"] == "DR"
    assert by["clicks at 3%", 2.0]["C2"] == "SR"
    for r in records:
        assert r["SR_floor"] <= 1.1 * max(r["DR_floor"], r["fp_floor"] + 0.02)


@pytest.mark.parametrize(
    ("dr", "sr", "name"),
    [(None, None, "neither"), (None, 5, "only SR"), (5, None, "only DR"), (100, 104, "alike"), (10, 8, "alike"), (10, 30, "DR"),
     (30, 10, "SR")],
)  # fmt: skip
def test_who_is_faster(dr, sr, name):
    assert directions.faster(dr, sr) == name


def test_whose_error_is_smaller():
    assert [directions.smaller(1.0, 1.02), directions.smaller(1.0, 2.0), directions.smaller(2.0, 1.0)] == ["alike", "DR", "SR"]
    assert directions.smaller(1e-14, 0.0) == "alike"


def test_data_join_as_problems(tmp_path):
    path = tmp_path / "tiny.txt"
    rng = np.random.default_rng(0)
    path.write_text("".join(f"{rng.choice([-1, 1])} 1:{rng.normal():.3f} 2:{rng.normal():.3f}\n" for _ in range(9)))
    (problem,) = verification.problems_of([path])
    assert (problem.name, problem.d) == ("tiny.txt", 2)
    other = tmp_path / "other" / "tiny.txt"
    other.parent.mkdir()
    other.write_text(path.read_text())
    assert [p.name for p in verification.problems_of([path, other])] == [str(path), str(other)]
    with pytest.raises(ValueError, match=r"tiny\.txt is given twice"):
        verification.problems_of([path, path])
    names = [i.name for i in registry.claims_of(["T1"])[0].instances(Setting(data=(problem,)))]
    assert "tiny.txt, one example a step" in names
    assert STOCHASTIC.name == "stochastic"
