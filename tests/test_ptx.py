"""What the compilers make of every loop for a GPU, on a machine without one."""

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

from alpt_ref.scalars.jit import JIT
from tests.marks import long

pytest.importorskip("numba_cuda", reason="needs numba-cuda")
launching = pytest.importorskip("alpt_ref.kernels.cuda.launch")
if launching.SIMULATED or not JIT:
    pytest.skip("needs compiled loops, and no simulator", allow_module_level=True)

from analysis import gpu_kernels, gpu_memory  # noqa: E402
from analysis.gpu_catalogue import PHILOX_PRODUCTS, cases  # noqa: E402
from analysis.gpu_compile import figures_of, tool  # noqa: E402

pytestmark = pytest.mark.jit
CASES = list(cases())
FIRST = {case.kernel.py_func.__code__: case for case in reversed(CASES)}  # of each loop; its variants are long
BUDGET = 48  # machine instructions an element: kernels/cuda/quantize.py


ARCHS = {"sm_80": (8, 0), "sm_90": (9, 0)}
COMPILED = [
    pytest.param(case, arch, marks=() if first else long, id=f"{case.name}-{name}")
    for case in CASES
    for first in [FIRST[case.kernel.py_func.__code__] is case]
    for name, arch in ARCHS.items()
    if first or name == "sm_90"  # variants of a loop differ little from one GPU to the next
]


@pytest.mark.parametrize(("case", "arch"), COMPILED)
def test_loops_compile_as_promised(case, arch):
    found = figures_of(case, arch, machine_code=False)
    assert found.spills == 0
    assert found.fused == found.bare == 0, "a product that might be fused into a sum"
    assert case.doubles or found.doubles == 0, "float64 where float32 will do"
    assert case.doubles or found.stack == 0
    if case.blocks:
        turns, rest = divmod(found.wide, PHILOX_PRODUCTS * case.blocks)
        assert turns > 0
        assert rest == 0, "a product of words takes one instruction"


@pytest.mark.skipif(tool("nvdisasm") is None, reason="needs nvdisasm")
def test_quantization_keeps_to_its_budget():
    case = next(case for case in CASES if case.name == "quantize, four a store: SR, float32, 8 bits")
    assert figures_of(case, (9, 0)).an_element <= BUDGET


def test_every_loop_is_in_the_catalogue():
    """Functions under @kernel in kernels/cuda, at any depth, against the functions that cases hold."""
    held = {(case.kernel.py_func.__module__, case.kernel.py_func.__name__) for case in CASES}
    folder, found = Path(inspect.getfile(launching)).parent, set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(getattr(d, "id", "") == "kernel" for d in node.decorator_list):
                found.add((f"alpt_ref.kernels.cuda.{path.stem}", node.name))
    assert found
    assert found == held


def test_commands_print_their_tables(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gpu_kernels.py", "--only", "mark heads"])
    gpu_kernels.main()
    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("sm_90 ")
    assert line.startswith("mark heads ")
    assert int(line.split()[2]) < 256
    monkeypatch.setattr(sys, "argv", ["gpu_memory.py"])
    gpu_memory.main()
    told = re.findall(r"codes and step sizes, .*: ([\d.]+) GiB", capsys.readouterr().out)
    assert len(told) == 2
    assert all(float(size) < 1 for size in told), "10^9 parameters"
