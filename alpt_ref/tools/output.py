"""Output: files are written whole or not at all, and what is no file is written through.

    a file, or nothing yet      written beside its place and renamed there; a link stays, its target is written; the mode stays
    -, /dev/stdout, /dev/fd/N   written to that open descriptor, where it stands
    a device, a FIFO            opened and written

Temporary files are named after the process that writes them. Those of a process that is gone are removed by the next write of
the same file.
"""

import contextlib
import errno
import os
import platform
import re
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from alpt_ref.tools.interrupts import holding_interrupts

STDOUT = "-"
PathLike = str | os.PathLike[str]
_HOST = re.sub(r"[^A-Za-z0-9]", "", platform.node())[:32]
_OPEN = re.compile(r"/(?:proc/(?:self|[0-9]+)(?:/task/[0-9]+)?|dev)/fd/([0-9]+)")
_LINKS = 40  # that a path may go through, as in the kernel


def write_atomic(path: PathLike, fill: Callable[[IO[bytes]], object]) -> None:
    """Let ``fill`` write what ``path`` names: of a file, a reader never meets half. OSError names ``path``."""
    with _naming(path):
        descriptor = descriptor_of(path)
        if descriptor == 1 and sys.stdout is not None:
            sys.stdout.flush()  # what was printed before comes first
            fill(cast(IO[bytes], sys.stdout.buffer))
            sys.stdout.flush()
        elif descriptor is not None:
            _through(os.dup(descriptor), fill)
        elif _is_special(path):
            _through(os.open(path, os.O_WRONLY), fill)
        else:
            with holding_interrupts():
                _replace(Path(os.path.realpath(path)), fill)


def check_output(path: PathLike) -> None:
    """OSError, now rather than after long work, where ``path`` cannot be written; makes the folder that it lies in."""
    with _naming(path):
        if descriptor_of(path) is not None or _is_special(path):
            return
        place = Path(os.path.realpath(path))
        check_writable(place.parent)
        _check_replaceable(place)


def check_writable(folder: Path) -> None:
    """Make ``folder`` where there is none; OSError, now rather than after long work, where nothing can be written there."""
    with _naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def descriptor_of(path: PathLike) -> int | None:
    """The open descriptor that ``path`` stands for: 1 for "-", N for /dev/fd/N and links to it, None for every other path."""
    place = os.fspath(path)
    if place == STDOUT:
        return 1
    for _ in range(_LINKS):
        place = os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
        found = _OPEN.fullmatch(place)
        if found:
            return int(found[1])
        if not os.path.islink(place):
            return None
        place = os.path.join(os.path.dirname(place), os.readlink(place))
    return None


def _is_special(path: PathLike) -> bool:
    """True for a device, a FIFO, a socket: what is there, and is neither file nor folder."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _through(handle: int, fill: Callable[[IO[bytes]], object]) -> None:
    with os.fdopen(handle, "wb") as file:
        fill(file)


def _replace(place: Path, fill: Callable[[IO[bytes]], object]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    _check_replaceable(place)
    _sweep(place)
    name = place.with_name(f"{_prefix(place)}{os.getpid()}.{secrets.token_hex(4)}.tmp")
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # the kernel applies the umask
    try:
        with os.fdopen(handle, "wb") as file:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(handle, stat.S_IMODE(place.stat().st_mode))
            fill(file)
        os.replace(name, place)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _check_replaceable(place: Path) -> None:
    """OSError for a folder, and for a file that is write-protected: a rename would not ask."""
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if place.exists() and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _prefix(place: Path) -> str:
    return f".{place.name[:100]}.{_HOST}."


def _sweep(place: Path) -> None:
    """Remove what dead processes of this machine have left of ``place``."""
    left = re.compile(re.escape(_prefix(place)) + r"([0-9]+)\.[0-9a-f]{8}\.tmp")
    for entry in os.scandir(place.parent):
        found = left.fullmatch(entry.name)
        if found and not _is_alive(int(found[1])):
            with contextlib.suppress(OSError):
                os.unlink(entry.path)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


@contextlib.contextmanager
def _naming(path: PathLike) -> Iterator[None]:
    """Give errors the name that the user gave: not that of a temporary file, nor none, as a full disk has."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise
