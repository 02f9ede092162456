"""A loop for a GPU through the compilers, without a GPU: its PTX, its registers, and the instructions that run."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numba
from numba import cuda

from analysis.gpu_catalogue import Case


@dataclass(frozen=True)
class Figures:
    """Figures of one loop. Instructions: of PTX, and of machine code in all (None without nvdisasm)."""

    ptx: int
    machine: int | None
    an_element: float | None  # machine instructions of the loop for each element; None where turns differ
    registers: int
    stack: int  # bytes a thread
    spills: int  # bytes a thread, stored or loaded
    shared: int  # bytes a block
    doubles: int  # PTX instructions on float64
    fused: int  # multiply-adds in PTX
    bare: int  # products in PTX without a stated rounding, which might be fused
    wide: int  # products of words, 32 x 32 -> 64, of ``scalars.arithmetic.wide``


@contextmanager
def _device(arch: tuple[int, int]) -> Iterator[None]:
    """A stand-in for the GPU that Numba asks for its compute capability."""
    from numba.cuda import dispatcher

    kept = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=arch)
    try:
        yield
    finally:
        dispatcher.get_current_device = kept


def ptx_of(case: Case, arch: tuple[int, int]) -> str:
    """The PTX of a case for compute capability ``arch``."""
    signature = numba.types.void(*map(numba.typeof, case.arguments))
    with _device(arch):
        text, _ = cuda.compile_ptx(case.kernel.py_func, signature, cc=arch)
    return str(text)


@cache
def tool(name: str) -> str | None:
    """The path of ptxas or nvdisasm: on the PATH, or in one of NVIDIA's wheels; None where there is none."""
    found = shutil.which(name)
    spec = find_spec("nvidia")
    if found is None and spec is not None:
        wheels = [Path(folder) for folder in spec.submodule_search_locations or ()]
        found = next((str(path) for folder in wheels for path in sorted(folder.glob(f"*/bin/{name}"))), None)
    return found


def figures_of(case: Case, arch: tuple[int, int], machine_code: bool = True) -> Figures:
    """Compile and count; ``machine_code`` False leaves out nvdisasm, which takes half of the time."""
    text = ptx_of(case, arch)
    instructions = [line.split(None, 1)[-1] if line.startswith("@") else line for line in _instructions(text)]
    ptxas = tool("ptxas")
    assert ptxas is not None, "ptxas comes with numba-cuda[cu12]"
    with TemporaryDirectory() as folder:
        source, binary = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(text)
        command = [ptxas, "-v", f"-arch=sm_{arch[0]}{arch[1]}", str(source), "-o", str(binary)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        machine = _disassembled(binary) if machine_code else None

    def total(pattern: str) -> int:
        return sum(int(n) for n in re.findall(pattern, said))

    return Figures(
        len(instructions),
        None if machine is None else sum(";" in line for line in machine),
        None if machine is None or not case.elements else _a_store(machine) / case.elements,
        total(r"Used (\d+) registers"),
        total(r"(\d+) bytes stack"),
        total(r"(\d+) bytes spill"),
        total(r"(\d+) bytes smem"),
        sum(".f64" in line for line in instructions),
        sum(line.startswith("fma") for line in instructions),
        sum(bool(re.match(r"mul\.f(32|64)", line)) for line in instructions),
        len(re.findall(r"// begin inline asm\s+mul\.wide\.u32", text)),
    )


def _instructions(ptx: str) -> list[str]:
    lines = [line.strip() for line in ptx.splitlines()]
    return [line for line in lines if line.endswith(";") and not line.startswith((".", "//", "{", "}", "ret"))]


def _disassembled(binary: Path) -> list[str] | None:
    nvdisasm = tool("nvdisasm")
    if nvdisasm is None:
        return None
    text = subprocess.run([nvdisasm, str(binary)], capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if re.match(r"\.L_x_\d+:|/\*[0-9a-f]{4,}\*/.*;", line) and "NOP" not in line]


def _a_store(machine: list[str]) -> float:
    """Instructions for each store in the longest loop, which may be unrolled, with what runs in rare cases."""
    at = {line.rstrip(":"): i for i, line in enumerate(machine) if line.startswith(".L_x_")}
    longest: list[str] = []
    for i, line in enumerate(machine):
        target = re.search(r"BRA.*`\((\.L_x_\d+)\)", line)
        inside = machine[at[target[1]] : i + 1] if target and target[1] in at else []
        longest = max(longest, inside, key=len)
    return sum(";" in line for line in longest) / sum("STG." in line for line in longest)
