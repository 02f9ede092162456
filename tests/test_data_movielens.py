"""MovieLens-1M: against naive code over the same lines, both parsers against each other, every complaint once; split."""

import bz2
import gzip
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from alpt_ref.data import DataError, Dataset, movielens
from alpt_ref.data.errors import LineError
from alpt_ref.data.lines import read_chunks
from alpt_ref.data.movielens import FIELDS, FieldRange, parse_rating, parse_ratings, read_movielens
from alpt_ref.data.split import split
from tests.marks import once

pytestmark = pytest.mark.edge

USERS = """\
10::F::18::3::02138
2::M::1::20::98107-2117
9::M::50::3::02138
7::F::56::0::10003
"""
MOVIES = """\
30::Toy Story (1995)::Animation|Children's|Comedy
4::Misérables, Les (1935)::Drama
100::Cold (Á köldum) (1937)::Drama|Adventure
5::Never Seen (1919)::Western
"""
# User 7 gave nothing but a 3, and so has no feature; nor has its gender's second value, until user 10 comes.
RATINGS = [(10, 30, 5), (2, 100, 1), (7, 4, 3), (9, 30, 4), (2, 4, 2), (2, 30, 3), (10, 100, 4)]


def as_tsv(ratings: list[tuple[int, int, int]]) -> str:
    return "".join(f"{user}\t{movie}\t{rating}\n" for user, movie, rating in ratings)


def as_dat(ratings: list[tuple[int, int, int]]) -> str:
    return "".join(f"{user}::{movie}::{rating}::97830{i:04}\n" for i, (user, movie, rating) in enumerate(ratings))


def write(folder: Path, **changed: str) -> Path:
    """A good folder, but for the files named: ``users_dat="..."``."""
    files = {"users_dat": USERS, "movies_dat": MOVIES, "ratings_dat": as_dat(RATINGS)} | changed
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_bytes(text.encode("latin-1"))
    return folder


def naive(users: str, movies: str, ratings: list[tuple[int, int, int]]) -> tuple[NDArray[np.float32], list[float]]:
    """X, dense, and y, the shortest way: list every row's values, sort each field's, look them up."""
    user_of = {line.split("::")[0]: line.split("::") for line in users.splitlines()}
    movie_of = {line.split("::")[0]: line.split("::") for line in movies.splitlines()}
    rows, y = [], []
    for user, movie, rating in ratings:
        if rating != 3:
            _, gender, age, occupation, code = user_of[str(user)]
            _, title, genres = movie_of[str(movie)]
            once: list[Any] = [user, movie, gender, int(age), int(occupation), code, int(title[-5:-1])]
            rows.append([(f, value) for f, value in enumerate(once)] + [(7, genre) for genre in genres.split("|")])
            y.append(float(rating > 3))
    features: list[tuple[int, Any]] = sorted({entry for row in rows for entry in row})
    return np.array([[float(feature in row) for feature in features] for row in rows], np.float32), y


def check(result: tuple[Dataset, tuple[FieldRange, ...]], X: NDArray[np.float32], y: list[float]) -> None:
    dataset, fields = result
    assert dataset.X.dtype == dataset.y.dtype == np.float32
    # A fresh matrix works the flags out again.
    assert csr_array((dataset.X.data, dataset.X.indices, dataset.X.indptr), shape=dataset.X.shape).has_canonical_format
    np.testing.assert_array_equal(dataset.X.toarray(), X)
    np.testing.assert_array_equal(dataset.y, y)
    assert (dataset.n_skipped, dataset.n_unseen) == (0, 0)
    assert tuple(field.name for field in fields) == FIELDS
    ends = np.cumsum([field.size for field in fields])
    assert [field.first for field in fields] == [0, *ends[:-1]]
    assert ends[-1] == dataset.X.shape[1]


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress])
@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2"])
@pytest.mark.parametrize(
    ("name", "text"),
    [("ratings.dat", as_dat(RATINGS)), ("ratings.tsv", as_tsv(RATINGS)), ("ratings.some.tsv", as_tsv(RATINGS))],
)
def test_small_folder(tmp_path: Path, name: str, text: str, suffix: str, compress: Any) -> None:
    for file, content in (("users.dat", USERS), ("movies.dat", MOVIES), (name, text)):
        (tmp_path / (file + suffix)).write_bytes(compress(content.encode("latin-1")))
    (tmp_path / "README").write_text("about ratings.dat")
    dataset, fields = read_movielens(tmp_path)
    check((dataset, fields), *naive(USERS, MOVIES, RATINGS))
    assert {field.name: field.values for field in fields} == {
        "user": (2, 9, 10),
        "movie": (4, 30, 100),
        "gender": ("F", "M"),
        "age": (1, 18, 50),
        "occupation": (3, 20),
        "zip": ("02138", "98107-2117"),
        "year": (1935, 1937, 1995),
        "genres": ("Adventure", "Animation", "Children's", "Comedy", "Drama"),
    }
    assert [field.size for field in fields] == [3, 3, 2, 3, 2, 2, 3, 5]
    np.testing.assert_array_equal(dataset.y, [1, 0, 1, 0, 1])
    np.testing.assert_array_equal(dataset.X.indices[:10], [2, 4, 6, 9, 11, 13, 17, 19, 20, 21])


