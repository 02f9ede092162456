"""Make the saved results that the scripts in figures/ draw: a few minutes; parts that are there already are kept.

OUT/gap/*.npz, clock/*.npz, law/*.npz       runs
OUT/floors.json, calibration.json           floors over Delta; exact laws of predicted click rates
OUT/compare.json, compare_sgd.json          ways to train small models on generated clicks, by Adam and by SGD
OUT/phases.json                             where the weights of the latter lie in the phase diagram
OUT/steps.json                              ALPT's step sizes over training
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref import FactorizationMachine, Grid, Run, trace
from alpt_ref.cli import command_line, resumable
from alpt_ref.cli.parsing import Parser
from alpt_ref.cli.script import add_study_options
from alpt_ref.data.examples import as_rows
from alpt_ref.problems import gaussian_logistic, grid_of
from alpt_ref.problems.finite import absolute, clicks, quadratic
from alpt_ref.problems.logistic import LogisticProblem
from alpt_ref.studies.calibration import exact
from alpt_ref.studies.click_data import ClickData, synthetic
from alpt_ref.studies.comparison.methods import LRS, CompareSettings
from alpt_ref.studies.comparison.run import run as compare
from alpt_ref.studies.convergence.settings import CtrSettings
from alpt_ref.studies.executors import Executor, InProcess
from alpt_ref.studies.phases.run import Watch
from alpt_ref.studies.phases.run import run as place_in_phases
from alpt_ref.studies.store import Store
from alpt_ref.studies.verification import floors
from alpt_ref.theory import l2, stationary_law
from alpt_ref.tools.files import Record, write_json
from alpt_ref.training.epochs import Trainer
from alpt_ref.training.state import initial_state

Floats = NDArray[float64]
BITS = (8, 6, 4)
METHODS = ("fp32", "lpt-dr", "lpt-sr", "alpt-dr", "alpt-sr", "lsq", "ptq")


def float_masters(problem: LogisticProblem, grid: Grid, eta: float, steps: int) -> Run:
    """Nearest rounding of weights that are kept in full precision, in cells: the state of an update of one's own."""
    rate = eta / float(grid.delta)

    def update(q: Floats, g: Floats, masters: Floats, u: Floats) -> tuple[Floats, Floats]:
        masters = masters - rate * g
        return np.clip(np.rint(masters), grid.q_lo, grid.q_hi), masters

    options: Any = {"eta": eta, "steps": steps, "mode": "batch", "label": "float masters"}
    return trace(problem, grid, update=update, state=lambda q: q, replicas=1, **options)


def gap_runs(quick: bool) -> dict[str, Callable[[], Run]]:
    """Exact gradients of a logistic problem: full precision, DR, SR and float masters at several widths of one box."""
    problem, steps = gaussian_logistic(100 if quick else 400, 10), 100 if quick else 3000
    eta = 1.0 / problem.L
    shared: Any = {"eta": eta, "steps": steps, "mode": "batch"}
    out: dict[str, Callable[[], Run]] = {"gap/fp32": lambda: trace(problem, None, **shared)}
    for bits in BITS:
        grid = grid_of(problem, bits)
        for rounding in ("nearest", "stochastic"):
            out[f"gap/{rounding}_{bits}"] = lambda grid=grid, r=rounding: trace(problem, grid, rounding=r, **shared)
        out[f"gap/masters_{bits}"] = lambda grid=grid: float_masters(problem, grid, eta, steps)
    return out


def clock_runs(quick: bool) -> dict[str, Callable[[], Run]]:
    """SR and full precision on a parabola with noise under schedules that all begin at the largest eta of L11."""
    problem, grid = quadratic(1.0, 0.31, 0.5), Grid(6, 0.125)
    eta, steps = float(grid.delta) / problem.largest_component(grid), 300 if quick else 20_000
    out: dict[str, Callable[[], Run]] = {}
    for name, rate, schedule in (("largest", eta, "constant"), ("quarter", eta / 4, "constant"), ("sqrt", eta, "sqrt")):
        walk: Any = {"eta": rate, "schedule": schedule, "steps": steps}
        out[f"clock/sr_{name}"] = lambda walk=walk: trace(problem, grid, start=-16, **walk)
        float_walk = walk | {"replicas": 16 if quick else 200}
        out[f"clock/fp32_{name}"] = lambda walk=float_walk: trace(problem, None, start=-2.0, **walk)
    return out


def law_runs(quick: bool) -> dict[str, Callable[[], Run]]:
    """One weight that learns a click rate of 0.1, under each rounding."""
    problem, grid, steps = clicks(0.1), Grid(7, 0.1), 100 if quick else 2000
    shared: Any = {"eta": 0.2, "steps": steps}
    return {f"law/{r}": lambda r=r: trace(problem, grid, rounding=r, **shared) for r in ("stochastic", "nearest")}


