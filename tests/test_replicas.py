"""LPT-SGD by replicas: the naive twin's trajectories, threads and cuts, freezing (L3), unbiasedness (L4), clipping."""

import numpy as np
import pytest
from numpy import uint64

from alpt_ref.grid import Grid
from alpt_ref.kernels.problems import draw_example, example_losses
from alpt_ref.problems import LogisticProblem, from_dataset, gaussian_logistic, one_hot_logistic
from alpt_ref.scalars.rounding import ROUNDINGS
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, as_rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk
from tests import naive_replicas as naive

GAUSSIAN = gaussian_logistic(12, 3, l2=0.05, seed=1)
ONE_HOT = one_hot_logistic(15, 2, 4, click_rate=0.2, seed=2)
GRID = Grid(6, 2.0**-4)


def trajectory(walk: Walk, replicas: int = 1) -> np.ndarray:
    """Codes after 0, 1, ..., steps steps, (steps + 1, replicas, d), one call a step."""
    trace = walk.trace(replicas)
    path = [trace.codes.copy()]
    for t in range(walk.steps):
        walk.advance(trace, t, t + 1, regret=True)
        path.append(trace.codes.copy())
    return np.array(path)


@pytest.mark.parametrize("problem", [GAUSSIAN, ONE_HOT], ids=["gaussian", "one-hot"])
@pytest.mark.parametrize("mode", ["batch", "example"])
@pytest.mark.parametrize("rounding", [*ROUNDINGS, None])
@pytest.mark.parametrize("decays", [False, True])
def test_equals_the_naive_twin(problem: LogisticProblem, mode: str, rounding: str | None, decays: bool) -> None:
    start = np.arange(problem.d) % 5 - 2.0
    steps, replicas, schedule = 8, 2, Schedule(0.9, "sqrt" if decays else "constant")
    grid, rule = GRID if rounding else None, as_rule(rounding or "nearest")
    walk = Walk(problem, grid, rule, schedule, steps, start, mode, seed=2**40 + 3)
    path = trajectory(walk, replicas)
    checkpoints = np.array([0, 5, steps])
    trace = walk.trace(replicas, checkpoints)
    walk.advance(trace, 0, steps, regret=True)
    np.testing.assert_array_equal(trace.codes, path[-1])
    for r in range(replicas):
        expected, record = naive.walk_replica(problem.solved_examples, walk.arguments, mode, rounding, range(steps), r, start)
        if rounding:
            np.testing.assert_array_equal(path[:, r], expected)
        else:
            np.testing.assert_allclose(path[:, r], expected, rtol=1e-12, atol=1e-13)
        assert trace.regret[r] == pytest.approx(record["regret"], rel=1e-9)
        assert (trace.last_move[r], trace.clipped[r]) == (record["last_move"], record["clipped"])
        for c, t in enumerate(checkpoints):
            loss = naive.losses(problem.examples, walk.delta * expected[t]).mean()
            assert trace.losses[r, c] == pytest.approx(loss, rel=1e-12)


def test_unread_losses_stay_nan_and_regret_zero() -> None:
    walk = Walk(GAUSSIAN, GRID, NEAREST, Schedule(0.5), 3, mode="example")
    trace = walk.trace(1, [1, 9])
    walk.advance(trace, 0, 3)
    assert np.isfinite(trace.losses[0, 0])
    assert np.isnan(trace.losses[0, 1])
    assert trace.regret[0] == 0


@pytest.mark.parametrize("mode", ["batch", "example"])
def test_threads_and_cuts_do_not_change_bits(mode: str) -> None:
    walk = Walk(GAUSSIAN, GRID, STOCHASTIC, Schedule(0.7, "sqrt"), 7, mode=mode, seed=5)
    whole, cut = walk.trace(5, [3, 7]), walk.trace(5, [3, 7])
    walk.advance(whole, 0, 7, regret=True)
    for start, stop in ((0, 2), (2, 3), (3, 7)):
        walk.advance(cut, start, stop, regret=True, n_threads=2)
    for a, b in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(a, b)


def test_replicas_differ_and_do_not_depend_on_how_many_there_are() -> None:
    walk = Walk(GAUSSIAN, GRID, STOCHASTIC, Schedule(0.7), 4, seed=5)
    few, many = walk.trace(2), walk.trace(4)
    walk.advance(few, 0, 4)
    walk.advance(many, 0, 4)
    np.testing.assert_array_equal(few.codes, many.codes[:2])
    assert np.unique(many.codes, axis=0).shape[0] > 1


