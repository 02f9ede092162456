"""Readers against parsers that are written the shortest way, from the documentation of the formats alone."""

import re
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from alpt_ref.data import DataError, Source, fit_read
from tests.fuzz.bytes import mutants

COUNT = 100  # mutants of each file
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LARGEST = (2 - 2.0**-23) * 2.0**127
_PLACE = Path(tempfile.gettempdir())
Rows = list[tuple[float, dict[int, float]]]

UNIT = "files"
# What begins files of other kinds, and none of text.
MAGICS = (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"BZh91AY&SY")

numbers = st.sampled_from(["1", "0", "-1", "0.5", "-2.25", "1e3", "3e38", "-3e38", ".5", "5."])
indexed_lines = st.lists(
    st.tuples(
        st.sampled_from(["1", "0", "-1", "+1", "1.0", "0e5"]),
        st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), numbers), max_size=4),
        st.sampled_from(["\n", "\n", "\r\n", " # note\n", "\n\n"]),
    ),
    min_size=1,
    max_size=5,
)
cells = st.sampled_from(["a", "b", "", "7", '"x,y"', '""', '"say ""a"""', "a b", "é"])
table_lines = st.lists(
    st.tuples(st.sampled_from(["0", "1", "1"]), st.lists(cells, min_size=2, max_size=2)), min_size=1, max_size=5
)
inputs = st.one_of(
    st.tuples(st.sampled_from(["libsvm", "libfm", "libffm"]), indexed_lines, st.integers(0, 2**32)),
    st.tuples(st.just("csv"), table_lines, st.integers(0, 2**32)),
)


class RefusedError(Exception):
    """The naive parser does not take the file."""


def number(text: str) -> float:
    """The number that ``text`` spells; float() takes more, and its overflow is no error."""
    if not NUMBER.fullmatch(text) or abs(float(text)) > LARGEST:
        raise RefusedError
    return float(text)


def texts(content: bytes) -> list[str]:
    """The lines of a plain file."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]


def label(text: str) -> float:
    """1.0, 0.0 or -1.0."""
    if number(text) not in (-1, 0, 1):
        raise RefusedError
    return number(text)


def clicks(rows: Rows) -> Rows:
    """The rows with labels 0.0 and 1.0."""
    if {0.0, -1.0} <= {y for y, _ in rows}:
        raise RefusedError
    return [(float(y == 1), rest) for y, rest in rows]


def naive_indexed(content: bytes, form: str) -> Rows:
    """Label and entries, by index from 0, of each row."""
    base, rows, owners = int(form == "libsvm"), [], {}
    for line in texts(content):
        words = re.findall(r"[^ \t]+", line.split("#")[0])
        if not words:
            continue
        y, entries = label(words[0]), {}
        for word in words[1:]:
            *keys, value = word.split(":")
            if len(keys) != 1 + (form == "libffm") or not all(re.fullmatch(r"[0-9]+", key) for key in keys):
                raise RefusedError
            if Fraction(keys[-1]) < base or any(Fraction(key) - base * (key is keys[-1]) >= 2**31 - 1 for key in keys):
                raise RefusedError
            index = int(Fraction(keys[-1])) - base
            if form == "libffm" and owners.setdefault(index, int(Fraction(keys[0]))) != int(Fraction(keys[0])):
                raise RefusedError
            entries[index] = entries.get(index, 0.0) + number(value)
            if abs(entries[index]) > LARGEST:
                raise RefusedError
        rows.append((y, entries))
    if not rows:
        raise RefusedError
    return clicks(rows)


def naive_cells(line: str, mark: str) -> list[str]:
    """The cells of a line of a table: quotes count where they open and close a cell."""
    out, at = [], 0
    while True:
        found = re.compile(rf'"((?:[^"]|"")*)"(?={mark}|\Z)').match(line, at)
        end = found.end() if found else (line.find(mark, at) if mark in line[at:] else len(line))
        out.append(found[1].replace('""', '"') if found else line[at:end])
        if end >= len(line):
            return out
        at = end + 1


def naive_table(content: bytes) -> list[tuple[float, tuple[tuple[str, str], ...]]]:
    """Label, and the named cells, of each row of a table of categories."""
    lines = texts(content)
    if not lines:
        raise RefusedError
    mark = "\t" if "\t" in lines[0] else ","
    names = naive_cells(lines[0], mark)
    labels = [i for i, name in enumerate(names) if name.lower() in ("label", "click", "y", "target")]
    kept = [i for i, name in enumerate(names) if name.lower() != "id" and i not in labels[:1]]
    nameless = any(not name.strip() or re.fullmatch(r"Unnamed: [0-9]+", name) for name in names)
    if (
        len(labels) != 1
        or not kept
        or nameless
        or len(set(names)) < len(names)
        or (len(names) == 1 and re.search("[;|]", lines[0]))
    ):
        raise RefusedError
    if any(re.fullmatch(r"I[0-9]+", names[i]) for i in kept):
        raise RefusedError  # numbers have oracles of their own
    rows = []
    for line in lines[1:]:
        if line:
            found = naive_cells(line, mark)
            if len(found) != len(names):
                raise RefusedError
            rows.append((label(found[labels[0]]), tuple((names[i], found[i]) for i in kept)))
    if not rows:
        raise RefusedError
    return clicks(rows)


def spelt(form: str, lines: list) -> bytes:
    """A file of the drawn rows."""
    if form == "csv":
        return "\n".join(["label,a,b", *(",".join([y, *found]) for y, found in lines)]).encode()
    field = "{}:" if form == "libffm" else ""
    out = ["".join([y, *(" " + field.format(f) + f"{i}:{v}" for f, i, v in entries), end]) for y, entries, end in lines]
    return "".join(out).encode()


def judge(form: str, content: bytes, path: Path) -> None:
    """AssertionError where the reader and the naive parser differ on ``content``."""
    path.write_bytes(content)
    if content.startswith(MAGICS):
        wanted = None
    else:
        try:
            wanted = naive_table(content) if form == "csv" else naive_indexed(content, form)
        except RefusedError:
            wanted = None
    try:
        dataset, feature_map = fit_read(path, Source(form))
    except DataError as error:
        assert str(error).startswith(str(path)), (form, content, error)
        assert "\n" not in str(error), (form, content, error)
        assert wanted is None or (form == "csv" and b"I" in content.split(b"\n")[0]), (form, content, str(error))
        return
    if form == "csv" and any(field.kind != "categorical" for field in feature_map.fields):
        return
    assert wanted is not None, (form, content)
    assert dataset.y.tolist() == [y for y, _ in wanted], (form, content)
    if form == "csv":
        found = [
            tuple(
                (f.name, ("", *f.values)[i - at]) for f, at, i in zip(feature_map.fields, feature_map.offsets, row, strict=True)
            )
            for row in dataset.X.indices.reshape(len(wanted), -1).tolist()
        ]
        assert found == [row for _, row in wanted], (form, content)
        return
    for i, (_, entries) in enumerate(wanted):
        row = dataset.X[[i]]
        values = {index: float(np.float32(value)) for index, value in entries.items()}
        assert dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)) == values, (form, content)


def one(drawn: tuple[str, list, int]) -> int:
    """Judge a file and its mutants; returns how many they are."""
    form, lines, seed = drawn
    whole = spelt(form, lines)
    with tempfile.NamedTemporaryFile(dir=_PLACE) as file:
        for content in (whole, *mutants(whole, seed, COUNT)):
            judge(form, content, Path(file.name))
    return COUNT + 1
