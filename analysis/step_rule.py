"""Rules that keep step sizes positive, where moves are as large as step sizes: measures, saves, prints.

    halving    max(delta + move, delta / 2)
    mirrored   |delta + move|
    signed     the same, and Adam's mean gradient turns where delta + move < 0: the package's rule

A rule takes the place of ``scalars.slopes.next_delta`` before anything is compiled, so that each fit has a process of its own.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32

from alpt_ref.cli import command_line, resumable
from alpt_ref.cli.parsing import Parser
from alpt_ref.cli.script import add_study_options
from alpt_ref.intervals import student
from alpt_ref.reports.publish import Report, publish
from alpt_ref.scalars import slopes
from alpt_ref.scalars.jit import jit
from alpt_ref.tools.files import finite
from alpt_ref.tools.sheet import Sheet, fixed

_HALF, _MIN, _MAX = float32(0.5), float32(slopes.DELTA_MIN), float32(slopes.DELTA_MAX)
COMMON = {"k": 16, "epochs": 20, "batch_size": 1024, "optimizer": "adam", "update": "touched", "lr": 1e-2, "bits": 2}
SETTINGS: dict[str, dict[str, Any]] = {
    "LSQ, a step size per row": {"precision": "lsq", "step": "row", "step_lr": 2e-2, "l2": 0.0},
    "ALPT, one per table, first 1e-3": {"precision": "alpt", "step": "table", "step_lr": 1e-3, "delta": 1e-3, "l2": 1e-5},
}


@jit
def halving(delta: Any, move: Any, offset: Any) -> Any:
    """Return at least half of the step size."""
    return min(max(delta + move, delta * _HALF, _MIN), _MAX), False


@jit
def mirrored(delta: Any, move: Any, offset: Any) -> Any:
    """Return the absolute value; the optimizer does not hear of it."""
    return min(max(abs(delta + move), _MIN), _MAX), False


RULES = {"halving": halving, "mirrored": mirrored, "signed": slopes.next_delta}


def fit(job: tuple[str, dict[str, Any], argparse.Namespace]) -> tuple[list[float], int]:
    """Test figures and dead rows of one fit under a rule; in a process of its own."""
    rule, arguments, args = job
    slopes.next_delta = RULES[rule]
    from alpt_ref.studies.click_data import load
    from alpt_ref.studies.comparison.fitting import fit_and_measure

    data = load(args.data, args.valid, args.test, args.format, quick=args.quick)
    found = fit_and_measure(data, arguments)
    return found["test"].tolist(), int(found["dead"].sum())


def damped(args: argparse.Namespace) -> float:
    """The part of the rows touched by ALPT at 8 bits whose moves eps = 1e-8 damps by more than a tenth, at the end."""
    from alpt_ref.models import FactorizationMachine
    from alpt_ref.scalars.optimizers import ADAM_BETA_2, ADAM_EPS
    from alpt_ref.studies.click_data import load

    data = load(args.data, args.valid, args.test, args.format, quick=args.quick)
    more = COMMON | {"bits": 8, "l2": 1e-5} | ({"epochs": 1} if args.quick else {})
    state = FactorizationMachine(precision="alpt", step_lr=2e-4, **more).fit(*data.train).state_
    v = state.optimizers["factors steps"].moments[1].astype(float)
    root = np.sqrt(v[v > 0] / (1 - ADAM_BETA_2**state.step))
    return float(np.mean(ADAM_EPS / (root + ADAM_EPS) > 0.1))


def measure(args: argparse.Namespace) -> Report:
    """All rules and settings over the same seeds; differences to the first rule are paired."""
    seeds = range(1, 3 if args.quick else 6)
    common = COMMON | ({"epochs": 1} if args.quick else {})
    jobs = [(rule, common | s | {"seed": seed}, args) for s in SETTINGS.values() for rule in RULES for seed in seeds]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(args.threads, mp_context=context, max_tasks_per_child=1) as pool:
        found = iter(list(pool.map(fit, jobs)))
        part = pool.submit(damped, args).result()
    rows, lines, family = [], [], len(SETTINGS) * (len(RULES) - 1)
    for setting in SETTINGS:
        base = np.empty(0)
        for rule in RULES:
            figures, dead = zip(*(next(found) for _ in seeds), strict=True)
            auc, loss = np.array(figures).T[:2]
            base = auc if rule == "halving" else base
            difference = student(auc - base, 0.95, family)
            rows.append({"setting": setting, "rule": rule, "auc": finite(auc), "logloss": finite(loss), "dead": list(dead)})
            line = {"setting": setting, "rule": rule, "AUC": f"{auc.mean():.4f}", "minus halving": "-"}
            if rule != "halving":
                line["minus halving"] = fixed(*finite(difference), sign="+")
            lines.append(line | {"log-loss": f"{loss.mean():.4f}", "dead rows": f"{min(dead)} to {max(dead)}"})
    note = (
        f"Test set, means over {len(seeds)} seeds, 2 bits, 20 epochs of which the best on validation is kept; ±: paired by "
        f"seed, Student, all {family} at once, 95%. dead rows: those that count as zero. ALPT at 8 bits, step sizes of rows: "
        f"Adam's eps damps the moves of {part:.0%} of those that ever moved by more than a tenth."
    )
    record = {"rows": rows, "damped": part, "seeds": len(seeds)}
    return Report("step_rule", record, [Sheet.of("Rules that keep a step size positive", lines, note)])


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="training data, or all data, split 8:1:1; default: generated clicks")
    parser.add_argument("--valid", type=Path, help="picks the epoch that is kept")
    parser.add_argument("--test", type=Path, help="measured last")
    parser.add_argument("--format", help="libsvm, libfm, libffm, criteo, avazu, csv or movielens")
    add_study_options(parser, "results/step_rule")
    return parser


def work(args: argparse.Namespace) -> None:
    """Measure, save, print."""
    with resumable(args.out, lambda: "nothing is kept of it"):
        publish(measure(args), args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    return command_line("step_rule", options, work, argv)


if __name__ == "__main__":
    sys.exit(main())
