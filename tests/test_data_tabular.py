"""criteo, avazu, csv: dictionary and hashing against naive encoders, every complaint once."""

import csv
import math
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpt_ref.data import (
    DataError,
    Dataset,
    FeatureMap,
    Field,
    Source,
    fit_read,
    hash_feature,
    lines,
    read,
    tabular,
)
from alpt_ref.data.layout import CRITEO_COLUMNS, cell_column, split_cells
from alpt_ref.data.tokens import hour_of_day, numeric_token, weekday

pytestmark = pytest.mark.edge

AVAZU_HEADER = "id,click,hour,C1,banner_pos,site_id"


def fit_text(folder: Path, text: str, source: Source) -> tuple[Dataset, FeatureMap]:
    path = folder / "file"
    path.write_text(text, encoding="utf-8", newline="")
    return fit_read(path, source)


def read_text(folder: Path, text: str, feature_map: FeatureMap, *, labels: bool = True) -> Dataset:
    path = folder / "later"
    path.write_text(text, encoding="utf-8", newline="")
    return read(path, feature_map, labels=labels)


def naive_bucket(text: str) -> str:
    if text == "":
        return text
    x = int(float(text))
    return str(int(math.log(x) ** 2)) if x > 2 else str(x)


def naive_one_hot(names: list[str], train: list[list[str]], later: list[list[str]], min_count: int) -> NDArray[np.float32]:
    """X of ``later``, dense, column blocks [OOV, sorted kept values] per field."""
    blocks = []
    for j, name in enumerate(names):
        token = naive_bucket if name.startswith("I") else str
        counts = Counter(token(row[j]) for row in train)
        kept = sorted(value for value in counts if counts[value] >= min_count)
        block = np.zeros((len(later), 1 + len(kept)), np.float32)
        for i, row in enumerate(later):
            value = token(row[j])
            block[i, kept.index(value) + 1 if value in kept else 0] = 1
        blocks.append(block)
    return np.hstack(blocks)


NAMES = ["I1", "color", "I20", "site"]
cells = st.tuples(
    st.sampled_from(["", "-2", "0", "1", "2", "3", "5", "260", "260.0"]),
    st.sampled_from(["", "red", "a,b", 'say "x"', '"', "é ", "#"]),
    st.integers(-3, 10**6).map(str),
    st.text(st.sampled_from('ab,"\t '), max_size=3),
).map(list)
tables = st.lists(cells, min_size=1, max_size=12)


def write_csv(path: Path, rows: list[list[str]], delimiter: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL)
        writer.writerow(["Id", "Label", *NAMES])
        writer.writerows([str(i), str(i % 2), *row] for i, row in enumerate(rows))


@given(tables, tables, st.integers(1, 3), st.sampled_from([",", "\t"]))
def test_dictionary_against_oracle(
    tmp_path_factory: pytest.TempPathFactory,
    train: list[list[str]],
    later: list[list[str]],
    min_count: int,
    delimiter: str,
) -> None:
    folder = tmp_path_factory.mktemp("table")
    write_csv(folder / "train", train, delimiter)
    write_csv(folder / "later", later, delimiter)
    source = Source("csv", min_count=min_count)
    dataset, feature_map = fit_read(folder / "train", source)
    again = read(folder / "train", feature_map)
    for data, rows in ((dataset, train), (again, train), (read(folder / "later", feature_map), later)):
        X = naive_one_hot(NAMES, train, rows, min_count)
        np.testing.assert_array_equal(data.X.toarray(), X)
        assert data.X.dtype == data.y.dtype == np.float32
        assert data.X.has_canonical_format
        np.testing.assert_array_equal(data.y, np.arange(len(rows)) % 2)
        assert data.n_unseen == X[:, list(feature_map.offsets)].sum()
    # The map is one of the set of rows, not of their order.
    write_csv(folder / "reversed", train[::-1], delimiter)
    assert fit_read(folder / "reversed", source)[1] == feature_map


