"""scikit-learn's own checks of estimators, and what its users do with them; and all of it without scikit-learn."""

import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

from alpt_ref import FactorizationMachine, LogisticRegression
from alpt_ref.models import NotFittedError
from alpt_ref.scalars.optimizers import DIRECTIONS
from alpt_ref.training.config import Config, OptimizerName
from tests.marks import long
from tests.test_models import buffers, clicks
from tests.test_weights import PRECISIONS, weights

sklearn = pytest.importorskip("sklearn")
pytestmark = pytest.mark.glue

PAGE = Path(__file__).parent.parent / "docs" / "scikit-learn.md"
EXPECTED = dict(re.findall(r"^\| `(check_\w+)` \| (.+) \|$", PAGE.read_text(), re.M))
KINDS = (LogisticRegression, FactorizationMachine)


@pytest.fixture
def routing():
    """Metadata routing is on."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("precision", ["fp32", *(pytest.param(name, marks=long) for name in PRECISIONS[1:])])
@pytest.mark.parametrize("kind", KINDS)
def test_checks_of_estimators(kind, precision):
    """All pass but those of the table in docs/scikit-learn.md, which fail. LPT's moves have to be of the size of its cells."""
    from sklearn.utils.estimator_checks import check_estimator

    model = kind(precision=precision, lr=0.1 if precision == "lpt" else 0.01, epochs=2)
    if kind is FactorizationMachine:
        model.set_params(k=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they warn of what they try
        results = check_estimator(model, on_fail=None, expected_failed_checks=EXPECTED)
    failed = {result["check_name"]: repr(result["exception"]) for result in results if result["status"] == "failed"}
    assert failed == {}
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(EXPECTED)
    assert len([result for result in results if result["status"] == "passed"]) > 55


def test_without_scikit_learn():
    """Neither is it needed, nor loaded."""
    code = """
import sys
sys.modules["sklearn"] = None
import numpy as np
from alpt_ref.models import LogisticRegression, NotFittedError
X, y = np.eye(4), ["a", "b", "a", "b"]
model = LogisticRegression(epochs=2)
try:
    model.predict(X)
except NotFittedError as error:
    print(error)
model.fit(X, y, sample_weight=[1, 2, 3, 4]).partial_fit(X, y)
print(model, model.score(X, y), model.__sklearn_is_fitted__(), [name for name in sys.modules if name.startswith("sklearn.")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, shown = done.stdout.splitlines()
    assert said == "this LogisticRegression is not fitted: call fit or load first"
    assert shown.startswith("LogisticRegression(epochs=2) ")
    assert shown.endswith(" True []")


def test_not_fitted_under_every_name():
    from sklearn.exceptions import NotFittedError as Theirs
    from sklearn.utils.validation import check_is_fitted

    X, y = clicks()
    for kind in (NotFittedError, Theirs, ValueError, AttributeError):
        for ask in ("decision_function", "predict", "predict_proba"):
            with pytest.raises(kind, match="this LogisticRegression is not fitted"):
                getattr(LogisticRegression(), ask)(X)
    with pytest.raises(NotFittedError) as raised:
        LogisticRegression().score(X, y)
    again = pickle.loads(pickle.dumps(raised.value))
    assert isinstance(again, Theirs)
    assert str(again) == str(raised.value)
    with pytest.raises(Theirs):
        check_is_fitted(LogisticRegression())
    check_is_fitted(LogisticRegression(epochs=1).fit(X, y))


@pytest.mark.parametrize("kind", [LogisticRegression, pytest.param(FactorizationMachine, marks=long)])
def test_searches_and_pipelines_have_finite_scores(kind):
    from sklearn.base import is_classifier
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    X, y = clicks()
    names = np.array(["no", "yes"])[y]
    steps = make_pipeline(MaxAbsScaler(), kind(precision="lpt", lr=0.5, batch_size=16, epochs=3))
    assert is_classifier(steps)
    assert f"{kind.__name__}(precision='lpt', lr=0.5, batch_size=16, epochs=3)" in re.sub(r"\s+", " ", repr(steps))
    name = kind.__name__.lower()
    grid = {f"{name}__bits": [4, 8], f"{name}__rounding": ["nearest", "stochastic"]}
    search = GridSearchCV(steps, grid, cv=2, error_score="raise").fit(X, names)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_score_ > 0.55
    assert search.predict(X).tolist() == search.best_estimator_[-1].predict(X).tolist()
    for scoring in ("accuracy", "roc_auc", "neg_log_loss", "f1"):
        labels = y if scoring == "f1" else names
        assert np.isfinite(cross_val_score(steps, X, labels, cv=2, scoring=scoring, error_score="raise")).all()


def test_calibration_and_one_model_a_class():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.multiclass import OneVsRestClassifier

    X, y = clicks()
    model = LogisticRegression(lr=0.5, batch_size=16, epochs=3)
    for method in ("sigmoid", "isotonic"):
        calibrated = CalibratedClassifierCV(model, method=method, cv=2).fit(X, y)
        assert calibrated.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.1)
    three = np.argmax(X[:, :3].toarray(), axis=1)
    assert OneVsRestClassifier(model).fit(X, three).score(X, three) > 0.6


def test_clone_and_pickle():
    from sklearn.base import clone

    X, y = clicks()
    model = FactorizationMachine(5, precision="alpt", delta=(np.full(12, 0.1, np.float32), 0.05), step=("row", "row"), epochs=2)
    model.fit(X, y)
    twin = clone(model)
    assert not hasattr(twin, "state_")
    assert repr(twin) == repr(model)
    assert buffers(twin.fit(X, y)) == buffers(model)
    assert buffers(pickle.loads(pickle.dumps(model))) == buffers(model)


@long
def test_processes():
    """Two of joblib's."""
    from sklearn.model_selection import GridSearchCV

    X, y = clicks()
    found = [
        GridSearchCV(LogisticRegression(epochs=2), {"bits": [2, 8], "precision": ["lpt"]}, cv=2, n_jobs=n).fit(X, y)
        for n in (None, 2)
    ]
    assert np.array_equal(*(search.cv_results_["mean_test_score"] for search in found))
    assert buffers(found[0].best_estimator_) == buffers(found[1].best_estimator_)


def test_weights_are_routed(routing):
    from sklearn.model_selection import GridSearchCV, cross_validate

    X, y = clicks()
    s = weights(120)
    model = LogisticRegression(epochs=2, lr=0.5).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(model, {"l2": [0.0]}, cv=2).fit(X, y, sample_weight=s)
    assert buffers(search.best_estimator_) == buffers(LogisticRegression(epochs=2, lr=0.5).fit(X, y, sample_weight=s))
    half = np.arange(120) < 60
    scores = cross_validate(model, X, y, cv=[(np.flatnonzero(half), np.flatnonzero(~half))], params={"sample_weight": s})
    alone = LogisticRegression(epochs=2, lr=0.5).fit(X[half], y[half], sample_weight=s[half])
    assert scores["test_score"][0] == alone.score(X[~half], y[~half], sample_weight=s[~half])
    refusing = LogisticRegression(epochs=2).set_fit_request(sample_weight=False).set_partial_fit_request(classes=True)
    assert str(refusing.get_metadata_routing().fit.requests) == "{'sample_weight': False}"
    assert refusing.get_metadata_routing().partial_fit.requests == {"classes": True, "sample_weight": None}
    with pytest.raises(ValueError, match="sample_weight"):  # not asked for, nor refused
        GridSearchCV(LogisticRegression(), {"l2": [0.0]}, cv=2).fit(X, y, sample_weight=s)


def test_requests_need_routing():
    with pytest.raises(RuntimeError, match="enable_metadata_routing=True"):
        LogisticRegression().set_fit_request(sample_weight=True)


def test_frames_of_pandas_polars_and_arrow():
    pandas, polars, arrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    X, y = clicks()
    columns = {f"c{j}": column for j, column in enumerate(X.toarray().T)}
    expected = LogisticRegression(epochs=2).fit(X, y)
    frames = [pandas.DataFrame(columns), polars.DataFrame(columns), arrow.table(columns)]
    for frame in frames:
        model = LogisticRegression(epochs=2).fit(frame, y)
        assert buffers(model) == buffers(expected)
        assert model.feature_names_in_.tolist() == list(columns)
        for other in frames:
            assert np.array_equal(model.predict(other), expected.predict(X))
    text = pandas.DataFrame({"a": ["1", "2"], "b": [1, 2]})
    with pytest.raises(ValueError, match=r"X must be a matrix of real numbers, got shape \(2, 2\) and dtype object"):
        LogisticRegression().fit(text, [0, 1])


def test_words_of_options_have_one_source():
    """What ``scalars`` does is what an editor offers; models and their configuration have the same types and defaults."""
    assert get_args(OptimizerName) == tuple(DIRECTIONS)
    for kind in KINDS:
        hints, own = get_type_hints(Config), get_type_hints(kind.__init__)
        assert {name: hints[name] for name in own if name != "return"} == {n: own[n] for n in own if n != "return"}
        attributes = get_type_hints(kind)
        assert {name: attributes[name] for name in kind().get_params()} == {name: hints[name] for name in kind().get_params()}
        config = Config()
        given = {name: value for name, value in kind().get_params().items() if name != "k"}
        assert given == {name: getattr(config, name) for name in given}
    assert LogisticRegression().k == 0
    assert "k" not in LogisticRegression().get_params()


class Named(FactorizationMachine):
    """A class of a user's, with an argument of its own."""

    def __init__(self, k=2, *, name="mine", lr=0.3):
        super().__init__(k, lr=lr, epochs=1)
        self.name = name


def test_a_derived_class_may_have_arguments_of_its_own():
    from sklearn.base import clone

    model = clone(Named(name="yours", lr=0.2))
    assert repr(model) == "Named(name='yours', lr=0.2)"
    assert (model.k, model.lr, model.bits, model.name) == (2, 0.2, 8, "yours")
    X, y = np.eye(4), np.array([0, 1, 0, 1])
    plain = FactorizationMachine(2, lr=0.2, epochs=1).fit(X, y)
    assert np.array_equal(model.fit(X, y).decision_function(X), plain.decision_function(X))
    assert set(model.get_params()) == {"k", "name", "lr"}
