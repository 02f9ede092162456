"""Every way to train, held to autograd and torch.optim in float64, step by step from the state that the step before left.

What is written here is written as PyTorch code writes it: parameters of either sign, a rounding that gradients pass straight
through, an optimizer of the library. It shares no formula with the package but the words that round.
"""

from itertools import product

import numpy as np
import pytest

from alpt_ref import rng
from alpt_ref.scalars.jit import JIT
from alpt_ref.training.step import STREAMS
from alpt_ref.training.table import FloatTable, MasterTable
from tests.marks import compiles
from tests.test_kernels import D, K, N, make, problem

torch = pytest.importorskip("torch", reason="torch is not installed")
torch.set_num_threads(1)
STEPS, SIZE = 50, 7
PARTS = ("linear", "factors")
# Formulas are held to as plain Python; that compiled loops follow them is for tests/test_reference.py and the rest here.
PLAIN = pytest.mark.skipif(JIT, reason="as plain Python")
WEIGHTS, STEP_SIZES = 1e-6, 2e-7  # absolute; weights and step sizes are about 0.1


def tensor(x):
    return torch.tensor(np.asarray(x, float), dtype=torch.float64, requires_grad=True)


def optimizer_step(name, parameter, moments, lr, decay, t):
    """The parameter and its moments after one step of the library's optimizer, that is put into the state after t - 1 steps."""
    kinds = {"momentum": torch.optim.SGD, "adam": torch.optim.Adam, "adagrad": torch.optim.Adagrad}
    more = {"momentum": 0.9} if name == "momentum" else {}
    optimizer = kinds.get(name, torch.optim.SGD)([parameter], lr=lr, weight_decay=decay, **more)
    keys = {"momentum": ("momentum_buffer",), "adam": ("exp_avg", "exp_avg_sq"), "adagrad": ("sum",)}.get(name, ())
    held = dict(zip(keys, (torch.tensor(m).reshape(parameter.shape) for m in moments), strict=True))
    if held:
        optimizer.state[parameter] = {"step": torch.tensor(float(t - 1))} | held
    optimizer.step()
    return parameter.detach().numpy(), [optimizer.state[parameter][key].numpy() for key in keys]


def loss(X, y, w, V, bias):
    S = X @ V
    z = bias + X @ w[:, 0] + 0.5 * (S**2 - X**2 @ V**2).sum(dim=1)
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y)


def fake_quantized(w, delta, lo, hi):
    """LSQ and ALPT: round straight through, and the ends in the step size."""
    s = w / delta
    inside = (s + (torch.round(s) - s).detach()) * delta
    return torch.where(s <= lo, lo * delta, torch.where(s >= hi, hi * delta, inside))


def clipped(w, alpha, hi):
    """PACT: levels between -alpha and alpha."""
    rounded = torch.round(w * hi / alpha) * alpha / hi
    inside = w + (rounded - w).detach()
    return torch.where(w <= -alpha, -alpha, torch.where(w >= alpha, alpha, inside))


def rounded(s, u, rounding, lo, hi):
    n = np.floor(s)
    q = np.rint(s) if rounding == "nearest" else n + (u < s - n)
    return np.clip(q, lo, hi)


def entries(table):
    return (table.weights if isinstance(table, FloatTable | MasterTable) else table.codes()).astype(float)


def deltas(table):
    return np.ones(()) if isinstance(table, FloatTable) else table.delta.astype(float)


