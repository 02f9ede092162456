"""Edges of runs: functions that are not as they should be, walks that diverge, a single replica, intervals, damaged files."""

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from alpt_ref import Grid, Problem, Run, trace
from alpt_ref.intervals import skewed, student
from alpt_ref.problems.finite import FiniteProblem, Separate, absolute, quadratic
from alpt_ref.theory import Rule, regret_on, t1
from alpt_ref.tools.files import read_npz, write_npz

pytestmark = pytest.mark.glue

GRID = Grid(6, 1 / 16)
NOISY = quadratic(1.0, 0.31, 0.5)


@cache
def bowl() -> Problem:
    return Problem(lambda w: w @ w / 2, lambda w: 1.0 * w, d=2)


def near(w: Any, x: Any) -> Any:
    return (w[0] - x) ** 2 / 2


def its_gradient(w: Any, x: Any) -> Any:
    return w - x


def own(f: Any = near, g: Any = its_gradient, x: Any = (0.25, 0.75), **more: Any) -> Problem:
    return Problem(f, g, np.array(x), d=1, **more)


class TestProblemsOfOnesOwn:
    @pytest.mark.parametrize("answer", [list, lambda g: (g[0],), lambda g: g.astype(np.float32), lambda g: g.tolist()])
    def test_answers_of_other_types(self, answer: Any) -> None:
        both = own(), own(g=lambda w, x: answer(w - x))
        wanted, run = (trace(problem, GRID, eta=0.25, steps=12, replicas=3) for problem in both)
        assert np.allclose(run.gaps, wanted.gaps, atol=1e-12)

    def test_a_loss_of_shape_none_is_a_number(self) -> None:
        problem = own(lambda w, x: np.array((w[0] - x) ** 2 / 2))
        assert np.array_equal(problem.loss(np.array([[0.5], [1.0]])), own().loss(np.array([[0.5], [1.0]])))

    def test_callables_that_have_no_hash(self) -> None:
        @dataclass
        class Square:
            half: float = 0.5

            def __call__(self, w: Any) -> Any:
                return self.half * (w @ w)

        assert Problem(Square(), lambda w: w, d=2).f_star == 0.0

    def test_compiled_functions_are_compared_beyond_the_first_example(self) -> None:
        """float32 times a literal is float32 in NumPy and float64 in Numba: they agree at 0, not at 0.1."""
        x = np.array([0.0, 0.1], np.float32)
        problem = Problem(lambda w, x: (w[0] - 0.3 * x) ** 2, lambda w, x: 2 * (w - 0.3 * x), x, d=1)
        plain = np.mean([(np.float64(0.5) - 0.3 * each) ** 2 for each in x])
        assert problem.loss(np.array([[0.5]]))[0] == pytest.approx(plain, rel=1e-14)

    def test_what_is_done_to_examples_later_does_not_reach_it(self) -> None:
        x = np.array([0.25, 0.75])
        problem = Problem(lambda w, x: (w[0] - x) ** 2 / 2, lambda w, x: w - x, x, d=1)
        before = problem.loss(np.array([[0.5]]))
        x[:] = 100.0
        assert np.array_equal(problem.loss(np.array([[0.5]])), before)

    def test_values_from_outside_that_change_before_a_second_problem(self) -> None:
        scale, at, w = np.array([1.0, 1.0]), np.arange(2), np.ones((1, 1))

        def f(w: Any, i: Any) -> Any:
            return scale[i] * (w @ w)

        def gradient(w: Any, i: Any) -> Any:
            return 2 * scale[i] * w

        assert Problem(f, gradient, at, d=1).loss(w) == 1.0
        scale[1] = 3.0
        assert Problem(f, gradient, at, d=1).loss(w) == 2.0

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"g": lambda w, x: np.multiply(w, 0.9, out=w)}, "gradient must leave its arguments"),
            ({"f": lambda w, x: np.subtract(x, 1.0, out=x)[0] * 0.0, "x": [[1.0], [2.0]]}, "f must leave its arguments"),
            ({"g": lambda w, x: w - x + np.random.default_rng().normal(size=1)}, "gradient must return the same numbers"),
            ({"f": lambda w, x: np.cos(w[0]), "g": lambda w, x: -np.sin(w)}, "ended at a point that is no minimum"),
            ({"x": [1.0, np.nan]}, "examples must be finite"),
            ({"x": [1.0, 2.0], "G": "2"}, "G must not be negative"),
            ({"L": None}, "L must not be negative"),
            ({"f_star": np.inf}, "f_star must be a finite number"),
            ({"f_star": "0"}, "f_star must be a finite number"),
            ({"w_star": "0"}, "w_star must be 1 finite numbers"),
        ],
    )
    def test_refuses(self, change: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            own(**change)

    @pytest.mark.parametrize("examples", [[np.zeros((3, 2)), np.zeros(3)], np.ma.masked_array([1.0, 2.0], [0, 1]), "ab"])
    def test_refuses_examples(self, examples: Any) -> None:
        with pytest.raises(ValueError, match="examples "):
            Problem(lambda w, x: 0.0, lambda w, x: w, examples, d=1, w_star=[0.0])


class TestWalks:
    def test_a_walk_that_diverges_is_refused(self) -> None:
        for grid, eta in ((None, 1e3), (None, 1e300)):
            with pytest.raises(ValueError, match=r"eta = .* is too large, or f is at fault: f\(w\) is no finite number after"):
                trace(bowl(), grid, eta=eta, steps=400, start=1.0)
        run = trace(bowl(), GRID, eta=1e300, steps=3, start=1)
        assert (run.clipped == 6).all()

    def test_a_gradient_that_is_not_finite_is_refused(self) -> None:
        broken = own(g=lambda w, x: np.where(w < 0.3, w - 1.0, np.nan), f=lambda w, x: (w[0] - 1.0) ** 2, w_star=[1.0])
        with pytest.raises(ValueError, match="gradient must be finite, got a number that is not in step"):
            trace(broken, GRID, eta=0.2, steps=20)

    def test_probabilities_that_change_from_step_to_step(self) -> None:
        p = np.linspace(0, 1, 40)
        problem = replace(NOISY, probabilities=np.stack([p, 1 - p], axis=1))
        law = trace(problem, GRID, eta=0.2, steps=40)
        drawn = trace(problem, GRID, eta=0.2, steps=40, exact=False, replicas=300, confidence=0.9999)
        assert (np.abs(law.gap - drawn.gap) <= drawn.gap_half + 1e-12).all()
        for exact in (None, False):
            with pytest.raises(ValueError, match="probabilities must be"):
                trace(problem, GRID, eta=0.2, steps=30, exact=exact)
        once = replace(NOISY, probabilities=np.full((1, 2), 0.5))
        a, b = (trace(one, GRID, rounding="nearest", eta=0.2, steps=9, exact=False, replicas=3) for one in (NOISY, once))
        assert np.array_equal(a.gaps, b.gaps)

    def test_parts_that_are_not_separate(self) -> None:
        with pytest.raises(ValueError, match="parts must be of one coordinate, with exact gradients"):
            Separate((absolute(1.0, 0.2), NOISY))

    def test_a_law_stops_where_it_no_longer_moves(self) -> None:
        turns = trace(quadratic(1.0, 0.0), Grid(4, 0.25), rounding="nearest", eta=2.0, steps=50, start=4)
        assert (turns.gap == 0.5).all()
        assert turns.stopped == 50
        apart = Separate((quadratic(1.0, 0.21), quadratic(1.0, 0.5)))
        a, b = (trace(apart, GRID, rounding="nearest", eta=0.1, steps=50, start=-9, exact=exact) for exact in (None, False))
        assert a.stopped == b.stopped
        assert 0 < a.stopped < 50

    def test_the_bound_is_of_stochastic_rounding(self) -> None:
        exact, few = (trace(NOISY, GRID, rounding=r, eta=0.1, steps=20).bound[-1] for r in ("stochastic", "stochastic(3)"))
        assert few == pytest.approx(exact + 2.0 ** (6 - 3) / 16**2 / 0.1)
        for rounding in ("nearest", "floor", Rule("stochastic", lambda q, a: a), Rule("stochastic(3)", lambda q, a: a)):
            assert np.isnan(trace(NOISY, GRID, rounding=rounding, eta=0.1, steps=20).bound).all()
        still = trace(bowl(), GRID, eta=0.1, steps=5, update=lambda q, g, s, u: (q, s))
        assert np.isnan(still.bound).all()


class TestUpdates:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"update": 3}, "update must be a function"),
            ({"weights": 3}, "weights must be a function or None"),
            ({"state": [0.0]}, "state must be a number"),
            ({"state": np.zeros(2)}, "state must be a number"),
            ({"state": (0.0, None)}, "state must be a number"),
            ({"update": None, "state": 0.0}, "state and weights are of an update"),
            ({"update": None, "weights": lambda q, s: q}, "state and weights are of an update"),
            ({"weights": lambda q, s: q[0]}, r"weights must return finite weights of shape \(3, 2\), got shape \(2,\)"),
            ({"weights": lambda q, s: q * np.nan}, "weights must return finite weights"),
            ({"weights": lambda q, s: "abc"}, "weights must return finite weights of shape .*, got str"),
            ({"update": lambda q, g, s, u: (None, s)}, "update must return finite codes"),
            ({"update": lambda q, g, s, u: (q, s, u)}, r"update must return \(codes, state\), got tuple"),
            ({"update": lambda q, g, s, u: (q + np.ones(7), s)}, "^operands could not be broadcast"),  # the user's own error
        ],
    )
    def test_refuses(self, given: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            trace(bowl(), GRID, eta=0.1, steps=3, replicas=3, **({"update": lambda q, g, s, u: (q, s)} | given))

    def test_functions_that_write_into_what_they_are_given(self) -> None:
        def update(q: Any, g: Any, s: Any, u: Any) -> Any:
            q -= 1
            g[:], u[:], s[:] = np.nan, 9.0, s + 1
            return q.astype(np.int8), s

        def weights(q: Any, s: Any) -> Any:
            q *= -1 / 16
            return q

        run = trace(bowl(), GRID, eta=0.1, steps=4, update=update, weights=weights, state=0.0, replicas=2)
        assert np.array_equal(run.gaps, np.tile((np.arange(5) / 16) ** 2, (2, 1)))


class TestArguments:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"eta": "0.1"}, "eta must be positive"),
            ({"confidence": "high"}, "confidence must be in"),
            ({"label": 3}, "label must be a string"),
            ({"exact": 0}, "exact must be True, False or None"),
            ({"schedule": None}, "schedule must be one of"),
            ({"start": "a"}, "start must be a code"),
            ({"mode": "example"}, "mode must be batch for a problem without examples"),
        ],
    )
    def test_refuses(self, given: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            trace(bowl(), GRID, **({"eta": 0.1, "steps": 3} | given))

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"start": 0.5}, "start must be a code"),
            ({"start": [1, 2, 3]}, "start must be a code"),
            ({"grid": None}, "grid must be a Grid"),
            ({"problem": NOISY}, "problem must be an alpt_ref.Problem or a LogisticProblem"),
            ({"steps": 0}, "steps must be an integer of at least 1"),
            ({"schedule": "inverse"}, "schedule must be one of 'constant', 'sqrt'"),
            ({"most": 0}, "most must be an integer of at least 1"),
        ],
    )
    def test_regret_on_refuses(self, given: dict[str, Any], said: str) -> None:
        words: dict[str, Any] = {"problem": bowl(), "grid": GRID, "eta": 0.1, "steps": 3} | given
        with pytest.raises(ValueError, match=said):
            regret_on(words.pop("problem"), words.pop("grid"), **words)


