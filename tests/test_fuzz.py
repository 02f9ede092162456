"""The fuzz harness: it judges, and it sees what is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from alpt_ref.data import reader
from tests.fuzz import commands, containers, crafted, kills, quantizer, readers
from tests.fuzz.__main__ import TARGETS, fuzz, run
from tests.marks import long


@pytest.mark.edge
@pytest.mark.parametrize("name", ["readers", "containers", "crafted", "commands"])
def test_a_few(name):
    assert fuzz(TARGETS[name], 1, 3) > 0


@pytest.mark.jit
def test_a_few_elements():
    assert fuzz(quantizer, 1, 10) >= 400


@long
def test_a_minute():
    counts = run(list(TARGETS), 60.0, 1_000_000)
    assert all(counts.values())


def test_a_reader_that_drops_a_row_is_seen(monkeypatch):
    def drops(*arguments, **more):
        dataset = reader_of(*arguments, **more)
        return replace(dataset, X=dataset.X[1:], y=dataset.y[1:]) if dataset.y.size > 3 else dataset

    reader_of = reader.read_indexed
    monkeypatch.setattr(reader, "read_indexed", drops)
    with pytest.raises(AssertionError, match=r"libsvm|libfm|libffm"):
        fuzz(readers, 0, 200)


def test_a_quantizer_that_is_off_at_ties_is_seen(monkeypatch):
    def off(x, grid, rounding, **more):
        codes = quantize(x, grid, rounding, **more)
        with np.errstate(all="ignore"):
            s = x / x.dtype.type(grid.delta)
        return np.where((s - np.floor(s) == 0.5) & (codes < grid.q_hi), np.floor(s) + 1, codes)

    quantize = quantizer.quantize
    monkeypatch.setattr(quantizer, "quantize", off)
    with pytest.raises(AssertionError, match="nearest"):
        fuzz(quantizer, 0, 400)


@long
@pytest.mark.edge
def test_other_faults_are_seen(monkeypatch):
    monkeypatch.setattr(commands, "main", lambda line: 3)
    with pytest.raises(AssertionError):
        fuzz(commands, 0, 5)
    monkeypatch.setattr(containers, "unpacked", lambda stream: (stream, False))
    with pytest.raises(AssertionError):
        fuzz(containers, 0, 40)
    monkeypatch.setattr(crafted, "run", lambda line: (2, "an error of another file"))
    crafted.whole.cache_clear()
    with pytest.raises(AssertionError):
        fuzz(crafted, 0, 5)
    monkeypatch.setattr(kills, "codes", lambda folder: np.random.default_rng().bytes(8))
    with pytest.raises(AssertionError):
        fuzz(kills, 0, 1)