@given(tables, st.sampled_from([1, 3, 64, 2**31 - 1]))
def test_hashing_against_oracle(tmp_path_factory: pytest.TempPathFactory, train: list[list[str]], bins: int) -> None:
    path = tmp_path_factory.mktemp("table") / "train"
    write_csv(path, train, ",")
    dataset, feature_map = fit_read(path, Source("csv", hash_bins=bins))
    assert dataset.X.shape == (len(train), bins)
    assert dataset.X.has_canonical_format
    assert all(field.values == () for field in feature_map.fields)
    for i, row in enumerate(train):
        tokens = [naive_bucket(cell) if name.startswith("I") else cell for name, cell in zip(NAMES, row, strict=True)]
        expected = Counter(hash_feature(name, token, bins) for name, token in zip(NAMES, tokens, strict=True))
        one = slice(dataset.X.indptr[i], dataset.X.indptr[i + 1])
        assert dict(zip(dataset.X.indices[one].tolist(), dataset.X.data[one].tolist(), strict=True)) == expected
    again = read(path, feature_map)
    assert (again.X - dataset.X).count_nonzero() == 0
    assert again.n_unseen == 0


@pytest.mark.parametrize(
    ("field", "value", "digest"),
    [("C1", "05db9164", "430bda6757dc19a2"), ("C1", "", "bf623917918b44bc"), ("é", "ü", "942e9c4576461f7d")],
)
def test_hash_known_answers(field: str, value: str, digest: str) -> None:
    """The digests are what ``printf 'C1=05db9164' | b2sum -l 64`` prints."""
    hashed = int.from_bytes(bytes.fromhex(digest), "little")
    for bins in (1, 1000, 2**31 - 1, 2**64):
        assert hash_feature(field, value, bins) == hashed % bins


def test_hashes_spread() -> None:
    counts = np.bincount([hash_feature("f", str(i), 64) for i in range(6400)], minlength=64)
    # Chi-square with 63 degrees of freedom: mean 63, standard deviation 11.2.
    assert ((counts - 100.0) ** 2 / 100.0).sum() < 63 + 5 * 11.2


@pytest.mark.parametrize(
    ("text", "token"),
    [("", ""), ("-2", "-2"), ("0", "0"), ("2", "2"), ("3", "1"), ("4", "1"), ("5", "2"), ("260.0", "30"),
     ("260", "30"), ("+7", "3"), ("1.5", "1"), ("-0.5", "-1"), ("2071071", "211"), ("1e38", "7655")],
)  # fmt: skip
def test_numeric_token(text: str, token: str) -> None:
    assert numeric_token(text) == token


def test_hour_tokens() -> None:
    # 21 October 2014 was a Tuesday, 29 February 2024 a Thursday.
    assert (hour_of_day("14102100"), weekday("14102100")) == ("0", "1")
    assert (hour_of_day("24022923"), weekday("24022923")) == ("23", "3")


@given(st.lists(st.text(st.sampled_from('ab,"'), max_size=5), min_size=1, max_size=5))
def test_cells_are_where_they_are_said_to_be(written: list[str]) -> None:
    line = ",".join('"' + cell.replace('"', '""') + '"' for cell in written)
    assert split_cells(line, ",") == written
    for position in range(len(written)):
        start = cell_column(line, ",", position) - 1
        assert split_cells(line[start:], ",") == written[position:]


def test_quotes_inside_a_cell_are_text() -> None:
    assert split_cells('5" pipe,"a"b,"c,d', ",") == ['5" pipe', '"a"b', '"c', "d"]
    assert split_cells('a\t"b\tc"\t', "\t") == ["a", "b\tc", ""]


def criteo_row(label: str | None, integers: str, tail: str) -> str:
    row = [integers] * 13 + ["68fd1e64"] * 25 + [tail]
    return "\t".join(row if label is None else [label, *row])


def test_criteo(tmp_path: Path) -> None:
    text = "\n".join([criteo_row("1", "7", "a"), "", criteo_row("0", "", "b"), criteo_row("0", "7", "")])
    dataset, feature_map = fit_text(tmp_path, text, Source("criteo"))
    assert dataset.y.tolist() == [1, 0, 0]
    assert [field.name for field in feature_map.fields] == list(CRITEO_COLUMNS[1:])
    assert [field.kind for field in feature_map.fields] == ["numeric"] * 13 + ["categorical"] * 26
    assert feature_map.fields[0].values == ("", "3")
    assert feature_map.fields[-1].values == ("", "a", "b")
    assert feature_map.n_features == 13 * 3 + 25 * 2 + 4
    assert dataset.X.nnz == 3 * 39
    for label in (None, "?"):
        later = read_text(tmp_path, criteo_row(label, "8", "b"), feature_map, labels=False)
        assert np.isnan(later.y).all()
        # floor(ln(8)^2) = 4 is a bucket that no training row had.
        assert later.n_unseen == 13
    with pytest.raises(DataError, match=r"later:1:\d+: expected 40 columns, got 39 in "):
        read_text(tmp_path, criteo_row(None, "8", "b"), feature_map)


