"""Arguments of other types than a function's own: the value of the number, or one sentence that names the argument."""

from functools import partial

import numpy as np
import pytest

from alpt_ref import FactorizationMachine, Grid, LogisticRegression, dequantize, quantize
from alpt_ref.compress import compressed, hashed
from alpt_ref.data import DataError, Source, fit_read, hash_feature, make_ctr, read, split
from alpt_ref.problems import from_dataset
from alpt_ref.rng import normals, permutation, uniforms, words

pytestmark = pytest.mark.glue
X, Y = np.eye(4), np.array([0, 1, 0, 1])


def test_small_integers_of_numpy_do_not_wrap():
    for offset in (np.uint8(250), np.int16(250), np.uint64(250)):
        for draw in (normals, uniforms, words):
            assert np.array_equal(draw(300, seed=1, stream=0, offset=offset), draw(300, seed=1, stream=0, offset=250))
        codes = quantize(np.full(9, 0.5), Grid(4, 1.0), "stochastic", seed=np.uint8(3), offset=offset)
        assert np.array_equal(codes, quantize(np.full(9, 0.5), Grid(4, 1.0), "stochastic", seed=3, offset=250))
    plain = {"k": 200, "batch_size": 200, "epochs": 1, "precision": "lpt", "bits": 4}
    small = plain | {"k": np.uint8(200), "batch_size": np.uint8(200), "epochs": np.int8(1), "bits": np.uint64(4)}
    fitted = [FactorizationMachine(**options).fit(X, Y).state_.factors.to_float() for options in (plain, small)]
    assert np.array_equal(*fitted)
    assert hash_feature("a", "b", np.int64(5)) == hash_feature("a", "b", 5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (partial(hash_feature, "a", "b", 2.5), "bins must be an integer of at least 1, got 2.5"),
        (partial(hash_feature, "a", "b", 0), "bins must be an integer of at least 1"),
        (partial(hash_feature, "a", "b", True), "bins must be an integer"),
        (partial(hash_feature, None, "b", 3), "field and value must be text"),
        (partial(permutation, -1, seed=1), "n must be an integer of at least 0"),
        (partial(permutation, 2.5, seed=1), "n must be an integer"),
        (partial(words, [2, 3], seed=1, stream=0), "n must be an integer"),
        (partial(normals, 3, seed=1, stream=0, offset=None), "offset must be an integer"),
        (partial(from_dataset, X, Y, True), "l2 must be positive"),
        (partial(from_dataset, X, None, 0.1), "y must have shape"),
        (partial(dequantize, np.zeros(2, int), None), "grid must be a Grid"),
        (partial(quantize, np.ma.array([1.0, 2.0], mask=[0, 1]), Grid(8, 0.1)), "x has masked values"),
        (partial(split, None), "dataset must be a Dataset"),
        (lambda: split(make_ctr(10)[0], 0, None), "parts must be positive integers"),
        (partial(fit_read, "p", None), "source must be a Source"),
        (partial(read, "p", None), "feature_map must be a FeatureMap"),
        (partial(hashed, np.array([2.0, 3.0]), 3), "X must be a matrix"),
        (lambda: compressed(LogisticRegression(epochs=1).fit(X, Y), 4, None), "step must be a pair"),
        (lambda: compressed(LogisticRegression(epochs=1).fit(X, Y), 4, np.array(["row", "table"])), "step must be a pair"),
        (partial(LogisticRegression(epochs=1).fit, X, Y, on_epoch=3), "on_epoch must be a function"),
        (partial(FactorizationMachine(k=10**400).fit, X, Y), "k must be at most 2147483647"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("magic", "kind"),
    [
        (b"Rar!\x1a\x07\x01\x00", "a rar archive"),
        (b"LZIP\x01", "compressed by lzip"),
        (b"\x5d\x00\x00\x80\x00", "compressed by lzma"),
        (b"PK\x05\x06", "a zip archive"),
        (b"\x93NUMPY\x01\x00", "an array of NumPy"),
        (b"\xff\xfe\x00\x00l\x00\x00\x00", "text in UTF-32"),
        (b"SQLite format 3\x00", "an SQLite data base"),
    ],
)
def test_files_of_other_kinds(tmp_path, magic, kind):
    (tmp_path / "t").write_bytes(magic + b"rest")
    with pytest.raises(DataError, match=f"t: is {kind}"):
        fit_read(tmp_path / "t", Source("libsvm"))
