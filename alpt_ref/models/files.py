"""Models in files: npz without pickle, packed codes, the facts as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpt_ref.models.classifier import Classifier
from alpt_ref.tools.files import Arrays, intact, read_npz, with_prefix, without_prefix, write_npz
from alpt_ref.training.checkpoint import trained_state, weights_to_arrays
from alpt_ref.training.config import PARTS

FORMAT_VERSION = 5
READABLE = (4, FORMAT_VERSION)  # in 4 the classes are a list of two integers, and later arguments are absent


def write(model: Classifier, path: str | Path, feature_map: Arrays | None) -> None:
    """Write a fitted ``model``; ValueError where its classes are of a kind that JSON does not have."""
    given: Any = model.get_params()["delta"]
    meta = {
        "format_version": FORMAT_VERSION,
        "model": type(model).__name__,
        "params": {name: value for name, value in model.get_params().items() if name not in ("delta", "device")},
        "classes": _written(model.classes_),
        "shapes": [model.state_.linear.shape, model.state_.factors.shape],
        "history": model.history_,
        "best_epoch": model.best_epoch_,
        "columns": model._columns,
        "given_delta": given is not None,
    }
    arrays = weights_to_arrays(model.state_)
    if given is not None:
        arrays |= {f"delta/{part}": np.asarray(model.config().delta_of(part)) for part in PARTS}
    write_npz(path, meta, arrays | with_prefix("features", feature_map or {}))


def read(path: str | Path, kinds: Mapping[str, type[Classifier]]) -> tuple[Any, Arrays]:
    """The model in ``path``, of one of the ``kinds``, and its feature map's arrays; ValueError names the file if it is none."""
    meta, arrays = read_npz(path)
    if meta.get("format_version") not in READABLE:
        raise ValueError(f"{path}: not a model of format version {FORMAT_VERSION}")
    with intact(path):
        model = kinds[meta["model"]](**meta["params"])
        if isinstance(meta["params"]["step"], list):
            model.set_params(step=tuple(meta["params"]["step"]))
        state, columns = trained_state(model.config(), meta, arrays)
        if meta["given_delta"]:
            model.set_params(delta=tuple(arrays[f"delta/{part}"] for part in PARTS))
        model._adopt(state, _read(meta["classes"]), meta["best_epoch"], columns)
        return model, without_prefix("features", arrays)


def _written(classes: NDArray[Any]) -> dict[str, Any]:
    values = [value.item() if isinstance(value, np.generic) else value for value in classes.tolist()]
    if not all(type(value) in (bool, int, float, str) for value in values):
        raise ValueError(f"classes {values!r} cannot be saved: they must be booleans, numbers or strings")
    return {"dtype": "U" if classes.dtype.kind == "U" else classes.dtype.str, "values": values}


def _read(written: Any) -> NDArray[Any]:
    """The classes; ValueError, TypeError or KeyError where they are no two values of their dtype, in order."""
    if isinstance(written, list):
        written = {"dtype": "<i8", "values": written}
    values, dtype = written["values"], np.dtype(written["dtype"])
    sized = dtype.kind in "biufO" or written["dtype"] == "U"  # text is as wide as it is, not as a file says
    if not sized or not all(type(value) in (bool, int, float, str) for value in values):
        raise ValueError(f"its classes are {values!r}")
    classes = np.array(values, dtype)
    if classes.shape != (2,) or classes.tolist() != values or not values[0] < values[1]:
        raise ValueError(f"its classes are {values!r}")
    return classes
