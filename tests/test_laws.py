"""Exact laws against path enumeration, Monte Carlo, closed forms; stationary laws; rules as tables; refusals."""

import math
from collections import defaultdict
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from alpt_ref.grid import Grid
from alpt_ref.problems import from_dataset
from alpt_ref.problems.box import codes_of
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, quadratic, slopes
from alpt_ref.problems.joint import click_table, finite_logistic, joint_quadratic, rotated, small_logistic
from alpt_ref.scalars.rounding import FLOAT64, ROUNDINGS
from alpt_ref.theory import t6
from alpt_ref.walks import stationary
from alpt_ref.walks.asked import Asked, blocks, enumerated
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.moving import Path
from alpt_ref.walks.rule import (
    BUILT_IN,
    FLOOR,
    NEAREST,
    STOCHASTIC,
    TOWARD_ZERO,
    Rule,
    as_rule,
    centred_bits,
    random_bits,
)
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import reachable, stationary_law
from alpt_ref.walks.walk import Walk

MINE = Rule("mine", lambda q_floor, a: a**2)
FEW = random_bits(2)


def p_up(rule: Rule, n: int, a: float) -> float:
    """Rounding up, written out for the built-in rules, from u enumerated or from the definition."""
    match rule.name:
        case "nearest":
            return float(a > 0.5 or (a == 0.5 and n % 2 == 1))
        case "stochastic":
            return a
        case "toward_zero":
            return float(n < 0 and a > 0)
        case "floor":
            return 0.0
        case "stochastic(2)":
            return sum(j / 4 < a for j in range(4)) / 4
    return a**2


def enumerate_paths(problem, grid, rule, etas, start):
    """Law after the steps, and per step the chances of clipping and moving: every outcome and every rounding, by recursion."""
    d, delta = problem.d, float(grid.delta)
    here = {tuple(np.rint(np.broadcast_to(start, (d,)) / delta).astype(int)): 1.0}
    clipped, moved = np.zeros(len(etas)), np.zeros(len(etas))
    for t, eta in enumerate(etas):
        p = problem.probabilities if np.ndim(problem.probabilities) == 1 else problem.probabilities[t]
        after = defaultdict(float)
        for q, mass in here.items():
            g = problem.gradients(delta * np.array([q], float))[:, 0]
            for j, chance in enumerate(p):
                ends = []
                outside = False
                for i in range(d):
                    s = q[i] - eta * g[j, i] / delta
                    outside |= not grid.q_lo <= s <= grid.q_hi
                    s = min(max(s, grid.q_lo), grid.q_hi)
                    n = math.floor(s)
                    up = p_up(rule, n, s - n)
                    ends.append([(n, 1 - up), (n + 1, up)])
                clipped[t] += mass * chance * outside
                for way in product(*ends):
                    weight = mass * chance * math.prod(w for _, w in way)
                    if weight:
                        code = tuple(n for n, _ in way)
                        after[code] += weight
                        moved[t] += weight * (code != q)
        here = after
    law = np.zeros(2 ** (grid.bits * d))
    for q, mass in here.items():
        law[np.ravel_multi_index([c - grid.q_lo for c in q], (2**grid.bits,) * d)] = mass
    return law, clipped, moved


CASES = [
    pytest.param(clicks(0.3), Grid(3, 0.5), 1.0, 0.5, id="clicks"),
    pytest.param(clicks(0.3, 3), Grid(3, 0.5), 0.0, 1.0, id="batch"),
    pytest.param(quadratic(1.0, 0.3, 0.4), Grid(3, 0.25), 0.25, 0.6, id="noise"),
    pytest.param(slopes((1.0, -9.0), (0.9, 0.1), -1.0), Grid(2, 0.5), 0.5, 0.7, id="clipped"),
    pytest.param(
        joint_quadratic(rotated((1.0, 0.2), 0.5), (0.3, -0.2), 0.3), Grid(2, 0.5), np.array([0.5, -1.0]), 0.4, id="2d"
    ),
    pytest.param(finite_logistic(small_logistic(), "example"), Grid(2, 0.5), 0.0, 0.8, id="logistic"),
]


