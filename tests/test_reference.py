"""Compiled LPT and ALPT steps are those of ``reference``, code for code; and the reference's own gradient."""

from itertools import product

import numpy as np
import pytest

from alpt_ref import rng
from alpt_ref.training.table import FloatTable
from tests import naive
from tests.marks import combined, compiles
from tests.test_kernels import D, K, N, make, problem

ROUNDINGS = ("nearest", "stochastic", "toward_zero", "floor")
BATCHES = (np.arange(7), np.arange(7, 11), np.arange(11, 18))
STEPS = [("row", "row"), ("table", "row"), ("table", "table")]
# Relative; Adam divides by a root of float32 moments, and FTRL moves no step size.
TOLERANCE = {"sgd": 1e-5, "momentum": 1e-5, "adam": 1e-3, "adagrad": 1e-5, "ftrl": 0.0}


def stored(value):
    """Loops are compiled for a storage, not for a width: codes that share bytes, int8, int16."""
    return np.searchsorted([4, 8], value) if isinstance(value, int) else value


def held(table):
    """Codes, or float weights, (n, k)."""
    return table.weights.copy() if isinstance(table, FloatTable) else table.codes()


def compare(state, stepper, X, y, batches=BATCHES):
    """Steps on ``batches``, each from the compiled state before it: codes are equal, step sizes and bias to float32."""
    c = stepper.config
    moved = 0
    for batch in batches:
        expected = naive.step(X[batch], y[batch], state, c)
        before = [held(t) for t in (state.linear, state.factors)]
        stepper.step(state, batch)
        for part, of, old in zip(("linear", "factors"), (expected.linear, expected.factors), before, strict=True):
            table = state.table(part)
            entries = held(table)
            if c.storage_of(part) == "codes":
                assert np.array_equal(entries, of.q), (part, np.argwhere(entries != of.q))
            elif table.shape[1]:
                assert entries == pytest.approx(of.q, rel=1e-6, abs=1e-4 * c.lr)
            else:
                assert not of.q.any()
            moved += int((entries != old).sum())
            if c.storage_of(part) == "codes" and table.shape[1]:  # no weights, no step sizes
                delta = np.broadcast_to(table.delta.reshape(-1, 1), of.delta.shape)
                assert delta == pytest.approx(of.delta, rel=TOLERANCE[c.step_direction])
        assert float(state.bias) == pytest.approx(expected.bias, abs=1e-4)
        after = naive.state_of(state, c)
        for part in ("linear", "factors"):
            ours, theirs = getattr(after, part), getattr(expected, part)
            if state.table(part).shape[1]:
                for kept, wanted in zip(ours.moments + ours.delta_moments, theirs.moments + theirs.delta_moments, strict=True):
                    assert np.broadcast_to(kept, np.shape(wanted)) == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    assert moved > 0


WIDTHS = [2, 3, 4, 7, 8, 9, 12, 16]


@pytest.mark.parametrize(("optimizer", "rounding", "width"), combined(["sgd", "adam"], ROUNDINGS, WIDTHS, kind=stored))
def test_lpt_steps(width, rounding, optimizer):
    """All widths, packed and plain; a step size for each linear weight, one for all factors."""
    X, y = problem(density=0.5)
    lr = {"sgd": 180.0 / 2 ** max(width, 8), "adam": 1.9 / 2**width}[optimizer]  # moves of a few cells: float32 has fractions
    delta = (np.linspace(2.0, 3.0, D, dtype=np.float32) / 2**width, 1.2 / 2**width)
    arguments = {"precision": "lpt", "bits": width, "rounding": rounding, "optimizer": optimizer, "delta": delta, "l2": 0.1}
    compare(*make(X, y, lr=lr, seed=3, schedule="sqrt", **arguments), X, y)


ALL = [*product(["sgd", "adam", "adagrad"], [0, K], ["touched", "dense"])]
ALL += [
    *product(["momentum", "ftrl"], [K], ["touched", "dense"]),
    *compiles(*product(["momentum", "ftrl"], [0], ["touched", "dense"])),
]


@pytest.mark.parametrize(("optimizer", "k", "update"), ALL)
def test_lpt_steps_dense_and_touched_with_and_without_factors(optimizer, k, update):
    X, y = problem(density=0.3)
    arguments = {"precision": "lpt", "bits": 4, "optimizer": optimizer, "update": update, "k": k, "random_bits": 5}
    arguments |= {"l1": 0.02, "beta": 0.7} if optimizer == "ftrl" else {"momentum": 0.7}
    lr = {"sgd": 0.3, "momentum": 0.3, "adam": 0.05, "adagrad": 0.1, "ftrl": 3.0}[optimizer]
    compare(*make(X, y, lr=lr, l2=0.05, seed=1, **arguments), X, y)


