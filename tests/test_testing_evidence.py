"""The tests behind the statistical properties: against integrals, enumeration and brute force; their error rates exactly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom

from alpt_ref.intervals import bounded_mean, bounded_mean_p
from alpt_ref.testing.evidence import agreement, detectable, log_evidence, p_value


@pytest.mark.parametrize(("k", "n", "p"), [(0, 5, 0.3), (3, 7, 0.5), (20, 20, 0.9), (1, 40, 0.02)])
def test_evidence_is_the_integral(k, n, p):
    def integrand(theta):
        return theta**k * (1 - theta) ** (n - k) * beta.pdf(theta, 0.5, 0.5)

    whole = quad(integrand, 0.0, 0.5)[0] + quad(integrand, 0.5, 1.0)[0]
    assert math.exp(log_evidence(k, n, p, p)) == pytest.approx(whole / (p**k * (1 - p) ** (n - k)), rel=1e-6)


@given(st.integers(0, 60), st.floats(0.01, 0.99))
def test_evidence_is_an_e_value(n, p):
    """Its expectation under p is 1, whatever n; against an interval around p at most 1."""
    k = np.arange(n + 1)
    mass = binom.pmf(k, n, p)
    assert np.exp(log_evidence(k, n, p, p)) @ mass == pytest.approx(1.0, rel=1e-9)
    wide = np.exp(log_evidence(k, n, max(p - 0.1, 0.0), min(p + 0.1, 1.0)))
    assert wide @ mass <= 1.0 + 1e-9


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5])
def test_no_look_ever_rejects_more_often_than_alpha(p):
    """Exactly: the law of k over 400 steps, with what has been rejected taken out."""
    alpha, alive, rejected = 0.05, np.array([1.0]), 0.0
    for n in range(1, 401):
        alive = np.append(alive * (1 - p), 0.0) + np.append(0.0, alive * p)
        out = log_evidence(np.arange(n + 1), n, p, p) >= -math.log(alpha)
        rejected += alive[out].sum()
        alive[out] = 0.0
    assert 0.0 < rejected <= alpha


def test_an_impossible_outcome_is_infinite_evidence():
    assert p_value(float(log_evidence(1, 10, 0.0, 0.0))) == 0.0
    assert p_value(float(log_evidence(0, 10, 0.0, 0.0))) <= 1.0
    assert log_evidence(0, 0, 0.5, 0.5) == 0.0


@pytest.mark.parametrize(("p", "slack", "n"), [(0.5, 0.0, 1000), (0.1, 0.02, 3000), (2.0**-8, 0.0, 3000)])
def test_detectable_is_the_smallest_that_is_detected(p, slack, n):
    alpha, power = 1e-6, 0.99
    reject = log_evidence(np.arange(n + 1), n, max(p - slack, 0.0), p + slack) >= -math.log(alpha)

    def chance(q):
        side = np.arange(n + 1) > n * p if q > p else np.arange(n + 1) < n * p
        return binom.pmf(np.arange(n + 1), n, q)[reject & side].sum()

    found = detectable(p, slack, n, alpha, power)
    for b, way in ((found.up, 1), (found.down, -1)):
        if b is None:
            assert chance(0.0) < power
        else:
            assert chance(p + way * b * 1.001) >= power > chance(p + way * b * 0.999)


def test_agreement_is_that_of_brute_force():
    rng = np.random.default_rng(1)
    a, b = rng.random(101) < 0.5, rng.random(101) < 0.3
    for first, second, same in ((a, a, True), (a, b, False), (b, b, True)):
        p, lag, agreed, pairs = agreement(first, second, same=same)
        smallest, tests = 1.0, 0
        for shift in range(1 if same else -50, 51):
            one, other = (first[: 101 - shift], second[shift:]) if shift >= 0 else (first[-shift:], second[:shift])
            k, n = int((one == other).sum()), one.size
            tests += 1
            smallest = min(smallest, 2.0 * binom.sf(max(k, n - k) - 1, n, 0.5))
            if shift == lag:
                assert (agreed, pairs) == (k, n)
        assert p == pytest.approx(min(1.0, smallest * tests))


@pytest.mark.parametrize(
    ("make", "distance"),
    [
        (lambda u: np.repeat(u[:64], 64), 1),
        (lambda u: np.resize(u[:1000], 4096), 1000),
        (lambda u: np.stack((u[:2048], 1 - u[:2048]), 1).reshape(-1), 1),
        (lambda u: (u[0] + np.arange(4096) * 0.6180339887) % 1.0, None),
    ],
)
def test_agreement_sees_what_is_shared(make, distance):
    bits = make(np.random.default_rng(3).random(4096)) < 0.5
    p, lag, _, _ = agreement(bits, bits, same=True)
    assert p < 1e-9
    assert distance is None or lag == distance


def test_p_values_of_fair_bits_are_super_uniform():
    rng = np.random.default_rng(7)
    p = [agreement(*(rng.random((2, 256)) < 0.5), same=False)[0] for _ in range(1000)]
    for t in (0.01, 0.05, 0.2):
        assert np.mean(np.array(p) <= t) <= t + 4 * math.sqrt(t * (1 - t) / 1000)


def test_p_of_a_bounded_mean_is_the_level_at_which_its_interval_excludes_it():
    x = np.random.default_rng(0).random(500)
    for mean in (0.4, 0.45, 0.6):
        p = bounded_mean_p(x, 0.0, 1.0, mean)
        inside = bounded_mean(x, 0.0, 1.0, p * 0.99)
        outside = bounded_mean(x, 0.0, 1.0, min(p * 1.01, 0.999))
        ends = [estimate.mean + math.copysign(estimate.half, mean - estimate.mean) for estimate in (inside, outside)]
        assert abs(ends[0] - x.mean()) >= abs(mean - x.mean()) * 0.98
        assert abs(ends[1] - x.mean()) <= abs(mean - x.mean()) * 1.1
    with pytest.raises(ValueError, match=r"mean must be inside of \(0.0, 1.0\)"):
        bounded_mean_p(x, 0.0, 1.0, 1.0)


def test_p_of_a_bounded_mean_is_super_uniform():
    rng = np.random.default_rng(5)
    p = np.array([bounded_mean_p(rng.random(200) < 0.3, 0.0, 1.0, 0.3) for _ in range(500)])
    for t in (0.05, 0.2, 0.5):
        assert np.mean(p <= t) <= t + 4 * math.sqrt(t * (1 - t) / 500)
