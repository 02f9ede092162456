"""The memory that this process may still take, so that what cannot fit is refused before it is tried."""

import os
from collections.abc import Iterator
from pathlib import Path

_MEMINFO, _GROUPS = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
_NAMES = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_bytes() -> int | None:
    """Bytes that are free: of the machine, of the control group, whichever is less; None where the system does not say."""
    found = list(_limits())
    return min(found) if found else None


def _limits() -> Iterator[int]:
    try:
        lines = dict(line.split(":") for line in _MEMINFO.read_text().splitlines())
        yield int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, LookupError):
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for folder, most, now, cached in _NAMES:
        try:
            counts = dict(line.split() for line in (_GROUPS / folder / "memory.stat").read_text().splitlines())
            files = int(counts[cached])  # counted as used, and given up when asked for
            yield int((_GROUPS / folder / most).read_text()) - int((_GROUPS / folder / now).read_text()) + files
        except (OSError, ValueError, LookupError):
            continue


def check_fits(what: str, n_bytes: int) -> None:
    """MemoryError, in one sentence that begins with ``what``, where ``n_bytes`` are more than are free."""
    free = free_bytes()
    if free is not None and n_bytes > free:
        raise MemoryError(f"{what} would take {n_bytes / 2**30:.3g} GiB, {max(free, 0) / 2**30:.3g} GiB are free")
