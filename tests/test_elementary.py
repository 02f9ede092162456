"""Our exp and log1p against longer arithmetic: the bounds that their docstring states."""

import math

import numpy as np
import pytest

from alpt_ref.scalars import elementary
from alpt_ref.scalars.jit import kernel
from tests.marks import long, once

BOUNDS = {np.float32: 1.0, np.float64: 1.25}  # units in the last place
FUNCTIONS = {"exp_negative": np.exp, "log1p": np.log1p}


def of_arrays(name, real):
    function = getattr(elementary.FLOAT32 if real is np.float32 else elementary.FLOAT64, name)

    @kernel
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return loop


def worst(loop, name, x):
    """The largest error in units in the last place. Longer arithmetic: float64 for float32, extended for float64."""
    out, longer = np.empty_like(x), np.float64 if x.dtype == np.float32 else np.longdouble
    loop(x, out)
    exact = FUNCTIONS[name](x.astype(longer))
    assert np.isfinite(out).all()
    return float((np.abs(out - exact) / np.spacing(exact.astype(x.dtype)).astype(longer)).max(initial=0))


def arguments(name, n, lowest):
    rng = np.random.default_rng(n)
    tiny = 10.0 ** rng.uniform(-44, 0, n)
    if name == "log1p":
        return np.concatenate((rng.random(n), tiny, [0.0, 0.5, np.nextafter(0.5, 0), 1.0]))
    steps = np.arange(int(-lowest / math.log(2))) * math.log(2)  # where n changes, and between
    return -np.concatenate((lowest * -rng.random(n), tiny, rng.exponential(1, n), steps, steps + math.log(2) / 2, [0.0]))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs a longdouble of more than 64 bits")
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("real", BOUNDS)
def test_errors_of_samples(name, real):
    lowest = -103.0 if real is np.float32 else -745.0
    x = arguments(name, 2000, lowest).astype(real)
    assert worst(of_arrays(name, real), name, x) < BOUNDS[real]


@long
@once
@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_of_all_numbers_of_float32(name):
    """Every argument: 1.1 billion of each."""
    loop, sign = of_arrays(name, np.float32), np.uint32(0x80000000 if name == "exp_negative" else 0)
    last = int(np.float32(104.0 if name == "exp_negative" else 1.0).view(np.uint32))
    blocks = np.arange(0, last + 1, 2**22)
    bits = np.arange(2**22, dtype=np.uint32)
    found = [worst(loop, name, (np.minimum(b + bits, last).astype(np.uint32) | sign).view(np.float32)) for b in blocks]
    assert max(found) < BOUNDS[np.float32]


@pytest.mark.parametrize("real", BOUNDS)
def test_ends(real):
    out = np.empty(6, real)
    of_arrays("exp_negative", real)(np.array([0.0, -0.0, -np.inf, -1e4, np.nan, -1e-30], real), out)
    assert out[[0, 1, 2, 3, 5]].tolist() == [1.0, 1.0, 0.0, 0.0, 1.0]
    assert np.isnan(out[4])
    of_arrays("log1p", real)(np.array([0.0, 1.0], real), out[:2])
    assert out[0] == 0.0
    assert out[1] == real(math.log(2))


def test_exp_decreases_with_its_argument():
    """Neighbours in float32 about each place where n changes, and where the result becomes subnormal."""
    at = np.concatenate(((np.arange(150) + 0.5) * math.log(2), [87.336, 103.2])).astype(np.float32).view(np.uint32)
    x = -(at[:, None] + np.arange(-50, 50)).astype(np.uint32).view(np.float32)
    out = np.empty_like(x)
    of_arrays("exp_negative", np.float32)(x.reshape(-1), out.reshape(-1))
    assert (np.diff(out, axis=1) <= 0).all()
