"""``partial_fit``: E calls with the same examples are ``fit`` with E epochs, bit for bit; later calls, and what they refuse."""

import pickle

import numpy as np
import pytest

from alpt_ref import FactorizationMachine, LogisticRegression
from alpt_ref.compress import compressed
from alpt_ref.training.forward import TrainingDivergedError
from tests.marks import compiles
from tests.test_kernels import K
from tests.test_models import buffers, clicks
from tests.test_weights import PRECISIONS, SIMULATED, weights

METHODS = [
    *({"precision": precision, "optimizer": optimizer} for precision in PRECISIONS for optimizer in ("sgd", "adam")),
    {"precision": "fp32", "batch_size": 1, "update": "touched"},
    {"precision": "lpt", "batch_size": 1},
]


def kept(model):
    """All that a run consists of: weights, moments, counters, and the history but for its seconds."""
    state = model.state_
    moments = {name: optimizer.moments.tobytes() for name, optimizer in state.optimizers.items()}
    history = [{name: value for name, value in record.items() if name != "seconds"} for record in model.history_]
    return buffers(model), moments, state.step, state.epoch, history, model.best_epoch_, model.classes_.tolist()


def check(epochs, method, n=120):
    X, y = clicks(n)
    s = weights(n)
    arguments = {"k": K, "bits": 4, "batch_size": 32, "lr": 0.1, "l2": 0.01, "seed": 3} | method
    whole = FactorizationMachine(**arguments, epochs=epochs).fit(X, y, sample_weight=s)
    parts = FactorizationMachine(**arguments)
    for _ in range(epochs):
        assert parts.partial_fit(X, y, sample_weight=s) is parts
    assert kept(parts) == kept(whole)
    return parts


@pytest.mark.parametrize("method", [*METHODS[4:6], METHODS[11], *compiles(*METHODS[:4], *METHODS[6:11])], ids=str)
def test_calls_are_epochs(method):
    """For every precision; and where examples are taken one by one."""
    check(3, method)


@SIMULATED
@pytest.mark.parametrize("precision", PRECISIONS)
def test_calls_are_epochs_on_a_gpu(precision):
    method = {"precision": precision, "optimizer": "adam", "k": 1, "batch_size": 4, "step": "table"}
    on_gpu = check(2, method | {"device": "cuda"}, n=4)
    assert kept(on_gpu) == kept(check(2, method, n=4))


def test_fit_goes_on_too():
    X, y = clicks()
    three = LogisticRegression(precision="lpt", optimizer="adam", epochs=3, lr=0.01).fit(X, y)
    more = LogisticRegression(precision="lpt", optimizer="adam", epochs=2, lr=0.01).fit(X, y).partial_fit(X, y)
    assert kept(more) == kept(three)
    through_pickle = LogisticRegression(precision="lpt", optimizer="adam", epochs=2, lr=0.01).fit(X, y)
    assert kept(pickle.loads(pickle.dumps(through_pickle)).partial_fit(X, y)) == kept(three)
    assert kept(more.set_params(epochs=3).fit(X, y)) == kept(three), "fit starts anew"


def test_other_examples_and_rates():
    """A stream in chunks, one of which has no click; rates and batches may change on the way."""
    X, y = clicks(n=240)
    order = np.argsort(y[:60], kind="stable")
    model = LogisticRegression(lr=0.5, batch_size=8)
    chunks = [order[:20], order[20:60], np.arange(60, 240)]
    assert not y[chunks[0]].any()
    for rate, chunk in zip((0.5, 0.2, 0.1), chunks, strict=True):
        model.set_params(lr=rate).partial_fit(X[chunk], y[chunk])
    assert model.state_.step == 3 + 5 + 23
    assert model.score(X, y) > 0.6
    assert [record["epoch"] for record in model.history_] == [1, 2, 3]


