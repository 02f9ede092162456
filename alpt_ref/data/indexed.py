"""The reader of libsvm, libfm and libffm: lines of ``label index:value ...``.

libffm writes ``field:index:value``. A model here sees features, and a feature belongs to one field: an index under two fields
is refused unless ``source.indices`` says that it is one feature all the same, as hashed ones are.

``# comment`` tails are allowed in all three. A blank line is passed over where labels are read; without labels every line is an
example, a blank one has no features. Lines have a fast and a careful parser, see :func:`alpt_ref.data.lines.parse_chunks`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from alpt_ref.data.dataset import Dataset, FloatCsr, make_csr
from alpt_ref.data.errors import LineError, quote
from alpt_ref.data.lines import no_rows, parse_chunks, read_chunks
from alpt_ref.data.owners import Owners
from alpt_ref.data.source import MAX_FEATURES, Source
from alpt_ref.data.tokens import FLOAT32_MAX, NUMBER, as_clicks, label, number, number_or_none
from alpt_ref.tools.input import PathLike, named

_WORD = re.compile(r"[^ \t]+")
_SPELT_NUMBER = re.compile(NUMBER)
_DIGITS = re.compile(r"[0-9]+")

Entry = tuple[int, int, float]  # field (0 where the format has none), index counted from 0, value
ParsedLine = tuple[float, list[Entry]]


@dataclass(frozen=True)
class ParsedLines:
    """Parsed lines, n of them, with nnz entries in file order.

    y : float64 (n,). counts : int64 (n,), the number of entries of each line. indices : int64 (nnz,), columns counted from 0.
    values : float64 (nnz,). fields : int64 (nnz,), 0 where the format has none.
    """

    y: NDArray[np.float64]
    counts: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: NDArray[np.float64]
    fields: NDArray[np.int64]


def read_indexed(path: PathLike, source: Source, n_features: int | None, *, labels: bool) -> Dataset:
    """The data set of a whole file, ``n_features`` columns wide; None learns the width: the largest index + 1. Raises DataError
    if the file cannot be read, has a malformed line, or has no rows."""
    blocks: list[FloatCsr] = []
    ys: list[NDArray[np.float32]] = []
    n_skipped = n_unseen = 0
    owners = Owners(path, source.first_index) if source.format == "libffm" and source.indices is None else None
    for parsed, bad in parse_chunks(
        path,
        read_chunks(path),
        lambda lines: parse_fast(lines, source, labels=labels),
        lambda line: parse_line(line, source, labels=labels),
        _gather,
        skip=source.on_bad_line == "skip",
    ):
        if owners is not None:
            owners.add(parsed.indices, parsed.fields)
        block = _canonical(parsed, MAX_FEATURES if n_features is None else n_features)
        n_skipped += bad
        n_unseen += int((parsed.indices >= block.shape[1]).sum())
        blocks.append(block)
        ys.append(parsed.y.astype(np.float32))
    if owners is not None:
        owners.settle()
    if not sum(y.size for y in ys):
        raise no_rows(path)
    if n_features is None:
        n_features = 1 + max(int(block.indices.max(initial=-1)) for block in blocks)
    y = as_clicks(np.concatenate(ys), named(path))
    return Dataset(_stack(blocks, n_features), y, n_skipped, n_unseen)


def parse_line(line: str, source: Source, *, labels: bool) -> ParsedLine | None:
    """The careful parser: y of a line and its entries, or None for a line to pass over. With
    ``labels=False`` the label may be absent, or anything, and y is NaN. Raises LineError."""
    body, mark, _ = line.partition("#")
    words = [(match.group(), match.start() + 1) for match in _WORD.finditer(body)]
    y = math.nan
    if not words and (labels or mark):
        if not labels:
            raise LineError("a comment alone may stand for an example without features, or for none: remove it, or the #")
        return None
    if not words:
        return y, []
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
        field, index, value = _entry(word, column, source)
        sums[index] = sums.get(index, 0.0) + value
        if abs(sums[index]) > FLOAT32_MAX:
            raise LineError(f"expected repeats to add up to a float32, got {quote(word)}", column)
        entries.append((field, index, value))
    return y, entries


def _entry(word: str, column: int, source: Source) -> Entry:
    """The entry that ``index:value`` or ``field:index:value`` spells. Raises LineError."""
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
        field = int(float(keys[0])) if len(keys) > 1 else 0
        return field, int(float(keys[-1])) - source.first_index, number(value)
    except LineError as bad:
        raise bad.at(column + len(word) - len(value)) from None


def parse_fast(lines: Sequence[str], source: Source, *, labels: bool) -> ParsedLines | None:
    """The fast parser: all lines at once, or None if one of them needs the careful parser."""
    n_keys = 2 if source.format == "libffm" else 1
    well_formed = re.compile(rf"[ \t]*{NUMBER}(?:[ \t]+(?:[0-9]+:){{{n_keys}}}{NUMBER})*[ \t]*").fullmatch
    bodies = [line.partition("#")[0] if "#" in line else line for line in lines]
    if labels:
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
    fields = keys[:, 0] if n_keys > 1 else np.zeros(indices.size)
    return ParsedLines(y, counts, indices.astype(np.int64), values, fields.astype(np.int64))


def _fast_labels(spelt: NDArray[np.float64], positive: str | None) -> NDArray[np.float64] | None:
    """The labels of a chunk that are spelt as numbers, as ``label`` reads them; None if one needs a closer look."""
    if positive is None:
        return spelt if np.isin(spelt, (-1.0, 0.0, 1.0)).all() else None
    if (np.abs(spelt) > FLOAT32_MAX).any():
        return None
    target = number_or_none(positive)
    return np.zeros(spelt.size) if target is None else np.where(spelt == target, 1.0, 0.0)


def _gather(rows: Sequence[ParsedLine]) -> ParsedLines:
    entries = [entry for _, row in rows for entry in row]
    return ParsedLines(
        np.array([y for y, _ in rows], np.float64),
        np.array([len(row) for _, row in rows], np.int64),
        np.array([index for _, index, _ in entries], np.int64),
        np.array([value for _, _, value in entries], np.float64),
        np.array([field for field, _, _ in entries], np.int64),
    )


def _canonical(parsed: ParsedLines, n_features: int) -> FloatCsr:
    """Sorted rows without repeats, of the indices below ``n_features``. Repeats are summed in float64 and the sum is rounded
    once."""
    seen = parsed.indices < n_features
    row = np.repeat(np.arange(parsed.y.size), parsed.counts)[seen]
    entries = (parsed.values[seen], (row, parsed.indices[seen]))
    with np.errstate(all="ignore"):  # what underflows is 0
        return coo_array(entries, shape=(parsed.y.size, n_features)).tocsr().astype(np.float32)


def _stack(blocks: Sequence[FloatCsr], n_features: int) -> FloatCsr:
    """The rows of all blocks below each other, ``n_features`` wide."""
    lengths = np.concatenate([np.diff(block.indptr) for block in blocks])
    data = np.concatenate([block.data for block in blocks])
    indices = np.concatenate([block.indices for block in blocks])
    return make_csr(data, indices, lengths, n_features)
