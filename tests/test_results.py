"""Cells on disk: identity, waves, resumption, refusal, seconds; and the executors, of which no result depends."""

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.executors import InProcess, Listed, Listing
from alpt_ref.studies.store import Store, seconds_of
from alpt_ref.tools.files import Arrays, write_npz
from tests.executors import RAN, Idle, after, slow_cells


def test_the_id_is_a_function_of_the_content() -> None:
    a = RunSpec("walk", {"eta": 0.1, "bits": 8})
    assert a.id == RunSpec("walk", {"bits": 8, "eta": 0.1}).id
    assert len(a.id) == 16
    others = [RunSpec("walk", {"eta": 0.1, "bits": 4}), RunSpec("ctr", {"eta": 0.1, "bits": 8}), RunSpec("walk")]
    assert len({a.id, *(spec.id for spec in others)}) == 4
    assert a.canonical == '{"kind":"walk","params":{"bits":8,"eta":0.1},"version":3}'


def test_a_spec_is_frozen() -> None:
    params = {"eta": 0.1}
    spec = RunSpec("walk", params)
    params["eta"] = 0.2
    assert spec.params["eta"] == 0.1
    with pytest.raises(TypeError):
        spec.params["eta"] = 0.3  # type: ignore[index]
    with pytest.raises(ValueError, match="Out of range float"):
        _ = RunSpec("walk", {"eta": float("nan")}).id


def count(n: int) -> Arrays:
    return {"x": np.arange(n)}


def total(shared: np.ndarray, n: int, threads: int) -> Arrays:
    return {"x": np.array([shared[:n].sum()]), "threads": np.array(threads)}


def fail(sentence: str) -> Arrays:
    raise ValueError(sentence)


def cell(n: int) -> Cell:
    return Cell(RunSpec("count", {"n": n}), count, (n,))


def ask(store: Store, cells: list[Cell]) -> list[Arrays]:
    with store.wave(cells) as found:
        return [found(cell) for cell in cells]


def test_a_cell_is_computed_once(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []
    store = Store(tmp_path, on_cell=lambda spec, seconds: seen.append((spec.kind, seconds > 0)))
    first = ask(store, [cell(3), cell(3)])
    again = ask(Store(tmp_path, Idle(), store.on_cell), [cell(3)])
    for arrays in (*first, *again):
        np.testing.assert_array_equal(arrays["x"], np.arange(3))
    assert seen == [("count", True), ("count", False)]
    assert store.has(cell(3))


@pytest.mark.parametrize("threads", [1, 2])
def test_results_are_asked_for_in_any_order(tmp_path: Path, threads: int) -> None:
    cells = [cell(n) for n in range(9)]
    ask(Store(tmp_path), cells[4:6])
    with Store(tmp_path, InProcess(threads)).wave(cells) as found:
        assert [found(cell)["x"].size for cell in reversed(cells)] == list(range(8, -1, -1))


def test_a_wide_cell_has_all_threads_and_what_is_shared(tmp_path: Path) -> None:
    numbers = np.arange(10)
    wide = [Cell(RunSpec("total", {"n": n}), total, (n,), (numbers,), wide=True) for n in (2, 4)]
    results = ask(Store(tmp_path, InProcess(3)), [cell(1), *wide, cell(2)])[1:3]
    assert [(int(r["x"][0]), int(r["threads"])) for r in results] == [(1, 3), (6, 3)]


def test_bytes_are_those_of_any_run_and_seconds_lie_beside_them(tmp_path: Path) -> None:
    cells = [cell(n) for n in range(5)]
    ask(Store(tmp_path / "a"), cells)
    ask(Store(tmp_path / "b", InProcess(2)), cells[::-1])
    a, b = ({path.name: path.read_bytes() for path in (tmp_path / name / "cells").iterdir()} for name in "ab")
    assert a == b
    took = seconds_of(tmp_path / "a")
    assert set(took) == {cell.spec.id for cell in cells}
    assert all(kind == "count" and 0.0 < seconds < 60.0 for kind, seconds in took.values())
    with open(tmp_path / "a" / "seconds.jsonl", "a") as file:
        file.write('{"id": "torn", "kin\n[]\n' + json.dumps({"id": "x", "kind": "count", "seconds": 2}) + "\n")
    assert seconds_of(tmp_path / "a") == took | {"x": ("count", 2.0)}
    assert seconds_of(tmp_path / "nowhere") == {}


def test_a_store_without_a_folder_keeps_nothing() -> None:
    store = Store(None)
    assert [arrays["x"].size for arrays in ask(store, [cell(2), cell(3)])] == [2, 3]
    assert not store.has(cell(2))


def test_an_interrupted_wave_keeps_what_was_done(tmp_path: Path) -> None:
    cells = [cell(n) for n in range(5)]
    with pytest.raises(KeyboardInterrupt):
        ask(Store(tmp_path, after(2)), cells)
    assert [Store(tmp_path).has(cell) for cell in cells] == [True, True, False, False, False]
    assert [arrays["x"].size for arrays in ask(Store(tmp_path), cells)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_ends_the_wave_and_its_threads(tmp_path: Path, threads: int) -> None:
    bad = Cell(RunSpec("fail"), fail, ("no such thing",))
    before, ran = threading.active_count(), len(RAN)
    with pytest.raises(ValueError, match="no such thing"):
        ask(Store(tmp_path, InProcess(threads)), [cell(1), bad, *slow_cells(50)])
    assert threading.active_count() == before
    assert len(RAN) - ran < 10
    assert not Store(tmp_path).has(bad)


def test_another_cell_under_this_name_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.path(cell(3).spec)
    assert path is not None
    write_npz(path, {"spec": "{}"}, {"x": np.ones(1)})
    with pytest.raises(ValueError, match="is not the cell"):
        ask(store, [cell(3)])
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="not a readable alpt_ref file"):
        ask(store, [cell(3)])


def test_a_file_that_goes_while_it_is_wanted_is_one_sentence(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ask(store, [cell(3)])
    path = store.path(cell(3).spec)
    assert path is not None
    with store.wave([cell(3), cell(4)]) as found:
        found(cell(4))
        path.unlink()
        with pytest.raises(ValueError, match="was there, and is no longer"):
            found(cell(3))


def test_a_listing_ends_where_a_cell_is_missing(tmp_path: Path) -> None:
    ask(Store(tmp_path), [cell(1)])
    listing = Listing()
    store = Store(tmp_path, listing)
    ask(store, [cell(1)])
    with pytest.raises(Listed):
        ask(store, [cell(2), cell(1)])
    assert [(cell.spec.params["n"], found) for cell, found in listing.cells] == [(1, True), (2, False)], "each once"
    assert not store.has(cell(2))


def test_words_on_a_cell() -> None:
    params: dict[str, Any] = {"problem": "p", "method": "nearest", "bits": 4, "seed": 0, "eta": 0.1}
    assert RunSpec("walk", params).words == "walk p nearest 4 bits seed 0"
    assert RunSpec("verdict", {"id": "T1", "instance": "i"}).words == "verdict T1 i"