@pytest.mark.parametrize(
    ("rounding", "width", "k"),
    [*combined(["nearest", "stochastic"], [2, 8], [0, K]), *compiles(*product(["nearest", "stochastic"], [2, 8], [1, 4, 8]))],
)
def test_lpt_example_by_example(k, width, rounding):
    """The fused loop of batch size 1."""
    X, y = problem(density=0.5)
    arguments = {
        "precision": "lpt",
        "bits": width,
        "rounding": rounding,
        "k": k,
        "batch_size": 1,
        "l2": 0.1,
        "schedule": "sqrt",
        "delta": (0.3, 0.1),
    }
    state, stepper = make(X, y, lr=0.7, seed=3, **arguments)
    slow, _ = make(X, y, lr=0.7, seed=3, **arguments)
    stepper.run_epoch(state)
    compare(slow, stepper, X, y, [np.array([i]) for i in rng.permutation(N, seed=3, step=0)])
    assert np.array_equal(state.linear.codes(), slow.linear.codes())
    assert np.array_equal(state.factors.codes(), slow.factors.codes())


@pytest.mark.parametrize(("step", "rounding", "width"), combined(STEPS, ROUNDINGS, [2, 3, 4, 8, 12], kind=stored))
def test_alpt_steps(width, rounding, step):
    X, y = problem(density=0.35)
    arguments = {"precision": "alpt", "bits": width, "rounding": rounding, "step": step, "step_scale": "1/sqrt(dq)"}
    compare(*make(X, y, delta=(0.8 / 2 ** (width / 2), 0.12), lr=0.5, step_lr=0.3, seed=3, l2=0.02, **arguments), X, y)


@pytest.mark.parametrize(
    ("optimizer", "step_optimizer"),
    [("adam", "sgd"), ("sgd", "adam"), ("adam", None), ("adagrad", None), ("ftrl", "momentum"), *compiles(("momentum", None))],
)
@pytest.mark.parametrize("update", ["touched", *compiles("dense")])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("k", [0, K])
def test_alpt_steps_with_all_that_moves_a_step_size(optimizer, step_optimizer, update, step, k):
    """Decaying rates, l2 on both, the default scale of the batch that is there, moments of rows that come and go."""
    X, y = problem(density=0.35)
    arguments = {"precision": "alpt", "bits": 4, "step": step, "optimizer": optimizer, "step_optimizer": step_optimizer, "k": k}
    arguments["update"] = update
    more = {"lr": 0.2, "step_lr": 0.05, "l2": 0.02, "step_l2": 0.3, "schedule": "sqrt", "batch_size": 7, "step_offset": 0.01}
    more["ends"] = "inside" if update == "dense" else "clipped"
    if optimizer == "ftrl":
        more |= {"schedule": "constant", "l1": 0.03}
    compare(*make(X, y, delta=(0.15, 0.12), **arguments, **more), X, y)


@pytest.mark.parametrize("precision", ["lpt", "alpt"])
@pytest.mark.parametrize(("fit_linear", "quantize"), [(True, "factors"), *compiles((False, "all"), (False, "factors"))])
@pytest.mark.parametrize("update", ["touched", *compiles("dense")])
@pytest.mark.parametrize(("optimizer", "batch_size"), [("adam", 7), ("sgd", 1)])
def test_factors_alone_are_quantized_and_linear_weights_left_out(
    precision, fit_linear, quantize, update, optimizer, batch_size
):
    """Linear weights in float32 move as those of fp32 do; left out, they stay 0."""
    X, y = problem(density=0.35)
    parts = {"fit_linear": fit_linear, "quantize": quantize, "update": update}
    more = {"optimizer": optimizer, "batch_size": batch_size, "l2": 0.02, "schedule": "sqrt", "delta": (0.15, 0.12)}
    arguments = {"precision": precision, "bits": 4, "lr": 0.2, "step_lr": 0.05} | parts | more
    state, stepper = make(X, y, seed=2, **arguments)
    compare(state, stepper, X, y)
    assert state.linear.nbytes["codes"] == (4 * D if quantize == "factors" else 0) * fit_linear
    slow, stepper = make(X, y, seed=2, **arguments)
    state, _ = make(X, y, seed=2, **arguments)
    stepper.run_epoch(state)
    order = rng.permutation(N, seed=2, step=0)
    for start in range(0, N, batch_size):
        stepper.step(slow, order[start : start + batch_size])
    for table, other in ((state.linear, slow.linear), (state.factors, slow.factors)):
        assert np.array_equal(held(table), held(other))
