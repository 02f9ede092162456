"""Figures: what they draw of runs and records, in numbers and words; files, byte for byte; refusals; the command."""

import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alpt_ref import Grid, Run, plots, trace
from alpt_ref.problems.finite import quadratic
from alpt_ref.studies.phases.diagram import NEARLY
from analysis.gallery import main as gallery
from tests.cli_support import run as command
from tests.marks import long, once

pytestmark = pytest.mark.glue

curves = pytest.importorskip("alpt_ref.plots.curves")
pages = {name: pytest.importorskip(f"alpt_ref.plots.pages.{name}") for name in ("convergence_error", "calibration")}
style = pytest.importorskip("alpt_ref.plots.style")
STEPS = np.array([0, 1, 10, 100, 200], np.int64)


def made(method: str, label: str, gaps: Any, last_move: Any = (200, 200), **params: Any) -> Run:
    """A run with these gaps, a row for each replica; its regret is twice the gap."""
    rows = np.array(gaps, float)
    bits = None if method == "float" else 4
    about = {"confidence": 0.95, "bits": bits, "delta": bits and 0.25, "eta": 0.1, "problem": "p"} | params
    regrets = np.where(STEPS > 0, 2.0 * rows, np.nan)
    bound = np.where(STEPS > 0, 40.0 / np.maximum(STEPS, 1), np.nan)
    moves = np.array(last_move, np.int64)[: len(rows)]
    return Run(label, method, about, False, STEPS, rows, regrets, moves, np.zeros(len(rows)), bound)


FLOAT = made("float", "fp32", [[1, 0.9, 0.5, 0.1, 0.01]])
DR = made("nearest", "DR", [[1, 1, 1, 1, 1]], (0,))
LATE = made("nearest", "DR", [[1, 0.9, 0.6, 0.6, 0.6]], (7,), bits=8, delta=0.1)
SR = made("stochastic", "SR", [[1, 0.9, 0.6, 0.2, 0.06], [1, 0.9, 0.5, 0.1, 0.04]])
ZERO = made("nearest", "DR", [[1, 0, 0, 0, 0]], (1,))
CALIBRATION = {
    "exact": {
        "p": [
            {"rule": rule, "p": p, "eta": 0.2, "delta": 0.05, "bits": 8, "theta": theta, "ctr": max(p, theta)}
            for rule, theta in (("nearest", 0.125), ("stochastic", 0.0), ("stochastic(4)", 0.0156))
            for p in (0.001, 0.01, 0.1)
        ],
        "k": [
            {
                "rule": f"stochastic({k})",
                "p": 0.03,
                "eta": 0.05,
                "delta": 0.05,
                "bits": 8,
                "theta": 2.0**-k,
                "ctr": 0.03 + 2.0**-k,
            }
            for k in (1, 2, 4, 8, 16)
        ],
    }
}
PHASES = {
    "rows": [
        {"bits": 8, "sr": [0.01, 0.2, 0.5], "dr": [0.02, 0.6, 0.5], "winner": "SR"},
        {"bits": 2, "sr": [0.01, 0.1, 0.5], "dr": [0.02, 5.0, 0.5], "winner": None},
    ]
}


def compared(paired: bool = True) -> dict[str, Any]:
    rows = [("fp32", 0, 0.76, 0.002), ("lpt-sr", 8, 0.755, 0.002), ("lpt-sr", 2, 0.7, 0.9), ("ptq", 8, 0.75, None)]
    return {
        "rows": [
            {
                "method": name,
                "bits": bits,
                "test": {"auc": [mean, 99.0 if paired else half]},
                "minus_fp32": {"auc": [0.0, half]} if paired else None,
            }
            for name, bits, mean, half in rows
        ]
    }


def verdict(name: str, kind: str, measured: float, bound: float, **more: Any) -> dict[str, Any]:
    row = {"id": name, "statement": "s", "kind": kind, "instance": "i", "method": "exact", "params": {}, "bound": bound}
    row |= {"measured": measured, "half": 0.0, "confidence": 1.0, "ratio": measured / bound, "verdict": "holds"}
    return row | {"expected": "holds", "checks": [], "note": ""} | more


ROWS = [
    verdict("T1", "upper", 0.5, 1.0),
    verdict("T1", "upper", 0.9, 1.0),
    verdict("T1", "upper", 2.0, 1.0, verdict="violated", expected="violated"),
    verdict("L2", "lower", 2.0, 1.0),
    verdict("L2", "lower", -2.0, -4.0),  # of a bound below 0 the ratio says nothing
    verdict("Q1", "exact", 0.0, 1.0),
]


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax: Any, label: str) -> Any:
    (found,) = [each for each in ax.get_lines() if each.get_label() == label]
    return found


