"""The calibration study: laws against closed forms, resumption, tables, figure, command line."""

import importlib.util
import json
import math
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from rich.console import Console
from scipy.special import expit

from alpt_ref.grid import Grid
from alpt_ref.metrics import calibration_by_feature
from alpt_ref.models import LogisticRegression
from alpt_ref.problems import one_hot_logistic
from alpt_ref.problems.finite import clicks
from alpt_ref.reports import calibration as calibration_report
from alpt_ref.reports.publish import publish
from alpt_ref.studies.calibration import models as calibration_models
from alpt_ref.studies.calibration import one_hot as calibration_one_hot
from alpt_ref.studies.calibration import run as calibration
from alpt_ref.studies.calibration.decay import DecaySettings, minimum, until_frozen
from alpt_ref.studies.calibration.exact import DR, SR, ExactSettings, Point, feature, solve, sweeps, theta
from alpt_ref.studies.calibration.models import ModelSettings, from_files
from alpt_ref.studies.calibration.one_hot import OneHotSettings
from alpt_ref.studies.calibration.run import QUICK, CalibrationSettings
from alpt_ref.studies.executors import Executor, InProcess
from alpt_ref.studies.store import Store
from alpt_ref.training.forward import TrainingDivergedError
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import as_rule
from tests.executors import after

pytestmark = pytest.mark.glue

ROOT = Path(__file__).parents[1]
EXACT = ExactSettings(
    half_width=8.0,
    bits=5,
    p=0.1,
    eta=0.7,
    few=(4,),
    etas=(0.3, 0.7),
    widths=(4, 5),
    widths_eta=0.7,
    ps=(0.1, 0.3),
    ks=(2, 6),
    ks_eta=0.6,
    batches=(1, 8),
    batch_steps=30,
    share=0.3,
)
TINY = CalibrationSettings(
    EXACT,
    DecaySettings(grids=((5, 0.5, (0.3, 0.2, 0.1)),), scan=(0.8, 1.2), ratio=1.4, refine=1),
    OneHotSettings(size=(30, 2, 3), click_rate=0.3, bits=5, delta=0.25, etas=(0.6,), steps=20, looks=2, replicas=2),
    ModelSettings(
        60, 2, 3, 0.3, 4, ("fp32", DR, SR, "stochastic(4)"), (("sgd", (0.3,)), ("adam", (0.1,))), (1, 16), 1, 2, 1, 40
    ),
)
POINT = Point(SR, 0.1, 0.6, 6, 0.25)


def mean(point: Point, rule: str) -> float:
    return float(solve(replace(point, rule=rule))["ctr"])


def test_stochastic_rounding_predicts_the_click_rate_and_the_floor_does_not() -> None:
    assert solve(POINT)["clipped"] < 1e-12
    assert mean(POINT, SR) == pytest.approx(POINT.p, abs=1e-10)
    assert mean(POINT, "floor") < 1e-3  # L5(a) needs Q2: floor has a bias, and falls to the edge of the box
    report = calibration_report.within
    row = {"rule": SR, "p": POINT.p, "delta": POINT.delta, "theta": 0.0}
    assert report(row | {"ctr": mean(POINT, SR)})
    assert not report(row | {"ctr": mean(POINT, "floor")})


@pytest.mark.parametrize("eta", [0.3, 0.6, 1.3, 3.7])
def test_nearest_rounding_stays_above_its_closed_form(eta: float) -> None:
    point = replace(POINT, rule=DR, eta=eta, p=0.01, bits=6)
    form = point.theta
    assert form == 0.25 / (2 * eta)
    assert math.exp(-0.25) * form - 1e-12 <= mean(point, DR) <= math.exp(0.25) * form + 2 * point.p
    assert calibration_report.within({"rule": DR, "p": 0.01, "delta": 0.25, "theta": form, "ctr": mean(point, DR)})
    assert not calibration_report.within({"rule": DR, "p": 0.01, "delta": 0.25, "theta": form, "ctr": 0.7 * form})


@pytest.mark.parametrize("k", [1, 3, 5, 9])
def test_few_random_bits_are_between_the_bounds_of_l6(k: int) -> None:
    rule = f"stochastic({k})"
    form = theta(rule, 0.25, 0.6)
    assert form == 2.0**-k * 0.25 / 0.6
    row = {"rule": rule, "p": 0.1, "delta": 0.25, "theta": form, "ctr": mean(POINT, rule)}
    assert calibration_report.within(row)
    assert not calibration_report.within(row | {"ctr": 0.1 + 1.1 * form})
    assert as_rule(rule).name == rule


