"""Devices that are asked for where there is none: a sentence, exit code 2, nothing written; and what touches a GPU at all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alpt_ref import FactorizationMachine, Grid, LogisticRegression, quantize
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.tools import devices
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk
from tests.cli_support import run
from tests.marks import long

pytestmark = pytest.mark.glue
NO_EXTRA = "numba-cuda is not installed (pip install 'alpt-ref[cuda]')"


@pytest.fixture
def without(monkeypatch):
    """A function that lets a reason be why no GPU can be used."""
    return lambda reason: monkeypatch.setattr(devices, "missing", lambda: reason)


def test_arguments(without):
    without(NO_EXTRA)
    said = r"device must be cpu here: numba-cuda is not installed \(pip install 'alpt-ref\[cuda\]'\)"
    X, y = np.eye(4), [0, 1, 0, 1]
    problem = AbsoluteSum(np.ones(2), np.zeros(2))
    for call in (
        lambda: FactorizationMachine(device="cuda").fit(X, y),
        lambda: LogisticRegression().fit(X, y).set_params(device="cuda").predict(X),
        lambda: quantize(X, Grid(4, 0.1), device="cuda"),
        lambda: Walk(problem, None, "nearest", Schedule(0.1), 3, device="cuda"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
    with pytest.raises(ValueError, match="device must be one of cpu, cuda, got 'gpu'"):
        FactorizationMachine(device="gpu").fit(X, y)


@pytest.mark.parametrize("command", ["train --train {data} --format libsvm", "verify T1", "compare --quick"])
def test_commands(command, without, tmp_path, capsys):
    without(NO_EXTRA)
    data, out = tmp_path / "data.txt", tmp_path / "out"
    data.write_text("1 0:1\n0 1:1\n")
    assert run(*command.format(data=data).split(), "--device", "cuda", "--out", out) == 2
    assert capsys.readouterr().err == f"alpt-ref: error: --device must be cpu here: {NO_EXTRA}\n"
    assert not out.exists()


def test_reasons(monkeypatch):
    reason = devices.missing.__wrapped__
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    assert reason() == NO_EXTRA
    monkeypatch.setattr(devices, "find_spec", lambda name: name)
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert reason() == "with NUMBA_DISABLE_JIT=1 nothing is compiled"
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert reason() == ""
    monkeypatch.delenv("NUMBA_DISABLE_JIT")
    assert reason() == "with NUMBA_ENABLE_CUDASIM=1, NUMBA_DISABLE_JIT must be 1, too"


def test_no_gpu_or_no_driver():
    pytest.importorskip("numba_cuda", reason="needs numba-cuda")
    found = devices.missing()
    assert not found or found.startswith(("the NVIDIA driver cannot be used (", "there is no NVIDIA GPU"))


def test_a_cpu_does_without():
    """Neither import nor training, nor quantization, nor a walk loads anything of CUDA."""
    code = (
        "import sys, numpy as np, alpt_ref; X, y = np.eye(4), [0, 1, 0, 1];"
        "alpt_ref.FactorizationMachine(epochs=1).fit(X, y).predict(X);"
        "alpt_ref.quantize(X, alpt_ref.Grid(4, 0.1), 'stochastic', seed=1);"
        "print([name for name in sys.modules if name.startswith(('numba.cuda', 'alpt_ref.kernels.cuda', 'alpt_ref.gpu'))])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@long
def test_the_benchmark_runs(tmp_path):
    """In the simulator, where its times mean nothing."""
    pytest.importorskip("numba_cuda", reason="needs numba-cuda")
    script, plain = (
        Path(__file__).parents[1] / "analysis" / "bench_gpu.py",
        {"NUMBA_DISABLE_JIT": "1", "NUMBA_ENABLE_CUDASIM": "1"},
    )
    command = [sys.executable, script, "--tiny", "--out", tmp_path / "gpu.md"]
    subprocess.run(command, env=os.environ | plain, check=True, capture_output=True)
    text = (tmp_path / "gpu.md").read_text()
    assert text.count(": yes") == 6
    assert not re.search("failed|NO", text)
