"""The loss scalars against 80-digit decimals, in both types, to logits of +-1e4."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref.scalars.logistic import FLOAT32, FLOAT64

TYPES = {"float32": (np.float32, FLOAT32), "float64": (np.float64, FLOAT64)}


def oracle(z):
    """sigmoid(z) and log(1 + e^z) to 80 digits, less cancellation."""
    with localcontext() as context:
        context.prec = 80
        x = Decimal(float(z))
        e = (-abs(x)).exp()
        return (1 if z >= 0 else e) / (1 + e), max(x, Decimal(0)) + (1 + e).ln()


@pytest.mark.parametrize("name", TYPES)
@given(z=st.floats(-120, 120, width=32) | st.sampled_from([0.0, -0.0, 1e4, -1e4, 1e-30, 88.0, -88.0, 710.0, -745.0]))
def test_against_decimals(name, z):
    real, f = TYPES[name]
    z = real(z)
    eps = float(np.finfo(real).eps)
    sigmoid, softplus = oracle(z)
    tiny = float(np.finfo(real).tiny)
    assert abs(Decimal(float(f.sigmoid(z))) - sigmoid) <= Decimal(4 * eps) * sigmoid + Decimal(tiny)
    for y in (0, 1):
        exact = softplus - y * Decimal(float(z))
        loss = f.log_loss(z, real(y))
        slack = Decimal(4 * eps) * (abs(exact) + (abs(Decimal(float(z))) if y else 0)) + Decimal(tiny)
        assert abs(Decimal(float(loss)) - exact) <= slack
        assert abs(Decimal(float(f.residual(z, real(y)))) - (sigmoid - y)) <= Decimal(4 * eps)


@pytest.mark.parametrize("name", TYPES)
def test_residual_is_the_derivative(name):
    _, f = TYPES[name]
    for z in (-30.0, -2.0, 0.0, 0.7, 25.0):
        for y in (0.0, 1.0):
            h = 1e-5
            slope = (FLOAT64.log_loss(z + h, y) - FLOAT64.log_loss(z - h, y)) / (2 * h)
            assert float(f.residual(TYPES[name][0](z), TYPES[name][0](y))) == pytest.approx(slope, abs=1e-6)
