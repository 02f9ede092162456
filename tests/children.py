"""Processes that tests start and interrupt."""

import os
import signal
import subprocess
from typing import Any

PLAIN = os.environ | {"NUMBA_DISABLE_JIT": "1"}  # soon at work
# Coverage's tracer takes a lock in Python code. A Ctrl-C that comes between leaves the lock taken, and the process waits for
# ever: those that get one are not counted.
INTERRUPTED = {name: value for name, value in PLAIN.items() if not name.startswith("COVERAGE_")}
PATIENCE = 60.0  # seconds


def hear_ctrl_c() -> None:
    """Let this process and its children get a Ctrl-C, even in the background of a shell, which has them ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def last_words(process: subprocess.Popen[Any]) -> tuple[Any, Any]:
    """What is left of standard output and standard error once ``process`` has ended; TimeoutExpired, and its end, where it
    does not end."""
    try:
        return process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
