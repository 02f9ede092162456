"""Data frames and Parquet files: the map and the rows of the same table as CSV, what they say of bad values."""

import gzip
import io
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpt_ref.data import DataError, Dataset, FeatureMap, Field, Source, fit_read, frames, read

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

pytestmark = pytest.mark.edge

Rows = list[dict[str, Any]]
COLUMNS = ("label", "site", "kind", "user", "paid", "price", "I1", "id")
SITES = ["a", "A", "", "a,b", 'say "x"', '"', "é ", "7", "7.0", "True", "nan", "NA", None]
ROW = st.fixed_dictionaries(
    {
        "label": st.booleans().map(int),
        "site": st.sampled_from(SITES),
        "kind": st.sampled_from(["u", "v", None]),
        "user": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3),
        "paid": st.sampled_from([True, False, None]),
        "price": st.none() | st.floats(-1e30, 1e30) | st.sampled_from([1.5, 260.0]),
        "I1": st.none() | st.integers(-3, 300),
        "id": st.integers(0, 9),
    }
)
ROW_OF_ONES = dict.fromkeys(COLUMNS, 1) | {"site": "a", "kind": "u", "paid": True, "price": 2.5}
TABLES = st.lists(ROW, min_size=1, max_size=12)


def in_pandas(rows: Rows) -> Any:
    types = {"user": "Int64", "paid": "boolean", "I1": "Int64", "price": "float64", "kind": "category"}
    return pd.DataFrame({name: pd.array([row[name] for row in rows], types.get(name)) for name in COLUMNS})


def in_polars(rows: Rows) -> Any:
    types = (pl.Int8, pl.String, pl.Categorical, pl.Int64, pl.Boolean, pl.Float64, pl.Int32, pl.Int64)
    return pl.DataFrame(rows, schema=dict(zip(COLUMNS, types, strict=True)))


def as_parquet(frame: Any, path: Path) -> Path:
    frame.to_parquet(path) if hasattr(frame, "to_parquet") else frame.write_parquet(path)
    return path


def csv_of(rows: Rows, path: Path) -> Path:
    """The table as pandas writes it."""
    in_pandas(rows).to_csv(path, index=False)
    return path


def same(a: Dataset, b: Dataset) -> None:
    assert (a.X != b.X).nnz == 0
    np.testing.assert_array_equal(a.y, b.y)
    assert (a.n_skipped, a.n_unseen) == (b.n_skipped, b.n_unseen)