class TestIntervals:
    def test_one_replica_of_a_random_walk_says_nothing_of_the_others(self) -> None:
        drawn = trace(bowl(), GRID, eta=0.01, steps=20, start=3, replicas=1)
        assert np.isnan(drawn.gap_half).all()
        assert np.isnan(drawn.floor.half or 0.0)
        for rounding, exact in (("nearest", False), ("stochastic", None)):
            run = trace(quadratic(1.0, 0.3), GRID, rounding=rounding, eta=0.01, steps=20, exact=exact)
            assert (run.gap_half == 0).all()

    def test_a_band_holds_the_whole_curve_as_often_as_it_says(self) -> None:
        """Student's hold half of the time here."""
        law = trace(NOISY, GRID, eta=0.1, steps=100, start=-8, points=32)
        many = trace(NOISY, GRID, eta=0.1, steps=100, start=-8, points=32, exact=False, replicas=32 * 60)
        held = []
        for first in range(0, 32 * 60, 32):
            run = replace(many, gaps=many.gaps[first : first + 32])
            low, high = run.gap_interval
            held.append(((low - 1e-12 <= law.gap) & (law.gap <= high + 1e-12)).all())
        assert np.mean(held) >= 0.85

    def test_skewed(self) -> None:
        even = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
        half = student(even, 0.95).half or 0.0
        assert skewed(even, 0.95) == pytest.approx((-half, half))
        x = np.array([0.0, 0.1, 0.2, 3.0])
        mean, half = student(x, 0.95)
        low, high = skewed(x, 0.95)
        assert high - mean > 1.5 * (half or 0.0)
        assert mean - low < (half or 0.0)
        assert skewed(-x, 0.95) == pytest.approx((-high, -low))
        assert skewed(1e3 * x, 0.95, 8) == pytest.approx(tuple(1e3 * np.array(skewed(x, 0.95, 8))))
        assert skewed(np.full(5, 0.1), 0.95) == pytest.approx((0.1, 0.1))
        mean, half = student(x[:2], 0.95)
        assert skewed(x[:2], 0.95) == (mean - (half or 0.0), mean + (half or 0.0))


