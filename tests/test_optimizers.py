"""Momentum and FTRL-proximal: published values, what follows from their definitions, and what they keep."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref import FactorizationMachine, LogisticRegression, reference
from alpt_ref.reference import Rates
from alpt_ref.scalars.optimizers import DIRECTIONS, N_MOMENTS, REVERSALS, When, ftrl_start, ftrl_weight, hyper
from alpt_ref.training.config import Config
from alpt_ref.training.forward import TrainingDivergedError
from alpt_ref.training.state import initial_state
from tests.marks import compiles
from tests.test_alpt import clicks
from tests.test_kernels import K, bits, make, problem

F = np.float32
# FTRL as TensorFlow tests it (python/training/ftrl_test.py): learning rate 3, n begins at 0.1 and z at 0, the same gradients in
# each step; its l2 stands before w^2, ours before w^2 / 2. Steps, settings, weights at the start and at the end.
GRADIENTS = np.array([0.1, 0.2, 0.01, 0.02])
PUBLISHED = [
    (3, {}, (0.0, 0.0, 0.0, 0.0), (-2.60260963, -4.29698515, -0.28432083, -0.56694895)),
    (10, {"l1": 0.001}, (1.0, 2.0, 4.0, 3.0), (-7.66718769, -10.91273689, -0.93460727, -1.86147261)),
    (10, {"l1": 0.001, "l2": 4.0}, (1.0, 2.0, 4.0, 3.0), (-0.24059935, -0.46829352, -0.02406147, -0.04830509)),
    (10, {"beta": 0.1}, (1.0, 2.0, 4.0, 3.0), (-6.096838, -9.162214, -0.717741, -1.425132)),
]


def scalars(when):
    """Numba returns Python's floats."""
    return type(hyper(when))(*(F(number) for number in hyper(when)))


@pytest.mark.parametrize(("steps", "more", "first", "last"), PUBLISHED)
def test_ftrl_has_the_published_values(steps, more, first, last):
    settings = {"l2": 0.0, "l1": 0.0, "beta": 0.0} | more
    w, moments = np.array(first), (np.zeros(4), np.full(4, 0.1))
    ours, kept = np.array(first, F), np.array([np.zeros(4), np.full(4, 0.1)], F)
    h = scalars(When(3.0, False, settings["l2"], 1, l1=settings["l1"], beta=settings["beta"]))
    for t in range(1, steps + 1):
        d, moments = reference.direction("ftrl", GRADIENTS, w, moments, Rates(3.0, t, **settings))
        w = w + d
        for i, g in enumerate(GRADIENTS):
            ours[i] += DIRECTIONS["ftrl"](F(g), ours[i], kept, i, h)
    assert w == pytest.approx(last, rel=1e-6)
    assert ours == pytest.approx(last, rel=1e-5)


numbers = st.floats(2.0**-10, 2.0**10, width=32)


@given(st.floats(-100, 100, width=32), numbers, numbers, st.sampled_from([0.0, 0.1, 30.0]), numbers)
def test_ftrl_begins_at_the_first_weights(w, lr, l2, l1, beta):
    h = scalars(When(lr, False, l2, 1, l1=l1, beta=beta))
    z = F(ftrl_start(F(w), h))
    strength = beta / lr + l2
    assert ftrl_weight(z, F(0), h) == pytest.approx(w, rel=1e-6, abs=(l1 / strength) * 2.0**-22)
    exact, n = reference.ftrl_start(np.array(w), lr, l2, l1, beta)
    assert z == pytest.approx(exact, rel=1e-6)
    d, _ = reference.direction("ftrl", 0.0, w, (exact, n), Rates(lr, 1, l2, l1=l1, beta=beta))
    assert d == pytest.approx(0.0, abs=1e-12 * (abs(w) + l1 / strength))


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=8), st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 0.2]))
def test_ftrl_s_weight_is_the_least_of_what_it_minimizes(gradients, l1, l2):
    """That is <G, w> + sum_s sigma_s (w - w_s)^2 / 2 + l1 |w| + (l2 + beta / eta) w^2 / 2: its slope changes sign there."""
    eta, beta = 0.5, 1.0
    w, moments, pulls, G = 0.0, (0.0, 0.0), [], 0.0
    for g in gradients:
        pulls.append(((math.sqrt(moments[1] + g**2) - math.sqrt(moments[1])) / eta, w))
        G += g
        d, moments = reference.direction("ftrl", g, w, moments, Rates(eta, 1, l2, l1=l1, beta=beta))
        at = float(w + d)
        at = 0.0 if abs(at) < 1e-15 else at
        w = round(8 * at) / 8  # where the weight is stored is no business of the formula
        slope = G + (l2 + beta / eta) * at
        for sigma, center in pulls:
            slope += sigma * (at - center)
        below, above = (-l1, l1) if at == 0 else (math.copysign(l1, at),) * 2  # slopes of l1 |w| on both sides
        assert slope + below <= 1e-9
        assert slope + above >= -1e-9


