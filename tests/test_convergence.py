"""The convergence-error study: T1's bound, intervals, resumption, tables, figure."""

import json
import math
import runpy
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import t as student_t

from alpt_ref.grid import Grid
from alpt_ref.intervals import loglog_slope, student
from alpt_ref.models import FactorizationMachine
from alpt_ref.problems import LogisticProblem, diameter, from_dataset, gaussian_logistic
from alpt_ref.reports.convergence import report
from alpt_ref.reports.publish import publish
from alpt_ref.runs.run import checkpoints
from alpt_ref.studies import click_data
from alpt_ref.studies.convergence import ctr, t1_panel
from alpt_ref.studies.convergence import run as convergence_error
from alpt_ref.studies.convergence.cells import Descent, descent_cell, descent_of, outcome_of, walk_cell, walk_of
from alpt_ref.studies.convergence.settings import QUICK, CtrSettings, Settings
from alpt_ref.studies.executors import Executor, InProcess
from alpt_ref.studies.store import Store
from alpt_ref.theory import t1
from alpt_ref.tools.files import Record
from alpt_ref.tools.sheet import WIDTH, interval, number
from alpt_ref.training.forward import TrainingDivergedError
from alpt_ref.walks.rule import STOCHASTIC
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk
from tests.executors import after
from tests.records import fits
from tests.widths import assert_fits

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.glue

TINY = replace(
    QUICK,
    gaussian=(8, 2),
    one_hot=(8, 2, 2),
    l2=0.2,
    bits=(3,),
    batch_steps=(4, 4),
    example_steps=5,
    replicas=2,
    slope_bits=(3, 4, 5),
    gd_gap=1e-2,
    curve_points=3,
    floor_points=2,
    ctr=CtrSettings(60, 2, 3, 0.3, (4,), (0.1,), ((1.0, 0.25),), 1, 2, 1),
)


def t1_params(**change: Any) -> t1.Params:
    base = t1.Params(100, 0.1, False, 8, 0.05, 3, 2.0, 3.0, 1.5)
    return replace(base, **change)


def test_t1_term_by_term() -> None:
    constant = t1.bound(t1_params(random_bits=24))
    assert constant.transient == pytest.approx(1.5**2 / (2 * 0.1 * 100))
    assert constant.noise == pytest.approx(0.1 * 4 / 2)
    assert constant.floor == pytest.approx(0.05 * 3 / 2)
    assert constant.lattice == pytest.approx(3 * 2.0**-16 * 0.05**2 / 0.1)
    assert constant.total == pytest.approx(math.fsum(constant))
    decaying = t1.bound(t1_params(decays=True))
    assert decaying.transient == pytest.approx(1.5**2 / (2 * 0.1 * 10))
    assert decaying.noise == pytest.approx(0.1 * 4 / 10)
    assert (decaying.floor, decaying.lattice) == (constant.floor, 0.0)


@pytest.mark.parametrize(
    ("change", "name"), [({"outside": 0.1}, r"w\* in S"), ({"eta": 0.0}, "eta > 0"), ({"steps": 0}, "T >= 1")]
)
def test_t1_outside_its_domain_is_not_applicable(change: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"not applicable: {name}"):
        t1.bound(t1_params(**change))


def test_t1_of_a_problem() -> None:
    problem = gaussian_logistic(12, 3, l2=0.05, seed=1)
    walk = Walk(problem, Grid(8, 2.0**-4), STOCHASTIC, Schedule(0.1), 5, 8)
    assert t1.params(walk).distance == pytest.approx(np.linalg.norm(0.5 - problem.solution.w))
    assert t1.params(replace(walk, schedule=Schedule(0.1, "sqrt"))).distance == diameter(walk.grid, 3)
    assert t1.params(replace(walk, grid=Grid(2, 2.0**-6), start=0)).outside > 0


