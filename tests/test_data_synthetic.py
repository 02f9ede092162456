"""make_ctr: the laws it promises, its teacher against a naive factorization machine, known answers."""

import re
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from alpt_ref.data import Teacher, make_ctr
from alpt_ref.data.dataset import make_csr


def test_shape_and_types() -> None:
    dataset, teacher = make_ctr(50, 4, 16, k=3, seed=5)
    # 16, 8, 4, 2 values.
    assert dataset.X.shape == (50, 30)
    assert dataset.X.has_canonical_format
    assert dataset.X.dtype == dataset.y.dtype == teacher.linear.dtype == teacher.factors.dtype == np.float32
    assert (teacher.linear.shape, teacher.factors.shape) == ((30,), (30, 3))
    assert set(dataset.y.tolist()) <= {0.0, 1.0}
    assert (dataset.n_skipped, dataset.n_unseen) == (0, 0)
    fields = dataset.X.indices.reshape(50, 4)
    assert (fields >= [0, 16, 24, 28]).all()
    assert (fields < [16, 24, 28, 30]).all()
    assert (dataset.X.data == 1).all()


@pytest.mark.parametrize("click_rate", [1e-4, 0.2, 0.5, 0.999])
def test_the_bias_meets_the_click_rate(click_rate: float) -> None:
    dataset, teacher = make_ctr(100, 3, 20, click_rate=click_rate, linear_scale=2.0)
    assert teacher.probability(dataset.X).mean() == pytest.approx(click_rate, rel=1e-9)


def test_the_teacher_is_a_factorization_machine() -> None:
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((9, 6)) < 0.6, rng.normal(size=(9, 6)), 0).astype(np.float32)
    rows, columns = np.nonzero(dense)
    X = make_csr(dense[rows, columns], columns, np.bincount(rows, minlength=9), 6)
    teacher = Teacher(0.3, rng.normal(size=6).astype(np.float32), rng.normal(size=(6, 2)).astype(np.float32))
    for x, probability in zip(dense.astype(float), teacher.probability(X), strict=True):
        w, v = teacher.linear.astype(float), teacher.factors.astype(float)
        score = 0.3 + w @ x + sum(v[i] @ v[j] * x[i] * x[j] for i, j in combinations(range(6), 2))
        assert probability == pytest.approx(expit(score), rel=1e-12)


def test_frequencies_and_clicks_follow_their_laws() -> None:
    n = 800
    dataset, teacher = make_ctr(n, 2, 8, zipf=1.5, seed=3)
    law = np.arange(1.0, 9.0) ** -1.5
    law /= law.sum()
    counts = np.bincount(dataset.X.indices[::2], minlength=8)
    # Six standard deviations of each binomial count.
    assert (np.abs(counts - n * law) < 6 * np.sqrt(n * law * (1 - law))).all()
    p = teacher.probability(dataset.X)
    assert abs((dataset.y - p).sum()) < 6 * np.sqrt((p * (1 - p)).sum())
    # The clicks depend on the features as the teacher says, not only on average.
    likely = p > np.median(p)
    assert abs((dataset.y - p)[likely].sum()) < 6 * np.sqrt((p * (1 - p))[likely].sum())


def test_the_seed_decides_everything_and_prefixes_agree() -> None:
    first, teacher = make_ctr(40, 3, 9, seed=1)
    again, same = make_ctr(40, 3, 9, seed=1)
    longer, _ = make_ctr(60, 3, 9, seed=1)
    other, _ = make_ctr(40, 3, 9, seed=2)
    np.testing.assert_array_equal(first.X.indices, again.X.indices)
    np.testing.assert_array_equal(first.y, again.y)
    np.testing.assert_array_equal(teacher.factors, same.factors)
    assert teacher.bias == same.bias
    np.testing.assert_array_equal(first.X.indices, longer.X.indices[: 40 * 3])
    assert (first.X.indices != other.X.indices).any()


def test_known_answers() -> None:
    """Fixed when written: a change here changes every generated data set."""
    dataset, teacher = make_ctr(8, 3, 9, click_rate=0.5, seed=2024)
    assert dataset.X.indices[0::3].tolist() == [4, 1, 3, 0, 0, 1, 3, 2]
    assert dataset.X.indices[1::3].tolist() == [9, 11, 9, 9, 9, 9, 9, 10]
    assert dataset.X.indices[2::3].tolist() == [13, 14, 13, 13, 13, 13, 13, 13]
    assert dataset.y.tolist() == [0, 1, 0, 1, 1, 0, 1, 0]
    np.testing.assert_allclose(teacher.linear[:3], [0.05048796, 0.5623612, 0.33648703], rtol=1e-6)
    np.testing.assert_allclose(teacher.factors[0], [-0.6032661, -0.00627255, -0.07135062, 0.3888632], rtol=1e-5)
    assert teacher.bias == pytest.approx(0.5595820586752887, rel=1e-6)


def test_no_factors_and_one_field() -> None:
    dataset, teacher = make_ctr(30, 1, 5, k=0)
    assert dataset.X.shape == (30, 5)
    assert teacher.factors.shape == (5, 0)
    score = teacher.bias + teacher.linear[dataset.X.indices]
    np.testing.assert_allclose(teacher.probability(dataset.X), expit(score), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_rows": 0}, "n_rows must be an integer of at least 1, got 0"),
        ({"n_fields": 0}, "n_fields must be an integer of at least 1, got 0"),
        ({"n_values": 1}, "n_values must be an integer of at least 2, got 1"),
        ({"k": -1}, "k must be an integer of at least 0, got -1"),
        ({"click_rate": 0.0}, "click_rate must be a positive number, got 0.0"),
        ({"click_rate": float("nan")}, "click_rate must be a positive number, got nan"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_ctr(**options)
