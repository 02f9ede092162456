"""The settings of the later public code of ALPT's first author, held to its update rules, step by step.

The rules are written here from what that code does, in PyTorch and in float64: a step size of either sign, a quantizer with a
gradient of its own, torch.optim.Adam. The settings are those that docs/alpt.md tells.
"""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from alpt_ref import rng
from alpt_ref.rng import Stream
from alpt_ref.training.config import Config
from alpt_ref.training.table import MasterTable
from tests.test_kernels import N, make, problem

torch = pytest.importorskip("torch", reason="torch is not installed")
torch.set_num_threads(1)
pytestmark = pytest.mark.glue  # formulas are held to as plain Python; that loops follow them is for tests/test_reference.py
PAGE = Path(__file__).parent.parent / "docs" / "alpt.md"
SIZE = 7


def told():
    """The options in the second column of the table, by name; of ``precision`` there are two."""
    table = PAGE.read_text().split("## The later code, option by option")[1].split("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line)[2] for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    found = [part.split("=", 1) for row in rows for part in re.findall(r"`(\w+=[^`]+)`", row)]
    return {name: ast.literal_eval(value) for name, value in found if name != "precision"}


def settings(precision, **more):
    """As told, at a size and at rates where something happens in few steps."""
    assert Config(**told(), precision=precision).step_direction == "adam"
    small = {"k": 5, "bits": 4, "init_std": 0.3, "batch_size": SIZE, "lr": 0.02, "step_lr": 0.004, "l2": 0.01}
    return told() | {"precision": precision} | small | more


class Quantizer(torch.autograd.Function):
    """LSQ's: at the ends, a weight is inside."""

    @staticmethod
    def forward(ctx, w, alpha, bits, scale):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        position = w / alpha
        ctx.save_for_backward(position)
        ctx.rest = low, high, scale
        return torch.clamp(torch.round(position), low, high) * alpha

    @staticmethod
    def backward(ctx, gradient):
        (position,), (low, high, scale) = ctx.saved_tensors, ctx.rest
        under, over = position < low, position > high
        slope = torch.where(under, low, torch.where(over, high, torch.round(position) - position))
        return torch.where(under | over, 0.0, gradient), (slope * gradient * scale).sum(), None, None


def adam(parameter, held, t, lr, decay):
    """The parameter after a step of torch.optim.Adam, put into the state after t - 1 steps."""
    optimizer = torch.optim.Adam([parameter], lr=lr, weight_decay=decay)
    m, v = (torch.tensor(of.astype(float)).reshape(parameter.shape) for of in held)
    optimizer.state[parameter] = {"step": torch.tensor(float(t - 1)), "exp_avg": m, "exp_avg_sq": v}
    optimizer.step()
    return parameter.detach()


def entries(table):
    """Codes, or masters."""
    return (table.weights if isinstance(table, MasterTable) else table.codes()).astype(float)


def loss(X, y, V):
    return torch.nn.functional.binary_cross_entropy_with_logits(0.5 * ((X @ V) ** 2 - X**2 @ V**2).sum(dim=1), y)


def later_step(config, X, y, weights, alpha, state):
    """Weights and alpha after one step from ``weights`` (codes times the step size, or masters)."""
    c, t, N_weights = config, state.step + 1, weights.size
    X, y = torch.tensor(X.astype(float)), torch.tensor(y.astype(float))
    scale = 1 / (N_weights * 2 ** (c.bits - 1)) ** 0.5
    V, a = torch.tensor(weights, requires_grad=True), torch.tensor(alpha, dtype=torch.float64, requires_grad=True)
    of_weights, of_alpha = state.optimizers["factors"].moments, state.optimizers["factors steps"].moments
    used = V if c.precision == "alpt" else Quantizer.apply(V, a.abs() + c.step_offset, c.bits, scale)
    loss(X, y, used).backward()
    moved = adam(V, of_weights, t, c.lr, c.l2)
    if c.precision == "alpt":
        loss(X, y, Quantizer.apply(moved, a.abs() + c.step_offset, c.bits, scale)).backward()
    alpha = adam(a, of_alpha, t, c.step_lr, 0.0)
    if c.precision == "alpt":
        u = rng.uniforms(N_weights, seed=c.seed, stream=Stream.FACTORS, step=state.step).reshape(weights.shape)
        # There: the table over alpha, which turns all weights where alpha turns; its absolute value is meant. floor(s + v) goes
        # up where v is at least 1 - frac(s), the package where u < frac(s): the same law, and the same choice for v = 1 - u.
        v = 1 - 2.0**-25 - torch.tensor(u.astype(float))
        codes = torch.floor(moved / (alpha.abs() + c.step_offset) + v)
        moved = torch.clamp(codes, -(2 ** (c.bits - 1)), 2 ** (c.bits - 1) - 1)
    return moved.numpy(), float(alpha)


def hold(stepper, state, X, y, n_steps):
    """Steps, each compared; returns how often weights moved, and how often alpha changed its sign."""
    c, table, moved, crossed = stepper.config, state.factors, 0, 0
    for t in range(n_steps):
        batch = rng.permutation(N, seed=3, step=t)[:SIZE]
        before, delta = entries(table), float(table.delta)
        weights = before * delta if c.precision == "alpt" else before
        expected, alpha = later_step(c, X[batch], y[batch], weights, delta - c.step_offset, state)
        stepper.step(state, batch)
        if c.precision == "alpt":
            assert np.array_equal(entries(table), expected), t
        else:
            assert entries(table) == pytest.approx(expected, abs=1e-6), t
        assert float(table.delta) == pytest.approx(abs(alpha) + c.step_offset, abs=2e-7), t
        moved, crossed = moved + int((before != entries(table)).sum()), crossed + (alpha < 0)
    return moved, crossed


@pytest.mark.parametrize("width", [4, 2, 8])
@pytest.mark.parametrize("precision", ["alpt", "lsq"])
def test_steps(precision, width):
    X, y = problem(density=0.4, one_hot=True)
    state, stepper = make(X, y, **settings(precision, bits=width))
    moved, _ = hold(stepper, state, X, y, 25)
    assert moved > 40
    assert not state.linear.shape[1]
    assert state.bias == 0


@pytest.mark.parametrize(("precision", "init_std"), [("alpt", 0.01), ("lsq", 0.3)])
def test_steps_where_alpha_changes_its_sign(precision, init_std):
    X, y = problem(density=0.4, one_hot=True)
    more = {"delta": 0.0117, "step_offset": 1e-3, "step_lr": 0.0187, "lr": 0.0213, "init_std": init_std}
    state, stepper = make(X, y, **settings(precision, **more))
    _, crossed = hold(stepper, state, X, y, 25)
    assert crossed > 0


def test_masters_at_the_ends_are_inside():
    """Half of the weights lie exactly at an end, where LSQ's own equations let no gradient pass."""
    X, y = problem(density=0.4, one_hot=True)
    runs = {}
    for ends in ("inside", "clipped"):
        state, stepper = make(X, y, **settings("lsq", delta=0.125, step_offset=0.0, l2=0.0, ends=ends))
        state.factors.weights[::2] = 7 * 0.125
        state.factors.weights[1::4] = -8 * 0.125
        if ends == "inside":
            hold(stepper, state, X, y, 1)
        else:
            stepper.step(state, rng.permutation(N, seed=3, step=0)[:SIZE])
        runs[ends] = state.factors.weights.copy()
    assert (runs["clipped"][::2] == 7 * 0.125).all()
    assert (runs["inside"][::2] != 7 * 0.125).any()


@pytest.mark.parametrize("precision", ["alpt", "lsq"])
def test_alpha_begins_as_there(precision):
    """2 mean|w| / sqrt(2^(bits-1)) of the float weights, and the guard."""
    more = {"bits": 4, "init_std": 0.003, "k": 16}
    floats = make(*problem(), **(settings("fp32") | more | {"precision": "fp32"}))[0].factors.weights
    state, _ = make(*problem(), **settings(precision, **more))
    assert float(state.factors.delta) == pytest.approx(2 * np.abs(floats).mean() / 8**0.5 + 1e-10, rel=1e-6)
    coarse, _ = make(*problem(), **settings(precision, **more, step_offset=0.125))
    assert float(coarse.factors.delta - state.factors.delta) == pytest.approx(0.125 - 1e-10, rel=1e-5)


@pytest.mark.parametrize(("name", "value"), [("step_scale", "1/sqrt(Nq)"), ("step_init", "1/sqrt(q)"), ("step_offset", 0.01)])
def test_each_setting_is_felt(name, value):
    """With another value the step size is another."""
    X, y = problem(density=0.4, one_hot=True)
    found = []
    for more in ({}, {name: value}):
        state, stepper = make(X, y, **settings("alpt", bits=2, optimizer="sgd", step_optimizer="sgd", lr=0.3, **more))
        stepper.step(state, np.arange(SIZE))
        found.append(float(state.factors.delta))
    assert abs(found[0] - found[1]) > 1e-7