texts = st.text("ab1-", min_size=1, max_size=2)
small = st.integers(0, 12)
user_lines = st.builds("{}::{}::{}::{}".format, texts, small, small, texts)
movie_lines = st.builds(
    "{} ({})::{}".format,
    texts,
    st.integers(1919, 1922),
    st.lists(texts, min_size=1, max_size=4, unique=True).map("|".join),
)


@given(st.data(), st.booleans())
def test_random_folders(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, tsv: bool) -> None:
    users = data.draw(st.dictionaries(small, user_lines, min_size=1, max_size=5))
    movies = data.draw(st.dictionaries(small, movie_lines, min_size=1, max_size=5))
    rating = st.tuples(st.sampled_from(sorted(users)), st.sampled_from(sorted(movies)), st.integers(1, 5))
    ratings = data.draw(st.lists(rating, min_size=1, max_size=9).filter(lambda rows: any(row[2] != 3 for row in rows)))
    users_dat = "".join(f"{key}::{line}\n" for key, line in users.items())
    movies_dat = "".join(f"{key}::{line}\n" for key, line in movies.items())
    folder = tmp_path_factory.mktemp("ml")
    (folder / "users.dat").write_text(users_dat)
    (folder / "movies.dat").write_text(movies_dat)
    (folder / ("ratings.tsv" if tsv else "ratings.dat")).write_text((as_tsv if tsv else as_dat)(ratings))
    check(read_movielens(folder), *naive(users_dat, movies_dat, ratings))


def test_blank_lines_line_ends_and_no_final_line_end(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        users_dat="\n" + USERS.replace("\n", "\n\n"),
        movies_dat=MOVIES.replace("\n", "\r\n"),
        ratings_dat="\n\r\n" + as_dat(RATINGS).replace("\n", "\r\n\r\n").rstrip(),
    )
    check(read_movielens(str(folder)), *naive(USERS, MOVIES, RATINGS))


@pytest.mark.parametrize("chunk_bytes", [1, 40])
def test_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    folder = write(tmp_path)
    monkeypatch.setattr(movielens, "read_chunks", partial(read_chunks, chunk_bytes=chunk_bytes))
    check(read_movielens(folder), *naive(USERS, MOVIES, RATINGS))
    write(tmp_path, ratings_dat="\n" + as_dat(RATINGS) + "2::30::6::1\n")
    with pytest.raises(DataError, match=r"ratings\.dat:9:8: expected a rating from 1 to 5, got '6'$"):
        read_movielens(folder)


def test_the_order_of_users_and_movies_does_not_matter(tmp_path: Path) -> None:
    reverse = {
        "users_dat": "\n".join(USERS.splitlines()[::-1]),
        "movies_dat": "\n".join(MOVIES.splitlines()[::-1]),
    }
    there, back = tmp_path / "there", tmp_path / "back"
    there.mkdir()
    back.mkdir()
    dataset, fields = read_movielens(write(there))
    again, again_fields = read_movielens(write(back, **reverse))
    np.testing.assert_array_equal(dataset.X.toarray(), again.X.toarray())
    assert fields == again_fields


