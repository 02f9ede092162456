"""Estimators: manners, labels, early stopping, files, resumption, memory, and what they refuse."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from alpt_ref import FactorizationMachine, LogisticRegression
from alpt_ref.data.examples import as_rows
from alpt_ref.models import load_model
from alpt_ref.rng import normals, uniforms
from alpt_ref.tools.files import read_npz, write_npz
from alpt_ref.training.forward import TrainingDivergedError

K = 5  # factors; each number compiles loops of its own


def clicks(n=120, d=12, seed=0):
    """One-hot examples of three fields whose clicks follow a linear teacher."""
    fields = (uniforms(3 * n, seed=seed, stream=6).reshape(n, 3) * (d // 3)).astype(int) + np.arange(3) * (d // 3)
    X = np.zeros((n, d), np.float32)
    X[np.arange(n)[:, None], fields] = 1
    teacher = 3 * normals(d, seed=seed, stream=6, step=1)
    y = (uniforms(n, seed=seed, stream=6, step=2) < 1 / (1 + np.exp(-X @ teacher))).astype(int)
    return sp.csr_array(X), y


def buffers(model):
    state = model.state_
    return [a.tobytes() for t in (state.linear, state.factors) for a in t.to_arrays().values()] + [state.bias.tobytes()]


@pytest.mark.parametrize("precision", ["fp32", "lpt"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("model_class", [LogisticRegression, FactorizationMachine])
def test_models_learn(model_class, optimizer, precision):
    X, y = clicks()
    lr = {"sgd": 0.5, "adam": 0.05}[optimizer]
    model = model_class(precision=precision, optimizer=optimizer, lr=lr, epochs=8, batch_size=16, seed=1).fit(X, y)
    p = model.predict_proba(X)
    assert p.shape == (120, 2)
    assert p.sum(axis=1) == pytest.approx(1)
    assert p[:, 1] == pytest.approx(1 / (1 + np.exp(-model.decision_function(X).astype(float))))
    accuracy = np.mean(model.predict(X) == y)
    assert accuracy > max(y.mean(), 1 - y.mean()) + 0.05
    assert model.decision_function(X.toarray()) == pytest.approx(model.decision_function(X), abs=1e-6)
    assert np.isfinite(model.decision_function(1000 * X)).all()


def test_parameters():
    model = FactorizationMachine(3, lr=0.2)
    assert model.get_params()["k"] == 3
    assert "k" not in LogisticRegression().get_params()
    assert model.set_params(bits=4, lr=0.5) is model
    assert FactorizationMachine(**model.get_params()).get_params() == model.get_params()
    with pytest.raises(ValueError, match="depth is not a parameter of FactorizationMachine"):
        model.set_params(depth=2)


def test_labels_as_they_were_written():
    X, y = clicks()
    signed = LogisticRegression(epochs=2).fit(X, 2 * y - 1)
    plain = LogisticRegression(epochs=2).fit(X, y)
    assert buffers(signed) == buffers(plain)
    assert set(signed.predict(X)) <= {-1, 1}
    assert np.array_equal(signed.predict(X) == 1, plain.predict(X) == 1)


def test_same_seed_same_bits_and_threads():
    X, y = clicks()

    def run(**arguments):
        return buffers(FactorizationMachine(K, precision="lpt", bits=4, epochs=2, batch_size=32, **arguments).fit(X, y))

    assert run() == run() == run(n_threads=2)
    assert run() != run(seed=1)


def test_repeated_entries_add_up():
    twice = sp.csr_array((np.ones(3, np.float32), [0, 0, 1], [0, 3]), shape=(1, 2))
    rows, d = as_rows(twice)
    assert d == 2
    assert rows.indices.tolist() == [0, 1]
    assert rows.values.tolist() == [2, 1]
    assert twice.nnz == 3
    rows, _ = as_rows(sp.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(2, 2)))
    assert rows.values.tolist() == [3]
    X, y = np.zeros((4, 2)), [0, 1, 0, 1]
    assert LogisticRegression(epochs=1).fit(X, y).decision_function(X) == pytest.approx(0)


def test_best_epoch_and_patience():
    X, y = clicks()
    Xv, yv = clicks(seed=9)
    model = FactorizationMachine(K, lr=2.0, epochs=12, batch_size=8, patience=2).fit(X, y, eval_set=(Xv, yv))
    aucs = [record["valid"]["auc"] for record in model.history_]
    assert model.best_epoch_ == int(np.argmax(aucs)) + 1
    assert len(aucs) in (model.best_epoch_ + 2, 12)
    again = FactorizationMachine(K, lr=2.0, epochs=model.best_epoch_, batch_size=8).fit(X, y)
    assert buffers(again) == buffers(model)
    one_class = LogisticRegression(epochs=3).fit(X, y, eval_set=(Xv, np.zeros(120)))
    assert one_class.history_[0]["valid"]["auc"] is None


@pytest.mark.parametrize("precision", ["fp32", "lpt"])
@pytest.mark.parametrize("model_class", [LogisticRegression, FactorizationMachine])
def test_save_and_load(model_class, precision, tmp_path):
    X, y = clicks()
    delta = (np.full(12, 0.1, np.float32), 0.05)
    model = model_class(precision=precision, bits=3, delta=delta, epochs=2).fit(X, y)
    model.save(tmp_path / "model.npz", feature_map={"names": np.array(["a", "b"])})
    again, features = load_model(tmp_path / "model.npz")
    assert type(again) is model_class
    assert features["names"].tolist() == ["a", "b"]
    assert np.array_equal(again.decision_function(X), model.decision_function(X))
    assert again.history_ == model.history_
    assert buffers(model_class.load(tmp_path / "model.npz")) == buffers(model)
    if precision == "lpt":
        assert np.array_equal(again.config().delta_of("linear"), delta[0])


@pytest.mark.glue
def test_files_that_are_not_models(tmp_path):
    X, y = clicks()
    LogisticRegression(epochs=1).fit(X, y).save(tmp_path / "lr.npz")
    with pytest.raises(ValueError, match="no such file"):
        load_model(tmp_path / "none.npz")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="not a readable alpt_ref file"):
        load_model(tmp_path / "text")
    write_npz(tmp_path / "other.npz", {"format_version": 99}, {})
    with pytest.raises(ValueError, match="not a model of format version 5"):
        load_model(tmp_path / "other.npz")

    class Other(FactorizationMachine):
        pass

    with pytest.raises(ValueError, match="holds a LogisticRegression, not a Other"):
        Other.load(tmp_path / "lr.npz")
    with pytest.raises(ValueError, match="a Other cannot be saved"):
        Other(2, epochs=1).fit(X, y).save(tmp_path / "other_class.npz")
    with pytest.raises(ValueError, match="not fitted"):
        LogisticRegression().save(tmp_path / "empty.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lr.npz", "other.npz", "text"]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("precision", ["fp32", "lpt"])
def test_a_resumed_run_ends_with_the_same_bits(optimizer, precision, tmp_path):
    X, y = clicks()
    valid = clicks(seed=9)
    arguments = {"precision": precision, "optimizer": optimizer, "batch_size": 32, "lr": 0.1, "bits": 4}
    whole = FactorizationMachine(K, epochs=5, **arguments).fit(X, y, eval_set=valid)
    path = tmp_path / "checkpoint.npz"

    def interrupt(record):
        if record["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FactorizationMachine(K, epochs=5, **arguments).fit(X, y, eval_set=valid, checkpoint=path, on_epoch=interrupt)
    assert len(read_npz(path)[0]["history"]) == 2
    resumed = FactorizationMachine(K, epochs=5, n_threads=2, **arguments).fit(
        X, y, eval_set=valid, checkpoint=path, resume=True
    )
    assert buffers(resumed) == buffers(whole)
    assert resumed.best_epoch_ == whole.best_epoch_
    without_time = [{k: v for k, v in r.items() if k != "seconds"} for r in whole.history_]
    assert [{k: v for k, v in r.items() if k != "seconds"} for r in resumed.history_] == without_time


@pytest.mark.glue
def test_resume_refuses_another_run(tmp_path):
    X, y = clicks()
    path = tmp_path / "checkpoint.npz"
    model = FactorizationMachine(K, precision="lpt", epochs=1, delta=0.1)
    model.fit(X, y, checkpoint=path, resume=True)  # nothing to resume from: starts
    with pytest.raises(ValueError, match="other arguments"):
        model.set_params(lr=0.7).fit(X, y, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match="other data"):
        model.set_params(lr=0.1).fit(X, 1 - y, checkpoint=path, resume=True)
    write_npz(path, {"checkpoint_version": 0}, {})
    with pytest.raises(ValueError, match="not a checkpoint of version 3"):
        model.fit(X, y, checkpoint=path, resume=True)
    model.fit(X, y, checkpoint=tmp_path / "new.npz")
    more = model.set_params(epochs=3).fit(X, y, checkpoint=tmp_path / "new.npz", resume=True)
    assert len(more.history_) == 3


@pytest.mark.jit
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_no_float_copy_of_the_table_exists(optimizer):
    """Bytes alive while a 4-bit table trains stay well below its float32 size, Adam's moments apart."""
    n, d, k = 40, 60_000, 8
    indices = (uniforms(3 * n, seed=1, stream=6) * d).astype(np.int32)
    X = sp.csr_array((np.ones(3 * n, np.float32), indices, np.arange(n + 1) * 3), shape=(n, d))
    y = np.arange(n) % 2
    model = FactorizationMachine(k, precision="lpt", bits=4, optimizer=optimizer, epochs=1, batch_size=10)
    model.fit(X[:, :100], y)  # compiles
    tracemalloc.start()
    model.fit(X, y)
    alive, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    packed = d * (k + 1) // 2
    sizes = model.state_.nbytes
    assert sizes["codes"] == d * k // 2 + d // 2
    assert sizes["steps"] == 8
    assert sizes["optimizer"] == (8 * d * (k + 1) + 8 if optimizer == "adam" else 0)
    float_table = 4 * d * k
    assert alive - sizes["optimizer"] < packed + 0.1 * float_table
    assert peak - sizes["optimizer"] < packed + 0.2 * float_table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": -1}, "k must be an integer of at least 0, got -1"),
        ({"precision": "fp16"}, "precision must be one of fp32, lpt, alpt, lsq, pact, got 'fp16'"),
        ({"precision": "lpt", "bits": 1}, "bits must be an integer in 2..16"),
        ({"precision": "lpt", "delta": 0.0}, "delta must be positive"),
        ({"precision": "lpt", "delta": (0.1, -1.0)}, "delta must be positive"),
        (
            {"precision": "lpt", "delta": np.ones(5)},
            "delta of the linear weights has 5 entries for 12 features",
        ),
        ({"rounding": "up"}, "rounding must be one of"),
        ({"update": "lazy"}, "update must be one of touched, dense, got 'lazy'"),
        ({"optimizer": "lion"}, "optimizer must be one of sgd, momentum, adam, adagrad, ftrl, got .lion."),
        ({"schedule": "cosine"}, "schedule must be one of constant, sqrt"),
        ({"lr": 0}, "lr must be a positive number"),
        ({"lr": 1e-60}, "lr must be a positive number"),
        ({"lr": 10**400}, "lr must be a positive number"),
        ({"precision": np.array(["lpt"])}, "precision must be one of"),
        ({"rounding": np.array(["nearest"])}, "rounding must be one of"),
        ({"n_threads": True}, "n_threads must be a positive integer"),
        ({"lr": float("nan")}, "lr must be a positive number"),
        ({"l2": -1.0}, "l2 must be a non-negative number"),
        ({"l2": True}, "l2 must be a non-negative number"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
        ({"epochs": 1.5}, "epochs must be an integer"),
        ({"patience": 0}, "patience must be an integer of at least 1"),
        ({"seed": -1}, "seed must be an integer"),
        ({"n_threads": 0}, "n_threads must be a positive integer"),
        ({"random_bits": 0}, "random_bits must be an integer in 1..24"),
        ({"fit_intercept": "yes"}, "fit_intercept must be one of True, False"),
    ],
)
def test_bad_arguments(arguments, message):
    X, y = clicks()
    with pytest.raises(ValueError, match=message):
        FactorizationMachine(**arguments).fit(X, y)