def l2_floors() -> list[Record]:
    """The best constant eta of DR, and SR, on L2's two coordinates at distance about 1, Delta from 1/16 to 1/1024."""
    deltas, dr, sr = [2.0**-k for k in (4, 6, 8, 10)], [], []
    for delta in deltas:
        cells = round(1.0 / delta)
        p = l2.Params(delta, cells - 1)
        dr.append(float(l2.average_gaps(p, l2.learning_rates(p), cells + 32, cells)[0].min()))
        parts = [absolute(slope, 0.5 * delta) for slope in (1.0, p.G2)]
        sr.append(sum(stationary_law(part, Grid(4, delta), eta=0.5 * delta).mean(part.loss) for part in parts))
    about = {"problem": "two slopes (L2)", "deltas": deltas}
    named = zip(("LPT, SR", "LPT, DR, best eta"), (sr, dr), strict=True)
    return [about | {"method": name, "gaps": gaps} for name, gaps in named]


def step_sizes(data: ClickData, quick: bool) -> Record:
    """Quantiles of ALPT's step sizes after each epoch: of the rows of factors, and that of the linear table."""
    out: Record = {"epochs": 2 if quick else 20, "quantiles": [0.1, 0.5, 0.9], "lr": 0.01, "step_lr": 2e-3, "rows": []}
    settings: Any = {"k": 8, "optimizer": "adam", "lr": out["lr"], "step_lr": out["step_lr"], "batch_size": 256}
    for bits in (8, 4, 2):
        model = FactorizationMachine(precision="alpt", bits=bits, epochs=out["epochs"], **settings)
        (rows, d), y, config = as_rows(data.train[0]), np.asarray(data.train[1]), model.config()
        state, trainer = initial_state(config, d), Trainer(config, rows, y, d)
        factors, linear = [], []
        for epoch in range(out["epochs"] + 1):
            if epoch:
                trainer.run_epoch(state)
            deltas = np.ravel(state.table("factors").delta).astype(float64)
            factors.append(np.quantile(deltas, out["quantiles"]).tolist())
            linear.append(float(np.ravel(state.table("linear").delta)[0]))
        out["rows"].append({"bits": bits, "factors": factors, "linear": linear})
    return out


def records(out: Path, quick: bool, executor: Executor) -> dict[str, Callable[[], Record]]:
    """What is saved as JSON, by name, in the order in which it is made."""
    small = CtrSettings(n_rows=600 if quick else 18_000, n_fields=8, n_values=20 if quick else 300)
    data = synthetic(small, 0)
    settings = CompareSettings(epochs=5, seeds=8)
    if quick:
        settings = CompareSettings(epochs=1, seeds=2, batch_size=64, lrs=(0.01,), step_lrs=(1e-3,), ranges=(1.0,), rounds=0)

    by_sgd = replace(settings, optimizer="sgd", lrs=settings.lrs if quick else LRS["sgd"])

    def laws() -> Record:
        s = exact.ExactSettings(bits=7, ps=(0.1, 0.03), ks=(2, 4)) if quick else exact.ExactSettings()
        with Store(out, executor).wave(exact.cells(s)) as found:
            return {"exact": exact.study(found, s)}

    def phases() -> Record:
        compared = json.loads((out / "compare_sgd.json").read_text())
        return place_in_phases(Watch(data, compared, 1 if quick else 3, 6 if quick else 2))

    return {
        "floors": lambda: {"floors": [*floors.measure(), *l2_floors()]},
        "calibration": laws,
        "compare": lambda: compare(data, "lr", METHODS, (8, 4, 2), out, settings, executor=executor),
        "compare_sgd": lambda: compare(data, "lr", METHODS[1:3], (8, 4, 2), out / "sgd", by_sgd, executor=executor),
        "phases": phases,
        "steps": lambda: step_sizes(data, quick),
    }


def work(args: argparse.Namespace) -> None:
    """Make what is missing."""
    out: Path = args.out
    with resumable(out):
        for name, make in (gap_runs(args.quick) | clock_runs(args.quick) | law_runs(args.quick)).items():
            _keep(out / f"{name}.npz", lambda path, make=make: make().save(path))
        for name, record in records(out, args.quick, InProcess(args.threads)).items():
            _keep(out / f"{name}.json", lambda path, record=record: write_json(path, record()))


def _keep(path: Path, make: Callable[[Path], None]) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        print(path, file=sys.stderr)


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__.splitlines()[0])
    add_study_options(parser, "results/gallery")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    return command_line("gallery", options, work, argv)


if __name__ == "__main__":
    sys.exit(main())
