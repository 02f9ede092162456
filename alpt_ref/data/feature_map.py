"""The feature map, learned from a training file: the column of X that each value of each field owns."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import accumulate, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpt_ref.data.errors import DataError
from alpt_ref.data.source import Source
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.checks import check_integer


@dataclass(frozen=True)
class Field:
    """One one-hot field of a table.

    name : the field's name. column : the column of the file that it is made from; avazu makes two fields of its column
        ``hour``.
    kind : a key of ``tokens.TOKEN``, which turns the text of a cell into one of the field's values.
    values : the values that have a feature of their own, sorted; empty with the hashing trick.
    """

    name: str
    column: str
    kind: str
    values: tuple[str, ...] = ()

    __repr__ = brief_repr


@dataclass(frozen=True)
class FeatureMap:
    """All that is needed to read a later file of the same kind as the training file.

    source : how the training file was read.
    n_features : number of columns of X.
    label_column : name of the label's column; "" for indexed formats.
    fields : the fields of a table, in file order; empty for indexed formats. With a dictionary, a field of m values owns 1 + m
        consecutive features: first its out-of-vocabulary feature, then its values in order. Values are sorted, so the map does
        not depend on the order of the training rows.
    """

    source: Source
    n_features: int
    label_column: str = ""
    fields: tuple[Field, ...] = ()

    __repr__ = brief_repr

    @property
    def offsets(self) -> tuple[int, ...]:
        """The first feature, which is the out-of-vocabulary one, of each field; for a map with a dictionary."""
        return tuple(accumulate((1 + len(field.values) for field in self.fields[:-1]), initial=0)) if self.fields else ()

    def indexers(self) -> tuple[Callable[[str], int], ...]:
        """One function for each field, which takes a value of the field and returns its feature."""
        bins = self.source.hash_bins
        if bins is not None:
            return tuple(_hash_indexer(field.name, bins) for field in self.fields)
        return tuple(map(_dictionary_indexer, self.offsets, self.fields))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The map as arrays that ``numpy.savez`` stores without pickle.

        source, layout : JSON, unicode (). n_features : int64 (). n_values : int64 (n_fields,), the number of values of each
            field.
        values : uint8 (n_bytes,), all values in field order, joined by line feeds, which no value can contain.
        """
        layout = {
            "label_column": self.label_column,
            "fields": [[field.name, field.column, field.kind] for field in self.fields],
        }
        values = "\n".join(value for field in self.fields for value in field.values)
        return {
            "source": np.array(json.dumps(asdict(self.source))),
            "layout": np.array(json.dumps(layout)),
            "n_features": np.array(self.n_features, np.int64),
            "n_values": np.array([len(field.values) for field in self.fields], np.int64),
            "values": np.frombuffer(values.encode("utf-8", "surrogateescape"), np.uint8),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "FeatureMap":
        """The map whose ``to_arrays`` gave these arrays; entries of other names are ignored. Raises DataError if the arrays are
        not those of a map."""
        try:
            source = json.loads(str(arrays["source"]))
            layout = json.loads(str(arrays["layout"]))
            sizes = arrays["n_values"].tolist()
            text = arrays["values"].tobytes().decode("utf-8", "surrogateescape")
            # The empty text splits into one empty value, which is not there if no field has a value.
            values = text.split("\n") if sum(sizes) else []
            if len(values) != sum(sizes):
                raise ValueError(f"{len(values)} values where n_values adds up to {sum(sizes)}")
            rest = iter(values)
            fields = tuple(
                Field(name, column, kind, tuple(islice(rest, size)))
                for (name, column, kind), size in zip(layout["fields"], sizes, strict=True)
            )
            source["numeric"] = tuple(source["numeric"])
            return cls(Source(**source), int(arrays["n_features"]), layout["label_column"], fields)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise DataError(f"these arrays are not a feature map: {error}") from error


def hash_feature(field: str, value: str, bins: int) -> int:
    """The feature of a value by the hashing trick, an integer in [0, bins).

    It is the 8-byte BLAKE2b digest, read little-endian, of the UTF-8 text "field=value", modulo ``bins``. Python's own hash()
    differs between runs. A CRC would be faster, but it is linear: two values of equal length that collide in one field would
    collide in every field. Raises ValueError for other arguments than two texts and a positive integer.
    """
    if not (isinstance(field, str) and isinstance(value, str)):
        raise ValueError(f"field and value must be text, got {field!r} and {value!r}")
    check_integer("bins", bins, 1)
    text = f"{field}={value}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") % int(bins)


def _hash_indexer(field: str, bins: int) -> Callable[[str], int]:
    return lambda value: hash_feature(field, value, bins)


def _dictionary_indexer(offset: int, field: Field) -> Callable[[str], int]:
    features = {value: offset + rank for rank, value in enumerate(field.values, 1)}
    return lambda value: features.get(value, offset)
