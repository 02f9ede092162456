"""Statistical properties: what is found, false alarms are as rare as said, p-values are super-uniform."""

import numpy as np
import pytest

from alpt_ref.testing import check_quantizer
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.properties import BY_NAME, CONTRACT
from alpt_ref.testing.suite import ALPHA, FAIL, FALSE_ALARM, PASS, level_of
from tests.marks import long, once
from tests.quantizers import F, SeedOnly, Sound

STATISTICAL = [entry.name for entry in CONTRACT if entry.statistical]


class Shifted(Sound):
    """Goes up where a word is below the fraction and a bias."""

    def __init__(self, bias):
        super().__init__()
        self.bias = bias

    def codes(self, s, u):
        n = np.floor(s)
        return n + ((s > n) & (u < s - n + self.bias))


@once
@pytest.mark.parametrize("bias", [2.0**-16, -(2.0**-16)])
def test_thorough_finds_a_bias_of_2_to_the_minus_16(bias):
    """By enumeration."""
    enumerated = check_quantizer(Shifted(bias), "unbiased-enumerated", level="thorough")["unbiased-enumerated"]
    assert enumerated.status == FAIL
    assert "bias" in enumerated.note


@once
@long
@pytest.mark.parametrize("bias", [2.0**-16, -(2.0**-16)])
def test_thorough_finds_a_bias_of_2_to_the_minus_16_by_sampling(bias):
    """At the fractions of at most 2^-12, where it shows."""

    class Drawn(SeedOnly):
        def quantize(self, x, delta, bits, seed):
            return Shifted(bias).quantize(x, delta, bits, seed)

    # Without its needs, a minute's worth, which bias does not touch.
    sampled = BY_NAME["unbiased"].check(Candidate(Drawn), level_of("thorough"), ALPHA)
    assert sampled.p <= ALPHA
    assert "bias" in sampled.against


class Reseeded(SeedOnly):
    """The same sound quantizer with other random numbers in every run."""

    def __init__(self, run):
        self._run = run

    def quantize(self, x, delta, bits, seed):
        u = np.random.default_rng([self._run, seed]).random(x.shape, F)
        return Sound().quantize_with_uniforms(x, delta, bits, u)


@once
@pytest.mark.parametrize(("first", "runs"), [(0, 5), pytest.param(0, 50, marks=long)])
def test_no_alarm_in_quick_runs_and_super_uniform_p_values(first, runs):
    reports = [check_quantizer(Reseeded(run), level="quick") for run in range(first, first + runs)]
    assert all(report.conforms for report in reports)
    p = np.array([[report[name].p for name in STATISTICAL] for report in reports])
    for t in (0.01, 0.05, 0.1, 0.2, 0.5):
        below = (p <= t).sum(axis=0)
        assert (below <= runs * t + 4.0 * np.sqrt(runs * t * (1.0 - t)) + 1.0).all(), (
            t,
            dict(zip(STATISTICAL, below, strict=True)),
        )
    assert p.min() < 0.5  # they are p-values of something


def test_the_false_alarm_rate_is_shared_evenly():
    assert pytest.approx(FALSE_ALARM) == ALPHA * len(STATISTICAL)
    assert FALSE_ALARM <= 1e-6


@once
def test_bias_is_not_taken_for_dependence():
    class Drifts(Sound):
        def codes(self, s, u):
            n = np.floor(s)
            return n + ((s > n) & (u < s - n + 0.2))

    report = check_quantizer(Drifts, "elements-independent", "seeds-independent", "unbiased", level="default")
    assert [outcome.status for outcome in report.outcomes] == [PASS, PASS, FAIL]


@once
def test_a_constant_is_neither_dependent_nor_unbiased():
    class Floors(Sound):
        def codes(self, s, u):
            return np.floor(s)

    report = check_quantizer(Floors, level="quick")
    assert report["elements-independent"].status == PASS
    assert report["unbiased"].failed