def test_avazu(tmp_path: Path) -> None:
    rows = "1000009418151094273,0,14102100,1005,0,1fbe01fe\n10000169349117863715,1,14102223,1005,1,\n"
    text = f"{AVAZU_HEADER}\n{rows}"
    dataset, feature_map = fit_text(tmp_path, text, Source("avazu"))
    assert dataset.y.tolist() == [0, 1]
    assert feature_map.label_column == "click"
    assert feature_map.fields == (
        Field("hour_of_day", "hour", "hour_of_day", ("0", "23")),
        Field("weekday", "hour", "weekday", ("1", "2")),
        Field("C1", "C1", "categorical", ("1005",)),
        Field("banner_pos", "banner_pos", "categorical", ("0", "1")),
        Field("site_id", "site_id", "categorical", ("", "1fbe01fe")),
    )
    # The test file of the competition has no click column.
    later = read_text(tmp_path, "id,hour,C1,banner_pos,site_id\n5,14103100,1005,9,x\n", feature_map, labels=False)
    np.testing.assert_array_equal(later.X.indices, [1, 3, 7, 8, 11])
    assert later.n_unseen == 3


def test_csv_columns(tmp_path: Path) -> None:
    text = "ID\ty\tLabel\tI1x\tage\n7\t5\t1\t9\t9.0\n8\t5\t0\t\t10\n"
    dataset, feature_map = fit_text(tmp_path, text, Source("csv", numeric=("age",), label_column="Label"))
    assert dataset.y.tolist() == [1, 0]
    assert feature_map.label_column == "Label"
    assert feature_map.fields == (
        Field("y", "y", "categorical", ("5",)),
        Field("I1x", "I1x", "categorical", ("", "9")),
        Field("age", "age", "numeric", ("4", "5")),
    )
    assert fit_text(tmp_path, "a,Target\nx,1\n", Source("csv"))[1].label_column == "Target"
    with pytest.raises(DataError, match=r"'Target' and 'CLICK' may both be the label: name it by label_column"):
        fit_text(tmp_path, "a,Target,CLICK\nx,1,0\n", Source("csv"))
    _, positive = fit_text(tmp_path, "y,a\ncat,1\ndog,1\n", Source("csv", positive_label="dog"))
    assert read_text(tmp_path, "a,y\n1,dog\n1,1\n", positive).y.tolist() == [1, 0]


def test_later_files_may_order_their_columns_otherwise(tmp_path: Path) -> None:
    dataset, feature_map = fit_text(tmp_path, "y,a,b\n1,u,v\n0,w,x\n", Source("csv"))
    later = read_text(tmp_path, "b\tid\ty\ta\nv\t0\t1\tu\nx\t1\t0\tw\n", feature_map)
    assert (later.X - dataset.X).count_nonzero() == 0
    assert later.y.tolist() == [1, 0]


HEADERS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "a,b", "the header has no column named label, click, y, target"),
    ({"label_column": "z"}, "y,b", "the header has no label column 'z'"),
    ({"format": "avazu"}, "y,hour", "the header has no label column 'click'"),
    ({}, "id,y", "the header has no column besides the label"),
    ({"numeric": ("c",)}, "y,b", "the header has no field 'c' to be numeric"),
    ({"numeric": ("y",)}, "y,b", "the header has no field 'y' to be numeric"),
    ({}, "y,b,b", "the header has two columns 'b'"),
]


@pytest.mark.parametrize(("options", "header", "message"), HEADERS)
def test_headers(tmp_path: Path, options: dict[str, Any], header: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        fit_text(tmp_path, f"{header}\n1,2,2\n", Source(**{"format": "csv", **options}))
    assert str(caught.value) == f"{tmp_path / 'file'}:1:1: {message}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("y,a", "the header has no column 'b'"),
        ("a,b", "the header has no column 'y'"),
        ("y,a,b,c", "the header has a column 'c' that the training file had not"),
    ],
)
def test_headers_of_later_files(tmp_path: Path, header: str, message: str) -> None:
    _, feature_map = fit_text(tmp_path, "y,a,b\n1,u,v\n", Source("csv"))
    with pytest.raises(DataError) as caught:
        read_text(tmp_path, f"{header}\n1,u,v\n", feature_map)
    assert str(caught.value) == f"{tmp_path / 'later'}:1:1: {message}"


