"""FM on a box: loss and gradient against the naive reference and central differences; G, G1 and L hold, and are not slack."""

import numpy as np
import pytest

from alpt_ref import reference
from alpt_ref.problems.factorization import BoxedFm, boxed_fm
from tests import naive

ONE_HOT = boxed_fm(12, 3, 4, 2, 0.5, seed=1)
BOUNDED = BoxedFm(np.random.default_rng(2).normal(size=(6, 4)), [0, 1, 1, 0, 1, 0], 3, 1.5)
PROBLEMS = [pytest.param(ONE_HOT, id="one-hot"), pytest.param(BOUNDED, id="real-valued")]


def points(problem: BoxedFm, count: int = 6) -> np.ndarray:
    """Points and corners of the box, all-plus and all-minus among them."""
    rng = np.random.default_rng(3)
    inside = rng.uniform(-1, 1, (count, problem.d))
    corners = rng.choice([-1.0, 1.0], (count, problem.d))
    return problem.radius * np.vstack([inside, corners, np.ones((1, problem.d)), -np.ones((1, problem.d))])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_against_the_reference(problem: BoxedFm) -> None:
    theta, F = points(problem), problem.X.shape[1]
    losses, gradients = problem.loss(theta), problem.gradients(theta)
    for i, row in enumerate(theta):
        w, V = row[:F], row[F:].reshape(F, problem.k)
        assert losses[i] == pytest.approx(naive.loss(problem.X, problem.y, w, V, 0.0), rel=1e-12)
        g_w, g_V, _ = reference.gradients(problem.X, problem.y, w, V, 0.0)
        np.testing.assert_allclose(gradients[i], np.concatenate([g_w, g_V.ravel()]), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_gradient_is_the_central_difference(problem: BoxedFm, scale: float) -> None:
    """Inside the box and far outside of it, where logits are extreme."""
    theta, h = scale * points(problem, 2), 1e-5
    for row, g in zip(theta, problem.gradients(theta), strict=True):
        steps = h * np.eye(problem.d)
        slope = (problem.loss(row + steps) - problem.loss(row - steps)) / (2 * h)
        np.testing.assert_allclose(g, slope, rtol=1e-6, atol=1e-7 * scale)


def test_rows_do_not_depend_on_each_other() -> None:
    theta = points(ONE_HOT)
    whole = ONE_HOT.gradients(theta), ONE_HOT.loss(theta)
    for cut in (slice(0, 1), slice(3, 8)):
        np.testing.assert_array_equal(ONE_HOT.gradients(theta[cut]), whole[0][cut])
        np.testing.assert_array_equal(ONE_HOT.loss(theta[cut]), whole[1][cut])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_gradient_bounds_hold(problem: BoxedFm) -> None:
    g = problem.gradients(points(problem, 40))
    bounds = problem.gradient_bounds
    assert np.linalg.norm(g, axis=1).max() <= bounds.G
    assert np.abs(g).sum(axis=1).max() <= bounds.G1


def test_gradient_bounds_are_attained() -> None:
    """Where no y is 1 and x >= 0, at the corner theta = radius: shrunk bounds would be violated."""
    problem = BoxedFm(ONE_HOT.X, np.zeros(12), 2, 0.5)
    g = problem.gradients(np.full((1, problem.d), 0.5))[0]
    bounds = problem.gradient_bounds
    assert np.linalg.norm(g) == pytest.approx(bounds.G, rel=1e-12)
    assert np.abs(g).sum() == pytest.approx(bounds.G1, rel=1e-12)


def hessian_norm(problem: BoxedFm, row: np.ndarray) -> float:
    h = 1e-5
    steps = h * np.eye(problem.d)
    H = (problem.gradients(row + steps) - problem.gradients(row - steps)) / (2 * h)
    return float(np.abs(np.linalg.eigvalsh((H + H.T) / 2)).max())


@pytest.mark.parametrize("problem", PROBLEMS)
def test_smoothness_holds(problem: BoxedFm) -> None:
    assert max(hessian_norm(problem, row) for row in points(problem)) <= problem.L


def test_smoothness_is_not_slack() -> None:
    """One example of F fields at theta = 0: the residual is 1/2 so that the second of L's terms is attained."""
    problem = BoxedFm(np.ones((1, 4)), [0.0], 1, 1e-3)
    assert 2.5 <= problem.L < 2.505  # 4/4 + 3/2, and a little for h > 1/2
    assert hessian_norm(problem, np.zeros(8)) == pytest.approx(1.5, rel=1e-4)


def test_a_single_feature_has_no_pairs() -> None:
    """f is then a logistic loss in w alone: L = x^2 / 4."""
    problem = BoxedFm([[0.0, 2.0]], [1.0], 2, 1.0)
    assert problem.L == 1.0
    assert not problem.gradients(np.ones((1, 6)))[0, 2:].any()


def test_generated_data() -> None:
    assert ONE_HOT.d == ONE_HOT.X.shape[1] * 3
    assert (ONE_HOT.X.sum(axis=1) == 3).all()
    np.testing.assert_array_equal(boxed_fm(12, 3, 4, 2, 0.5, seed=1).X, ONE_HOT.X)


@pytest.mark.parametrize(
    ("X", "y", "k", "radius", "message"),
    [
        ([1.0], [1], 1, 1.0, "X must be a finite matrix"),
        (np.empty((0, 2)), [], 1, 1.0, "X must be a finite matrix"),
        ([[np.inf]], [1], 1, 1.0, "X must be a finite matrix"),
        ([[1.0]], [0.5], 1, 1.0, "must be a label in"),
        ([[1.0]], [0, 1], 1, 1.0, "y must have shape"),
        ([[1.0]], [1], 0, 1.0, "k must be at least 1"),
        ([[1.0]], [1], 1, 0.0, "radius positive"),
    ],
)
def test_refusals(X: object, y: object, k: int, radius: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BoxedFm(X, y, k, radius)  # type: ignore[arg-type]