INTEGER = "to be an integer from 0 to 10^18 - 1, got"


@pytest.mark.parametrize(
    ("name", "line", "column", "message"),
    [
        ("users.dat", "3::F::1::1", 1, "expected 'user::gender::age::occupation::zip', got '3::F::1::1'"),
        ("users.dat", "3::F::1::1::1::1", 1, "expected 'user::gender::age::occupation::zip', got '3::F::1::1::1::1'"),
        ("users.dat", "x::F::1::1::1", 1, f"expected user {INTEGER} 'x'"),
        ("users.dat", "3::::1::1::1", 4, "expected gender, got ''"),
        ("users.dat", "3::F::-1::1::1", 7, f"expected age {INTEGER} '-1'"),
        ("users.dat", "3::F::25::1.5::1", 11, f"expected occupation {INTEGER} '1.5'"),
        ("users.dat", "3::F::25::1::", 14, "expected zip, got ''"),
        ("users.dat", "9::F::1::1::1", 1, "user 9 has been described before"),
        ("users.dat", "09::F::1::1::1", 1, "user 9 has been described before"),
        ("movies.dat", "3::Heat (1995)", 1, "expected 'movie::title (year)::genres', got '3::Heat (1995)'"),
        ("movies.dat", "1 ::Heat (1995)::War", 1, f"expected movie {INTEGER} '1 '"),
        ("movies.dat", "3::Heat::War", 4, "expected a title that ends with its year in parentheses, got 'Heat'"),
        ("movies.dat", "3::1995::War", 4, "expected a title that ends with its year in parentheses, got '1995'"),
        ("movies.dat", "3::(1995) b::War", 4, "expected a title that ends with its year in parentheses, got '(1995) b'"),
        ("movies.dat", "3::\xc1 (95)::War", 4, "expected a title that ends with its year in parentheses, got '\\udcc1 (95)'"),
        ("movies.dat", "3::Heat (1995)::", 17, "expected genres, got ''"),
        ("movies.dat", "3::Heat (1995)::War|", 17, "expected genres separated by |, none empty or repeated, got 'War|'"),
        ("movies.dat", "3::H (1995)::War|War", 14, "expected genres separated by |, none empty or repeated, got 'War|War'"),
        ("movies.dat", "30::Heat (1995)::War", 1, "movie 30 has been described before"),
        ("ratings.dat", "2::4::5", 1, "expected 'user::movie::rating::timestamp', got '2::4::5'"),
        ("ratings.dat", "2\t4\t5\t1", 1, "expected 'user::movie::rating::timestamp', got '2\\t4\\t5\\t1'"),
        ("ratings.dat", "::4::5::1", 1, f"expected user {INTEGER} ''"),
        ("ratings.dat", "2::4e0::5::1", 4, f"expected movie {INTEGER} '4e0'"),
        ("ratings.dat", "2::٤::5::1", 4, f"expected movie {INTEGER} '٤'"),
        ("ratings.dat", f"2::{10**18}::5::1", 4, f"expected movie {INTEGER} '1{'0' * 18}'"),
        ("ratings.dat", "3::4::5::1", 1, "user 3 is not in users.dat"),
        ("ratings.dat", "10::6::3::1", 5, "movie 6 is not in movies.dat"),
        ("ratings.dat", "10::4::0::1", 8, "expected a rating from 1 to 5, got '0'"),
        ("ratings.dat", "10::4::4.5::1", 8, "expected a rating from 1 to 5, got '4.5'"),
        ("ratings.dat", "10::4::::1", 8, "expected a rating from 1 to 5, got ''"),
        ("ratings.dat", "10::4::5::", 11, f"expected timestamp {INTEGER} ''"),
        ("ratings.tsv", "2\t4", 1, "expected 'user\\tmovie\\trating', got '2\\t4'"),
        ("ratings.tsv", "2::4::5::1", 1, "expected 'user\\tmovie\\trating', got '2::4::5::1'"),
        ("ratings.tsv", "2\t4 \t5", 3, f"expected movie {INTEGER} '4 '"),
        ("ratings.tsv", "2\t6\t5", 3, "movie 6 is not in movies.dat"),
        ("ratings.tsv", "2\t4\t6", 5, "expected a rating from 1 to 5, got '6'"),
    ],
)
def test_bad_lines(tmp_path: Path, name: str, line: str, column: int, message: str) -> None:
    texts = {"users.dat": USERS, "movies.dat": MOVIES}
    ratings = "ratings.tsv" if name == "ratings.tsv" else "ratings.dat"
    texts[ratings] = as_tsv(RATINGS) if name == "ratings.tsv" else as_dat(RATINGS)
    place = 1 + texts[name].count("\n")
    texts[name] += f"{line}\n"
    for file, text in texts.items():
        (tmp_path / file).write_bytes(text.encode("utf-8" if "٤" in text else "latin-1"))
    with pytest.raises(DataError) as caught:
        read_movielens(tmp_path)
    assert str(caught.value) == f"{tmp_path / name}:{place}:{column}: {message}"