def test_bad_data():
    X, y = clicks()
    with pytest.raises(ValueError, match=r"X\[1, 0\] is not finite"):
        LogisticRegression().fit(np.array([[1.0, 0], [np.inf, 1]]), [0, 1])
    for bad in (np.ones(3), sp.coo_array(np.ones(3)), np.ones((3, 1), complex), np.array([["a"]] * 3)):
        with pytest.raises(ValueError, match="X must be a matrix of real numbers"):
            LogisticRegression().fit(bad, [0, 1, 1])
    outside = sp.csr_array((np.ones(2), [0, -7], [0, 1, 2]), shape=(2, 3))
    with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
        LogisticRegression().fit(outside, [0, 1])
    with pytest.raises(ValueError, match="eval_set has no examples"):
        LogisticRegression().fit(X, y, eval_set=(X[:0], y[:0]))
    with pytest.raises(ValueError, match=r"eval_set must be a pair \(X, y\)"):
        LogisticRegression().fit(X, y, eval_set=(X,))
    with pytest.raises(ValueError, match="resume needs a checkpoint"):
        LogisticRegression().fit(X, y, resume=True)
    with pytest.raises(ValueError, match=r"y must have shape \(120,\)"):
        LogisticRegression().fit(X, y[:-1])
    with pytest.raises(ValueError, match="X has no examples"):
        LogisticRegression().fit(np.zeros((0, 3)), [])
    with pytest.raises(ValueError, match="X has 3 features, but LogisticRegression is expecting 12 features as input"):
        LogisticRegression(epochs=1).fit(X, y).decision_function(np.ones((1, 3)))
    with pytest.raises(ValueError, match="not fitted"):
        LogisticRegression().predict(X)