@settings(max_examples=40)
@given(TABLES, TABLES, st.sampled_from([{}, {"min_count": 2}, {"hash_bins": 64}]), st.integers(1, 20))
def test_the_map_is_that_of_the_csv(
    tmp_path_factory: pytest.TempPathFactory, train: Rows, later: Rows, options: dict[str, int], chunk_rows: int
) -> None:
    """Whichever way the table is stored in training, and whichever way later."""
    folder = tmp_path_factory.mktemp("frames")
    train[0]["price"] = 3.75  # a column of whole numbers would be integers
    tables = [(csv_of(rows, folder / f"{i}.csv"), in_pandas(rows), in_polars(rows)) for i, rows in enumerate((train, later))]
    dataset, feature_map = fit_read(tables[0][0], Source("csv", numeric=("price",), **options))
    then = read(tables[1][0], feature_map)
    unlabelled = read(tables[1][0], feature_map, labels=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "CHUNK_ROWS", chunk_rows)
        for name, frame, then_frame in zip(("pandas", "polars"), tables[0][1:], tables[1][1:], strict=True):
            forms = [(frame, "csv"), (as_parquet(frame, folder / name), "parquet")]
            forms += [(frame.to_arrow(), "parquet")] if name == "polars" else []
            for data, form in forms:
                again, same_map = fit_read(data, Source(form, **options))
                assert same_map == feature_map
                same(again, dataset)
            for data in (then_frame, as_parquet(then_frame, folder / f"later_{name}")):
                same(read(data, feature_map), then)
                same(read(data, feature_map, labels=False), unlabelled)


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_each_kind_of_column(monkeypatch: pytest.MonkeyPatch, chunk_rows: int) -> None:
    monkeypatch.setattr(frames, "CHUNK_ROWS", chunk_rows)
    frame = pd.DataFrame(
        {
            "y": [True, False, True],
            "text": ["b", None, "a"],
            "object": ["7", 7, np.float64(7.5)],
            "whole": [3.0, np.nan, 10.0],
            "small": np.array([1, 2, 300], np.uint16),
            "yes": [True, False, True],
            "binned": pd.Categorical([0.5, 1.0, None]),
            "price": np.array([2.5, 300, np.nan], np.float32),
            "bytes": [b"\xe9", "é".encode(), None],
        }
    )
    _, feature_map = fit_read(frame, Source("csv"))
    assert feature_map.source == Source("csv", numeric=("price",))
    assert feature_map.label_column == "y"
    assert feature_map.fields == (
        Field("text", "text", "categorical", ("", "a", "b")),
        Field("object", "object", "categorical", ("7", "7.5")),
        Field("whole", "whole", "categorical", ("", "10", "3")),
        Field("small", "small", "categorical", ("1", "2", "300")),
        Field("yes", "yes", "categorical", ("False", "True")),
        Field("binned", "binned", "categorical", ("", "0.5", "1")),
        Field("price", "price", "numeric", ("", "0", "32")),
        Field("bytes", "bytes", "categorical", ("", "é", "\udce9")),
    )


def test_a_column_of_categories_has_categories() -> None:
    """Whatever they are."""
    values = pa.array([0.5, None, 2.5]).dictionary_encode()
    table = pa.table({"y": [1, 0, 1], "a": values, "b": [0.5, 7.0, None]})
    assert [field.kind for field in fit_read(table, Source("csv"))[1].fields] == ["categorical", "numeric"]


def test_whole_floats_are_the_integers_that_they_were() -> None:
    """pandas makes floats of integers where one is missing: a map of either reads both."""
    whole, missing = pd.DataFrame({"y": [1, 0], "user": [1, 2]}), pd.DataFrame({"y": [1, 0], "user": [1, None]})
    assert [str(frame.user.dtype) for frame in (whole, missing)] == ["int64", "float64"]
    for frame in (whole, missing):
        _, feature_map = fit_read(frame, Source("csv"))
        assert "1" in feature_map.fields[0].values
        assert read(whole.iloc[:1], feature_map).n_unseen == read(missing.iloc[:1], feature_map).n_unseen == 0
    for name, options in (("user", {}), ("user", {"hash_bins": 1000})):
        assert (fit_read(whole[["y", name]], Source("csv", **options))[0].X[0] != 0).nnz == 1
    hashed = [fit_read(frame, Source("csv", hash_bins=1000))[0].X[[0]] for frame in (whole, missing)]
    assert (hashed[0] != hashed[1]).nnz == 0
    numbers = fit_read(missing, Source("csv", numeric=("user",)))[1]
    assert numbers.fields[0].kind == "numeric"


def test_a_csv_that_spells_integers_as_floats(tmp_path: Path) -> None:
    """As pandas writes them where one is missing."""
    frame = pd.DataFrame({"y": [1, 0, 1], "user": [1, 7, None]})
    frame.to_csv(tmp_path / "f.csv", index=False)
    dataset, feature_map = fit_read(tmp_path / "f.csv", Source("csv"))
    assert feature_map.fields[0].values == ("", "1.0", "7.0")
    same(read(frame, feature_map), dataset)
    same(read(frame.astype({"user": "Int64"}), feature_map), dataset)