@pytest.mark.parametrize("rule", [NEAREST, STOCHASTIC, TOWARD_ZERO, FLOOR, FEW, MINE], ids=lambda rule: rule.name)
@pytest.mark.parametrize(("problem", "grid", "start", "eta"), CASES)
def test_exact_law_is_the_sum_over_paths(problem, grid, start, eta, rule):
    etas = eta / np.sqrt(np.arange(1, 4))
    expected, clipped, moved = enumerate_paths(problem, grid, rule, etas, start)
    law = exact_law(problem, grid, rule, eta=etas, steps=3, start=start, observe=[lambda w: w[:, 0], lambda w: w[:, -1] ** 2])
    np.testing.assert_allclose(law.probability, expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(law.clipped, clipped, rtol=0, atol=1e-15)
    np.testing.assert_allclose(law.moved, moved, rtol=0, atol=1e-15)
    assert np.abs(law.probability - expected).sum() <= law.error
    first = np.broadcast_to(start, (problem.d,))
    assert tuple(law.expectations[0]) == (first[0], first[-1] ** 2)
    assert law.expectations[3, 0] == pytest.approx(law.mean()[0], abs=1e-14)
    assert law.mean(lambda w: w[:, 0]) == pytest.approx(law.mean()[0], abs=1e-14)


def test_constant_eta_takes_the_same_law_by_another_way():
    problem, grid = clicks(0.3), Grid(4, 0.5)
    still = exact_law(problem, grid, MINE, eta=0.5, steps=6)
    again = exact_law(problem, grid, MINE, eta=np.array([0.5, 0.5, 0.5, 0.5, 0.5, np.nextafter(0.5, 1)]), steps=6)
    np.testing.assert_allclose(still.probability, again.probability, atol=1e-15)
    np.testing.assert_allclose(still.clipped, again.clipped, atol=1e-15)
    np.testing.assert_allclose(still.moved, again.moved, atol=1e-15)


def test_probabilities_that_change_pick_the_examples():
    problem, grid = clicks(0.3), Grid(3, 0.5)
    order = FiniteProblem("", problem.gradients, np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), problem.loss, np.zeros(1), 0.0)
    expected, _, _ = enumerate_paths(order, grid, STOCHASTIC, [0.5] * 3, 0.0)
    law = exact_law(order, grid, eta=0.5, steps=3)
    np.testing.assert_allclose(law.probability, expected, atol=1e-15)


def test_a_law_can_be_continued():
    problem, grid = clicks(0.3), Grid(4, 0.25)
    whole = exact_law(problem, grid, eta=0.3, steps=7)
    half = exact_law(problem, grid, eta=0.3, steps=3)
    np.testing.assert_allclose(
        exact_law(problem, grid, eta=0.3, steps=4, start=half.probability).probability, whole.probability, atol=1e-16
    )
    assert whole.support().shape[0] == np.count_nonzero(whole.probability)
    none = exact_law(problem, grid, eta=0.3, steps=0, start=0.25)
    assert none.mean()[0] == 0.25


@pytest.mark.jit
def test_exact_law_against_monte_carlo():
    """The replicas' code frequencies, every cell within 5 standard errors of the law."""
    data = from_dataset([[1.0, 0.5], [-0.5, 1.0], [1.0, -1.0]], [1, 0, 1], 0.1, "three")
    grid, replicas = Grid(3, 0.5), 40_000
    for rounding in ("nearest", "stochastic"):
        walk = Walk(data, grid, as_rule(rounding), Schedule(0.7, "sqrt"), 9, mode="example", seed=3)
        trace = walk.trace(replicas)
        walk.advance(trace, 0, 9)
        places = np.ravel_multi_index((trace.codes + 4).astype(int).T, (8, 8))
        counts = np.bincount(places, minlength=64)
        law = exact_law(finite_logistic(data, "example"), grid, rounding, eta=0.7 / np.sqrt(np.arange(1, 10)), steps=9)
        sd = np.sqrt(replicas * law.probability * (1 - law.probability))
        assert (np.abs(counts - replicas * law.probability) <= 5 * sd + 1e-9).all()
        assert np.count_nonzero(law.probability) > 1


