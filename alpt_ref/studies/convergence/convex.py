"""The convex table: convergence error of full precision, nearest and stochastic rounding over bits and learning rates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alpt_ref.data import Source, fit_read
from alpt_ref.intervals import student
from alpt_ref.problems import LogisticProblem, from_dataset, grid_of, half_width
from alpt_ref.studies.cells import Cell
from alpt_ref.studies.convergence.cells import METHODS, method_of, outcome_of, walk_cell, walk_of
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.studies.store import ArraysOf
from alpt_ref.tools.files import Record
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk


def read_problems(paths: Sequence[Path], l2: float) -> list[LogisticProblem]:
    """The logistic problem of each libsvm file, named after it: by its path where two files have one name. ValueError where a
    file is given twice."""
    for path in paths:
        if [other.resolve() for other in paths].count(path.resolve()) > 1:
            raise ValueError(f"{path} is given twice")
    names = [path.name.removesuffix(".gz").removesuffix(".bz2") for path in paths]
    out = []
    for path, name in zip(paths, names, strict=True):
        dataset, _ = fit_read(path, Source("libsvm"))
        out.append(from_dataset(dataset.X, dataset.y, l2, name if names.count(name) == 1 else str(path)))
    return out


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


def walks(problem: LogisticProblem, settings: Settings) -> list[Walk]:
    """The walks of one problem's table; those that differ only in the method are neighbours."""
    coarsest = grid_of(problem, min(settings.bits))
    unit = float(np.linalg.norm(problem.w_star)) / (np.sqrt(2.0) * problem.gradient_bounds(coarsest, "example").G)
    out = []
    for mode, factors in (("batch", settings.eta_batch), ("example", settings.eta_example)):
        batch = mode == "batch"
        steps = settings.steps(problem.X.nnz) if batch else settings.example_steps
        for factor in factors:
            schedule = Schedule(float(factor / problem.L if batch else factor * unit), "constant" if batch else "sqrt")
            cells = [("float", coarsest)]
            cells += [(method, grid_of(problem, bits)) for bits in settings.bits for method in METHODS[1:]]
            out += [walk_of(problem, method, grid, schedule, steps, mode, settings) for method, grid in cells]
    return out


def cells(problems: Sequence[LogisticProblem], settings: Settings) -> list[tuple[Walk, Cell]]:
    """The walks of all problems, each with its cell."""
    return [(walk, walk_cell(walk, settings)) for problem in problems for walk in walks(problem, settings)]


def table(found: ArraysOf, entries: Sequence[tuple[Walk, Cell]], settings: Settings) -> list[Record]:
    """A row for each of the :func:`cells`. All its intervals (final gap and floor of each random row) hold at once."""
    family = 2 * sum(walk.random for walk, _ in entries)
    rows: list[Record] = []
    for walk, cell in entries:
        outcome = outcome_of(found, cell)
        gap = student(outcome.final, settings.confidence, family)
        floor = student(outcome.floor, settings.confidence, family)
        grid, method = walk.grid, method_of(walk)
        row: Record = {
            "problem": walk.name,
            "mode": walk.mode,
            "bits": grid.bits if grid else None,
            "delta": walk.delta if grid else None,
            "eta": walk.schedule.eta,
            "decays": walk.schedule.decays,
            "steps": walk.steps,
            "method": method,
            "gap": gap.mean,
            "gap_half": gap.half,
            "floor": floor.mean,
            "floor_half": floor.half,
            "ratio": None,
            "last_move": int(outcome.last_move.max()) if grid else None,
            "clipped": int(outcome.clipped.sum()),
            "replicas": int(outcome.final.size),
            "family": family,
            "cell": outcome.id,
        }
        if method == "stochastic":
            row["ratio"] = rows[-1]["gap"] / gap.mean
        rows.append(row)
    return rows