def test_columns_go_by_name() -> None:
    dataset, feature_map = fit_read(pl.DataFrame({"y": [1, 0], "a": ["u", "w"], "b": ["v", "x"]}), Source("csv"))
    later = pd.DataFrame({"b": ["v", "x"], "id": pd.to_datetime(["2020-01-01"] * 2), "a": ["u", "w"]}, index=[5, 5])
    assert (read(later, feature_map, labels=False).X != dataset.X).nnz == 0
    for frame, said in (
        (later, "has no column 'y'"),
        (later.assign(y=1, c=0), "has a column 'c' that the training file had not"),
        (later.assign(y=1)[["y", "a"]], "has no column 'b'"),
        (pd.concat([later.assign(y=1), later[["a"]]], axis=1), "has two columns 'a'"),
    ):
        with pytest.raises(DataError) as caught:
            read(frame, feature_map)
        assert str(caught.value) == f"the data frame: {said}"
    for names, said in (
        (["a", "b"], "has no column named label, click, y, target"),
        (["y", ""], "a column without a name: call it"),
        (["y", None], "a column without a name: call it"),
    ):
        with pytest.raises(DataError, match=f"^the data frame: {said}"):
            fit_read(pd.DataFrame([[1, 2]], columns=names), Source("csv"))


def test_formats_with_columns_of_their_own() -> None:
    """avazu's hour is read from a frame, too; indexed formats have no columns."""
    frame = pl.DataFrame({"click": [0, 1], "hour": [14102100, 14102223], "C1": [1005, 1005]})
    fields = fit_read(frame, Source("avazu"))[1].fields
    assert [(field.name, field.values) for field in fields] == [
        ("hour_of_day", ("0", "23")),
        ("weekday", ("1", "2")),
        ("C1", ("1005",)),
    ]
    for call in (lambda: fit_read(frame, Source("libfm")), lambda: read(frame, FeatureMap(Source("libfm"), 3))):
        with pytest.raises(ValueError, match="format must be csv or parquet for a data frame, got 'libfm'"):
            call()
    for data in (frame.lazy(), np.eye(2), None, ["f"]):
        with pytest.raises(ValueError, match=r"data must be the path of a file, or a data frame in memory, got \w+"):
            fit_read(data, Source("csv"))


BAD: list[tuple[dict[str, list[Any]], str]] = [
    ({"y": [1, 2], "a": ["u", "v"]}, "column 'y', row 1 (from 0): expected a label 0, 1 or -1, got '2'"),
    ({"y": [1, None], "a": ["u", "v"]}, "column 'y', row 1 (from 0): expected a label 0, 1 or -1, got ''"),
    ({"y": [1, 0], "I1": ["7", "x"]}, "column 'I1', row 1 (from 0): expected a finite number, got 'x'"),
    ({"y": [1, 0], "a": [np.inf, 1.5]}, "column 'a', row 0 (from 0): expected a finite number, got 'inf'"),
    ({"y": [1, 0], "a": [1e300, 1.5]}, "column 'a', row 0 (from 0): expected a finite number, got '1"),
    ({"y": [1, 0], "a": ["u", "v\nw"]}, "column 'a', row 1 (from 0): a value cannot contain a line end, got 'v\\nw'"),
    ({"y": [1, 0], "a": ["u", ["v"]]}, "column 'a', row 1 (from 0): expected text, a number or a boolean, got a list: make it "
     "text"),
    ({"y": [1, 0], "a": [1, 10**5000]}, "column 'a', row 1 (from 0): expected a number of at most 4,000 digits"),
    ({"y": [1, 0], "a": [1, Decimal("-1e9999999")]}, "column 'a', row 1 (from 0): expected a number of at most 4,000"),
    ({"y": [1, -1, 0], "a": list("uvw")}, "both 0 and -1 are labels"),
    ({"y": [1, 0], "a": [0.25, 1]}, "the numbers of column 'a' are fractions within [-1, 1], and buckets begin at whole "
     "numbers: multiply them first, or let each value be a category, as text"),
    ({"y": [], "a": []}, "no rows"),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "said"), BAD)
