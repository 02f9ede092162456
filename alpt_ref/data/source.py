"""The source of a data set: everything that a caller decides about a file before its first byte is read."""

from dataclasses import dataclass

from alpt_ref.tools.checks import check_integer, is_integer, one_of

INDEXED_FORMATS = ("libsvm", "libfm", "libffm")
TABULAR_FORMATS = ("criteo", "avazu", "csv", "parquet")
NAMED_FORMATS = ("csv", "parquet")
MAX_FEATURES = 2**31 - 1
"""Column indices are int32, and so must be the number of columns."""
# An option that the format would silently ignore is more likely a mistake than a wish.
_APPLIES_TO = {
    "index_base": INDEXED_FORMATS,
    "n_features": INDEXED_FORMATS,
    "hash_bins": TABULAR_FORMATS,
    "min_count": TABULAR_FORMATS,
    "label_column": NAMED_FORMATS,
    "numeric": NAMED_FORMATS,
    "indices": ("libffm",),
}


@dataclass(frozen=True)
class Source:
    """The format of a file and the choices that its reader needs.

    format : "libsvm", "libfm", "libffm" (features are written as indices), or "criteo", "avazu", "csv", "parquet" (tables of
        values, one-hot encoded field by field; a data frame is read as either of the last two).
    index_base : the first legal index, 0 or 1; default 1 for libsvm, 0 for libfm and libffm.
    n_features : number of columns of X for indexed formats; default: the largest training index + 1. A feature at or beyond it
        is dropped and counted.
    hash_bins : tables only. None learns a dictionary; a number hashes "field=value" into that many features.
    min_count : tables with a dictionary only. Values rarer than this in training share their field's out-of-vocabulary feature.
    label_column : csv and parquet only. Default: the first column named label, click, y or target in any case.
    numeric : csv and parquet only. Columns to treat as numbers, besides those named I<number>, and those of floats in tables
        that have types.
    indices : libffm only. "global" says that an index in several fields is one feature, as hashed ones are. Default: refused.
    positive_label : y = 1 where the label equals this text (or number), 0 elsewhere. Default: labels must be 0, 1 or -1.
    on_bad_line : "error" raises on the first malformed line, "skip" counts them.

    Raises ValueError, naming the argument, for a value outside of these domains.
    """

    format: str
    index_base: int | None = None
    n_features: int | None = None
    hash_bins: int | None = None
    min_count: int = 1
    label_column: str | None = None
    numeric: tuple[str, ...] = ()
    indices: str | None = None
    positive_label: str | None = None
    on_bad_line: str = "error"

    def __post_init__(self) -> None:
        one_of("format", self.format, INDEXED_FORMATS + TABULAR_FORMATS, str)
        base = self.index_base
        _require(base is None or (is_integer(base) and base in (0, 1)), f"index_base must be 0 or 1, got {base!r}")
        for name, size in (("n_features", self.n_features), ("hash_bins", self.hash_bins)):
            whole = size is None or (is_integer(size) and 1 <= size <= MAX_FEATURES)
            _require(whole, f"{name} must be an integer between 1 and {MAX_FEATURES}, got {size!r}")
        check_integer("min_count", self.min_count, 1)
        names = isinstance(self.numeric, tuple) and all(isinstance(name, str) for name in self.numeric)
        _require(names, f"numeric must be a tuple of names, got {self.numeric!r}")
        for name, text in (("label_column", self.label_column), ("positive_label", self.positive_label)):
            _require(
                text is None or (isinstance(text, str) and text != ""), f"{name} must be a text that is not empty, got {text!r}"
            )
        one_of("indices", self.indices, (None, "global"))
        one_of("on_bad_line", self.on_bad_line, ("error", "skip"))
        for name, formats in _APPLIES_TO.items():
            unused = getattr(self, name) == type(self).__dataclass_fields__[name].default
            _require(unused or self.format in formats, f"{name} does not apply to format {self.format!r}")
        _require(
            self.min_count == 1 or self.hash_bins is None, "min_count does not apply with hash_bins: hashing keeps no counts"
        )

    @property
    def is_indexed(self) -> bool:
        """True where the file names its features by index (libsvm, libfm, libffm), False where by value."""
        return self.format in INDEXED_FORMATS

    @property
    def is_named(self) -> bool:
        """True for tables that go by the names of their columns alone (csv, parquet, data frames)."""
        return self.format in NAMED_FORMATS

    @property
    def first_index(self) -> int:
        """The smallest index that an indexed file may write; it becomes column 0."""
        if self.index_base is not None:
            return self.index_base
        return 1 if self.format == "libsvm" else 0


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
