"""The command ``alpt-ref``: a module per subcommand, each with ``run(args)``, imported when it runs."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from alpt_ref.cli.arguments import build_parser
from alpt_ref.tools.interrupts import heeding_interrupts
from alpt_ref.tools.locks import alone_in
from alpt_ref.tools.output import STDOUT
from alpt_ref.tools.streams import prepare_streams


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0, 1 where ``verify`` found what it did not expect or ``check-quantizer`` a failure,
    else that of :func:`guarded`."""

    def command() -> int | None:
        try:
            args = build_parser().parse_args(argv)
        except SystemExit as stop:  # --help and --version
            return int(stop.code or 0)
        code: int | None = import_module(f"alpt_ref.cli.{args.command.replace('-', '_')}").run(args)
        return code

    return guarded("alpt-ref", command)


def guarded(name: str, work: Callable[[], int | None]) -> int:
    """Run ``work``. Returns its code, or, with a sentence that starts with ``name``: 2 after an error that the user can mend, 3
    after one that nobody foresaw (never 1, which is a verdict), 130 after Ctrl-C, 141 where the reader of the output is gone.
    """
    prepare_streams()
    try:
        with heeding_interrupts():
            code = work()
        sys.stdout.flush()
    except SystemExit as stop:  # of code that a user brings
        return _say(name, 2, f"error: stopped by sys.exit({stop.code if stop.code is not None else ''})")
    except KeyboardInterrupt as stop:
        return _say(name, 130, ": ".join(["interrupted", *map(str, stop.args)]))
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:  # the interpreter will flush it again: give it a place to write to
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 141
        place = "" if error.filename is None else f"{'standard output' if error.filename == STDOUT else error.filename}: "
        return _say(name, 2, f"error: {place}{error.strerror or error}")
    except MemoryError as error:
        return _say(name, 2, f"error: not enough memory: {error}")
    except ValueError as error:
        return _say(name, 2, f"error: {error}")
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        return _say(name, 3, f"a fault of this program, not of yours: {type(error).__name__}: {error} ({where})")
    return int(code or 0)


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """Keep other runs out of ``out``, and add to a Ctrl-C that the work can go on from its finished parts, which lie there."""
    try:
        with alone_in(out), heeding_interrupts():
            yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same command goes on from what {out} holds") from None


def _say(name: str, code: int, sentence: str) -> int:
    print(f"{name}: {' '.join(sentence.split())}", file=sys.stderr)
    return code
