"""The files that a command writes, checked before its work begins."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from alpt_ref.cli.parsing import CommandError
from alpt_ref.tools.input import STDIN
from alpt_ref.tools.output import STDOUT, check_output, descriptor_of


def to_stdout(path: Path | None) -> bool:
    """True where ``path`` is standard output, under one of its names: then nothing else is printed there."""
    return path is not None and descriptor_of(path) == 1


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path] = ()) -> None:
    """Refuse outputs that would be lost: CommandError for one that is also read, or written twice; OSError, with its name, for
    one that cannot be written. outputs : by option; None where it is not given.
    """
    read = {_identity(path, 0) for path in inputs}
    taken: dict[object, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        place = _identity(path, 1)
        if place is not None and place in read:
            name = "standard output" if str(path) == STDOUT else path
            raise CommandError(f"{name} is read by this command, write elsewhere")
        if place is not None and place in taken:
            raise CommandError(f"{taken[place]} and {option} must be two files, got {path} for both")
        taken[place] = option
        check_output(path)


def check_results(out: Path, names: Iterable[str], inputs: Iterable[Path] = ()) -> None:
    """Refuse files in the folder ``out`` that would be lost, as :func:`check_outputs` does."""
    check_outputs({name: out / name for name in names}, inputs)


def check_inputs(inputs: Mapping[str, Path | None]) -> None:
    """CommandError where two of the ``inputs``, by option, are standard input, which can be read once."""
    standard = [option for option, path in inputs.items() if path is not None and str(path) == STDIN]
    if len(standard) > 1:
        raise CommandError(f"{standard[0]} and {standard[1]} cannot both be standard input")


def _identity(path: Path, standard: int) -> object:
    """Equal for names of one file, and of standard output; None for what else can be read and written at once, as the null
    device. standard : the descriptor that - stands for."""
    descriptor = standard if str(path) == STDOUT else descriptor_of(path)
    try:
        found = os.stat(path) if descriptor is None else os.fstat(descriptor)
    except OSError:
        return os.path.realpath(path)
    if stat.S_ISREG(found.st_mode):
        return found.st_dev, found.st_ino
    return "standard output" if descriptor == 1 else None