def test_missing_values_of_pandas_are_named():
    """They are objects of their own where columns have several types, and no floats."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [True, False], "b": pandas.array([1, None], "Int64")})
    for X in (frame, frame.assign(b=[1, pandas.NaT]).astype(object)):
        with pytest.raises(ValueError, match=r"X\[1, 1\] is not finite: NaN and inf are no values of a feature"):
            LogisticRegression().fit(X, [0, 1])


def test_accuracy_on_no_examples():
    X, y = clicks()
    model = LogisticRegression(epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="X has no examples"):
        model.score(X[:0], y[:0])


def test_divergence_is_said():
    X, y = clicks()
    model = FactorizationMachine(K, lr=1e30, epochs=5)
    with pytest.raises(TrainingDivergedError, match="training diverged in"):
        model.fit(X, y)


def test_validation_whose_logits_overflow_is_a_divergence():
    X, y = clicks()
    model = FactorizationMachine(K, lr=0.1, epochs=1)
    with pytest.raises(
        TrainingDivergedError, match=r"training diverged in epoch 1: in validation the logit of example 0 is not"
    ):
        model.fit(X, y, eval_set=(1e30 * X, y))


def test_predictions_in_blocks_and_without_examples(monkeypatch):
    X, y = clicks()
    model = FactorizationMachine(K, epochs=1, n_threads=2).fit(X, y)
    whole = model.decision_function(X)
    monkeypatch.setattr("alpt_ref.training.forward.SCORE_BLOCK", 7)
    assert np.array_equal(model.decision_function(X), whole)
    assert model.decision_function(np.zeros((0, 12))).shape == (0,)
    with pytest.raises(ValueError, match=r"the logit of example 1 is not finite"):
        model.set_params(n_threads=1).decision_function(np.array([[0.0] * 12, [3e38] * 12]))


def test_of_equal_epochs_the_earliest_is_kept():
    X, y = np.array([[1.0], [0.0]] * 10), [1, 0] * 10
    model = LogisticRegression(epochs=6, patience=3).fit(X, y, eval_set=(X, y))
    assert [record["valid"]["auc"] for record in model.history_] == [1.0] * 4
    assert model.best_epoch_ == 1


def test_the_callers_matrix_is_not_changed():
    for dtype in (np.float32, np.float64):
        X = sp.csr_array((np.array([1, 2, 3, 0, 4], dtype), [2, 0, 1, 1, 1], [0, 3, 5]), shape=(2, 3))
        before = X.data.copy(), X.indices.copy(), X.indptr.copy()
        rows, _ = as_rows(X)
        assert all(np.array_equal(a, b) for a, b in zip(before, (X.data, X.indices, X.indptr), strict=True))
        assert rows.indices.tolist() == [0, 1, 2, 1]
        assert rows.values.tolist() == [2, 3, 1, 4]


def test_stored_zeros_touch_nothing():
    dense = np.array([[1.0, 0, 0], [0, 1.0, 0]] * 3)
    stored = sp.csr_array(dense)
    stored.data[1] = 0
    dense[1, 1] = 0
    arguments = {"update": "touched", "l2": 0.1, "epochs": 2, "batch_size": 2}
    runs = [FactorizationMachine(2, **arguments).fit(X, [0, 1] * 3) for X in (stored, dense)]
    assert buffers(runs[0]) == buffers(runs[1])


def test_logits_that_are_no_numbers_stop_low_precision_training_too():
    X, y = clicks()
    for batch_size in (1, 16):
        model = FactorizationMachine(K, precision="lpt", fit_intercept=False, batch_size=batch_size)
        with pytest.raises(TrainingDivergedError, match="training diverged"):
            model.fit(1e30 * X, y)


def test_scratch_of_wider_examples_does_not_leak():
    """lr * l2 > 2 makes resting scratch grow, if it is moved at all: batches of one must stay what they are."""
    X = np.zeros((202, 205), np.float32)
    X[np.arange(201), np.arange(201)] = 1
    X[201, 201:] = 1
    one = FactorizationMachine(2, batch_size=1, lr=1.0, l2=5.0, update="touched", epochs=1, seed=1).fit(X, np.arange(202) % 2)
    assert np.abs(one.state_.factors.to_float()).max() < 1


def test_numpy_scalars_as_arguments(tmp_path):
    X, y = clicks()
    model = FactorizationMachine(np.int64(2), lr=np.float32(0.1), batch_size=np.int64(16), n_threads=np.int64(2), epochs=1)
    model.fit(X, y, checkpoint=tmp_path / "c.npz").save(tmp_path / "m.npz")
    assert load_model(tmp_path / "m.npz")[0].get_params()["lr"] == np.float32(0.1)
    resumed = model.set_params(epochs=2, delta=(0.1, 0.2)).fit(X, y, checkpoint=tmp_path / "c.npz", resume=True)
    assert len(resumed.history_) == 2


@pytest.mark.glue
def test_a_model_of_an_earlier_version_is_loaded(tmp_path):
    """Format 4 lists the classes, and knows fewer arguments."""
    X, y = clicks()
    model = FactorizationMachine(3, precision="alpt", bits=4, epochs=1).fit(X, 2 * y - 1)
    model.save(tmp_path / "m.npz")
    meta, arrays = read_npz(tmp_path / "m.npz")
    for later in ("momentum", "l1", "beta", "step_init", "step_offset", "ends"):
        meta["params"].pop(later)
    for classes, known in (([-1, 1], True), ([0, 1], True), ([1, -1], False), ([1], False), ([[0], 1], False)):
        write_npz(tmp_path / "old.npz", meta | {"format_version": 4, "classes": classes}, arrays)
        if known:
            again = load_model(tmp_path / "old.npz")[0]
            assert again.classes_.tolist() == classes
            assert np.array_equal(again.decision_function(X), model.decision_function(X))
        else:
            with pytest.raises(ValueError, match=r"old\.npz: damaged"):
                load_model(tmp_path / "old.npz")


@pytest.mark.glue
def test_resume_on_another_width_is_refused(tmp_path):
    X, y = clicks()
    path = tmp_path / "c.npz"
    model = LogisticRegression(precision="lpt", bits=4, optimizer="adam", epochs=1).fit(X[:, :11], y, checkpoint=path)
    wider = sp.csr_array(sp.hstack([X[:, :11], sp.csr_array((120, 1))]))
    with pytest.raises(ValueError, match="other data"):
        model.fit(wider, y, checkpoint=path, resume=True)


@pytest.mark.glue
@pytest.mark.parametrize(
    "damage",
    [
        lambda arrays: arrays.update({"factors/delta": np.ones(3, np.float32)}),
        lambda arrays: arrays.update({"factors/bits": np.array(2)}),
        lambda arrays: arrays.update(
            {"factors/codes": np.full(36, 7, np.int8), "factors/bits": np.array(5), "bias": np.zeros(3)}
        ),
        lambda arrays: arrays.update({"linear/delta": np.float32(0)}),
        lambda arrays: arrays.pop("bias"),
        lambda arrays: (arrays.pop("linear/codes"), arrays.update({"linear/weights": np.zeros((12, 1), np.float32)})),
        lambda arrays: arrays.update({"factors/codes": np.full(36, 100, np.int8)}),
    ],
)
def test_damaged_models_are_named(damage, tmp_path):
    X, y = clicks()
    FactorizationMachine(3, precision="lpt", bits=6, epochs=1).fit(X, y).save(tmp_path / "m.npz")
    meta, arrays = read_npz(tmp_path / "m.npz")
    damage(arrays)
    write_npz(tmp_path / "bad.npz", meta, arrays)
    with pytest.raises(ValueError, match=r"bad\.npz: damaged"):
        load_model(tmp_path / "bad.npz")
