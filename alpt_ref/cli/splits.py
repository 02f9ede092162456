"""The data of a training run: read from files, or generated where none are given."""

import argparse
import dataclasses
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from alpt_ref.cli.notes import noting
from alpt_ref.cli.outputs import check_inputs
from alpt_ref.cli.parsing import CommandError, spell_options
from alpt_ref.data import Dataset, FeatureMap, Source, fit_read, make_ctr, read, split
from alpt_ref.data.split import PARTS, check_classes
from alpt_ref.tools.input import named

GENERATED_ROWS = 20_000
_FIELDS = [field.name for field in dataclasses.fields(Source)]


@dataclasses.dataclass(frozen=True)
class Splits:
    """Data sets to train on, to pick the epoch by, and to measure last, and how they were read.

    files : the path of each split by its name; empty for generated data.
    source : how the files were read, as far as it was given, and columns of numbers that were found; None for generated data.
    is_split : True where one file was split at random.
    """

    train: Dataset
    valid: Dataset | None
    test: Dataset | None
    feature_map: FeatureMap
    files: dict[str, Path]
    source: Source | None = None
    is_split: bool = False

    def items(self) -> dict[str, Dataset | None]:
        """The three data sets by name."""
        return {"train": self.train, "valid": self.valid, "test": self.test}


def source_of(args: argparse.Namespace, main: str = "train") -> Source | None:
    """The checked format of the files; None if data are to be generated. Raises CommandError.

    main : the option without which data are generated.
    """
    given = {name: getattr(args, name) for name in _FIELDS if hasattr(args, name)}
    if not hasattr(args, main):
        stray = [name for name in ("valid", "test", "split", *given) if hasattr(args, name)]
        if stray:
            raise CommandError(f"{_option(stray[0])} needs --{main}")
        return None
    if "format" not in given:
        raise CommandError(f"--{main} needs --format")
    if hasattr(args, "split") and (hasattr(args, "valid") or hasattr(args, "test")):
        raise CommandError(f"{_option('split')} is for --{main} alone: with --valid or --test nothing is split")
    try:
        return Source(**given)
    except ValueError as error:
        raise CommandError(spell_options(str(error), _FIELDS)) from None


def load(args: argparse.Namespace, source: Source | None) -> Splits:
    """Read or generate the data, saying on stderr what they are. Raises DataError."""
    splits = _generate() if source is None else _read(args, source)
    for name, dataset in splits.items().items():
        if dataset is not None:
            tell(name, dataset.X, dataset.y)
    return splits


def tell(name: str, X: Any, y: Any) -> None:
    """Say on stderr how large a part of the data is."""
    print(f"{name}: {X.shape[0]:,} rows, {int(y.sum()):,} positive, {X.shape[1]:,} features", file=sys.stderr)


def _read(args: argparse.Namespace, source: Source) -> Splits:
    files = {name: getattr(args, name) for name in ("train", "valid", "test") if hasattr(args, name)}
    check_inputs({_option(name): path for name, path in files.items()})
    with noting():
        train, feature_map = fit_read(files["train"], source)
    found = dataclasses.replace(feature_map.source, format=source.format)
    if is_alone(args):
        return _split(train, feature_map, files["train"], found)
    later = {name: read(path, feature_map) for name, path in files.items() if name != "train"}
    return Splits(train, later.get("valid"), later.get("test"), feature_map, files, found)


def is_alone(args: argparse.Namespace) -> bool:
    """True where --train is to be split, for lack of other files."""
    return hasattr(args, "train") and not any(hasattr(args, name) for name in ("valid", "test", "split"))


def _split(whole: Dataset, feature_map: FeatureMap, path: Path, source: Source) -> Splits:
    """The rows of one file in three parts, as ``compare`` splits them. Raises CommandError where a part has one class."""
    parts = ":".join(map(str, PARTS))
    print(f"--train alone: {named(path)} is split {parts} at random into train, valid and test", file=sys.stderr)
    train, valid, test = split(whole)
    try:
        check_classes(named(path), {"training": train.y, "validation": valid.y, "test": test.y})
    except ValueError as error:
        raise CommandError(f"{error}: give --valid or --test, or --no-split to train on all rows") from None
    train = dataclasses.replace(train, n_skipped=whole.n_skipped, n_unseen=whole.n_unseen)
    return Splits(train, valid, test, feature_map, dict.fromkeys(("train", "valid", "test"), path), source, is_split=True)


def _generate() -> Splits:
    print("no --train: generated clicks (the same on every machine)", file=sys.stderr)
    whole, _ = make_ctr(GENERATED_ROWS)
    n, n_features = whole.X.shape
    ends = (0, 8 * n // 10, 9 * n // 10, n)
    train, valid, test = (Dataset(whole.X[a:b], whole.y[a:b], 0, 0) for a, b in pairwise(ends))
    # One-hot rows without a file; libfm is how a user would write more of them.
    return Splits(train, valid, test, FeatureMap(Source("libfm"), n_features), {})


def _option(field: str) -> str:
    return spell_options(field, [field])
