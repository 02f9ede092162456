"""Labels of any kind: two values, the larger is positive; what is refused, in scikit-learn's words where it has some."""

from decimal import Decimal

import numpy as np
import pytest

from alpt_ref import LogisticRegression
from alpt_ref.models import load_model
from alpt_ref.models.labels import as_labels, classes_of
from tests.test_models import buffers, clicks

pytestmark = pytest.mark.edge
NA = pytest.importorskip("pandas").NA

PAIRS = [
    np.array([0, 1]),
    np.array([-1, 1]),
    np.array([0, 1], np.uint8),
    np.array([1, 2]),
    np.array([0.0, 1.0], np.float32),
    np.array([-3.0, 7.0]),
    np.array([False, True]),
    np.array(["no", "yes"]),
    np.array(["no", "yes"], object),
    np.array([0, 1], object),
    np.array(["10", "9"]),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.tolist()}-{pair.dtype}")
def test_two_values_are_two_classes(pair, tmp_path):
    """Training sees 0 and 1 alone; predictions, accuracy and files have the labels as they were given."""
    X, y = clicks()
    plain = LogisticRegression(epochs=2).fit(X, y)
    model = LogisticRegression(epochs=2).fit(X, pair[y], eval_set=(X[:50], pair[y[:50]]))
    assert model.best_epoch_ == 2
    assert buffers(model) == buffers(plain)
    assert model.classes_.tolist() == pair.tolist()
    assert model.classes_.dtype == pair.dtype
    assert np.array_equal(model.predict(X), pair[plain.predict(X)])
    assert model.score(X, pair[y]) == plain.score(X, y) == np.mean(plain.predict(X) == y)
    model.save(tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")[0]
    assert again.classes_.tolist() == pair.tolist()
    assert again.predict(X).dtype == pair.dtype
    assert np.array_equal(again.predict(X), model.predict(X))


def test_lists_series_and_columns():
    X, y = clicks()
    names = np.array(["no", "yes"])[y]
    expected = buffers(LogisticRegression(epochs=1).fit(X, y))
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    text = np.array(names.tolist(), np.dtypes.StringDType())
    for given in (names.tolist(), pandas.Series(names), pandas.Series(names).astype("category"), polars.Series(names), text):
        model = LogisticRegression(epochs=1).fit(X, given)
        assert buffers(model) == expected
        assert model.classes_.tolist() == ["no", "yes"]
    with pytest.warns(UserWarning, match="A column-vector y was passed when a 1d array was expected"):
        assert buffers(LogisticRegression(epochs=1).fit(X, y[:, None])) == expected


@pytest.mark.parametrize(
    ("alone", "classes"),
    [
        ([0, 0], [0, 1]),
        ([1, 1], [0, 1]),
        ([-1], [-1, 1]),
        ([True], [False, True]),
        ([1.0], [0.0, 1.0]),
        (np.array([True], object), [False, True]),
    ],
)
def test_one_label_of_a_known_pair(alone, classes):
    labels, found = as_labels(alone, len(alone))
    assert found.tolist() == classes
    assert found.dtype == np.asarray(alone).dtype
    assert [type(value) for value in found.tolist()] == [type(value) for value in classes]
    assert labels.tolist() == [float(alone[0] == classes[1])] * len(alone)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (["a", "a"], "y has one class, 'a', and two are needed"),
        ([2, 2], "y has one class, 2, and two are needed"),
        ([0, 1, 2, 3, 4, 5], r"Only binary classification is supported. y has 6 values: 0, 1, 2, 3, 4, \.\.\."),
        ([0, -1], "y has labels -1 and 0, and one of them may mean unknown"),
        ([0.0, 0.5], "Unknown label type: y is continuous, it has 0.0, 0.5"),
        (np.array([0.0, 0.5], object), "Unknown label type: y is continuous, it has 0.0, 0.5"),
        ([Decimal("0.5"), Decimal(1)], "Unknown label type: y is continuous"),
        ([Decimal("inf"), Decimal(1)], "Unknown label type: y is continuous"),
        ([Decimal("sNaN"), Decimal(1)], "Input y contains NaN, or another missing value, at 0"),
        ([0.0, np.nan], "Input y contains NaN, or another missing value, at 1"),
        ([0.0, np.inf], "Input y contains infinity, at 1"),
        (["a", None], "Input y contains NaN, or another missing value, at 1"),
        (["a", float("nan")], "Input y contains NaN, or another missing value, at 1"),
        (np.array(["a", NA], object), "Input y contains NaN, or another missing value, at 1"),
        (["a", 1, "b"], "Unknown label type: values of y cannot be sorted, they are int and str"),
        (np.array(["a", 1], object), "Unknown label type: values of y cannot be sorted, they are int and str"),
        (np.array([b"a", b"b"]), r"Unknown label type: y has dtype \|S1"),
        (np.array([1, 2], "M8[D]"), "Unknown label type: y has dtype datetime64"),
        ([0j, 1j], "Unknown label type: y has dtype complex128"),
        ([[0, 1], [1, 0]], r"y must have shape \(2,\), got \(2, 2\)"),
        ([[0], [0, 1]], "y must be one value for each example: "),
        (1, r"y must have shape \(1,\), got \(\)"),
        (np.ma.masked_equal([0, 1], 1), "y has masked values"),
    ],
)
def test_what_is_no_pair_of_labels(y, said):
    n = len(y) if isinstance(y, list | np.ndarray) else 1
    with pytest.raises(ValueError, match=said):
        as_labels(y, n)


def test_text_that_differs_after_a_nul():
    """In an array of objects, which keeps it."""
    labels, classes = as_labels(np.array(["a", "a\0", "a"], object), 3)
    assert labels.tolist() == [0, 1, 0]
    assert classes.tolist() == ["a", "a\0"]


def test_later_labels_are_of_the_classes():
    X, y = clicks()
    model = LogisticRegression(epochs=1).fit(X, np.array(["no", "yes"])[y])
    for ask in (model.score, model.partial_fit, lambda X, y: model.fit(X, np.where(y, "yes", "no"), eval_set=(X, y))):
        with pytest.raises(ValueError, match=r"y( of eval_set)?\[0\] must be one of the classes 'no', 'yes', got [01]"):
            ask(X, y)
    signed = LogisticRegression(epochs=1).fit(X, 2 * y - 1)
    with pytest.raises(ValueError, match=r"must be one of the classes -1, 1, got 0"):
        signed.score(X, np.zeros(120))
    assert signed.score(X, np.ones(120)) == np.mean(signed.predict(X) == 1)
    assert classes_of(["b", "a"]).tolist() == ["a", "b"]


def test_classes_that_no_file_can_hold(tmp_path):
    X, y = clicks()
    model = LogisticRegression(epochs=1).fit(X, np.array([Decimal(1), Decimal(2)])[y])
    assert set(model.predict(X)) <= {Decimal(1), Decimal(2)}
    with pytest.raises(ValueError, match="cannot be saved: they must be booleans, numbers or strings"):
        model.save(tmp_path / "m.npz")
    assert list(tmp_path.iterdir()) == []
