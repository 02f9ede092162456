"""``alpt-ref check-quantizer``: what it prints, writes and refuses."""

import re
from xml.etree import ElementTree

import pytest

from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.properties import CONTRACT
from tests.cli_support import run
from tests.records import fits

pytestmark = pytest.mark.glue

MODULE = """
import numpy as np

class Half:
    rounding = "nearest"
    def quantize(self, x, delta, bits, seed):
        q = np.floor(x / np.float32(delta) + np.float32(0.5))
        lo, hi = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        return (np.clip(q, lo, hi) * np.float32(delta)).astype(np.float32)

class Up(Half):
    ties = "up"

sound = Half()
sound.ties = "any"
number = 3

class Unnamed:
    def quantize(self, x, delta, bits, seed):
        return x

class Wrong(Half):
    ties = "odd"

class Needs:
    def __init__(self, device):
        pass
    quantize = None
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "half.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return str(tmp_path / "half.py")


def test_what_passes_and_what_fails(module, capsys):
    assert run("check-quantizer", f"{module}:Half", "ties", "nearest-point", "unbiased", "--quick") == 1
    out = capsys.readouterr().out
    assert "nearest-point           FAIL   no point of the grid is nearer to clip(x) than Q(x) [Q4]\n" in out
    assert "ties                    FAIL" in out
    assert "unbiased                -      E Q(x) = clip(x)" in out
    assert "1. nearest-point: x = 0.49999997 gives 1; demanded: 0, the nearest point\n" in out
    assert "       quantize(np.array([0.49999997], np.float32), 1.0, 2, seed=0)\n" in out
    assert "A correct quantizer fails this run with probability at most 1e-06" in out
    assert re.search(
        r"half.py:Half, nearest: does not conform; 0 pass, 2 fail, 1 not applicable \(quick level, \d+ s\)\.\n$", out
    )
    assert run("check-quantizer", "half:Up", "ties", "saturates", "--quick") == 0
    out = capsys.readouterr().out
    assert "Nothing in this run is left to chance." in out
    assert "\nhalf:Up, nearest, ties = 'up': conforms; 2 pass, 0 fail, 0 not applicable (quick level, " in out


def test_stochastic_rounding_prints_its_sensitivity(capsys):
    assert run("check-quantizer", "tests.quantizers:Sound", "--quick") == 0
    out = capsys.readouterr().out
    asked = [entry.name for entry in CONTRACT if entry.asked_of(Declaration("stochastic"))]
    assert [line.split()[0] for line in out.splitlines()[: len(asked)]] == asked
    assert "Not applicable:\n  same-bits-any-threads: the adapter has no set_threads(n)\n" in out
    rows = [line.split() for line in out.splitlines() if line.startswith("  ") and "4,096" in line]
    assert rows[0][0] == "2^-20"
    assert rows[-1][-1].startswith("2^-")
    assert max(map(len, out.splitlines())) <= 110


def test_json_and_junit(module, tmp_path, capsys):
    arguments = ("half:Half", "--quick", "--json", "out/found.json", "--junit", "out/found.xml")
    assert run("check-quantizer", *arguments) == 1
    found = fits("found", tmp_path / "out" / "found.json")
    assert found["quantizer"] == "half:Half"
    assert found["declared"]["bits"] == list(range(2, 17))
    assert not found["conforms"]
    by_name = {entry["name"]: entry for entry in found["properties"]}
    asked = [entry.name for entry in CONTRACT if entry.asked_of(Declaration("nearest"))]
    assert list(by_name) == asked
    counterexample = by_name["nearest-point"]["counterexample"]
    assert (counterexample["bits"], counterexample["delta"], counterexample["u"]) == (2, 1.0, None)
    assert counterexample["x"] == [pytest.approx(0.49999997)]
    assert by_name["unbiased"]["status"] == "not applicable"
    (suite,) = ElementTree.parse(tmp_path / "out" / "found.xml").getroot()
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == [entry["name"] for entry in found["properties"] if entry["status"] == "fail"]
    assert (int(suite.get("failures")), int(suite.get("tests"))) == (len(failed), len(asked))
    assert int(suite.get("skipped")) == sum(entry["status"] == "not applicable" for entry in found["properties"])
    capsys.readouterr()


def test_list_needs_no_quantizer(capsys):
    assert run("check-quantizer", "--list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [entry.name for entry in CONTRACT]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the quantizer is missing: package.module:Adapter or file.py:Adapter"),
        (("half",), "quantizer must be module:name or file.py:name, got 'half'"),
        (("other:Half",), "quantizer other:Half: other does not import: ModuleNotFoundError: No module named 'other'"),
        (("none.py:Half",), "quantizer none.py:Half: none.py does not exist"),
        (("half:Third",), "quantizer half:Third: half has no Third"),
        (("half:number",), "quantizer half:number: int must have a method quantize(x, delta, bits, seed)"),
        (("half:Needs",), "quantizer half:Needs: Needs() failed: TypeError: "),
        (
            ("half:Unnamed",),
            "quantizer half:Unnamed: rounding must be an attribute of the quantizer, ",
        ),
        (
            ("half:Wrong",),
            "quantizer half:Wrong: ties must be one of 'even', 'away', 'up', 'down', 'zero', 'any', 'even code', got 'odd'",
        ),
        (("half:Half", "bias"), "unknown property 'bias'; one of values-on-grid, "),
        (("half:Half", "--quick", "--thorough"), "--thorough: not allowed with argument --quick"),
        (("half:Half", "--json", "."), ".: is a folder"),
    ],
)
def test_wrong_input_is_one_sentence(module, capsys, arguments, said):
    assert run("check-quantizer", *arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("alpt-ref: error: ")
    assert said in err
    assert err.count("\n") == 1