@given(st.lists(st.floats(-3, 3), max_size=8), st.floats(0.01, 2.0))
def test_ftrl_without_penalties_is_adagrad_with_beta_for_eps(gradients, beta):
    w, moments, v = 0.7, reference.ftrl_start(np.array(0.7), 0.5, 0.0, 0.0, beta), 0.0
    for g in gradients:
        d, moments = reference.direction("ftrl", g, w, moments, Rates(0.5, 1, beta=beta))
        v += g**2
        assert d == pytest.approx(-0.5 * g / (math.sqrt(v) + beta), abs=1e-12)
        w += d


@pytest.mark.parametrize("precision", ["fp32", *compiles("lpt", "alpt", "lsq", "pact")])
def test_momentum_without_momentum_is_sgd_bit_for_bit(precision):
    X, y = problem()
    runs = []
    for optimizer in ("sgd", "momentum"):
        state, stepper = make(X, y, precision=precision, optimizer=optimizer, momentum=0.0, l2=0.01, step_lr=0.01)
        for _ in range(2):
            stepper.run_epoch(state)
        runs.append(bits(state))
    assert runs[0] == runs[1]


@pytest.mark.glue
@pytest.mark.parametrize("optimizer", ["momentum", "ftrl"])
@pytest.mark.parametrize("precision", ["fp32", "lpt"])
def test_idle_rows_of_a_dense_step(optimizer, precision):
    """Momentum carries a row on; FTRL rounds w* anew, which moves codes under SR and floats by their last bits."""
    X, y = problem(density=0.3)
    state, stepper = make(X, y, precision=precision, optimizer=optimizer, update="dense", lr=0.5, bits=4)
    stepper.step(state, np.arange(7))
    before = state.factors.to_float()
    stepper.step(state, np.arange(7, 9))
    idle = ~(X[7:9] != 0).any(axis=0) & (X[:7] != 0).any(axis=0)
    moved = np.abs(state.factors.to_float() - before)[idle]
    if (optimizer, precision) == ("ftrl", "fp32"):
        assert moved.max() < 1e-6
    else:
        assert moved.max() > 0.01


@pytest.mark.glue
def test_batches_of_one_take_the_step_of_their_optimizer():
    """The fused loop is SGD's alone."""
    X, y = problem()
    runs = {}
    for optimizer in ("sgd", "momentum", "ftrl"):
        state, stepper = make(X, y, optimizer=optimizer, batch_size=1, update="touched")
        stepper.run_epoch(state)
        runs[optimizer] = bits(state)
        assert state.optimizers["factors"].moments.shape[0] == N_MOMENTS[optimizer]
    assert len(set(map(tuple, runs.values()))) == 3


def test_what_optimizers_keep_is_counted():
    """FTRL's z and n are 8 bytes a weight, whatever its codes take."""
    n = 40
    kept = {"sgd": 0, "momentum": 4, "adam": 8, "adagrad": 4, "ftrl": 8}
    assert {name: 4 * count for name, count in N_MOMENTS.items()} == kept
    for optimizer, each in kept.items():
        state = initial_state(Config(k=K, precision="lpt", bits=4, optimizer=optimizer), n)
        assert state.nbytes["optimizer"] == each * (n * (K + 1) + 1)
        assert state.nbytes["codes"] == n * (K + 1) // 2


@pytest.mark.glue
def test_ftrl_begins_where_the_tables_do():
    """z of each table gives its stored weights, the codes' and the masters', to float32."""
    for precision in ("fp32", "lpt", "alpt", "lsq"):
        more = {"k": K, "bits": 4, "step_optimizer": "adam", "init_std": 0.3}
        config = Config(precision=precision, optimizer="ftrl", l1=0.3, l2=0.1, lr=0.2, **more)
        state = initial_state(config, 11)
        table = state.factors
        stored = table.weights if hasattr(table, "weights") else table.to_float()
        h = scalars(config.when(1))
        found = [ftrl_weight(F(z), F(0), h) for z in state.optimizers["factors"].moments[0]]
        assert found == pytest.approx(stored.reshape(-1), rel=1e-5, abs=1e-6)
        assert (stored != 0).any()
        assert not state.optimizers["linear"].moments.any()
        assert not state.optimizers["bias"].moments.any()


