"""Compressed files of several members, cut and damaged, against each member unpacked on its own; damaged models."""

import bz2
import gzip
import io
import tempfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from alpt_ref.data.containers import UnreadFormatError, unpacked
from alpt_ref.models import LogisticRegression, load_model
from tests.fuzz.bytes import mutants

UNIT = "files"

COUNT = 60
parts = st.lists(st.binary(max_size=40), min_size=1, max_size=3)
inputs = st.tuples(st.sampled_from(["gzip", "bz2", "model"]), parts, st.integers(0, 2**32))


def naive(content: bytes, kind: str) -> bytes:
    """All members, one after the other. ValueError where one is damaged or not finished."""
    out, first = b"", True
    while content:
        if kind == "gzip" and not first:  # padding, which gzip allows
            content = content.lstrip(b"\0")
            if not content:
                return out
        first = False
        member = zlib.decompressobj(31) if kind == "gzip" else bz2.BZ2Decompressor()
        try:
            out += member.decompress(content)
        except (OSError, zlib.error) as error:
            raise ValueError from error
        if not member.eof:
            raise ValueError
        content = member.unused_data
    return out


@cache
def model() -> bytes:
    """A saved model."""
    with tempfile.TemporaryDirectory() as folder:
        LogisticRegression(precision="lpt", bits=4, delta=0.5, epochs=1).fit(np.eye(5), [0, 1, 0, 1, 1]).save(f"{folder}/m")
        return Path(folder, "m").read_bytes()


def judge_model(content: bytes, path: Path) -> None:
    """A damaged model is refused by its name, or is the model."""
    path.write_bytes(content)
    try:
        found, _ = load_model(path)
    except ValueError as error:
        assert str(error).startswith(str(path)), error
        return
    path.write_bytes(model())
    whole, _ = load_model(path)
    assert np.array_equal(found.decision_function(np.eye(5)), whole.decision_function(np.eye(5))), content
    assert np.array_equal(found.delta, whole.delta), content


def one(drawn: tuple[str, list[bytes], int]) -> int:
    """Judge a container and its mutants; returns how many they are."""
    kind, content, seed = drawn
    if kind == "model":
        with tempfile.NamedTemporaryFile() as file:
            for mutant in mutants(model(), seed, COUNT):
                judge_model(mutant, Path(file.name))
        return COUNT
    pack = gzip.compress if kind == "gzip" else bz2.compress
    whole = b"".join(pack(part) for part in content)
    magic = whole[: 2 if kind == "gzip" else 10]
    for mutant in (whole, *mutants(whole, seed, COUNT)):
        if not mutant.startswith(magic):
            continue
        try:
            wanted = naive(mutant, kind)
        except ValueError:
            wanted = None
        try:
            found = unpacked(io.BytesIO(mutant))[0].read()
        except (OSError, EOFError, zlib.error):
            found = None
        except UnreadFormatError:  # that of its content
            continue
        assert found == wanted, (kind, mutant)
    return COUNT + 1
