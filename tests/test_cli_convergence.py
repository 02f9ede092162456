"""alpt-ref convergence: what it hands to the study."""

import inspect
from pathlib import Path

import pytest

from alpt_ref.cli import convergence
from tests.cli_support import run


@pytest.fixture
def calls(monkeypatch):
    """What the study was called with, in the place of running it."""
    made = []
    signature = inspect.signature(convergence.convergence_error.run)

    def record(*args, **kwargs):
        made.append(dict(signature.bind(*args, **kwargs).arguments))

    monkeypatch.setattr(convergence.convergence_error, "run", record)
    monkeypatch.setattr(convergence, "draw", lambda *args: made.append(args))
    return made


def test_defaults(calls):
    assert run("convergence") == 0
    out = Path("results/convergence")
    assert calls == [{"data": [], "ctr": None, "out": out, "threads": 1, "quick": False}, (out, out / "convergence_error.png")]


def test_ctrl_c(capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(convergence.convergence_error, "run", interrupt)
    assert run("convergence", "--out", "o") == 130
    assert capsys.readouterr().err == "alpt-ref: interrupted: the same command goes on from what o holds\n"


def test_everything_given(calls):
    files = ("--data", "a", "b", "--ctr-train", "c", "--ctr-valid", "d", "--ctr-test", "e")
    assert run("convergence", *files, "--out", "o", "--threads", 2, "--quick") == 0
    ctr = (Path("c"), Path("d"), Path("e"))
    assert calls == [
        {"data": [Path("a"), Path("b")], "ctr": ctr, "out": Path("o"), "threads": 2, "quick": True},
        (Path("o"), Path("o/convergence_error.png")),
    ]
