"""The log of a run: one JSON object a line, written while it happens, for programs that watch it. docs/live.md has its fields.

There is at most one log in a process. Who has something to tell calls :func:`tell`, which does nothing where there is none.
"""

import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import IO, Any

from alpt_ref.tools.output import check_output, descriptor_of, naming

FORMAT = 1
_PLAIN = (str, int, bool, type(None))


class Log:
    """An open log. Lines are added to a file that is one already; each reaches its reader at once."""

    def __init__(self, path: Path) -> None:
        self.path, self.began, self.said = path, time.monotonic(), {}  # type: tuple[Path, float, dict[str, Any]]
        self._lock, self._lost = Lock(), False
        check_output(path)
        _check_log(path)
        descriptor = descriptor_of(path)
        self._shared = descriptor == 1 and sys.stdout is not None
        with naming(path):
            if self._shared:
                self._file: IO[str] = sys.stdout
            elif descriptor is not None:
                self._file = os.fdopen(os.dup(descriptor), "w", encoding="utf-8")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115

    def write(self, event: str, fields: Mapping[str, Any]) -> None:
        """Write a line; OSError, once, where it cannot be written."""
        with self._lock:
            if self._lost:
                return
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            seconds = round(time.monotonic() - self.began, 3)
            line = json.dumps(plain({"event": event, "time": now, "seconds": seconds, **fields}), allow_nan=False)
            try:
                with naming(self.path):
                    self._file.write(line + "\n")
                    self._file.flush()
            except OSError:
                self._lost = True
                raise

    def close(self) -> None:
        """Close what was opened here."""
        if not self._shared:
            with suppress(OSError):  # of text that could not be written, which was told
                self._file.close()


_LOG: Log | None = None


@contextmanager
def open_log(path: Path | None) -> Iterator[None]:
    """Let :func:`tell` write to ``path`` while the block runs; None: nowhere. ValueError for a file that is not a log."""
    global _LOG
    if path is None:
        yield
        return
    before, log = _LOG, Log(path)
    _LOG = log
    try:
        yield
    finally:
        _LOG = before
        log.close()


def tell(event: str, **fields: Any) -> None:
    """Write a line with the event, the time, the seconds since the log was opened, and ``fields``; numbers that are not finite
    are null."""
    if _LOG is not None:
        _LOG.write(event, fields)


def conclude(**fields: Any) -> None:
    """Keep ``fields`` for the last line."""
    if _LOG is not None:
        _LOG.said.update(fields)


def end(code: int, sentence: str) -> None:
    """Write the last line, which says how the run ended: ``end``, ``interrupted`` or ``error``."""
    if _LOG is not None:
        said = {"message": sentence} if sentence else {}
        _LOG.write("end" if code in (0, 1) else "interrupted" if code == 130 else "error", {"code": code} | _LOG.said | said)


def plain(value: Any) -> Any:
    """``value`` as JSON has it: numbers that are not finite are None, what JSON does not know is its text."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return plain(value.item()) if hasattr(value, "item") else str(value)


def _check_log(path: Path) -> None:
    """ValueError where ``path`` is a file of something else."""
    if descriptor_of(path) is not None or not path.is_file() or not path.stat().st_size:
        return
    try:
        with open(path, encoding="utf-8") as file:
            found = json.loads(file.readline(1 << 20))
        is_log = found["event"] == "start" and found["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        is_log = False
    if not is_log:
        raise ValueError(f"{path} is not a log of this program: choose another file")
