"""Click data in three parts: read from one file or three, from MovieLens-1M, or generated."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from alpt_ref.data import Dataset, Source, fit_read, make_ctr, read, read_movielens, split
from alpt_ref.data.frames import DataFrame, is_frame
from alpt_ref.data.source import INDEXED_FORMATS, TABULAR_FORMATS
from alpt_ref.data.split import check_classes
from alpt_ref.studies.convergence.settings import CtrSettings
from alpt_ref.tools.checks import one_of
from alpt_ref.tools.files import checksum
from alpt_ref.tools.input import PathLike

Part = tuple[Any, Any]
Data: TypeAlias = PathLike | DataFrame
MOVIELENS = "movielens"
FORMATS = (*INDEXED_FORMATS, *TABULAR_FORMATS, MOVIELENS)
QUICK_ROWS = 1200


@dataclass(frozen=True, eq=False)
class ClickData:
    """Train, validation and test, each (X, y); lines that were skipped, and feature values that training never saw."""

    name: str
    train: Part
    valid: Part
    test: Part
    n_skipped: int = 0
    n_unseen: int = 0

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits of all three parts."""
        return fingerprint((self.train, self.valid, self.test))


def fingerprint(parts: Iterable[Part]) -> str:
    """Eight hexadecimal digits of the (X, y), X in CSR: tells data apart."""
    return f"{checksum(array for X, y in parts for array in (X.indptr, X.indices, X.data, y)):08x}"


def synthetic(settings: CtrSettings, seed: int) -> ClickData:
    """``make_ctr``'s clicks of a factorization machine, cut into three."""
    n, m = settings.n_rows, settings.n_rows // 6
    data, _ = make_ctr(n + 2 * m, settings.n_fields, settings.n_values, click_rate=settings.click_rate, seed=seed)
    cuts = ((0, n), (n, n + m), (n + m, n + 2 * m))
    train, valid, test = ((data.X[a:b], data.y[a:b]) for a, b in cuts)
    return ClickData("synthetic", train, valid, test)


def from_files(paths: tuple[Data, Data, Data], source: Source | str = "libfm") -> ClickData:
    """Files or data frames of train, validation and test, read as ``source``; features that training never saw are dropped."""
    train, feature_map = fit_read(paths[0], _source(source))
    valid, test = (read(path, feature_map) for path in paths[1:])
    skipped, unseen = (sum(getattr(part, name) for part in (train, valid, test)) for name in ("n_skipped", "n_unseen"))
    return ClickData(_name(paths[0]), _part(train), _part(valid), _part(test), skipped, unseen)


def from_whole(data: Data, source: Source | str, seed: int = 0) -> ClickData:
    """A file, a data frame, or a folder of MovieLens-1M (``source`` "movielens"), split at random 8:1:1."""
    if source == MOVIELENS and not is_frame(data):
        whole = read_movielens(data)[0]
    else:
        whole, _ = fit_read(data, _source(source))
    train, valid, test = (_part(part) for part in split(whole, seed))
    return ClickData(_name(data), train, valid, test, whole.n_skipped)


def load(
    data: Path | None, valid: Path | None, test: Path | None, source: Source | str | None, *, quick: bool = False
) -> ClickData:
    """The data that a command is given: three files, or one (a folder of MovieLens) to split, or nothing: generated clicks.

    source : how files are read, or a name of FORMATS alone. Raises ValueError, naming the option, for options that do not go
    together and for a part without clicks or with nothing else, whose AUC is not defined; DataError for bad files.
    """
    if data is None:
        for name, value in (("valid", valid), ("test", test), ("format", source)):
            if value is not None:
                raise ValueError(f"--{name} needs --data")
        return synthetic(CtrSettings(n_rows=QUICK_ROWS) if quick else CtrSettings(), 0)
    if source is None:
        raise ValueError("--data needs --format")
    if isinstance(source, str):
        one_of("--format", source, FORMATS, str)
    if (valid is None) != (test is None):
        raise ValueError("--valid and --test go together")
    if valid is None or test is None:
        return _checked(from_whole(data, source))
    if source == MOVIELENS:
        raise ValueError("--valid and --test do not apply to --format movielens, which is split at random")
    return _checked(from_files((data, valid, test), source))


def _checked(data: ClickData) -> ClickData:
    check_classes(data.name, {"training": data.train[1], "validation": data.valid[1], "test": data.test[1]})
    return data


def _source(source: Source | str) -> Source:
    return Source(source) if isinstance(source, str) else source


def _part(data: Dataset) -> Part:
    return data.X, data.y


def _name(data: Data) -> str:
    return "frame" if is_frame(data) else Path(data).resolve().name.split(".")[0]
