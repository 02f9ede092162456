"""Weights of examples: the loss of a batch is (1/b) sum_i s_i loss_i, on every path; without weights, the bits of before."""

import numpy as np
import pytest

from alpt_ref import FactorizationMachine, LogisticRegression, reference, rng
from alpt_ref.data.examples import as_rows, no_weights
from alpt_ref.kernels.cpu.score import residuals
from alpt_ref.scalars.jit import JIT
from alpt_ref.tools.devices import missing
from alpt_ref.training.config import Config
from alpt_ref.training.epochs import Trainer
from alpt_ref.training.state import initial_state
from tests import naive
from tests.marks import compiles
from tests.test_kernels import D, K, N, problem
from tests.test_models import buffers
from tests.test_reference import BATCHES, held

PRECISIONS = ("fp32", "lpt", "alpt", "lsq", "pact")
SIMULATED = pytest.mark.skipif(bool(missing()) or JIT, reason=missing() or "in the plain run, by Numba's simulator")


def weights(n=N):
    """Small and large ones, and every fifth 0."""
    s = np.exp(rng.normals(n, seed=5, stream=6)).astype(np.float32)
    s[::5] = 0
    return s


def trainer(X, y, s, **arguments):
    config = Config(**({"k": K, "init_std": 0.3, "lr": 0.3, "batch_size": 7, "bits": 4, "delta": (0.15, 0.12)} | arguments))
    rows, d = as_rows(X)
    return initial_state(config, d), Trainer(config, rows, y, d, s)


def test_the_reference_gradient_is_the_slope_of_the_weighted_loss():
    X, y = (a.astype(float) for a in problem())
    s, h = weights().astype(float), 1e-5
    w, V = rng.normals(D, seed=1, stream=6).astype(float), rng.normals(D * K, seed=2, stream=6).reshape(D, K).astype(float)
    g_w, g_V, g_b = reference.gradients(X, y, w, V, 0.2, s)
    for j in range(0, D, 4):
        for g, M, at in ((g_w, w, j), (g_V, V, (j, j % K))):
            ends = []
            for sign in (1, -1):
                moved = M.copy()
                moved[at] += sign * h
                tables = (moved, V) if M is w else (w, moved)
                ends.append(naive.loss(X, y, *tables, 0.2, s))
            assert g[at] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-5)
    ends = [naive.loss(X, y, w, V, 0.2 + sign * h, s) for sign in (1, -1)]
    assert g_b == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5)


@pytest.mark.parametrize(("precision", "update"), [("lpt", "touched"), ("alpt", "touched"), *compiles(("alpt", "dense"))])
def test_weighted_steps_are_those_of_the_reference(precision, update):
    """Code for code; step sizes, which the weights move in ALPT's second stage, to float32."""
    X, y = problem(density=0.35)
    s = weights()
    state, stepper = trainer(X, y, s, precision=precision, update=update, l2=0.02, step_lr=0.3, step_scale="1/sqrt(dq)", seed=3)
    moved = 0
    for batch in BATCHES:
        expected = naive.step(X[batch], y[batch], state, stepper.config, s[batch].astype(float))
        plain = naive.step(X[batch], y[batch], state, stepper.config)
        stepper.step(state, batch)
        for part, of, other in zip(("linear", "factors"), expected[:2], plain[:2], strict=True):
            assert np.array_equal(held(state.table(part)), of.q), part
            delta = np.broadcast_to(state.table(part).delta.reshape(-1, 1), of.delta.shape)
            assert delta == pytest.approx(of.delta, rel=1e-5), part
            moved += int((of.q != other.q).sum())
        assert float(state.bias) == pytest.approx(expected.bias, abs=1e-5)
    assert moved > 0, "the weights change nothing: the test cannot fail"


@pytest.mark.parametrize(("precision", "k"), [("fp32", 0), ("lpt", K), *compiles(("fp32", K), ("lpt", 0))])
def test_examples_one_by_one_with_weights(precision, k):
    """The fused loop of batch size 1 against steps on batches of one."""
    X, y = problem()
    arguments = {"precision": precision, "k": k, "batch_size": 1, "update": "touched", "l2": 0.1, "schedule": "sqrt"}
    fused, stepper = trainer(X, y, weights(), **arguments)
    slow, _ = trainer(X, y, weights(), **arguments)
    plain, unweighted = trainer(X, y, no_weights(), **arguments)
    stepper.run_epoch(fused)
    unweighted.run_epoch(plain)
    for i in rng.permutation(N, seed=0, step=0):
        stepper.step(slow, np.array([i]))
    for part in ("linear", "factors"):
        assert np.array_equal(held(fused.table(part)), held(slow.table(part)))
    assert not np.array_equal(held(fused.linear), held(plain.linear))


