"""Notes on the data, said on stderr in the words of the command line."""

import dataclasses
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from alpt_ref.cli.parsing import spell_options
from alpt_ref.data import DataWarning, Source

_FIELDS = [field.name for field in dataclasses.fields(Source)]


@contextmanager
def noting() -> Iterator[None]:
    """Say each DataWarning of the block on stderr, when it has come to an end, one line a note."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", DataWarning)
        yield
    for note in notes:
        if issubclass(note.category, DataWarning):
            print(f"note: {spell_options(str(note.message), _FIELDS)}", file=sys.stderr)
        else:
            warnings.warn_explicit(note.message, note.category, note.filename, note.lineno)
