"""The quantizer against rational arithmetic: one division is rounded, and nothing else."""

from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import strategies as st

from alpt_ref import Grid, quantize
from alpt_ref.scalars.rounding import ROUNDINGS

UNIT = "elements"

COUNT = 400
inputs = st.tuples(
    st.integers(2, 16),
    st.floats(2.0**-130, 2.0**100, width=32),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(ROUNDINGS),
    st.integers(0, 2**32),
)


def exact(s: Fraction, u: float, rounding: str) -> int:
    """The code of s, in range."""
    n = floor(s)
    a = s - n
    if rounding == "stochastic":
        return n + (Fraction(u) < a)
    if rounding == "floor":
        return n
    if rounding == "toward_zero":
        return n + (s < 0 and a > 0)
    return n + (a > Fraction(1, 2) or (a == Fraction(1, 2) and n % 2 == 1))


def one(drawn: tuple) -> int:
    """Judge values at, beside and between the points of a grid; returns how many they are."""
    bits, delta, dtype, rounding, seed = drawn
    try:
        grid = Grid(bits, delta)
    except ValueError:
        return 0
    rng = np.random.default_rng(seed)
    d = dtype(grid.delta)
    q = rng.integers(grid.q_lo - 2, grid.q_hi + 3, COUNT).astype(dtype)
    with np.errstate(all="ignore"):
        at = rng.choice([0, 0.5, 0.25, 2.0**-12, 1 - 2.0**-12, 2.0**-24], COUNT).astype(dtype)
        x = np.where(rng.random(COUNT) < 0.5, (q + at) * d, rng.normal(size=COUNT).astype(dtype) * d * dtype(2.0 ** (bits - 1)))
        steps = rng.integers(-2, 3, COUNT)
        for step in (-1, 1):
            x = np.where(np.sign(steps) == step, np.nextafter(x, dtype(step * np.inf)), x)
        x = np.where(np.isfinite(x), x, dtype(0))
        s = x / d
        stored = np.rint(np.clip(s, grid.q_lo, grid.q_hi)).astype(dtype)
        snapped = (stored * d == x) | ((stored.astype(np.float32) * grid.delta).astype(dtype) == x)
        s = np.clip(np.where(snapped, stored, s), grid.q_lo, grid.q_hi)
    a = np.clip(s - np.floor(s), 0, 1 - 2.0**-24)
    near = np.clip(np.round(a * 2.0**24) + rng.integers(-1, 2, COUNT), 0, 2**24 - 1) * 2.0**-24
    u = np.where(rng.random(COUNT) < 0.7, near, rng.integers(0, 2**24, COUNT) * 2.0**-24)
    codes = quantize(x, grid, rounding, **({"u": u} if rounding == "stochastic" else {}))
    for i in range(COUNT):
        wanted = exact(Fraction(float(s[i])), float(u[i]), rounding)
        assert codes[i] == wanted, (grid, dtype, rounding, float(x[i]).hex(), float(u[i]).hex(), int(codes[i]), wanted)
    return COUNT
