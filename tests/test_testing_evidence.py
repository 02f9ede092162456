"""The tests behind the statistical properties: against integrals, enumeration and brute force; their error rates exactly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom

from alpt_ref.intervals import bounded_mean, bounded_mean_p
from alpt_ref.testing.evidence import agreement, detectable, identity, log_evidence, mirrored, p_value, signs

pytestmark = pytest.mark.glue


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


def test_probabilities_may_differ_from_rounding_to_rounding():
    """The worst choice of each of them inside of the interval, knowing all before, by dynamic programming."""
    alpha, n, lo, hi = 0.05, 300, 0.4, 0.5
    chance = np.zeros(n + 2)
    for m in range(n, 0, -1):
        after = np.maximum(*(p * chance[1:] + (1 - p) * chance[:-1] for p in (lo, hi)))[: m + 1]
        chance = np.where(log_evidence(np.arange(m + 1), m, lo, hi) >= -math.log(alpha), 1.0, after)
    assert 0.0 < max(hi * chance[1] + (1 - hi) * chance[0], lo * chance[1] + (1 - lo) * chance[0]) <= alpha


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


def brute(pairs):
    """(agreements, pairs, two-sided p) of the signs that are not 0."""
    kept = [(a, b) for a, b in pairs if a * b != 0]
    k, n = sum(a == b for a, b in kept), len(kept)
    return k, n, min(1.0, 2.0 * binom.sf(max(k, n - k) - 1, n, 0.5))


def draw(rng, n, p=0.5):
    return signs(rng.random(n) < p, rng.random(n) < p)


def test_agreement_and_mirror_are_those_of_brute_force():
    rng = np.random.default_rng(1)
    y, z = draw(rng, 101), draw(rng, 101, 0.3)
    for second, lags in ((None, range(1, 38)), (z, range(-37, 38))):
        found, smallest = agreement(y, second), 1.0
        other = y if second is None else z
        for lag in lags:
            pairs = zip(y[: 101 - lag], other[lag:], strict=True) if lag >= 0 else zip(y[-lag:], other[:lag], strict=True)
            k, n, p = brute(pairs)
            smallest = min(smallest, p)
            if lag == found.at:
                assert (found.agreed, found.pairs) == (k, n)
        assert found.p == pytest.approx(min(1.0, smallest * len(lags)))
    found = mirrored(y)
    by_place = [brute([(y[i], y[s - i]) for i in range(101) if i < s - i < 101]) for s in range(201)]
    assert (found.agreed, found.pairs) == by_place[found.at][:2]
    assert found.p == pytest.approx(min(1.0, min(p for _, _, p in by_place) * 201))


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
    rng = np.random.default_rng(3)
    found = agreement(signs(*(make(rng.random(4096)) < 0.5 for _ in range(2))))
    assert found.p < 1e-9
    assert distance is None or found.at == distance


def test_mirrored_sees_a_reflection():
    rng = np.random.default_rng(4)
    halves = [rng.random(500) for _ in range(2)]
    found = mirrored(signs(*(np.concatenate((half, 1 - half[::-1])) < 0.5 for half in halves)))
    assert (found.at, found.agreed) == (999, 0)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_p_values_are_super_uniform_whatever_the_share(share):
    """A bias of the bits leaves their signs fair."""
    rng = np.random.default_rng(7)
    pairs = [agreement(draw(rng, 256, share), draw(rng, 256, share)).p for _ in range(500)]
    alone = [agreement(draw(rng, 256, share)).p for _ in range(500)]
    mirror = [mirrored(draw(rng, 256, share)).p for _ in range(500)]
    for p in (pairs, alone, mirror):
        for t in (0.01, 0.05, 0.2):
            assert np.mean(np.array(p) <= t) <= t + 4 * math.sqrt(t * (1 - t) / 500)


def test_identity_bounds_the_chance_of_the_same_bits():
    bits = np.array([True, False, True, True])
    assert identity(bits) == pytest.approx(max((p**3 * (1 - p)) for p in np.linspace(0, 1, 1001)), rel=1e-5)
    assert identity(np.ones(4, bool)) == 1.0


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
