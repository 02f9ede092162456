"""The note on columns of numbers that were read as categories: which get one, in what words, and which do not."""

import gzip
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alpt_ref.data import DataWarning, Source, fit_read
from alpt_ref.rng import Stream, words
from tests.cli_support import error_of, run

pytestmark = pytest.mark.edge

WORDS = words(3000, seed=7, stream=Stream.DATA).tolist()


def notes_of(folder: Path, cells: Sequence[object], **options: Any) -> list[str]:
    """The notes on a table with these cells in column x."""
    path = folder / "t.csv"
    path.write_text("y,x\n" + "".join(f"{i % 2},{cell}\n" for i, cell in enumerate(cells)))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        fit_read(path, Source("csv", **options))
    assert all(note.category is DataWarning and note.filename == __file__ for note in found)
    return [str(note.message) for note in found]


def floats(n: int, digits: int = 6) -> list[str]:
    return [f"{word / 2**32 * 100:.{digits}f}" for word in WORDS[:n]]


@pytest.mark.parametrize(
    "cells",
    [
        floats(20),
        floats(2000),
        floats(3000, 2),  # prices
        ["", "NA", "null", *floats(30)] * 3,
        [f"{word / 2**32 * 1e-3:.3e}" for word in WORDS[:100]],
        [f"-{word / 2**20:.1f}" if i % 3 else f"{word / 2**20:.0f}" for i, word in enumerate(WORDS[:200])],
    ],
)
def test_columns_of_floats(tmp_path: Path, cells: list[str]) -> None:
    (note,) = notes_of(tmp_path, cells)
    assert note.startswith(f"{tmp_path}/t.csv: column 'x' has {len(set(cells) - {''}):,} values in ")


@pytest.mark.parametrize(
    "cells",
    [
        floats(19),
        floats(3000, 0),
        floats(3000, 1) * 2,  # six cells to each value
        WORDS[:500],  # identifiers
        [f"{word}.0" for word in WORDS[:500]],  # as pandas writes them where one is missing
        [f"{word:08x}" for word in WORDS[:500]],
        [f"1{word % 10**6}e5" for word in WORDS[:500]],
        [f"10.0.{word % 256}.{word >> 24}" for word in WORDS[:500]],
        [f"{word % 9}.{word % 5}" for word in WORDS[:2000]],  # versions
        [f"user{word}.5" for word in WORDS[:500]],
        [*floats(30), *(f"{word:x}z" for word in WORDS[:30])],
        [""] * 500,
    ],
)
def test_columns_of_other_things(tmp_path: Path, cells: list[object]) -> None:
    assert notes_of(tmp_path, cells) == []


def test_options_that_mend(tmp_path: Path) -> None:
    cells = floats(400)
    (note,) = notes_of(tmp_path, cells)
    said = (
        "column 'x' has 400 values in 400 cells, numbers with fractions, and each is a feature: numeric 'x' makes buckets of "
        "them, a larger min_count folds rare ones together, and hash_bins bounds their number"
    )
    assert note == f"{tmp_path}/t.csv: {said}"
    for options in ({"numeric": ("x",)}, {"min_count": 2}, {"hash_bins": 50}):
        assert notes_of(tmp_path, cells, **options) == []
    (scaled,) = notes_of(tmp_path, [float(cell) / 100 for cell in cells])
    assert "makes buckets of them once they are multiplied, for buckets begin at whole numbers, a larger" in scaled


def test_commands_say_it_in_their_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where an error follows, which the note may explain."""
    notes_of(tmp_path, floats(100))
    data = tmp_path / "t.csv"
    said = (
        f"note: {data}: column 'x' has 100 values in 100 cells, numbers with fractions, and each is a feature: --numeric 'x' "
        "makes buckets of them, a larger --min-count folds rare ones together, and --hash-bins bounds their number\n"
    )
    train = ("train", "--train", data, "--format", "csv", "--model", "lr", "--epochs", 1)
    assert run(*train, "--out", tmp_path / "a") == 0
    assert said in capsys.readouterr().err
    assert run(*train, "--numeric", "x", "--out", tmp_path / "b") == 0
    assert "note" not in capsys.readouterr().err
    data.write_text(data.read_text().replace("\n1,", "\n0,"))
    assert run(*train, "--out", tmp_path / "c") == 2
    assert said in capsys.readouterr().err
    assert "have one class alone" in error_of(capsys, *train, "--out", tmp_path / "c")


def real(name: str) -> list[str]:
    """The lines of a real table, of whose columns none is one of floats."""
    path = Path(os.environ.get("ALPT_DATA", "")) / name
    if "ALPT_DATA" not in os.environ or not path.exists():
        pytest.skip(f"ALPT_DATA has no {name}")
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode().splitlines()


@pytest.mark.parametrize(
    ("name", "width"),
    [("criteo_w261/toy_train.tsv.gz", 40), ("criteo_small/criteo_sample.txt", 40), ("frappe/frappe.csv.gz", 11),
     ("movielens_1m/ratings.no_timestamp.tsv.gz", 3)],
)  # fmt: skip
@pytest.mark.parametrize("rows", [30, 300, 3000])
def test_no_false_alarm_on_real_tables(tmp_path: Path, name: str, width: int, rows: int) -> None:
    """All columns are categories here, the counts of Criteo among them."""
    lines = real(name)[1 : rows + 1]
    sep = "\t" if "\t" in lines[0] else ","
    header = sep.join(["y", *(f"c{i}" for i in range(width))])
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *(f"{i % 2}{sep}{line}" for i, line in enumerate(lines))]))
    assert len(fit_read(path, Source("csv"))[1].fields) == width  # a note would be an error
