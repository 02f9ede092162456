"""Moves watched before rounding; the phase diagram; the prediction beside a verdict on C2."""

import json
from dataclasses import replace

import numpy as np
import pytest

from alpt_ref.rng import permutation
from alpt_ref.studies.click_data import synthetic
from alpt_ref.studies.convergence.settings import CtrSettings
from alpt_ref.studies.phases.diagram import PHASES, Weights, predict, weights_of
from alpt_ref.studies.phases.moves import Moves, moves_of
from alpt_ref.training.config import Config
from analysis.skewness import main
from tests.cli_support import run as command

CONFIG = Config(precision="lpt", bits=8, delta=0.05, lr=0.2, update="touched", batch_size=8, seed=1)


def clicks():
    return synthetic(CtrSettings(n_rows=120, n_fields=3, n_values=6, click_rate=0.4), 0)


def watched(u: np.ndarray, q: np.ndarray | None = None) -> Moves:
    """One weight with these moves, at codes q."""
    moves = Moves.zero((1, 1))
    for t, move in enumerate(u):
        moves.see(np.array([0]), np.array([[0.0 if q is None else q[t]]]), np.array([[move]]))
    return moves


def phase(u: np.ndarray) -> str:
    return PHASES[weights_of(watched(u), "nearest").phase[0, 0]]


def test_moves_are_those_of_full_precision_from_the_state_that_rounding_left():
    """SGD in logistic regression, by hand: the batch's mean gradient of each touched weight, over the step size."""
    data, config = clicks(), replace(CONFIG, k=0)
    X, y = data.train
    found = moves_of(config, X, y, "linear", 0, 1)
    first = permutation(y.size, seed=1, step=0)[:8]
    dense = X[first].toarray()
    g = dense.T @ (0.5 - y[first]) / 8  # all weights begin at 0
    alone = moves_of(config, X[first], y[first], "linear", 0, 1)
    touched = dense.any(axis=0)
    assert alone.n[touched].min() == alone.n.max() == 1
    assert alone.u[touched, 0] == pytest.approx(-0.2 * g[touched] / 0.05, rel=1e-5)
    assert found.n.sum() == sum(
        X[permutation(y.size, seed=1, step=0)[i : i + 8]].toarray().any(axis=0).sum() for i in range(0, y.size, 8)
    )


def test_phases():
    rng = np.random.default_rng(0)
    z = rng.standard_normal(400)
    assert phase(0.1 + 0.05 * z) == "frozen"
    assert phase(np.sign(z) * 0.8) == "sign-like"
    assert phase(0.6 * z) == "dithered"
    assert phase(np.where(rng.random(400) < 0.05, 8.0, -0.6)) == "skewed"


def test_errors_are_those_of_l12():
    """Gaussian noise of one cell about a parabola with h = 0.1: nearest rounding has the smaller predicted error."""
    rng = np.random.default_rng(1)
    codes = {}
    moves = {}
    for rule in ("nearest", "stochastic"):
        q, seen_q, seen_u = 0.0, [], []
        for _ in range(20_000):
            u = -0.1 * (q - 0.3) + rng.standard_normal()
            seen_q.append(q)
            seen_u.append(u)
            q += np.rint(u) if rule == "nearest" else np.floor(u + rng.random())
        codes[rule], moves[rule] = np.array(seen_q), np.array(seen_u)
    dr, sr = (weights_of(watched(moves[rule], codes[rule]), rule) for rule in ("nearest", "stochastic"))
    for w, rule in ((dr, "nearest"), (sr, "stochastic")):
        assert w.error[0, 0] == pytest.approx(((codes[rule] - 0.3) ** 2).mean(), rel=0.25)
    assert sr.error[0, 0] == pytest.approx((1 + 1 / 6) / (0.1 * 1.9), rel=0.1)
    found = predict(sr, 1.0, dr, 1.0)
    assert (found.by_error, found.by_phase, found.nearest) == ("DR", "DR", 1.0)
    assert found.ratio == pytest.approx((1 + 1 / 12) / (1 + 1 / 6), rel=0.1)


def test_a_frozen_weight_is_as_far_off_as_it_stays():
    zero = np.zeros((1, 1))
    made = Weights(zero == 0, zero + 50, zero, zero, zero, zero, zero.astype(int), zero + 4.0)
    at_nine, frozen = made._replace(q=zero + 9.0), made._replace(phase=zero.astype(int) + PHASES.index("frozen"))
    assert predict(at_nine, 0.5, frozen, 0.5).ratio == pytest.approx(81 * 0.25 / (4 * 0.25))


@pytest.mark.jit
def test_command_line(tmp_path, capsys):
    compared = ("compare", "--quick", "--model", "lr", "--methods", "lpt-dr,lpt-sr", "--bits", "4", "--optimizer", "sgd")
    assert command(*compared, "--out", tmp_path / "c") == 0
    assert (
        main(["--quick", "--results", str(tmp_path / "c"), "--warm", "1", "--epochs", "8", "--out", str(tmp_path / "s")]) == 0
    )
    record = json.loads((tmp_path / "s" / "phases.json").read_text())
    assert [row["bits"] for row in record["rows"]] == [4]
    assert record["optimizer"] == "sgd"
    assert "decided verdicts on C2 the phases predicted" in capsys.readouterr().out
    assert main(["--results", str(tmp_path / "c"), "--out", str(tmp_path / "s")]) == 2
    assert "of other data" in capsys.readouterr().err
    assert main(["--results", str(tmp_path / "none")]) == 2
    assert "none/compare.json" in capsys.readouterr().err
