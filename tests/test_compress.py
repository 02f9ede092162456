"""Smaller models: step sizes against brute force, codes against the nearest points, the same predictions, hashing by hand."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref import reference
from alpt_ref.compress import best_delta, compressed, hashed
from alpt_ref.data.examples import as_rows
from alpt_ref.grid import Grid, storage_bits
from alpt_ref.models import FactorizationMachine, LogisticRegression
from alpt_ref.rng import Stream
from alpt_ref.scalars.jit import JIT
from alpt_ref.scalars.packing import pack
from alpt_ref.training.state import State
from alpt_ref.training.table import CodeTable, FloatTable, MasterTable
from tests import naive

N_FEATURES, K = 9, 5  # 45 factors: no whole number of bytes at 2 and 4 bits
WIDTHS = (2, 3, 4, 8, 11, 16)
seeds = st.integers(0, 2**31)
shapes = st.tuples(st.integers(1, 6), st.integers(1, 5))


def weights(shape, seed, scale=1.0):
    """Heavy tails, some zeros, and often a row of them."""
    rng = np.random.default_rng(seed)
    w = scale * rng.standard_t(2, shape) * (rng.random(shape) < 0.8)
    w[rng.random(shape[0]) < 0.2] = 0.0
    return w.astype(np.float32)


def clicks(n=60, seed=0):
    """Rows of 0 to 4 features with values, and labels."""
    rng = np.random.default_rng(seed)
    X = sp.csr_array(rng.normal(size=(n, N_FEATURES)) * (rng.random((n, N_FEATURES)) < 0.3))
    return X.astype(np.float32), (rng.random(n) < 0.4).astype(np.float32)


def trained(precision, bits=8, model=FactorizationMachine, **more):
    sizes = {"k": K} if model is FactorizationMachine else {}
    chosen = {"precision": precision, "bits": bits, "lr": 0.1, "batch_size": 20, "epochs": 2, "optimizer": "adam"} | more
    return model(**sizes, **chosen).fit(*clicks())


def model_on(linear, factors, **arguments):
    """A fitted model with these tables and a bias, untrained."""
    k = factors.shape[1]
    model = FactorizationMachine(k, **arguments) if k else LogisticRegression(**arguments)
    model._adopt(State(linear, factors, {}, np.float32(-0.7)), np.array([0, 1]), 0)
    return model


def float_model(k=K, seed=0, scale=1.0):
    tables = (FloatTable(weights((N_FEATURES, size), seed + i, scale)) for i, size in enumerate((1, k)))
    return model_on(*tables)


def master_model(precision, bits, seed=0):
    """Masters on, between and far beyond the grid's points, ties among them."""
    rng = np.random.default_rng(seed)
    q_hi = 2 ** (bits - 1) - 1
    box = (-q_hi if precision == "pact" else -q_hi - 1), q_hi
    tables = []
    for size, per_row in ((1, False), (K, precision == "lsq")):
        delta = np.float32(0.1) * (1 + rng.random(N_FEATURES if per_row else ()).astype(np.float32))
        positions = np.rint(2 * rng.uniform(-q_hi - 3, q_hi + 3, (N_FEATURES, size))) / 2
        positions[::3] += rng.normal(size=positions[::3].shape)
        positions[:2] = [[-q_hi - 7.3], [q_hi + 7.3]]
        w = (positions * np.asarray(delta)[..., None]).astype(np.float32)
        tables.append(MasterTable(bits, box, np.asarray(delta, np.float32), w))
    return model_on(*tables, precision=precision, bits=bits)


def tables_of(model):
    return model.state_.linear, model.state_.factors


def snapshot(model):
    arrays = [array.copy() for table in tables_of(model) for _, array in sorted(table.to_arrays().items())]
    return arrays, model.get_params(), vars(model).copy()


def assert_unchanged(before, model):
    arrays, params, attributes = snapshot(model)
    assert all(np.array_equal(a, b) for a, b in zip(before[0], arrays, strict=True))
    assert before[1] == params
    assert attributes.keys() == before[2].keys()
    assert all(attributes[name] is before[2][name] for name in attributes)


