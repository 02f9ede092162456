"""Rows and columns keep to those that they belong to, or are refused; what can be read in two ways is asked about."""

import numpy as np
import pytest

from alpt_ref.cli import main
from alpt_ref.data import DataError, Source, fit_read, make_ctr, read
from alpt_ref.metrics import auc, calibration, evaluate, log_loss
from alpt_ref.models import FactorizationMachine, LogisticRegression, load_model
from alpt_ref.rng import normals

pytestmark = pytest.mark.glue


class Frame:
    """The part of a data frame that models see."""

    def __init__(self, columns, values):
        self.columns, self._values = columns, np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self._values if dtype is None else self._values.astype(dtype)


class Labelled:
    """The part of a series that models see."""

    def __init__(self, index, values):
        self.index, self._values = index, np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self._values if dtype is None else self._values.astype(dtype)


def made(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def model(tmp_path):
    made(tmp_path, "base.svm", "".join(f"{i % 2} {1 + i % 3}:1 {4 + i % 2}:0.5\n" for i in range(40)))
    arguments = ["train", "--model", "lr", "--format", "libsvm", "--train", str(tmp_path / "base.svm"), "--no-split"]
    assert main([*arguments, "--epochs", "1", "--out", str(tmp_path / "m1")]) == 0
    return tmp_path / "m1" / "model.npz"


@pytest.mark.parametrize(
    ("text", "rows"),
    [("1:1 4:0.5\n\n2:1 5:0.5\n", 3), ("\n1:1\n", 2), ("1:1\n \t\n", 2), ("\n\n\n", 3), ("1:1 # a\n\n", 2), ("1:1", 1)],
)
def test_every_line_without_a_label_is_an_example(tmp_path, model, capsys, text, rows):
    path = made(tmp_path, "n.svm", text)
    capsys.readouterr()
    assert main(["predict", "--model", str(model), "--data", str(path), "--no-labels"]) == 0
    p = np.array(capsys.readouterr().out.split(), float)
    assert p.size == rows
    empty = [i for i, line in enumerate(text.split("\n")[:rows]) if not line.strip()]
    assert len({*p[empty]}) <= 1


def test_a_comment_alone_may_be_an_example_or_none(tmp_path, model, capsys):
    path = made(tmp_path, "n.svm", "1:1\n# doc 7\n")
    assert main(["predict", "--model", str(model), "--data", str(path), "--no-labels"]) == 2
    assert f"{path}:2:1: a comment alone may stand for" in capsys.readouterr().err
    labelled = made(tmp_path, "l.svm", "1 1:1\n# doc 7\n\n0 2:1\n")
    assert main(["predict", "--model", str(model), "--data", str(labelled)]) == 0


def test_a_blank_line_of_a_table_of_one_column(tmp_path):
    _, feature_map = fit_read(made(tmp_path, "t.csv", "y,a\n1,x\n0,z\n"), Source("csv"))
    assert read(made(tmp_path, "q.csv", 'a\nx\n""\nz\n'), feature_map, labels=False).X.shape[0] == 3
    with pytest.raises(DataError, match=r"b\.csv:3:1: a blank line may stand for an empty cell"):
        read(made(tmp_path, "b.csv", "a\nx\n\nz\n"), feature_map, labels=False)


def test_columns_are_those_of_fit_in_their_order(tmp_path):
    """scikit-learn's rule and words; names that are not text count, too, but for the numbers of places."""
    X = normals(600, seed=1, stream=6).reshape(200, 3)
    y = (X[:, 0] > 0).astype(int)
    for kind in (LogisticRegression, FactorizationMachine):
        model = kind(epochs=2).fit(Frame(list("abc"), X), y, eval_set=(Frame(list("abc"), X), y))
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        model.save(tmp_path / "m.npz")
        for known in (model, load_model(tmp_path / "m.npz")[0]):
            whole = known.predict(Frame(list("abc"), X))
            with pytest.warns(UserWarning, match=f"X does not have valid feature names, but {kind.__name__} was fitted with"):
                assert np.array_equal(known.predict(X), whole)
            order = "names must be in the same order as they were in fit.\nColumn 0 of X is 'c', and was 'a'"
            with pytest.raises(ValueError, match=order):
                known.predict(Frame(list("cba"), X[:, ::-1]))
            both = "unseen at fit time:\n- d\nFeature names seen at fit time, yet now missing:\n- b\n$"
            with pytest.raises(ValueError, match=both):
                known.predict_proba(Frame(list("adc"), X))
            with pytest.raises(ValueError, match=r"^The feature names should .*\n.* unseen at fit time:\n- d\n$"):
                known.decision_function(Frame(list("abcd"), np.hstack((X, X[:, :1]))))
        with pytest.raises(ValueError, match="Column 1 of X is 'c', and was 'b'"):
            kind(epochs=1).fit(Frame(list("abc"), X), y, eval_set=(Frame(list("acb"), X), y))
        model.fit(X, y)
        assert not hasattr(model, "feature_names_in_")
        with pytest.warns(UserWarning, match=f"X has feature names, but {kind.__name__} was fitted without feature names"):
            model.predict(Frame(list("abc"), X))
        for names in ([0, 1, 2], [10, 5, 7]):
            model.fit(Frame(names, X), y).save(tmp_path / "m.npz")
            for known in (model, load_model(tmp_path / "m.npz")[0]):
                known.predict(Frame(names, X))
                with pytest.raises(ValueError, match=f"Column 0 of X is {names[1]}, and was {names[0]}"):
                    known.predict(Frame([names[1], names[0], names[2]], X))
        model.fit(Frame([0, 1, 2], X), y).predict(X)
        model.fit(X, y).predict(Frame([0, 1, 2], X))
        model.fit(Frame([0, "a", (1, 2)], X), y).save(tmp_path / "m.npz")
        for known in (model, load_model(tmp_path / "m.npz")[0]):
            known.predict(Frame([0, "a", (1, 2)], X))
            with pytest.raises(ValueError, match=r"Column 0 of X is '\(1, 2\)', and was 0"):
                known.predict(Frame([(1, 2), "a", 0], X))
        assert not hasattr(model, "feature_names_in_")
        for first, second in (([0, 1, 2], list("abc")), (list("abc"), [0, 1, 2])):  # frames without names of their own
            model.fit(Frame(first, X), y)
            with pytest.warns(UserWarning, match="feature names"):
                assert model.predict(Frame(second, X)).shape == (200,)
    wide = Frame([f"c{i}" for i in range(9)], np.ones((2, 9)))
    with pytest.raises(ValueError, match=r"fit time:\n- c0\n- c1\n- c2\n- c3\n- c4\n- \.\.\.\nFeature"):
        model.fit(Frame(list("abc"), X), y).predict(wide)


def test_rows_of_labels_are_those_of_the_examples():
    X = np.eye(3)
    for index in ([0, 1, 2], [5, 7, 6]):
        LogisticRegression(epochs=1).fit(Labelled(index, X), Labelled(index, [0, 1, 1]))
    LogisticRegression(epochs=1).fit(Labelled([2, 1, 0], X), [0, 1, 1])
    LogisticRegression(epochs=1).fit(Labelled([0, 1, 2], X), Labelled([7, 3, 1], [0, 1, 1]))  # by place, or not at all
    with pytest.raises(ValueError, match="y has its rows in another order than X"):
        LogisticRegression(epochs=1).fit(Labelled([0, 1, 2], X), Labelled([2, 1, 0], [0, 1, 1]))
    weights = Labelled([2, 1, 0], [1.0, 2.0, 3.0])
    for ask in (LogisticRegression(epochs=1).fit, LogisticRegression(epochs=1).fit(X, [0, 1, 1]).score):
        with pytest.raises(ValueError, match="sample_weight has its rows in another order than X"):
            ask(Labelled([0, 1, 2], X), [0, 1, 1], sample_weight=weights)


def test_labels_of_three_kinds(tmp_path):
    for name, text in (("a.svm", "1 1:1\n-1 2:1\n0 1:1\n"), ("a.csv", "y,a\n1,u\n-1,v\n0,w\n")):
        with pytest.raises(DataError, match=f"{name}: both 0 and -1 are labels, and one of them may mean unknown"):
            fit_read(made(tmp_path, name, text), Source({"svm": "libsvm", "csv": "csv"}[name[-3:]]))
        whole = fit_read(made(tmp_path, name, text.replace("0", "-1")), Source({"svm": "libsvm", "csv": "csv"}[name[-3:]]))
        assert whole[0].y.tolist() == [1, 0, 0]


@pytest.mark.parametrize("header", [",label,a", "Unnamed: 0,label,a", "label,,a", "label,a,Unnamed: 2", " ,label,a"])
def test_columns_without_a_name(tmp_path, header):
    path = made(tmp_path, "i.csv", f"{header}\n0,1,x\n1,0,y\n")
    with pytest.raises(
        DataError, match=r"i\.csv:1:[0-9]+: a column without a name: call it id if it is an index, which is then dropped"
    ):
        fit_read(path, Source("csv"))
    named = made(tmp_path, "n.csv", "id,label,a\n0,1,x\n1,0,y\n")
    assert fit_read(named, Source("csv"))[0].X.shape == (2, 3)


def test_libffm_indices_that_count_within_a_field(tmp_path):
    text = "1 0:0:1 1:0:1\n0 0:1:1 1:0:1\n"
    path = made(tmp_path, "p.ffm", text)
    with pytest.raises(DataError, match=r"p\.ffm: index 0 stands in fields 0 and 1: if it is one feature, give indices global"):
        fit_read(path, Source("libffm"))
    dataset, feature_map = fit_read(path, Source("libffm", indices="global"))
    assert dataset.X.toarray().tolist() == [[2, 0], [1, 1]]
    assert read(path, feature_map).X.shape == (2, 2)
    careful = made(tmp_path, "c.ffm", text.replace("0:0:1", "0:00:1"))
    with pytest.raises(DataError, match="index 0 stands in fields 0 and 1"):
        fit_read(careful, Source("libffm"))
    apart = made(tmp_path, "a.ffm", "1 0:0:1 1:2:1\n0 0:1:1 1:2:1\n")
    assert fit_read(apart, Source("libffm"))[0].X.shape == (2, 3)


@pytest.mark.parametrize(("form", "text"), [("csv", "label,a\nno,x\nYes,y\n"), ("libsvm", "2 1:1\n3 2:1\n")])
def test_a_positive_label_that_never_occurs(tmp_path, form, text):
    path = made(tmp_path, "t", text)
    with pytest.raises(DataError, match=r"t: no row has the label 'yes', the positive_label"):
        fit_read(path, Source(form, positive_label="yes"))


def test_numbers_that_are_scaled(tmp_path):
    scaled = "\n".join(f"{i % 2},{i / 10}" for i in range(11))
    for name, more in (("a", {"numeric": ("a",)}), ("I1", {}), ("I1", {"hash_bins": 50})):
        path = made(tmp_path, "s.csv", f"y,{name}\n{scaled}\n")
        with pytest.raises(DataError, match=rf"s\.csv: the numbers of column '{name}' are fractions within \[-1, 1\]"):
            fit_read(path, Source("csv", **more))
    for cells in ("0,1,1,0", "0.5,2,7,1", ",,0,1"):
        rows = "\n".join(f"{i % 2},{cell}" for i, cell in enumerate(cells.split(",")))
        fit_read(made(tmp_path, "w.csv", f"y,I1\n{rows}\n"), Source("csv"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"label;a\n1;x\n", "s:1:1: the header is one column: cells are separated by commas or tabs, not by ';'"),
        ("label,a\n1,x\n".encode("utf-16"), "s: is text in UTF-16, convert it to UTF-8 first"),
        (b"PK\x03\x04rest", "s: is a zip archive, unpack it first: plain text, gzip and bzip2 are read"),
        (b"\xfd7zXZ\x00rest", "s: is compressed by xz, unpack it first"),
        (b"\x28\xb5\x2f\xfdrest", "s: is compressed by zstd, unpack it first"),
        (b"PAR1\x15rest", "s: is a Parquet file: give format 'parquet', not 'csv'"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path, content, said):
    with pytest.raises(DataError, match=f"{tmp_path}/{said}".replace("[", r"\[")):
        fit_read(made(tmp_path, "s", content), Source("csv"))


def test_metrics_take_labels_that_say_which_is_positive():
    """0 and 1, or -1 and 1; ``fit`` takes any two values, and ``score`` those of ``fit``."""
    X = normals(1200, seed=1, stream=6).reshape(300, 4)
    y = np.where(X[:, 0] > 0, 1, -1)
    z = LogisticRegression(epochs=5).fit(X, y).decision_function(X)
    assert evaluate(y, z) == evaluate(y == 1, z) == evaluate((y == 1).astype(np.float32), z)
    assert evaluate(y, z)["calibration"] is not None
    for bad, said in ((y + 3, r"y\[0\] must be a label"), ((y == 1).astype(int).astype(str), "y must be numbers, got <U")):
        for metric in (auc, log_loss, calibration, evaluate):
            with pytest.raises(ValueError, match=said):
                metric(bad, np.abs(z) / 100)
    for shape in (z[:-1], z[:, None], np.float64(1.0)):
        with pytest.raises(ValueError, match="shape"):
            evaluate(y, shape)
    with pytest.raises(ValueError, match="there are no examples"):
        evaluate([], [])


def test_infinite_scores():
    inf = np.inf
    assert evaluate([1, 0], [inf, -inf]) == {"auc": 1.0, "logloss": 0.0, "calibration": 1.0}
    assert log_loss([0, 1], [inf, 0.0]) == inf
    assert log_loss([1, 1], [inf, 0.0]) == pytest.approx(np.log(2) / 2)
    assert auc([0, 1, 1], [-inf, -inf, 2.0]) == 0.75
    assert np.isnan(log_loss([1], [np.nan]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "libsvm", "n_features": 2.5}, "n_features must be an integer"),
        ({"format": "libsvm", "n_features": True}, "n_features must be an integer"),
        ({"format": "libsvm", "index_base": True}, "index_base must be 0 or 1"),
        ({"format": "libsvm", "index_base": 1.0}, "index_base must be 0 or 1"),
        ({"format": "csv", "min_count": "2"}, "min_count must be an integer"),
        ({"format": "csv", "hash_bins": True}, "hash_bins must be an integer"),
        ({"format": "csv", "label_column": 3}, "label_column must be a text"),
        ({"format": "csv", "numeric": ("a", 3)}, "numeric must be a tuple of names"),
        ({"format": "csv", "positive_label": 1}, "positive_label must be a text"),
        ({"format": "csv", "indices": "global"}, "indices does not apply to format 'csv'"),
        ({"format": "libffm", "indices": "own"}, "indices must be one of 'global'"),
        ({"format": ["csv"]}, "format must be one of"),
    ],
)
def test_arguments_of_a_source(options, said):
    with pytest.raises(ValueError, match=said):
        Source(**options)


@pytest.mark.parametrize("name", ["n_rows", "n_fields", "n_values", "k", "zipf", "click_rate", "linear_scale", "factor_scale"])
@pytest.mark.parametrize("value", [np.inf, np.nan, "2", None, True, 2.5j])
def test_arguments_of_generated_clicks(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        make_ctr(**{"n_rows": 5} | {name: value})
