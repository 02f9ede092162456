"""Output: files are written whole or not at all, and what is no file is written through.

    a file, or nothing yet      written beside its place and renamed there; a link stays, its target is written; the mode stays
    -, /dev/stdout, /dev/fd/N   written to that open descriptor, where it stands
    a device, a FIFO            opened and written

A temporary file is locked by the process that writes it. The next write of the same file removes those that nobody holds.
"""

import contextlib
import errno
import io
import os
import re
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO

from alpt_ref.tools.interrupts import holding_interrupts
from alpt_ref.tools.locks import try_lock

STDOUT = "-"
PathLike = str | os.PathLike[str]
_OPEN = re.compile(r"/(?:proc/(?:self|([0-9]+))(?:/task/[0-9]+)?|dev)/fd/([0-9]+)")
_LINKS = 40  # that a path may go through, as in the kernel


class ReaderGoneError(BrokenPipeError):
    """Nobody reads the output any more."""


def write_atomic(path: PathLike, fill: Callable[[IO[bytes]], object]) -> None:
    """Let ``fill`` write what ``path`` names: of a file, a reader never meets half. OSError names ``path``."""
    with naming(path):
        descriptor = descriptor_of(path)
        if descriptor is None and not _is_special(path):
            with holding_interrupts():
                _replace(Path(os.path.realpath(path)), fill)
            return
        whole = io.BytesIO()  # what goes back in a file to mend its beginning cannot do so in a stream
        fill(whole)
        if descriptor == 1 and sys.stdout is not None:
            _print(whole.getvalue())
        else:
            handle = os.open(path, os.O_WRONLY) if descriptor is None else os.dup(descriptor)
            with os.fdopen(handle, "wb") as file:
                file.write(whole.getbuffer())


def check_output(path: PathLike) -> None:
    """OSError, now rather than after long work, where ``path`` cannot be written."""
    with naming(path):
        descriptor = descriptor_of(path)
        if descriptor == 1:
            return
        if descriptor is not None:
            os.write(descriptor, b"")  # refused by one that is closed, or open for reading
            return
        if _is_special(path):
            if stat.S_ISSOCK(os.stat(path).st_mode):
                raise OSError(errno.ENXIO, "is a socket")
            _check_access(Path(path))
            return
        place = Path(os.path.realpath(path))
        _check_replaceable(place)
        name, most = place.name.encode(errors="surrogateescape"), os.pathconf(_nearest(place.parent), "PC_NAME_MAX")
        if len(name) > most:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        check_writable(place.parent)


def check_writable(folder: Path) -> None:
    """OSError, now rather than after long work, where nothing can be written to ``folder``, or it cannot be made."""
    with naming(folder), tempfile.TemporaryFile(dir=_nearest(folder)):
        pass


def descriptor_of(path: PathLike) -> int | None:
    """The open descriptor that ``path`` stands for: 1 for "-", N for /dev/fd/N and links to it, None for every other path."""
    place = os.fspath(path)
    if place == STDOUT:
        return 1
    for _ in range(_LINKS):
        place = os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
        found = _OPEN.fullmatch(place)
        if found and found[1] in (None, str(os.getpid())):
            return int(found[2])
        if found or not os.path.islink(place):
            return None
        place = os.path.join(os.path.dirname(place), os.readlink(place))
    return None


@contextlib.contextmanager
def naming(path: PathLike) -> Iterator[None]:
    """Give errors the name that the user gave: not that of a temporary file, nor none, as a full disk has."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGoneError(error.errno, error.strerror, os.fspath(path)) from None
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def _print(content: bytes) -> None:
    """Write to standard output, after what was printed before. It may be a stream of text alone, as in a notebook."""
    sys.stdout.flush()
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.buffer.write(content)
    else:
        sys.stdout.write(content.decode())
    sys.stdout.flush()


def _is_special(path: PathLike) -> bool:
    """True for a device, a FIFO, a socket: what is there, and is neither file nor folder."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _replace(place: Path, fill: Callable[[IO[bytes]], object]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    _check_replaceable(place)
    _sweep(place)
    name, handle = _begin(place)
    try:
        with os.fdopen(handle, "wb") as file:
            with contextlib.suppress(FileNotFoundError):
                _take_over(place.stat(), name)
            fill(file)
            file.flush()
            os.fsync(handle)
            if os.name == "posix":
                os.replace(name, place)  # while it is locked: nobody sweeps it
        if os.name != "posix":
            os.replace(name, place)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _take_over(old: os.stat_result, name: Path) -> None:
    """Give the file ``name`` the owner, where this process may, and the mode of the one that it replaces."""
    if (old.st_uid, old.st_gid) != (os.stat(name).st_uid, os.stat(name).st_gid):
        with contextlib.suppress(PermissionError):
            os.chown(name, old.st_uid, old.st_gid)
    os.chmod(name, stat.S_IMODE(old.st_mode))


def _begin(place: Path) -> tuple[Path, int]:
    """A new temporary file, open and locked."""
    while True:
        name = place.with_name(f"{_prefix(place)}{secrets.token_hex(4)}.tmp")
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # the kernel applies the umask
        if try_lock(handle) is not False and os.fstat(handle).st_nlink:
            return name, handle
        os.close(handle)  # another has swept it before it was locked


def _sweep(place: Path) -> None:
    """Remove what dead processes have left of ``place``."""
    left = re.compile(re.escape(_prefix(place)) + r"[0-9a-f]{8}\.tmp")
    for entry in os.scandir(place.parent):
        if left.fullmatch(entry.name):
            with contextlib.suppress(OSError), open(entry.path, "rb") as file:
                if try_lock(file.fileno()):
                    os.unlink(entry.path)


def _prefix(place: Path) -> str:
    name = place.name.encode(errors="surrogateescape")
    return f".{place.name[:20]}.{blake2b(name, digest_size=4).hexdigest()}."


def _check_replaceable(place: Path) -> None:
    """OSError for a folder, and for a file that is write-protected: a rename would not ask."""
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if place.exists():
        _check_access(place)


def _check_access(place: Path) -> None:
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _nearest(folder: Path) -> Path:
    """``folder``, or the nearest of those around it that exists; what stands in the way may be no folder."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("."))
