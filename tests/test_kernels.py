"""The compiled loops against the naive ones: scores, gradients, steps, grouping, and everything that must be bit-identical."""

from itertools import pairwise, product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref import reference, rng
from alpt_ref.data.examples import as_rows
from alpt_ref.kernels.cpu import group
from alpt_ref.scalars.jit import JIT
from alpt_ref.training.config import Config
from alpt_ref.training.epochs import Trainer
from alpt_ref.training.forward import score
from alpt_ref.training.state import State, initial_state
from alpt_ref.training.step import byte_start
from tests import naive
from tests.marks import compiles

N, D, K = 23, 17, 5


def problem(seed=0, n=N, d=D, one_hot=False, density=0.3):
    """Sparse examples with real values, an empty row, and labels."""
    u = rng.uniforms(n * d, seed=seed, stream=6).reshape(n, d)
    x = rng.normals(n * d, seed=seed, stream=6).reshape(n, d)
    X = np.where(u < density, np.float32(1) if one_hot else x, np.float32(0)).astype(np.float32)
    X[n // 2] = 0
    y = (rng.uniforms(n, seed=seed, stream=6, step=1) < 0.4).astype(np.float32)
    return X, y


def make(X, y, **arguments):
    config = Config(**({"k": K, "init_std": 0.3, "lr": 0.3, "batch_size": 7} | arguments))
    rows, d = as_rows(sp.csr_array(X))
    return initial_state(config, d), Trainer(config, rows, y, d)


def weights(state: State):
    return (
        state.linear.to_float()[:, 0].astype(float),
        state.factors.to_float().astype(float),
        float(state.bias),
    )


def bits(state: State):
    tables = [getattr(t, "buffer", None) if hasattr(t, "buffer") else t.weights for t in (state.linear, state.factors)]
    return [t.tobytes() for t in tables] + [np.float32(state.bias).tobytes()]


@pytest.mark.parametrize("k", [0, *compiles(1), 5, *compiles(16)])
@pytest.mark.parametrize("precision", ["fp32", "lpt"])
def test_score(k, precision):
    X, y = problem()
    state, stepper = make(X, y, k=k, precision=precision)
    state.bias = np.float32(0.3)
    z, sums = score((state.linear, state.factors), state.bias, stepper.rows, np.arange(N), 1)
    w, V, b = weights(state)
    assert z == pytest.approx(reference.score(X.astype(float), w, V, b), abs=2e-6)
    assert sums == pytest.approx(X @ V, abs=2e-6)


@pytest.mark.parametrize("scale", [0.1, 30.0])
def test_reference_gradient_is_the_slope_of_the_loss(scale):
    """The oracle itself: central differences at random and at extreme points, loss in float64."""
    X, y = problem()
    X, y = X.astype(float), y.astype(float)
    w, V = (
        scale * rng.normals(D, seed=1, stream=6).astype(float),
        scale * rng.normals(D * K, seed=2, stream=6).reshape(D, K).astype(float),
    )
    g_w, g_V, g_b = reference.gradients(X, y, w, V, 0.2)
    h = 1e-5

    def slope(loss_at):
        return (loss_at(h) - loss_at(-h)) / (2 * h)

    def moved(M, at, e):
        M = M.copy()
        M[at] += e
        return M

    tolerance = {"rel": 1e-5, "abs": 1e-5 * scale**2}
    for j in range(0, D, 4):
        assert g_w[j] == pytest.approx(slope(lambda e, j=j: naive.loss(X, y, moved(w, j, e), V, 0.2)), **tolerance)
        at = (j, j % K)
        assert g_V[at] == pytest.approx(slope(lambda e, at=at: naive.loss(X, y, w, moved(V, at, e), 0.2)), **tolerance)
    assert g_b == pytest.approx(slope(lambda e: naive.loss(X, y, w, V, 0.2 + e)), **tolerance)


@pytest.mark.parametrize("update", ["touched", "dense"])
@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [
        *product(["sgd", "adam", "adagrad"], ["constant", "sqrt"]),
        *compiles(*product(["momentum"], ["constant", "sqrt"])),
        *compiles(("ftrl", "constant")),
    ],
)
@pytest.mark.parametrize("k", [0, K])
def test_fp32_steps_against_the_reference(update, optimizer, schedule, k):
    """Three batch steps with l2: weights move by the reference's d; a row that a batch does not touch rests under "touched"."""
    X, y = problem()
    more = {"l1": 0.02, "beta": 0.5} if optimizer == "ftrl" else {"momentum": 0.8}
    state, stepper = make(X, y, k=k, optimizer=optimizer, schedule=schedule, update=update, l2=0.01, lr=0.05, **more)
    one = np.ones((D, 1))
    tables = [reference.Table(w, one) for w in (weights(state)[0][:, None], weights(state)[1])]
    if optimizer == "ftrl":
        tables = [table._replace(moments=reference.ftrl_start(table.q, 0.05, 0.01, 0.02, 0.5)) for table in tables]
    at = reference.State(*tables)
    for t in (1, 2, 3):
        batch = np.arange(7 * (t - 1), 7 * t)
        stepper.step(state, batch)
        settings = naive.settings_of(stepper.config, 7, D)
        moves, tables, at, _ = reference.moved(X[batch].astype(float), y[batch].astype(float), at, settings)
        linear, factors = (table._replace(q=table.q + d) for table, d in zip(tables, moves, strict=True))
        at = at._replace(linear=linear, factors=factors)
    assert weights(state)[0] == pytest.approx(at.linear.q[:, 0], abs=1e-5)
    assert weights(state)[1] == pytest.approx(at.factors.q, abs=1e-5)
    assert weights(state)[2] == pytest.approx(at.bias, abs=1e-5)