@pytest.mark.glue
def test_l1_makes_weights_zero():
    X, y = clicks()
    for precision in ("fp32", "lpt"):
        zeros = []
        for l1 in (0.0, 1.0, 10.0):
            arguments = {"optimizer": "ftrl", "l1": l1, "lr": 0.5, "precision": precision, "batch_size": 20, "epochs": 5}
            model = LogisticRegression(delta=0.05 if precision == "lpt" else None, **arguments).fit(X, y)
            zeros.append(int((model.state_.linear.to_float() == 0).sum()))
            assert model.state_.bias != 0, "on which there is no penalty"
        assert zeros[0] < zeros[1] <= zeros[2] == X.shape[1], precision


@pytest.mark.glue
def test_deterministic_rounding_does_not_stall_with_ftrl():
    """Moves below half a step are lost to SGD for good; z remembers them."""
    X, y = clicks()
    codes = {}
    for optimizer in ("sgd", "ftrl"):
        arguments = {"precision": "lpt", "rounding": "nearest", "bits": 4, "delta": 0.2, "lr": 0.05, "fit_intercept": False}
        model = LogisticRegression(optimizer=optimizer, batch_size=20, epochs=10, **arguments).fit(X, y)
        codes[optimizer] = model.state_.linear.codes()
    assert not codes["sgd"].any()
    assert codes["ftrl"].any()


@pytest.mark.glue
@pytest.mark.parametrize("optimizer", ["momentum", "ftrl"])
def test_resumed_runs_end_with_the_bits_of_whole_ones(optimizer, tmp_path):
    X, y = clicks(60)
    arguments = {"k": 2, "precision": "lpt", "bits": 4, "optimizer": optimizer, "lr": 0.3, "batch_size": 20}
    whole = FactorizationMachine(epochs=3, **arguments).fit(X, y).decision_function(X)
    FactorizationMachine(epochs=1, **arguments).fit(X, y, checkpoint=tmp_path / "c.npz")
    model = FactorizationMachine(epochs=3, **arguments).fit(X, y, checkpoint=tmp_path / "c.npz", resume=True)
    assert np.array_equal(model.decision_function(X), whole)
    model.save(tmp_path / "model.npz")
    assert FactorizationMachine.load(tmp_path / "model.npz").get_params() == model.get_params()


@pytest.mark.glue
def test_what_ftrl_rounds_from_is_seen_to_diverge():
    """Codes would stay at an end of the range, and nothing would be said."""
    X, y = np.full((4, 3), 1e25, F), np.array([0, 1, 1, 0])
    model = LogisticRegression(optimizer="ftrl", precision="lpt", bits=4, epochs=1, batch_size=4)
    with np.errstate(all="ignore"), pytest.raises(TrainingDivergedError, match="diverged"):
        model.fit(np.where(np.eye(4, 3) > 0, X, 0), y)


@pytest.mark.glue
@pytest.mark.parametrize("optimizer", ["momentum", "adam", "adagrad"])
def test_what_other_optimizers_keep_is_seen_to_diverge(optimizer):
    """Here by the weights of the examples: a gradient beyond float32, which a mean of gradients never forgets."""
    model = LogisticRegression(optimizer=optimizer, precision="lpt", fit_intercept=False, epochs=1, batch_size=4)
    with pytest.raises(TrainingDivergedError, match="diverged"):
        model.fit(np.array([[10, 3], [10, 4], [10, 0], [0, 10]]), [1, 0, 1, 0], sample_weight=np.full(4, 3e38))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "sgd", "l1": 0.1}, "l1 must be 0 unless optimizer is ftrl, got 0.1"),
        ({"schedule": "sqrt"}, "schedule must be constant with ftrl: its learning rate"),
        ({"precision": "alpt"}, "step_optimizer must be one of sgd, momentum, adam, adagrad where optimizer is ftrl"),
        (
            {"precision": "alpt", "step_optimizer": "ftrl"},
            "step_optimizer must be one of sgd, momentum, adam, adagrad, got 'ftrl'",
        ),
        ({"beta": 0.0}, "beta must be a positive number"),
        ({"l1": -0.1}, "l1 must be a non-negative number"),
        ({"l1": 1e31}, r"l1 must be at most 1e\+30, got 1e\+31"),
        ({"momentum": 1.0}, "momentum must be below 1"),
        ({"momentum": 1 - 1e-9}, "momentum must be below 1"),
        ({"lr": 1e-36, "beta": 10.0}, "lr must be such that ftrl's beta / lr"),
        ({"step_offset": -1.0}, "step_offset must be a non-negative number"),
        ({"ends": "open"}, "ends must be one of clipped, inside"),
        ({"step_init": "1"}, r"step_init must be one of 1/sqrt\(q\), 1/sqrt\(q\+1\)"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Config(**({"optimizer": "ftrl"} | arguments))


def test_step_sizes_may_have_every_optimizer_that_knows_how_to_turn():
    assert [name for name in DIRECTIONS if name not in REVERSALS] == ["ftrl"]
    assert set(DIRECTIONS) == set(N_MOMENTS)
