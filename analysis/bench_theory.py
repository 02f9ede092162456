"""The speed and memory of the tools that verify theorems: ``make bench``.

    walks    LPT-SGD by replicas, stochastic rounding with regret, on one core: coordinate updates per second
    laws     exact law of a 16-bit weight after 10,000 steps, on one core in a process of its own: seconds, and its peak memory

The last test prints what was measured beside what was asked for.
"""

import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from alpt_ref import Grid
from alpt_ref.problems import LogisticProblem, gaussian_logistic
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.walks.rule import STOCHASTIC
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

STEPS = 20_000
ROUNDS = 5
SPEED: dict[str, float] = {}
LAWS: dict[str, tuple[float, float]] = {}
LAW = """
import json, sys, time
import numpy as np
from alpt_ref import Grid
from alpt_ref.walks.exact import exact_law
from alpt_ref.problems.finite import clicks

problem, steps = clicks(0.03), 10_000
rates = {"constant": 0.2, "decaying": 1 / np.sqrt(np.arange(1, steps + 1))}[sys.argv[1]]
exact_law(problem, Grid(4, 0.5), eta=0.2, steps=2)
began = time.perf_counter()
exact_law(problem, Grid(16, 2.0**-12), "stochastic", eta=rates, steps=steps)
seconds = time.perf_counter() - began
# Not ru_maxrss: Linux keeps in it what the parent held when it forked.
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, peak / 2**20]))
"""


def record(benchmark: Any, name: str, problem: LogisticProblem | AbsoluteSum, mode: str) -> None:
    """Keep the median over rounds, compiled and warmed, of d x steps / seconds; the regret is summed on the way."""
    walk = Walk(problem, Grid(8, 2.0**-5), STOCHASTIC, Schedule(0.1), STEPS, mode=mode, seed=1)
    times: list[float] = []

    def turn() -> None:
        trace = walk.trace()
        began = time.perf_counter()
        walk.advance(trace, 0, STEPS, regret=True)
        times.append(time.perf_counter() - began)

    benchmark.pedantic(turn, rounds=ROUNDS, warmup_rounds=1)
    SPEED[name] = problem.d * STEPS / float(np.median(times[1:]))
    benchmark.extra_info[name] = SPEED[name]


def test_separable(benchmark: Any) -> None:
    """Time a sum of 1024 weighted distances, with exact gradients."""
    rng = np.random.default_rng(1)
    problem = AbsoluteSum(rng.random(1024), rng.random(1024) - 0.5)
    record(benchmark, "l1, d = 1024", problem, "batch")


def test_logistic(benchmark: Any) -> None:
    """Time dense logistic regression in 128 dimensions, with one random example a step."""
    problem = gaussian_logistic(512, 128, seed=1)
    record(benchmark, "logistic, d = 128", problem, "example")


@pytest.mark.parametrize("schedule", ["constant", "decaying"])
def test_law(benchmark: Any, schedule: str) -> None:
    """Time exact laws: a constant eta uses one table of transitions, eta / sqrt(t) builds one a step for the states reached."""

    def turn() -> None:
        command, one_core = [sys.executable, "-c", LAW, schedule], os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, env=one_core, check=True, capture_output=True, text=True)
        seconds, peak = json.loads(done.stdout)
        LAWS[schedule] = (seconds, peak)

    benchmark.pedantic(turn, rounds=1)
    benchmark.extra_info["seconds, GiB"] = LAWS[schedule]


def test_report() -> None:
    """Print what was measured beside what was asked for."""
    if len(SPEED) < 2 or len(LAWS) < 2:
        pytest.skip("run the whole file, with --benchmark-enable")
    print("\n")
    for (name, speed), asked in zip(SPEED.items(), (">= 3e8", ">= 1e8"), strict=True):
        print(f"{name + ', updates/s on a core':40s}{speed:10.2e}   {asked}")
    for name, (seconds, peak) in LAWS.items():
        print(f"{'16-bit law, eta ' + name + ', seconds':40s}{seconds:10.2f}   < 10")
        print(f"{'16-bit law, eta ' + name + ', peak GiB':40s}{peak:10.2f}   < 1")
