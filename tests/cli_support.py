"""Small files of every format, and how the tests run the command."""

from pathlib import Path

import numpy as np
import pytest

from alpt_ref.cli import main
from alpt_ref.tools.files import read_npz

N_ROWS = 60
SIZES = (6, 4, 3)  # values of each field
LEARNED = ("alpt", "lsq", "pact")


def rows(n: int = N_ROWS, seed: int = 0) -> tuple[list[int], list[list[int]]]:
    """Labels, and the value of each field; the first field predicts the label."""
    rng = np.random.default_rng(seed)
    values = np.stack([rng.integers(size, size=n) for size in SIZES], axis=1)
    labels = rng.random(n) < (values[:, 0] + 0.5) / SIZES[0]
    return labels.astype(int).tolist(), values.tolist()


def indexed_lines(form: str, seed: int) -> list[str]:
    base = 1 if form == "libsvm" else 0
    offsets = [base + sum(SIZES[:f]) for f in range(len(SIZES))]
    lines = []
    for label, values in zip(*rows(seed=seed), strict=True):
        ids = [offset + value for offset, value in zip(offsets, values, strict=True)]
        prefix = [f"{f}:" if form == "libffm" else "" for f in range(len(SIZES))]
        entries = [f"{p}{i}:1" for p, i in zip(prefix, ids, strict=True)]
        lines.append(" ".join([str(label), *entries]))
    return lines


def table_lines(form: str, seed: int) -> list[str]:
    labelled = list(zip(*rows(seed=seed), strict=True))
    if form == "criteo":
        return ["\t".join(map(str, [y, *a, *[""] * 10, *a, *[""] * 23])) for y, a in labelled]
    if form == "avazu":
        return [
            "id,click,hour,site,app",
            *(f"{i},{y},1410210{a[0]},{a[1]},{a[2]}" for i, (y, a) in enumerate(labelled)),
        ]
    return ["label,age,site,app", *(f"{y},{a[0]},{a[1]},{a[2]}" for y, a in labelled)]


def write_data(path: Path, form: str = "libfm", seed: int = 0) -> Path:
    lines = indexed_lines(form, seed) if form.startswith("lib") else table_lines(form, seed)
    path.write_text("\n".join(lines) + "\n")
    return path


def train_arguments(folder: Path, *more: object, form: str = "libfm") -> list[str]:
    """``train`` on three small files in ``folder``, results in folder/run; ``more`` options at the end."""
    files = [write_data(folder / f"{name}.{form}", form, seed) for seed, name in enumerate(("train", "valid", "test"))]
    named = [part for name, file in zip(("--train", "--valid", "--test"), files, strict=True) for part in (name, str(file))]
    return [
        "train",
        *named,
        "--format",
        form,
        "--batch-size",
        "16",
        "--out",
        str(folder / "run"),
        *map(str, more),
    ]


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def error_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one sentence with which the command refuses."""
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    *notes, sentence = captured.err.splitlines()
    assert not any("error" in note for note in notes)
    assert sentence.startswith("alpt-ref: error: ")
    return sentence.removeprefix("alpt-ref: error: ")


def assert_same_arrays(a: Path, b: Path) -> None:
    """Two npz files hold the same bits, their metadata (which tells seconds) aside."""
    (_, first), (_, second) = read_npz(a), read_npz(b)
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert array.dtype == second[name].dtype
        np.testing.assert_array_equal(array, second[name])
