"""A type checker sees what a user writes: arguments and attributes of models, and a word that no option knows."""

import os
from pathlib import Path

import pytest

from tests.marks import long

USER = """
from typing import Any, assert_type
import numpy as np
from alpt_ref import FactorizationMachine, LogisticRegression
from alpt_ref.training.config import Precision
from alpt_ref.training.state import State

fm = FactorizationMachine(4, precision="lpt", delta=(np.ones(3), 0.1)).fit([[1.0]], [1]).partial_fit([[1.0]], [1])
assert_type(fm, FactorizationMachine)
assert_type(fm.bits, int)
assert_type(fm.precision, Precision)
assert_type(fm.state_, State)
assert_type(fm.classes_, np.ndarray[tuple[Any, ...], np.dtype[Any]])
assert_type(fm.score([[1.0]], ["a"]), float)
assert_type(LogisticRegression().k, int)
FactorizationMachine(precision="fp16")
LogisticRegression(rounding="up")
LogisticRegression(k=3)
"""


@long
@pytest.mark.edge
def test_a_type_checker_knows_the_models(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    root = Path(__file__).parent.parent
    monkeypatch.setenv("MYPYPATH", os.fspath(root))
    (tmp_path / "user.py").write_text(USER)
    flags = ["--strict", "--follow-imports=silent", "--config-file", "", "--cache-dir", str(tmp_path)]
    said = [line for line in api.run([*flags, str(tmp_path / "user.py")])[0].splitlines() if ": error: " in line]
    expected = ('Argument "precision" to', 'Argument "rounding" to', 'Unexpected keyword argument "k"')
    assert len(said) == len(expected), said
    assert all(words in line for words, line in zip(expected, said, strict=True)), said