def marked(ax: Any, marker: str) -> list[tuple[float, float]]:
    """The points that are drawn one by one with that marker; the legend's have no place."""
    lines = [each for each in ax.get_lines() if each.get_marker() == marker and len(each.get_xdata())]
    return [(each.get_xdata()[0], each.get_ydata()[0]) for each in lines]


def test_convergence_draws_means_and_bands():
    ax = plots.convergence([FLOAT, DR, SR])
    assert legend(ax) == ["fp32", "DR (never moves)", "SR"]
    np.testing.assert_allclose(line(ax, "SR").get_xdata(), STEPS[1:])
    np.testing.assert_allclose(line(ax, "SR").get_ydata(), [0.9, 0.55, 0.15, 0.05])
    assert [line(ax, name).get_color() for name in legend(ax)] == [style.FULL, style.DR, style.SR]
    (band,) = ax.collections
    vertices = band.get_paths()[0].vertices
    assert vertices[:, 1].max() == pytest.approx(SR.gap_interval[1, 1:].max())
    assert vertices[:, 1].min() > 0.0  # the lower end is below 0, where the axis does not reach
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlim()) == ("log", "log", (1.0, 200.0))
    assert ax.get_ylim() == pytest.approx((0.6 * 0.01, 1.6))
    assert not plots.convergence(SR, bands=False).collections


def test_convergence_bounds_and_floors():
    ax = plots.convergence([SR, DR], y="regret", bound="T1", floor={"Delta G1/2": 0.02})
    assert legend(ax) == ["SR", "DR (never moves)", "Delta G1/2", "T1's bound"]
    np.testing.assert_allclose(line(ax, "T1's bound").get_ydata()[1:], 40.0 / STEPS[1:])
    assert line(ax, "T1's bound").is_dashed()
    assert set(line(ax, "Delta G1/2").get_ydata()) == {0.02}
    np.testing.assert_allclose(line(ax, "SR").get_ydata(), 2.0 * SR.gap[1:])
    assert ax.get_ylim()[1] == pytest.approx(1.6 * 20.0)  # the bound begins far above the curves
    ax = plots.convergence(SR, bound=lambda t: 3.0 / t, floor=0.1)
    np.testing.assert_allclose(line(ax, "bound").get_ydata(), 3.0 / STEPS[1:])
    assert set(line(plots.convergence(SR, bound=0.5), "bound").get_ydata()) == {0.5}


def test_runs_of_one_label_are_told_apart():
    other = made("stochastic", "SR", [[1, 0.9, 0.6, 0.2, 0.06]], bits=8, delta=0.1)
    ax = plots.convergence([SR, other, DR, LATE])
    assert legend(ax) == ["SR, 4 bits", "SR, 8 bits", "DR, 4 bits (never moves)", "DR, 8 bits (stops at step 7)"]
    shades = [line(ax, name).get_color() for name in legend(ax)[:2]]
    assert shades == [style.SR, style.lighter(style.SR, 0.55)]
    own = [made("update", name, [[1, 0.9, 0.5, 0.1, 0.01]]) for name in ("momentum", "error feedback", "float masters")]
    colours = [line(plots.convergence(own), run.label).get_color() for run in own]
    assert colours == [style.PINK, style.ORANGE, style.GREEN]


def test_an_exact_run_is_seen_to_stop():
    problem, grid = quadratic(1.0, 0.31, 0.5), Grid(6, 0.125)
    sr, dr = (trace(problem, grid, rounding=r, eta=0.05, steps=300, start=-16) for r in ("stochastic", "nearest"))
    assert curves.stop_of(sr) is None
    assert 0 < curves.stop_of(dr) <= 150
    assert not plots.convergence([sr, dr]).collections