class Twin:
    """One step of a configuration in PyTorch, from a state of the package."""

    def __init__(self, config, X, y, state):
        self.c, self.t, self.state = config, state.step + 1, state
        self.X, self.y = torch.tensor(X, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
        self.seen = (X != 0).any(axis=0) | config.dense
        self.tables = {part: (entries(state.table(part)), deltas(state.table(part))) for part in PARTS}
        self.lo, self.hi = config.box
        self.new_moments, self.crossed = {}, 0

    def stepped(self, name, parameter, rows, lr, decay, optimizer):
        """The parameter after a step; where ``rows`` is False it stays."""
        before = parameter.detach().numpy().copy()
        held = list(self.state.optimizers[name].moments.astype(float))
        after, moments = optimizer_step(optimizer, parameter, held, lr, decay, self.t)
        self.new_moments[name] = [np.where(rows, m, h.reshape(m.shape)) for m, h in zip(moments, held, strict=True)]
        return np.where(rows, after, before)

    def step(self):
        """New (entries, step sizes) of both tables and the new bias."""
        c, out = self.c, {}
        bias = tensor(float(self.state.bias))
        learns = {part: tensor(delta) for part, (_, delta) in self.tables.items()}
        masters = {
            part: tensor(q if c.precision in ("lsq", "pact") else q * self.column(part)) for part, (q, _) in self.tables.items()
        }
        used = {part: self.used(masters[part], learns[part].reshape(-1, 1)) for part in PARTS}
        loss(self.X, self.y, used["linear"], used["factors"], bias).backward()
        moved = {
            p: self.stepped(p, masters[p], self.seen[:, None], c.lr, c.l2, c.optimizer) for p in PARTS if masters[p].numel()
        }
        new_bias = self.stepped("bias", bias, True, c.lr, 0.0, c.optimizer)
        if c.precision == "alpt":
            learns = {part: tensor(delta) for part, (_, delta) in self.tables.items()}
            tried = {
                p: fake_quantized(
                    torch.tensor(moved.get(p, entries(self.state.table(p)))), learns[p].reshape(-1, 1), self.lo, self.hi
                )
                for p in PARTS
            }
            loss(self.X, self.y, tried["linear"], tried["factors"], torch.tensor(new_bias)).backward()
        for part in moved:
            q, delta = self.tables[part]
            new = self.new_delta(part, learns[part], delta) if c.learns_steps else delta
            if c.stores_codes:
                u = rng.uniforms(q.size, seed=c.seed, stream=STREAMS[part], step=self.state.step).reshape(q.shape)
                here = rounded(moved[part] / np.reshape(new, (-1, 1)), u, c.rounding, self.lo, self.hi)
                out[part] = here, new
            else:
                out[part] = moved[part], new
        return out, new_bias

    def column(self, part):
        return self.tables[part][1].reshape(-1, 1)

    def used(self, w, delta):
        if self.c.precision == "lsq":
            return fake_quantized(w, delta, self.lo, self.hi)
        if self.c.precision == "pact":
            return clipped(w, delta * self.hi, self.hi)
        return w

    def new_delta(self, part, parameter, delta):
        """The absolute value of a parameter that the optimizer moves as it likes; the first moment changes sign with it."""
        c, k = self.c, self.tables[part][0].shape[1]
        rows, sharing = (self.seen, k) if delta.ndim else (True, D * k)
        name, unit = f"{part} steps", self.hi if c.precision == "pact" else 1
        of = tensor(delta * unit)
        of.grad = parameter.grad / unit if c.precision == "pact" else parameter.grad / np.sqrt(SIZE * sharing * self.hi)
        signed = self.stepped(name, of, rows, c.step_lr, c.step_l2, c.step_direction)
        self.crossed += int((signed < 0).sum())
        if c.step_direction in ("adam", "momentum"):
            self.new_moments[name][0] = np.where(signed < 0, -1, 1) * self.new_moments[name][0]
        return np.abs(signed) / unit


def hold(config, X, y, state, stepper, seed=3):
    """Fifty steps, each compared; returns how often a weight moved, and how often a step size went through zero."""
    moved = crossed = 0
    for t in range(STEPS):
        batch = rng.permutation(N, seed=seed, step=t)[:SIZE]
        twin = Twin(config, X[batch], y[batch], state)
        before = {part: entries(state.table(part)) for part in PARTS}
        expected, bias = twin.step()
        stepper.step(state, batch)
        for part, (new, delta) in expected.items():
            table = state.table(part)
            moved += int((entries(table) != before[part]).sum())
            if config.stores_codes:
                assert np.array_equal(entries(table), new), (t, part, np.argwhere(entries(table) != new))
            else:
                assert np.abs(entries(table) - new).max() < WEIGHTS, (t, part)
            if not isinstance(table, FloatTable):
                assert np.abs(table.delta - delta).max() < STEP_SIZES, (t, part)
        assert float(state.bias) == pytest.approx(float(bias), abs=WEIGHTS)
        for name, held in twin.new_moments.items():
            for ours, theirs in zip(state.optimizers[name].moments, held, strict=True):
                sums = 1e-6 if "momentum" in (config.optimizer, config.step_direction) else 1e-7  # of gradients, not their mean
                assert ours == pytest.approx(theirs.reshape(-1), abs=sums, rel=1e-6)
                if name in PARTS and (theirs >= 0).all():  # squares of many gradients: their sum has no cancellation
                    assert ours.astype(float).sum() == pytest.approx(theirs.sum(), rel=5e-6, abs=1e-12)
        crossed += twin.crossed
    return moved, crossed


ARGUMENTS = {
    "fp32": {},
    "lpt": {"delta": (0.11, 0.07)},
    "alpt": {"delta": (0.11, 0.07), "step_lr": 0.004},
    "lsq": {"delta": (0.11, 0.07), "step_lr": 0.004},
    "pact": {"delta": (0.11, 0.07), "step_lr": 0.03},
}


PLAINLY = list(product([0, K], ["sgd", "momentum", "adam", "adagrad"], ["touched", "dense"]))
COMPILED = [(K, "adam", "touched"), *compiles((K, "sgd", "touched"), (0, "adam", "touched"), (0, "sgd", "touched"))]


@pytest.mark.parametrize("precision", ARGUMENTS)
@pytest.mark.parametrize(("k", "optimizer", "update"), COMPILED if JIT else PLAINLY)
def test_fifty_steps(precision, k, optimizer, update):
    X, y = problem(density=0.4)
    lr = {"sgd": 0.3, "momentum": 0.1, "adam": 0.03, "adagrad": 0.05}[optimizer]
    more = {"k": k, "optimizer": optimizer, "update": update, "l2": 0.01, "step_l2": 0.05, "bits": 4, "lr": lr}
    state, stepper = make(X, y, precision=precision, **(ARGUMENTS[precision] | more))
    moved, _ = hold(stepper.config, X, y, state, stepper)
    assert moved > STEPS


@PLAIN
@pytest.mark.parametrize("precision", ["lpt", "alpt", "lsq"])
@pytest.mark.parametrize("width", [2, 8])
@pytest.mark.parametrize("step", ["row", "table"])
def test_widths_and_the_scale_of_a_shared_step_size(precision, width, step):
    """SGD, which shows the scale: 1 / sqrt(b N q_hi), N all weights that share the step size."""
    X, y = problem(density=0.4)
    more = {"bits": width, "step": step, "step_lr": 0.1, "lr": 0.3, "delta": (0.06 / width, 0.08 / width)}
    state, stepper = make(X, y, precision=precision, rounding="nearest" if width == 2 else "stochastic", **more)
    moved, _ = hold(stepper.config, X, y, state, stepper)
    assert moved > STEPS / 2


@pytest.mark.parametrize("precision", ["alpt", "lsq"])
@pytest.mark.parametrize("optimizer", ["adam", *(pytest.param(name, marks=PLAIN) for name in ("sgd", "momentum", "adagrad"))])
def test_step_sizes_that_go_through_zero(precision, optimizer):
    """Learning rates of the order of the step sizes: the parameter changes sign, and its absolute value goes on.

    Numbers are crooked: first moves of Adam and AdaGrad are lr itself, and a whole or half number of steps is a tie.
    """
    X, y = problem(density=0.4)
    more = {"bits": 4, "lr": 0.0213, "step_lr": {"sgd": 3.0, "momentum": 1.0, "adam": 0.0187, "adagrad": 0.0161}[optimizer]}
    state, stepper = make(X, y, precision=precision, optimizer=optimizer, delta=(0.013, 0.0117), **more)
    _, crossed = hold(stepper.config, X, y, state, stepper)
    assert crossed > 0