@pytest.mark.parametrize(
    ("precision", "batch_size"), [("fp32", 7), ("fp32", 1), ("lpt", 1), ("alpt", 7), *compiles(("lsq", 7), ("pact", 7))]
)
def test_weights_of_one_change_no_bit(precision, batch_size):
    X, y = problem()
    arguments = {"k": K, "precision": precision, "batch_size": batch_size, "bits": 4, "epochs": 2, "lr": 0.3}
    plain = FactorizationMachine(**arguments).fit(X, y)
    assert buffers(FactorizationMachine(**arguments).fit(X, y, sample_weight=np.ones(N))) == buffers(plain)
    assert buffers(FactorizationMachine(**arguments).fit(X, y, sample_weight=weights())) != buffers(plain)


@SIMULATED
@pytest.mark.parametrize("precision", ["lpt", "alpt", "lsq"])
def test_a_gpu_has_the_bits_of_the_cpu(precision):
    X, y = problem()
    arguments = {"k": 2, "precision": precision, "batch_size": 8, "bits": 4, "epochs": 1, "lr": 0.3}
    ours = FactorizationMachine(**arguments).fit(X, y, sample_weight=weights())
    theirs = FactorizationMachine(**arguments, device="cuda").fit(X, y, sample_weight=weights())
    assert buffers(ours) == buffers(theirs)


def test_residuals():
    z, y, s = (a.astype(np.float32) for a in (rng.normals(9, seed=1, stream=6), np.arange(9) % 2, np.arange(9)))
    out, plain = np.empty(9, np.float32), np.empty(9, np.float32)
    residuals(z, y, s, out)
    residuals(z, y, no_weights(), plain)
    assert out == pytest.approx(s * (1 / (1 + np.exp(-z)) - y) / 9, rel=1e-6)
    assert np.array_equal(out[1:2], plain[1:2])
    assert out[0] == 0


def test_an_example_of_weight_0_is_not_learned_from():
    """Its label may be either; it fills its place in a batch."""
    X, y = problem()
    s = weights()
    flipped = np.where(s == 0, 1 - y, y)
    fits = [LogisticRegression(epochs=3, batch_size=5).fit(X, labels, sample_weight=s) for labels in (y, flipped)]
    assert buffers(fits[0]) == buffers(fits[1])


@pytest.mark.edge
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.ones(N - 1), f"sample_weight must be {N} numbers, got shape"),
        (np.ones((N, 1)), f"sample_weight must be {N} numbers, got shape"),
        (1.0, f"sample_weight must be {N} numbers"),
        (["a"] * N, f"sample_weight must be {N} numbers"),
        ([-1.0] + [1] * (N - 1), r"sample_weight\[0\] must be a finite number of at least 0, got -1.0"),
        ([1.0, np.nan] + [1] * (N - 2), r"sample_weight\[1\] must be a finite number"),
        ([1.0, 1e39] + [1] * (N - 2), r"sample_weight\[1\] must be a finite number"),
        (np.zeros(N), "sample_weight must have one that is not zero"),
        (np.full(N, 1e-60), "sample_weight must have one that is not zero"),
        (np.array([{}] * N), f"sample_weight must be {N} numbers: float"),
        (np.array([pytest.importorskip("pandas").NA] * N), f"sample_weight must be {N} numbers: .*NAType"),
        (np.array(["x"] * N, object), f"sample_weight must be {N} numbers: could not convert"),
        (np.array([10**400] * N, object), f"sample_weight must be {N} numbers: int too large"),
        ([[1], [1, 2]] * (N // 2), "sample_weight must be one value for each example: "),
        (np.ma.masked_equal(np.arange(N), 3), "sample_weight has masked values"),
    ],
)
def test_bad_weights(given, said):
    X, y = problem()
    for train in (LogisticRegression(epochs=1).fit, LogisticRegression().partial_fit):
        with pytest.raises(ValueError, match=said):
            train(X, y, sample_weight=given)


@pytest.mark.glue
def test_a_checkpoint_knows_the_weights(tmp_path):
    X, y = problem()
    path, model = tmp_path / "c.npz", LogisticRegression(epochs=2)
    model.fit(X, y, sample_weight=weights(), checkpoint=path)
    for other in (None, np.ones(N), weights()[::-1]):
        with pytest.raises(ValueError, match="other data"):
            model.fit(X, y, sample_weight=other, checkpoint=path, resume=True)
    longer = LogisticRegression(epochs=4).fit(X, y, sample_weight=weights(), checkpoint=path, resume=True)
    assert buffers(longer) == buffers(LogisticRegression(epochs=4).fit(X, y, sample_weight=weights()))


def test_accuracy_is_weighted():
    X, y = problem()
    s, model = weights(), LogisticRegression(epochs=2).fit(X, y)
    right = model.predict(X) == y
    assert 0 < right.mean() < 1
    assert model.score(X, y) == right.mean()
    assert model.score(X, y, sample_weight=s) == pytest.approx(s[right].sum() / s.sum())
