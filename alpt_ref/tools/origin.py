"""The origin of a result: the command that made it, and the machine it was made on, without what is private to either."""

import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import llvmlite.binding

COMMAND: ContextVar[str] = ContextVar("COMMAND", default="")  # the command line that is at work, as one would type it
PACKAGES = ("numpy", "numba", "scipy", "matplotlib")


@dataclass(frozen=True)
class Origin:
    """The origin of a report. command : "" where none is known. environment : words by name."""

    command: str = ""
    environment: tuple[tuple[str, str], ...] = ()


def spelled(name: str, argv: Sequence[str] | None) -> str:
    """The command line as one would type it, None for the process's own, without the folders that lead to it."""
    words = sys.argv[1:] if argv is None else argv
    return shlex.join([name, *map(public, words)])


def public(text: str) -> str:
    """The text without the home folder and the current one."""
    for folder, short in ((Path.cwd(), ""), (Path.home(), "~")):
        if len(folder.parts) > 1:
            place = rf"(?<![\w.~/-]){re.escape(str(folder))}"
            text = re.sub(rf"{place}/", f"{short}/" if short else "", text)
            text = re.sub(rf"{place}(?![\w-])", short or ".", text)
    return text


def origin() -> Origin:
    """The command at work, and the versions and the processor that it works with."""
    parts = [("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            parts.append((package, version(package)))
        except PackageNotFoundError:
            parts.append((package, "not installed"))
    parts.append(("operating system", f"{platform.system()} {platform.release()}, {platform.machine()}"))
    parts.append(("processor", f"{llvmlite.binding.get_host_cpu_name()}, {os.cpu_count()} cores"))
    return Origin(COMMAND.get(), tuple(parts))