def test_bad_values(monkeypatch: pytest.MonkeyPatch, columns: dict[str, list[Any]], said: str) -> None:
    for chunk_rows in (1, 100):
        monkeypatch.setattr(frames, "CHUNK_ROWS", chunk_rows)
        with pytest.raises(DataError) as caught:
            fit_read(pd.DataFrame(columns), Source("csv"))
        assert str(caught.value).startswith(f"the data frame: {said}")


def test_bad_rows_are_skipped_and_counted() -> None:
    frame = pl.DataFrame({"y": [1, 0, 7, 0], "I1": ["1", "x", "2", "3"]})
    dataset, feature_map = fit_read(frame, Source("csv", on_bad_line="skip"))
    assert (dataset.y.tolist(), dataset.n_skipped) == ([1, 0], 2)
    assert feature_map.fields[0].values == ("1",)  # 3 is in the bucket of 1, and 2 stood in a skipped row
    with pytest.raises(DataError, match="got a date: make it text"):
        fit_read(frame.with_columns(when=pl.date(2020, 1, 1)), Source("csv", on_bad_line="skip"))


def test_a_positive_label() -> None:
    frame = pl.DataFrame({"y": ["yes", "no"], "a": [True, False]})
    assert fit_read(frame, Source("csv", positive_label="yes"))[0].y.tolist() == [1, 0]
    assert fit_read(frame, Source("csv", label_column="a", positive_label="True"))[0].y.tolist() == [1, 0]
    assert fit_read(frame, Source("csv", label_column="a"))[0].y.tolist() == [1, 0]
    with pytest.raises(DataError, match="the data frame: no row has the label 'oui', the positive_label"):
        fit_read(frame, Source("csv", positive_label="oui"))


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    return as_parquet(
        in_polars([dict.fromkeys(COLUMNS, 1) | {"site": "a", "kind": "u", "price": 2.5}] * 9), tmp_path / "t.parquet"
    )


