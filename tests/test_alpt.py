"""Learned step sizes: their scalars, one ALPT or LSQ or PACT step against naive NumPy, and what they must leave alone."""

import tracemalloc
from contextlib import suppress
from fractions import Fraction
from math import floor
from typing import get_args

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref import FactorizationMachine, LogisticRegression, reference, rng
from alpt_ref.kernels.cpu import alpt
from alpt_ref.kernels.cpu.rows import delta_updater
from alpt_ref.scalars.jit import JIT
from alpt_ref.scalars.optimizers import DIRECTIONS, N_MOMENTS, REVERSALS, Hyper, When, hyper
from alpt_ref.scalars.slopes import (
    DELTA_MAX,
    DELTA_MIN,
    GRADIENT_SCALES,
    Ends,
    first_delta,
    gradient_scale,
    master_position,
    nearest_code,
    next_delta,
    quantized,
    slopes_of,
)
from alpt_ref.training import step as steps
from alpt_ref.training.config import Config
from alpt_ref.training.forward import TrainingDivergedError
from alpt_ref.training.state import initial_state
from alpt_ref.training.step import BatchStepper
from alpt_ref.training.table import CodeTable, FloatTable, MasterTable, dead_rows
from tests import naive
from tests.marks import compiles
from tests.test_kernels import D, K, N, bits, make, problem

F = np.float32
BATCH = np.arange(7)


@given(st.integers(2, 8), st.floats(-300, 300, width=32), st.floats(2.0**-10, 10, width=32), st.sampled_from(get_args(Ends)))
def test_scalars_of_quantization_against_rational_numbers(width, s, delta, ends):
    lo, hi = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    n, r = np.rint(F(s)), F(s) - np.rint(F(s))
    exact = Fraction(float(n)) + Fraction(float(r))
    below = floor(exact)
    up = exact - below > Fraction(1, 2) or (exact - below == Fraction(1, 2) and below % 2 == 1)
    code = min(max(below + up, lo), hi)
    assert nearest_code(n, r, F(lo), F(hi)) == code
    inside = lo < exact < hi or (ends == "inside" and exact in (lo, hi))
    outside = lo if exact <= lo else hi
    for method in ("lsq", "pact"):
        in_delta, passes = slopes_of(method, ends)
        assert passes(n, r, F(lo), F(hi)) == inside
        assert in_delta(n, r, F(lo), F(hi)) == ((float(code - exact) if method == "lsq" else 0) if inside else outside)
    assert quantized(F(code) * F(delta), F(delta), F(lo), F(hi)) == F(code) * F(delta)


@pytest.mark.parametrize("delta", [0.1, 2.0**-60, 3.0])
def test_masters_at_an_end_are_told_from_those_beyond(delta):
    delta, lo, hi = F(delta), F(-8), F(7)
    for code, end in ((lo, "low"), (hi, "high")):
        for w in (code * delta, np.nextafter(code * delta, F(0)), code * delta * F(1.01), code * delta * F(1e9)):
            n, r = master_position(w, delta, lo, hi)
            beyond = abs(w) > abs(code * delta) and abs(w / delta) > abs(code)
            assert slopes_of("lsq", "inside").passes(n, r, lo, hi) == (not beyond), end
            assert slopes_of("lsq", "inside").in_delta(n, r, lo, hi) == (code if beyond else np.rint(n + r) - (n + r))


@pytest.mark.parametrize("width", [2, 4, 8])
def test_slope_is_that_of_the_quantizer_straight_through(width):
    """Where no rounding decision changes, dQ/d delta is the code; LSQ's slope is it less w / delta inside the range."""
    lo, hi = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    for w in np.linspace(-1.3, 1.3, 41):
        delta, h = 0.11, 1e-7
        codes = [np.clip(np.rint(w / d), lo, hi) for d in (delta - h, delta, delta + h)]
        if codes[0] != codes[2]:
            continue
        difference = ((delta + h) * codes[2] - (delta - h) * codes[0]) / (2 * h)
        s = w / delta
        n = F(np.rint(s))
        slope = slopes_of("lsq", "clipped").in_delta(n, F(s - n), F(lo), F(hi))
        assert slope == pytest.approx(difference - s if lo < s < hi else difference, abs=1e-5)


