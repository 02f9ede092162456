"""The first main job: convergence error of full precision, nearest and stochastic rounding, on convex problems and CTR models.

Cells are saved one by one under OUT/cells, so that an interrupted run goes on where it stopped. Every number is a function of
the settings and the data alone.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from alpt_ref.problems import LogisticProblem, gaussian_logistic, one_hot_logistic
from alpt_ref.studies import click_data
from alpt_ref.studies.convergence import convex, ctr, t1_panel
from alpt_ref.studies.convergence.settings import Settings
from alpt_ref.studies.executors import IN_PROCESS, Executor
from alpt_ref.studies.progress import OnStop, leaving, refuse_other, saved_cells
from alpt_ref.studies.store import Store
from alpt_ref.tools.events import tell
from alpt_ref.tools.files import Record


def problems_of(data: Sequence[Path], settings: Settings) -> list[LogisticProblem]:
    """Two generated problems, then one for each libsvm file."""
    generated = [
        gaussian_logistic(*settings.gaussian, l2=settings.l2, seed=settings.seed),
        one_hot_logistic(*settings.one_hot, l2=settings.l2, seed=settings.seed),
    ]
    return generated + convex.read_problems(data, settings.l2_real)


def n_cells(problems: Sequence[LogisticProblem], settings: Settings) -> int:
    """The number of cells that a run asks for."""
    convex_cells = sum(len(convex.walks(p, settings)) + 4 + len(settings.slope_bits) for p in problems)
    return convex_cells + ctr.n_cells(settings.ctr)


def run(
    data: Sequence[Path],
    ctr_files: tuple[Path, Path, Path] | None,
    out: Path,
    settings: Settings,
    *,
    executor: Executor = IN_PROCESS,
    on_stop: OnStop | None = None,
) -> Record:
    """Measure everything; returns the record of :mod:`alpt_ref.reports.convergence`, JSON values.

    data : libsvm files, besides the two generated problems. ctr_files : libfm files of train, validation and test, in the place
    of generated clicks. out : the folder of the cells; ValueError where OUT/convergence.json is of other data or settings.
    executor : computes them.
    on_stop : where an error or a Ctrl-C ends the run, called with the record of the parts found so far, whose "complete" is
    False; the others are empty. Not where OUT holds a complete one.
    """
    problems = problems_of(data, settings)
    clicks = click_data.from_files(ctr_files) if ctr_files else click_data.synthetic(settings.ctr, settings.seed)
    about = {"settings": asdict(settings), "data": [p.fingerprint for p in problems] + [str(path) for path in ctr_files or ()]}
    held = refuse_other(out / "convergence.json", about)
    found: Record = about | {"complete": True, "problems": [convex.describe(p) for p in problems]}
    found |= {"t1": [], "slopes": [], "table": [], "ctr": None}
    total = n_cells(problems, settings)
    with leaving(held, lambda: found if found["t1"] else {}, on_stop), saved_cells(out, total, executor) as store:
        _convex(store, problems, settings, found)
        found["ctr"] = ctr.study(store, clicks, settings)
        for row in found["ctr"]["rows"]:
            tell("row", part="ctr", **row)
    return found


def _convex(store: Store, problems: Sequence[LogisticProblem], settings: Settings, found: Record) -> None:
    """Add to ``found`` the parts on convex problems, each as soon as its cells are there."""
    chosen = [(p, t1_panel.choose(p)) for p in problems]
    cells = [cell for p, choice in chosen for cell in t1_panel.panel_cells(p, choice, settings).values()]
    cells += [cell for p in problems for _, cell in t1_panel.slope_cells(p, settings)]
    table = convex.cells(problems, settings)
    with store.wave(cells + [cell for _, cell in table]) as arrays:
        for p, choice in chosen:
            found["t1"].append(t1_panel.panel(arrays, p, choice, settings, len(problems)))
            tell("row", part="t1", **{name: found["t1"][-1][name] for name in ("problem", "bits", "eta", "steps", "verdict")})
        for p in problems:
            found["slopes"].append(t1_panel.slope(arrays, p, settings))
        found["table"] = convex.table(arrays, table, settings)
    for row in found["table"]:
        told = ("problem", "mode", "method", "bits", "eta", "gap", "gap_half", "floor")
        tell("row", part="table", **{name: row[name] for name in told})
