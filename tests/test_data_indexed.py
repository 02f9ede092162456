"""libsvm, libfm, libffm: against a naive parser, both parsers against each other, every complaint once."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpt_ref.data import DataError, Dataset, FeatureMap, Source, fit_read, indexed, lines, read
from alpt_ref.data.indexed import _gather, parse_fast, parse_line
from alpt_ref.data.tokens import FLOAT32_MAX

pytestmark = pytest.mark.edge

BASES = {"libsvm": 1, "libfm": 0, "libffm": 0}
Entries = list[tuple[int, float]]


def fit_text(folder: Path, text: str, source: Source) -> tuple[Dataset, FeatureMap]:
    path = folder / "file"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return fit_read(path, source)


def naive(text: str, width: int, base: int) -> tuple[NDArray[np.float32], list[float]]:
    """X, dense, and y of a well-formed file, the shortest way."""
    rows, y = [], []
    for line in text.split("\n"):
        words = line.split("#")[0].split()
        if words:
            row = np.zeros(width)
            for word in words[1:]:
                row[int(word.split(":")[-2]) - base] += float(word.split(":")[-1])
            rows.append(row.astype(np.float32))
            y.append(float(float(words[0]) == 1))
    return np.array(rows), y


def spelt(row: tuple[str, Entries], name: str, gap: str = " ") -> str:
    """A line of the format, with zero-based indices."""
    field = "7:" if name == "libffm" else ""
    return gap.join([row[0], *(f"{field}{index + BASES[name]}:{value!r}" for index, value in row[1])])


values = st.floats(-1e6, 1e6, allow_subnormal=False) | st.sampled_from([0.0, 1.0, 1e-300, 3e38, -3e38])
entries = st.lists(st.tuples(st.integers(0, 11), values), max_size=5, unique_by=lambda entry: entry[0])
rows = st.sampled_from([["-1", "-1."], ["0", "0.0"]]).flatmap(
    lambda none: st.lists(st.tuples(st.sampled_from(["1", "+1", "1.0", "1e0", *none]), entries), min_size=1, max_size=8)
)


@given(
    rows,
    st.sampled_from(list(BASES)),
    st.sampled_from([" ", "\t", "  "]),
    st.sampled_from(["\n", "\r\n", " # x\n\n"]),
)
def test_round_trip_and_oracle(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, Entries]], name: str, gap: str, end: str
) -> None:
    text = end.join(spelt(row, name, gap) for row in table)
    dataset, feature_map = fit_text(tmp_path_factory.mktemp("rows"), text, Source(name))
    width = 1 + max((index for _, entries in table for index, _ in entries), default=-1)
    assert dataset.X.shape == (len(table), width)
    assert feature_map == FeatureMap(Source(name), width)
    assert dataset.X.dtype == dataset.y.dtype == np.float32
    assert dataset.X.indices.dtype == dataset.X.indptr.dtype == np.int32
    assert dataset.X.nnz == sum(len(entries) for _, entries in table)
    X, y = naive(text, width, BASES[name])
    np.testing.assert_array_equal(dataset.X.toarray(), X)
    np.testing.assert_array_equal(dataset.y, y)


@given(rows, st.sampled_from(list(BASES)), st.sampled_from([None, "1", "0.0", "-1", "pos"]), st.booleans())
def test_both_parsers_agree(table: list[tuple[str, Entries]], name: str, positive: str | None, labels: bool) -> None:
    source = Source(name, positive_label=positive)
    written = [spelt(row, name) for row in table] + ([" ", "", "#"] if labels else [])
    careful = _gather([row for line in written if (row := parse_line(line, source, labels=labels))])
    fast = parse_fast(written, source, labels=labels)
    # A row of n values beyond the largest float32 / n might overflow when it repeats an index.
    limit = FLOAT32_MAX / max([1, *(len(entries) for _, entries in table)])
    assert (fast is None) == any(abs(value) > limit for _, entries in table for _, value in entries)
    if fast is not None:
        for ours, theirs in zip(vars(fast).values(), vars(careful).values(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype


@pytest.mark.parametrize(
    "line",
    [
        "2 1:1",
        "x 1:1",
        "1 0:1",
        "1 -1:1",
        "1 1.0:1",
        "1 2147483648:1",
        "1 1:nan",
        "1 1:1e39",
        "1 1: 1",
        "1 1:1_0",
    ],
)
def test_the_fast_parser_declines_what_is_not_plainly_good(line: str) -> None:
    assert parse_fast(["1 1:1", line], Source("libsvm"), labels=True) is None


def test_the_fast_parser_is_used_on_good_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(indexed, "parse_line")
    dataset, _ = fit_text(tmp_path, "1 1:1 # one\n\n-1\n", Source("libsvm"))
    assert dataset.X.shape == (2, 1)


def test_repeated_indices_add_up_in_float64(tmp_path: Path) -> None:
    dataset, _ = fit_text(tmp_path, "1 3:1 0:2 3:1e-9 3:-1\n0 2:1 1:1\n", Source("libfm"))
    assert dataset.X.has_canonical_format
    assert dataset.X.indices.tolist() == [0, 3, 1, 2]
    # In float32 1 + 1e-9 - 1 is 0.
    np.testing.assert_array_equal(dataset.X.data, np.array([2, 1.0 + 1e-9 - 1.0, 1, 1], np.float32))


def test_rows_without_features_and_single_class(tmp_path: Path) -> None:
    dataset, feature_map = fit_text(tmp_path, "1\n1 \n1\n", Source("libsvm"))
    assert dataset.X.shape == (3, 0)
    assert dataset.y.tolist() == [1, 1, 1]
    later = read(tmp_path / "file", feature_map)
    assert later.X.shape == (3, 0)


def test_unseen_features_are_dropped_and_counted(tmp_path: Path) -> None:
    _, feature_map = fit_text(tmp_path, "1 1:1 3:1\n", Source("libsvm"))
    assert feature_map.n_features == 3
    later = tmp_path / "later"
    later.write_text("1 2:5 4:1 9:1\n0 4:1\n0 3:1\n")
    dataset = read(later, feature_map)
    np.testing.assert_array_equal(dataset.X.toarray(), [[0, 5, 0], [0, 0, 0], [0, 0, 1]])
    assert (dataset.n_unseen, dataset.n_skipped) == (3, 0)


def test_declared_width(tmp_path: Path) -> None:
    dataset, feature_map = fit_text(tmp_path, "1 1:1 3:1\n", Source("libsvm", n_features=2))
    assert (dataset.X.shape, dataset.n_unseen, feature_map.n_features) == ((1, 2), 1, 2)
    dataset, _ = fit_text(tmp_path, "1 1:1 3:1\n", Source("libsvm", n_features=10))
    assert (dataset.X.shape, dataset.n_unseen) == ((1, 10), 0)


def test_largest_index(tmp_path: Path) -> None:
    dataset, _ = fit_text(tmp_path, "1 2147483647:1\n", Source("libsvm"))
    assert dataset.X.shape == (1, 2**31 - 1)
    assert dataset.X.indices.tolist() == [2**31 - 2]


@pytest.mark.parametrize(
    ("positive", "written", "y"),
    [
        ("2", ["1", "2", "2.0", "+2", "edible"], [0, 1, 1, 1, 0]),
        ("p", ["p", "e", "P", "1"], [1, 0, 0, 0]),
        ("0", ["0", "-0", "1", "0.0"], [1, 1, 0, 1]),
        ("1e999", ["1e999", "2e999", "1"], [1, 0, 0]),
    ],
)
def test_positive_label(tmp_path: Path, positive: str, written: Sequence[str], y: Sequence[int]) -> None:
    text = "".join(f"{label} 1:1\n" for label in written)
    assert fit_text(tmp_path, text, Source("libsvm", positive_label=positive))[0].y.tolist() == y


@pytest.mark.parametrize("text", ["1 1:1\n0 2:1\n", "1:1\n2:1\n", "? 1:1\nx 2:1\n"])
def test_labels_may_be_absent_where_they_are_not_wanted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "unlabelled"
    path.write_text(text)
    dataset = read(path, FeatureMap(Source("libsvm"), 2), labels=False)
    np.testing.assert_array_equal(dataset.X.toarray(), np.eye(2))
    assert np.isnan(dataset.y).all()


COMPLAINTS: list[tuple[dict[str, Any], str, int, str]] = [
    ({}, "1 x:1", 3, "expected index:value, got 'x:1'"),
    ({}, "1 3", 3, "expected index:value, got '3'"),
    ({}, "1 3:", 3, "expected index:value, got '3:'"),
    ({}, "1 1:2:3", 3, "expected index:value, got '1:2:3'"),
    ({}, "1 1:1  0:1", 8, "expected index to be an integer from 1 to 2147483647, got '0'"),
    ({}, "1 -1:1", 3, "expected index to be an integer from 1 to 2147483647, got '-1'"),
    ({}, "1 1.5:1", 3, "expected index to be an integer from 1 to 2147483647, got '1.5'"),
    ({}, "1 2147483648:1", 3, "expected index to be an integer from 1 to 2147483647, got '2147483648'"),
    (
        {"index_base": 0},
        "1 2147483647:1",
        3,
        "expected index to be an integer from 0 to 2147483646, got '2147483647'",
    ),
    ({}, "1 1:nan", 5, "expected a finite number, got 'nan'"),
    ({}, "1 1:-inf", 5, "expected a finite number, got '-inf'"),
    ({}, "1 12:1e39", 6, "expected a finite number, got '1e39'"),
    ({}, "1 12:1e999", 6, "expected a finite number, got '1e999'"),
    ({}, "1 12:0x1", 6, "expected a finite number, got '0x1'"),
    ({}, "1 12:1_0", 6, "expected a finite number, got '1_0'"),
    ({}, "1 12:\u0661", 6, "expected a finite number, got '\u0661'"),
    ({}, "1 1:3e38 1:3e38", 10, "expected repeats to add up to a float32, got '1:3e38'"),
    ({}, "2 1:1", 1, "expected a label 0, 1 or -1, got '2'"),
    ({}, "  y 1:1", 3, "expected a label 0, 1 or -1, got 'y'"),
    ({}, "1:1 2:1", 1, "expected a label, got '1:1'"),
    ({"positive_label": "a"}, "1:1", 1, "expected a label, got '1:1'"),
    ({"format": "libffm"}, "1 2:3", 3, "expected field:index:value, got '2:3'"),
    ({"format": "libffm"}, "1 1:-2:3", 3, "expected index to be an integer from 0 to 2147483646, got '-2'"),
    ({"format": "libffm"}, "1 -1:2:3", 3, "expected field to be an integer from 0 to 2147483646, got '-1'"),
    ({}, "1 " + "z" * 99, 3, "expected index:value, got '" + "z" * 60 + "...'"),
]


@pytest.mark.parametrize(("options", "line", "column", "message"), COMPLAINTS)
def test_complaints(tmp_path: Path, options: dict[str, Any], line: str, column: int, message: str) -> None:
    source = {"format": "libsvm", **options}
    good = "1 0:1:1" if source["format"] == "libffm" else "1 1:1"
    if "positive_label" in options:
        good = "a 1:1"
    text = f"{good}\n# comment\n\n{line}\n{good}\n"
    with pytest.raises(DataError) as caught:
        fit_text(tmp_path, text, Source(**source))
    assert str(caught.value) == f"{tmp_path / 'file'}:4:{column}: {message}"
    dataset, feature_map = fit_text(tmp_path, text, Source(**source, on_bad_line="skip"))
    assert (dataset.y.tolist(), dataset.n_skipped) == ([1, 1], 1)
    assert read(tmp_path / "file", feature_map).n_skipped == 1


def test_long_digit_strings(tmp_path: Path) -> None:
    zeros = "0" * 5000
    dataset, _ = fit_text(tmp_path, f"1 {zeros}2:1\nbad\n", Source("libsvm", on_bad_line="skip"))
    assert dataset.X.indices.tolist() == [1]
    with pytest.raises(DataError, match=r":1:3: expected index to be an integer"):
        fit_text(tmp_path, f"1 9{zeros}:1\n", Source("libsvm"))


def test_a_file_of_bad_lines_only(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"file: no rows$"):
        fit_text(tmp_path, "bad\nworse\n", Source("libsvm", on_bad_line="skip"))


def test_lines_are_numbered_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexed, "read_chunks", partial(lines.read_chunks, chunk_bytes=20))
    good = [f"{i % 2} {i + 1}:{i}.5" for i in range(50)]
    whole, _ = fit_text(tmp_path, "\n".join(good), Source("libsvm"))
    assert whole.X.shape == (50, 50)
    assert whole.X.diagonal().tolist() == [i + 0.5 for i in range(50)]
    dataset, _ = fit_text(tmp_path, "\n".join([*good[:30], "3 4", *good[30:], "", "5"]), Source("libsvm", on_bad_line="skip"))
    assert dataset.n_skipped == 2
    assert (dataset.X - whole.X).count_nonzero() == 0
    with pytest.raises(DataError, match=r"file:31:1: expected a label"):
        fit_text(tmp_path, "\n".join([*good[:30], "3 4", *good[30:]]), Source("libsvm"))


def test_unlabelled_y_is_nan_from_both_parsers() -> None:
    source = Source("libsvm")
    row = parse_line("1 1:1", source, labels=False)
    assert row is not None
    assert math.isnan(row[0])
    fast = parse_fast(["1 1:1"], source, labels=False)
    assert fast is not None
    assert np.isnan(fast.y).all()
