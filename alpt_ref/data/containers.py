"""The bytes inside a data file: gzip, bzip2 and Parquet are told by their first bytes, for suffixes lie; the first two are
unpacked.

Kinds of files that are not read are called by their names.
"""

import bz2
import io
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO, Any

_GZIP, _BZIP2 = (b"\x1f\x8b",), tuple(b"BZh%d%b" % (n, of) for n in range(1, 10) for of in (b"1AY&SY", b"\x17rE8P\x90"))
_BLOCK = 1 << 18
UNPACKED = "unpack it first: plain text, gzip and bzip2 are read"
RECODED = "convert it to UTF-8 first, with iconv say"
_UNREAD = {
    b"PK\x03\x04": ("a zip archive", UNPACKED),
    b"PK\x05\x06": ("a zip archive", UNPACKED),
    b"PK\x07\x08": ("a zip archive", UNPACKED),
    b"Rar!\x1a\x07": ("a rar archive", UNPACKED),
    b"LZIP\x01": ("compressed by lzip", UNPACKED),
    b"\x5d\x00\x00": ("compressed by lzma", UNPACKED),
    b"\xfd7zXZ\x00": ("compressed by xz", UNPACKED),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", UNPACKED),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", UNPACKED),
    b"\x04\x22\x4d\x18": ("compressed by lz4", UNPACKED),
    b"\x1f\x9d": ("compressed by compress", UNPACKED),
    b"\xff\xfe\x00\x00": ("text in UTF-32", RECODED),
    b"\x00\x00\xfe\xff": ("text in UTF-32", RECODED),
    b"\xff\xfe": ("text in UTF-16", RECODED),
    b"\xfe\xff": ("text in UTF-16", RECODED),
    b"ARROW1\x00\x00": ("an Arrow file", "write it as CSV"),
    b"\x93NUMPY": ("an array of NumPy", "write it as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "write it as CSV"),
    b"\x89HDF": ("an HDF5 file", "write it as CSV"),
    b"SQLite format 3\x00": ("an SQLite data base", "write it as CSV"),
}
_PARQUET = b"PAR1\x15"
_TAR = 257  # where the magic of a tar archive stands
_HEAD = _TAR + 5


class UnreadFormatError(ValueError):
    """A file of a kind that is not read; the message says of which, and what to do."""


def unpacked(raw: IO[bytes]) -> tuple[IO[bytes], bool]:
    """The content of ``raw``, which may be a pipe, and True where that is a Parquet file, in which its reader seeks.

    Raises UnreadFormatError; reading from it raises OSError, EOFError or zlib.error where the content is damaged, in whichever
    of its members.
    """
    head = raw.read(_HEAD)
    while len(head) < _HEAD and (more := raw.read(_HEAD - len(head))):  # a pipe may hand out a byte at a time
        head += more
    stream: io.RawIOBase = _Rejoined(head, raw)
    if head.startswith(_GZIP):
        stream = _Members(io.BufferedReader(stream, _BLOCK), partial(zlib.decompressobj, 31), b"\0")
    elif head.startswith(_BZIP2):
        stream = _Members(io.BufferedReader(stream, _BLOCK), bz2.BZ2Decompressor, b"")
    whole = io.BufferedReader(stream, _BLOCK)
    content = whole.peek(_HEAD)
    if content.startswith(_PARQUET):
        if head.startswith(_PARQUET) and raw.seekable():
            return raw, True
        return io.BytesIO(whole.read()), True
    for magic, (kind, advice) in _UNREAD.items():
        if content.startswith(magic):
            raise UnreadFormatError(f"is {kind}, {advice}")
    if content.startswith(_GZIP + _BZIP2):
        raise UnreadFormatError(f"is compressed twice, {UNPACKED}")
    if content[_TAR : _TAR + 5] == b"ustar":
        raise UnreadFormatError(f"is a tar archive, {UNPACKED}")
    return whole, False


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` with what comes next; 0 at the end."""
        size = len(buffer)
        if self._head:
            found, self._head = self._head[:size], self._head[size:]
        else:
            found = self._rest.read(size)
        buffer[: len(found)] = found
        return len(found)


class _Members(io.RawIOBase):
    """All members of a compressed file, one after the other.

    ``bz2.BZ2File`` ends without a word at a later member that is damaged: it takes it for something that was appended. ``gzip``
    takes headers that its format forbids.
    """

    def __init__(self, packed: IO[bytes], member: Callable[[], Any], padding: bytes) -> None:
        self._packed, self._new, self._padding = packed, member, padding
        self._member, self._left = member(), b""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` with what comes next; 0 at the end."""
        while True:
            if self._member.eof:
                self._left = self._between(self._member.unused_data)
                if not self._left:
                    return 0
                self._member = self._new()
            elif not self._left and getattr(self._member, "needs_input", True):
                self._left = self._packed.read(_BLOCK)
            found = self._member.decompress(self._left, len(buffer))
            if not (found or self._left or self._member.eof):
                raise EOFError("it ends within a compressed stream")
            self._left = getattr(self._member, "unconsumed_tail", b"")
            if found:
                buffer[: len(found)] = found
                return len(found)

    def _between(self, left: bytes) -> bytes:
        """Return what follows a member, without the padding that gzip allows; empty at the end."""
        while True:
            block = left or self._packed.read(_BLOCK)
            found = block.lstrip(self._padding) if self._padding else block
            if found or not block:
                return found
            left = b""
