"""From bytes to lines: chunks that end at line ends, and the fast and the careful pass over a chunk."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, TypeVar

from alpt_ref.data.containers import UnreadFormatError, unpacked
from alpt_ref.data.errors import DataError, LineError
from alpt_ref.tools.input import PathLike, named, open_input

CHUNK_BYTES = 1 << 21
LONGEST_LINE = 1 << 28  # bytes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Row = TypeVar("Row")
Block = TypeVar("Block")


@dataclass(frozen=True)
class Chunk:
    """Consecutive whole lines of a file; ``first_line`` is the number of the first of them, counted from 1."""

    first_line: int
    lines: list[str]


def read_chunks(path: PathLike, chunk_bytes: int = CHUNK_BYTES, stream: IO[bytes] | None = None) -> Iterator[Chunk]:
    """The lines of a plain, gzip or bzip2 file without their line ends, in chunks of about ``chunk_bytes``.

    The path - is standard input. Text is UTF-8. A byte that is not becomes a lone surrogate, so that no two values are merged
    by it. stream : the content of the file where it is open already.

    Raises DataError if the file is missing, unreadable, truncated, corrupt, or of a kind that is not read.
    """
    first_line = 1
    for text in _read_blocks(path, chunk_bytes, stream):
        # Not splitlines(): it also breaks at characters such as U+2028, which may stand inside a value.
        lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
        yield Chunk(first_line, lines)
        first_line += len(lines)


@contextmanager
def opened(path: PathLike) -> Iterator[tuple[IO[bytes], bool]]:
    """Yield the content of a file, unpacked, and True where it is a Parquet file. Raises DataError as :func:`read_chunks`."""
    with ExitStack() as stack:
        try:
            content = unpacked(stack.enter_context(open_input(path)))
        except UnreadFormatError as error:
            raise DataError(f"{named(path)}: {error}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(path, error) from error
        yield content


def _read_blocks(path: PathLike, chunk_bytes: int, stream: IO[bytes] | None = None) -> Iterator[str]:
    with ExitStack() as stack:
        if stream is None:
            stream, is_parquet = stack.enter_context(opened(path))
            if is_parquet:
                raise DataError(f"{named(path)}: is a Parquet file, which is a table: give format 'parquet'")
        mark: bytes | None = _BYTE_ORDER_MARK
        while True:
            try:
                block = stream.read(chunk_bytes)
                block += stream.readline(LONGEST_LINE)
            except (OSError, EOFError, zlib.error) as error:
                raise unreadable(path, error) from error
            if not block:
                return
            if len(block) >= LONGEST_LINE and not block.endswith(b"\n"):
                raise DataError(f"{named(path)}: has a line of more than {LONGEST_LINE >> 20} MiB, which is no text")
            if mark is not None:
                block, mark = block.removeprefix(mark), None
            yield block.decode("utf-8", "surrogateescape")


def unreadable(path: PathLike, error: Exception) -> DataError:
    """The DataError for a file or folder that the system, or a decompressor, cannot read."""
    said = getattr(error, "strerror", None) or error
    return DataError(f"{named(path)}: cannot be read: {' '.join(str(said).split())}")


def no_rows(path: PathLike) -> DataError:
    """The DataError for a file without a single example."""
    return DataError(f"{named(path)}: no rows")


def bad_line(path: PathLike, number: int, bad: LineError) -> DataError:
    """The DataError for line ``number`` of the file, counted from 1, with the column that ``bad`` names."""
    return DataError(f"{named(path)}:{number}:{bad.column}: {bad}")


def parse_chunks(
    path: PathLike,
    chunks: Iterable[Chunk],
    fast: Callable[[list[str]], Block | None],
    careful: Callable[[str], Row | None],
    gather: Callable[[list[Row]], Block],
    *,
    skip: bool,
) -> Iterator[tuple[Block, int]]:
    """The block that each chunk of a file is parsed to, with the number of its lines that were skipped.

    Two parsers read the same language. ``careful`` is its definition: it takes one line, and says what is wrong with it.
    ``fast`` takes all lines of a chunk at once and declines, by None, whenever a line is not plainly good, so that it never has
    to explain anything. ``gather`` turns carefully parsed lines into the block that ``fast`` would have made of them.

    Raises DataError at the first bad line, unless ``skip``, as :func:`parse_each` does.
    """
    for chunk in chunks:
        block, n_skipped = fast(chunk.lines), 0
        if block is None:
            rows, n_skipped = parse_each(path, chunk, careful, skip=skip)
            block = gather(rows)
        yield block, n_skipped


def parse_each(path: PathLike, chunk: Chunk, parse: Callable[[str], Row | None], *, skip: bool) -> tuple[list[Row], int]:
    """The parsed lines of a chunk, each parsed on its own, and the number of malformed ones.

    ``parse`` returns None for a line to pass over in silence (a blank one), and raises LineError for a bad one. Raises
    DataError with file, line number and column at the first bad line, unless ``skip``.
    """
    rows: list[Row] = []
    n_skipped = 0
    for number, line in enumerate(chunk.lines, chunk.first_line):
        try:
            row = parse(line)
        except LineError as bad:
            if not skip:
                raise bad_line(path, number, bad) from None
            n_skipped += 1
        else:
            if row is not None:
                rows.append(row)
    return rows, n_skipped