def dense(problem, grid, rule, eta):
    """The transition matrix from one-step laws."""
    n = 2 ** (grid.bits * problem.d)
    return np.array([exact_law(problem, grid, rule, eta=eta, steps=1, start=np.eye(n)[i]).probability for i in range(n)])


@pytest.mark.parametrize("rule", [STOCHASTIC, FEW, MINE], ids=lambda rule: rule.name)
def test_stationary_law_is_the_long_run(rule):
    for problem, grid in ((clicks(0.3), Grid(3, 0.5)), (click_table([[1, 0], [1, 1]], [0.3, 0.6], [0.5, 0.5]), Grid(2, 0.7))):
        P = dense(problem, grid, rule, 0.6)
        law = stationary_law(problem, grid, rule, eta=0.6)
        np.testing.assert_allclose(law.probability, np.linalg.matrix_power(P, 4096)[P.shape[0] // 2], atol=1e-11)
        assert law.residual < 1e-13
        assert law.classes == 1
        np.testing.assert_allclose(law.gradient, law.probability @ problem.mean_gradient(law.points), atol=1e-15)


def test_stationary_law_of_several_classes_and_of_a_period():
    """A nearest walk that a fair first step sends to either of two frozen ends; and one that leaps to and fro for ever."""
    fork = FiniteProblem(
        "",
        lambda w: np.where(w[None] == 0, np.array([1.0, -1.0])[:, None, None], 0.0),
        np.array([0.25, 0.75]),
        lambda w: w[:, 0],
        np.zeros(1),
        0.0,
    )
    law = stationary_law(fork, Grid(3, 1.0), NEAREST, eta=2.0)
    assert law.classes == 2
    assert law.probability.tolist() == [0, 0, 0.25, 0, 0, 0, 0.75, 0]
    swing = stationary_law(absolute(1.0, 0.5), Grid(3, 1.0), NEAREST, eta=1.0)
    assert swing.probability.tolist() == [0, 0, 0, 0, 0.5, 0.5, 0, 0]
    assert reachable(absolute(1.0, 0.5), Grid(3, 1.0), NEAREST, eta=1.0, start=-1.0)[:, 0].tolist() == [-1.0, 0.0, 1.0]


def test_a_law_of_slow_chains_is_accurate_in_every_entry():
    """Two states, left with chances 3 eta and eta: (3/4, 1/4), and no smaller error than the bound that is given."""
    slow = FiniteProblem("", lambda w: np.where(w > 0, 3.0, -1.0)[None], np.ones(1), lambda w: w[:, 0], np.zeros(1), 0.0)
    for eta in (1e-3, 1e-9, 1e-13):
        law = stationary_law(slow, Grid(3, 1.0), eta=eta)
        off = abs(law.probability[4] / 0.75 - 1.0)
        assert off <= law.error
        assert law.error < 1e-11 / eta * 1e-3


def test_larger_classes_by_inverse_iteration(monkeypatch):
    problem, grid = clicks(0.3), Grid(5, 0.2)
    exact = stationary_law(problem, grid, eta=0.4)
    monkeypatch.setattr(stationary, "DENSE", 0)
    law = stationary_law(problem, grid, eta=0.4)
    np.testing.assert_allclose(law.probability, exact.probability, atol=1e-11)
    assert np.isinf(law.error)
    assert np.isfinite(exact.error)


@pytest.mark.parametrize(("problem", "bits", "delta"), [(quadratic(3.0, 0.3), 10, 2.0**-6), (clicks(0.3), 10, 2.0**-7)])
def test_the_error_of_a_law_bounds_it(problem, bits, delta):
    """One step of long moves from every state, against rational numbers."""
    grid, eta = Grid(bits, delta), 0.7
    points = delta * codes_of(grid, 1)
    g = problem.gradients(points)
    expected = defaultdict(Fraction)
    for i, q in enumerate(codes_of(grid, 1)[:, 0].astype(int).tolist()):
        for j, p in enumerate(problem.probabilities):
            s = q - Fraction(eta) * Fraction(float(g[j, i, 0])) / Fraction(delta)
            s = min(max(s, Fraction(grid.q_lo)), Fraction(grid.q_hi))
            n = math.floor(s)
            for code, chance in ((n, 1 - (s - n)), (n + 1, s - n)):
                expected[code] += chance * Fraction(float(p)) / 2**bits
    law = exact_law(problem, grid, eta=eta, steps=1, start=np.full(2**bits, 2.0**-bits))
    off = sum(
        abs(Fraction(float(m)) - expected[q]) for q, m in zip(range(grid.q_lo, grid.q_hi + 1), law.probability, strict=True)
    )
    assert float(off) <= law.error
    assert law.error < 1e-11


def test_stationary_law_counts_what_is_clipped():
    """clicks at 3% on 3 bits: E g is all clipping; the mean prediction is 0.273."""
    problem, grid = clicks(0.03), Grid(3, 0.25)
    law = stationary_law(problem, grid, eta=0.2)
    assert 0.99 * law.clip_gradient[0] < law.gradient[0] <= law.clip_gradient[0] + 1e-13
    assert law.probability @ (1 / (1 + np.exp(-law.points[:, 0]))) == pytest.approx(0.273, abs=5e-4)
    assert 0 < law.clipped < 1


def test_moving_law_is_the_sum_over_paths():
    problem = quadratic(1.0, 0.3, 0.2)
    grids = (Grid(3, 0.5), Grid(3, 0.4))
    eta = 0.6 / np.sqrt(np.arange(1, 4))

    def follow(t: int, level: int, outcome: int) -> int:
        return (level + outcome + t) % 2

    law = Path(problem, grids, follow, STOCHASTIC, Schedule(0.6, "sqrt"), 3, -1).exact(t6.terms)
    here = {(0, -1): 1.0}
    for t in range(3):
        losses = gradient = drift = 0.0
        after = defaultdict(float)
        for (level, q), mass in here.items():
            delta = float(grids[level].delta)
            w = np.array([[delta * q]])
            losses += mass * problem.loss(w)[0]
            for j in range(2):
                to = follow(t + 1, level, j)
                new = float(grids[to].delta)
                g = problem.gradients(w)[j, 0, 0]
                gradient += mass / 2 * new * abs(g) / 2
                drift += mass / 2 * new * abs(q) * abs(new - delta) / (2 * eta[t])
                s = min(max((delta * q - eta[t] * g) / new, -4), 3)
                n = math.floor(s)
                after[to, n] += mass / 2 * (1 - (s - n))
                after[to, n + 1] += mass / 2 * (s - n)
        assert (law.loss[t], law.floor[t], law.drift[t]) == pytest.approx((losses, gradient, drift), abs=1e-14)
        here = {state: mass for state, mass in after.items() if mass}
    assert law.variance <= 1 + 1e-12
    assert law.clip.shape == (3,)


def test_tables_of_the_scalar_rules():
    """p_up of every built-in rule is what the scalar does, u enumerated."""
    for name in ROUNDINGS:
        rule = getattr(FLOAT64, name)
        for n in (-3, -2, 0, 1):
            for a in (0.0, 0.25, 0.5, 0.625, 0.9375):
                nearest = np.rint(a)
                ups = [rule(n + nearest, a - nearest, FLOAT64.wrap(j / 16)) - n for j in range(16)]
                assert BUILT_IN[name].up(np.array([float(n)]), np.array([a]))[0] == np.mean(ups)


def test_tables_of_few_bits():
    a = np.arange(1000) / 1000.0
    for k in (1, 3, 6):
        u = np.arange(2**k) / 2**k
        assert (random_bits(k).up(0 * a, a) == (u[:, None] < a).mean(axis=0)).all()
        assert (centred_bits(k).up(0 * a, a) == (u[:, None] + 2.0 ** -(k + 1) < a).mean(axis=0)).all()


@pytest.mark.jit
def test_what_an_enumeration_hears():
    assert (enumerated(STOCHASTIC).bias, enumerated(NEAREST).far, enumerated(FLOOR).above) == (0, 0, 0)
    assert enumerated(random_bits(4)).above == pytest.approx(2.0**-4)
    assert enumerated(random_bits(4)).below == 0
    assert enumerated(STOCHASTIC).far == pytest.approx(0.5, abs=1e-9)
    assert enumerated(Rule("moves", lambda q, a: np.maximum(a, 0.125))).still == 0.125
    floors, fractions = next(blocks())
    codes = floors[:, 0]
    assert (floors == codes[:, None]).all()
    assert floors.shape == fractions.shape
    assert (fractions[:, 0] == 0.0).all()
    assert (np.diff(fractions, axis=1) >= 0.0).all()
    assert np.unique(fractions).size > 0.9 * codes.size * 4096
    codes = np.concatenate([floors[:, 0] for floors, _ in blocks()])
    assert set(range(-(2**15), 2**15 - 1)) == set(codes)
    assert codes.size == 2**10 - 1 + 2**16 - 1


def test_a_law_is_about_the_pairs_that_it_asks():
    """One pair of all is wrong: the law that asks it hears of it, and only that one."""
    problem, grid = quadratic(1.0, 0.31), Grid(4, 0.25)
    wrong = Rule("wrong", lambda q, a: np.where((q == -3) & (a > 0), 0.5 * a, a))
    for start, off in ((0.0, False), (-0.75, True)):
        asked = Asked()
        exact_law(problem, grid, asked.of(wrong), eta=0.1, steps=1, start=start)
        assert asked.pairs == 16
        assert asked.bias > 0.01  # a law of constant eta asks about every state at once
        asked = Asked()
        exact_law(problem, grid, asked.of(wrong), eta=np.array([0.1, 0.05]), steps=2, start=start)
        assert (asked.bias > 0.01) is off


def test_short_moves_down_are_as_exact_as_moves_up():
    """The two states of |w - c| are left with the same probability, however small: each has half of the mass."""
    for eta in (1e-3, 1e-9, 1e-13, 1e-20):
        law = stationary_law(absolute(1.0, 0.3), Grid(4, 1.0), eta=eta)
        assert law.probability[8] == pytest.approx(0.5, rel=1e-14)
        assert law.error < 1e-13


def test_a_rule_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"rule high: p_up must be in \[0, 1\], got 1.5 at q_floor = 0, a = 0.5"):
        Rule("high", lambda q, a: a + 1.0).up(np.zeros(1), np.array([0.5]))
    with pytest.raises(ValueError, match="rule low: p_up must be in"):
        exact_law(clicks(0.3), Grid(3, 0.5), Rule("low", lambda q, a: a - 0.5), eta=0.1, steps=1)
    with pytest.raises(ValueError, match=r"rule odd: p_up must return 3 probabilities, or one, got shape \(7,\)"):
        Rule("odd", lambda q, a: np.zeros(7)).up(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match=r"rule writes: p_up failed on 3 pairs: ValueError: .*read-only"):
        Rule("writes", lambda q, a: a.__imul__(0.5)).up(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="rule must be a Rule or one of nearest"):
        as_rule("up")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eta": 0.0}, "eta must be positive and finite"),
        ({"eta": np.ones(4)}, "one for each of 3 steps"),
        ({"steps": -1}, "steps must be an integer, not negative"),
        ({"steps": 2.5}, "steps must be an integer"),
        ({"eta": "x"}, "eta must be a number or a vector"),
        ({"observe": len}, "observe must be a sequence"),
        ({"start": 0.1}, "start must be a point of the grid"),
        ({"start": np.full(8, 0.2)}, "start must be a point of the grid, or a law"),
        ({"observe": [lambda w: w]}, "an observable must return 8 finite numbers"),
        ({"grid": Grid(3, [0.5, 0.5])}, "one delta for all coordinates"),
        ({"oracle": FiniteProblem("", lambda w: w, np.ones(1), abs, np.zeros(1), 0.0)}, "gradients must be finite, of shape"),
        ({"oracle": FiniteProblem("", lambda w: w[None], np.ones(2), abs, np.zeros(1), 0.0)}, "probabilities must be"),
        ({"oracle": finite_logistic(small_logistic(), "batch"), "grid": Grid(16, 0.1)}, "an exact law takes at most"),
    ],
)
def test_refusals(change, message):
    arguments = {"oracle": clicks(0.3), "grid": Grid(3, 0.5), "rule": "stochastic", "eta": 0.1, "steps": 3} | change
    with pytest.raises(ValueError, match=message):
        exact_law(arguments.pop("oracle"), arguments.pop("grid"), arguments.pop("rule"), **arguments)


