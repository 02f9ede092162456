"""The ablation of ALPT: its variants, its pairing, resumption, the command line."""

import json

import pytest

from alpt_ref import FactorizationMachine
from alpt_ref.reports.ablation import report
from alpt_ref.reports.publish import publish
from alpt_ref.studies.click_data import synthetic
from alpt_ref.studies.comparison import ablation
from alpt_ref.studies.comparison.ablation import AblationSettings, variants
from alpt_ref.studies.comparison.methods import CompareSettings
from alpt_ref.studies.convergence.settings import CtrSettings
from analysis.alpt_ablation import main
from tests.marks import compiled_long

TINY = AblationSettings(
    CompareSettings(k=2, epochs=1, batch_size=50, seeds=2), (4,), scales=("1",), adam_lrs=(2e-3,), sgd_lrs=(1.0,), ranges=(1.0,)
)


def clicks():
    return synthetic(CtrSettings(n_rows=150, n_fields=3, n_values=6, click_rate=0.4), 0)


def run(data, model, out, settings):
    return publish(report(ablation.run(data, model, out, settings)), out)


def test_every_variant_changes_something_and_keeps_the_rest():
    s = AblationSettings()
    found = variants(s, 4)
    assert found[0].group == "base"
    assert found[0].changes == {}
    keys = [json.dumps(variant.changes, sort_keys=True) for variant in found]
    assert len(set(keys)) == len(keys)
    base = ablation._arguments(s, 4, found[0], "fm", 0)
    for variant in found[1:]:
        changed = ablation._arguments(s, 4, variant, "fm", 0)
        assert {name for name in changed if changed.get(name) != base.get(name)} == set(variant.changes)
        assert variant.changes


@compiled_long
def test_run_saves_pairs_and_resumes(tmp_path):
    data = clicks()
    record = run(data, "fm", tmp_path, TINY)
    assert json.loads((tmp_path / "alpt_ablation.json").read_text()) == json.loads(json.dumps(record))
    rows = record["rows"]
    assert [row["group"] for row in rows].count("base") == 1
    assert rows[0]["minus_base"] == [0.0, 0.0]
    auc = {row["variant"]: row["auc"] for row in rows}
    for row in rows[1:]:
        assert row["minus_base"][0] == pytest.approx(row["auc"] - auc[rows[0]["variant"]], abs=1e-12)
    assert len(list((tmp_path / "cells").iterdir())) == 2 * len(rows)
    assert run(data, "fm", tmp_path, TINY) == record
    with pytest.raises(ValueError, match=r"alpt_ablation\.json has results of other model"):
        run(data, "lr", tmp_path, TINY)
    text = (tmp_path / "alpt_ablation.md").read_text()
    assert all(row["variant"] in text for row in rows)
    assert f"g = {FactorizationMachine().step_scale}; 1 epochs" in text  # the scale of the base


@compiled_long
def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("analysis.alpt_ablation.QUICK", TINY)
    monkeypatch.setattr("alpt_ref.studies.click_data.QUICK_ROWS", 150)
    assert main(["--quick", "--model", "lr", "--out", str(tmp_path / "lr")]) == 0
    assert "Parts of ALPT: LR" in capsys.readouterr().out


def test_wrong_input_is_one_sentence(tmp_path, capsys):
    assert main(["--data", str(tmp_path / "none"), "--format", "libfm", "--out", str(tmp_path / "x")]) == 2
    assert main(["--format", "libfm", "--out", str(tmp_path / "x")]) == 2
    error = capsys.readouterr().err
    assert "--format needs --data" in error
    assert not (tmp_path / "x").exists()
