"""One writer to a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nobody is kept out
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for the same out of ``folder`` while the block runs. It is made where there is none, and
    removed again if nothing came to lie there.

    ValueError where another is in it. The lock is the kernel's, on the folder itself: it leaves no file behind, and a process
    that is gone holds none. File systems without locks keep nobody out.
    """
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"{folder}: another run is writing there, wait for it or choose another folder") from None
            except OSError:
                pass
        yield
    finally:
        with suppress(OSError):
            os.close(handle)
            for place in made:
                place.rmdir()  # fails, and ends this, where something lies