def test_t1_holds_and_without_its_floor_term_it_would_not() -> None:
    """f(w) = (3 log(1 + e^-20w) + log(1 + e^20w)) / 4 on the integers: nearly piecewise linear, w* inside the cell (0, 1).

    SR goes back and forth between 0 and 1; as 20 grows its mean gap tends to a third of T1's floor term.
    """
    problem = from_dataset([[20.0], [20.0], [20.0], [-20.0]], [1, 1, 1, 1], 1e-9)
    walk = Walk(problem, Grid(4, 1.0), STOCHASTIC, Schedule(2e-3), 1200, seed=4)
    measured = student(walk.sampled(0, 10).regret, 0.95)
    bound = t1.bound(t1.params(walk))
    assert measured.half is not None
    assert measured.mean + measured.half <= bound.total
    assert measured.mean - measured.half > bound.total - bound.floor
    assert 0.2 < measured.mean / bound.total < 0.4
    record = {"regret": measured.mean, "regret_half": measured.half}
    assert t1_panel.verdict(record, bound.total) == "holds"
    assert t1_panel.verdict(record, bound.total - bound.floor) == "violated"


def test_intervals() -> None:
    x = np.array([1.0, 2.0, 4.0, 7.0])
    estimate = student(x, 0.95, family=3)
    assert estimate.mean == 3.5
    assert estimate.half == pytest.approx(student_t.ppf(1 - 0.05 / 6, 3) * x.std(ddof=1) / 2)
    assert student([2.0], 0.95) == (2.0, None)
    slope = loglog_slope([1, 2, 4, 8], [3, 12, 48, 192], 0.95)
    assert slope.mean == pytest.approx(2.0)
    assert slope.half == pytest.approx(0.0, abs=1e-10)
    noisy = loglog_slope([1, math.e, math.e**2], [1, math.e, math.e**3], 0.95)
    assert noisy.mean == pytest.approx(1.5)
    assert noisy.half == pytest.approx(student_t.ppf(0.975, 1) * math.sqrt(1 / 6 / 2))


def test_checkpoints_cover_the_run_and_its_last_quarter() -> None:
    at = checkpoints(100, Settings().curve_points, Settings().floor_points)
    assert at[0] == 0
    assert at[-1] == 100
    assert (np.diff(at) > 0).all()
    assert (at >= 75).sum() == Settings().floor_points


def descent(out: Path, problem: LogisticProblem, settings: Settings) -> Descent:
    with Store(out).wave([descent_cell(problem, settings)]) as found:
        return descent_of(found, problem, settings)


def test_descent_stops_at_its_target_or_at_its_limit(tmp_path: Path) -> None:
    problem = gaussian_logistic(8, 2, l2=0.2)
    reached = descent(tmp_path, problem, TINY)
    assert reached.reached
    assert reached.gap <= TINY.gd_gap
    assert reached.steps % 20 == 0
    short = descent(tmp_path, problem, replace(TINY, gd_gap=1e-30, gd_steps=20))
    assert (short.reached, short.steps) == (False, 20)


def test_the_rule_of_the_panel() -> None:
    problem = gaussian_logistic(12, 3, l2=0.05, seed=1)
    grid, eta, p = t1_panel.choose(problem)
    bound = t1.bound(p)
    gap = problem.loss(np.zeros(3)) - problem.solution.f
    assert bound.floor <= gap / 8
    assert bound.noise <= gap / 8 * (1 + 1e-12)
    assert bound.total <= 0.49 * gap < t1.bound(replace(p, steps=p.steps - 1)).total
    assert eta * np.abs(problem.gradient(np.zeros(3))).max() <= 0.7 * float(grid.delta) * (1 + 1e-12)
    flat = from_dataset([[1.0], [1.0]], [0, 1], 1.0)
    flat.__dict__["solution"] = problem.solution._replace(w=np.array([1.0]), f=flat.loss(np.zeros(1)) - 1e-9)
    with pytest.raises(ValueError, match="no grid of at most 16 bits"):
        t1_panel.choose(flat)


