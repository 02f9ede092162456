"""Bytes to lines: compression, truncation, encodings, line ends, chunk boundaries."""

import bz2
import gzip
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref.data import DataError, Source, fit_read
from alpt_ref.data.lines import _read_blocks, read_chunks

pytestmark = pytest.mark.edge

TEXT = b"1 0:1 2:0.5\n-1 1:2\n"


def lines_of(path: Path, chunk_bytes: int) -> list[tuple[int, str]]:
    return [(chunk.first_line + i, line) for chunk in read_chunks(path, chunk_bytes) for i, line in enumerate(chunk.lines)]


@pytest.mark.parametrize("name", ["plain", "misleading.gz", "misleading.bz2"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress])
def test_compression_is_told_by_content(tmp_path: Path, name: str, compress: type[bytes]) -> None:
    path = tmp_path / name
    path.write_bytes(compress(TEXT))
    dataset, _ = fit_read(path, Source("libfm"))
    np.testing.assert_array_equal(dataset.X.toarray(), [[1, 0, 0.5], [0, 2, 0]])
    np.testing.assert_array_equal(dataset.y, [1, 0])


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("damage", ["truncated", "corrupt"])
def test_damaged_archives(tmp_path: Path, compress: type[bytes], damage: str) -> None:
    packed = bytearray(compress(bytes(range(256)) * 40))
    if damage == "truncated":
        del packed[len(packed) // 2 :]
    else:
        packed[len(packed) // 2 :] = bytes(len(packed) - len(packed) // 2)
    path = tmp_path / "data"
    path.write_bytes(packed)
    with pytest.raises(DataError, match=f"^{path}: cannot be read: .") as caught:
        fit_read(path, Source("libsvm"))
    assert "\n" not in str(caught.value)


def test_corrupt_deflate_stream(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(gzip.compress(TEXT)[:10] + b"\xff" * 20)
    with pytest.raises(DataError, match="cannot be read: Error -3"):
        fit_read(path, Source("libsvm"))


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent: cannot be read: No such file or directory$"):
        fit_read(tmp_path / "absent", Source("libsvm"))
    with pytest.raises(DataError, match=r"cannot be read: Is a directory$"):
        fit_read(str(tmp_path), Source("csv"))


@pytest.mark.parametrize("name", ["libsvm", "libfm", "libffm", "criteo", "avazu", "csv"])
@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_file_without_rows(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "empty"
    path.write_bytes(content)
    if name in ("avazu", "csv") and content:
        with pytest.raises(DataError, match=f"^{path}:1:1: the header has no "):
            fit_read(path, Source(name))
        return
    with pytest.raises(DataError) as caught:
        fit_read(path, Source(name))
    assert str(caught.value) == f"{path}: no rows"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(gzip.compress(TEXT),))
    writer.start()
    dataset, _ = fit_read(path, Source("libfm"))
    writer.join()
    assert dataset.y.size == 2


@given(
    st.lists(st.text(st.sampled_from("ab \t\u2028\x0b\x85é\udc80"), max_size=5), max_size=9),
    st.integers(1, 30),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_lines_survive_chunking(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], chunk_bytes: int, ended: bool, end: str
) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    text = end.join([*lines, ""]) if ended else end.join(lines)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    # A last line that is empty and has no line end is no line.
    expected = lines if ended or not lines or lines[-1] else lines[:-1]
    assert lines_of(path, chunk_bytes) == list(enumerate(expected, 1))


def test_blocks_end_at_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc\nde\nfghijk\nl")
    assert list(_read_blocks(path, 4)) == ["abc\nde\n", "fghijk\n", "l"]


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_byte_order_mark(tmp_path: Path, compress: type[bytes]) -> None:
    path = tmp_path / "file"
    path.write_bytes(compress(b"\xef\xbb\xbflabel,a\n1,\xef\xbb\xbf\n"))
    assert lines_of(path, 9) == [(1, "label,a"), (2, "1,\ufeff")]
    assert fit_read(path, Source("csv"))[1].label_column == "label"


def test_other_encodings_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "latin1.csv"
    path.write_bytes(b"label,a\n1,\xe9\n0,\xe8\n0,\xc3\xa9\n")
    dataset, feature_map = fit_read(path, Source("csv"))
    assert feature_map.fields[0].values == tuple(sorted(["\udce9", "\udce8", "é"]))
    assert dataset.X.sum(axis=0).tolist() == [0, 1, 1, 1]
    path.write_bytes(b"1 1:1\n1 \xe9:1\n")
    with pytest.raises(DataError, match=r"latin1.csv:2:3: expected index:value, got '\\udce9:1'$"):
        fit_read(path, Source("libsvm"))
