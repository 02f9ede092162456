"""MovieLens-1M as clicks: the features are a user, a movie and all that is known of both; a good rating is a click.

A rating above 3 is a click, one below 3 is none, and a rating of 3 is left out, as AutoInt and RecBole do. The files are
users.dat (user::gender::age::occupation::zip), movies.dat (movie::title (year)::genre|genre...) and either the original
ratings.dat (user::movie::rating::timestamp) or ratings*.tsv (user, movie, rating, separated by tabs). Blank lines are allowed
in all of them. Only the year of a title is read, so the encoding of titles (latin-1 in the original) does not matter.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.dataset import Dataset, FloatCsr, make_csr
from alpt_ref.data.errors import DataError, LineError, quote
from alpt_ref.data.lines import parse_chunks, parse_each, read_chunks, unreadable
from alpt_ref.tools.input import PathLike

FIELDS = ("user", "movie", "gender", "age", "occupation", "zip", "year", "genres")
USER_FIELDS = ("user", "gender", "age", "occupation", "zip")
MOVIE_FIELDS = ("movie", "year", "genres")
_RATING_COLUMNS = ("user", "movie", "rating", "timestamp")

_INTEGER = r"[0-9]{1,18}"
_SPELT_INTEGER = re.compile(_INTEGER)
_YEAR = re.compile(r"\(([0-9]{4})\)\Z")

# The values that a user or a movie has of each of its fields: one of each, except for genres.
Entity = tuple[tuple[Any, ...], ...]
# A cell's text and the 1-based column at which it begins.
Cell = tuple[str, int]


@dataclass(frozen=True)
class FieldRange:
    """One field and its features first, first + 1, ..., first + size - 1, one for each of ``values``.

    values : the values of the field that occur in the rows, sorted: integers (user, movie, age, occupation, year) as numbers,
        texts (gender, zip, genres) by their characters.
    """

    name: str
    first: int
    values: tuple[int, ...] | tuple[str, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """The number of values, and of features, of the field."""
        return len(self.values)


def read_movielens(folder: PathLike) -> tuple[Dataset, tuple[FieldRange, ...]]:
    """The ratings of ``folder`` other than 3, in file order, and the range of features of each field.

    y is 1 for a rating above 3. A row of X has a one for the user, the movie, the user's gender, age, occupation and zip, the
    movie's year and each of its genres: 7 + n_genres entries. The fields (``FIELDS``) own consecutive features in this order.
    Values that occur in no row, as those of movies never rated, have no feature. Each file may be compressed by gzip or bzip2,
    and may then be named so (users.dat.gz).

    Raises DataError, in one sentence that begins with the folder's or the file's name, if one of them is missing or unreadable,
    if two files could be the one, or if there are no rows; and, with line and column, at the first line that is malformed,
    describes a user or movie again, or rates one that is described nowhere.
    """
    users = _read_entities(_find(folder, "users.dat", r"users\.dat"), "user", parse_user)
    movies = _read_entities(_find(folder, "movies.dat", r"movies\.dat"), "movie", parse_movie)
    path = _find(folder, "ratings.dat or ratings*.tsv", r"ratings(?:\.dat|.*\.tsv)")
    ratings = _read_ratings(path, {"user": users, "movie": movies})
    ratings = ratings[ratings[:, 2] != 3]
    if not ratings.size:
        raise DataError(f"{path}: no rows with a rating other than 3")
    X, fields = _encode(ratings, users, movies)
    return Dataset(X, (ratings[:, 2] > 3).astype(np.float32), n_skipped=0, n_unseen=0), fields


def _encode(
    ratings: NDArray[np.int64], users: dict[int, Entity], movies: dict[int, Entity]
) -> tuple[FloatCsr, tuple[FieldRange, ...]]:
    columns: dict[str, tuple[list[tuple[Any, ...]], NDArray[np.int64]]] = {}
    for names, entities, ids in ((USER_FIELDS, users, ratings[:, 0]), (MOVIE_FIELDS, movies, ratings[:, 1])):
        rated, row = np.unique(ids, return_inverse=True)
        for f, name in enumerate(names):
            columns[name] = [entities[key][f] for key in rated.tolist()], row
    fields: list[FieldRange] = []
    blocks: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]] = []
    n_features = 0
    for name in FIELDS:
        cells, row = columns[name]
        fields.append(FieldRange(name, n_features, tuple(sorted({value for cell in cells for value in cell}))))
        features, starts = _features(cells, fields[-1])
        blocks.append((features, starts[row], np.diff(starts)[row]))
        n_features += fields[-1].size
    lengths = np.sum([counts for _, _, counts in blocks], axis=0)
    indices = np.empty(int(lengths.sum()), np.int32)
    at = np.cumsum(lengths) - lengths  # of the next block's entries in each row
    for features, starts, counts in blocks:
        indices[_ranges(at, counts)] = features[_ranges(starts, counts)]
        at += counts
    return make_csr(np.ones(indices.size, np.float32), indices, lengths, n_features), tuple(fields)


def _features(cells: Sequence[tuple[Any, ...]], field: FieldRange) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The features of all cells, ascending in each, int32 (nnz,), and where each cell begins, int64 (n_cells + 1,)."""
    feature_of = {value: field.first + rank for rank, value in enumerate(field.values)}
    flat = [feature for cell in cells for feature in sorted(feature_of[value] for value in cell)]
    return np.array(flat, np.int32), np.concatenate(([0], np.cumsum([len(cell) for cell in cells])))


