"""The page on bfloat16: its numbers are those of the script, and the figure is drawn from what the script saves."""

import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.bfloat16 import STARTS, main, study
from tests.marks import long, once

ROOT = Path(__file__).parents[1]


@once
def test_the_numbers_of_the_page_are_those_of_the_script():
    found = study()
    page = (ROOT / "docs" / "bfloat16.md").read_text()
    for path in found["paths"]:
        row = f"| {path['rule']} | {path['start']:g} | {path['mean'][-1]:.6f} | {path['sd'][-1]:.6f} | {path['loss'][-1]:.3g} |"
        assert f"{row} {path['last_move']} |" in page
    for start, path in zip(STARTS, found["float"], strict=True):
        assert f"| float64 | {start:g} | {path[-1]:.6f} |" in page
    assert f"no nearer to 1 than {found['least']:.3f}" in page
    assert all(path["error"] < 2.5e-12 for path in found["paths"])
    for i, start in enumerate(STARTS):  # SR's mean is that of float weights; DR ends no nearer than F2(d) says
        dr, sr = found["paths"][2 * i], found["paths"][2 * i + 1]
        np.testing.assert_allclose(sr["mean"], found["float"][i], rtol=1e-12)
        assert dr["start"] == sr["start"] == start
        assert abs(dr["mean"][-1] - 1.0) > found["least"]


@long
@once
def test_the_figure(tmp_path, monkeypatch, capsys):
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 7
    assert json.loads((tmp_path / "bfloat16.json").read_text())["steps"] == 60
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(tmp_path), "--out", str(tmp_path)])
    runpy.run_path(str(ROOT / "figures" / "bfloat16.py"), run_name="__main__")
    caption = (tmp_path / "bfloat16.md").read_text()
    assert not re.search(r"[{}]", caption)
    assert (tmp_path / "bfloat16.png").read_bytes()[:4] == b"\x89PNG"
    monkeypatch.setattr(sys, "argv", ["x", "--results", str(tmp_path / "none"), "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(str(ROOT / "figures" / "bfloat16.py"), run_name="__main__")
