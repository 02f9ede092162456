"""Weighted distances: the loops against one line of NumPy, and bounds that are attained."""

from itertools import product

import numpy as np
import pytest

from alpt_ref.grid import Grid
from alpt_ref.problems.logistic import box
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.rng import Stream, uniforms
from alpt_ref.walks.rule import BUILT_IN, NEAREST
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

GRID = Grid(4, 0.25)


def dyadic(d: int, seed: int) -> AbsoluteSum:
    """Slopes k/8 and centres off the grid: every loss and every target is exact in float64."""
    rng = np.random.default_rng(seed)
    return AbsoluteSum(rng.integers(1, 16, d) / 8, rng.integers(-12, 12, d) / 8)


@pytest.mark.parametrize("d", [1, 2, 7, 16, 33, 64])
def test_loss_and_gradient(d: int) -> None:
    rng = np.random.default_rng(d)
    problem = AbsoluteSum(rng.random(d), rng.normal(size=d))
    for w in (rng.normal(size=d), problem.w_star, 1e4 * rng.normal(size=d)):
        away = w - problem.centres
        assert problem.loss(w) == pytest.approx(float(problem.slopes @ np.abs(away)), rel=1e-14)
        np.testing.assert_array_equal(problem.gradient(w), problem.slopes * np.sign(away))
    assert problem.loss(problem.w_star) == problem.f_star == 0


def test_the_gradient_is_a_subgradient() -> None:
    problem, rng = dyadic(5, 1), np.random.default_rng(2)
    for _ in range(20):
        w, v = rng.integers(-8, 8, (2, 5)) / 4
        assert problem.loss(v) >= problem.loss(w) + problem.gradient(w) @ (v - w)


def test_bounds_are_attained() -> None:
    problem = dyadic(3, 3)
    low, high = problem.loss_range(GRID)
    losses = [problem.loss(np.array(corner)) for corner in product(box(GRID), repeat=3)]
    assert low == 0
    assert max(losses) <= high <= max(losses) * (1 + 2e-12)
    g = problem.gradient(problem.centres + 1.0)
    assert problem.gradient_bounds(GRID) == (np.linalg.norm(g), np.abs(g).sum())


def test_one_slope_for_all() -> None:
    assert AbsoluteSum(0.5, [1.0, 2.0]).slopes.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("rounding", BUILT_IN)
@pytest.mark.parametrize("decays", [False, True])
def test_walks_against_numpy(rounding: str, decays: bool) -> None:
    """Codes, regret, last move and clipped coordinate-steps of two replicas, written out."""
    problem, steps, d, delta = dyadic(9, 4), 12, 9, 0.25
    schedule = Schedule(0.5, "sqrt" if decays else "constant")
    walk = Walk(problem, GRID, BUILT_IN[rounding], schedule, steps, seed=2**33 + 1)
    trace = walk.trace(2, [0, steps])
    walk.advance(trace, 0, steps, regret=True)
    for r in range(2):
        q, regret, last, clipped = np.zeros(d), 0.0, 0, 0
        for t in range(steps):
            w = delta * q
            regret += problem.slopes @ np.abs(w - problem.centres)
            s = q - 0.5 / (np.sqrt(t + 1) if decays else 1.0) * problem.slopes * np.sign(w - problem.centres) / delta
            u = uniforms(d, seed=2**33 + 1, step=t, stream=Stream.LINEAR, offset=r * d)
            to = {
                "nearest": np.rint(s),
                "stochastic": np.floor(s) + (u < s - np.floor(s)),
                "toward_zero": np.trunc(s),
                "floor": np.floor(s),
            }[rounding]
            new = np.clip(to, -8, 7)
            clipped += np.sum((s < -8) | (s > 7))
            last = t + 1 if (new != q).any() else last
            q = new
        np.testing.assert_array_equal(trace.codes[r], q)
        assert trace.regret[r] == pytest.approx(regret, rel=1e-13)
        assert (trace.last_move[r], trace.clipped[r]) == (last, clipped)
        assert trace.losses[r].tolist() == pytest.approx([problem.loss(np.zeros(d)), problem.loss(delta * q)], rel=1e-13)


@pytest.mark.parametrize(
    ("slopes", "centres", "message"),
    [
        ([1.0], [], "centres must be"),
        (1.0, [[0.0]], "centres must be"),
        (1.0, [np.nan], "centres must be"),
        ([1.0, 2.0], [0.0], "slopes must be"),
        (-1.0, [0.0], "slopes must be"),
        (np.inf, [0.0], "slopes must be"),
    ],
)
def test_refusals(slopes: object, centres: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AbsoluteSum(slopes, centres)  # type: ignore[arg-type]


def test_there_are_no_examples() -> None:
    problem = dyadic(2, 5)
    with pytest.raises(ValueError, match="mode must be batch"):
        problem.gradient_bounds(GRID, "example")
    walk = Walk(problem, GRID, NEAREST, Schedule(0.5), 1, mode="example")
    with pytest.raises(ValueError, match="mode must be batch"):
        walk.advance(walk.trace(), 0, 1)
