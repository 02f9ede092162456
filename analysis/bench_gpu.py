"""Everything that is to be known from one visit to a machine with a GPU, in a few minutes, in one file.

    python analysis/bench_gpu.py --out results/gpu.md
    NUMBA_DISABLE_JIT=1 NUMBA_ENABLE_CUDASIM=1 python analysis/bench_gpu.py --tiny --out results/gpu.md

The second runs in Numba's simulator, on tiny sizes, to see that the script works; its times mean nothing.

Results are checked against the CPU before anything is timed. Times are those of CUDA events, medians of repeated runs after one
to warm up, on data of several times the L2 cache; rates in bytes stand beside a copy within the GPU, measured likewise.

    quantize    float32 to int8, stochastic: the loop alone (4 bytes read, 1 written), and the public call, which first looks
                for what is not finite (4 bytes more)
    training    steps of a factorization machine on 65,536 examples of 39 fields, k = 16, against two cores
    replicas    walks on a logistic instance of T1, 10^6 at once
    table       a 4-bit factorization machine of 10^9 parameters: its bytes on the GPU, and the time of a step
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the checkout, from wherever this runs

import numpy as np
from numba import cuda
from numpy import float32, uint32, uint64

from alpt_ref import Grid, __version__, quantize
from alpt_ref.data.examples import Rows
from alpt_ref.kernels.cpu.quantize import Cells
from alpt_ref.kernels.cuda.launch import launch
from alpt_ref.kernels.cuda.quantize import word_quantizer
from alpt_ref.problems import LogisticProblem
from alpt_ref.rng import MAX_RANDOM_BITS, Stream, normals, random_bits_mask
from alpt_ref.scalars.philox import Noise
from alpt_ref.scalars.rounding import FLOAT32
from alpt_ref.theory.instances import small_logistic
from alpt_ref.tools.devices import missing
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.cuda.step import CudaStepper
from alpt_ref.training.state import State, initial_state
from alpt_ref.training.step import BatchStepper, Stepper
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk
from analysis.click_rows import clicks

TESTS = ("-m", "pytest", "-q", "-m", "gpu", "tests/test_cuda.py")


@dataclass(frozen=True)
class Sizes:
    """Numbers of things."""

    elements: int = 2**28  # 1 GiB of float32
    batch: int = 65_536
    fields: int = 39
    features: int = 10**6
    k: int = 16
    steps: int = 16
    replicas: int = 10**6
    parameters: int = 10**9
    rounds: int = 9


TINY = Sizes(64, 8, 3, 20, 2, 2, 5, 300, 2)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median of several runs on the GPU, after one to warm up."""
    work()
    times = []
    for _ in range(rounds):
        began, ended = cuda.event(), cuda.event()
        began.record()
        work()
        ended.record()
        ended.synchronize()
        times.append(began.elapsed_time(ended) / 1e3)
    return float(np.median(times))


