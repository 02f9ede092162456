"""Runs: traces of problems built in and of one's own, updates of one's own; against exact laws, compiled loops, naive NumPy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from alpt_ref import Grid, Problem, Run, trace
from alpt_ref.problems import LogisticProblem, from_dataset
from alpt_ref.problems.finite import Separate, absolute, clicks, quadratic
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.runs.run import checkpoints
from alpt_ref.theory import Rule, regret_on, t1, verify
from alpt_ref.walks.rule import NEAREST, STOCHASTIC
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

GRID = Grid(6, 1 / 16)
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3))
Y = X @ np.array([0.5, -0.3, 0.8]) + 0.1 * rng.normal(size=20)
LABELS = (Y > 0).astype(float)
# |g_ij| <= (|x_i|_1 max |w_j| + |y_i|) |x_ij| on the box [-2, 2).
_R = 2.0 * np.abs(X).sum(axis=1) + np.abs(Y)
BOUNDS = {"G": float(np.sqrt(np.mean(_R**2 * (X**2).sum(axis=1)))), "G1": float(np.mean(_R * np.abs(X).sum(axis=1)))}


def half_square(w: Any, x: Any, y: Any) -> Any:
    return (x @ w - y) ** 2 / 2


def its_gradient(w: Any, x: Any, y: Any) -> Any:
    return (x @ w - y) * x


def squares(gradient: Any = its_gradient, **constants: Any) -> Problem:
    return Problem(half_square, gradient, (X, Y), d=3, name="least squares", **(BOUNDS | constants))


@pytest.fixture(scope="module")
def least_squares() -> Problem:
    return squares()


def rows(run: Run) -> tuple[Any, ...]:
    return run.gaps, run.regrets, run.last_move, run.clipped


@pytest.mark.glue
class TestProblem:
    def test_finds_the_minimizer(self, least_squares: Problem) -> None:
        best = np.linalg.lstsq(X, Y)[0]
        assert np.allclose(least_squares.w_star, best, atol=1e-9)
        assert least_squares.f_star == pytest.approx(np.mean((X @ best - Y) ** 2) / 2, rel=1e-12)

    def test_is_the_mean_over_its_examples(self, least_squares: Problem) -> None:
        w = rng.normal(size=(4, 3))
        residual = w @ X.T - Y
        assert np.allclose(least_squares.loss(w), (residual**2).mean(axis=1) / 2)
        assert np.allclose(least_squares.mean_gradient(w), residual @ X / 20)
        g = residual[:, :, None] * X
        for found, wanted in zip(least_squares.norms(w, "example"), ((g**2).sum(2), np.abs(g).sum(2)), strict=True):
            assert np.allclose(found, wanted.mean(axis=1))

    def test_runs_functions_that_numba_does_not_know_as_python(self, least_squares: Problem) -> None:
        def f(w: Any, x: Any, y: Any) -> float:
            return float({"value": (np.inner(x, w) - y) ** 2 / 2}.get("value") or 0.0)  # a mapping of mixed types

        slow = Problem(f, least_squares.gradient, (X, Y), d=3, **BOUNDS)
        a, b = (trace(p, GRID, eta=0.05, steps=30, replicas=2) for p in (slow, least_squares))
        assert np.allclose(a.gaps, b.gaps, rtol=1e-12, atol=1e-15)

    def test_without_examples(self) -> None:
        bowl = Problem(lambda w: w @ w / 2, lambda w: w, d=2)
        assert bowl.f_star == 0.0
        run = trace(bowl, Grid(4, 0.25), rounding="nearest", eta=0.5, steps=20, start=4)
        assert run.replicas == 1
        assert run.gap[0] == 1.0
        assert run.params["mode"] == "batch"

    def test_bounds_of_small_grids_are_maxima(self) -> None:
        problem = Problem(lambda w, x: (w[0] - x) ** 2 / 2, lambda w, x: w - x, np.array([0.0, 1.0]), d=1)
        grid = Grid(3, 0.5)
        both = problem.gradient_bounds(grid, "example")
        assert pytest.approx(np.sqrt((4 + 9) / 2)) == both.G
        assert both.G1 == 2.5
        assert problem.gradient_bounds(grid, "batch").G == 2.5

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"d": 0}, "d must be an integer"),
            ({"f": 3}, "f must be a function"),
            ({"gradient": lambda w, x, y: x[:2]}, "gradient must return 3 finite numbers"),
            ({"f": lambda w, x, y: np.nan}, "f must return a finite number"),
            ({"f": lambda w: 0.0}, "f failed at w = 0: TypeError"),
            ({"examples": (X, Y[:4])}, "examples must be arrays of numbers with as many rows"),
            ({"examples": (X,) * 5}, "examples must be at most 4 arrays"),
            ({"examples": np.array([])}, "examples must be arrays"),
            ({"w_star": [0.0, 1.0]}, "w_star must be 3 finite numbers"),
            ({"G": -1.0}, "G must not be negative"),
            ({"mu": np.nan}, "mu must not be negative"),
            ({"f": lambda w: w[0], "gradient": lambda w: np.eye(3)[0], "examples": None}, "w_star must be given"),
        ],
    )
    def test_refuses(self, change: dict[str, Any], said: str) -> None:
        given = {"f": half_square, "gradient": its_gradient, "examples": (X, Y)}
        with pytest.raises(ValueError, match=said):
            Problem(**({"d": 3} | given | change))

    def test_asks_for_the_bound_of_large_grids(self) -> None:
        with pytest.raises(ValueError, match="G must be given"):
            squares(G=None).gradient_bounds(Grid(8, 0.1), "example")


class TestTrace:
    def test_by_law_is_the_walk_s_law(self) -> None:
        problem = quadratic(1.0, 0.31, 0.5)
        run = trace(problem, GRID, eta=0.1, steps=300, start=-8)
        walk = Walk(problem, GRID, STOCHASTIC, Schedule(0.1), 300, -8)
        law = walk.exact([problem.loss])
        assert run.exact
        assert np.allclose(run.gap, law.expectations[run.steps, 0], rtol=1e-12, atol=1e-14)
        assert run.regret[-1] == pytest.approx(walk.regret().mean, rel=1e-12)
        assert run.clipped[0] == pytest.approx(law.clipped.sum(), abs=1e-12)
        assert np.allclose(run.laws[-1], law.probability, atol=1e-14)
        assert np.allclose(run.laws.sum(axis=1), 1.0)
        assert run.laws[0] @ run.points[:, 0] == -8 / 16
        assert (run.gap_half == 0).all()
        assert run.stopped == np.flatnonzero(law.moved > 1e-9)[-1] + 1 == 300

    @pytest.mark.parametrize("name", ["quadratic", "clicks", "separate"])
    def test_replicas_agree_with_the_law(self, name: str) -> None:
        parts = (quadratic(1.0, 0.31), absolute(0.5, -0.2))
        problem = {"quadratic": quadratic(1.0, 0.31, 0.5), "clicks": clicks(0.3), "separate": Separate(parts)}[name]
        run = trace(problem, GRID, eta=0.1, steps=60)
        sampled = trace(problem, GRID, eta=0.1, steps=60, exact=False, replicas=300, confidence=0.9999)
        assert run.exact
        assert not sampled.exact
        assert (np.abs(sampled.gap - run.gap) <= sampled.gap_half + 1e-12).all()
        some = run.steps > 0
        assert (np.abs(sampled.regret - run.regret) <= sampled.regret_half + 1e-12)[some].all()

    def test_compiled_loops_and_the_engine_see_the_same_numbers(self) -> None:
        compiled = from_dataset(X, LABELS, 0.1)
        own = Problem(
            lambda w, x, y: np.log1p(np.exp(x @ w)) - y * (x @ w) + 0.05 * (w @ w),
            lambda w, x, y: (1.0 / (1.0 + np.exp(-(x @ w))) - y) * x + 0.1 * w,
            (X, LABELS),
            d=3,
            **BOUNDS,
        )
        assert np.allclose(own.w_star, compiled.w_star, atol=1e-8)
        for mode in ("example", "batch"):
            for rounding in ("stochastic", "nearest"):
                a, b = (trace(p, GRID, rounding=rounding, eta=0.2, steps=50, mode=mode, replicas=3) for p in (compiled, own))
                for one, other in zip(rows(a), rows(b), strict=True):
                    assert np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)
                assert a.replicas == (1 if (mode, rounding) == ("batch", "nearest") else 3)

    def test_a_replica_depends_on_no_other(self, least_squares: Problem) -> None:
        few, many = (trace(least_squares, GRID, eta=0.05, steps=40, replicas=n) for n in (2, 5))
        for one, other in zip(rows(few), rows(many), strict=True):
            assert np.array_equal(one, other[:2], equal_nan=True)

    def test_naive_loop(self, least_squares: Problem) -> None:
        """DR on exact gradients, against six lines of NumPy."""
        run = trace(least_squares, GRID, rounding="nearest", eta=0.3, steps=25, mode="batch")
        q, gaps = np.zeros(3), []
        for _ in range(26):
            w = q / 16
            gaps.append(np.mean((X @ w - Y) ** 2) / 2 - least_squares.f_star)
            q = np.clip(q + np.rint(-0.3 * 16 * (X @ w - Y) @ X / 20), -32, 31)
        assert np.allclose(run.gap, np.array(gaps)[run.steps], atol=1e-14)
        assert run.regret[-1] == pytest.approx(np.mean(gaps[:-1]))

    def test_an_update_that_is_lpt_gives_lpt(self, least_squares: Problem) -> None:
        def lpt(codes: Any, gradient: Any, state: Any, u: Any) -> Any:
            s = np.clip(codes - 0.05 * 16 * gradient, GRID.q_lo, GRID.q_hi)
            return np.floor(s) + (u < s - np.floor(s)), state

        a = trace(least_squares, GRID, eta=0.05, steps=60, replicas=3)
        b = trace(least_squares, GRID, eta=0.05, steps=60, replicas=3, update=lpt)
        assert np.array_equal(a.gaps, b.gaps)
        assert b.method == b.label == "update"

    def test_error_feedback_beats_nearest(self, least_squares: Problem) -> None:
        def feedback(codes: Any, gradient: Any, error: Any, u: Any) -> Any:
            target = codes - 0.02 * 16 * gradient + error
            after = np.clip(np.rint(target), GRID.q_lo, GRID.q_hi)
            return after, target - after

        common: dict[str, Any] = {"eta": 0.02, "steps": 400, "mode": "batch"}
        dr = trace(least_squares, GRID, rounding="nearest", **common)
        ef = trace(least_squares, GRID, update=feedback, state=0.0, label="error feedback", replicas=1, **common)
        assert dr.stopped is not None
        assert dr.stopped < 400
        assert ef.floor.mean < 0.1 * dr.floor.mean

    def test_state_may_be_a_tuple_or_a_function_and_weights_are_measured(self, least_squares: Problem) -> None:
        def averaged(codes: Any, gradient: Any, state: Any, u: Any) -> Any:
            mean, steps = state
            after = np.clip(np.rint(codes - 0.3 * 16 * gradient), GRID.q_lo, GRID.q_hi)
            return after, (mean + (after - mean) / (steps + 2), steps + 1)

        common: dict[str, Any] = {"eta": 0.3, "steps": 20, "mode": "batch", "replicas": 1}
        run = trace(least_squares, GRID, update=averaged, state=(0.0, 0.0), weights=lambda q, state: state[0] / 16, **common)
        begun = trace(least_squares, GRID, update=averaged, state=lambda q: (q * 0.0, 0.0 * q),
                      weights=lambda q, state: state[0] / 16, **common)  # fmt: skip
        assert np.array_equal(run.gaps, begun.gaps)
        q = mean = np.zeros(3)
        for t in range(20):
            q = np.clip(np.rint(q - 0.3 * 16 * (X @ q / 16 - Y) @ X / 20), -32, 31)
            mean = mean + (q - mean) / (t + 2)
        assert run.gap[-1] == pytest.approx(np.mean((X @ mean / 16 - Y) ** 2) / 2 - least_squares.f_star)

    def test_full_precision_and_schedules(self, least_squares: Problem) -> None:
        for schedule, rate in (("constant", lambda t: 0.3), ("sqrt", lambda t: 0.3 / t**0.5), ("inverse", lambda t: 0.3 / t)):
            run = trace(least_squares, None, eta=0.3, schedule=schedule, steps=8, mode="batch", start=0.5)
            w = np.full(3, 0.5)
            for t in range(1, 9):
                w = w - rate(t) * (X @ w - Y) @ X / 20
            assert run.gap[-1] == pytest.approx(np.mean((X @ w - Y) ** 2) / 2 - least_squares.f_star)
            assert (run.label, run.method) == ("fp32", "float")
            assert np.isnan(run.bound).all()

    def test_bound_is_t1_at_every_length(self, least_squares: Problem) -> None:
        run = trace(least_squares, GRID, eta=0.05, steps=40)
        D1 = float(np.linalg.norm(least_squares.w_star))
        p = t1.Params(40, 0.05, False, 6, 1 / 16, 3, BOUNDS["G"], BOUNDS["G1"], D1, -1.0, 24)
        assert run.bound[-1] == pytest.approx(t1.total(p), rel=1e-12)
        assert run.bound[run.steps == 20] == pytest.approx(t1.total(replace(p, steps=20)), rel=1e-12)
        assert np.isnan(run.bound[0])
        walk = Walk(clicks(0.3), GRID, STOCHASTIC, Schedule(0.2), 50)
        assert trace(clicks(0.3), GRID, eta=0.2, steps=50).bound[-1] == pytest.approx(t1.total(t1.params(walk)))

    def test_a_rule_of_one_s_own(self) -> None:
        timid = Rule("timid", lambda q_floor, a: a * (a > 1 / 8))
        law = trace(clicks(0.3), GRID, rounding=timid, eta=0.02, steps=50)
        drawn = trace(AbsoluteSum(1.0, [0.3, 0.2]), GRID, rounding=timid, eta=0.005, steps=20, replicas=2)
        assert law.label == drawn.label == "timid"
        assert drawn.stopped == 0

    def test_two_coordinates_jointly(self) -> None:
        from alpt_ref.problems.joint import joint_quadratic, rotated

        run = trace(joint_quadratic(rotated((1.0, 0.3), 0.6), (0.33, -0.2), 0.2), Grid(4, 0.25), eta=0.2, steps=30)
        assert run.exact
        assert run.laws.size == 0

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"problem": 3}, "problem must be one of"),
            ({"grid": Grid(4, np.array([0.1, 0.2]))}, "grid must be a Grid"),
            ({"grid": 8}, "grid must be a Grid"),
            ({"eta": 0.0}, "eta must be positive"),
            ({"schedule": "cosine"}, "schedule must be one of"),
            ({"steps": 0}, "steps must be an integer of at least 1"),
            ({"replicas": 0}, "replicas must be"),
            ({"seed": -1}, "seed must be"),
            ({"mode": "minibatch"}, "mode must be"),
            ({"start": 0.5}, "start must be a code"),
            ({"start": 40}, "start must be a code"),
            ({"start": [0, 0]}, "start must be a code"),
            ({"points": 2}, "points must be"),
            ({"confidence": 1.0}, "confidence must be"),
            ({"rounding": "upwards"}, "rule must be"),
            ({"exact": True}, "exact must be False or None"),
            ({"threads": 0}, "n_threads must be"),
            ({"update": lambda q, g, s, u: q}, "update must return"),
            ({"update": lambda q, g, s, u: (q + 0.5, s)}, "update must return codes of the grid"),
            ({"update": lambda q, g, s, u: (q[:, :2], s)}, "update must return finite codes of shape"),
        ],
    )
    def test_refuses(self, least_squares: Problem, change: dict[str, Any], said: str) -> None:
        given: dict[str, Any] = {"problem": least_squares, "grid": GRID, "eta": 0.1, "steps": 5} | change
        with pytest.raises(ValueError, match=said):
            trace(given.pop("problem"), given.pop("grid"), **given)

    def test_refuses_examples_where_there_are_none(self) -> None:
        with pytest.raises(ValueError, match="mode must be batch"):
            trace(AbsoluteSum(1.0, [0.3]), GRID, eta=0.1, steps=5, mode="example")

    def test_checkpoints(self) -> None:
        for steps in (1, 2, 7, 1000):
            at = checkpoints(steps, 32, 32)
            assert at[0] == 0
            assert at[-1] == steps
            assert (np.diff(at) > 0).all()


@pytest.mark.glue
class TestRun:
    def test_is_saved_whole(self, least_squares: Problem, tmp_path: Any) -> None:
        for run in (trace(least_squares, GRID, eta=0.05, steps=20), trace(clicks(0.3), GRID, eta=0.2, steps=20)):
            run.save(tmp_path / "run.npz")
            again = Run.load(tmp_path / "run.npz")
            for name, value in vars(run).items():
                assert np.array_equal(value, getattr(again, name), equal_nan=isinstance(value, np.ndarray)), name

    def test_refuses_other_files(self, least_squares: Problem, tmp_path: Any) -> None:
        with pytest.raises(ValueError, match="no such file"):
            Run.load(tmp_path / "none.npz")
        np.savez(tmp_path / "other.npz", meta=np.array("{}"), a=np.zeros(3))
        with pytest.raises(ValueError, match="not a saved run"):
            Run.load(tmp_path / "other.npz")
        run = trace(least_squares, GRID, eta=0.05, steps=20)
        replace(run, gaps=run.gaps[:, 1:]).save(tmp_path / "short.npz")
        with pytest.raises(ValueError, match="damaged"):
            Run.load(tmp_path / "short.npz")

    def test_to_dataframe(self, least_squares: Problem) -> None:
        run = trace(least_squares, GRID, eta=0.05, steps=20)
        try:
            import pandas  # noqa: F401
        except ImportError:
            with pytest.raises(ImportError, match="needs pandas"):
                run.to_dataframe()
        else:
            frame = run.to_dataframe()
            names = ["gap", "gap_low", "gap_high", "regret", "regret_low", "regret_high"]
            assert list(frame.columns) == ["label", "method", "step", *names, "bound"]
            assert np.array_equal(frame["gap"], run.gap)

    def test_intervals_are_for_the_whole_curve(self, least_squares: Problem) -> None:
        from alpt_ref.intervals import skewed

        run = trace(least_squares, GRID, eta=0.05, steps=20)
        low, high = skewed(run.gaps[:, -1], 0.95, run.steps.size)
        assert tuple(run.gap_interval[:, -1]) == (low, high)
        assert run.gap_half[-1] == max(run.gap[-1] - low, high - run.gap[-1])
        assert run.floor.half is not None
        assert run.labelled("mine").label == "mine"


@pytest.mark.glue
class TestT1OnOwn:
    def test_holds_and_says_what_was_checked(self, least_squares: Problem) -> None:
        row = verify(t1.CLAIM, regret_on(least_squares, GRID, eta=0.05, steps=60, most=256), alpha=1e-3)
        assert row.outcome == "holds"
        names = " ".join(check.name for check in row.checks)
        assert all(word in names for word in ("random pairs", "f* <= f", "along short v", "G:", "G1:", "unbiased"))

    @pytest.mark.parametrize(
        ("problem", "said"),
        [
            (lambda: squares(lambda w, x, y: 0.9 * its_gradient(w, x, y)), "along short v"),
            (lambda: squares(G=1.0), "G:"),
            (lambda: squares(G1=1.0), "G1:"),
            (lambda: squares(L=0.01), "L/2"),
            (lambda: squares(w_star=np.full(3, 0.9)), "f* <= f"),
            (lambda: squares(w_star=np.full(3, 2.5)), "w* in S"),
            (lambda: Problem(lambda w: np.cos(w[0]), lambda w: -np.sin(w), d=1, w_star=[1.5], G=2.0), "f(w') >="),
        ],
    )
    def test_is_not_applicable_where_the_problem_is_not_as_it_says(self, problem: Any, said: str) -> None:
        row = verify(t1.CLAIM, regret_on(problem(), GRID, eta=0.05, steps=10, most=64), alpha=1e-3)
        assert row.verdict == "not applicable"
        assert any(said in check.name for check in row.checks if not check.holds)

    def test_a_bound_that_is_too_small_is_violated(self) -> None:
        small = replace(t1.CLAIM, id="mine", bound=lambda p: 0.01 * t1.total(p))
        bowl = Problem(lambda w: w @ w / 2, lambda w: w, d=1)
        row = verify(small, regret_on(bowl, GRID, eta=0.001, steps=20, start=16, most=256), alpha=1e-3)
        assert row.verdict == "violated"

    def test_an_update_is_judged_by_a_claim_of_one_s_own_alone(self, least_squares: Problem) -> None:
        def still(codes: Any, gradient: Any, state: Any, u: Any) -> Any:
            return codes, state

        instance = regret_on(least_squares, GRID, eta=0.05, steps=20, update=still, most=64)
        first = float(least_squares.loss(np.zeros((1, 3)))[0]) - least_squares.f_star
        mine = replace(t1.CLAIM, id="mine", bound=lambda p: 1.01 * first, kind="upper")
        row = verify(mine, instance, alpha=1e-3)
        assert row.measured == pytest.approx(first)
        assert all(check.holds for check in row.checks)
        assert verify(t1.CLAIM, instance, alpha=1e-3).verdict == "not applicable"

    def test_a_logistic_problem(self) -> None:
        problem: LogisticProblem = from_dataset(X, LABELS, 0.1)
        row = verify(t1.CLAIM, regret_on(problem, GRID, eta=0.05, steps=20, most=64), alpha=1e-3)
        assert row.verdict in ("holds", "holds, weakly")

    def test_nearest_is_not_what_t1_is_about(self, least_squares: Problem) -> None:
        row = verify(t1.CLAIM, regret_on(least_squares, GRID, rounding=NEAREST, eta=0.05, steps=10, most=64), alpha=1e-3)
        assert row.verdict == "not applicable"
