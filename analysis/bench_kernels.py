"""The speed of the loops that people feel, as ratios within one process: ``make bench``.

Contenders of a group take turns, compiled and warmed, and the last test prints ratios of medians beside the figures asked for.
Absolute times depend on the machine and its load; ratios less so.

    quantize    2^24 float32 to int8, stochastic, checks included, through the public call with ``out=``
    training    10^6 examples of 39 one-hot fields hashed into 10^6 features, one epoch of SGD example by example, one thread
    steps       the same examples, 32 minibatches of 4096, Adam on the batch's rows, one thread: LPT, ALPT, LSQ
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import SGDClassifier

from alpt_ref import Grid, quantize
from alpt_ref.data.examples import Rows
from alpt_ref.rng import Stream, normals
from alpt_ref.training.config import Config
from alpt_ref.training.epochs import Trainer
from alpt_ref.training.state import State, initial_state
from alpt_ref.training.step import BatchStepper
from analysis.click_rows import clicks

N = 2**24
EXAMPLES, FIELDS, FEATURES, K = 10**6, 39, 10**6, 16
MEDIAN: dict[str, float] = {}


def record(benchmark: Any, contenders: dict[str, Callable[[], object]], rounds: int) -> None:
    """Let the contenders take turns; keep the median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in contenders}

    def turn() -> None:
        for name, run in contenders.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)

    benchmark.pedantic(turn, rounds=rounds, warmup_rounds=1)
    for name in contenders:
        MEDIAN[name] = float(np.median(times[name][1:]))
        benchmark.extra_info[name] = MEDIAN[name]


def numpy_blocked(x: np.ndarray, out: np.ndarray, delta: np.float32, block: int = 2**16) -> None:
    """Stochastic rounding as a careful NumPy user writes it: SFC64, scratch reused, no temporary larger than a block."""
    random = np.random.Generator(np.random.SFC64(1))
    s, u = np.empty(block, np.float32), np.empty(block, np.float32)
    for a in range(0, x.size, block):
        np.divide(x[a : a + block], delta, out=s)
        random.random(dtype=np.float32, out=u)
        np.add(s, u, out=s)
        np.floor(s, out=s)
        np.clip(s, -128, 127, out=s)
        out[a : a + block] = s


def test_quantize(benchmark: Any) -> None:
    """Time quantize against copying the input, and against NumPy."""
    x = normals(N, seed=1, stream=Stream.DATA)
    copy, out, grid = np.empty_like(x), np.empty(N, np.int8), Grid(8, 0.0123)
    record(
        benchmark,
        {
            "memcpy": lambda: np.copyto(copy, x),
            "quantize, 1 thread": lambda: quantize(x, grid, "stochastic", seed=1, out=out),
            "quantize, 2 threads": lambda: quantize(x, grid, "stochastic", seed=1, out=out, n_threads=2),
            "nearest, 1 thread": lambda: quantize(x, grid, out=out),
            "NumPy, blocked": lambda: numpy_blocked(x, out, np.float32(0.0123)),
        },
        rounds=15,
    )


def epochs(rows: Rows, y: np.ndarray, **arguments: Any) -> Callable[[], object]:
    """A function that trains one more epoch of a run."""
    config = Config(update="touched", batch_size=1, lr=0.02, **arguments)
    state: State = initial_state(config, FEATURES)
    stepper = Trainer(config, rows, y, FEATURES)
    return lambda: stepper.run_epoch(state)


def test_training(benchmark: Any) -> None:
    """Time LR and FM, float32 and 8-bit codes, against scikit-learn's SGDClassifier."""
    rows, y = clicks(EXAMPLES, FIELDS, FEATURES)
    X = sp.csr_matrix((rows.values.astype(np.float64), rows.indices, rows.indptr.astype(np.int32)), (EXAMPLES, FEATURES))
    sgd = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.02, alpha=0, max_iter=1, tol=None)
    contenders: dict[str, Callable[[], object]] = {"scikit-learn LR": lambda: sgd.fit(X, y)}
    for name, k in (("LR", 0), (f"FM k={K}", K)):
        contenders[f"{name} fp32"] = epochs(rows, y, k=k)
        contenders[f"{name} int8 stochastic"] = epochs(rows, y, k=k, precision="lpt")
        contenders[f"{name} int8 nearest"] = epochs(rows, y, k=k, precision="lpt", rounding="nearest")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record(benchmark, contenders, rounds=5)


