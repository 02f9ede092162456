"""Mutations of a file: bytes changed, cut, doubled, moved, and the fragments that formats care about put in."""

from collections.abc import Iterator

import numpy as np

FRAGMENTS = (
    b"\n", b"\r\n", b" ", b"\t", b"#", b":", b"::", b",", b";", b'"', b'""', b"-", b"+", b".", b"e", b"0", b"00", b"1", b"nan",
    b"inf", b"1e39", b"1e-400", b"1_0", b"2147483647", b"2147483648", b"99999999999999999999", b"\x00", b"\xff",
    b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\xa0", b"\xd9\xa1", b"\x0b", b"\x0c",
    b"\x1f\x8b", b"BZh", b"PK\x03\x04", b"1 1:1\n", b"0\n",
)  # fmt: skip


def mutants(whole: bytes, seed: int, count: int) -> Iterator[bytes]:
    """``count`` mutants of ``whole``, each a few mutations away from it; a function of ``seed``."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        content = bytearray(whole)
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.integers(0, len(content) + 1))
            to = min(len(content), at + int(rng.integers(1, 9)))
            kind = int(rng.integers(0, 6))
            if kind == 0 and at < len(content):
                content[at] = int(rng.integers(0, 256))
            elif kind == 1:
                del content[at:to]
            elif kind == 2:
                content[at:at] = content[at:to]
            elif kind == 3:
                content = content[:at] if rng.integers(0, 8) == 0 else content[at:] + content[:at]
            else:
                content[at:at] = FRAGMENTS[int(rng.integers(0, len(FRAGMENTS)))]
        yield bytes(content)