class TestFiles:
    @pytest.mark.parametrize(
        ("facts", "arrays"),
        [
            ({"label": float("1e3")}, {}),
            ({"method": None}, {}),
            ({"exact": 1}, {}),
            ({"params": {}}, {}),
            ({"params": {"confidence": "a"}}, {}),
            ({"params": {"confidence": 7}}, {}),
            ({}, {"steps": np.array([3, 2, 1])}),
            ({}, {"last_move": np.zeros(7, np.int64)}),
            ({}, {"laws": np.ones((2, 2))}),
        ],
    )
    def test_files_that_are_no_runs(self, facts: dict[str, Any], arrays: dict[str, Any], tmp_path: Any) -> None:
        run = trace(NOISY, GRID, eta=0.1, steps=2, points=4)
        run.save(tmp_path / "run.npz")
        meta, held = read_npz(tmp_path / "run.npz")
        write_npz(tmp_path / "run.npz", json.loads(json.dumps(meta)) | facts, held | arrays)
        with pytest.raises(ValueError, match=r"run\.npz: damaged"):
            Run.load(tmp_path / "run.npz")

    def test_the_shortest_run(self, tmp_path: Any) -> None:
        run = trace(NOISY, GRID, eta=0.1, steps=1, points=4)
        run.save(tmp_path / "run.npz")
        assert Run.load(tmp_path / "run.npz").steps.tolist() == [0, 1]


def test_a_problem_s_bound_needs_no_more_than_its_numbers() -> None:
    """T1's constants of a FiniteProblem whose probabilities change are maxima over the steps, too."""
    problem = FiniteProblem("p", NOISY.gradients, np.array([[1.0, 0.0], [0.0, 1.0]]), NOISY.loss, NOISY.w_star, 0.0)
    assert trace(problem, GRID, eta=0.1, steps=2).bound[-1] > trace(NOISY, GRID, eta=0.1, steps=2).bound[-1]
    assert t1.CLAIM.id == "T1"
