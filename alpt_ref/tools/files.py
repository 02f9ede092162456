"""Text, JSON and npz files. npz holds no pickle."""

import json
import math
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from alpt_ref.tools.input import named, open_input, seekable
from alpt_ref.tools.output import write_atomic

Arrays = dict[str, NDArray[Any]]
Record = dict[str, Any]  # JSON values by name


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` in UTF-8, atomically."""
    write_atomic(path, lambda file: file.write(text.encode()))


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; ValueError for NaN and infinity."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def finite(value: Any) -> Any:
    """Return a number as JSON has it, None for None, NaN and infinity; of an array or a tuple nested lists of them."""
    if isinstance(value, tuple | np.ndarray):
        return [finite(item) for item in value]
    return float(value) if value is not None and math.isfinite(value) else None


def write_npz(path: str | Path, meta: dict[str, Any], arrays: Arrays) -> None:
    """Write ``arrays`` and the JSON-able ``meta`` into one npz, atomically."""
    text = np.array(json.dumps(meta, allow_nan=False, default=lambda scalar: scalar.item()))  # NumPy scalars
    write_atomic(path, lambda file: np.savez(file, allow_pickle=False, meta=text, **arrays))


def read_npz(path: str | Path) -> tuple[dict[str, Any], Arrays]:
    """Return (meta, arrays) of a file of :func:`write_npz`; ValueError, naming the file, for one that is not."""
    try:
        with open_input(path) as stream, ZipFile(seekable(stream)) as file:
            arrays = {member.filename.removesuffix(".npy"): _array(file, member) for member in file.infolist()}
        meta = json.loads(str(arrays.pop("meta")))
        if not isinstance(meta, dict):
            raise ValueError("its meta is no object")
        return meta, arrays
    except FileNotFoundError:
        raise ValueError(f"{named(path)}: no such file") from None
    except OSError as error:
        raise ValueError(f"{named(path)}: cannot be read: {error.strerror or error}") from None
    except MemoryError as error:
        raise MemoryError(f"{named(path)}: {error}") from None
    except Exception as error:
        raise ValueError(f"{named(path)}: not a readable alpt_ref file ({type(error).__name__})") from None


_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def _array(file: ZipFile, member: ZipInfo) -> NDArray[Any]:
    """The array of a member. ValueError where it is packed, or its header asks for another size than it has: a few bytes could
    fill the memory."""
    with file.open(member) as stream:
        shape, _, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
        if member.compress_type != ZIP_STORED or math.prod(shape) * dtype.itemsize + stream.tell() != member.file_size:
            raise ValueError("its size is not what its header says")
    with file.open(member) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


@contextmanager
def intact(path: str | Path) -> Iterator[None]:
    """Turn errors in unpacking a file, of what is missing or misshapen, into a ValueError that names the file."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        known = str(error).startswith(f"{path}:")
        raise ValueError(str(error) if known else f"{path}: damaged, {type(error).__name__}: {error}") from None


def member(arrays: Arrays, name: str, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the array of that name; ValueError for one of another type or shape, in which -1 stands for any length, and for
    numbers that are not finite."""
    array = arrays[name]
    fits = array.ndim == len(shape) and all(wanted in (-1, length) for wanted, length in zip(shape, array.shape, strict=True))
    if not fits or array.dtype != dtype:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, not {np.dtype(dtype)} of shape {shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite")
    return array


def checksum(arrays: Iterable[NDArray[Any]]) -> int:
    """Return the CRC-32 of the arrays' bytes in C order, one after the other: it tells data sets apart."""
    crc = 0
    for array in arrays:
        crc = zlib.crc32(np.ascontiguousarray(array).tobytes(), crc)
    return crc


def with_prefix(prefix: str, arrays: Arrays) -> Arrays:
    """Return the arrays under the names ``prefix/name``."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def without_prefix(prefix: str, arrays: Arrays) -> Arrays:
    """Return the arrays named ``prefix/name``, under ``name``."""
    return {name.removeprefix(f"{prefix}/"): a for name, a in arrays.items() if name.startswith(f"{prefix}/")}
