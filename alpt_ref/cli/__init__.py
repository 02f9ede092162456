"""The command ``alpt-ref``: a module per subcommand, each with ``run(args)``, imported when it runs."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from alpt_ref.cli.arguments import build_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0, 1 where ``verify`` found what it did not expect, 2 after an error, 130 after Ctrl-C,
    141 if stdout was closed."""
    try:
        args = build_parser().parse_args(argv)
        code = import_module(f"alpt_ref.cli.{args.command}").run(args)
        sys.stdout.flush()
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except KeyboardInterrupt as stop:
        return _say(130, ": ".join(["interrupted", *map(str, stop.args)]))
    except OSError as error:
        if error.filename is None:
            # Stdout may have failed. The interpreter will flush it again: give it a place to write to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 141
        place = "" if error.filename is None else f"{error.filename}: "
        return _say(2, f"error: {place}{error.strerror or error}")
    except MemoryError as error:
        return _say(2, f"error: not enough memory: {error}")
    except ValueError as error:
        return _say(2, f"error: {error}")
    return int(code or 0)


def _say(code: int, sentence: str) -> int:
    print(f"alpt-ref: {' '.join(sentence.split())}", file=sys.stderr)
    return code
