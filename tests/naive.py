"""Oracles of the tests besides ``alpt_ref.reference``: Philox in Python integers, the loss, quantization with PACT's slopes."""

import numpy as np

from alpt_ref import reference
from alpt_ref.scalars.philox import Stream
from alpt_ref.scalars.slopes import gradient_scale
from alpt_ref.training.table import FloatTable


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 in Python integers (Salmon et al., SC 2011)."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c0, 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def word(index: int, step: int, stream: int, seed: int) -> int:
    """The 32-bit word that element ``index`` (row k + column) draws at ``step``, from 0; its uniform is (word >> 8) 2^-24."""
    block = index // 4
    return philox((block % 2**32, block // 2**32, step, stream), (seed % 2**32, seed // 2**32))[index % 4]


def loss(X, y, w, V, bias: float, s=1.0) -> float:
    """The mean of s log-loss."""
    z = reference.score(X, w, V, bias)
    return float(np.mean(s * (np.logaddexp(0, z) - y * z)))


def fake_quantize(w, delta, lo, hi, inside="lsq"):
    """Weights after rounding to nearest, and their slopes in the step size (of LSQ or PACT) and, straight through, in w."""
    s = w / delta
    within = (lo < s) & (s < hi)
    quantized, slope = reference.quantized(w, delta, lo, hi)
    return quantized, np.where(within & (inside == "pact"), 0.0, slope), within.astype(float)


def next_steps(delta, move):
    """Step sizes after a move: the absolute value of a parameter that may have either sign."""
    return np.clip(np.abs(delta + move), 2.0**-60, 2.0**60)


def pooled(g, per_row):
    """Gradients of the step sizes from those of the weights (n, k): one for each row, or the same, their sum, for all."""
    of_rows = g.sum(axis=1, keepdims=True)
    return of_rows if per_row else np.full_like(of_rows, of_rows.sum())


def uniforms(shape, step, stream, seed, random_bits=24):
    """The uniforms of a table (n, k) at a step, from 0, element by element."""
    words = [word(i, step, stream, seed) >> (32 - random_bits) for i in range(shape[0] * shape[1])]
    return np.array(words, float).reshape(shape) * 2.0**-random_bits


def state_of(state, config):
    """A training state as ``reference`` has it, codes and step sizes in float64."""

    def moments(name, shape):
        held = [of.reshape(shape) if of.size else 0.0 for of in state.optimizers[name].moments.astype(float)]
        optimizer, none = config.step_direction if name.endswith(" steps") else config.optimizer, [0.0] * (2 - len(held))
        m, v = held + none if optimizer == "momentum" else none + held
        return m, v

    tables = []
    for part in ("linear", "factors"):
        table = state.table(part)
        n, k = table.shape
        if isinstance(table, FloatTable):
            q, delta = table.weights.astype(float) if k else np.zeros((n, 1)), np.ones((n, 1))
        else:
            q, delta = table.codes().astype(float), np.broadcast_to(table.delta.astype(float).reshape(-1, 1), (n, 1))
        tables.append(reference.Table(q, delta, moments(part, (n, -1)), moments(f"{part} steps", (-1, 1))))
    of_bias = moments("bias", ())
    return reference.State(tables[0], tables[1], float(state.bias), of_bias, state.step)


def settings_of(config, n_examples, n_features):
    """The arguments of a run as ``reference`` has them, for a batch of ``n_examples``."""
    per_row = tuple(config.steps_of(part) == "row" for part in ("linear", "factors"))
    scales = tuple(
        gradient_scale(config.step_scale, n_examples, k, 1 if own else n_features, config.box[1])
        for k, own in zip((1, max(config.k, 1)), per_row, strict=True)
    )
    return reference.Settings(
        lr=config.lr,
        box=config.box,
        rounding=config.rounding,
        optimizer=config.optimizer,
        decays=config.decays,
        l2=config.l2,
        dense=config.dense,
        step_lr=config.step_lr,
        step_optimizer=config.step_direction,
        step_l2=config.step_l2,
        step_offset=config.step_offset,
        ends=config.ends,
        momentum=config.momentum,
        l1=config.l1,
        beta=config.beta,
        scales=scales,
        per_row=per_row,
        codes=tuple(config.storage_of(part) == "codes" for part in ("linear", "factors")),
        fits=(config.fit_linear, True),
    )


def step(X, y, state, config, s=1.0):
    """The state after one step on the minibatch X, y of weights s, by ``reference``, with the words of (weight, step, seed)."""
    at = state_of(state, config)
    u = tuple(
        uniforms(table.q.shape, at.t, stream, config.seed, config.random_bits)
        for table, stream in zip((at.linear, at.factors), (Stream.LINEAR, Stream.FACTORS), strict=True)
    )
    take = reference.alpt_step if config.precision == "alpt" else reference.lpt_step
    return take(X.astype(float), y.astype(float), at, settings_of(config, len(y), X.shape[1]), u, s)
