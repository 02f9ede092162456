"""alpt-ref convergence: what it hands to the study."""

import inspect
from pathlib import Path

import pytest

from alpt_ref.cli import convergence
from alpt_ref.studies.convergence.settings import QUICK, Settings
from alpt_ref.studies.executors import InProcess
from tests.cli_support import run

pytestmark = pytest.mark.glue


@pytest.fixture
def calls(monkeypatch):
    """What the study was called with, in the place of running it."""
    made = []
    signature = inspect.signature(convergence.measure)

    def record(*args, **kwargs):
        made.append(dict(signature.bind(*args, **kwargs).arguments))
        assert callable(made[-1].pop("on_stop"))
        return "record"

    monkeypatch.setattr(convergence, "measure", record)
    monkeypatch.setattr(convergence, "report", lambda record: f"the report of the {record}")
    monkeypatch.setattr(convergence, "publish", lambda *args: made.append(args))
    monkeypatch.setattr(convergence, "draw", lambda *args: made.append(args))
    return made


def test_defaults(calls):
    assert run("convergence") == 0
    out = Path("results/convergence")
    assert calls == [
        {"data": [], "ctr_files": None, "out": out, "executor": InProcess(1), "settings": Settings()},
        ("the report of the record", out),
        (out, out / "convergence_error.png"),
    ]


def test_ctrl_c(capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(convergence, "measure", interrupt)
    assert run("convergence", "--out", "o") == 130
    assert capsys.readouterr().err == "alpt-ref: interrupted: nothing was finished yet, and nothing is kept\n"


def test_everything_given(calls):
    files = ("--data", "a", "b", "--ctr-train", "c", "--ctr-valid", "d", "--ctr-test", "e")
    assert run("convergence", *files, "--out", "o", "--threads", 2, "--quick") == 0
    ctr = (Path("c"), Path("d"), Path("e"))
    assert calls == [
        {"data": [Path("a"), Path("b")], "ctr_files": ctr, "out": Path("o"), "executor": InProcess(2), "settings": QUICK},
        ("the report of the record", Path("o")),
        (Path("o"), Path("o/convergence_error.png")),
    ]
