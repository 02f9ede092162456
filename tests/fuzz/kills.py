"""Training killed at any moment goes on to the bits of the run that nobody disturbed.

Most runs are plain Python, which is soon at work. Some compile, and get a Ctrl-C while they do: they go on as plain Python.
"""

import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from alpt_ref.models import load_model
from tests.children import INTERRUPTED, PLAIN, last_words
from tests.fuzz.commands import ROWS

UNIT = "signals"

plain = st.tuples(st.just(False), st.sampled_from([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
compiled = st.just((True, signal.SIGINT))
inputs = st.tuples(st.floats(0.0, 1.0), st.one_of(plain, plain, plain, compiled))
LONGEST = {False: 1.5, True: 12.0}  # seconds until the signal


def command(folder: Path) -> list[str]:
    """The run: enough epochs that signals find it at work."""
    options = ["--model", "lr", "--format", "libsvm", "--precision", "alpt", "--bits", "4", "--epochs", "60", "--no-split"]
    return [
        sys.executable,
        "-m",
        "alpt_ref",
        "train",
        *options,
        "--train",
        str(folder / "base.svm"),
        "--out",
        str(folder / "run"),
    ]


def run(folder: Path, *more: str) -> None:
    """The whole run."""
    subprocess.run([*command(folder), *more], env=PLAIN, check=True, capture_output=True)


@cache
def whole() -> bytes:
    """The codes of the run that nobody disturbed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "base.svm").write_text(ROWS)
        run(folder)
        return codes(folder)


def codes(folder: Path) -> bytes:
    """Codes and step sizes of the model in ``folder``."""
    table = load_model(folder / "run" / "model.npz")[0].state_.linear
    return table.buffer.tobytes() + np.asarray(table.delta).tobytes()


def one(drawn: tuple[float, tuple[bool, int]]) -> int:
    """Judge one signal; returns 1."""
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN  # or children would ignore it, too, and all be well
    share, (compiles, number) = drawn
    wanted = whole()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "base.svm").write_text(ROWS)
        more = {"NUMBA_DISABLE_JIT": "0", "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONFAULTHANDLER": "1"}
        env = INTERRUPTED | more if compiles else INTERRUPTED
        process = subprocess.Popen(command(folder), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(share * LONGEST[compiles])
        process.send_signal(number)
        _, said = last_words(process)
        if number == signal.SIGINT and b"train:" in said:  # it was at work; before, Python was starting
            assert process.returncode in (0, 130), (drawn, process.returncode, said)
            assert process.returncode == 130 or (folder / "run" / "metrics.json").exists(), (drawn, said)
            assert b"Traceback" not in said, (drawn, said)
        assert process.returncode in (0, -number, 130, 1), (drawn, process.returncode, said)
        run(folder, "--resume" if process.returncode else "--force")
        assert codes(folder) == wanted, drawn
        left = sorted(path.name for path in (folder / "run").iterdir())
        assert left == ["checkpoint.npz", "metrics.json", "model.npz"], (drawn, left)
    return 1
