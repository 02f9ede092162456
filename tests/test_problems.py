"""Logistic problems: gradients, minimizers, and constants that bound without being loose."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize

from alpt_ref.grid import Grid
from alpt_ref.problems import (
    LogisticProblem,
    box,
    diameter,
    from_dataset,
    gaussian_logistic,
    logistic,
    one_hot_logistic,
    outside,
)
from tests import naive_replicas as reference_replicas

GAUSSIAN = gaussian_logistic(24, 3, l2=0.05, seed=1)
ONE_HOT = one_hot_logistic(40, 2, 4, click_rate=0.2, seed=2)
PROBLEMS = [pytest.param(GAUSSIAN, id="gaussian"), pytest.param(ONE_HOT, id="one-hot")]
GRID = Grid(4, 1.0)


def example_gradients(problem: LogisticProblem, w: np.ndarray) -> np.ndarray:
    return reference_replicas.gradients(problem.examples, w)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_gradient_is_the_central_difference(problem: LogisticProblem) -> None:
    rng = np.random.default_rng(0)
    for scale in (0.0, 1.0, 1e4):
        w = scale * rng.normal(size=problem.d)
        h = 1e-5 * max(scale, 1.0)
        steps = [(problem.loss(w + h * e) - problem.loss(w - h * e)) / (2 * h) for e in np.eye(problem.d)]
        np.testing.assert_allclose(problem.gradient(w), steps, rtol=1e-5, atol=1e-8 * max(scale, 1.0))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_loss_gradient_and_hessian_against_numpy(problem: LogisticProblem) -> None:
    w = np.linspace(-1, 1, problem.d)
    assert problem.loss(w) == pytest.approx(reference_replicas.losses(problem.examples, w).mean(), rel=1e-13)
    np.testing.assert_allclose(problem.gradient(w), example_gradients(problem, w).mean(axis=0), rtol=1e-12, atol=1e-15)
    h = 1e-6
    columns = [(problem.gradient(w + h * e) - problem.gradient(w - h * e)) / (2 * h) for e in np.eye(problem.d)]
    np.testing.assert_allclose(problem.hessian(w), columns, atol=1e-8)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_solution_is_scipys(problem: LogisticProblem) -> None:
    solution = problem.solution
    assert solution.gradient_norm <= 1e-12
    found = minimize(problem.loss, np.zeros(problem.d), jac=problem.gradient, method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(solution.w, found.x, atol=1e-5)
    assert problem.loss(solution.w) == solution.f <= found.fun + 1e-15
    assert problem.solved_examples.best.mean() == pytest.approx(solution.f, rel=1e-13)


def test_newton_is_safe_where_the_full_step_overshoots() -> None:
    """Two opposite examples a thousand times apart: from 0, undamped Newton leaps where the loss is linear and diverges."""
    problem = from_dataset([[1.0], [-1e-3], [30.0]], [1, 1, 0], 1e-6)
    assert problem.solution.gradient_norm <= 1e-12


def test_a_minimum_that_is_not_reached_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "MAX_NEWTON_STEPS", 1)
    with pytest.raises(ValueError, match=r"short: Newton's method ended at gradient norm .*, not 1e-12"):
        _ = from_dataset([[1.0], [2.0]], [0, 1], 0.1, "short").solution


@pytest.mark.parametrize("problem", PROBLEMS)
def test_smoothness_and_strong_convexity_bound_the_hessian(problem: LogisticProblem) -> None:
    rng = np.random.default_rng(3)
    for scale in (0.0, 0.3, 3.0):
        eigenvalues = np.linalg.eigvalsh(problem.hessian(scale * rng.normal(size=problem.d)))
        assert problem.mu * (1 - 1e-12) <= eigenvalues[0]
        assert eigenvalues[-1] <= problem.L * (1 + 1e-12)
    top = np.linalg.eigvalsh(problem.hessian(np.zeros(problem.d)))[-1]
    assert top == pytest.approx(problem.L, rel=1e-10)  # attained at 0, where every p (1 - p) is 1/4
    worst = max(np.linalg.norm(row) ** 2 for row in problem.X.toarray()) / 4 + problem.l2
    assert problem.L_example == pytest.approx(worst, rel=1e-14)


def corners(d: int, grid: Grid) -> np.ndarray:
    lo, hi = box(grid)
    if d <= 3:
        return np.array(list(product((lo, hi), repeat=d)))
    signs = np.random.default_rng(4).random((16, d)) < 0.5
    return np.where(np.vstack([signs, np.zeros(d, bool), np.ones(d, bool)]), lo, hi)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("mode", ["batch", "example"])
def test_gradient_bounds_hold_in_the_box(problem: LogisticProblem, mode: str) -> None:
    bounds = problem.gradient_bounds(GRID, mode)
    lo, hi = box(GRID)
    inside = np.random.default_rng(5).uniform(lo, hi, (10, problem.d))
    for w in np.vstack([inside, corners(problem.d, GRID), np.zeros(problem.d)]):
        g = example_gradients(problem, w)
        g = g.mean(axis=0, keepdims=True) if mode == "batch" else g
        assert np.mean(np.sum(g**2, axis=1)) <= bounds.G**2 * (1 + 1e-12)
        assert np.mean(np.sum(np.abs(g), axis=1)) <= bounds.G1 * (1 + 1e-12)


@pytest.mark.parametrize("mode", ["batch", "example"])
def test_shrunk_gradient_bounds_are_violated(mode: str) -> None:
    """Labels that agree within each feature: at a corner all residuals are 1, and so is the ratio to the bound, nearly."""
    X = np.repeat(np.eye(2), 3, axis=0)
    problem = from_dataset(X, [0, 0, 0, 1, 1, 1], 1e-3)
    grid = Grid(8, 0.25)
    lo, hi = box(grid)
    bounds = problem.gradient_bounds(grid, mode)
    g = example_gradients(problem, np.array([hi, lo]))
    g = g.mean(axis=0, keepdims=True) if mode == "batch" else g
    assert np.mean(np.sum(g**2, axis=1)) > (0.96 * bounds.G) ** 2
    assert np.mean(np.sum(np.abs(g), axis=1)) > 0.96 * bounds.G1


def test_box_and_diameter() -> None:
    assert box(GRID) == (-8.0, 7.0)
    assert diameter(GRID, 4) == 30.0
    assert outside(GRID, np.array([-8.0, 7.0])) == 0.0
    assert outside(GRID, np.array([0.0, 7.25])) == 0.25


def test_generators_are_functions_of_the_seed() -> None:
    assert gaussian_logistic(24, 3, l2=0.05, seed=1).fingerprint == GAUSSIAN.fingerprint
    assert gaussian_logistic(24, 3, l2=0.05, seed=2).fingerprint != GAUSSIAN.fingerprint
    assert gaussian_logistic(24, 3, l2=0.06, seed=1).fingerprint != GAUSSIAN.fingerprint
    assert (ONE_HOT.X.sum(axis=1) == 2).all()
    assert 0 < ONE_HOT.y.mean() < 1


@pytest.mark.parametrize(
    ("X", "y", "l2", "message"),
    [
        ([[1.0], [2.0]], [0, 2], 1.0, "must be a label in"),
        ([[1.0], [2.0]], [0], 1.0, "y must have shape"),
        (np.empty((0, 2)), [], 1.0, "not empty"),
        ([[np.nan]], [0], 1.0, "X must be finite"),
        ([[1.0]], [0], 0.0, "l2 must be positive"),
        ([[1.0]], [0], np.inf, "l2 must be positive"),
    ],
)
def test_refusals(X: object, y: object, l2: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_dataset(X, y, l2)  # type: ignore[arg-type]


def test_repeated_entries_add_up() -> None:
    repeated = sp.csr_array((np.array([1.0, 2.0]), np.array([0, 0]), np.array([0, 2])), shape=(1, 1))
    assert from_dataset(repeated, [1], 1.0).X.toarray() == [[3.0]]
