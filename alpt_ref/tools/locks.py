"""Locks of the kernel: they leave no file behind, and a process that is gone holds none.

File systems without locks, and Windows, keep nobody out.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


def try_lock(handle: int) -> bool | None:
    """Lock an open file or folder until it is closed: True where that is done, False where another process has locked it, None
    where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file ``path``, which is made where there is none, while the block runs. Wait where another process
    has it."""
    with open(path, "ab") as file:
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for the same out of ``folder`` while the block runs. It is made where there is none, and
    removed again if nothing came to lie there. ValueError where another is in it.
    """
    if fcntl is None:  # folders cannot be opened there
        folder.mkdir(parents=True, exist_ok=True)
        yield
        return
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    handle = _enter(folder)
    try:
        yield
    finally:
        with suppress(OSError):
            for place in made:  # while it is locked: nobody can be in a folder that is being removed
                place.rmdir()  # fails, and ends this, where something lies
        os.close(handle)


def _enter(folder: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue  # its last user has removed it
        if try_lock(handle) is False:
            os.close(handle)
            raise ValueError(f"{folder}: another run is writing there, wait for it or choose another folder")
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(folder)):
                return handle
        os.close(handle)  # removed in between: this is a lock on nothing
