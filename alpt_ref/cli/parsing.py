"""Single values of the command line are parsed and checked; errors are one sentence."""

import os
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from alpt_ref.tools.output import STDOUT

Options = tuple[tuple[str, str, Callable[[str], Any], str], ...]  # name, metavar, parser of one value, help

# Fields that the command line calls otherwise.
_SPELT = {"n_threads": "threads", "fit_intercept": "no-intercept", "fit_linear": "no-linear", "split": "no-split"}


class CommandError(ValueError):
    """One sentence on what is wrong with a command."""


class Parser(ArgumentParser):
    """A parser like argparse's own, which raises CommandError where that would exit."""

    def error(self, message: str) -> NoReturn:
        """Raise the message."""
        raise CommandError(message.removeprefix("argument "))


def check_folder(out: Path) -> None:
    """Raise CommandError where ``out`` cannot be a folder of results."""
    if str(out) == STDOUT:
        raise CommandError("--out - is no folder, and several files are written")
    if out.exists() and not out.is_dir():
        raise CommandError(f"--out {out} is not a folder")


@contextmanager
def naming(file: object) -> Iterator[None]:
    """Put the name of ``file`` before a ValueError of the block, which is about its numbers."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def spell_options(message: str, fields: Iterable[str]) -> str:
    """Return ``message`` with the names of ``fields`` written as the options that set them.

    What is quoted was typed, and what stands in a list, after a comma and before one or at the end, is a value.
    """
    names = "|".join(fields)
    spelt = {name: f"--{_SPELT.get(name, name).replace('_', '-')}" for name in fields}
    name = rf"\b(?:{names})\b"
    return re.sub(rf"(?<!')(?:(?<!, ){name}|{name}(?!,|\Z))", lambda match: spelt[match[0]], message)


def integer(text: str) -> int:
    """Parse an option's integer."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"must be an integer, got {text!r}") from None


def positive(text: str) -> int:
    """Parse a number of threads, or of processes."""
    if (found := integer(text)) < 1:
        raise ArgumentTypeError(f"must be a positive integer, got {found}")
    return found


def file(text: str) -> Path:
    """Parse the path of a file."""
    if not text or text.endswith(("/", os.sep)):
        raise ArgumentTypeError(f"must name a file, got {text!r}")
    return Path(text)


def folder(text: str) -> Path:
    """Parse the path of a folder; the current one must be said, as a dot."""
    if not text:
        raise ArgumentTypeError("must name a folder, got ''")
    return Path(text)


def number(text: str) -> float:
    """Parse an option's number."""
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a number, got {text!r}") from None


def by_part(parse: Callable[[str], Any], kind: str) -> Callable[[str], Any]:
    """Return the parser of one value, or of two, which become a tuple."""

    def values_of(text: str) -> Any:
        try:
            values = tuple(map(parse, text.split(",")))
        except ValueError:
            values = ()
        if len(values) not in (1, 2):
            raise ArgumentTypeError(f"must be one {kind}, or two as linear,factors, got {text!r}")
        return values if len(values) == 2 else values[0]

    return values_of


def names(text: str) -> tuple[str, ...]:
    """Split words at commas."""
    return tuple(word.strip() for word in text.split(","))


def integers(text: str) -> tuple[int, ...]:
    """Parse integers between commas."""
    return tuple(map(integer, text.split(",")))
