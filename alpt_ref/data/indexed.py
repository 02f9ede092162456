"""libsvm, libfm and libffm: lines of ``label index:value ...``.

libffm writes ``field:index:value``. Its field is checked and then ignored: a model here sees features, and a
feature belongs to one field. Blank lines and ``# comment`` tails are allowed in all three.

Two parsers read the same language. The careful one is the definition: it takes a line and says what is wrong
with it. The fast one takes a chunk at once and declines (None) whenever a line is not plainly good, so that
it never has to explain anything.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from alpt_ref.data.dataset import Dataset, FloatCsr, make_csr
from alpt_ref.data.errors import DataError, LineError, quote
from alpt_ref.data.lines import PathLike, parse_each, read_chunks
from alpt_ref.data.source import MAX_FEATURES, Source
from alpt_ref.data.tokens import FLOAT32_MAX, NUMBER, label, number, number_or_none

_WORD = re.compile(r"[^ \t]+")
_SPELT_NUMBER = re.compile(NUMBER)
_DIGITS = re.compile(r"[0-9]+")

Row = tuple[float, list[tuple[int, float]]]


@dataclass(frozen=True)
class Rows:
    """Parsed lines: y float64 (n,); the number of entries of each, int64 (n,); and all entries in file order:
    zero-based column indices int64 (nnz,), values float64 (nnz,)."""

    y: NDArray[np.float64]
    counts: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: NDArray[np.float64]


def read_indexed(path: PathLike, source: Source, n_features: int | None, *, labels: bool) -> Dataset:
    """Read a whole file; ``n_features`` None learns it: largest index + 1.

    Raises DataError if the file cannot be read, has a malformed line, or has no rows.
    """
    blocks: list[FloatCsr] = []
    ys: list[NDArray[np.float32]] = []
    n_skipped = n_unseen = 0
    for chunk in read_chunks(path):
        rows = parse_fast(chunk.lines, source, labels=labels)
        if rows is None:
            parsed, bad = parse_each(
                path,
                chunk,
                lambda line: parse_line(line, source, labels=labels),
                skip=source.on_bad_line == "skip",
            )
            rows = _gather(parsed)
            n_skipped += bad
        block = _canonical(rows, MAX_FEATURES if n_features is None else n_features)
        n_unseen += int((rows.indices >= block.shape[1]).sum())
        blocks.append(block)
        ys.append(rows.y.astype(np.float32))
    if not sum(y.size for y in ys):
        raise DataError(f"{os.fspath(path)}: no rows")
    if n_features is None:
        n_features = 1 + max(int(block.indices.max(initial=-1)) for block in blocks)
    return Dataset(_stack(blocks, n_features), np.concatenate(ys), n_skipped, n_unseen)


def parse_line(line: str, source: Source, *, labels: bool) -> Row | None:
    """The careful parser: y and the (zero-based index, value) pairs of a line, or None for a blank one.

    With ``labels=False`` the label may be absent, or anything, and y is NaN. Raises LineError.
    """
    words = [(match.group(), match.start() + 1) for match in _WORD.finditer(line.partition("#")[0])]
    if not words:
        return None
    y = math.nan
    text, column = words[0]
    if labels and ":" in text:
        raise LineError(f"expected a label, got {quote(text)}", column)
    if labels:
        try:
            y = label(text, source.positive_label)
        except LineError as bad:
            raise bad.at(column) from None
    entries = []
    sums: dict[int, float] = {}
    for word, column in words if ":" in text else words[1:]:
        index, value = _entry(word, column, source)
        sums[index] = sums.get(index, 0.0) + value
        if abs(sums[index]) > FLOAT32_MAX:
            raise LineError(f"expected repeats to add up to a float32, got {quote(word)}", column)
        entries.append((index, value))
    return y, entries


def _entry(word: str, column: int, source: Source) -> tuple[int, float]:
    """(zero-based index, value) of ``index:value`` or ``field:index:value``."""
    shape = "field:index:value" if source.format == "libffm" else "index:value"
    *keys, value = word.split(":")
    spelt = len(keys) == shape.count(":") and all(map(_SPELT_NUMBER.fullmatch, keys))
    if not (spelt and value):
        raise LineError(f"expected {shape}, got {quote(word)}", column)
    for name, key in zip(shape.split(":"), keys, strict=False):
        first = source.first_index if name == "index" else 0
        last = first + MAX_FEATURES - 1
        # float() rather than int(), which refuses more than 4,300 digits; it is exact far beyond ``last``.
        if not (_DIGITS.fullmatch(key) and first <= float(key) <= last):
            raise LineError(f"expected {name} to be an integer from {first} to {last}, got {quote(key)}", column)
    try:
        return int(float(keys[-1])) - source.first_index, number(value)
    except LineError as bad:
        raise bad.at(column + len(word) - len(value)) from None


def parse_fast(lines: Sequence[str], source: Source, *, labels: bool) -> Rows | None:
    """All lines at once, or None if one of them needs the careful parser."""
    n_keys = 2 if source.format == "libffm" else 1
    well_formed = re.compile(rf"[ \t]*{NUMBER}(?:[ \t]+(?:[0-9]+:){{{n_keys}}}{NUMBER})*[ \t]*").fullmatch
    bodies = [line.partition("#")[0] if "#" in line else line for line in lines]
    bodies = [body for body in bodies if body.strip(" \t")]
    if not all(map(well_formed, bodies)):
        return None
    counts = np.array([body.count(":") for body in bodies], np.int64) // n_keys
    numbers = np.fromstring(" ".join(bodies).replace(":", " "), sep=" ")
    widths = 1 + (n_keys + 1) * counts
    is_label = np.cumsum(widths) - widths
    entries = np.delete(numbers, is_label).reshape(-1, n_keys + 1)
    keys, values = entries[:, :-1], entries[:, -1]
    indices = keys[:, -1] - source.first_index
    in_range = (
        (indices >= 0).all()
        and (keys < MAX_FEATURES).all()
        # No sum of a row's values can then overflow, whatever the repeats.
        and (np.abs(values) <= FLOAT32_MAX / counts.max(initial=1)).all()
    )
    y = _fast_labels(numbers[is_label], source.positive_label) if labels else np.full(len(bodies), np.nan)
    if y is None or not in_range:
        return None
    return Rows(y, counts, indices.astype(np.int64), values)


def _fast_labels(spelt: NDArray[np.float64], positive: str | None) -> NDArray[np.float64] | None:
    """``label`` of labels spelt as numbers, or None if one of them needs a closer look."""
    if positive is None:
        return np.where(spelt == 1.0, 1.0, 0.0) if np.isin(spelt, (-1.0, 0.0, 1.0)).all() else None
    if (np.abs(spelt) > FLOAT32_MAX).any():
        return None
    target = number_or_none(positive)
    return np.zeros(spelt.size) if target is None else np.where(spelt == target, 1.0, 0.0)


def _gather(rows: Sequence[Row]) -> Rows:
    entries = [entry for _, row in rows for entry in row]
    return Rows(
        np.array([y for y, _ in rows], np.float64),
        np.array([len(row) for _, row in rows], np.int64),
        np.array([index for index, _ in entries], np.int64),
        np.array([value for _, value in entries], np.float64),
    )


def _canonical(rows: Rows, n_features: int) -> FloatCsr:
    """Sorted rows without repeats, of the indices below ``n_features``; summed in float64, rounded once."""
    seen = rows.indices < n_features
    row = np.repeat(np.arange(rows.y.size), rows.counts)[seen]
    entries = (rows.values[seen], (row, rows.indices[seen]))
    return coo_array(entries, shape=(rows.y.size, n_features)).tocsr().astype(np.float32)


def _stack(blocks: Sequence[FloatCsr], n_features: int) -> FloatCsr:
    """The rows of all blocks, ``n_features`` wide."""
    lengths = np.concatenate([np.diff(block.indptr) for block in blocks])
    data = np.concatenate([block.data for block in blocks])
    indices = np.concatenate([block.indices for block in blocks])
    return make_csr(data, indices, lengths, n_features)