def _ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The integers starts[i] .. starts[i] + counts[i] - 1 of each i, one after the other."""
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))


def _find(folder: PathLike, wanted: str, pattern: str) -> Path:
    """The path of the one file of the folder whose name fits ``pattern``. DataError where there is not exactly one."""
    try:
        names = sorted(name for name in os.listdir(folder) if re.fullmatch(rf"{pattern}(?:\.gz|\.bz2)?", name))
    except OSError as error:
        raise unreadable(folder, error) from error
    if len(names) != 1:
        raise DataError(f"{os.fspath(folder)}: expected one file {wanted}, got {', '.join(names) or 'none'}")
    return Path(folder, names[0])


def _read_entities(path: Path, name: str, parse: Callable[[str], Entity]) -> dict[int, Entity]:
    """The users or the movies by their id, which is the one value of their first field."""
    found: dict[int, Entity] = {}

    def add(line: str) -> None:
        if line:
            entity = parse(line)
            ((key,), *_) = entity
            if key in found:
                raise LineError(f"{name} {key} has been described before")
            found[key] = entity

    for chunk in read_chunks(path):
        parse_each(path, chunk, add, skip=False)
    return found


def parse_user(line: str) -> Entity:
    """The values of USER_FIELDS that a line of users.dat holds. Raises LineError."""
    cells = zip(USER_FIELDS, _cells(line, "::", USER_FIELDS), strict=True)
    return tuple((_text(name, cell) if name in ("gender", "zip") else _integer(name, cell),) for name, cell in cells)


def parse_movie(line: str) -> Entity:
    """The values of MOVIE_FIELDS that a line of movies.dat holds. Raises LineError."""
    movie, (title, column), genres = _cells(line, "::", ("movie", "title (year)", "genres"))
    year = _YEAR.search(title)
    if not year:
        raise LineError(f"expected a title that ends with its year in parentheses, got {quote(title)}", column)
    names = tuple(_text("genres", genres).split("|"))
    if not all(names) or len(set(names)) < len(names):
        raise LineError(f"expected genres separated by |, none empty or repeated, got {quote(genres[0])}", genres[1])
    return (_integer("movie", movie),), (int(year[1]),), names


def _read_ratings(path: Path, known: dict[str, dict[int, Entity]]) -> NDArray[np.int64]:
    """The user, movie and rating of each line, int64 (n, 3); ``known`` holds the users and the movies."""
    delimiter, names = ("\t", _RATING_COLUMNS[:3]) if ".tsv" in path.name else ("::", _RATING_COLUMNS)
    ids = [np.array(list(entities), np.int64) for entities in known.values()]

    def fast(lines: list[str]) -> NDArray[np.int64] | None:
        block = parse_ratings(lines, delimiter, names)
        return block if block is not None and all(np.isin(block[:, f], ids[f]).all() for f in (0, 1)) else None

    def gather(rows: list[tuple[int, int, int]]) -> NDArray[np.int64]:
        return np.array(rows, np.int64).reshape(-1, 3)

    careful = partial(parse_rating, delimiter=delimiter, names=names, known=known)
    parts = parse_chunks(path, read_chunks(path), fast, careful, gather, skip=False)
    return np.concatenate([gather([]), *(block for block, _ in parts)])


def parse_ratings(lines: Sequence[str], delimiter: str, names: Sequence[str]) -> NDArray[np.int64] | None:
    """The fast parser: user, movie and rating of all lines at once, int64 (n, 3), or None if one is malformed or blank. The ids
    may be unknown."""
    well_formed = re.compile(delimiter.join("[1-5]" if name == "rating" else _INTEGER for name in names)).fullmatch
    if not all(map(well_formed, lines)):
        return None
    numbers = np.fromstring(" ".join(lines).replace(delimiter, " "), np.int64, sep=" ")
    return numbers.reshape(-1, len(names))[:, :3]


def parse_rating(
    line: str, delimiter: str, names: Sequence[str], known: dict[str, dict[int, Entity]]
) -> tuple[int, int, int] | None:
    """The careful parser: user, movie and rating of one line, or None for a blank one. Raises LineError."""
    if not line:
        return None
    cells = dict(zip(names, _cells(line, delimiter, names), strict=True))
    for name, entities in known.items():
        if _integer(name, cells[name]) not in entities:
            raise LineError(f"{name} {cells[name][0]} is not in {name}s.dat", cells[name][1])
    rating, column = cells["rating"]
    if rating not in ("1", "2", "3", "4", "5"):
        raise LineError(f"expected a rating from 1 to 5, got {quote(rating)}", column)
    if "timestamp" in cells:
        _integer("timestamp", cells["timestamp"])
    return int(cells["user"][0]), int(cells["movie"][0]), int(rating)


def _cells(line: str, delimiter: str, names: Sequence[str]) -> list[Cell]:
    texts = line.split(delimiter)
    if len(texts) != len(names):
        raise LineError(f"expected {quote(delimiter.join(names))}, got {quote(line)}")
    starts = accumulate((len(text) + len(delimiter) for text in texts[:-1]), initial=1)
    return list(zip(texts, starts, strict=True))


def _integer(name: str, cell: Cell) -> int:
    text, column = cell
    if not _SPELT_INTEGER.fullmatch(text):
        raise LineError(f"expected {name} to be an integer from 0 to 10^18 - 1, got {quote(text)}", column)
    return int(text)


def _text(name: str, cell: Cell) -> str:
    text, column = cell
    if not text:
        raise LineError(f"expected {name}, got ''", column)
    return text