def of_quantize(sizes: Sizes) -> list[str]:
    """Rates of stochastic rounding beside that of a copy."""
    n, grid = sizes.elements, Grid(8, 0.0123)
    x = normals(n, seed=1, stream=Stream.DATA)
    on_gpu, copy, codes = cuda.to_device(x), cuda.device_array(n, float32), cuda.device_array(n, np.int8)
    same = np.array_equal(quantize(on_gpu, grid, "stochastic", seed=1).copy_to_host(), quantize(x, grid, "stochastic", seed=1))
    noise = Noise(True, random_bits_mask(MAX_RANDOM_BITS), uint64(0), uint64(Stream.QUANTIZE), uint64(1))
    cells = Cells(cuda.to_device(np.array([grid.delta], float32)), n, float32(grid.q_lo), float32(grid.q_hi))
    loop, fours = word_quantizer(FLOAT32, "stochastic", False, 8), codes.view(uint32)
    copied = 8 * n / seconds(lambda: copy.copy_to_device(on_gpu), sizes.rounds)
    alone = 5 * n / seconds(lambda: launch(loop, n // 4, on_gpu, fours, cells, noise, 0), sizes.rounds)
    public = 9 * n / seconds(lambda: quantize(on_gpu, grid, "stochastic", seed=1, out=codes), sizes.rounds)
    return [
        f"codes of {n:,} elements are those of the CPU: {said(same)}",
        f"copy within the GPU: {copied / 1e12:.3g} TB/s",
        f"quantize, the loop: {alone / 1e12:.3g} TB/s, {alone / copied:.0%} of the copy (asked: at least 80 %), "
        f"{alone / 5e9:.3g} G elements/s",
        f"quantize, the public call: {public / 1e12:.3g} TB/s, {public / copied:.0%} of the copy",
    ]


METHODS: dict[str, dict[str, Any]] = {
    "LPT, 8 bits": {"precision": "lpt"},
    "ALPT, 8 bits": {"precision": "alpt"},
    "ALPT, 4 bits": {"precision": "alpt", "bits": 4},
    "float32": {},
}


def of_training(sizes: Sizes) -> list[str]:
    """Steps on minibatches of the same examples, on the GPU and on two cores."""
    rows, y = clicks(sizes.batch * sizes.steps, sizes.fields, sizes.features)
    shared = {"k": sizes.k, "update": "touched", "optimizer": "adam", "lr": 0.01, "batch_size": sizes.batch, "n_threads": 2}
    return [of_method(name, Config(**shared, **arguments), rows, y, sizes) for name, arguments in METHODS.items()]


def of_method(name: str, config: Config, rows: Rows, y: np.ndarray, sizes: Sizes) -> str:
    """A line on one of METHODS."""
    ours, theirs = (initial_state(config, sizes.features) for _ in range(2))
    on_cpu, on_gpu = (kind(config, rows, y, sizes.features) for kind in (BatchStepper, CudaStepper))
    on_gpu.begin(theirs)
    take_steps(on_cpu, ours)  # compiles, too
    take_steps(on_gpu, theirs)
    on_gpu.end(theirs)
    tables = [
        (array, theirs.table(part).to_arrays()[key]) for part in PARTS for key, array in ours.table(part).to_arrays().items()
    ]
    same = all(np.array_equal(a, b) for a, b in tables)
    on_gpu.begin(theirs)
    fast = seconds(lambda: take_steps(on_gpu, theirs), sizes.rounds) / sizes.steps
    began = time.perf_counter()
    take_steps(on_cpu, ours)
    slow = (time.perf_counter() - began) / sizes.steps
    asked = " (asked: at least 30)" if name == "LPT, 8 bits" else ""
    return (
        f"{name}: {1e3 * fast:.3g} ms a step of {sizes.batch:,} examples, {slow / fast:.3g} times as fast as two cores{asked}; "
        f"tables after {sizes.steps} steps are those of the CPU: {said(same)}"
    )


def take_steps(stepper: Stepper, state: State) -> None:
    """Steps on all of its examples."""
    size = stepper.config.batch_size
    for start in range(0, stepper.y.size, size):
        stepper(state, np.arange(start, start + size))


def of_replicas(sizes: Sizes) -> list[str]:
    """Monte Carlo of T1's logistic instance."""
    problem: LogisticProblem = small_logistic()
    walk = Walk(problem, Grid(4, 0.25), "stochastic", Schedule(0.2), 400, mode="example", device="cuda")
    some = min(sizes.replicas, 2000)
    same = all(map(np.array_equal, walk.sampled(0, some), replace(walk, device="cpu").sampled(0, some, 2)))
    walk.sampled(0, sizes.replicas)
    began = time.perf_counter()
    walk.sampled(0, sizes.replicas)
    took = time.perf_counter() - began
    turns = sizes.replicas * problem.d * walk.steps
    return [
        f"{sizes.replicas:,} replicas, {problem.d} coordinates, {walk.steps} steps: {took:.3g} s, {turns / took / 1e9:.3g} G "
        f"replicas x coordinates x steps a second; the first {some:,} are those of the CPU: {said(same)}"
    ]


def of_table(sizes: Sizes) -> list[str]:
    """A table that fills memory."""
    config = Config(k=sizes.k, precision="alpt", bits=4, batch_size=sizes.batch, update="touched", lr=0.01)
    features = sizes.parameters // sizes.k
    rows, y = clicks(2 * sizes.batch, sizes.fields, features)
    # Factors at 0: to draw 10^9 normal numbers would take the CPU minutes.
    state, stepper = initial_state(replace(config, init_std=0.0), features), CudaStepper(config, rows, y, features)
    stepper.begin(state)
    held = stepper.placed.nbytes
    took = seconds(lambda: stepper(state, np.arange(sizes.batch)), sizes.rounds)
    stepper.end(state)
    return [
        f"{features:,} features, k = {sizes.k}, 4 bits, a step size a feature: {held['codes'] / 2**30:.3f} GiB of codes, "
        f"{held['steps'] / 2**30:.3f} GiB of step sizes (asked: below 1 GiB together), {1e3 * took:.3g} ms a step"
    ]


def said(same: bool) -> str:
    """Yes or no, loudly."""
    return "yes" if same else "NO"


def device_name() -> str:
    """The GPU, its memory and compute capability."""
    device = cuda.get_current_device()
    name, total = getattr(device, "name", "Numba's simulator"), cuda.current_context().get_memory_info().total
    major, minor = device.compute_capability
    return f"{name.decode() if isinstance(name, bytes) else name}, {total / 2**30:.0f} GiB, capability {major}.{minor}"


def main() -> None:
    """Check, time, print, write."""
    parser = argparse.ArgumentParser(description="Times loops for a GPU, on a GPU, and checks them against the CPU.")
    parser.add_argument(
        "--out", type=Path, default=Path("results/gpu.md"), help="file of the results (default: results/gpu.md)"
    )
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to see that it works, in Numba's simulator, too")
    args = parser.parse_args()
    if missing():
        parser.error(f"it needs a GPU: {missing()}")
    sizes, failed = TINY if args.tiny else Sizes(), False
    lines = ["# On a GPU", "", f"{device_name()}; alpt_ref {__version__}, NumPy {np.__version__}."]
    if not args.tiny:
        tests = subprocess.run([sys.executable, *TESTS], cwd=Path(__file__).parents[1], capture_output=True, text=True)
        told = (tests.stdout + tests.stderr).strip().splitlines() or ["nothing was said"]
        failed = tests.returncode != 0
        lines += ["", "## Tests", "", f"- `pytest -m gpu`: {told[-1]}"]
        lines += ["", "```text", *told[-200:], "```"] if failed else []
    for title, part in (("quantize", of_quantize), ("training", of_training), ("replicas", of_replicas), ("table", of_table)):
        lines += ["", f"## {title}", ""]
        try:
            lines += [f"- {line}" for line in part(sizes)]
        except Exception as error:  # one part that fails leaves the others their visit
            failed = True
            lines.append(f"- failed: {type(error).__name__}: {error}")
        print("\n".join(lines[-4:]), flush=True)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text("\n".join(lines) + "\n")
    sys.exit(int(failed or any("NO" in line for line in lines)))


if __name__ == "__main__":
    main()