@pytest.mark.parametrize("bits_", [4, 8])
@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_dense_equals_touched_bit_for_bit(bits_, rounding):
    """Q1: with SGD and without l2 a dense LPT step moves exactly the rows that the sparse one touches."""
    X, y = problem()
    runs = []
    for update in ("dense", "touched"):
        state, stepper = make(X, y, precision="lpt", bits=bits_, rounding=rounding, update=update, lr=1.0)
        for _ in range(2):
            stepper.run_epoch(state)
        runs.append(bits(state))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("k", [0, *compiles(4), 5])
@pytest.mark.parametrize(("precision", "width"), [("fp32", 8), ("lpt", 2), *compiles(("lpt", 8))])
def test_example_by_example_equals_batches_of_one(k, precision, width):
    X, y = problem()
    arguments = {
        "k": k,
        "precision": precision,
        "bits": width,
        "batch_size": 1,
        "update": "touched",
        "l2": 0.01,
        "schedule": "sqrt",
    }
    state, stepper = make(X, y, **arguments)
    other, _ = make(X, y, **arguments)
    assert np.float32(0).tobytes() == np.float32(state.bias).tobytes()
    stepper.run_epoch(state)
    for i in rng.permutation(N, seed=0, step=0):
        stepper.step(other, np.array([i]))
    assert bits(state) == bits(other)
    assert state.step == other.step == N


@pytest.mark.parametrize("precision", ["fp32", "lpt"])
@pytest.mark.parametrize("update", ["dense", "touched"])
def test_threads_do_not_change_a_bit(precision, update):
    X, y = problem(n=60 if JIT else 25, d=41)
    runs = []
    for n_threads in (1, 2, 3, 5):
        arguments = {"precision": precision, "bits": 2, "update": update, "l2": 0.01, "batch_size": 20}
        state, stepper = make(X, y, n_threads=n_threads, **arguments)
        for _ in range(2):
            stepper.run_epoch(state)
        runs.append(bits(state))
    assert all(run == runs[0] for run in runs)


@given(st.lists(st.integers(0, 40), max_size=40), st.sampled_from([1, 2**11, 2**23]))
def test_grouping(keys, spread):
    keys = np.array(keys, np.int32) * np.int32(spread)
    order = group.stable_order(keys, int(keys.max(initial=0)))
    assert np.array_equal(order, np.argsort(keys, kind="stable"))
    rows, starts = group.distinct(keys[order])
    assert np.array_equal(rows, np.unique(keys))
    assert np.array_equal(np.diff(starts), np.unique(keys, return_counts=True)[1])


def test_few_random_bits_reach_the_step():
    """With one random bit u is 0 or 1/2: an update below half a step upwards moves on half of all draws (L6)."""
    X, y = np.ones((64, 1), np.float32), np.ones(64, np.float32)
    state, stepper = make(X, y, k=0, precision="lpt", delta=1.0, lr=0.02, batch_size=1, random_bits=1, fit_intercept=False)
    stepper.run_epoch(state)
    assert state.linear.codes()[0, 0] > 15  # about 64 / 2 at first; the mean move would be below 64 * 0.01


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True).map(sorted), st.data())
def test_threads_share_no_byte(rows, data):
    """Ranges that are cut anywhere and moved on by ``byte_start`` touch bytes of their own, at 2 bits and any k."""
    rows = np.array(rows)
    cuts = sorted(data.draw(st.lists(st.integers(0, rows.size), max_size=3)))
    ends = [byte_start(rows, at) for at in (0, *cuts, rows.size)]
    assert ends[0] == 0
    assert ends[-1] == rows.size
    assert ends == sorted(ends)
    k = data.draw(st.integers(1, 5))
    owner = {}
    for part, (a, b) in enumerate(pairwise(ends)):
        for byte in {(int(j) * k + f) * 2 // 8 for j in rows[a:b] for f in range(k)}:
            assert owner.setdefault(byte, part) == part
