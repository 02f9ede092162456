"""The figure of the comparison: what it draws of a record, what it refuses, its command line."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

pytestmark = pytest.mark.glue

plots = pytest.importorskip("alpt_ref.plots.pages.compare")
ROOT = Path(__file__).parents[1]
LPT = [("lpt-dr", 8, 0.7, None), ("lpt-dr", 2, 0.5, None)]
ALPT = [("alpt-sr", 8, 0.75, None), ("alpt-sr", 2, 0.74, None)]
FULL = [("fp32", 0, 0.76, 0.002), ("hash", 0, 0.72, 0.01)]
PTQ = [("ptq", 8, 0.7595, 0.0004), ("ptq", 2, 0.45, 17.0), ("ptq", 4, None, None)]
Rows = list[tuple[str, int, float | None, float | None]]


def saved(folder: Path, rows: Rows, **settings: Any) -> Path:
    """A folder with so much of compare.json as the figure reads."""
    record = {
        "data": "clicks",
        "model": "fm",
        "settings": {"k": 4, "seeds": 3, "margin": 1e-3, "confidence": 0.95} | settings,
        "rows": [
            {"method": name, "bits": bits, "test": {"auc": [mean, 99.0]}, "minus_fp32": {"auc": [0.0, half]}}
            if any(row[0] == "fp32" for row in rows)
            else {"method": name, "bits": bits, "test": {"auc": [mean, half]}, "minus_fp32": None}
            for name, bits, mean, half in rows
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.json").write_text(json.dumps(record))
    return folder


def curves(ax: Any) -> dict[str, Any]:
    return {container.get_label(): container for container in ax.containers}


def level(ax: Any, name: str) -> float:
    (line,) = (line for line in ax.get_lines() if line.get_label() == name)
    assert len(set(line.get_ydata())) == 1
    return float(line.get_ydata()[0])


def labels(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_a_record_without_full_precision_and_intervals(tmp_path: Path) -> None:
    folder = saved(tmp_path, LPT + ALPT, seeds=1)
    plots.draw([folder], tmp_path / "new" / "f.png")
    assert (tmp_path / "new" / "f.png").read_bytes()[:4] == b"\x89PNG"
    (ax,) = plots.figure([folder]).axes
    drawn = curves(ax)
    assert list(drawn) == ["lpt-dr", "alpt-sr"]
    assert list(drawn["lpt-dr"].lines[0].get_ydata()) == [0.5, 0.7]
    assert list(drawn["alpt-sr"].lines[0].get_ydata()) == [0.74, 0.75]
    assert not any(part.size for part in drawn["lpt-dr"].lines[2][0].get_segments())  # no bars
    x = [container.lines[0].get_xdata(orig=False) for container in drawn.values()]
    np.testing.assert_allclose(np.mean(x, axis=0), [0, 1])
    assert (x[0] < x[1]).all()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2", "8"]
    assert level(ax, "best") == 0.75
    assert labels(ax)[-1] == "best\n0.7500"
    assert "the best's" in ax.get_ylabel()
    assert ax.get_xlabel() == "bit width (one seed)"


def test_levels_intervals_and_what_has_no_auc(tmp_path: Path) -> None:
    (ax,) = plots.figure([saved(tmp_path, FULL + PTQ)]).axes
    assert (level(ax, "fp32"), level(ax, "hash")) == (0.76, 0.72)
    assert labels(ax) == ["chance: 0.5", "hash\n0.7200", "fp32\n0.7600"]
    assert not ax.patches
    cuts = {line.get_marker(): line for line in ax.get_lines() if line.get_marker() in ("v", "^") and line.get_label() != "ptq"}
    assert {marker: list(line.get_ydata()) for marker, line in cuts.items()} == {"v": [0.0], "^": [1.0]}  # 17 at 2 bits goes on
    assert cuts["v"].get_xdata() == cuts["^"].get_xdata() == curves(ax)["ptq"].lines[0].get_xdata(orig=False)[:1]
    assert "bars: paired 95% intervals, all at once, 3 seeds" in ax.get_xlabel()
    ptq = curves(ax)["ptq"]
    assert list(ptq.lines[0].get_ydata()) == [0.45, 0.7595]
    np.testing.assert_allclose([part[:, 1] for part in ptq.lines[2][0].get_segments()], [[-16.55, 17.45], [0.7591, 0.7599]])
    low, high = ax.get_ylim()
    assert -16.0 < low < 0.45  # the long interval is cut, the mean is shown
    assert 0.761 < high < 0.763  # full precision, the margin, and room
    assert min(ax.yaxis.get_majorticklocs()) > 0.0


def test_the_axis_is_linear_near_full_precision_and_logarithmic_beyond(tmp_path: Path) -> None:
    (ax,) = plots.figure([saved(tmp_path, FULL + LPT)]).axes
    y = ax.yaxis.get_transform().transform(0.76 - np.array([0.0, 0.0005, 0.001, 0.01, 0.1]))
    np.testing.assert_allclose(np.diff(y), [-0.5, -0.5, -1.0, -1.0])
    np.testing.assert_allclose(ax.yaxis.get_transform().inverted().transform(y), 0.76 - np.array([0, 0.0005, 0.001, 0.01, 0.1]))
    shown = dict(zip(ax.yaxis.get_majorticklocs().round(6), ax.yaxis.get_major_formatter().seq, strict=True))
    assert shown[0.76] == "0"
    assert shown[0.66] == "−0.1"
    assert shown[0.761] == "+0.001"


@pytest.mark.parametrize("rows", [FULL, FULL[1:], LPT, [*LPT[:1], *FULL[:1]]])
def test_whatever_was_run_is_drawn(tmp_path: Path, rows: Rows) -> None:
    plots.draw([saved(tmp_path, rows, margin=0.0)], tmp_path / "f.png")
    assert (tmp_path / "f.png").exists()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_panel_for_each_folder(tmp_path: Path, n: int) -> None:
    folders = [saved(tmp_path / str(i), FULL[: i % 2] + LPT + ALPT, k=i) for i in range(n)]
    drawn = plots.figure(folders)
    assert len(drawn.axes) == n
    assert [ax.get_title(loc="left") for ax in drawn.axes] == [f"FM, $k$ = {i}, on clicks" for i in range(n)]
    (legend,) = drawn.legends
    assert len(legend.get_texts()) == 2 + (n > 1)
    grid = drawn.axes[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == ((2, 2) if n == 4 else (1, n))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_legend_of_all_methods_lies_in_the_figure(tmp_path: Path, n: int) -> None:
    rows: Rows = [(name, 0 if name in plots.LEVELS else 4, 0.7, 0.001) for name in plots.STYLE]
    drawn = plots.figure([saved(tmp_path, rows)] * n)
    FigureCanvasAgg(drawn).draw()
    (legend,) = drawn.legends
    assert len(legend.get_texts()) == len(plots.STYLE)
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= drawn.bbox.width
    assert 0 <= box.y0 < box.y1 <= drawn.bbox.height


def test_what_is_not_a_comparison_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"compare\.json: no such file"):
        plots.draw([tmp_path], tmp_path / "x.png")
    for rows in ([], [("lpt-sr", 2, None, None)]):
        with pytest.raises(ValueError, match=r"compare\.json: no rows with an AUC"):
            plots.draw([saved(tmp_path, rows)], tmp_path / "x.png")
    for text in ("{", "[]", '{"rows": [1]}'):
        (tmp_path / "compare.json").write_text(text)
        with pytest.raises(ValueError, match=r"compare\.json: not the results of a comparison"):
            plots.draw([tmp_path], tmp_path / "x.png")
    for folders in ([], [tmp_path] * 5):
        with pytest.raises(ValueError, match=f"1 to 4 folders, got {len(folders)}"):
            plots.draw(folders, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    script = str(ROOT / "figures" / "compare.py")
    folders = [str(saved(tmp_path / name, FULL + ALPT)) for name in "ab"]
    out = tmp_path / "f.png"
    monkeypatch.setattr(sys, "argv", ["x", "--results", *folders, "--out", str(out)])
    runpy.run_path(script, run_name="__main__")
    assert out.read_bytes()[:4] == b"\x89PNG"
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(tmp_path / "a"), str(tmp_path), "--out", str(out)])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(script, run_name="__main__")
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence == f"compare: error: {tmp_path / 'compare.json'}: no such file; run the comparison first"