@given(
    st.floats(2.0**-60, 2.0**60, width=32),
    st.floats(width=32, allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1.0, 0.3]),
)
def test_a_step_size_stays_positive_and_finite(delta, move, part):
    delta, move = F(delta), F(move)
    offset = delta * F(part)
    new, through_zero = next_delta(delta, move, offset)
    assert DELTA_MIN <= new <= DELTA_MAX
    if np.isnan(move):
        assert (new, through_zero) == (delta, False)
    else:
        assert through_zero == (delta - offset + move < 0)
        assert new == np.clip(np.abs(delta - offset + move) + offset, F(DELTA_MIN), F(DELTA_MAX))


@pytest.mark.parametrize("move", [-1.0, -1.0 - 2.0**-23, -1.0 + 2.0**-24, 0.0, -np.inf, np.inf, np.nan, -2.0, -3.4e38])
def test_moves_to_zero_and_beyond_leave_a_step_size(move):
    new, _ = next_delta(F(1), F(move), F(0))
    assert DELTA_MIN <= new <= DELTA_MAX


@pytest.mark.parametrize("offset", [0.0, 5e-4])
@pytest.mark.parametrize("optimizer", REVERSALS)
def test_a_step_size_is_the_absolute_value_of_a_parameter_of_either_sign(optimizer, offset):
    """Over many steps from a step size smaller than a move, bit for bit: the parameter's gradient has its sign. With an offset
    to float32, as what is stored is their sum."""
    n, lr = 12, {"sgd": 0.05, "momentum": 0.01, "adam": 0.02, "adagrad": 0.3}[optimizer]
    moments, signed_moments = (np.zeros((N_MOMENTS[optimizer], n), F) for _ in range(2))
    start = np.geomspace(1e-3, 0.27, n).astype(F)
    table = CodeTable(4, start.copy(), np.zeros(n, np.uint8), (n, 2))
    signed, crossed = start - F(offset), 0
    for t in range(1, 200):
        when = When(lr, False, 0.1, t, offset=offset)
        g = rng.normals(n, seed=1, stream=6, step=t) + F(0.5)
        out = np.empty(n, F)
        delta_updater(optimizer)(g, np.arange(n), table.view(), moments, F(1), when, out)
        table.delta[...] = out
        h = Hyper(*(F(scalar) for scalar in hyper(when)))  # Numba returns Python's floats
        for i in range(n):
            sign = F(-1) if signed[i] < 0 else F(1)
            signed[i] += DIRECTIONS[optimizer](sign * g[i], signed[i], signed_moments, i, h)
            crossed += int(sign * signed[i] < 0)
        if offset:
            assert table.delta == pytest.approx(np.abs(signed) + F(offset), abs=2e-5)
        else:
            assert np.array_equal(table.delta, np.abs(signed))
    assert crossed > n
    if optimizer in ("adam", "momentum") and not offset:  # a step size alone has the moments of its own frame
        assert np.array_equal(moments[0], np.where(signed < 0, F(-1), F(1)) * signed_moments[0])
        assert np.array_equal(moments[1:], signed_moments[1:])


def test_rows_that_count_as_zero():
    delta = np.array([0.1, 1e-7, 2.0**-60, 4e-6, 6e-6], F)
    assert dead_rows(CodeTable(2, delta, np.zeros(5, np.uint8), (5, 3))) == 3  # weights up to 2 delta
    assert dead_rows(CodeTable(8, delta, np.zeros(15, np.int8), (5, 3))) == 1  # up to 128 delta: 1.28e-5 is none of them
    assert dead_rows(MasterTable(2, (-2, 1), np.array(1e-9, F), np.ones((5, 3), F))) == 5
    assert dead_rows(MasterTable(2, (-2, 1), np.array(1e-9, F), np.ones((5, 0), F))) == 0
    assert dead_rows(FloatTable(np.zeros((5, 3), F))) == 0


