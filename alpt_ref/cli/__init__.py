"""The command ``alpt-ref``: a module per subcommand, each with ``run(args)``, imported when it runs."""

import contextlib
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from importlib import import_module
from pathlib import Path

from alpt_ref import __version__
from alpt_ref.cli.arguments import build_parser
from alpt_ref.cli.outputs import to_stdout
from alpt_ref.cli.parsing import check_folder
from alpt_ref.tools.events import FORMAT, end, open_log, tell
from alpt_ref.tools.interrupts import heeding_interrupts
from alpt_ref.tools.locks import alone_in
from alpt_ref.tools.origin import COMMAND, spelled
from alpt_ref.tools.output import STDOUT, ReaderGoneError
from alpt_ref.tools.streams import safe_streams


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0, 1 where ``verify`` found what it did not expect or ``check-quantizer`` a failure,
    else that of :func:`guarded`."""

    def run(args: Namespace) -> int | None:
        code: int | None = import_module(f"alpt_ref.cli.{args.command.replace('-', '_')}").run(args)
        return code

    return command_line("alpt-ref", build_parser, run, argv)


def command_line(
    name: str, parser: Callable[[], ArgumentParser], work: Callable[[Namespace], int | None], argv: Sequence[str] | None
) -> int:
    """Parse ``argv``, None for the process's own, and do ``work``; the exit code is that of :func:`guarded`."""

    def command() -> int | None:
        try:
            args = parser().parse_args(argv)
        except SystemExit as stop:  # --help and --version
            return int(stop.code or 0)
        path: Path | None = getattr(args, "log_json", None)
        given = {option: value for option, value in vars(args).items() if option not in ("command", "log_json")}
        log.enter_context(open_log(path))
        tell("start", format=FORMAT, command=getattr(args, "command", name), version=__version__, settings=given)
        token = COMMAND.set(spelled(name, argv))
        try:
            with redirect_stdout(sys.stderr) if to_stdout(path) else nullcontext():  # it holds the log, and nothing else
                return work(args)
        finally:
            COMMAND.reset(token)

    with ExitStack() as log:
        return guarded(name, command)


def guarded(name: str, work: Callable[[], int | None]) -> int:
    """Run ``work``, and tell the log how it ended. Returns its code, or, with a sentence that starts with ``name``: 2 after an
    error that the user can mend, 3 after one that nobody foresaw (never 1, which is a verdict), 130 after Ctrl-C, 141 where the
    reader of the output is gone.
    """
    try:
        with safe_streams():
            code, sentence = _outcome(work)
            end(code, sentence)
            if sentence:
                with contextlib.suppress(OSError):
                    sys.stdout.flush()
                print(f"{name}: {' '.join(sentence.split())}", file=sys.stderr)
            return code
    except OSError as error:  # text that was printed before this began
        return 141 if isinstance(error, ReaderGoneError) else 2


def _outcome(work: Callable[[], int | None]) -> tuple[int, str]:
    """The exit code of ``work``, and the sentence on it."""
    try:
        with heeding_interrupts():
            code = work()
        sys.stdout.flush()
    except SystemExit as stop:  # of code that a user brings
        return 2, f"error: stopped by sys.exit({stop.code if stop.code is not None else ''})"
    except KeyboardInterrupt as stop:
        return 130, ": ".join(["interrupted", *map(str, stop.args)])
    except ReaderGoneError:
        return 141, ""
    except OSError as error:
        place = "" if error.filename is None else f"{'standard output' if error.filename == STDOUT else error.filename}: "
        return 2, f"error: {place}{error.strerror or error}"
    except MemoryError as error:
        return 2, f"error: not enough memory: {error}"
    except ValueError as error:
        return 2, f"error: {error}"
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        return 3, f"a fault of this program, not of yours: {type(error).__name__}: {error} ({where})"
    return int(code or 0), ""


@contextmanager
def resumable(out: Path, way_on: Callable[[], str] | None = None) -> Iterator[None]:
    """Keep other runs out of the folder ``out``, and add to a Ctrl-C what ``way_on`` says: without it, that the same command
    goes on from the finished parts, which lie there. CommandError where ``out`` is no folder."""
    check_folder(out)
    try:
        with alone_in(out), heeding_interrupts():
            yield
    except KeyboardInterrupt as stop:
        if stop.args:
            raise
        raise KeyboardInterrupt(way_on() if way_on else _kept(out)) from None


def _kept(out: Path) -> str:
    """Say what a run that was interrupted left in its folder ``out``."""
    if out.is_dir() and any(out.iterdir()):
        return f"the same command goes on from what {out} holds"
    return "nothing was finished yet, and nothing is kept"