COMPLAINTS: list[tuple[dict[str, Any], str, int, str]] = [
    ({}, "1,2", 4, "expected 3 columns, got 2 in '1,2'"),
    ({}, "1,2,x,y", 7, "expected 3 columns, got 4 in '1,2,x,y'"),
    ({}, "2,2,x", 1, "expected a label 0, 1 or -1, got '2'"),
    ({}, ",2,x", 1, "expected a label 0, 1 or -1, got ''"),
    ({"positive_label": "1"}, ",2,x", 1, "expected a label, got ''"),
    ({}, "1,two,x", 3, "expected a finite number, got 'two'"),
    ({}, "1,nan,x", 3, "expected a finite number, got 'nan'"),
    ({}, "1, 2,x", 3, "expected a finite number, got ' 2'"),
    ({"label_column": "site"}, '"1","1e999","0"', 5, "expected a finite number, got '1e999'"),
    ({"format": "avazu"}, "1,2,141021", 5, "expected an hour YYMMDDHH, got '141021'"),
    ({"format": "avazu"}, "1,2,14102124", 5, "expected an hour YYMMDDHH, got '14102124'"),
    ({"format": "avazu"}, "1,2,14023000", 5, "expected an hour YYMMDDHH, got '14023000'"),
]


@pytest.mark.parametrize(("options", "line", "column", "message"), COMPLAINTS)
def test_complaints(tmp_path: Path, options: dict[str, Any], line: str, column: int, message: str) -> None:
    source = {"format": "csv", **options}
    header = "click,C1,hour" if source["format"] == "avazu" else "y,I1,site"
    good = "1,2,14102100" if source["format"] == "avazu" else "1,2,0"
    y = [0, 0] if "label_column" in options else [1, 1]
    text = f"{header}\n{good}\n\n{line}\n{good}\n"
    with pytest.raises(DataError) as caught:
        fit_text(tmp_path, text, Source(**source))
    assert str(caught.value) == f"{tmp_path / 'file'}:4:{column}: {message}"
    dataset, feature_map = fit_text(tmp_path, text, Source(**source, on_bad_line="skip"))
    assert (dataset.y.tolist(), dataset.n_skipped, dataset.n_unseen) == (y, 1, 0)
    # What stood on the skipped line alone has no feature.
    assert {len(field.values) for field in feature_map.fields} == {1}
    later = read(tmp_path / "file", feature_map)
    assert later.n_skipped == 1
    assert (later.X - dataset.X).count_nonzero() == 0


def test_a_quote_that_is_never_closed_is_text(tmp_path: Path) -> None:
    assert fit_text(tmp_path, 'y,a\n1,"x\n', Source("csv"))[1].fields[0].values == ('"x',)


def test_bad_lines_of_an_unlabelled_file(tmp_path: Path) -> None:
    _, feature_map = fit_text(tmp_path, "y,I1\n1,7\n", Source("csv", on_bad_line="skip"))
    later = read_text(tmp_path, "y,I1\n?,7\n,seven\n", feature_map, labels=False)
    assert (later.X.toarray().tolist(), later.n_skipped) == ([[0, 1]], 1)


def test_header_only_and_bad_lines_only(tmp_path: Path) -> None:
    for text in ("y,a\n", "y,a", "y,a\n1\n", "y,a\n\n\n"):
        with pytest.raises(DataError, match=r"file: no rows$"):
            fit_text(tmp_path, text, Source("csv", on_bad_line="skip"))


@pytest.mark.parametrize("bins", [None, 50])
def test_chunks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bins: int | None) -> None:
    text = "y,I1,c\n" + "".join(f"{i % 2},{i},{i % 7}\n" for i in range(100)) + "1,x,1\n"
    source = Source("csv", on_bad_line="skip", hash_bins=bins)
    whole, feature_map = fit_text(tmp_path, text, source)
    monkeypatch.setattr(tabular, "read_chunks", partial(lines.read_chunks, chunk_bytes=17))
    pieces, same_map = fit_text(tmp_path, text, source)
    assert same_map == feature_map
    assert (whole.X - pieces.X).count_nonzero() == 0
    np.testing.assert_array_equal(whole.y, pieces.y)
    with pytest.raises(DataError, match=r"file:102:3: expected a finite number, got 'x'"):
        fit_text(tmp_path, text, Source("csv"))