def test_gradient_scales_and_the_first_step():
    """64 examples; 16 weights in a row; of 10 rows."""
    weights = {
        "1": 1,
        "1/sqrt(Nq)": 160 * 127,
        "1/sqrt(bNq)": 64 * 160 * 127,
        "1/sqrt(dq)": 16 * 127,
        "1/sqrt(bdq)": 64 * 16 * 127,
        "1/sqrt(N(q+1))": 160 * 128,
    }
    assert {name: gradient_scale(name, 64, 16, 10, 127) for name in GRADIENT_SCALES} == pytest.approx(
        {name: n**-0.5 for name, n in weights.items()}
    )
    assert first_delta(np.float64(0.0), 7) == F(1e-3 / 7)
    assert first_delta(np.array([0.5, 0.0]), 4).tolist() == [0.5, F(1e-3 / 4)]
    assert first_delta(np.float64(0.5), 7, "1/sqrt(q+1)", 1e-3) == F(8**-0.5 + 1e-3)


def deltas_of(state):
    """(n, 1) each, float64."""
    return tuple(np.broadcast_to(t.delta.reshape(-1, 1).astype(float), (D, 1)) for t in (state.linear, state.factors))


class Moments:
    """An optimizer's, for the rows that move."""

    def __init__(self):
        self.held = (0.0, 0.0)

    def move(self, name, g, w, by, moves):
        d, self.held = reference.direction(name, g, w, self.held, by, moves)
        return d


@pytest.mark.parametrize("precision", ["lsq", "pact"])
@pytest.mark.parametrize("width", [2, *compiles(4, 8)])
@pytest.mark.parametrize(
    ("update", "optimizer"),
    [
        ("touched", "sgd"),
        ("dense", "sgd"),
        ("touched", "adam"),
        ("dense", "adagrad"),
        *compiles(("dense", "momentum"), ("touched", "ftrl")),
    ],
)
def test_quantization_aware_steps_against_the_reference(precision, width, update, optimizer):
    """Two steps: masters by the straight-through gradient with l2, step sizes (or clips) by SGD on theirs."""
    X, y = problem(density=0.5)
    lr, step_lr, l2 = 0.3, 0.05, 0.01
    arguments = {"precision": precision, "bits": width, "delta": (0.05, 0.11), "step_scale": "1", "update": update}
    l1 = 0.05 * (optimizer == "ftrl")
    more = {"optimizer": optimizer, "step_optimizer": "sgd", "step_l2": 0.1, "l1": l1}
    state, stepper = make(X, y, lr=lr, step_lr=step_lr, l2=l2, **arguments, **more)
    if optimizer != "ftrl":  # whose z knows its weights
        state.linear.weights[:, 0] = np.linspace(-0.41, 0.397, D)
    lo, hi = stepper.config.box
    assert (lo, hi) == ((-(2 ** (width - 1)) + (precision == "pact")), 2 ** (width - 1) - 1)
    per_row = [precision == "lsq" and part == "factors" for part in ("linear", "factors")]
    masters = [state.linear.weights.astype(float), state.factors.weights.astype(float)]
    deltas, b = list(deltas_of(state)), 0.0
    of_weights, of_bias = (Moments(), Moments()), Moments()
    if optimizer == "ftrl":
        for kept, w in zip(of_weights, masters, strict=True):
            kept.held = reference.ftrl_start(w, lr, l2, l1, 1.0)
    for t in (0, 1):
        batch = np.arange(7 * t, 7 * t + 7)
        touched = ((X[batch] != 0).any(axis=0) | (update == "dense"))[:, None]
        by = reference.Rates(lr, t + 1, l2, l1=l1)
        quant = [naive.fake_quantize(w, d, lo, hi, precision) for w, d in zip(masters, deltas, strict=True)]
        g_w, g_V, g_b = reference.gradients(X[batch].astype(float), y[batch], quant[0][0][:, 0], quant[1][0], b)
        for part, g in enumerate((g_w[:, None], g_V)):
            _, slope, through = quant[part]
            moves = of_weights[part].move(optimizer, g * through, masters[part], by, touched)
            pooled = naive.pooled(g * slope, per_row[part])
            if precision == "lsq":
                step = -step_lr * (pooled + 0.1 * deltas[part])
            else:  # descent on the clip
                step = -step_lr * (pooled / hi + 0.1 * deltas[part] * hi) / hi
            moved = touched | (not per_row[part])
            deltas[part] = np.where(moved, naive.next_steps(deltas[part], step), deltas[part])
            masters[part] = masters[part] + np.where(touched, moves, 0)
        b += of_bias.move(optimizer, g_b, b, by._replace(l2=0.0, l1=0.0), True)
        stepper.step(state, batch)
    assert float(state.bias) == pytest.approx(b, abs=1e-5)
    for part, table in enumerate((state.linear, state.factors)):
        assert table.weights == pytest.approx(masters[part], abs=2e-6 if optimizer == "sgd" else 2e-5)
        assert deltas_of(state)[part] == pytest.approx(deltas[part], rel=2e-5 if optimizer == "sgd" else 1e-4)
        used = naive.fake_quantize(table.weights.astype(float), deltas_of(state)[part], lo, hi)[0]
        assert table.to_float() == pytest.approx(used, abs=1e-6)