def test_runs_in_memory_and_saved(tmp_path):
    SR.save(tmp_path / "sr.npz")
    ax = plots.convergence([str(tmp_path / "sr.npz"), FLOAT])
    np.testing.assert_allclose(line(ax, "SR").get_ydata(), SR.gap[1:])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: plots.convergence([]), "runs must be at least one"),
        (lambda: plots.convergence([3]), "runs must be Run objects or paths of saved ones, got int"),
        (lambda: plots.convergence("nothing.npz"), "nothing.npz: no such file"),
        (lambda: plots.convergence(SR, y="loss"), "y must be one of 'gap', 'regret'"),
        (lambda: plots.convergence(SR, bound="T1"), "bound: T1 is on the mean regret"),
        (lambda: plots.convergence(DR, y="regret", bound="T1"), "bound: T1 is on stochastic rounding"),
        (lambda: plots.convergence(SR, bound="T2", y="regret"), "bound must be one of 'T1'"),
        (lambda: plots.convergence(SR, bound=-1.0), "bound must be positive"),
        (lambda: plots.convergence(SR, bound=lambda t: -t), "bound must be positive somewhere"),
        (lambda: plots.convergence(SR, floor=0.0), "floor must be positive"),
        (lambda: plots.convergence(SR, style="dark"), "style must be one of 'alpt'"),
        (lambda: plots.convergence(SR, bound=[1.0]), "bound must be positive and finite, got [1.0]"),
        (lambda: plots.convergence(SR, bound=lambda t: [1, 2]), "bound must be a function of 4 numbers of steps"),
        (lambda: plots.convergence(ZERO), "runs: no gap is positive, and the axis is logarithmic"),
        (lambda: plots.convergence(SR, np.empty(2, object)), "ax must be Axes, or None for a new figure, got ndarray"),
        (lambda: plots.convergence(SR, 3), "ax must be Axes, or None for a new figure, got int"),
        (lambda: plots.compare(compared(), np.array([1, 2])), "ax must be Axes, or None for a new figure, got int"),
        (lambda: plots.floors(ZERO), "results have no floor that is positive"),
        (lambda: plots.floors([{"deltas": [1]}]), "results: not floors of `alpt-ref verify`"),
        (lambda: plots.floors([{"problem": "f", "method": "m", "deltas": [1, 2], "gaps": [1]}]), "results: as many gaps as"),
        (lambda: plots.svg(plots.convergence(SR), name='a"b'), "name must be a letter, then letters"),
        (lambda: plots.law(SR), "SR has no moving law"),
        (lambda: plots.floors(FLOAT), "full precision has no Delta"),
        (lambda: plots.floors({"rows": []}), "results have no floors"),
        (lambda: plots.calibration({}), "results have no exact"),
        (lambda: plots.calibration(CALIBRATION, x="eta"), "results have no eta"),
        (lambda: plots.calibration(CALIBRATION, x="w"), "x must be one of"),
        (lambda: plots.compare({"rows": [{"method": "lpt-sr"}]}), "not a record of `alpt-ref compare`"),
        (lambda: plots.compare(compared(), metric="mse"), "metric must be one of"),
        (lambda: plots.compare(compared(), np.empty(3, object)), "axes must be 2, 1 by 2, got 3"),
        (lambda: plots.tightness([ROWS[-1]]), "no row with a bound that holds"),
        (lambda: plots.tightness([{"id": "T1"}]), "not rows of `alpt-ref verify`"),
        (lambda: plots.tightness(3), "results must be a record or its path, got int"),
        (lambda: plots.save(3, "x.pdf"), "drawn must be Axes or a Figure, got int"),
        (lambda: plots.save(plots.convergence(SR), "x.jpg"), "x.jpg: a figure is .pdf, .svg or .png"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()


def test_floors_of_runs_and_of_records():
    fine = made("stochastic", "SR", [[1, 0.9, 0.6, 0.2, 0.03], [1, 0.9, 0.5, 0.1, 0.02]], delta=0.125)
    ax = plots.floors([SR, fine, FLOAT], guides=(1.0,))
    (drawn,) = ax.containers
    np.testing.assert_allclose(drawn.lines[0].get_xdata(), [0.125, 0.25])
    np.testing.assert_allclose(drawn.lines[0].get_ydata(), [fine.floor.mean, SR.floor.mean])
    assert legend(ax)[0] == "SR"
    delta = [0.1, 0.2, 0.4]
    rows = [
        {"problem": "f", "method": name, "deltas": delta, "gaps": [scale * d**order for d in delta]}
        for name, scale, order in (("LPT, SR", 1.0, 1), ("float masters", 0.1, 2), ("LPT, DR, best eta", 2.0, 0.5))
    ]
    for results in (rows, {"floors": rows}):
        ax = plots.floors(results)
        assert legend(ax) == ["SR", "float masters", "DR, best $\\eta$", "slope 1/2 (L2)", "slope 1 (T1#)", "slope 2 (T7)"]
        guides = [each for each in ax.get_lines() if each.get_color() == style.QUIET]
        slopes = [np.polyfit(np.log(each.get_xdata()), np.log(each.get_ydata()), 1)[0] for each in guides]
        assert slopes == pytest.approx([0.5, 1.0, 2.0])
    slopes_of_study = {"slopes": [{"problem": "f", "points": [{"delta": 0.1, "floor": 0.01, "floor_half": None}]}]}
    assert legend(plots.floors(slopes_of_study)) == ["SR"]


def test_the_moving_law():
    problem, grid = quadratic(1.0, 0.31, 0.5), Grid(5, 0.25)
    runs = [trace(problem, grid, rounding=r, eta=0.05, steps=100, start=-8) for r in ("stochastic", "nearest")]
    axes = plots.law(runs, w_star=0.31)
    assert axes.shape == (2, 5)
    titles = [ax.get_title() for ax in axes[0]]
    assert titles[0] == "$t$ = 0"
    assert titles[-1] == "$t$ = 100"
    assert [row[0].get_ylabel() for row in axes] == ["SR", "DR"]
    bars = axes[0, -1].collections[0].get_segments()
    assert sum(segment[1][1] for segment in bars) == pytest.approx(1.0)
    assert {ax.get_xlim() for ax in axes.flat} == {axes[0, 0].get_xlim()}
    (only,) = plots.law(runs[0], steps=[100]).flat
    assert only.get_title() == "$t$ = 100"
    with pytest.raises(ValueError, match=r"steps must be some of the runs' law_steps \(0, 1, .*100\), got \[7777\]"):
        plots.law(runs, steps=[7777])


def test_the_phase_diagram():
    from alpt_ref.plots.moves import region

    s, nu = np.array([0.01, 1.0, 0.01, 0.01, 3.0]), np.array([0.05, 0.05, 1.0, 0.3, 0.05])
    assert region(s, nu).tolist() == [1, 2, 3, 0, 0]
    rng = np.random.default_rng(0)
    u = 0.1 + 0.12 * rng.standard_normal(100_000)
    assert (np.mean(np.abs(u) < 0.5) > NEARLY) == (region(np.array([0.1]), np.array([0.12]))[0] == 1)
    ax = plots.phase_diagram()
    assert not [each for each in ax.get_lines() if each.get_marker() == "D"]
    ax = plots.phase_diagram(PHASES)
    assert marked(ax, "D") == [(0.02, 0.6), (0.02, 5.0)]
    circles = [each for each in ax.get_lines() if each.get_marker() == "o" and len(each.get_xdata())]
    assert [each.get_markerfacecolor() for each in circles] == [style.SR, "white"]
    assert ax.get_ylim()[1] == pytest.approx(7.5)
    assert legend(ax)[-1] == "filled: it won"


def test_calibration():
    ax = plots.calibration(CALIBRATION)
    assert legend(ax) == ["DR", "$\\Delta/(2\\eta)$ (L5)", "SR", "SR(4)", "$2^{-k}\\Delta/\\eta$ (L6)", "the truth"]
    np.testing.assert_allclose(line(ax, "DR").get_ydata(), 0.125)
    np.testing.assert_allclose(line(ax, "SR").get_ydata(), [0.001, 0.01, 0.1])
    np.testing.assert_allclose(line(ax, "the truth").get_ydata(), [0.001, 0.01, 0.1])
    ax = plots.calibration(CALIBRATION, x="k")
    np.testing.assert_allclose(line(ax, "SR($k$)").get_xdata(), [1, 2, 4, 8, 16])
    assert ax.get_xlim() == (0.5, 12.5)
    assert ax.get_title() == "click rate $p$ = 0.03, $\\eta$ = 0.05, $\\Delta$ = 0.05"
    ax = plots.calibration(CALIBRATION["exact"]["p"])
    assert ax.get_xlabel() == "click rate $p$"


@pytest.mark.parametrize("paired", [True, False])
def test_compare_by_width(paired):
    axes = plots.compare(compared(paired))
    assert [ax.get_title(loc="left") for ax in axes] == ["8 bits", "2 bits"]
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == ["LPT, stochastic", "fp32, quantized after training"]
    dots = {each.get_label(): each for each in axes[0].get_lines() if each.get_label() in ("lpt-sr", "ptq")}
    assert {name: each.get_xdata()[0] for name, each in dots.items()} == {"lpt-sr": 0.755, "ptq": 0.75}
    assert any(list(each.get_xdata()) == pytest.approx([0.753, 0.757]) for each in axes[0].get_lines())
    assert [text.get_text() for text in axes[0].texts] == ["full precision 0.7600"]
    assert {each.get_marker() for each in axes[1].get_lines()} >= {"<", ">"}  # 0.9 runs out of the panel
    low, high = axes[1].get_xlim()
    assert 0.6 < low < 0.7
    assert 0.76 < high < 0.8


def test_tightness():
    ax = plots.tightness(ROWS)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["L2", "T1"]  # the tightest on top
    assert set(marked(ax, "o")) == {(0.5, 0), (0.5, 1), (0.9, 1)}
    ax = plots.tightness({"rows": ROWS}, controls=True)
    assert [x for x, _ in marked(ax, "x")] == [2.0]
    assert legend(ax) == ["upper bound", "lower bound", "control: violated, as expected"]


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_the_same_results_give_the_same_bytes(kind, tmp_path):
    for name in "ab":
        plots.save(plots.convergence([FLOAT, DR, SR], style="alpt"), tmp_path / name / f"f.{kind}")
    first, second = ((tmp_path / name / f"f.{kind}").read_bytes() for name in "ab")
    assert first == second
    assert b"/Type3" not in first
    assert kind != "pdf" or b"/Type42" in first or b"/CIDFontType2" in first
    assert kind != "svg" or b"<dc:date>" not in first


def test_the_style_is_the_same_whatever_matplotlib_is_set_to(tmp_path):
    """Ticks are made as late as a file is written."""
    import matplotlib as mpl

    def written(name: str) -> list[bytes]:
        drawn = plots.convergence([FLOAT, SR], style="alpt")
        return [plots.save(drawn, tmp_path / f"{name}.{kind}").read_bytes() for kind in ("pdf", "svg", "png")]

    plain = written("plain")
    mine: Any = {
        "text.usetex": True,
        "font.size": 20,
        "savefig.bbox": "tight",
        "xtick.minor.visible": True,
    }
    with mpl.rc_context(mine):
        assert written("mine") == plain
        assert mpl.rcParams["text.usetex"]


def test_what_a_logarithmic_axis_does_not_show():
    ax = plots.convergence([ZERO, SR])
    assert ax.get_ylim() == pytest.approx((0.6 * 0.015, 1.6 * 0.9))
    assert legend(ax) == ["DR (stops at step 1)", "SR"]
    (drawn,) = plots.floors([ZERO, SR]).containers
    np.testing.assert_allclose(drawn.lines[0].get_ydata(), [SR.floor.mean])
    again = made("stochastic", "SR", [[1, 0.9, 0.5, 0.1, 0.04]], seed=1)
    assert len(plots.floors([SR, again]).get_lines()) == 3  # one Delta has no slope, and no guide


def test_exact_and_sampled_runs_of_one_label():
    runs = [trace(quadratic(1.0, 0.31, 0.5), Grid(6, 0.125), eta=0.05, steps=20, exact=e, replicas=4) for e in (None, False)]
    assert legend(plots.convergence(runs)) == ["SR, exact", "SR, sampled"]


def test_svg_for_a_page():
    ax = plots.convergence([FLOAT, SR], style="alpt")
    text = plots.svg(ax, name="gap", title="a < b")
    assert text == plots.svg(ax.figure, name="gap", title="a < b")
    assert text.startswith('<svg role="img" aria-labelledby="gap-title"')
    assert '<title id="gap-title">a &lt; b</title>' in text
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("gap-") for name in ids)
    assert set(re.findall(r'(?:url\(|href=")#([^")]*)', text)) <= set(ids)
    assert "#000000" not in text
    assert "currentColor" in text


