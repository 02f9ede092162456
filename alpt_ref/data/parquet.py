"""Parquet files, by pyarrow: the only module that imports it, when there is such a file to read."""

import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

from alpt_ref.data.errors import DataError
from alpt_ref.data.frames import CHUNK_ROWS, TypedTable
from alpt_ref.data.lines import unreadable
from alpt_ref.tools.extras import needs
from alpt_ref.tools.input import PathLike, named

_INDEX = re.compile(r"__index_level_[0-9]+__")  # the name that pandas gives to an index without one


def open_parquet(path: PathLike, stream: IO[bytes]) -> TypedTable:
    """The table in ``stream``, which can be sought in, and is read in batches of rows, only those columns that are needed.

    Raises DataError where pyarrow is not installed, and, here or while rows are read, where the file is damaged.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise DataError(needs(f"{named(path)}: a Parquet file", "parquet")) from None
    try:
        file = ParquetFile(stream)
        index = _index(file.schema_arrow)
        fields = [field for field in file.schema_arrow if not (field.name in index or _INDEX.fullmatch(field.name))]
    except (ArrowException, OSError) as error:
        raise unreadable(path, error) from None
    names = tuple(field.name for field in fields)

    def chunks(places: Sequence[int]) -> Iterator[list[list[Any]]]:
        wanted = [names[place] for place in places]
        try:
            for batch in file.iter_batches(CHUNK_ROWS, columns=wanted):
                yield [_values(batch.column(name)) for name in wanted]
        except (ArrowException, OSError) as error:
            raise unreadable(path, error) from None

    return TypedTable(named(path), names, tuple(str(field.type) for field in fields), chunks)


def _index(schema: Any) -> list[str]:
    """The columns that pandas wrote an index into, which is no column of its frame; none in files of others."""
    try:
        index = schema.pandas_metadata["index_columns"]
    except (ValueError, TypeError, KeyError):  # absent, or not as pandas has it
        return []
    return [name for name in index if isinstance(name, str)] if isinstance(index, list) else []


def _values(column: Any) -> list[Any]:
    """The values of an Arrow array. With its dictionary decoded first that is twenty times as fast."""
    if hasattr(column, "dictionary_decode"):
        column = column.dictionary_decode()
    values: list[Any] = column.to_pylist()
    return values
