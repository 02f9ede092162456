"""LPT-SGD by replicas: the naive twin's trajectories, threads and cuts, freezing (L3), unbiasedness (L4), clipping."""

import numpy as np
import pytest
from numpy import uint64

from alpt_ref.grid import Grid
from alpt_ref.kernels.cpu.problems import draw_example, example_losses
from alpt_ref.problems import LogisticProblem, from_dataset, gaussian_logistic, one_hot_logistic
from alpt_ref.scalars.rounding import ROUNDINGS
from alpt_ref.walks import reference as naive
from alpt_ref.walks.replicas import LptSgd

GAUSSIAN = gaussian_logistic(12, 3, l2=0.05, seed=1)
ONE_HOT = one_hot_logistic(15, 2, 4, click_rate=0.2, seed=2)
GRID = Grid(6, 2.0**-4)


def trajectory(problem: LogisticProblem, sgd: LptSgd, steps: int, replicas: int, start: np.ndarray) -> np.ndarray:
    """Codes after 0, 1, ..., steps steps, (steps + 1, replicas, d), one call a step."""
    trace = sgd.start(start, replicas)
    path = [trace.codes.copy()]
    for t in range(steps):
        sgd.advance(problem.solved_examples, trace, t, t + 1, regret=True)
        path.append(trace.codes.copy())
    return np.array(path)


@pytest.mark.parametrize("problem", [GAUSSIAN, ONE_HOT], ids=["gaussian", "one-hot"])
@pytest.mark.parametrize("mode", ["batch", "example"])
@pytest.mark.parametrize("rounding", [*ROUNDINGS, None])
@pytest.mark.parametrize("decays", [False, True])
def test_equals_the_naive_twin(problem: LogisticProblem, mode: str, rounding: str | None, decays: bool) -> None:
    sgd = LptSgd(GRID if rounding else None, rounding or "nearest", mode, 0.9, decays, seed=2**40 + 3)
    start = np.arange(problem.d) % 5 - 2.0
    steps, replicas = 8, 2
    path = trajectory(problem, sgd, steps, replicas, start)
    trace = sgd.start(start, replicas, 3)
    checkpoints = np.array([0, 5, steps])
    sgd.advance(problem.solved_examples, trace, 0, steps, checkpoints, regret=True)
    np.testing.assert_array_equal(trace.codes, path[-1])
    for r in range(replicas):
        expected, record = naive.walk_replica(problem.solved_examples, sgd.walk, mode, rounding, 0, steps, r, start)
        if rounding:
            np.testing.assert_array_equal(path[:, r], expected)
        else:
            np.testing.assert_allclose(path[:, r], expected, rtol=1e-12, atol=1e-13)
        assert trace.regret[r] == pytest.approx(record["regret"], rel=1e-9)
        assert (trace.last_move[r], trace.clipped[r]) == (record["last_move"], record["clipped"])
        for c, t in enumerate(checkpoints):
            loss = naive.losses(problem.examples, sgd.walk.delta * expected[t]).mean()
            assert trace.losses[r, c] == pytest.approx(loss, rel=1e-12)


def test_unread_losses_stay_nan_and_regret_zero() -> None:
    sgd = LptSgd(GRID, "nearest", "example", 0.5)
    trace = sgd.start(np.zeros(3), 1, 2)
    sgd.advance(GAUSSIAN.examples, trace, 0, 3, np.array([1, 9]))
    assert np.isfinite(trace.losses[0, 0])
    assert np.isnan(trace.losses[0, 1])
    assert trace.regret[0] == 0


@pytest.mark.parametrize("mode", ["batch", "example"])
def test_threads_and_cuts_do_not_change_bits(mode: str) -> None:
    sgd = LptSgd(GRID, "stochastic", mode, 0.7, True, seed=5)
    whole, cut = sgd.start(np.zeros(3), 5, 2), sgd.start(np.zeros(3), 5, 2)
    checkpoints = np.array([3, 7])
    sgd.advance(GAUSSIAN.solved_examples, whole, 0, 7, checkpoints, regret=True)
    for start, stop in ((0, 2), (2, 3), (3, 7)):
        sgd.advance(GAUSSIAN.solved_examples, cut, start, stop, checkpoints, regret=True, n_threads=2)
    for a, b in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(a, b)


