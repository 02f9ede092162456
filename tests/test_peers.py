"""analysis/peer_conformance.py where the libraries are not installed, and the declarations of its adapters."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from alpt_ref.testing.declaration import Declaration

pytestmark = pytest.mark.edge

ANALYSIS = Path(__file__).parent.parent / "analysis"


def script(*arguments):
    command = [sys.executable, ANALYSIS / "peer_conformance.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def adapters():
    spec = importlib.util.spec_from_file_location("peer_adapters", ANALYSIS / "peer_adapters.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PEERS


@pytest.mark.parametrize("adapter", adapters(), ids=lambda adapter: adapter.__name__)
def test_adapters_declare_what_they_are_and_call(adapter):
    assert Declaration.of(adapter).rounding == adapter.rounding
    assert adapter.library
    assert adapter.__doc__


def test_wrong_input_is_one_sentence():
    ended = script("--only", "Other")
    assert ended.returncode == 2
    assert ended.stderr.startswith("peer_conformance: error: --only must be one of TorchFloor, ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.skipif(importlib.util.find_spec("qtorch") is not None, reason="qtorch is installed")
def test_a_library_that_is_missing_is_said_so(tmp_path):
    ended = script("--only", "QtorchNearest", "--out", str(tmp_path))
    assert (ended.returncode, ended.stderr) == (2, "peer_conformance: error: qtorch is not installed\n")
