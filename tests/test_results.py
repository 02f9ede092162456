"""Cells on disk: identity, resumption, refusal."""

from pathlib import Path

import numpy as np
import pytest

from alpt_ref.studies.cells import RunSpec, Store
from alpt_ref.tools.files import write_npz


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


def test_a_cell_is_computed_once(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []
    store = Store(tmp_path, lambda spec, seconds: seen.append((spec.kind, seconds > 0)))
    spec = RunSpec("sum", {"n": 3})
    first = store.cell(spec, lambda: {"x": np.arange(3)})
    again = store.cell(spec, lambda: pytest.fail("computed twice"))
    np.testing.assert_array_equal(first["x"], again["x"])
    assert seen == [("sum", True), ("sum", False)]
    assert store.path(spec).exists()


def test_an_interrupted_cell_leaves_nothing(tmp_path: Path) -> None:
    store, spec = Store(tmp_path), RunSpec("sum", {"n": 3})

    def interrupted() -> dict[str, np.ndarray]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.cell(spec, interrupted)
    assert not store.path(spec).exists()
    assert store.cell(spec, lambda: {"x": np.ones(1)})["x"] == 1


def test_another_cell_under_this_name_is_refused(tmp_path: Path) -> None:
    store, spec = Store(tmp_path), RunSpec("sum", {"n": 3})
    write_npz(store.path(spec), {"spec": "{}"}, {"x": np.ones(1)})
    with pytest.raises(ValueError, match="is not the cell"):
        store.cell(spec, dict)
    store.path(spec).write_bytes(b"")
    with pytest.raises(ValueError, match="not a readable alpt_ref file"):
        store.cell(spec, dict)