def test_parquet_is_told_by_its_first_bytes(tmp_path: Path, parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, feature_map = fit_read(parquet, Source("parquet"))
    for form in ("csv", "criteo", "avazu"):
        with pytest.raises(DataError, match=rf"t\.parquet: is a Parquet file: give format 'parquet', not '{form}'"):
            fit_read(parquet, Source(form))
    with pytest.raises(DataError, match=r"t\.parquet: is a Parquet file, which is a table: give format 'parquet'"):
        fit_read(parquet, Source("libfm"))
    text = tmp_path / "t.csv"
    text.write_text("label,a\n1,u\n")
    with pytest.raises(DataError, match=r"t\.csv: is no Parquet file: give the format it has, not 'parquet'"):
        fit_read(text, Source("parquet"))
    (tmp_path / "t.gz").write_bytes(gzip.compress(parquet.read_bytes()))
    same(read(tmp_path / "t.gz", feature_map), dataset)
    with parquet.open("rb") as file:
        for stream in (io.BytesIO(parquet.read_bytes()), file):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
            same(read("-", feature_map), dataset)


def test_an_index_of_pandas_is_no_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y": [1, 0], "a": ["u", "v"]}, index=["r", "s"])
    assert "__index_level_0__" in pq.read_schema(as_parquet(frame, tmp_path / "i.parquet")).names
    assert fit_read(tmp_path / "i.parquet", Source("parquet"))[1] == fit_read(frame, Source("csv"))[1]


@pytest.mark.parametrize(
    "index", [pd.Index(["r", "s"], name="user"), pd.MultiIndex.from_tuples([(1, 2), (3, 4)], names=["u", None])]
)
def test_an_index_with_a_name_is_no_column_either(tmp_path: Path, index: Any) -> None:
    """pandas writes it under its name, and notes that it is an index."""
    frame = pd.DataFrame({"y": [1, 0], "a": ["u", "v"]}, index=index)
    assert index.names[0] in pq.read_schema(as_parquet(frame, tmp_path / "i.parquet")).names
    assert fit_read(tmp_path / "i.parquet", Source("parquet"))[1] == fit_read(frame, Source("csv"))[1]
    table = pq.read_table(tmp_path / "i.parquet")
    for note in (b"[", b"3", b"{}", b'{"index_columns": 3}', b'{"index_columns": [{"kind": "range"}]}'):
        pq.write_table(table.replace_schema_metadata({b"pandas": note}), tmp_path / "n.parquet")
        assert index.names[0] in [field.name for field in fit_read(tmp_path / "n.parquet", Source("parquet"))[1].fields]


def test_decimals_are_exact(tmp_path: Path) -> None:
    """Numbers beyond 2^53 are as many values as they are, as in the CSV of the table; scale and spelling make no other."""
    ids = [Decimal("12345678901234567890"), Decimal("12345678901234567891"), None, Decimal(5)]
    table = pa.table({"y": [1, 0, 1, 0], "a": pa.array(ids, pa.decimal128(30, 0))})
    table.to_pandas().to_csv(tmp_path / "d.csv", index=False)
    pq.write_table(table, tmp_path / "d.parquet")
    dataset, feature_map = fit_read(tmp_path / "d.csv", Source("csv"))
    assert feature_map.fields[0].values == ("", "12345678901234567890", "12345678901234567891", "5")
    scaled = table.set_column(1, "a", table["a"].cast(pa.decimal128(34, 2)))
    for data, form in ((table, "csv"), (tmp_path / "d.parquet", "parquet"), (scaled, "csv"), (table.to_pandas(), "csv")):
        assert fit_read(data, Source(form))[1] == feature_map
        same(read(data, feature_map), dataset)
    digits = [Decimal("12345678901234567890.5"), Decimal("NaN"), Decimal("sNaN"), Decimal(7)]
    frame = pd.DataFrame({"y": [1, 0, 1, 0], "a": digits})
    assert fit_read(frame, Source("csv"))[1].fields == (Field("a", "a", "numeric", ("", "1932", "3")),)


def test_a_csv_that_spells_numbers_in_another_way(tmp_path: Path) -> None:
    """What a field knows as 1e+16, 7.50 or 8.00 is that in a frame."""
    for cells in ([1e16, 2e20, None], [Decimal("7.50"), Decimal("8.00"), None]):
        frame = pd.DataFrame({"y": [1, 0, 1], "a": cells})
        frame.to_csv(tmp_path / "f.csv", index=False)
        dataset, feature_map = fit_read(tmp_path / "f.csv", Source("csv"))
        same(read(frame, feature_map), dataset)


def test_damaged_parquet(tmp_path: Path, parquet: Path) -> None:
    whole = parquet.read_bytes()
    _, feature_map = fit_read(parquet, Source("parquet"))
    start = whole.index(b"\x15", 4) + 1
    for damaged in (whole[: len(whole) // 2], whole[:8], whole[:start] + b"\xff" * 60 + whole[start + 60 :]):
        (tmp_path / "d").write_bytes(damaged)
        with pytest.raises(DataError, match=f"^{tmp_path}/d: cannot be read: .") as caught:
            read(tmp_path / "d", feature_map)
        assert "\n" not in str(caught.value)


def test_without_pyarrow(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(DataError) as caught:
        fit_read(parquet, Source("parquet"))
    needed = "a Parquet file needs pyarrow: pip install 'alpt-ref[parquet]'"
    assert str(caught.value) == f"{parquet}: {needed}"
    assert fit_read(pl.DataFrame({"y": [1], "a": ["u"]}), Source("csv"))[0].y.tolist() == [1]


def test_maps_of_frames_are_saved(tmp_path: Path) -> None:
    _, feature_map = fit_read(in_pandas([ROW_OF_ONES]), Source("parquet"))
    assert json.loads(str(feature_map.to_arrays()["source"]))["format"] == "csv"
    assert FeatureMap.from_arrays(feature_map.to_arrays()) == feature_map