def test_classes_are_known_from_the_first_call():
    X, y = clicks()
    names = np.array(["none", "click"])[y]
    first = names == "none"
    for classes in (["none", "click"], np.array(["click", "none"])):
        model = LogisticRegression().partial_fit(X[first], names[first], classes=classes).partial_fit(X, names)
        assert model.classes_.tolist() == ["click", "none"]
    with pytest.raises(ValueError, match="y has one class, 'none', and two are needed: in y, or as classes"):
        LogisticRegression().partial_fit(X[first], names[first])
    with pytest.raises(
        ValueError, match=r"classes must be \['click', 'none'\], as in the first call, got \['click', 'other'\]"
    ):
        model.partial_fit(X, names, classes=["click", "other"])
    with pytest.raises(ValueError, match=r"y\[0\] must be one of the classes 'click', 'none', got [01]"):
        model.partial_fit(X, y)
    for bad, said in (
        (["a"], "classes has one class, "),
        ([0, 1, 2], "classes has 3 values"),
        ([[0, 1]], r"classes must have shape \(2,\)"),
    ):
        with pytest.raises(ValueError, match=said):
            LogisticRegression().partial_fit(X, y, classes=bad)


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ({"optimizer": "ftrl"}, {"lr": 0.3, "beta": 2.0, "l1": 0.1, "l2": 0.1}),
        ({"precision": "alpt"}, {"step_offset": 2.0, "step_init": "1/sqrt(q+1)"}),
    ],
    ids=str,
)
def test_what_weights_and_step_sizes_follow_from_stays(method, changes):
    """FTRL's weights follow from z by rates and penalties, a step size from its parameter by the offset: they would jump."""
    X, y = clicks()
    model = FactorizationMachine(K, **method).partial_fit(X, y)
    before = kept(model)
    for name, value in changes.items():
        old = getattr(model, name)
        with pytest.raises(ValueError, match=f"^{name} must be what it was when the weights were made"):
            model.set_params(**{name: value}).partial_fit(X, y)
        model.set_params(**{name: old})
    assert kept(model) == before
    model.set_params(batch_size=7, seed=1, n_threads=2).partial_fit(X, y)
    model.set_params(step_optimizer=model.config().step_direction if "precision" in method else None).partial_fit(X, y)


def test_an_epoch_that_diverges_says_so_again():
    X, y = clicks()
    model = FactorizationMachine(K, lr=1e30, batch_size=8)
    for _ in range(2):
        with pytest.raises(TrainingDivergedError, match="training diverged in"):
            model.partial_fit(X, y)


@pytest.mark.glue
def test_what_cannot_go_on(tmp_path):
    X, y = clicks()
    model = FactorizationMachine(K, precision="lpt", bits=4, delta=(0.1, 0.05)).partial_fit(X, y)
    before = kept(model)
    with pytest.raises(ValueError, match="X has 11 features, but FactorizationMachine is expecting 12 features as input"):
        model.partial_fit(X[:, :11], y)
    for name, value in {"k": 3, "bits": 8, "precision": "alpt", "delta": 0.1, "optimizer": "adam", "init_std": 0.5}.items():
        old = getattr(model, name)
        model.set_params(**{name: value})
        with pytest.raises(ValueError, match=f"^{name} must be what it was when the weights were made|^delta must be"):
            model.partial_fit(X, y)
        model.set_params(**{name: old})
    assert kept(model) == before
    model.save(tmp_path / "m.npz")
    for other in (FactorizationMachine.load(tmp_path / "m.npz"), compressed(model)):
        with pytest.raises(ValueError, match="partial_fit cannot go on: a model that was loaded or compressed"):
            other.partial_fit(X, y)
    best = FactorizationMachine(K, lr=2.0, epochs=12, batch_size=8, patience=2).fit(X, y, eval_set=clicks(seed=9))
    assert best.best_epoch_ < len(best.history_)
    with pytest.raises(
        ValueError, match=f"the weights are those of epoch {best.best_epoch_} of {len(best.history_)}, the best"
    ):
        best.partial_fit(X, y)