def minibatches(rows: Rows, y: np.ndarray, **arguments: Any) -> Callable[[], object]:
    """A function that takes 32 more steps of a run."""
    config = Config(optimizer="adam", update="touched", batch_size=4096, lr=0.001, **arguments)
    state: State = initial_state(config, FEATURES)
    step = BatchStepper(config, rows, y, FEATURES)
    return lambda: [step(state, np.arange(a, a + 4096)) for a in range(0, 32 * 4096, 4096)]


def test_steps(benchmark: Any) -> None:
    """Time steps with one step size for each row of factors and one for the linear table, as by default."""
    rows, y = clicks(EXAMPLES, FIELDS, FEATURES)
    contenders: dict[str, Callable[[], object]] = {}
    for name, k in (("LR", 0), (f"FM k={K}", K)):
        for precision in ("fp32", "lpt", "alpt", "lsq"):
            contenders[f"{name} {precision} steps"] = minibatches(rows, y, k=k, precision=precision)
    record(benchmark, contenders, rounds=5)


def test_report() -> None:
    """Print what was measured beside what was asked for."""
    if not {"memcpy", "scikit-learn LR", "LR lpt steps"} <= set(MEDIAN):
        pytest.skip("run the whole file, with --benchmark-enable")
    fm = f"FM k={K}"
    ratios = [
        ("quantize SR, 1 thread / memcpy", MEDIAN["quantize, 1 thread"] / MEDIAN["memcpy"], "<= 2.2"),
        ("quantize SR, 2 threads / memcpy", MEDIAN["quantize, 2 threads"] / MEDIAN["memcpy"], "<= 1.25"),
        ("quantize nearest, 1 thread / memcpy", MEDIAN["nearest, 1 thread"] / MEDIAN["memcpy"], ""),
        ("blocked NumPy / quantize SR", MEDIAN["NumPy, blocked"] / MEDIAN["quantize, 1 thread"], ">= 3"),
        ("LR fp32: speed over scikit-learn", MEDIAN["scikit-learn LR"] / MEDIAN["LR fp32"], ">= 3"),
        ("LR int8 SR: speed over our fp32", MEDIAN["LR fp32"] / MEDIAN["LR int8 stochastic"], ">= 0.75"),
        ("FM fp32: speed over scikit-learn's LR", MEDIAN["scikit-learn LR"] / MEDIAN[f"{fm} fp32"], ">= 0.351"),
        ("FM int8 SR: speed over our fp32", MEDIAN[f"{fm} fp32"] / MEDIAN[f"{fm} int8 stochastic"], ">= 0.65"),
        ("FM int8 ALPT step over LPT step", MEDIAN[f"{fm} alpt steps"] / MEDIAN[f"{fm} lpt steps"], "<= 2.5"),
        ("LR int8 ALPT step over LPT step", MEDIAN["LR alpt steps"] / MEDIAN["LR lpt steps"], "<= 2.5"),
        ("FM LSQ step over fp32 step", MEDIAN[f"{fm} lsq steps"] / MEDIAN[f"{fm} fp32 steps"], ""),
    ]
    print("\n")
    for name, value, asked in ratios:
        print(f"{name:40s}{value:7.2f}   {asked}")
    for name, seconds in MEDIAN.items():
        count = N if name.startswith(("memcpy", "quantize", "nearest", "NumPy")) else EXAMPLES
        count = 32 * 4096 if name.endswith("steps") else count
        print(f"{name:40s}{seconds * 1e3:9.2f} ms{count / seconds / 1e3:14.0f} thousand/s")