@pytest.mark.parametrize(
    ("absent", "wanted"),
    [("users.dat", "users.dat"), ("movies.dat", "movies.dat"), ("ratings.dat", "ratings.dat or ratings*.tsv")],
)
def test_missing_and_ambiguous_files(tmp_path: Path, absent: str, wanted: str) -> None:
    write(tmp_path)
    twin = tmp_path / f"{absent}.gz"
    twin.write_bytes(b"")
    with pytest.raises(DataError) as caught:
        read_movielens(tmp_path)
    assert str(caught.value) == f"{tmp_path}: expected one file {wanted}, got {absent}, {absent}.gz"
    twin.unlink()
    (tmp_path / absent).rename(tmp_path / f"my_{absent}")
    with pytest.raises(DataError) as caught:
        read_movielens(tmp_path)
    assert str(caught.value) == f"{tmp_path}: expected one file {wanted}, got none"


def test_missing_folder_and_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent: cannot be read: No such file or directory$"):
        read_movielens(tmp_path / "absent")
    write(tmp_path)
    with pytest.raises(DataError, match=r"users\.dat: cannot be read: Not a directory$"):
        read_movielens(str(tmp_path / "users.dat"))
    (tmp_path / "ratings.dat").write_bytes(gzip.compress(as_dat(RATINGS).encode())[:-9])
    with pytest.raises(DataError, match=r"ratings\.dat: cannot be read: ."):
        read_movielens(tmp_path)


@pytest.mark.parametrize("ratings", ["", "\n\n", "2::4::3::1\n"])
def test_no_rows(tmp_path: Path, ratings: str) -> None:
    write(tmp_path, ratings_dat=ratings)
    with pytest.raises(DataError) as caught:
        read_movielens(tmp_path)
    assert str(caught.value) == f"{tmp_path / 'ratings.dat'}: no rows with a rating other than 3"


def test_nobody_is_described(tmp_path: Path) -> None:
    write(tmp_path, users_dat="")
    with pytest.raises(DataError, match=r"ratings\.dat:1:1: user 10 is not in users\.dat$"):
        read_movielens(tmp_path)


@given(
    st.lists(
        st.text("012356:\t x٤", max_size=7) | st.sampled_from(["1::2::3::4", "1\t2\t5", "12::1::5::0"]), min_size=1, max_size=3
    )
)
@pytest.mark.parametrize(("delimiter", "n_columns"), [("\t", 3), ("::", 4)])
def test_parsers_agree(delimiter: str, n_columns: int, lines: list[str]) -> None:
    """The fast parser declines exactly what the careful one refuses or, a blank line, passes over."""

    class Everyone(dict[int, Any]):
        def __contains__(self, key: object) -> bool:
            return True

    names = ("user", "movie", "rating", "timestamp")[:n_columns]
    fast = parse_ratings(lines, delimiter, names)
    try:
        rows = [parse_rating(line, delimiter, names, {"user": Everyone(), "movie": Everyone()}) for line in lines]
    except LineError:
        assert fast is None
    else:
        assert (fast is None) == (None in rows)
        assert fast is None or fast.tolist() == list(map(list, rows))


def numbered(n: int) -> Dataset:
    """Row i holds i + 1 in its column i mod 3, and y is i mod 2."""
    rows = np.arange(n)
    X = csr_array((np.float32(1) + rows.astype(np.float32), rows % 3, np.arange(n + 1)), shape=(n, 3))
    return Dataset(X, (rows % 2).astype(np.float32), n_skipped=4, n_unseen=5)