def test_lsq_gradient_of_delta_is_the_slope_of_the_loss():
    """Saturated weights depend on delta alone: central differences of the loss itself, no straight-through convention left."""
    X, y = problem(density=0.5)
    X, y = X.astype(float), y.astype(float)
    V = 3.0 * rng.normals(D * K, seed=2, stream=6).reshape(D, K).astype(float)
    V[np.abs(V) < 0.5] = 0.5
    w = np.sign(V[:, :1])

    def loss(delta):
        quant = [naive.fake_quantize(t, np.full((D, 1), delta), -2, 1)[0] for t in (w, V)]
        return naive.loss(X, y, quant[0][:, 0], quant[1], 0.1)

    delta, h = 0.1, 1e-6
    (q_w, s_w, _), (q_V, s_V, _) = (naive.fake_quantize(t, np.full((D, 1), delta), -2, 1) for t in (w, V))
    g_w, g_V, _ = reference.gradients(X, y, q_w[:, 0], q_V, 0.1)
    slope = (g_w[:, None] * s_w).sum() + (g_V * s_V).sum()
    assert slope == pytest.approx((loss(delta + h) - loss(delta - h)) / (2 * h), rel=1e-6)


@pytest.mark.parametrize(
    ("rounding", "optimizer"),
    [("nearest", "sgd"), ("stochastic", "adam"), *compiles(("nearest", "adam"), ("stochastic", "sgd"))],
)
@pytest.mark.parametrize("width", [2, 4, *compiles(8)])
@pytest.mark.parametrize("update", ["touched", *compiles("dense")])
def test_alpt_that_does_not_learn_is_lpt_bit_for_bit(optimizer, width, rounding, update):
    X, y = problem()
    runs = []
    for precision, more in (("lpt", {}), ("alpt", {"step_lr": 0.0}), ("alpt", {"step_lr": 0.0, "step": "table"})):
        common = {
            "update": update,
            "optimizer": optimizer,
            "bits": width,
            "rounding": rounding,
            "l2": 0.01,
            "delta": (0.05, 0.07),
        }
        state, stepper = make(X, y, precision=precision, lr=0.1, **common, **more)
        for _ in range(2):
            stepper.run_epoch(state)
        runs.append(bits(state))
    assert runs[0] == runs[1] == runs[2]


def test_a_table_longer_than_a_chunk_draws_the_words_of_its_places():
    """One step size for a table: rounded in chunks, and each weight with its own word, as in LPT."""
    n_features = 2 * alpt.CHUNK + 5
    X = sp.csr_matrix(np.ones((4, n_features), F))
    y = np.array([0, 1, 1, 1], F)
    runs = []
    for more in ({"precision": "lpt"}, {"precision": "alpt", "step_lr": 0.0, "step": "table"}):
        model = FactorizationMachine(k=K, bits=4, rounding="stochastic", delta=(0.05, 0.07), lr=0.3, epochs=1, **more)
        runs.append(bits(model.fit(X, y).state_))
    assert runs[0] == runs[1]


def test_ranges_of_rows_share_no_byte(monkeypatch):
    """Codes of several rows lie in one byte: threads must not write it together."""
    config = Config(precision="alpt", bits=2, step="table", n_threads=3)
    stepper = BatchStepper(config, *[None] * 2, 50)
    seen = []
    stepper._over(np.array([0, 1, 2, 3, 5, 6, 9, 10]), lambda *ends: seen.append(ends))
    assert sorted(seen) == [(0, 4), (4, 6), (6, 8)]
    X, y = problem()
    state, stepper = make(X, y, precision="alpt", bits=2, step="table", n_threads=5)
    asked = []
    monkeypatch.setattr(steps, "run_ranges", lambda work, n, threads, multiple=1: asked.append((n, multiple)) or work(0, n))
    stepper.step(state, BATCH)
    assert asked.count((D, 4)) == 2


