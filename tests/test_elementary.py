"""Our exp and log1p against longer arithmetic: the bounds that their docstring states."""

import math

import numba
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


EXACT = {"exp_negative": math.exp, "log1p": math.log1p}


def compiled_worst(function):
    """:func:`worst` of float32 in one pass, infinite where a result is not finite."""
    exact_of = numba.njit(lambda x: function(x))

    @numba.njit
    def worst_of(x, out):
        most = 0.0
        for i in range(x.size):
            exact = exact_of(np.float64(x[i]))
            bits = np.float32(exact).view(np.int32) & 0x7F800000  # the binade; that of subnormal numbers has the same spacing
            ulp = math.ldexp(1.0, max(bits >> 23, 1) - 150)
            error = abs(np.float64(out[i]) - exact) / ulp
            most = error if error > most else most
            if not math.isfinite(out[i]):
                return math.inf
        return most

    return worst_of


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
    loop, worst_of = of_arrays(name, np.float32), compiled_worst(EXACT[name])
    sign = np.uint32(0x80000000 if name == "exp_negative" else 0)
    last = int(np.float32(104.0 if name == "exp_negative" else 1.0).view(np.uint32))
    bits, out = np.arange(2**16, dtype=np.uint32), np.empty(2**16, np.float32)
    found = 0.0
    for first in range(0, last + 1, 2**16):
        x = ((bits[: last + 1 - first] + np.uint32(first)) | sign).view(np.float32)
        loop(x, out)
        found = max(found, worst_of(x, out))
    assert found < BOUNDS[np.float32]


@once
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_compiled_measure_is_the_other(name):
    x, loop = arguments(name, 2000, -103.0).astype(np.float32), of_arrays(name, np.float32)
    out = np.empty_like(x)
    loop(x, out)
    assert compiled_worst(EXACT[name])(x, out) == pytest.approx(worst(loop, name, x), rel=1e-6)
    for wrong in (np.nextafter(np.nextafter(out, np.float32(9)), np.float32(9)), np.where(x == x[7], np.nan, out)):
        assert not compiled_worst(EXACT[name])(x, wrong.astype(np.float32)) < BOUNDS[np.float32]


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