def test_replicas_differ_and_do_not_depend_on_how_many_there_are() -> None:
    sgd = LptSgd(GRID, "stochastic", "batch", 0.7, seed=5)
    few, many = sgd.start(np.zeros(3), 2), sgd.start(np.zeros(3), 4)
    sgd.advance(GAUSSIAN.examples, few, 0, 4)
    sgd.advance(GAUSSIAN.examples, many, 0, 4)
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
    sgd = LptSgd(GRID, "nearest", "batch", eta)
    path = trajectory(GAUSSIAN, sgd, 40, 1, np.zeros(3))[:, 0]
    trace = sgd.start(np.zeros(3))
    sgd.advance(GAUSSIAN.examples, trace, 0, 40)
    last = int(trace.last_move[0])
    assert 0 < last < 40
    assert (path[last:] == path[-1]).all()
    assert eta * np.abs(GAUSSIAN.gradient(delta * path[last])).max() < delta / 2
    assert eta * np.abs(GAUSSIAN.gradient(delta * path[last - 1])).max() > delta / 2


def test_decaying_nearest_freezes_by_the_time_of_l3() -> None:
    """eta_t = eta/sqrt(t): no move after t = (2 eta G_inf / delta)^2."""
    grid, eta = Grid(4, 0.5), 0.6
    sgd = LptSgd(grid, "nearest", "example", eta, True, seed=1)
    g_inf = np.abs(ONE_HOT.X.data).max() + ONE_HOT.l2 * 4.0
    trace = sgd.start(np.zeros(ONE_HOT.d), 4)
    sgd.advance(ONE_HOT.examples, trace, 0, 40)
    assert 0 < trace.last_move.max() <= (2 * eta * g_inf / 0.5) ** 2


def test_stochastic_mean_is_the_gradient_step() -> None:
    """Inside the box the mean over replicas of one step is w - eta g, within 5 standard errors (delta/2 at most each)."""
    sgd = LptSgd(GRID, "stochastic", "batch", 0.4, seed=11)
    replicas, start = 400, np.array([1.0, -2.0, 3.0])
    trace = sgd.start(start, replicas)
    sgd.advance(GAUSSIAN.examples, trace, 0, 1)
    w = float(GRID.delta) * start
    target = w - 0.4 * GAUSSIAN.gradient(w)
    assert trace.clipped.sum() == 0
    error = float(GRID.delta) * trace.codes.mean(axis=0) - target
    assert (np.abs(error) < 5 * float(GRID.delta) / 2 / np.sqrt(replicas)).all()


def test_example_gradients_average_to_the_gradient() -> None:
    sgd = LptSgd(None, "nearest", "example", 1.0, seed=3)
    trace = sgd.start(np.ones(3), 600)
    sgd.advance(GAUSSIAN.examples, trace, 0, 1)
    g = 1.0 - trace.codes
    error = g.mean(axis=0) - GAUSSIAN.gradient(np.ones(3))
    assert (np.abs(error) < 5 * g.std(axis=0) / np.sqrt(600)).all()


def test_clipping_is_counted() -> None:
    """One feature, y = 0 throughout: the gradient pushes down, through the box's lower edge at every step."""
    problem = from_dataset([[1.0], [1.0]], [0, 0], 1e-3)
    sgd = LptSgd(Grid(2, 0.1), "nearest", "batch", 1.0)
    trace = sgd.start([-2.0])
    sgd.advance(problem.examples, trace, 0, 4)
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
        ({"rounding": "up"}, "rounding must be one of"),
        ({"mode": "epoch"}, "mode must be one of batch, example"),
        ({"eta": 0.0}, "eta must be positive"),
        ({"eta": np.inf}, "eta must be positive"),
        ({"seed": -1}, "seed must be an integer"),
        ({"grid": Grid(4, [0.1, 0.2])}, "one delta for all"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    arguments = {"grid": GRID, "rounding": "nearest", "mode": "batch", "eta": 0.1} | change
    with pytest.raises(ValueError, match=message):
        LptSgd(**arguments)  # type: ignore[arg-type]