@pytest.mark.parametrize("width", [2, *compiles(8)])
def test_moves_beyond_every_grid_saturate(width):
    """d / delta overflows float32: codes end at the ends of the range, and slopes of stage 2 are numbers."""
    X, y = problem(density=0.5)
    more = {"fit_intercept": False, "lr": 1e35, "step_lr": 1e-3, "optimizer": "adam", "delta": (2.0**-20, 2.0**-20)}
    state, stepper = make(X, y, precision="alpt", bits=width, rounding="stochastic", **more)
    stepper.step(state, BATCH)
    lo, hi = stepper.config.box
    touched = (X[BATCH] != 0).any(axis=0)
    assert set(np.unique(state.factors.codes()[touched])) <= {lo, hi}
    assert np.isfinite(state.factors.delta).all()
    assert (state.factors.delta[touched] != F(2.0**-20)).all()


@pytest.mark.parametrize("step", ["row", "table"])
def test_first_step_sizes_of_the_tables(step):
    """2 mean|w| / sqrt(q_hi) over a row or a table of the float weights; linear weights, all 0, get 1e-3 / q_hi."""
    floats = initial_state(Config(k=5, seed=3), 9).factors.weights.astype(float)
    state = initial_state(Config(k=5, seed=3, precision="alpt", bits=4, step=step), 9)
    mean = np.abs(floats).mean(axis=1 if step == "row" else None)
    assert state.factors.delta == pytest.approx(2 * mean / np.sqrt(7), rel=1e-6)
    assert np.all(state.linear.delta == F(1e-3 / 7))


@pytest.mark.jit
@pytest.mark.parametrize("step", ["table", *compiles("row")])
def test_a_dense_step_holds_no_floats_of_the_table(step):
    """Scratch is that of the batch's rows and one number a row: of one example among many features, next to nothing."""
    n_features = 16_000
    X, y = sp.csr_array(np.eye(2, n_features, dtype=F)), np.array([0, 1], F)
    state, stepper = make(X, y, precision="alpt", update="dense", bits=8, step=step, k=32, optimizer="sgd", l2=0.1)
    stepper.step(state, np.arange(2))
    tracemalloc.start()
    stepper.step(state, np.arange(2))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n_features * 32  # bytes: a quarter of the table in floats


@pytest.mark.parametrize("precision", ["alpt", "lsq", "pact"])
@pytest.mark.parametrize("step", [None, "table"])
@pytest.mark.parametrize("schedule", ["constant", "sqrt"])
def test_threads_do_not_change_a_bit(precision, step, schedule):
    X, y = problem(n=60 if JIT else 25, d=41)
    runs = []
    for n_threads in (1, 2, 3, 5):
        arguments = {"precision": precision, "step": step, "schedule": schedule, "bits": 2, "optimizer": "adam"}
        state, stepper = make(X, y, n_threads=n_threads, l2=0.01, batch_size=20, step_lr=0.01, **arguments)
        for _ in range(2):
            stepper.run_epoch(state)
        runs.append([*bits(state), state.linear.delta.tobytes(), state.factors.delta.tobytes()])
    assert all(run == runs[0] for run in runs)


def clicks(n=400 if JIT else 200, d=12):
    X = (rng.uniforms(n * d, seed=1, stream=6).reshape(n, d) < 0.3).astype(F)
    z = X @ rng.normals(d, seed=2, stream=6) * 2 - 0.5
    return sp.csr_array(X), (rng.uniforms(n, seed=3, stream=6) < 1 / (1 + np.exp(-z))).astype(F)


@pytest.mark.parametrize("lr", [1e-3, 1e6])
@pytest.mark.parametrize("step_lr", [1e-3, 1e6])
@pytest.mark.parametrize("precision", ["alpt", "lsq", "pact"])
@pytest.mark.parametrize("step_optimizer", REVERSALS)
def test_no_learning_rate_breaks_a_step_size(lr, step_lr, precision, step_optimizer):
    """Absurd rates stop with a sentence or go on, and no step size is ever zero, negative, infinite or no number."""
    X, y = problem()
    arguments = {"precision": precision, "step_optimizer": step_optimizer, "step_scale": "1", "update": "touched"}
    state, stepper = make(X, y, lr=lr, step_lr=step_lr, bits=2, **arguments)
    with suppress(TrainingDivergedError):
        for t in range(6):
            stepper.step(state, np.arange(3 * t, 3 * t + 3))
    for table in (state.linear, state.factors):
        assert (table.delta >= DELTA_MIN).all()
        assert (table.delta <= DELTA_MAX).all()


