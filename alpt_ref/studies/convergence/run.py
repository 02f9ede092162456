"""The first main job: convergence error of full precision, nearest and stochastic rounding, on convex problems and CTR models.

Cells are saved one by one under OUT/cells, so that an interrupted run goes on where it stopped; the whole is written to
OUT/convergence.json and OUT/convergence.md. Every number is a function of the settings and the data alone.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from alpt_ref.problems import LogisticProblem, gaussian_logistic, one_hot_logistic
from alpt_ref.reports import convergence as report
from alpt_ref.studies import click_data
from alpt_ref.studies.convergence import convex, ctr, t1_panel
from alpt_ref.studies.convergence.convex import Record
from alpt_ref.studies.convergence.settings import QUICK, Settings
from alpt_ref.studies.progress import saved_cells
from alpt_ref.tools.files import write_atomic, write_json
from alpt_ref.tools.sheet import WIDTH


def problems_of(data: Sequence[Path], settings: Settings) -> list[LogisticProblem]:
    """Two generated problems, then one for each libsvm file."""
    generated = [
        gaussian_logistic(*settings.gaussian, l2=settings.l2, seed=settings.seed),
        one_hot_logistic(*settings.one_hot, l2=settings.l2, seed=settings.seed),
    ]
    return generated + [convex.read_problem(path, settings.l2_real) for path in data]


def n_cells(problems: Sequence[LogisticProblem], settings: Settings) -> int:
    """How many cells a run asks for."""
    convex_cells = sum(len(convex.walks(p, settings)) + 4 + len(settings.slope_bits) for p in problems)
    return convex_cells + ctr.n_cells(settings.ctr)


def measure(
    data: Sequence[Path], ctr_files: tuple[Path, Path, Path] | None, out: Path, settings: Settings, threads: int
) -> Record:
    """All results as one JSON-able record."""
    problems = problems_of(data, settings)
    clicks = click_data.from_files(ctr_files) if ctr_files else click_data.synthetic(settings.ctr, settings.seed)
    with saved_cells(out, n_cells(problems, settings)) as store:
        results: Record = {
            "settings": asdict(settings),
            "problems": [convex.describe(p) for p in problems],
            "t1": [t1_panel.panel(store, p, settings, threads, len(problems)) for p in problems],
            "slopes": [t1_panel.slope(store, p, settings, threads) for p in problems],
            "table": convex.table(store, problems, settings, threads),
            "ctr": ctr.study(store, clicks, settings, threads),
        }
    return {"finding": report.finding(results), **results}


def run(
    data: Sequence[Path] = (),
    ctr: tuple[Path, Path, Path] | None = None,
    out: Path = Path("results/convergence"),
    *,
    threads: int = 2,
    quick: bool = False,
    settings: Settings | None = None,
) -> Record:
    """Measure, save, print the tables and, last, the finding; returns the record that OUT/convergence.json holds.

    data : libsvm files, besides the two generated problems. ctr : libfm files of train, validation and test, in the place of
    generated clicks. quick : small sizes that exercise everything in seconds; ``settings`` overrides it.
    """
    results = measure(data, ctr, out, settings or (QUICK if quick else Settings()), threads)
    write_json(out / "convergence.json", results)
    write_atomic(out / "convergence.md", lambda file: file.write(report.markdown(results).encode()))
    report.show(results, Console(width=WIDTH))
    return results