@pytest.mark.parametrize(
    ("regret", "half", "name"),
    [(1, 0.5, "holds, weakly"), (1, 0.1, "holds"), (2.5, 0.4, "violated"), (2, 0.4, "undecided"), (3, None, "violated")],
)
def test_verdicts(regret: float, half: float | None, name: str) -> None:
    assert t1_panel.verdict({"regret": regret, "regret_half": half}, 2.0) == name


def test_a_walk_from_the_nearest_grid_point(tmp_path: Path) -> None:
    problem = gaussian_logistic(8, 2, l2=0.2)
    walk = walk_of(problem, "nearest", Grid(4, 0.25), Schedule(1e-6), 4, "batch", TINY)
    cell = walk_cell(walk, TINY, nearest=True)
    with Store(tmp_path).wave([cell]) as found:
        outcome = outcome_of(found, cell)
    point = 0.25 * np.rint(problem.solution.w / 0.25)
    assert outcome.final[0] == pytest.approx(problem.loss(point) - problem.solution.f, rel=1e-12)
    assert outcome.last_move[0] == 0


def files(folder: Path) -> tuple[Path, tuple[Path, Path, Path]]:
    """A libsvm file and three libfm files."""
    rng = np.random.default_rng(0)
    data = folder / "tiny.txt"
    data.write_text("".join(f"{rng.choice([-1, 1])} 1:{rng.normal():.3f} 2:{rng.normal():.3f}\n" for _ in range(9)))
    parts = []
    for name, n in (("train", 40), ("valid", 12), ("test", 12)):
        path = folder / f"clicks.{name}.libfm"
        path.write_text("".join(f"{1 if i % 3 == 0 else -1} {rng.integers(3)}:1 {rng.integers(3, 6)}:1\n" for i in range(n)))
        parts.append(path)
    return data, (parts[0], parts[1], parts[2])


def study(out: Path, executor: Executor) -> None:
    def shown(record: Record) -> None:
        publish(report(record), out)

    shown(convergence_error.run([], None, out, TINY, executor=executor, on_stop=shown))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    study(out, InProcess(2))
    return out


