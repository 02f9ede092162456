"""Public data sets, whose terms keep them out of the repository: their known counts.

ALPT_DATA names a folder that holds them (frappe/, libsvm/, criteo_small/, criteo_w261/).
"""

import os
from pathlib import Path

import numpy as np
import pytest

from alpt_ref.data import FeatureMap, Source, fit_read, read
from tests.marks import once

pytestmark = pytest.mark.glue


def data(name: str) -> Path:
    if "ALPT_DATA" not in os.environ:
        pytest.skip("ALPT_DATA is not set: no real data to read")
    path = Path(os.environ["ALPT_DATA"]) / name
    if not path.exists():
        pytest.skip(f"ALPT_DATA has no {name}")
    return path


@pytest.mark.parametrize(
    ("name", "source", "rows", "positives", "features"),
    [
        ("libsvm/a1a", Source("libsvm"), 1605, 395, 119),
        ("libsvm/a5a", Source("libsvm"), 6414, 1569, 122),
        ("libsvm/a9a.gz", Source("libsvm"), 32561, 7841, 123),
        ("libsvm/a9a.t.gz", Source("libsvm", n_features=123), 16281, 3846, 123),
        ("libsvm/w8a.gz", Source("libsvm"), 49749, 1479, 300),
        ("libsvm/mushrooms", Source("libsvm", positive_label="1"), 8124, 3916, 112),
        ("frappe/frappe.validation.libfm.gz", Source("libfm", n_features=5382), 57722, 19063, 5382),
        ("frappe/frappe.test.libfm.gz", Source("libfm", n_features=5382), 28860, 9536, 5382),
    ],
)
def test_counts(name: str, source: Source, rows: int, positives: int, features: int) -> None:
    dataset, _ = fit_read(data(name), source)
    assert dataset.X.shape == (rows, features)
    assert dataset.y.sum() == positives
    assert (dataset.n_skipped, dataset.n_unseen) == (0, 0)
    assert (dataset.X.data == 1).all()


def test_frappe_has_one_value_of_each_field_in_a_row() -> None:
    dataset, _ = fit_read(data("frappe/frappe.test.libfm.gz"), Source("libfm"))
    fields = dataset.X.indices.reshape(-1, 10)
    starts = [0, 957, 5039, 5046, 5053, 5055, 5058, 5060, 5069, 5149, 5382]
    assert (fields >= starts[:-1]).all()
    assert (fields < starts[1:]).all()


def test_criteo_prefix_in_three_forms() -> None:
    """The first 1,999 rows are the same in the original TSV and in the CSV of the competition's winners."""
    tsv, tsv_map = fit_read(data("criteo_small/train_examples.txt.gz"), Source("criteo", hash_bins=10**6))
    table, csv_map = fit_read(data("criteo_small/train.tiny.csv"), Source("csv", hash_bins=10**6))
    assert tsv.X.shape == (10_000, 10**6)
    assert tsv.y.mean() == np.float32(0.2182)
    assert table.X.shape[0] == 1999
    assert (tsv.X[:1999] - table.X).count_nonzero() == 0
    np.testing.assert_array_equal(tsv.y[:1999], table.y)
    assert tsv_map.fields == csv_map.fields


def test_criteo_sample_with_decimal_points() -> None:
    dataset, feature_map = fit_read(data("criteo_small/criteo_sample.txt"), Source("csv"))
    assert dataset.X.shape[0] == 200
    assert dataset.X.nnz == 200 * 39
    assert [field.kind for field in feature_map.fields] == ["numeric"] * 13 + ["categorical"] * 26
    again = read(data("criteo_small/criteo_sample.txt"), FeatureMap.from_arrays(feature_map.to_arrays()))
    assert (again.X - dataset.X).count_nonzero() == 0


def test_libffm() -> None:
    train, feature_map = fit_read(data("criteo_small/xlearn_small_train.ffm.txt"), Source("libffm", indices="global"))
    test = read(data("criteo_small/xlearn_small_test.ffm.txt"), feature_map)
    assert train.X.shape[0] == test.X.shape[0] == 200
    assert test.X.shape[1] == train.X.shape[1]
    assert set(np.unique(train.y)) == {0, 1}


@once
def test_criteo_w261() -> None:
    dataset, feature_map = fit_read(data("criteo_w261/toy_train.tsv.gz"), Source("criteo", min_count=10))
    assert dataset.X.shape[0] == 137_139
    assert dataset.y.sum() == 35_213
    values = {field.name: set(field.values) - {""} for field in feature_map.fields}
    assert sum(len(values[f"C{i}"]) for i in range(1, 27)) == 19_619
    assert len(values["C1"]) == 125
    assert len(values["C26"]) == 920
    assert values["C9"] >= {"a73ee510"}
