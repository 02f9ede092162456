"""Intervals for bounded means: coverage at every n, width near an end of the range, refusals."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom

from alpt_ref.intervals import _log_capital, bounded_mean, student
from tests.marks import once

Draw = Callable[[np.random.Generator, int], np.ndarray]
LAWS: dict[str, tuple[Draw, float]] = {
    "Bernoulli 1/2": (lambda rng, n: (rng.random(n) < 0.5).astype(float), 0.5),
    "Bernoulli 1/50": (lambda rng, n: (rng.random(n) < 0.02).astype(float), 0.02),
    "Bernoulli 49/50": (lambda rng, n: (rng.random(n) < 0.98).astype(float), 0.98),
    "uniform": (lambda rng, n: rng.random(n), 0.5),
    "near 0": (lambda rng, n: 0.003 * (0.5 + rng.random(n)), 0.003),
    "constant": (lambda rng, n: np.full(n, 0.7), 0.7),
}


@once
@pytest.mark.parametrize("name", LAWS)
def test_coverage_at_every_look(name: str) -> None:
    """A miss is a miss at any of four looks."""
    draw, mu = LAWS[name]
    rng, runs, alpha = np.random.default_rng(3), 120, 0.2
    misses = 0
    for _ in range(runs):
        x = 2.0 - 5.0 * draw(rng, 120)
        looks = [bounded_mean(x[:n], -3.0, 2.0, alpha) for n in (10, 30, 60, 120)]
        misses += any(abs(look.mean - (2.0 - 5.0 * mu)) > look.half for look in looks if look.half is not None)
    assert misses <= binom.ppf(1 - 1e-6, runs, alpha)


@pytest.mark.parametrize("m", [0.003, 0.3, 0.9])
def test_capital_is_a_martingale(m: float) -> None:
    """E K(m) = 1 under Bernoulli(m), summed over all outcomes."""
    n = 40
    hits = np.arange(n + 1)
    capital = [math.exp(_log_capital(np.array([0.0, 1.0]), np.array([n - k, k]), m)) for k in hits]
    assert binom.pmf(hits, n, m) @ capital == pytest.approx(1.0, rel=1e-11)


@pytest.mark.parametrize("alpha", [0.1, 1e-3])
def test_the_level_is_the_one_asked(alpha: float) -> None:
    """One sample at the upper end: K(m) = 1 + c (1/m - 1), c the mean bet, is 2/alpha at a known m. Any other level shows."""
    c = 0.95 / 2 + 0.95 / 18 * (1 - 2.0**-9)
    assert bounded_mean([1.0], 0.0, 1.0, alpha).half == pytest.approx(1 - 1 / (1 + (2 / alpha - 1) / c), abs=1e-9)


def test_width_near_an_end_of_the_range() -> None:
    """Samples near 0.003 of the range, 3000 of them, level 1e-8: half below 0.01 of the range, from either end."""
    x = 0.003 + 0.001 * np.random.default_rng(5).uniform(-1, 1, 3000)
    for samples in (x, 1.0 - x):
        estimate = bounded_mean(40.0 * samples, 0.0, 40.0, 1e-8)
        assert estimate.half is not None
        assert estimate.half < 0.0075 * 40.0
        assert estimate.half > 0.0064 * 40.0  # a sample of 1 with probability log(2/alpha)/n would be missed by chance


def test_width_is_close_to_the_normal_one() -> None:
    x, alpha = np.random.default_rng(6).random(4000), 1e-6
    estimate = bounded_mean(x, 0.0, 1.0, alpha)
    assert estimate.half is not None
    assert estimate.half < 1.2 * x.std() * math.sqrt(2 * math.log(2 / alpha) / x.size)
    assert estimate.half > student(x, 0.95).half  # type: ignore[operator]


def test_a_mean_that_is_off_is_ruled_out() -> None:
    """What verdicts rest on: the interval shrinks past a bound above the mean, and past one below it."""
    x = (np.random.default_rng(7).random(2000) < 0.3).astype(float)
    mean, half = bounded_mean(x, 0.0, 1.0, 1e-4)
    assert half is not None
    assert mean + half < 0.4
    assert mean - half > 0.2


def test_order_and_scale_do_not_matter() -> None:
    x = np.random.default_rng(8).random(50)
    given = bounded_mean(x, 0.0, 1.0, 0.01)
    assert bounded_mean(np.sort(x), 0.0, 1.0, 0.01) == pytest.approx(given, rel=1e-12)
    moved = bounded_mean(1e6 * x - 5.0, -5.0, 1e6 - 5.0, 0.01)
    assert moved == pytest.approx((1e6 * given.mean - 5.0, 1e6 * given.half), rel=1e-9)  # type: ignore[operator]


def test_ends_are_allowed() -> None:
    assert bounded_mean([1.0 + 1e-13, -1e-13], 0.0, 1.0, 0.05).mean == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("samples", "low", "high", "alpha", "message"),
    [
        ([0.5, 1.1], 0.0, 1.0, 0.1, "samples must be in"),
        ([0.5, -0.1], 0.0, 1.0, 0.1, "samples must be in"),
        ([0.5, np.nan], 0.0, 1.0, 0.1, "samples must be in"),
        ([], 0.0, 1.0, 0.1, "samples must be in"),
        ([0.5], 0.0, 1.0, 0.0, "alpha must be in"),
        ([0.5], 0.0, 1.0, 1.0, "alpha must be in"),
        ([0.5], 1.0, 1.0, 0.1, "low must be below high"),
        ([0.5], 0.0, np.inf, 0.1, "low must be below high"),
    ],
)
def test_refusals(samples: list[float], low: float, high: float, alpha: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bounded_mean(samples, low, high, alpha)
