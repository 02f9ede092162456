"""The contract and ``parametrize_with_properties`` under pytest: ids, JUnit, files, and workers that share what they find."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from alpt_ref.testing import check_quantizer, ledger, parametrize_with_properties, report
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.level import LEVELS
from alpt_ref.testing.properties import CONTRACT
from alpt_ref.testing.suite import checked
from tests.marks import long
from tests.records import fits
from tests.test_cli_check_quantizer import MODULE

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.edge

QUICK = ("-p", "no:cacheprovider", "--alpt-level", "quick", "--pyargs")
THE_CONTRACT = (*QUICK, "alpt_ref.testing.contract", "--alpt-quantizer")
BOTH = (*THE_CONTRACT, "half:Up", "--alpt-quantizer", "half:Half")
MINE = """
from alpt_ref.testing import parametrize_with_properties
from half import Half, sound

@parametrize_with_properties(Half, "half:Up", sound, level="quick", properties=("ties", "unbiased", "saturates"))
def test_conforms(check):
    check()
"""
SHARED = """
import os
from alpt_ref.testing import ledger

found = ledger.checked

def counted(entry, candidate, level):
    with open("counted.txt", "a") as file:
        file.write(f"{os.getpid()} {candidate.name} {entry.name}\\n")
    return found(entry, candidate, level)

ledger.checked = counted
"""
DEAD = """
from half import Half

class Dead(Half):
    def quantize(self, x, delta, bits, seed):
        raise RuntimeError("no device")
