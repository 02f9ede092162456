"""The command ``alpt-ref``, as a process of its own: ``python -m alpt_ref`` is the same."""

import signal
import sys


def command() -> int:
    """Run the command line; returns the exit code.

    While modules are imported, and after the work is done, there is nothing for a Ctrl-C to save: the first ends the process
    without a traceback, the second does not touch its exit code.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from alpt_ref.cli import main

    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(command())