def test_looks_are_left_to_the_user():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    ax = plots.convergence(SR)
    assert ax.spines["top"].get_visible()
    assert not plots.convergence(SR, style="alpt").spines["top"].get_visible()
    assert dict(mpl.rcParams) == before
    assert plots.convergence([FLOAT], ax) is ax
    assert len([each for each in ax.get_lines() if each.get_label() in ("SR", "fp32")]) == 2


def test_the_command(tmp_path, capsys):
    for run, name in ((SR, "sr"), (DR, "dr")):
        run.save(tmp_path / f"{name}.npz")
    sr, dr, out = (str(tmp_path / name) for name in ("sr.npz", "dr.npz", "f.pdf"))
    assert command("plot", "convergence", sr, dr, "--y", "regret", "--bound", "T1", "--size", "4,3", "--out", out) == 0
    assert Path(out).read_bytes()[:5] == b"%PDF-"
    assert capsys.readouterr().err == f"Figure: {out}\n"
    (tmp_path / "verdicts.json").write_text(json.dumps({"rows": ROWS}))
    svg = str(tmp_path / "t.svg")
    assert command("plot", "tightness", str(tmp_path), "--controls", "--title", "all", "--out", svg) == 0
    assert command("plot", "phase_diagram", "--style", "matplotlib", "--out", svg) == 0
    capsys.readouterr()
    (tmp_path / "compare.json").write_text("{")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    for words, said in (
        (["law", sr, "--y", "gap"], "--y is an option of convergence, not of law"),
        (["law", sr], "SR has no moving law"),
        (["compare", str(tmp_path)], "compare.json: not a record of `alpt-ref compare`"),
        (["compare", sr, dr], "compare draws one record, got 2"),
        (["convergence"], "convergence needs saved runs"),
        (["tightness"], "tightness needs the folder or the record of a study"),
        (["calibration", str(tmp_path)], "calibration.json: no such file; `analysis/calibration.py` makes it"),
        (["convergence", sr, "--size", "3"], "must be two numbers of inches"),
        (["floors", str(tmp_path)], "results have no floors"),
        (["nothing", sr], "invalid choice: 'nothing'"),
        (["floors", str(tmp_path / "deep.json")], "deep.json: not a record of `alpt-ref verify`"),
    ):
        assert command("plot", *words, "--out", str(tmp_path / "x.pdf")) == 2
        assert said in capsys.readouterr().err
    assert command("plot", "convergence", sr, "--out", sr) == 2
    assert not (tmp_path / "x.pdf").exists()