def residual(w, delta, bits):
    """|Q(w) - w| of each row in float64, with one ``delta`` for each."""
    delta, w = np.asarray(delta, np.float64)[..., None], w.astype(np.float64)
    q = np.clip(np.rint(w / delta), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return np.linalg.norm(delta * q - w, axis=-1)


@pytest.mark.jit
@given(shapes, seeds, st.sampled_from(WIDTHS), st.booleans(), st.sampled_from([1e-6, 1.0, 1e4]))
def test_best_delta_against_brute_force(shape, seed, bits, per_row, scale):
    w = weights(shape, seed, scale)
    found = best_delta(w, bits, per_row)
    assert found.dtype == np.float32
    assert found.shape == (shape[:1] if per_row else ())
    q_hi = 2 ** (bits - 1) - 1
    for group, delta in zip(w if per_row else w.reshape(1, -1), np.atleast_1d(found), strict=True):
        widest = float(np.abs(group).max())
        if widest == 0.0:
            assert delta == np.float32(1e-3 / q_hi)
            continue
        candidates = np.float32(np.linspace(0.1, 1.5, 200) * (widest / q_hi))
        errors = residual(np.tile(group, (200, 1)), candidates, bits)
        # float32 rounds delta q once, by 2^-24 of it at most; nothing better than that is missed.
        assert residual(group, delta, bits) <= errors.min() + 2.0**-22 * np.linalg.norm(group)


def least_errors(w, bits):
    """The least squared error of each row over all step sizes, exactly: codes change where delta = |w| / (j + 1/2) alone.

    Between two such values the best error is |w|^2 - <q, w>^2 / <q, q>; codes that delta itself would not give do no better.
    """
    q_hi = 2 ** (bits - 1) - 1
    levels = np.arange(q_hi + 1)
    size = np.abs(w.astype(float))
    ends = size[:, :, None] / (levels + 0.5)
    ends[:, :, q_hi][w >= 0] = 0.0  # positive codes end at q_hi
    order = np.argsort(-ends.reshape(len(w), -1), axis=1)
    ends = np.take_along_axis(ends.reshape(len(w), -1), order, 1)
    along = np.take_along_axis(np.repeat(size, q_hi + 1, axis=1), order, 1)
    square = np.take_along_axis(np.tile(2.0 * levels + 1.0, (len(w), w.shape[1])), order, 1)
    along, square = (np.cumsum(np.where(ends > 0, part, 0.0), axis=1) for part in (along, square))
    return (size**2).sum(axis=1) - (along**2 / np.maximum(square, 1.0)).max(axis=1)


@pytest.mark.jit
@pytest.mark.parametrize(("bits", "excess"), [(2, 1e-4), (3, 1e-4), (4, 1e-3), (6, 2e-3), (8, 0.03)])
def test_the_error_of_best_delta_is_near_the_least(bits, excess):
    """Rows of 16 normal weights: summed error over the least there is. (37 step sizes that clip: 1.58 at 8 bits.)"""
    w = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
    error = residual(w, best_delta(w, bits, True), bits) ** 2
    least = least_errors(w, bits)
    assert (error >= least * (1 - 1e-6) - 1e-9).all()
    assert error.sum() <= (1 + excess) * least.sum()


@pytest.mark.jit
@given(shapes, seeds, st.sampled_from((2, 4, 8)))
def test_best_delta_of_a_row_is_that_of_a_table_of_it(shape, seed, bits):
    w = weights(shape, seed)
    np.testing.assert_array_equal(best_delta(w, bits, True), [best_delta(row[None], bits, False) for row in w])
    if w.any():
        assert best_delta(np.float32(4) * w, bits, False) == 4 * best_delta(w, bits, False)


def test_best_delta_by_hand():
    """2 bits hold -2 .. 1 times delta. 400 ones outweigh a 10, for which delta is their mean; of -10 and 5, nothing is lost."""
    few = np.array([[1.0] * 400 + [10.0]], np.float32)
    assert best_delta(few, 2, False) == pytest.approx(410 / 401)
    assert best_delta(np.array([[-10.0, 5.0]], np.float32), 2, False) == 5.0
    assert best_delta(np.zeros((3, 2), np.float32), 8, True).tolist() == [np.float32(1e-3 / 127)] * 3
    assert best_delta(np.zeros((3, 0), np.float32), 8, False).shape == ()


@pytest.mark.parametrize("step", [("table", "row"), ("row", "table"), ("row", "row"), ("table", "table")])
@pytest.mark.parametrize("bits", WIDTHS)
def test_full_precision_goes_to_the_nearest_points(bits, step):
    model = float_model(seed=bits)
    before = snapshot(model)
    small = compressed(model, bits, step)
    assert_unchanged(before, model)
    for full, table, kind in zip(tables_of(model), tables_of(small), step, strict=True):
        assert isinstance(table, CodeTable)
        np.testing.assert_array_equal(table.delta, best_delta(full.weights, bits, kind == "row"))
        points = np.broadcast_to(Grid(bits, table.delta).values(), (N_FEATURES, 2**bits)).astype(np.float64)
        nearest = np.abs(full.weights.astype(np.float64)[:, :, None] - points[:, None, :]).min(axis=2)
        off = np.abs(full.weights.astype(np.float64) - table.to_float())
        assert (off <= nearest + 2.0**-22 * np.abs(full.weights)).all()
        assert table.codes().min() >= -(2 ** (bits - 1))
        assert table.codes().max() <= 2 ** (bits - 1) - 1
    assert small.state_.nbytes["optimizer"] == 0
    assert small.config().delta_of("factors") is tables_of(small)[1].delta
    assert (small.precision, small.bits, small.config().dense) == ("lpt", bits, False)


@pytest.mark.parametrize("bits", [2] if JIT else [2, 3, 8, 16])
def test_predictions_are_those_of_the_dequantized_weights(bits):
    model = float_model(seed=1)
    small = compressed(model, bits)
    X = clicks()[0]
    dense = X.toarray().astype(np.float64)
    w, V = (table.delta.astype(np.float64)[..., None] * table.codes() for table in tables_of(small))
    np.testing.assert_allclose(small.decision_function(X), reference.score(dense, w[:, 0], V, -0.7), rtol=2e-5, atol=1e-5)
    if bits == 16:
        np.testing.assert_allclose(small.decision_function(X), model.decision_function(X), rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("bits", WIDTHS)
def test_codes_are_really_packed(bits, tmp_path):
    width = storage_bits(bits)
    small = compressed(float_model(), bits)
    n = [-(-N_FEATURES * size * width // 8) for size in (1, K)]
    assert small.state_.nbytes == {"codes": sum(n), "steps": 4 * (1 + N_FEATURES), "optimizer": 0}
    small.save(tmp_path / "small.npz")
    with np.load(tmp_path / "small.npz") as file:
        assert [file[f"{part}/codes"].nbytes for part in ("linear", "factors")] == n
        assert not any(name.endswith("weights") or name.endswith("masters") for name in file.files)


def test_logistic_regression_has_no_step_sizes_for_the_factors_it_lacks():
    small = compressed(float_model(k=0), 4)
    assert small.state_.nbytes == {"codes": 5, "steps": 4, "optimizer": 0}
    assert isinstance(small, LogisticRegression)
    assert small.decision_function(clicks()[0]).shape == (60,)


@pytest.mark.parametrize("bits", [2] if JIT else [2, 3, 4, 8, 16])  # each compiles its own loops
@pytest.mark.parametrize("precision", ["lsq", "pact"])
def test_masters_become_the_codes_they_are_used_as(precision, bits, tmp_path):
    model = master_model(precision, bits, seed=bits)
    before = snapshot(model)
    small = compressed(model, 99, ("row", "table"))  # ignored
    assert_unchanged(before, model)
    X = np.eye(N_FEATURES, dtype=np.float32) + np.eye(N_FEATURES, k=1, dtype=np.float32) / 3
    assert_same_bits(small, model, X)
    assert_loads(small, X, tmp_path)
    symmetric = precision == "pact"
    for table, small_table in zip(tables_of(model), tables_of(small), strict=True):
        delta = table.delta.astype(np.float64)[..., None]
        s = table.weights / delta
        codes = np.rint(naive.fake_quantize(table.weights.astype(np.float64), delta, *table.box)[0] / delta)
        off_ties = np.abs(np.abs(s) % 1 - 0.5) > 2.0**-22 * np.abs(s)  # where float32 may round the other way
        np.testing.assert_array_equal(codes[off_ties], small_table.codes()[off_ties])
        assert s.min() < -(2.0 ** (bits - 1)) - 1
        assert small_table.codes().min() == -(2 ** (bits - 1)) + symmetric
        np.testing.assert_array_equal(small_table.delta, table.delta)
    assert small.bits == bits


def assert_same_bits(small, model, X):
    z = model.decision_function(X)
    assert small.decision_function(X).tobytes() == z.tobytes()
    assert np.unique(z).size > 1


def assert_loads(small, X, folder):
    small.save(folder / "m.npz")
    loaded = type(small).load(folder / "m.npz")
    assert loaded.decision_function(X).tobytes() == small.decision_function(X).tobytes()
    assert (loaded.precision, loaded.bits) == ("lpt", small.bits)
    assert loaded.best_epoch_ == small.best_epoch_
    assert loaded.state_.nbytes == small.state_.nbytes


@pytest.mark.parametrize(
    ("precision", "bits", "more"),
    [
        ("fp32", 8, {}),
        ("lsq", 2, {"step_lr": 0.01}),
        ("pact", 2, {"step_lr": 0.1, "lr": 0.5}),
        ("alpt", 4, {"step_lr": 0.01, "step": ("row", "table")}),
        ("lpt", 4, {"delta": (0.1, 0.05), "update": "dense"}),
    ],
)
def test_trained_models(precision, bits, more, tmp_path):
    model = trained(precision, bits, **more)
    before = snapshot(model)
    history = [dict(record) for record in model.history_]
    small = compressed(model, bits)
    X = clicks(40, seed=1)[0]
    if precision == "fp32":
        np.testing.assert_allclose(small.decision_function(X), model.decision_function(X), atol=0.05)
    else:
        assert_same_bits(small, model, X)
    assert_loads(small, X, tmp_path)
    params = small.get_params()
    assert all(given is table.delta for given, table in zip(params.pop("delta"), tables_of(small), strict=True))
    expected = model.get_params() | {"precision": "lpt", "bits": bits, "step": None, "update": None}
    assert params == {name: value for name, value in expected.items() if name != "delta"}
    for table in tables_of(small):
        table.buffer[:] = 0
        table.delta *= np.float32(2)
    assert_unchanged(before, model)
    assert model.history_ == small.history_ == history
    assert small.predict_proba(X).shape == (40, 2)
    twice = compressed(compressed(model, bits))
    assert_same_bits(twice, compressed(model, bits), X)


def test_what_cannot_be_compressed():
    with pytest.raises(ValueError, match="LogisticRegression is not fitted: nothing to compress"):
        compressed(LogisticRegression())
    model = float_model()
    for step in (("row",), ("row", "table", "row"), ("rows", "table"), "row"):
        with pytest.raises(ValueError, match="step must be a pair of row and table, got "):
            compressed(model, 8, step)
    for bits in (1, 17, 8.0):
        with pytest.raises(ValueError, match=r"bits must be an integer in 2\.\.16, got "):
            compressed(model, bits)


matrices = st.tuples(st.integers(0, 6), st.integers(1, 8), seeds)


@given(matrices, st.integers(1, 12), st.integers(0, 2**64 - 1))
def test_hashed_against_a_naive_loop(size, n_bins, seed):
    """Whole numbers, so that sums are exact in any order; what cancels is no entry."""
    n, d, draw = size
    rng = np.random.default_rng(draw)
    dense = np.float32(rng.integers(-2, 3, (n, d)))
    X = sp.csr_array(dense)
    kept = [array.copy() for array in (X.data, X.indices, X.indptr)]
    expected = np.zeros((n, n_bins), np.float32)
    for j in range(d):
        expected[:, naive.word(j, 0, Stream.HASH, seed) % n_bins] += dense[:, j]
    found = hashed(X, n_bins, seed)
    assert (found.shape, found.dtype) == ((n, n_bins), np.float32)
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.nnz == np.count_nonzero(expected)
    assert all(np.all(np.diff(row) > 0) for row in np.split(found.indices, found.indptr[1:-1]))
    np.testing.assert_array_equal(found.sum(axis=1), dense.sum(axis=1))
    assert all(np.array_equal(a, b) for a, b in zip(kept, (X.data, X.indices, X.indptr), strict=True))
    np.testing.assert_array_equal(hashed(X, np.int64(n_bins), seed).toarray(), expected)
    assert as_rows(found)[1] == n_bins


def test_bins_are_shared_evenly_and_are_those_of_the_seed():
    X = sp.csr_array(np.eye(4000, dtype=np.float32))
    first, second = hashed(X, 40), hashed(X, 40, seed=1)
    counts = first.sum(axis=0)
    assert counts.sum() == 4000
    assert np.abs(counts - 100).max() < 40  # four standard deviations
    assert 0.01 < np.mean(first.indices == second.indices) < 0.05
    # The bin of a feature depends on no other: of more features, the first stay where they were.
    np.testing.assert_array_equal(hashed(X[:, :100], 40).toarray(), first.toarray()[:, :] * (np.arange(4000) < 100)[:, None])


@pytest.mark.parametrize("n_bins", [0, -1, True, 2.0, None, 2**31, 2**32, "4"])
def test_bins_that_are_none(n_bins):
    with pytest.raises(ValueError, match=r"n_bins must be an integer in 1\.\.2147483647, got "):
        hashed(sp.csr_array(np.eye(3)), n_bins)
    assert hashed(sp.csr_array(np.eye(3)), 2**31 - 1).shape == (3, 2**31 - 1)


def test_packing_is_shared_with_training():
    """The buffer of a compressed table is what ``pack`` makes of its codes."""
    small = compressed(float_model(), 2)
    for table in tables_of(small):
        np.testing.assert_array_equal(table.buffer, pack(table.codes(), 2))
