"""Click data in three parts: read from one file or three, from MovieLens-1M, or generated."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from alpt_ref.data import Dataset, Source, fit_read, make_ctr, read, read_movielens, split
from alpt_ref.data.source import INDEXED_FORMATS, TABULAR_FORMATS
from alpt_ref.files import checksum
from alpt_ref.studies.settings import CtrSettings

Part = tuple[Any, Any]
FORMATS = (*INDEXED_FORMATS, *TABULAR_FORMATS, "movielens")
QUICK_ROWS = 1200


@dataclass(frozen=True, eq=False)
class ClickData:
    """Train, validation and test, each (X, y)."""

    name: str
    train: Part
    valid: Part
    test: Part

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits of all three parts."""
        arrays = (part for X, y in (self.train, self.valid, self.test) for part in (X.indptr, X.indices, X.data, y))
        return f"{checksum(arrays):08x}"


def synthetic(settings: CtrSettings, seed: int) -> ClickData:
    """``make_ctr``'s clicks of a factorization machine, cut into three."""
    n, m = settings.n_rows, settings.n_rows // 6
    data, _ = make_ctr(n + 2 * m, settings.n_fields, settings.n_values, click_rate=settings.click_rate, seed=seed)
    cuts = ((0, n), (n, n + m), (n + m, n + 2 * m))
    return ClickData("synthetic", *((data.X[a:b], data.y[a:b]) for a, b in cuts))


def from_files(paths: tuple[Path, Path, Path], kind: str = "libfm") -> ClickData:
    """Files of train, validation and test in the format ``kind``; features that training never saw are dropped."""
    train, feature_map = fit_read(paths[0], Source(kind))
    return ClickData(_name(paths[0]), _part(train), *(_part(read(path, feature_map)) for path in paths[1:]))


def from_whole(path: Path, kind: str, seed: int = 0) -> ClickData:
    """A file, or a folder of MovieLens-1M (``kind`` "movielens"), split at random 8:1:1."""
    whole = read_movielens(path)[0] if kind == "movielens" else fit_read(path, Source(kind))[0]
    train, valid, test = (_part(part) for part in split(whole, seed))
    return ClickData(_name(path), train, valid, test)


def load(data: Path | None, valid: Path | None, test: Path | None, kind: str | None, *, quick: bool = False) -> ClickData:
    """What a command is given: three files, or one (a folder of MovieLens) to split, or nothing: generated clicks.

    Raises ValueError, naming the option, for options that do not go together; DataError for bad files.
    """
    if data is None:
        for name, value in (("valid", valid), ("test", test), ("format", kind)):
            if value is not None:
                raise ValueError(f"--{name} needs --data")
        return synthetic(CtrSettings(n_rows=QUICK_ROWS) if quick else CtrSettings(), 0)
    if kind not in FORMATS:
        raise ValueError(f"--format must be one of {', '.join(FORMATS)}, got {kind!r}")
    if valid is None and test is None:
        return from_whole(data, kind)
    if valid is None or test is None:
        raise ValueError("--valid and --test go together")
    if kind == "movielens":
        raise ValueError("--valid and --test do not apply to --format movielens, which is split at random")
    return from_files((data, valid, test), kind)


def _part(data: Dataset) -> Part:
    return data.X, data.y


def _name(path: Path) -> str:
    return path.resolve().name.split(".")[0]