def test_a_script_writes_a_figure_and_its_caption(tmp_path, monkeypatch, capsys):
    script = str(Path(__file__).parents[1] / "figures" / "tightness.py")
    (tmp_path / "verdicts.json").write_text(json.dumps({"rows": ROWS}))
    written = []
    for out in (tmp_path / "a", tmp_path / "b"):
        monkeypatch.setattr(sys, "argv", ["x", "--results", str(tmp_path), "--out", str(out)])
        runpy.run_path(script, run_name="__main__")
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert sorted(written[0]) == ["tightness.md", "tightness.pdf", "tightness.png", "tightness.svg"]
    assert written[0] == written[1]
    assert b"of 3 instances of 2 claims" in written[0]["tightness.md"]
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(tmp_path / "none" / "here"), "--out", str(tmp_path / "c")])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(script, run_name="__main__")
    assert capsys.readouterr().err.endswith("verify: no such file; `alpt-ref verify` makes it\n")
    (tmp_path / "phases.json").write_text('{"rows": [{}]}')
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(tmp_path), "--out", str(tmp_path / "c")])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(script.replace("tightness", "phase_diagram"), run_name="__main__")
    assert "not what phase_diagram draws, or damaged (KeyError: 'sr')" in capsys.readouterr().err


@long
@once
def test_the_gallery_and_all_its_figures(tmp_path, monkeypatch, capsys):
    root, results = Path(__file__).parents[1], tmp_path / "gallery"
    assert gallery(["--quick", "--threads", "1", "--out", str(results)]) == 0
    assert len(capsys.readouterr().err.splitlines()) >= 23
    assert gallery(["--quick", "--out", str(results)]) == 0
    assert capsys.readouterr().err == ""  # all of it is there
    (results / "verdicts.json").write_text(json.dumps({"rows": ROWS}))
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(results), "--out", str(tmp_path / "figures")])
    runpy.run_path(str(root / "figures" / "all.py"), run_name="__main__")
    captions = sorted((tmp_path / "figures").glob("*.md"))
    assert len(captions) == 10
    assert all(len(path.read_text()) > 200 and "{" not in path.read_text() for path in captions)


def test_records_of_stopped_runs_are_not_drawn(tmp_path):
    """They lack parts, and what is there would pass for the whole."""
    for name, page in pages.items():
        (tmp_path / f"{name.removesuffix('_error')}.json").write_text('{"complete": false, "settings": {}}')
        with pytest.raises(ValueError, match="was stopped"):
            page.draw(tmp_path, tmp_path / "figure.png")
    with pytest.raises(ValueError, match="goes on with --resume"):
        plots.compare({"complete": False, "rows": []})