@pytest.mark.parametrize(
    ("model_class", "precision"),
    [
        (FactorizationMachine, "alpt"),
        (LogisticRegression, "lsq"),
        *compiles((FactorizationMachine, "lsq"), (FactorizationMachine, "pact")),
        *compiles((LogisticRegression, "alpt"), (LogisticRegression, "pact")),
    ],
)
def test_learn_save_load_resume(precision, model_class, tmp_path):
    X, y = clicks()
    arguments = {"precision": precision, "bits": 4, "optimizer": "adam", "lr": 0.02, "step_lr": 2e-2, "batch_size": 20}
    model = model_class(epochs=6, **arguments).fit(X, y)
    whole = model.decision_function(X)
    assert np.mean((whole > 0) == y) > 0.75
    model.save(tmp_path / "model.npz")
    again = model_class.load(tmp_path / "model.npz")
    assert np.array_equal(again.decision_function(X), whole)
    assert again.get_params() == model.get_params()
    model_class(epochs=2, **arguments).fit(X, y, checkpoint=tmp_path / "c.npz")
    resumed = model_class(epochs=6, **arguments).fit(X, y, checkpoint=tmp_path / "c.npz", resume=True)
    assert np.array_equal(resumed.decision_function(X), whole)


@pytest.mark.jit
@pytest.mark.parametrize("width", [8, 4, 2])
def test_memory_of_a_factor_table_with_a_step_size_for_each_row(width):
    """Bytes that are really allocated for 16 factors a row, against float32: 3.2, 5.3 and 8 times fewer."""

    def alive(**arguments):
        tracemalloc.start()
        state = initial_state(Config(k=16, **arguments), n)
        state.linear = None
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size, state

    n = 2**16
    alive(precision="alpt", bits=width)  # compiles
    full, _ = alive()
    few, state = alive(precision="alpt", bits=width)
    assert state.factors.delta.shape == (n,)
    assert full / few == pytest.approx({8: 3.2, 4: 5.33, 2: 8.0}[width], rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step": "rows"}, "step must be row or table"),
        ({"step": ("row", "table", "row")}, "step must be row or table"),
        ({"precision": "pact", "step": "row"}, "step must be table with pact"),
        ({"step": "table", "delta": np.full(12, 0.1)}, "delta must be one number where step is table"),
        ({"quantize": "linear"}, "quantize must be one of all, factors"),
        ({"k": 0, "quantize": "factors"}, "quantize must be all where k is 0"),
        ({"k": 0, "fit_linear": False}, "fit_linear needs factors, and k is 0"),
        ({"step_lr": -1.0}, "step_lr must be a non-negative number"),
        ({"step_l2": float("nan")}, "step_l2 must be"),
        ({"step_scale": "2"}, "step_scale must be one of 1, 1/sqrt"),
        ({"step_optimizer": "lamb"}, "step_optimizer must be one of sgd, momentum, adam, adagrad"),
        ({"delta": (0.1, np.full(5, 0.1))}, "delta of the factors has 5 entries for 12 features"),
        ({"delta": 2.0**-61}, r"delta must be in \[2\^-60, 2\^60\]: step sizes are learned"),
        ({"delta": (0.1, 2.0**61), "precision": "lsq"}, "delta must be in"),
    ],
)
def test_bad_arguments(arguments, message):
    X, y = clicks(40)
    with pytest.raises(ValueError, match=message):
        FactorizationMachine(**({"precision": "alpt"} | arguments)).fit(X, y)


def test_logits_of_stage_two_that_are_no_numbers_stop_training():
    X, y = np.full((N, D), 1e30, F), np.ones(N, F)
    state, stepper = make(X, y, precision="alpt", lr=1e-20)
    state.linear.delta[...] = 1e30
    with pytest.raises(TrainingDivergedError, match="diverged in step 1"):
        stepper.step(state, BATCH)