def test_examples_are_drawn_uniformly() -> None:
    draws = [draw_example(5, r, t, uint64(9)) for r in range(20) for t in range(20)]
    counts = np.bincount(draws, minlength=5)
    assert counts.size == 5
    assert (np.abs(counts - 80) < 5 * np.sqrt(80 * 0.8)).all()
    assert draws[:4] == [naive.example_at(5, 0, t, 9) for t in range(4)]


def test_nearest_freezes_where_every_update_is_below_half_a_step() -> None:
    """L3: after the last move eta |g_j| < delta/2 in every coordinate, and before it some coordinate has more."""
    eta, delta = 0.3, float(GRID.delta)
    walk = Walk(GAUSSIAN, GRID, NEAREST, Schedule(eta), 40)
    path = trajectory(walk)[:, 0]
    trace = walk.trace()
    walk.advance(trace, 0, 40)
    last = int(trace.last_move[0])
    assert 0 < last < 40
    assert (path[last:] == path[-1]).all()
    assert eta * np.abs(GAUSSIAN.gradient(delta * path[last])).max() < delta / 2
    assert eta * np.abs(GAUSSIAN.gradient(delta * path[last - 1])).max() > delta / 2


def test_decaying_nearest_freezes_by_the_time_of_l3() -> None:
    """eta_t = eta/sqrt(t): no move after t = (2 eta G_inf / delta)^2."""
    grid, eta = Grid(4, 0.5), 0.6
    walk = Walk(ONE_HOT, grid, NEAREST, Schedule(eta, "sqrt"), 40, mode="example", seed=1)
    g_inf = np.abs(ONE_HOT.X.data).max() + ONE_HOT.l2 * 4.0
    trace = walk.trace(4)
    walk.advance(trace, 0, 40)
    assert 0 < trace.last_move.max() <= (2 * eta * g_inf / 0.5) ** 2


def test_stochastic_mean_is_the_gradient_step() -> None:
    """Inside the box the mean over replicas of one step is w - eta g, within 5 standard errors (delta/2 at most each)."""
    replicas, start = 400, np.array([1.0, -2.0, 3.0])
    walk = Walk(GAUSSIAN, GRID, STOCHASTIC, Schedule(0.4), 1, start, seed=11)
    trace = walk.trace(replicas)
    walk.advance(trace, 0, 1)
    w = float(GRID.delta) * start
    target = w - 0.4 * GAUSSIAN.gradient(w)
    assert trace.clipped.sum() == 0
    error = float(GRID.delta) * trace.codes.mean(axis=0) - target
    assert (np.abs(error) < 5 * float(GRID.delta) / 2 / np.sqrt(replicas)).all()


def test_example_gradients_average_to_the_gradient() -> None:
    walk = Walk(GAUSSIAN, None, NEAREST, Schedule(1.0), 1, 1.0, "example", seed=3)
    trace = walk.trace(600)
    walk.advance(trace, 0, 1)
    g = 1.0 - trace.codes
    error = g.mean(axis=0) - GAUSSIAN.gradient(np.ones(3))
    assert (np.abs(error) < 5 * g.std(axis=0) / np.sqrt(600)).all()


def test_clipping_is_counted() -> None:
    """One feature, y = 0 throughout: the gradient pushes down, through the box's lower edge at every step."""
    problem = from_dataset([[1.0], [1.0]], [0, 0], 1e-3)
    walk = Walk(problem, Grid(2, 0.1), NEAREST, Schedule(1.0), 4, -2)
    trace = walk.trace()
    walk.advance(trace, 0, 4)
    assert trace.codes.tolist() == [[-2.0]]
    assert (trace.clipped[0], trace.last_move[0]) == (4, 0)


def test_example_losses_against_numpy() -> None:
    out = np.empty(GAUSSIAN.y.size)
    w = np.array([30.0, -1.0, 2.0])
    example_losses(GAUSSIAN.examples, w, out)
    np.testing.assert_allclose(out, naive.losses(GAUSSIAN.examples, w), rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "up"}, "rule must be a Rule or one of"),
        ({"mode": "epoch"}, "mode must be one of batch, example"),
        ({"seed": -1}, "seed must be an integer"),
        ({"grid": Grid(4, [0.1, 0.2])}, "one delta for all"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    arguments = {"problem": GAUSSIAN, "grid": GRID, "rule": NEAREST, "schedule": Schedule(0.1), "steps": 1} | change
    with pytest.raises(ValueError, match=message):
        Walk(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("eta", [0.0, np.inf])
def test_learning_rates_are_positive_and_finite(eta: float) -> None:
    with pytest.raises(ValueError, match="eta must be positive"):
        Schedule(eta)
