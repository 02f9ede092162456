"""Metrics against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import log_loss as sk_log_loss
from sklearn.metrics import roc_auc_score

from alpt_ref.metrics import auc, calibration, evaluate
from alpt_ref.rng import normals, uniforms


def test_against_scikit_learn():
    z = np.round(normals(500, seed=1, stream=6), 1)  # ties
    y = (uniforms(500, seed=2, stream=6) < 0.3).astype(np.float32)
    result = evaluate(y, z)
    p = 1 / (1 + np.exp(-z.astype(np.float64)))
    assert result["auc"] == pytest.approx(roc_auc_score(y, z), abs=1e-12)
    assert result["logloss"] == pytest.approx(sk_log_loss(y, p), abs=1e-12)
    assert result["calibration"] == pytest.approx(p.mean() / y.mean(dtype=np.float64), abs=1e-12)


def test_one_class():
    assert auc([1, 1], [0.1, 0.2]) is None
    assert evaluate([0, 0], [0.5, -1e4]) == {
        "auc": None,
        "logloss": pytest.approx(0.4870384),
        "calibration": None,
    }
    assert calibration([0, 1], [0.5, 0.5]) == 1.0
