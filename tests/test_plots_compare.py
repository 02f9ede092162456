"""The figure of the comparison: what it draws of a record, what it refuses, its command line."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from alpt_ref.studies.comparison.methods import METHODS

pytestmark = pytest.mark.edge

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


def dots(ax: Any) -> dict[str, float]:
    return {line.get_label(): float(line.get_xdata()[0]) for line in ax.get_lines() if line.get_label() in METHODS}


def test_a_record_without_full_precision_and_intervals(tmp_path: Path) -> None:
    folder = saved(tmp_path, LPT + ALPT, seeds=1)
    plots.draw([folder], tmp_path / "new" / "f.png")
    assert (tmp_path / "new" / "f.png").read_bytes()[:4] == b"\x89PNG"
    drawn = plots.figure([folder])
    eight, two = drawn.axes
    assert dots(eight) == {"lpt-dr": 0.7, "alpt-sr": 0.75}
    assert dots(two) == {"lpt-dr": 0.5, "alpt-sr": 0.74}
    assert [ax.get_title(loc="left") for ax in drawn.axes] == ["8 bits", "2 bits"]
    assert not eight.texts  # no full precision
    assert drawn.subfigs[0].get_suptitle() == "FM, $k$ = 4, on clicks (one seed)"


def test_levels_intervals_and_what_has_no_auc(tmp_path: Path) -> None:
    drawn = plots.figure([saved(tmp_path, FULL + PTQ)])
    eight, two = drawn.axes  # at 4 bits there is no AUC
    assert dots(eight) == {"ptq": 0.7595}
    assert [text.get_text() for text in eight.texts] == ["full precision 0.7600", "← hashing 0.7200"]
    assert [text.get_text() for text in two.texts] == ["full precision 0.7600", "hashing 0.7200"]
    assert {line.get_marker() for line in two.get_lines()} >= {"<", ">"}  # 17 at 2 bits goes on
    assert "95% intervals of the difference to full precision, all at once, 3 seeds" in drawn.subfigs[0].get_suptitle()


@pytest.mark.parametrize("rows", [LPT, [*LPT[:1], *FULL[:1]]])
def test_whatever_was_run_is_drawn(tmp_path: Path, rows: Rows) -> None:
    plots.draw([saved(tmp_path, rows, margin=0.0)], tmp_path / "f.png")
    assert (tmp_path / "f.png").exists()


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_row_for_each_folder(tmp_path: Path, n: int) -> None:
    folders = [saved(tmp_path / str(i), FULL[: i % 2] + LPT[: 1 + i % 2] + ALPT[: 1 + i % 2], k=i) for i in range(n)]
    drawn = plots.figure(folders)
    assert [part.get_suptitle().split(" (")[0] for part in drawn.subfigs] == [f"FM, $k$ = {i}, on clicks" for i in range(n)]
    shown = [[ax.get_title(loc="left") for ax in part.axes if ax.axison] for part in drawn.subfigs]
    assert shown == [["8 bits", "2 bits"][: 1 + i % 2] for i in range(n)]


def test_what_is_not_a_comparison_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"compare\.json: no such file"):
        plots.draw([tmp_path], tmp_path / "x.png")
    for rows, said in (
        ([], "not the results"),
        ([("lpt-sr", 2, None, None)], "no rows with an AUC"),
        (FULL, "no rows with an AUC"),
    ):
        with pytest.raises(ValueError, match=rf"compare\.json: {said}"):
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