def test_the_closed_forms_and_the_laws_that_never_leave_the_start() -> None:
    still = solve(replace(POINT, rule=DR, eta=0.2))
    assert (still["ctr"], still["start"]) == (0.5, 1.0)
    assert theta(SR, 0.25, 0.6) == 0.0
    later = solve(replace(POINT, steps=5))
    law = exact_law(clicks(0.1), Grid(6, 0.25), "stochastic", eta=0.6, steps=5)
    assert later["ctr"] == pytest.approx(law.mean(lambda w: expit(w[:, 0])), rel=1e-12)


def test_a_feature_of_every_example_is_the_intercept() -> None:
    w = np.array([[-1.0], [0.5]])
    for batch in (1, 3):
        ours, known = feature(0.2, 1.0, batch), clicks(0.2, batch)
        np.testing.assert_allclose(ours.gradients(w), known.gradients(w), rtol=1e-15)
        np.testing.assert_allclose(ours.probabilities, known.probabilities, rtol=1e-12)
    rare = feature(0.2, 0.25, 4)
    np.testing.assert_allclose(rare.mean_gradient(w), 0.25 * (expit(w) - 0.2), rtol=1e-9)


def test_the_decaying_schedule_is_followed_until_nothing_moves() -> None:
    p, bits, delta, eta = 0.3, 5, 0.5, 0.9
    steps = math.floor((2 * eta / delta) ** 2) + 1
    longer = exact_law(clicks(p), Grid(bits, delta), "nearest", eta=eta / np.sqrt(np.arange(1, 2 * steps + 1)), steps=2 * steps)
    assert until_frozen(p, bits, delta, eta, DR) == pytest.approx(longer.mean(lambda w: expit(w[:, 0])), rel=1e-12)
    found = minimum(p, bits, delta, TINY.decay)
    assert (np.diff(found["etas"]) > 0).all()
    assert found["ctrs"].min() == min(until_frozen(p, bits, delta, eta, DR) for eta in found["etas"].tolist())
    one = minimum(0.05, bits, delta, replace(TINY.decay, scan=(0.9, 30.0), ratio=3.0))
    assert one["etas"].max() == pytest.approx(2.7 * math.sqrt(delta / (4 * 0.05)))  # 1.3 times the least: no further


@pytest.mark.jit
def test_the_conjecture_of_l5_and_where_it_fails() -> None:
    """Delta = 0.2: near 2 sqrt(p) at p = 0.01 and 0.003; far below sqrt(p) at 0.0003, a tenth of Delta / 64."""
    s = DecaySettings(scan=(0.7, 1.4), ratio=1.4, refine=0)
    for p in (0.01, 0.003):
        assert 1.5 < minimum(p, 7, 0.2, s)["ctrs"].min() / math.sqrt(p) < 2.25
    assert until_frozen(0.0003, 7, 0.2, 25.0, DR) / math.sqrt(0.0003) < 0.2


def test_calibration_by_feature() -> None:
    X = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 2.0], [0.0, 1.0]])
    truth = np.array([0.0, 1.0, 0.0, 1.0])
    assert calibration_by_feature(sp.csr_array(X), np.full(4, 0.5), truth) == 0.0
    assert calibration_by_feature(sp.csr_array(X), np.array([0.5, 0.5, 1.0, 1.0]), truth) == 0.5


def test_groups_of_features_cover_the_examples() -> None:
    problem = one_hot_logistic(40, 2, 3, click_rate=0.3, l2=1e-6)
    parts = list(calibration_one_hot.groups(problem, (0.5, 1.0, 2.0)))
    assert len(parts) == 4
    np.testing.assert_array_equal(sum(parts), np.full(40, 2.0))


def study(out: Path, executor: Executor) -> None:
    publish(calibration_report.report(calibration.run(None, None, "libfm", out, TINY, executor=executor)), out)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    study(out, InProcess(2))
    return out


