"""The convex table: convergence error of full precision, nearest and stochastic rounding over bits and learning rates."""

from pathlib import Path

import numpy as np

from alpt_ref.data import Source, fit_read
from alpt_ref.intervals import student
from alpt_ref.problems import LogisticProblem, from_dataset, grid_of, half_width
from alpt_ref.studies.cells import Store
from alpt_ref.studies.convergence.cells import METHODS, WalkSpec, walk
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.tools.files import Record


def read_problem(path: Path, l2: float) -> LogisticProblem:
    """The logistic problem of a libsvm file, named after it."""
    dataset, _ = fit_read(path, Source("libsvm"))
    return from_dataset(dataset.X, dataset.y, l2, path.name.removesuffix(".gz"))


def describe(problem: LogisticProblem) -> Record:
    """The problem's constants."""
    solution = problem.solution
    return {
        "name": problem.name,
        "n": int(problem.y.size),
        "d": problem.d,
        "positives": float(problem.y.mean()),
        "l2": problem.l2,
        "L": problem.L,
        "mu": problem.mu,
        "L_example": problem.L_example,
        "f_star": solution.f,
        "gradient_norm": solution.gradient_norm,
        "w_star_norm": float(np.linalg.norm(solution.w)),
        "first_gap": problem.loss(np.zeros(problem.d)) - solution.f,
        "half_width": half_width(problem),
    }


def specs(problem: LogisticProblem, settings: Settings) -> list[WalkSpec]:
    """The cells of one problem's table; those that differ only in the method are neighbours."""
    G = problem.gradient_bounds(grid_of(problem, min(settings.bits)), "example").G
    unit = float(np.linalg.norm(problem.solution.w)) / (np.sqrt(2.0) * G)
    out = []
    for mode, factors in (("batch", settings.eta_batch), ("example", settings.eta_example)):
        batch = mode == "batch"
        steps = settings.steps(problem.X.nnz) if batch else settings.example_steps
        for factor in factors:
            eta = float(factor / problem.L if batch else factor * unit)
            out.append(WalkSpec(mode, "float", 0, 0.0, eta, steps, not batch))
            for bits in settings.bits:
                delta = float(grid_of(problem, bits).delta)
                out += [WalkSpec(mode, method, bits, delta, eta, steps, not batch) for method in METHODS[1:]]
    return out


def table(store: Store, problems: list[LogisticProblem], settings: Settings, threads: int) -> list[Record]:
    """A row for each cell. All its intervals (final gap and floor of each random row) hold at once."""
    cells = [(problem, spec) for problem in problems for spec in specs(problem, settings)]
    family = 2 * sum(spec.random for _, spec in cells)
    rows: list[Record] = []
    for problem, spec in cells:
        outcome = walk(store, problem, spec, settings, threads)
        gap = student(outcome.final, settings.confidence, family)
        floor = student(outcome.floor, settings.confidence, family)
        quantized = spec.method != "float"
        row: Record = {
            "problem": problem.name,
            "mode": spec.mode,
            "bits": spec.bits if quantized else None,
            "delta": spec.delta if quantized else None,
            "eta": spec.eta,
            "decays": spec.decays,
            "steps": spec.steps,
            "method": spec.method,
            "gap": gap.mean,
            "gap_half": gap.half,
            "floor": floor.mean,
            "floor_half": floor.half,
            "ratio": None,
            "last_move": int(outcome.last_move.max()) if quantized else None,
            "clipped": int(outcome.clipped.sum()),
            "replicas": int(outcome.final.size),
            "family": family,
            "cell": outcome.id,
        }
        if spec.method == "stochastic":
            row["ratio"] = rows[-1]["gap"] / gap.mean
        rows.append(row)
    return rows