def test_a_start_is_what_one_types():
    """0.05 is not float32(0.05), and is meant all the same."""
    grid = Grid(8, 0.05)
    law = exact_law(clicks(0.3), grid, eta=0.1, steps=0, start=-6.4)
    assert law.support()[:, 0].tolist() == [-128 * float(grid.delta)]
    assert exact_law(clicks(0.3), grid, eta=0.1, steps=0, start=0.15).mean()[0] == 3 * float(grid.delta)
    for off in (0.1501, 6.4):
        with pytest.raises(ValueError, match=r"start must be a point of the grid, 0\.05000000074505806 times"):
            exact_law(clicks(0.3), grid, eta=0.1, steps=0, start=off)


def test_refusals_of_the_long_run():
    with pytest.raises(ValueError, match="eta must be positive"):
        stationary_law(clicks(0.3), Grid(3, 0.5), eta=0.0)
    changing = FiniteProblem("", lambda w: w[None], np.ones((2, 1)), abs, np.zeros(1), 0.0)
    with pytest.raises(ValueError, match="the same in every step"):
        stationary_law(changing, Grid(3, 0.5), eta=0.1)


def test_codes_in_c_order():
    assert codes_of(Grid(2, 1.0), 2)[:5].tolist() == [[-2, -2], [-2, -1], [-2, 0], [-2, 1], [-1, -2]]


@pytest.mark.parametrize(
    "problem",
    [p.values[0] for p in CASES] + [absolute(2.0, 0.3), clicks(0.2, 2, 0.1)],
    ids=lambda problem: problem.name,
)
def test_mean_gradients_are_derivatives_of_the_loss(problem):
    rng = np.random.default_rng(0)
    w = rng.uniform(-2, 2, (5, problem.d))
    h = 1e-6
    steps = np.stack([(problem.loss(w + h * e) - problem.loss(w - h * e)) / (2 * h) for e in np.eye(problem.d)], axis=1)
    np.testing.assert_allclose(problem.mean_gradient(w), steps, atol=1e-7)
    if np.isfinite(problem.w_star).all() and problem.L > 0:
        assert problem.loss(problem.w_star[None])[0] == pytest.approx(problem.f_star, abs=1e-12)
        assert (problem.loss(w) >= problem.f_star - 1e-12).all()