"""


@pytest.fixture
def folder(pytester, monkeypatch):
    pytester.makepyfile(half=MODULE, dead=DEAD)
    pytester.syspathinsert()
    for name in ("half", "dead"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return pytester


@pytest.fixture
def counts(monkeypatch):
    """How often each property of an adapter is computed."""
    found = Counter()

    def counted(entry, candidate, level):
        found[candidate.name, entry.name] += 1
        return checked(entry, candidate, level)

    monkeypatch.setattr(ledger, "checked", counted)
    return found


def outcomes(result):
    """The words of pytest by id."""
    lines = [line.split() for line in result.outlines if " PASSED" in line or " FAILED " in line or " SKIPPED " in line]
    return {words[0]: words[1] for words in lines if "::" in words[0]}


def test_ids_and_classnames_name_adapter_and_property(folder, counts):
    ran = folder.runpytest_inprocess("-v", *BOTH, "-k", "ties or saturates or unbiased", "--junitxml", "found.xml")
    assert outcomes(ran) == {
        "alpt_ref.testing.contract::half:Up::saturates": "PASSED",
        "alpt_ref.testing.contract::half:Up::ties": "PASSED",
        "alpt_ref.testing.contract::half:Up::unbiased-enumerated": "SKIPPED",
        "alpt_ref.testing.contract::half:Up::unbiased": "SKIPPED",
        "alpt_ref.testing.contract::half:Half::saturates": "PASSED",
        "alpt_ref.testing.contract::half:Half::ties": "FAILED",
        "alpt_ref.testing.contract::half:Half::unbiased-enumerated": "SKIPPED",
        "alpt_ref.testing.contract::half:Half::unbiased": "SKIPPED",
    }
    assert "ties: x = -1.5 gives -1; demanded: -2, ties to even" in ran.outlines
    assert "Traceback" not in ran.stdout.str()
    assert not any(line.startswith(">") for line in ran.outlines)
    cases = ElementTree.parse(folder.path / "found.xml").getroot().iter("testcase")
    named = {(case.get("classname"), case.get("name")) for case in cases}
    assert named == {
        (f"alpt_ref.testing.contract.half:{name}", entry)
        for name in ("Up", "Half")
        for entry in ("saturates", "ties", "unbiased-enumerated", "unbiased")
    }
    again = folder.runpytest_inprocess(
        "-v", *QUICK, "alpt_ref.testing.contract::half:Up::ties", "--alpt-quantizer", "half:Up", "--alpt-quantizer", "half:Up"
    )
    assert outcomes(again) == {"alpt_ref.testing.contract::half:Up::ties": "PASSED"}


def test_a_function_of_ones_own(folder, counts):
    folder.makepyfile(test_mine=MINE)
    ran = folder.runpytest_inprocess("-v", "-rs", "-p", "no:cacheprovider")
    assert outcomes(ran) == {
        f"test_mine.py::test_conforms[{name}-{entry}]": "SKIPPED" if entry == "unbiased" else ended
        for name, tied in (("Half-1", "FAILED"), ("half:Up", "PASSED"), ("Half-2", "SKIPPED"))
        for entry, ended in (("ties", tied), ("unbiased", ""), ("saturates", "PASSED"))
    }
    assert "ties: x = -1.5 gives -1; demanded: -2, ties to even" in ran.outlines
    assert "       quantize(np.array([-1.5], np.float32), 1.0, 2, seed=0)" in ran.outlines
    assert "Traceback" not in ran.stdout.str()
    assert "check()" not in ran.stdout.str()
    assert "nearest rounding" in ran.stdout.str()
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("extra", [(), ("-p", "no:alpt_ref")])
def test_what_is_needed_is_checked_once_with_and_without_the_plugin(folder, counts, extra):
    folder.makepyfile(
        test_mine="""
        from alpt_ref.testing import parametrize_with_properties
        from tests.quantizers import Sound, registry

        WANTED = ("unbiased", "variance", "small-updates-survive", "seeds-independent")

        @parametrize_with_properties(Sound, level="quick", properties=WANTED)
        def test_conforms(check):
            assert check.name in WANTED
            assert check.quantizer.rounding == "stochastic"
            check()
        """
    )
    folder.runpytest_inprocess("-p", "no:cacheprovider", *extra).assert_outcomes(passed=4)
    wanted = ("unbiased", "variance", "small-updates-survive", "seeds-independent", "elements-independent", "repeatable")
    assert counts == {("Sound", name): 1 for name in wanted}


def test_what_keeps_a_property_from_being_judged_fails_it(folder):
    folder.makepyfile(
        test_mine="""
        import numpy as np
        from alpt_ref.testing import NumpyQuantizer, parametrize_with_properties

        def quantize(x, delta, bits, seed):
            s = np.clip(x / np.float32(delta), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            u = np.random.default_rng(seed).random(x.shape[:-1] + (1,), np.float32)
            return ((np.floor(s) + (u < s - np.floor(s))) * np.float32(delta)).astype(np.float32)

        @parametrize_with_properties(NumpyQuantizer(quantize), level="quick", properties=["unbiased"])
        def test_conforms(check):
            check()
        """
    )
    ran = folder.runpytest_inprocess("-p", "no:cacheprovider", "--alpt-json", "found.json")
    ran.assert_outcomes(failed=1)
    assert "not judged: needs elements-independent" in ran.outlines
    found = fits("found", folder.path / "found.json")
    assert [(entry["name"], entry["status"]) for entry in found["properties"]] == [
        ("elements-independent", "fail"),
        ("unbiased", "not applicable"),
    ]


@pytest.mark.parametrize(
    ("adapters", "options", "said"),
    [
        ((), {}, 'an adapter is missing: a class or object, or text "package.module:Name"'),
        ((3,), {}, "int must have a method quantize(x, delta, bits, seed)"),
        (("half",), {}, "quantizer must be module:name or file.py:name, got 'half'"),
        (("half:Third",), {}, "quantizer half:Third: half has no Third"),
        (("half:Wrong",), {}, "quantizer half:Wrong: ties must be one of 'even', "),
        (("half:Half",), {"level": "slow"}, "level must be one of quick, default, thorough, got 'slow'"),
        (("half:Half",), {"properties": ["bias"]}, "unknown property 'bias'; one of values-on-grid, "),
        (("half:Half",), {"properties": "ties"}, "properties must be a sequence of names, got the text 'ties'"),
    ],
)
def test_wrong_arguments_are_one_sentence(folder, adapters, options, said):
    with pytest.raises(ValueError, match=r"^parametrize_with_properties: ") as caught:
        parametrize_with_properties(*adapters, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("function", [lambda other: None, type("Checks", (), {}), 3])
def test_what_is_decorated_takes_a_check(folder, function):
    with pytest.raises(ValueError, match=r"^parametrize_with_properties: .* must be a function with an argument check$"):
        parametrize_with_properties("half:Half")(function)


def test_pytest_tells_of_wrong_arguments_without_a_traceback(folder):
    folder.makepyfile(test_mine=MINE.replace("quick", "slow"))
    ran = folder.runpytest_inprocess("-p", "no:cacheprovider")
    ran.assert_outcomes(errors=1)
    said = "parametrize_with_properties: level must be one of quick, default, thorough, got 'slow'"
    assert said in ran.outlines
    assert "Traceback" not in ran.stdout.str()
    assert "parametrize.py" not in ran.stdout.str()


def without_times(found):
    return json.dumps({**found, "properties": [{**entry, "seconds": 0} for entry in found["properties"]]}, sort_keys=True)


def test_files_are_those_of_check_quantizer(folder, monkeypatch):
    names = ("ties", "saturates", "unbiased")
    ran = folder.runpytest_inprocess(
        *THE_CONTRACT,
        "half:Half",
        "-k",
        "ties or saturates or unbiased and not enum",
        "--alpt-json",
        "a/f.json",
        "--alpt-html",
        "f.html",
    )
    assert "half:Half: a/f.json" in ran.outlines
    assert "half:Half: f.html" in ran.outlines
    found = fits("found", folder.path / "a" / "f.json")
    assert found["quantizer"] == "half:Half"
    direct = check_quantizer(Candidate.load("half:Half"), *names, level="quick")
    assert without_times(found) == without_times(json.loads(json.dumps(report.record(direct))))
    page = (folder.path / "f.html").read_text()
    assert "Conformance of half:Half" in page
    assert "x = -1.5 gives -1; demanded: -2, ties to even" in page
    assert "pytest -p no:cacheprovider" in page
    assert not list(folder.path.glob("**/*.tmp"))


def test_each_of_several_quantizers_has_its_files(folder):
    folder.makepyfile(test_mine=MINE)
    chosen = ("-k", "ties", "--alpt-json", "f.json")
    ran = folder.runpytest_inprocess(*BOTH, "test_mine.py", *chosen)
    written = {"f-half-Up.json", "f-half-Up-2.json", "f-half-Half.json", "f-Half-1.json", "f-Half-2.json"}
    assert {path.name for path in folder.path.glob("*.json")} == written
    assert sum(line.endswith(".json") for line in ran.outlines) == len(written)
    assert [fits("found", folder.path / f"f-{name}.json")["conforms"] for name in ("half-Up", "half-Half")] == [True, False]


def test_no_file_of_a_session_without_quantizers_or_that_was_interrupted(folder):
    folder.makepyfile(
        test_none="def test_none():\n    pass", test_stop="import pytest\ndef test_stops():\n    pytest.exit('now')"
    )
    ran = folder.runpytest_inprocess("-p", "no:cacheprovider", "test_none.py", "--alpt-json", "f.json")
    ran.assert_outcomes(passed=1)
    assert "no file is written: no quantizer was checked to the end" in ran.outlines
    ended = folder.runpytest_inprocess(*THE_CONTRACT, "half:Up", "test_stop.py", "-k", "ties or stops", "--alpt-json", "f.json")
    ended.assert_outcomes(passed=1)
    assert ended.ret == pytest.ExitCode.INTERRUPTED
    assert not (folder.path / "f.json").exists()


def test_a_test_that_broke_off_has_failed(folder, monkeypatch):
    def broken(entry, candidate, level):
        raise RuntimeError("a fault of the suite")

    monkeypatch.setattr(ledger, "checked", broken)
    ran = folder.runpytest_inprocess(*THE_CONTRACT, "half:Up", "-k", "ties", "--alpt-json", "f.json")
    ran.assert_outcomes(failed=1)
    found = fits("found", folder.path / "f.json")
    assert not found["conforms"]
    assert [entry["note"] for entry in found["properties"]] == [ledger.BROKE_OFF]


def test_a_quantizer_that_cannot_be_called_says_so_once(folder):
    ran = folder.runpytest_inprocess(*THE_CONTRACT, "dead:Dead")
    nearest = [entry for entry in CONTRACT if entry.demanded_of("nearest")]
    ran.assert_outcomes(failed=1, skipped=len(CONTRACT) - 1)
    assert len(nearest) > 1
    assert ran.stdout.str().count("raises RuntimeError: no device") >= 1


def test_two_workers_check_each_property_once(folder):
    folder.makepyfile(conftest=SHARED, test_mine=MINE)
    command = [sys.executable, "-m", "pytest", "-n", "2", *THE_CONTRACT, "tests.quantizers:Sound", "test_mine.py"]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": "1", "TMPDIR": str(folder.path)}
    command += ["-k", "unbiased or independent or variance or ties", "--alpt-json", "f.json", "--junitxml", "f.xml"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder.path, env=environment)
    assert "1 failed" in ended.stdout, ended.stdout
    rows = [line.split() for line in (folder.path / "counted.txt").read_text().splitlines()]
    counted = Counter((name, entry) for _, name, entry in rows)
    assert set(counted.values()) == {1}
    names = {entry for name, entry in counted if name == "tests.quantizers:Sound"}
    assert names == {
        "repeatable", "elements-independent", "seeds-independent", "unbiased", "unbiased-enumerated", "variance"
    }  # fmt: skip
    assert len({process for process, _, _ in rows}) == 2
    found = fits("found", folder.path / "f-tests.quantizers-Sound.json")
    assert found["conforms"]
    assert {entry["name"] for entry in found["properties"]} == names - {"repeatable"} | {"ties"}
    assert not fits("found", folder.path / "f-Half-1.json")["conforms"]
    cases = ElementTree.parse(folder.path / "f.xml").getroot().iter("testcase")
    assert {case.get("classname") for case in cases} == {"alpt_ref.testing.contract.tests.quantizers:Sound", "test_mine"}
    assert not list(folder.path.glob("alpt_ref-*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "ERROR: --alpt-quantizer MODULE:NAME is missing: the adapter of the quantizer to check"),
        (("--alpt-quantizer", "half:Third"), "ERROR: quantizer half:Third: half has no Third"),
        (
            ("--alpt-quantizer", "half:Up", "--alpt-level", "slow"),
            "ERROR: level must be one of quick, default, thorough, got 'slow'",
        ),
        (("--alpt-quantizer", "half:Up", "--alpt-html", "."), "ERROR: .: is a folder"),
        (("--alpt-quantizer", "half:Up", "--alpt-json", "-"), "ERROR: --alpt-json must be a file of its own, got -"),
        (
            ("--alpt-quantizer", "half:Up", "--alpt-json", "f", "--alpt-html", "./f"),
            "ERROR: --alpt-json and --alpt-html must be two files, got f for both",
        ),
        pytest.param(
            ("-n2",), "ERROR: --alpt-quantizer MODULE:NAME is missing: the adapter of the quantizer to check", marks=long
        ),
    ],
)
def test_wrong_options_are_one_sentence(folder, arguments, said):
    ended = folder.runpytest_inprocess(*QUICK[:2], "--pyargs", "alpt_ref.testing.contract", *arguments)
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    assert said in ended.stderr.str() + ended.stdout.str()
    assert "Traceback" not in ended.stderr.str() + ended.stdout.str()


def workflow():
    """The workflow of the page, parsed."""
    yaml = pytest.importorskip("yaml")
    page = (Path(__file__).parent.parent / "docs" / "check-your-quantizer.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    return yaml.safe_load(block), page


def test_the_workflow_of_the_page_is_one():
    flow, _ = workflow()
    assert set(flow) == {"name", True, "jobs"}  # YAML 1.1 reads "on" as true
    assert set(flow[True]) == {"push", "pull_request", "schedule"}
    minute, hour, *days = flow[True]["schedule"][0]["cron"].split()
    assert int(minute) < 60
    assert int(hour) < 24
    assert days == ["*", "*", "1"]
    (job,) = flow["jobs"].values()
    assert {"runs-on", "timeout-minutes", "env", "steps"} == set(job)
    levels = dict(re.findall(r"github\.event_name == '(\w+)' && '(\w+)'", job["env"]["LEVEL"]))
    assert levels == {"schedule": "thorough", "pull_request": "quick"}
    assert job["env"]["LEVEL"].endswith("|| 'default' }}")
    assert set(levels.values()) | {"default"} == set(LEVELS)
    assert all(len(step) == 1 or "uses" in step for step in job["steps"])
    last = job["steps"][-1]
    assert (last["if"], last["with"]["path"]) == ("always()", "found")


def test_the_command_of_the_workflow_runs(folder):
    flow, page = workflow()
    (command,) = (step["run"] for step in flow["jobs"]["conformance"]["steps"] if step.get("run", "").startswith("pytest"))
    folder.makepyfile(mine="from half import Half\n\nclass Compared(Half):\n    pass\n\nNearest = Half")
    words = ["0" if word == "2" else "quick" if word == "$LEVEL" else word for word in shlex.split(command)[1:]]
    ran = folder.runpytest_inprocess("-p", "no:cacheprovider", *words, "-k", "ties")
    ran.assert_outcomes(failed=2)
    found = folder.path / "found"
    written = {f"found-mine-{name}.{kind}" for name in ("Compared", "Nearest") for kind in ("json", "html")}
    assert {path.name for path in found.iterdir()} == {"junit.xml", *written}
    assert "found/found-mine-Compared.html" in page