def test_the_study_writes_its_results(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = json.loads((finished / "calibration.json").read_text())
    points = {point for sweep in sweeps(TINY.exact).values() for point in sweep}
    fits = len(TINY.models.lines) * len(TINY.models.rules) * TINY.models.seeds
    asked = len(points) + len(TINY.decay.items) + 2 * len(TINY.one_hot.etas) + fits
    assert len(list((finished / "cells").iterdir())) == asked
    assert results["finding"] in (finished / "calibration.md").read_text()
    one = results["one_hot"]
    assert one["labels"][0] * one["weights"][0] == pytest.approx(round(one["labels"][0] * 30))
    calibration_report.report(results).show(Console(width=100))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    assert " ".join(printed.split()).endswith(results["finding"])


def test_an_interrupted_study_goes_on_to_the_same_results(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        study(tmp_path, after(12))
    assert not (tmp_path / "calibration.json").exists()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}
    assert len(before) == 12
    study(tmp_path, InProcess(1))
    assert (tmp_path / "calibration.json").read_bytes() == (finished / "calibration.json").read_bytes()
    assert before.items() <= {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}.items()
    here, there = ({path.name: path.read_bytes() for path in (out / "cells").iterdir()} for out in (tmp_path, finished))
    assert here == there


def click_file(path: Path, n: int, positive: str = "1") -> Path:
    path.write_text("".join(f"{positive if i % 3 == 0 else -1} {i % 2}:1 {2 + i % 5}:1\n" for i in range(n)))
    return path


def test_a_file_is_one_more_table(tmp_path: Path) -> None:
    train, test = click_file(tmp_path / "train.libfm", 60), click_file(tmp_path / "test.libfm", 9)
    held = from_files(train, None, "libfm", 1000)
    assert (held.name, held.y.size, held.truth.size) == ("train", 48, 12)
    given = from_files(train, test, "libfm", 40)
    assert (given.y.size, given.truth.size) == (40, 9)
    assert held.fingerprint != given.fingerprint
    with pytest.raises(ValueError, match=r"train\.libfm: calibration needs clicks"):
        from_files(click_file(train, 30, "-1"), None, "libfm", 40)
    with pytest.raises(ValueError, match="needs a training file"):
        calibration.run(None, test, "libfm", tmp_path, TINY)


def test_a_diverged_fit_is_shown_as_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = LogisticRegression.fit

    def fit_or_diverge(model: Any, *data: Any) -> Any:
        if model.precision == "fp32":
            raise TrainingDivergedError
        return fit(model, *data)

    monkeypatch.setattr(LogisticRegression, "fit", fit_or_diverge)
    s = replace(TINY.models, lrs=(("sgd", (0.3,)),), batches=(16,))
    data = calibration_models.generated(s, 0)
    with Store(tmp_path).wave(calibration_models.cells(data, s)) as found:
        record = calibration_models.fits(found, data, s)
    assert record["lines"][0]["rules"]["fp32"] is None
    assert record["lines"][0]["rules"][SR]["ratio"] > 0


def test_the_figure_is_drawn_from_saved_results(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = pytest.importorskip("alpt_ref.plots.pages.calibration").draw
    with pytest.raises(ValueError, match="run the study first"):
        draw(tmp_path, tmp_path / "x.png")
    out = tmp_path / "figures" / "f.png"
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(finished), "--out", str(out)])
    runpy.run_path(str(ROOT / "figures" / "calibration.py"), run_name="__main__")
    assert out.read_bytes()[:4] == b"\x89PNG"
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(tmp_path)])
    for script in ("calibration", "convergence_error"):
        with pytest.raises(SystemExit, match="2"):
            runpy.run_path(str(ROOT / "figures" / f"{script}.py"), run_name="__main__")
        assert capsys.readouterr().err.startswith(f"{script}: error: {tmp_path}")


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("analysis_calibration", ROOT / "analysis" / "calibration.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.main(["--out", str(tmp_path), "--data", str(tmp_path / "no.libfm"), "--quick"]) == 2
    assert script.main(["--out", str(tmp_path), "--threads", "0"]) == 2
    assert script.main(["--out", str(tmp_path), "--test", "x"]) == 2
    monkeypatch.setattr(script, "run", lambda *args, **more: (_ for _ in ()).throw(KeyboardInterrupt))
    assert script.main(["--out", str(tmp_path), "--quick"]) == 130
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("calibration: ") for line in lines)
    assert QUICK.exact.bits == 7