def test_the_study_writes_its_results(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = fits("convergence", finished / "convergence.json")
    asked = convergence_error.n_cells(convergence_error.problems_of([], TINY), TINY)
    tuned_again = len(results["ctr"]["rows"])  # seed 0 of the chosen learning rate: one cell, asked for twice
    assert len(list((finished / "cells").glob("*.npz"))) == asked - tuned_again
    assert [row["method"] for row in results["table"][:3]] == ["float", "nearest", "stochastic"]
    text = (finished / "convergence.md").read_text()
    assert results["finding"] in text
    assert "hold at once" in text
    report(results).show(Console(width=WIDTH))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    assert " ".join(printed.split()).endswith(results["finding"])
    assert_fits(report(results).sheets)


def test_an_interrupted_study_goes_on_to_the_same_results(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        study(tmp_path, after(7, InProcess(2)))
    assert fits("convergence", tmp_path / "convergence.json")["complete"] is False
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}
    assert len(before) == 7
    study(tmp_path, InProcess(1))
    assert (tmp_path / "convergence.json").read_bytes() == (finished / "convergence.json").read_bytes()
    assert before.items() <= {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}.items()
    here, there = ({path.name: path.read_bytes() for path in (out / "cells").iterdir()} for out in (tmp_path, finished))
    assert here == there


@pytest.mark.parametrize(
    ("part", "stops", "found"),
    [
        (t1_panel, "slope", None),
        (convergence_error.convex, "table", "T1 on 2 of 2 problems, SR's floor against Delta on 2."),
        (convergence_error.ctr, "study", "T1 on 2 of 2 problems, SR's floor against Delta on 2, the convex table."),
    ],
)
def test_an_interrupted_study_leaves_its_parts(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: Any, stops: str, found: str | None
) -> None:
    shutil.copytree(finished / "cells", tmp_path / "cells")
    whole = json.loads((finished / "convergence.json").read_text())

    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(part, stops, interrupt)
    with pytest.raises(KeyboardInterrupt):
        study(tmp_path, InProcess(1))
    monkeypatch.undo()
    record = json.loads((tmp_path / "convergence.json").read_text())
    assert (record["complete"], record["stopped"]) == (False, "KeyboardInterrupt")
    assert all(record[name] in (whole[name], [], None) for name in ("problems", "t1", "slopes", "table", "ctr"))
    assert record["t1"] == whole["t1"]
    if found:
        assert record["finding"] == f"Unfinished. What was found: {found}"
        assert "### T1" in (tmp_path / "convergence.md").read_text()
    study(tmp_path, InProcess(1))
    assert json.loads((tmp_path / "convergence.json").read_text()) == whole


def test_files_join_the_generated_problems(tmp_path: Path) -> None:
    data, clicks = files(tmp_path)
    settings = replace(TINY, gaussian=(4, 1), one_hot=(4, 1, 2), l2_real=0.1)
    problems = convergence_error.problems_of([data], settings)
    assert [p.name for p in problems] == ["gaussian-4x1", "one-hot-4x2", "tiny.txt"]
    loaded = click_data.from_files(clicks)
    assert (loaded.name, loaded.train[0].shape, loaded.valid[0].shape) == ("clicks", (40, 6), (12, 6))
    assert loaded.fingerprint != replace(loaded, test=loaded.valid).fingerprint


def test_a_diverged_fit_is_recorded_and_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = FactorizationMachine.fit

    def fit_or_diverge(model: Any, *data: Any) -> Any:
        if model.lr == 9.0:
            raise TrainingDivergedError
        return fit(model, *data)

    monkeypatch.setattr(FactorizationMachine, "fit", fit_or_diverge)
    data = click_data.synthetic(TINY.ctr, 0)
    huge = replace(TINY.ctr, lrs=(9.0, 0.1), bits=())
    record = ctr.study(Store(tmp_path), data, replace(TINY, ctr=huge))
    assert [row["lr"] for row in record["rows"]] == [0.1, 0.1]
    only = ctr.study(Store(tmp_path), data, replace(TINY, ctr=replace(huge, lrs=(9.0,))))
    assert [row["logloss"] for row in only["rows"]] == [None, None]


def test_numbers() -> None:
    shown = {0.0: "0", 3e-16: "0", 1234.5: "1200", 0.06251: "0.063", 3.2e-5: "3.2e-5", -2.5e7: "-2.5e7", 20000.0: "20000"}
    assert {value: number(value) for value in shown} == shown
    assert number(None) == "-"
    assert interval(0.5, None) == "0.5"
    assert interval(0.0123, 0.00045) == "0.012±4e-4"


def test_the_figure_is_drawn_from_saved_results(finished: Path, tmp_path: Path) -> None:
    draw = pytest.importorskip("alpt_ref.plots.pages.convergence_error").draw
    out = tmp_path / "figures" / "study.png"
    draw(finished, out)
    assert out.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="run the study first"):
        draw(tmp_path, out)


def test_the_script_draws_the_figure(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[1]
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(finished), "--out", str(tmp_path / "f.png")])
    runpy.run_path(str(root / "figures" / "convergence_error.py"), run_name="__main__")
    assert (tmp_path / "f.png").exists()


def test_results_of_other_data_or_settings_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "more.libsvm").write_text("1 1:1\n-1 2:1\n")
    path = tmp_path / "convergence.json"
    same = {"settings": asdict(TINY), "data": [p.fingerprint for p in convergence_error.problems_of([], TINY)]}
    for change, data, said in (({}, ["more.libsvm"], "other data"), ({"settings": {}}, [], "other settings")):
        path.write_text(json.dumps(same | change))
        held = path.read_bytes()
        with pytest.raises(ValueError, match=rf"convergence\.json has results of {said}"):
            convergence_error.run([tmp_path / name for name in data], None, tmp_path, TINY)
        assert path.read_bytes() == held