def rows_of(part: Dataset) -> list[int]:
    """Which rows of ``numbered`` a part has; X and y must belong together, and X be canonical."""
    rows = part.X.data.astype(int) - 1
    np.testing.assert_array_equal(part.X.indices, rows % 3)
    np.testing.assert_array_equal(part.X.indptr, np.arange(rows.size + 1))
    np.testing.assert_array_equal(part.y, rows % 2)
    assert part.X.shape == (rows.size, 3)
    assert part.X.dtype == part.y.dtype == np.float32
    assert part.X.has_canonical_format
    assert (part.n_skipped, part.n_unseen) == (0, 0)
    return list(rows)


@given(st.integers(1, 60), st.integers(0, 2**64 - 1), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_split_is_a_partition(n: int, seed: int, parts: list[int]) -> None:
    found = [rows_of(part) for part in split(numbered(n), seed, parts)]
    assert sorted(chain(*found)) == list(range(n))
    ends = [n * sum(parts[: i + 1]) // sum(parts) for i in range(len(parts))]
    assert np.cumsum([len(rows) for rows in found]).tolist() == ends


def test_split_is_random_and_a_function_of_the_seed() -> None:
    def train(seed: int) -> list[int]:
        return rows_of(split(numbered(1000), seed)[0])

    assert train(0) == rows_of(split(numbered(1000))[0])
    assert train(0) == train(0) != train(1)
    assert len(train(0)) == 800
    # Random rows, in random order: neither the first 800 nor sorted.
    assert 100 < sum(row >= 800 for row in train(0)) < 200
    assert train(0) != sorted(train(0))


def test_split_known_answer() -> None:
    assert [rows_of(part) for part in split(numbered(10), seed=1)] == [[6, 8, 5, 1, 0, 7, 9, 2], [4], [3]]


@pytest.mark.parametrize("parts", [(), (8, 0, 2), (8, -1), (0.8, 0.2), (True, 1), ("8", "2")])
def test_split_refuses_bad_parts(parts: Any) -> None:
    with pytest.raises(ValueError, match=r"^parts must be positive integers, at least one, got "):
        split(numbered(10), parts=parts)


def test_split_refuses_a_bad_seed() -> None:
    with pytest.raises(ValueError, match=r"^seed must be an integer"):
        split(numbered(10), seed=-1)


@once
def test_movielens_1m(real_data: Path) -> None:
    folder = real_data / "movielens_1m"
    if not folder.exists():
        pytest.skip("ALPT_DATA has no movielens_1m")
    dataset, fields = read_movielens(folder)
    assert dataset.X.shape == (739_012, 13_276)
    assert dataset.X.has_canonical_format
    assert (dataset.X.data == 1).all()
    assert dataset.y.sum() == 575_281
    assert round(575_281 / 739_012, 5) == 0.77845
    sizes = {field.name: field.size for field in fields}
    assert sizes == {
        "user": 6040,
        "movie": 3668,
        "gender": 2,
        "age": 7,
        "occupation": 21,
        "zip": 3439,
        "year": 81,
        "genres": 18,
    }
    # Seven single values and one to six genres.
    assert np.bincount(np.diff(dataset.X.indptr)).tolist() == [0] * 8 + [230_571, 284_373, 155_070, 58_869, 9_951, 178]
    firsts = [field.first for field in fields]
    per_field = np.add.reduceat(np.bincount(dataset.X.indices, minlength=13_276), firsts)
    assert per_field.tolist() == [739_012] * 7 + [dataset.X.nnz - 7 * 739_012]
    assert np.bincount(dataset.X.indices, minlength=13_276).min() == 1
    # The first line kept: user 1 (F, 1, 10, 48067) gave movie 1193, One Flew Over the Cuckoo's Nest (1975), a 5.
    first = dataset.X.indices[: dataset.X.indptr[1]]
    values = [value for field in fields for value in field.values]
    assert [values[j] for j in first] == [1, 1193, "F", 1, 10, "48067", 1975, "Drama"]
    assert [part.y.size for part in split(dataset)] == [591_209, 73_901, 73_902]
